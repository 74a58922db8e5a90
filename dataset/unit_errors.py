"""Error metrics of the units in records: over all operand pairs where these are few, else over a seeded sample."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.spec import AdderUnit, MultiplierUnit

__all__ = ["EXHAUSTIVE_BITS", "SAMPLES", "UnitErrors", "errors_of"]

EXHAUSTIVE_BITS = 16
"""Operands of so many bits together, or fewer, are tried in all pairs."""

SAMPLES = 1 << 14
"""Operand pairs drawn where there are more."""

_SEED = 1


class UnitErrors(BaseModel):
    """Error of one unit, ED being |approximate - exact|; zeros of an exact unit.

    Attributes:
        er: Error rate, a fraction.
        med: Mean ED.
        nmed: `med` over the largest absolute exact result.
        mred: Mean of ED over the absolute exact result, where that is not zero.
        wce: Largest ED; of a sample, a lower bound.
        bias: Mean of approximate - exact.
        rmse: Root of the mean squared error.
        pairs: Operand pairs that were tried; 0 of an exact unit, of which nothing is tried.
        exhaustive: Whether these were all, or the unit is exact.
        er_ci95: Half-width of the 95 % confidence interval of `er`; 0 where all pairs were tried.
        nmed_ci95: The same of `nmed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    er: float = 0.0
    med: float = 0.0
    nmed: float = 0.0
    mred: float = 0.0
    wce: float = 0.0
    bias: float = 0.0
    rmse: float = 0.0
    pairs: int = 0
    exhaustive: bool = True
    er_ci95: float = 0.0
    nmed_ci95: float = 0.0


def errors_of(unit: AdderUnit | MultiplierUnit, signed: bool, *widths_bits: int) -> UnitErrors:
    """Error metrics of a unit at these operand widths; what was measured once in this process is kept."""
    if unit.family == "exact":
        return UnitErrors()
    role: Literal["adder", "multiplier"] = "adder" if isinstance(unit, AdderUnit) else "multiplier"
    return _measured(role, unit.family, tuple(sorted(unit.parameters.items())), signed, widths_bits)


@lru_cache(maxsize=20_000)
def _measured(
    role: str, family: str, parameters: tuple[tuple[str, int], ...], signed: bool, widths_bits: tuple[int, ...]
) -> UnitErrors:
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error

    few = widths_bits[0] + widths_bits[-1] <= EXHAUSTIVE_BITS
    samples = None if few else SAMPLES
    values = dict(parameters)
    if role == "adder":
        found = adder_error(
            family, widths_bits[0], signed=signed, parameters=values, samples=samples, seed=_SEED, keep=False
        )
    else:
        first, second = widths_bits
        found = multiplier_error(
            family, first, second, signed=signed, parameters=values, samples=samples, seed=_SEED, keep=False
        )
    return UnitErrors(
        er=found.er, med=found.med, nmed=found.nmed, mred=found.mred, wce=float(found.wce), bias=found.bias,
        rmse=found.rmse, pairs=found.pairs, exhaustive=found.exhaustive,
        er_ci95=found.confidence.get("er", 0.0), nmed_ci95=found.confidence.get("nmed", 0.0),
    )  # fmt: skip
