"""Verilog benches that are written out, with places for what a design decides."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["filled"]


def filled(template: str, parameters: Mapping[str, int], values: Mapping[str, object]) -> str:
    """The bench with its `@NAME@` places filled.

    Args:
        template: Verilog text.
        parameters: Of the instance under test, by name; they go where `@PARAMETERS@` stands.
        values: What goes into the other places, by name.
    """
    settings = ", ".join(f".{name}({value})" for name, value in parameters.items())
    for name, value in {**values, "PARAMETERS": settings}.items():
        template = template.replace(f"@{name}@", str(value))
    return template
