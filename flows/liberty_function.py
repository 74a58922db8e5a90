"""Functions of library cells, from their Liberty text to a callable over arrays of bits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from tpugen.errors import ToolFailedError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.bool_]

    LibertyFunction = Callable[[Mapping[str, Values]], Values]

__all__ = ["read_function"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*(?:\[\d+\])?|[01()!~'^&*|+])")


@lru_cache(maxsize=1024)
def read_function(text: str) -> LibertyFunction:
    """A Liberty function as a callable: values of the input pins, equally many of each, to values of the output.

    Raises:
        ToolFailedError: the text is not a function.
    """
    return _Expression(text).function()


class _Expression:
    """A Liberty function: `!` or `'` negate, then bind `^`, then and (`&`, `*` or nothing), then or (`|`, `+`)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.position = 0

    def function(self) -> LibertyFunction:
        result = self._either()
        if self.position < len(self.tokens):
            raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
        return result

    def _next(self, *wanted: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position] in wanted:
            self.position += 1
            return True
        return False

    def _either(self) -> LibertyFunction:
        left = self._both()
        while self._next("|", "+"):
            left = _combined(left, self._both(), "__or__")
        return left

    def _both(self) -> LibertyFunction:
        left = self._exclusive()
        while self.position < len(self.tokens) and self.tokens[self.position] not in (")", "|", "+"):
            self._next("&", "*")
            left = _combined(left, self._exclusive(), "__and__")
        return left

    def _exclusive(self) -> LibertyFunction:
        left = self._atom()
        while self._next("^"):
            left = _combined(left, self._atom(), "__xor__")
        return left

    def _atom(self) -> LibertyFunction:
        if self._next("!", "~"):
            return _negated(self._atom())
        if self._next("("):
            inner = self._either()
            if not self._next(")"):
                raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
        else:
            if self.position >= len(self.tokens) or not re.match(r"[A-Za-z_01]", self.tokens[self.position]):
                raise ToolFailedError(f"cannot read the Liberty function {self.text!r}")
            inner = _pin(self.tokens[self.position])
            self.position += 1
        while self._next("'"):
            inner = _negated(inner)
        return inner


def _pin(name: str) -> LibertyFunction:
    if name in "01":
        value = name == "1"
        return lambda inputs: _constant(inputs, value)
    return lambda inputs: inputs[name]


def _constant(inputs: Mapping[str, Values], value: bool) -> Values:
    import numpy as np

    # A tie cell has no input; one value stands for all vectors.
    return np.full(len(next(iter(inputs.values()))) if inputs else 1, value)


def _combined(left: LibertyFunction, right: LibertyFunction, operator: str) -> LibertyFunction:
    return lambda inputs: getattr(left(inputs), operator)(right(inputs))


def _negated(inner: LibertyFunction) -> LibertyFunction:
    return lambda inputs: ~inner(inputs)
