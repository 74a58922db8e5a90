"""What is recorded of arithmetic error: of a unit, of dot products, of a design. Reports read it: no NumPy here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["DesignErrors", "DotProductError", "ErrorMetrics", "Histogram", "WorstCase"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Histogram(_Frozen):
    """How often errors occur: bin i counts pairs with edges[i] <= approximate - exact < edges[i + 1].

    One bin per value where no error exceeds 15, else octaves on either side of zero, which has its own bin.
    """

    edges: tuple[int, ...]
    counts: tuple[int, ...]


class WorstCase(_Frozen):
    """The operands of a worst error; of several, those met first."""

    a: int
    b: int
    exact: int
    approximate: int


class ErrorMetrics(_Frozen):
    """Error metrics of one unit.

    All but `mred` come from exact integer sums, rounded once to float64; the relative error of `mred` is below 1e-12.

    Attributes:
        role: `adder` or `multiplier`.
        family: Canonical name.
        width: Width of an adder's operands, or of a multiplier's first (the activation), in bits.
        weight_width: Width of a multiplier's second operand (the weight), in bits; None of an adder.
        signed: Whether operands are two's complement.
        parameters: All parameters of the family.
        er: Error rate, a fraction.
        med: Mean error distance.
        nmed: `med` / largest absolute exact result.
        mred: Mean relative error distance, a fraction.
        max_red: Largest relative error distance, a fraction.
        wce: Worst-case error: the largest error distance.
        bias: Mean error.
        rmse: Root of the mean squared error.
        variance: Variance of the error.
        pairs: How many pairs were tried.
        exhaustive: Whether these were all.
        seed: Seed of the sample; None where all pairs were tried.
        confidence: Half-widths of 95 % confidence intervals by metric; empty where all pairs were tried.
        confidence_method: How these were found; None where all pairs were tried.
        worst_case: Operands of `wce`; None where nothing is wrong.
        worst_relative_case: Operands of `max_red`; None where that is zero.
        histogram: Distribution of the error.
    """

    role: str
    family: str
    width: int
    weight_width: int | None
    signed: bool
    parameters: dict[str, int]
    er: float
    med: float
    nmed: float
    mred: float
    max_red: float
    wce: int
    bias: float
    rmse: float
    variance: float
    pairs: int
    exhaustive: bool
    seed: int | None
    confidence: dict[str, float]
    confidence_method: str | None
    worst_case: WorstCase | None
    worst_relative_case: WorstCase | None
    histogram: Histogram


class DotProductError(_Frozen):
    """Error of dot products of evenly drawn operands, each unit used as often and in the order as the design does.

    Attributes:
        length: Products in each.
        samples: Dot products drawn.
        seed: Seed of the operands.
        signal_rms: Root mean square of the exact results.
        rmse: Root mean square of approximate - exact.
        bias: Mean of approximate - exact.
        relative_rmse: `rmse / signal_rms`, a fraction.
        snr_db: Signal-to-noise ratio, 20 log10(signal_rms / rmse); None where nothing is wrong.
    """

    length: int
    samples: int
    seed: int
    signal_rms: float
    rmse: float
    bias: float
    relative_rmse: float
    snr_db: float | None


class DesignErrors(_Frozen):
    """Errors of a design's approximate units; None of exact ones, and of a design without dot products."""

    multiplier: ErrorMetrics | None
    adder: ErrorMetrics | None
    dot_product: DotProductError | None
