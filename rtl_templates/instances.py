"""Module instances as text: named, aligned connections."""

from __future__ import annotations

from tpugen.spec import AdderUnit, MultiplierUnit

__all__ = ["instance", "unit_parameters"]


def instance(
    module: str, name: str, ports: dict[str, str], parameters: dict[str, str] | None = None, *, indent: int = 2
) -> str:
    """A module instance with named, aligned connections."""
    lines = []
    if parameters:
        lines += [f"{module} #(", *_connections(parameters), f") {name} ("]
    else:
        lines.append(f"{module} {name} (")
    lines += [*_connections(ports), ");"]
    return "\n".join(" " * indent + line for line in lines)


def _connections(named: dict[str, str]) -> list[str]:
    width = max(len(name) for name in named)
    lines = [f"  .{name:<{width}} ({value})" for name, value in named.items()]
    return [line + "," for line in lines[:-1]] + lines[-1:]


def unit_parameters(unit: AdderUnit | MultiplierUnit) -> dict[str, str]:
    """A family's own parameters in Verilog: UpperCamelCase names."""
    return {name.capitalize(): str(value) for name, value in unit.parameters.items()}
