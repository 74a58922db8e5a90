"""Cycles that the RTL units take for a vector, met in simulation cycle for cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tpugen.arithmetic.nonlinear.normalisation import MAX_LENGTH
from tpugen.errors import RequestError, UnknownNameError

__all__ = ["UNITS", "unit_cycles"]

_Latency = Callable[[int, int], int]


def _streaming(stages: int) -> _Latency:
    return lambda length, _: length + stages


def _two_passes(fixed: int, per_address_bit: int = 0) -> _Latency:
    return lambda length, max_length: 2 * length + fixed + per_address_bit * (max_length - 1).bit_length()


UNITS: Mapping[str, _Latency] = {
    "saturating_adder": _streaming(1),
    "requantise": _streaming(4),
    "gelu": _streaming(4),
    "softmax_powers": _streaming(6),
    "relu2": _streaming(5),
    "gated_product": _streaming(5),
    "weighted_mean": _streaming(18),
    "absmax_quantise": _two_passes(9),
    "softmax": _two_passes(18),
    "softmax_weights": _two_passes(11),
    "rms_norm": _two_passes(40),
    "layer_norm": _two_passes(58, 2),
}
"""Cycles by length of the vector and longest vector that the unit holds, by name of the unit."""


def unit_cycles(unit: str, length: int, max_length: int | None = None) -> int:
    """Cycles from the first element in to the last one out, both counted, without a pause on any channel.

    Args:
        unit: Name of the library module.
        length: Elements of the vector.
        max_length: Parameter `MaxLength` of the unit; by default `length` (at least 2).

    Raises:
        UnknownNameError: no such unit.
        RequestError: a vector that the unit does not hold.
    """
    if unit not in UNITS:
        raise UnknownNameError(f"no non-linear unit is called {unit!r}", hint=f"there are: {', '.join(UNITS)}")
    longest = max(length, 2) if max_length is None else max_length
    if not 1 <= length <= longest <= MAX_LENGTH:
        raise RequestError(
            f"{unit}: a vector of {length} in a unit for {longest}",
            hint=f"1 <= length <= max_length <= {MAX_LENGTH}",
        )
    return UNITS[unit](length, longest)
