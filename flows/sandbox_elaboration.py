"""Sizes that only show when parameters are put in: vectors, memories, copies, loops, modules within modules.

A cheap elaboration on tokens. Parameters go down the hierarchy, generate branches that a known condition rules out are
left out, loop counts multiply. What is not known counts once, and the effort is bounded: it finds what would flood a
tool by plain arithmetic, and leaves the rest to the limits under which the tools run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tpugen.flows.sandbox_constants import HUGE
from tpugen.flows.sandbox_place import Place
from tpugen.flows.sandbox_walk import (
    LARGEST_DECLARATION_BITS,
    LARGEST_LOOP,
    LARGEST_VECTOR_BITS,
    Module,
    ModuleWalker,
    modules_in,
)
from tpugen.flows.verilog_tokens import Token

__all__ = [
    "LARGEST_DECLARATION_BITS", "LARGEST_DESIGN_COPIES", "LARGEST_LOOP", "LARGEST_VECTOR_BITS", "check_sizes",
]  # fmt: skip

LARGEST_DESIGN_COPIES = 20_000_000
"""Module instances of the elaborated design, all levels together."""

_DEEPEST_HIERARCHY = 64
_EFFORT_TOKENS = 2_000_000

_Key = tuple[str, tuple[tuple[str, int | None], ...]]
"""A module and the parameters that it is given; None where a value is not known."""


def check_sizes(files: Sequence[tuple[str, Sequence[Token]]]) -> Iterator[tuple[str, Place]]:
    """File name and place of everything that is too large once parameters are put in.

    Args:
        files: Name and tokens of each file; nesting must have been bounded before.
    """
    modules: dict[str, Module] = {}
    for name, tokens in files:
        for module in modules_in(name, tokens):
            modules.setdefault(module.name, module)
    design = _Design(modules)
    used = {token.text for module in modules.values() for token in module.body if token.kind == "identifier"}
    # Every module that nothing names may be the top; where each names another, all of them may.
    tops = [module for module in modules.values() if module.name not in used] or list(modules.values())
    for module in tops:
        design.visit(module.name, {}, ())
    seen = set()
    for file, place in design.found:
        key = (file, place.rule, place.line)
        if key not in seen:
            seen.add(key)
            yield file, place


def _key(name: str, parameters: Mapping[str, int | None]) -> _Key:
    return name, tuple(sorted(parameters.items()))


class _Design:
    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules
        self.found: list[tuple[str, Place]] = []
        self.effort = _EFFORT_TOKENS
        self.copies: dict[_Key, int] = {}

    def visit(self, name: str, parameters: Mapping[str, int | None], path: tuple[_Key, ...]) -> int:
        """Copies of modules in one instance of a module, itself included."""
        module = self.modules.get(name)
        if module is None:
            return 1
        key = _key(name, parameters)
        if key in self.copies:
            return self.copies[key]
        self.effort -= len(module.body) + len(module.header) + len(module.ports)
        if self.effort < 0:
            return 1
        contents = ModuleWalker(module, parameters, frozenset(self.modules)).contents
        self.found += [(module.file, place) for place in contents.places]
        total = 1
        for below, values, copies, line in contents.instances:
            within = (*path, key)
            if _key(below, values) in within or len(within) > _DEEPEST_HIERARCHY:
                self._recursion(module, below, line)
                continue
            total = min(HUGE, total + copies * self.visit(below, values, within))
            if total > LARGEST_DESIGN_COPIES:
                message = f"more than {LARGEST_DESIGN_COPIES} copies of modules are in one {name}"
                self.found.append((module.file, Place("size", message, line, "build a smaller design")))
                total = 1  # said once: not again by every module above
        self.copies[key] = total
        return total

    def _recursion(self, module: Module, below: str, line: int) -> None:
        message = f"module {below} contains itself without an end that its parameters show"
        self.found.append((module.file, Place("recursion", message, line, "use a generate loop")))
