"""The library modules of one design: templates rendered with its arithmetic, and everything below them."""

from __future__ import annotations

from collections.abc import Container, Iterable

from tpugen.rtl_templates.library import instantiated_modules, load_library
from tpugen.rtl_templates.rendering import render_module, units_for
from tpugen.spec import DesignSpec

__all__ = ["design_sources"]


def design_sources(spec: DesignSpec, names: Iterable[str], replaced: Container[str] = ()) -> dict[str, str]:
    """Verilog of the library modules `names` and of everything below them as this spec has them, dependencies first.

    Args:
        spec: Gives templates their arithmetic.
        names: Library modules; others are passed over.
        replaced: Modules that come from elsewhere: left out, with what only they instantiate.

    Returns:
        Source by module name.
    """
    library, units = load_library(), units_for(spec)
    sources: dict[str, str] = {}

    def visit(name: str) -> None:
        if name in sources or name in replaced or name not in library:
            return
        module = library[name]
        text = render_module(name, units) if module.is_template else module.source
        for dependency in instantiated_modules(text):
            visit(dependency)
        sources[name] = text

    for name in names:
        visit(name)
    return sources
