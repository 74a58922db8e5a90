"""Child process of the contract gate: parses Verilog with pyverilog and writes what it found as JSON.

A process of its own because the input is hostile and pyverilog is slow to build its parser: it runs under limits, in a
private folder, and keeps the parser tables in the cache folder. Usage: `_ast_worker.py TEXT_FILE JSON_FILE TABLES`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tpugen.verif._ast_connections import misfits
from tpugen.verif._ast_constants import NotConstantError, declared_range, evaluate, width_of

_TABLES_MODULE = "pyverilog.vparser.parsetab"
_DEEP = 20_000


def main(text_file: str, json_file: str, tables: str) -> None:
    """Parse `text_file`, write modules or the syntax error to `json_file`."""
    sys.setrecursionlimit(_DEEP)
    text = Path(text_file).read_text(encoding="utf-8", errors="replace")
    try:
        result: dict[str, Any] = {"modules": _modules(_parser(Path(tables)).parse(text))}
    except RecursionError:
        result = {"error": "too deeply nested", "line": None}
    except Exception as error:  # pyverilog raises whatever it stumbles over
        result = {"error": str(error) or type(error).__name__, "line": _line(str(error))}
    Path(json_file).write_text(json.dumps(result), encoding="utf-8")


def _parser(tables: Path) -> Any:
    """A pyverilog parser, with tables from the cache or freshly built into it."""
    cached = tables / "parsetab.py"
    if cached.exists():
        spec = importlib.util.spec_from_file_location(_TABLES_MODULE, cached)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
                sys.modules[_TABLES_MODULE] = module
            except Exception:  # a damaged table is rebuilt
                cached.unlink(missing_ok=True)
    from pyverilog.vparser.parser import VerilogParser

    with tempfile.TemporaryDirectory() as private:
        parser = VerilogParser(outputdir=private, debug=False)
        fresh = Path(private) / "parsetab.py"
        if fresh.exists():
            try:
                tables.mkdir(parents=True, exist_ok=True)
                copy = tables / f"parsetab.{os.getpid()}"
                copy.write_bytes(fresh.read_bytes())
                copy.replace(cached)
            except OSError:  # no cache, no harm
                pass
    return parser


def _line(message: str) -> int | None:
    _, _, rest = message.partition("line:")
    digits = rest.split(":")[0].split(" ")[0]
    return int(digits) if digits.isdigit() else None


def _modules(tree: Any) -> list[dict[str, Any]]:
    from pyverilog.vparser import ast

    definitions = [item for item in tree.description.definitions if isinstance(item, ast.ModuleDef)]
    known = {definition.name: definition for definition in definitions}
    return [{**_module(definition), "misfits": misfits(definition, known)} for definition in definitions]


def _module(definition: Any) -> dict[str, Any]:
    from pyverilog.vparser import ast

    names: dict[str, int | None] = {}
    problems: dict[str, str] = {}
    ports: dict[str, dict[str, Any]] = {}
    order: list[str] = []
    duplicates: list[str] = []

    def constant(name: str, value: Any) -> None:
        try:
            names[name] = evaluate(value, names)
        except NotConstantError as error:
            problems[name] = str(error)

    def port(declaration: Any, direction: str) -> None:
        entry = {
            "name": declaration.name,
            "line": declaration.lineno,
            "direction": direction,
            **_width(declaration.width, names),
            "array": declaration.dimensions is not None,
        }
        previous = ports.get(declaration.name)
        if previous is not None and previous["direction"] is not None:
            duplicates.append(declaration.name)
        ports[declaration.name] = entry

    parameters = []
    for declaration in definition.paramlist.params:
        for parameter in declaration.list:
            parameters.append(parameter.name)
            constant(parameter.name, parameter.value)
    for item in definition.portlist.ports:
        if isinstance(item, ast.Ioport):
            first = item.first
            order.append(first.name)
            first.width = declared_range(item)
            port(first, type(first).__name__.lower())
        else:
            order.append(item.name)
            if item.name in ports:
                duplicates.append(item.name)
            ports[item.name] = {
                "name": item.name,
                "line": item.lineno,
                "direction": None,
                "width": 1,
                "why": None,
                "array": False,
            }
    instances = []
    for item in definition.items:
        if isinstance(item, ast.Decl):
            for declaration in item.list:
                if isinstance(declaration, ast.Parameter):  # localparam is a subclass
                    if not isinstance(declaration, ast.Localparam):
                        parameters.append(declaration.name)
                    constant(declaration.name, declaration.value)
                elif isinstance(declaration, ast.Input | ast.Output | ast.Inout):
                    port(declaration, type(declaration).__name__.lower())
    for node, conditional in _walk(definition):
        if isinstance(node, ast.InstanceList):
            instances += [
                {"module": node.module, "name": one.name, "line": node.lineno, "conditional": conditional}
                for one in node.instances
            ]
    declared = [name for name in ports if name not in order]
    return {
        "name": definition.name,
        "line": definition.lineno,
        "parameters": parameters,
        "ports": [ports[name] for name in dict.fromkeys([*order, *declared])],
        "duplicates": duplicates,
        "stray": declared,
        "instances": instances,
    }


def _walk(node: Any) -> Iterator[tuple[Any, bool]]:
    """All nodes below `node`, each with whether a generate-if or -case decides about it."""
    from pyverilog.vparser import ast

    pending = [(node, False)]
    while pending:
        current, conditional = pending.pop()
        yield current, conditional
        below = conditional or isinstance(current, ast.IfStatement | ast.CaseStatement)
        pending += [(child, below) for child in reversed(current.children())]


def _width(width: Any, names: dict[str, int | None]) -> dict[str, Any]:
    try:
        return {"width": width_of(width, names), "why": None}
    except NotConstantError as error:
        return {"width": None, "why": str(error)}


if __name__ == "__main__":
    main(*sys.argv[1:4])
