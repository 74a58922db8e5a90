"""The Verilog-2005 library: one module per file, each with a card that says what it is.

`*.v` files stand as they are; `*.v.j2` files are rendered once per design, because a processing element instantiates
the arithmetic units of that design by name. `load_library` shows every module as it looks with exact arithmetic.
"""

from __future__ import annotations

from tpugen.rtl_templates.design import design_sources
from tpugen.rtl_templates.library import (
    Card,
    CardParameter,
    CardPort,
    LibraryModule,
    dependency_closure,
    instantiated_modules,
    load_library,
)
from tpugen.rtl_templates.rendering import Units, exact_units, render_module, units_for

__all__ = [
    "Card",
    "CardParameter",
    "CardPort",
    "LibraryModule",
    "Units",
    "dependency_closure",
    "design_sources",
    "exact_units",
    "instantiated_modules",
    "load_library",
    "render_module",
    "units_for",
]
