"""Reads the text of a user's reference without running it: what kind it is, and whether it fits the contract.

A Python reference is one of

- `def reference(a_i, b_i)`: outputs from inputs, nothing remembered,
- `class Reference` with `reset()` and `step(**inputs)`: one call per rising clock edge,
- `class Reference` with `reset()` and `beat(**inputs)`: one call per beat that is taken under valid/ready.

Instead of it there may be a test bench: a cocotb module, or Verilog that checks itself.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

from tpugen.errors import RequestError

__all__ = ["REFERENCE_LIMIT_BYTES", "Reference", "ReferenceForm", "ReferenceKind", "read_reference"]

REFERENCE_LIMIT_BYTES = 256 * 1024
"""Size of a reference."""

ReferenceKind = Literal["python", "cocotb", "verilog"]
ReferenceForm = Literal["function", "step", "beat", "bench"]

_EXAMPLE = 'e.g. `def reference(a_i, b_i): return {"sum_o": a_i + b_i}`; see docs/contracts.md'
_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)


@dataclass(frozen=True)
class Signature:
    """Arguments of one function of a reference.

    Attributes:
        line: Where it begins.
        names: Names of its arguments, `self` left out.
        required: Those without a default.
        any_name: Whether it takes `**inputs`.
    """

    name: str
    line: int
    names: tuple[str, ...]
    required: tuple[str, ...]
    any_name: bool


@dataclass(frozen=True)
class Reference:
    """What a reference is.

    Attributes:
        kind: Language.
        form: `function`, `step` (a class, edge by edge), `beat` (a class, beat by beat), or `bench`.
        functions: Functions that take inputs, e.g. `step` and `outputs`.
        owner: Name of the class, where there is one.
        tests: Names of the tests of a cocotb module; top modules of a Verilog bench.
    """

    kind: ReferenceKind
    form: ReferenceForm
    functions: tuple[Signature, ...] = ()
    owner: str | None = None
    tests: tuple[str, ...] = ()


def read_reference(text: str, name: str, module: str) -> Reference:
    """Tell what a reference is from its text.

    Args:
        text: The source.
        name: The file's name: `.py`, `.v` or `.sv`.
        module: Name of the contract's module.

    Raises:
        RequestError: it is none of what a reference may be; the message names file and line.
    """
    size = len(text.encode("utf-8", errors="replace"))
    if size > REFERENCE_LIMIT_BYTES:
        raise RequestError(f"{name} holds {size:,} bytes; a reference may hold {REFERENCE_LIMIT_BYTES:,}")
    if not text.strip():
        raise RequestError(f"{name} is empty", hint=_EXAMPLE)
    if name.endswith((".v", ".sv")):
        return _verilog(text, name, module)
    if not name.endswith(".py"):
        raise RequestError(f"{name}: a reference is Python (.py) or a Verilog test bench (.v, .sv)")
    return _python(text, name)


def _python(text: str, name: str) -> Reference:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise RequestError(f"{name}:{error.lineno or 1}: Python cannot read this: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise RequestError(f"{name}: Python cannot read this: {error}") from None
    if any(_imports_cocotb(node) for node in ast.walk(tree)):
        return _cocotb(tree, name)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if "reference" in functions and "Reference" in classes:
        raise RequestError(f"{name} has both `def reference` and `class Reference`; which is it?", hint=_EXAMPLE)
    if "reference" in functions:
        return Reference("python", "function", (_signature(functions["reference"], name),))
    if "Reference" in classes:
        return _class(classes["Reference"], name)
    found = ", ".join([f"def {other}" for other in functions] + [f"class {other}" for other in classes])
    raise RequestError(
        f"{name} has no `def reference` and no `class Reference`; it has {found or 'neither function nor class'}",
        hint=_EXAMPLE,
    )


def _class(node: ast.ClassDef, name: str) -> Reference:
    methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    ways = [way for way in ("step", "beat") if way in methods]
    if len(ways) != 1:
        found = "both `step` and `beat`" if ways else f"{', '.join(methods) or 'no methods'}"
        raise RequestError(
            f"{name}:{node.lineno}: class Reference has {found}; it needs `reset()` and one of "
            "`step(**inputs)`, called at each rising clock edge, and `beat(**inputs)`, called for each beat taken"
        )
    if "reset" not in methods:
        raise RequestError(
            f"{name}:{node.lineno}: class Reference has no `reset()`, which puts it into its first state"
        )
    reset = _signature(methods["reset"], name, bound=True)
    if reset.required:
        raise RequestError(f"{name}:{reset.line}: reset() is called without arguments; it wants {reset.required[0]}")
    if "__init__" in methods and _signature(methods["__init__"], name, bound=True).required:
        raise RequestError(f"{name}:{methods['__init__'].lineno}: class Reference is made without arguments")
    taking = [ways[0], *(["outputs"] if ways == ["step"] and "outputs" in methods else [])]
    signatures = tuple(_signature(methods[method], name, bound=True) for method in taking)
    return Reference("python", "step" if ways == ["step"] else "beat", signatures, node.name)


def _signature(node: ast.FunctionDef, name: str, *, bound: bool = False) -> Signature:
    arguments = node.args
    positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)
    skip = 1 if bound and not static and positional else 0
    if len(arguments.posonlyargs) > skip:
        raise RequestError(f"{name}:{node.lineno}: {node.name}() is called by names; remove the `/`")
    without_default = positional[: len(positional) - len(arguments.defaults)]
    keyword = [item.arg for item in arguments.kwonlyargs]
    needed = [item for item, value in zip(keyword, arguments.kw_defaults, strict=True) if value is None]
    return Signature(
        name=node.name,
        line=node.lineno,
        names=(*positional[skip:], *keyword),
        required=(*without_default[skip:], *needed),
        any_name=arguments.kwarg is not None,
    )


def _imports_cocotb(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "cocotb" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cocotb"


def _cocotb(tree: ast.Module, name: str) -> Reference:
    tests = tuple(
        node.name
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef) and any("cocotb" in ast.unparse(m) for m in node.decorator_list)
    )
    if not tests:
        raise RequestError(
            f"{name} imports cocotb but has no test", hint="mark each test with `@cocotb.test()` before `async def`"
        )
    return Reference("cocotb", "bench", tests=tests)


def _verilog(text: str, name: str, module: str) -> Reference:
    code = _COMMENT.sub(" ", text)
    modules = re.findall(r"\bmodule\s+(?:automatic\s+)?([A-Za-z_]\w*)", code)
    if not modules:
        raise RequestError(f"{name} holds no Verilog module", hint="give a self-checking test bench")
    if module in modules:
        raise RequestError(f"{name} defines {module} itself; a test bench instantiates the design that it checks")
    headless = re.sub(r"\bmodule\s+(?:automatic\s+)?[A-Za-z_]\w*", " ", code)
    instance = r"\s+(?:#\s*\(|[A-Za-z_]\w*\s*\()"
    instantiated = {other for other in [*modules, module] if re.search(rf"\b{other}{instance}", headless)}
    if module not in instantiated:
        raise RequestError(
            f"{name} does not instantiate {module}, the contract's module",
            hint=f"write `{module} dut (.port (signal), ...)`",
        )
    tops = tuple(dict.fromkeys(other for other in modules if other not in instantiated))
    if len(tops) != 1:
        raise RequestError(f"{name} has {len(tops)} top modules ({', '.join(tops) or 'none'}); one is expected")
    return Reference("verilog", "bench", tests=tops)
