"""Widths of what operators read and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tpugen.errors import RequestError

__all__ = ["OperatorWidths", "Widths"]

_BITS_MAX = 64


@dataclass(frozen=True, slots=True)
class OperatorWidths:
    """Widths of one operator, in bits; None keeps what `Widths` says.

    Attributes:
        matrix_bits: Of the matrix: weights, or keys and values.
        vector_bits: Of the activations that meet it.
        result_bits: Of the results as they leave.
    """

    matrix_bits: int | None = None
    vector_bits: int | None = None
    result_bits: int | None = None

    def __post_init__(self) -> None:
        _check(
            "operator widths", {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        )


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths of a workload in bits; W1A8 with an 8-bit cache unless said otherwise (arXiv 2504.01994).

    A ternary weight takes 2 bits.

    Attributes:
        weight_bits: Of projection weights.
        activation_bits: Of the vectors that enter an operator.
        kv_bits: Of the keys and values in the cache, and of the results of `key` and `value`, which go there.
        result_bits: Of other results.
        embedding_bits: Of the embedding and the LM head, which 1-bit models keep wider.
        operators: Other widths for single operators, by name.
    """

    weight_bits: int = 1
    activation_bits: int = 8
    kv_bits: int = 8
    result_bits: int = 8
    embedding_bits: int = 8
    operators: Mapping[str, OperatorWidths] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("widths", {name: getattr(self, name) for name in self.__slots__ if name != "operators"})

    def of(self, name: str, matrix_bits: int, vector_bits: int, result_bits: int) -> tuple[int, int, int]:
        """Matrix, vector and result bits of an operator: its own where given, else these."""
        own = self.operators.get(name, OperatorWidths())
        return own.matrix_bits or matrix_bits, own.vector_bits or vector_bits, own.result_bits or result_bits

    def require_operators(self, names: Iterable[str]) -> None:
        """Makes sure that `operators` holds none but these names.

        Raises:
            RequestError: it does.
        """
        known = tuple(names)
        if unknown := [name for name in self.operators if name not in known]:
            shown = ", ".join(repr(name) for name in unknown)
            raise RequestError(f"widths of {shown}: no such operator; accepted: {', '.join(known)}")


def _check(what: str, values: Mapping[str, object]) -> None:
    wrong = [
        f"{name}={value!r}"
        for name, value in values.items()
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _BITS_MAX
    ]
    if wrong:
        raise RequestError(f"{what}: {', '.join(wrong)}; accepted: whole numbers in 1..{_BITS_MAX}")
