"""Connections whose widths differ, and the parameter that would make them fit, from pyverilog's syntax tree.

Linters say that a port expects 48 bits and got 30; whoever has to mend it needs to know that the port is
`Cols*StationaryWidth` wide and that `StationaryWidth = 5` is what fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpugen.verif._ast_constants import NotConstantError, declared_range, evaluate, width_of

__all__ = ["misfits"]

_VALUE_LIMIT = 1024
_MISFITS_LIMIT = 4
_OPERATORS = {"Plus": "+", "Minus": "-", "Times": "*", "Divide": "/", "Power": "**"}


def misfits(definition: Any, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Connections of a module without parameters whose widths are known and differ.

    Args:
        definition: The module.
        known: All modules by name.

    Returns:
        For each: `line`, `instance`, `module`, `port`, `expected` and `got` bits, `signal` as written, `whole` (name
        and bits of what a slice was cut from), `expression` of the port's width, `parameters` in it with their
        values, and `remedies`: values by parameter that make it fit.
    """
    from pyverilog.vparser import ast

    if any(True for _ in definition.paramlist.params):
        return []
    signals = _signals(definition)
    found: list[dict[str, Any]] = []
    for item in definition.items:  # not below generate: there, widths may hang on a genvar
        if not isinstance(item, ast.InstanceList) or item.module not in known:
            continue
        for instance in item.instances:
            found += _of_instance(instance, known[item.module], signals)
    return found[:_MISFITS_LIMIT]


def _of_instance(instance: Any, module: Any, signals: Mapping[str, int]) -> list[dict[str, Any]]:
    given = _overrides(instance)
    ports = _ports(module)
    if given is None:
        return []
    got = {}
    for connection in instance.portlist:
        width = _width_of_signal(connection.argname, signals)
        if connection.portname in ports and width is not None:
            got[connection.portname] = (width, connection)
    wrong = _wrong(module, given, ports, got)
    return [
        {
            "line": got[name][1].lineno or instance.lineno,
            "instance": instance.name,
            "module": module.name,
            "port": name,
            "expected": expected,
            "got": got[name][0],
            "signal": _text(got[name][1].argname),
            "whole": _whole(got[name][1].argname, signals),
            **_range(module, ports[name], given),
            "remedies": _remedies(module, given, ports, got, name),
        }
        for name, expected in wrong.items()
    ]


def _wrong(
    module: Any, given: Mapping[str, int], ports: Mapping[str, Any], got: Mapping[str, tuple[int, Any]]
) -> dict[str, int]:
    """Width of each port that its connection does not fit."""
    names = _constants(module, given)
    wrong = {}
    for name, (width, _) in got.items():
        try:
            expected = width_of(ports[name], names)
        except NotConstantError:
            continue
        if expected != width:
            wrong[name] = expected
    return wrong


def _remedies(
    module: Any, given: Mapping[str, int], ports: Mapping[str, Any], got: Mapping[str, tuple[int, Any]], port: str
) -> dict[str, int]:
    """Values by parameter of the port's width that make the port fit, of those that leave fewest other misfits."""
    left: dict[str, tuple[int, int]] = {}
    for name in _names_in(ports[port]) & _parameters(module):
        for value in range(1, _VALUE_LIMIT + 1):
            tried = {**given, name: value}
            try:
                fits = width_of(ports[port], _constants(module, tried)) == got[port][0]
            except NotConstantError:
                break
            if fits:
                left[name] = (len(_wrong(module, tried, ports, got)), value)
                break
    fewest = min((count for count, _ in left.values()), default=0)
    return {name: value for name, (count, value) in sorted(left.items()) if count == fewest}


def _overrides(instance: Any) -> dict[str, int] | None:
    values: dict[str, int] = {}
    for parameter in instance.parameterlist:
        if parameter.paramname is None:
            return None
        try:
            values[parameter.paramname] = evaluate(parameter.argname, {})
        except NotConstantError:
            return None
    return values


def _declarations(module: Any) -> list[Any]:
    """Parameters and local parameters, in the order of the source."""
    from pyverilog.vparser import ast

    lists = [*module.paramlist.params, *(item for item in module.items if isinstance(item, ast.Decl))]
    return [entry for one in lists for entry in one.list if isinstance(entry, ast.Parameter)]


def _parameters(module: Any) -> set[str]:
    from pyverilog.vparser import ast

    return {entry.name for entry in _declarations(module) if not isinstance(entry, ast.Localparam)}


def _constants(module: Any, given: Mapping[str, int]) -> dict[str, int | None]:
    from pyverilog.vparser import ast

    names: dict[str, int | None] = {}
    for entry in _declarations(module):
        if entry.name in given and not isinstance(entry, ast.Localparam):
            names[entry.name] = given[entry.name]
            continue
        try:
            names[entry.name] = evaluate(entry.value, names)
        except NotConstantError:
            names[entry.name] = None
    return names


def _ports(module: Any) -> dict[str, Any]:
    """Declared range of each port of an ANSI header."""
    from pyverilog.vparser import ast

    return {item.first.name: declared_range(item) for item in module.portlist.ports if isinstance(item, ast.Ioport)}


def _signals(definition: Any) -> dict[str, int]:
    """Widths of a module's ports and nets."""
    from pyverilog.vparser import ast

    ranges = _ports(definition)
    for item in definition.items:
        if isinstance(item, ast.Decl):
            for entry in item.list:
                if isinstance(entry, ast.Wire | ast.Reg) and entry.dimensions is None:
                    ranges.setdefault(entry.name, entry.width)
    widths = {}
    for name, width in ranges.items():
        try:
            widths[name] = width_of(width, {})
        except NotConstantError:
            continue
    return widths


def _width_of_signal(node: Any, signals: Mapping[str, int]) -> int | None:
    from pyverilog.vparser import ast

    if isinstance(node, ast.Identifier):
        return signals.get(node.name)
    if isinstance(node, ast.Partselect):
        try:
            return abs(evaluate(node.msb, {}) - evaluate(node.lsb, {})) + 1
        except NotConstantError:
            return None
    return None


def _whole(node: Any, signals: Mapping[str, int]) -> tuple[str, int] | None:
    """What a slice was cut from."""
    from pyverilog.vparser import ast

    if isinstance(node, ast.Partselect) and isinstance(node.var, ast.Identifier) and node.var.name in signals:
        return str(node.var.name), signals[node.var.name]
    return None


def _range(module: Any, width: Any, given: Mapping[str, int]) -> dict[str, Any]:
    """How a port's width is written: its expression, and the parameters in it."""
    names = _constants(module, given)
    used = {name: names[name] for name in sorted(_names_in(width)) if names.get(name) is not None}
    return {"expression": "1" if width is None else _size_text(width), "parameters": used}


def _names_in(node: Any) -> set[str]:
    from pyverilog.vparser import ast

    if node is None:
        return set()
    if isinstance(node, ast.Identifier):
        return {str(node.name)}
    return {name for child in node.children() for name in _names_in(child)}


def _size_text(width: Any) -> str:
    """`Cols*Width` for `[Cols*Width-1:0]`."""
    from pyverilog.vparser import ast

    msb = width.msb
    if isinstance(msb, ast.Minus) and _text(msb.right) == "1" and _text(width.lsb) == "0":
        return _text(msb.left)
    return f"[{_text(msb)}:{_text(width.lsb)}]"


def _text(node: Any) -> str:
    """A short expression as one would write it."""
    from pyverilog.vparser import ast

    if isinstance(node, ast.Identifier):
        return str(node.name)
    if isinstance(node, ast.IntConst):
        return str(node.value)
    if isinstance(node, ast.Partselect):
        return f"{_text(node.var)}[{_text(node.msb)}:{_text(node.lsb)}]"
    sign = _OPERATORS.get(type(node).__name__)
    if sign is not None:
        left, right = (
            f"({_text(side)})" if sign in "*/**" and type(side).__name__ in ("Plus", "Minus") else _text(side)
            for side in (node.left, node.right)
        )
        return f"{left}{sign}{right}"
    return "..."
