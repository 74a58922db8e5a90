"""Amdahl's law for 1-bit language models: what faster projections can give, and what they cannot.

A 1-bit LLM replaces the products with weights (the projections) and leaves those with the KV cache (attention) as they
are. With F the share of the baseline that the projections take and S_p what they gain,

    S = 1 / ((1 - F) + F / S_p),    lim S = 1 / (1 - F)  as S_p grows

(Amdahl 1967; for 1-bit LLMs: Malekar et al., arXiv 2408.11939). F is a share of cycles on a systolic array, of
multiply-accumulates, or of the bytes of weights and cache that a token touches; for bytes S_p is the ratio of the
weights' widths. All functions take arrays that broadcast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.workloads.decoder import Phase, decoder_table
from tpugen.model.workloads.language_model import LanguageModel
from tpugen.model.workloads.operators import OperatorTable, Role
from tpugen.model.workloads.widths import Widths

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = [
    "CROSSOVER_LIMIT",
    "MEASURES",
    "ArraySetting",
    "Measure",
    "MemoryLaw",
    "ceiling",
    "crossover_context",
    "fraction",
    "gain_for",
    "memory_law",
    "operator_weight",
    "speedup",
]

Measure = Literal["cycles", "macs", "bytes"]
"""What F is a share of."""

MEASURES: tuple[Measure, ...] = get_args(Measure)

PROJECTIONS: tuple[Role, ...] = ("projection",)
"""What a 1-bit LLM makes faster."""

CROSSOVER_LIMIT = 2**24
"""Longest context at which `crossover_context` looks."""


@dataclass(frozen=True)
class ArraySetting:
    """The systolic array on which cycles are counted; all but the cycle model may be arrays over the points.

    Weights and cache enter by columns, as in the systems: see `tpugen.model.systolic.engine.MatrixSide`.

    Attributes:
        rows: Of the array.
        cols: Of the array.
        dataflow: `os`, `ws`, `is`, or `best` of the three for each operator; or codes (`dataflow_code`).
        cycle_model: Name of the cycle model. The default is the one that the papers' figures follow.
    """

    rows: int | IntArray = 32
    cols: int | IntArray = 32
    dataflow: str | IntArray = "os"
    cycle_model: str = "scalesim-3.0.0"


@dataclass(frozen=True)
class MemoryLaw:
    """Amdahl's law over the bytes that a token touches.

    Attributes:
        baseline_bytes: Weights and cache at the baseline's width of weights, shape `(points,)`.
        bytes: The same at the width of the 1-bit model.
        fraction: Share of the baseline's bytes that are weights of projections.
        gain: What these shrink by: the ratio of the widths.
        speedup: What all bytes shrink by: 1 / ((1 - F) + F / gain), which is `baseline_bytes / bytes`.
        ceiling: What they would shrink by if weights took nothing.
    """

    baseline_bytes: FloatArray
    bytes: FloatArray
    fraction: FloatArray
    gain: FloatArray
    speedup: FloatArray
    ceiling: FloatArray


def operator_weight(table: OperatorTable, by: Measure = "cycles", array: ArraySetting | None = None) -> FloatArray:
    """What each operator takes, of shape `(operators, points)`: cycles, MACs, or bytes of its matrices.

    Operators without a matrix (look-ups, softmax, ...) run on no array: they take no cycles and no MACs.

    Args:
        table: The workload.
        by: What to count.
        array: Where cycles are counted; 32 x 32, output-stationary by default.

    Raises:
        UnknownNameError: no such measure, dataflow or cycle model.
        RequestError: sizes of the array out of range.
    """
    import numpy as np

    if by == "macs":
        return table.macs.astype(np.float64)
    if by == "bytes":
        return table.matrix_bytes
    if by != "cycles":
        raise UnknownNameError(f"no measure is called {by!r}", hint=f"known measures: {', '.join(MEASURES)}")
    from tpugen.model.systolic import SystolicEngine

    on = array or ArraySetting()
    engine = SystolicEngine(on.rows, on.cols, clock_mhz=1.0, dataflow=on.dataflow, cycle_model=on.cycle_model)
    return engine.cycles(table).astype(np.float64)


def fraction(
    table: OperatorTable,
    by: Measure = "cycles",
    array: ArraySetting | None = None,
    accelerated: Sequence[Role] = PROJECTIONS,
) -> FloatArray:
    """F: the share of the baseline that the accelerated operators take, shape `(points,)`.

    Args:
        table: The workload.
        by: `cycles`, `macs` or `bytes`.
        array: Where cycles are counted.
        accelerated: Roles that become faster.

    Raises:
        UnknownNameError: no such measure, dataflow or cycle model.
        RequestError: a point without any work has no shares.
    """
    import numpy as np

    weight = operator_weight(table, by, array)
    total = weight.sum(axis=0)
    if not np.all(total > 0):
        raise RequestError(f"a workload without {by} has no share of them", hint="give it an operator with a matrix")
    chosen = np.array([role in accelerated for role in table.roles])
    share: FloatArray = weight[chosen].sum(axis=0) / total
    return share


def speedup(share: npt.ArrayLike, gain: npt.ArrayLike) -> FloatArray:
    """S = 1 / ((1 - F) + F / S_p).

    Args:
        share: F, between 0 and 1.
        gain: S_p, above 0; infinity gives the ceiling, below 1 is a slow-down.

    Raises:
        RequestError: a value out of its range.
    """
    import numpy as np

    part, factor = _share(share), np.asarray(gain, dtype=np.float64)
    if np.any(np.isnan(factor)) or np.any(factor <= 0):
        raise RequestError(f"gain: found {_found(factor)}; expected numbers above 0")
    with np.errstate(divide="ignore"):  # F = 1 at an endless gain: an endless speed-up
        result: FloatArray = 1.0 / ((1.0 - part) + part / factor)
    return result


def ceiling(share: npt.ArrayLike) -> FloatArray:
    """1 / (1 - F): the speed-up if the accelerated part took no time at all.

    Raises:
        RequestError: F is not between 0 and 1.
    """
    import numpy as np

    return speedup(share, np.inf)


def gain_for(share: npt.ArrayLike, target: npt.ArrayLike) -> FloatArray:
    """S_p that gives a speed-up S: F / (1 / S - (1 - F)); infinity where S is at or beyond the ceiling.

    Raises:
        RequestError: F is not between 0 and 1, or the target not above 0.
    """
    import numpy as np

    part, wanted = _share(share), np.asarray(target, dtype=np.float64)
    if np.any(np.isnan(wanted)) or np.any(wanted <= 0):
        raise RequestError(f"target: found {_found(wanted)}; expected numbers above 0")
    left = 1.0 / wanted - (1.0 - part)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain: FloatArray = np.where(left > 0, part / left, np.inf)
    return gain


def memory_law(
    models: Sequence[LanguageModel],
    contexts: npt.ArrayLike,
    *,
    baseline_weight_bits: int = 8,
    widths: Widths | None = None,
    phase: Phase = "decode",
    batch: npt.ArrayLike = 1,
    beyond_context: bool = False,
) -> MemoryLaw:
    """The law over bytes: weights of `baseline_weight_bits` become weights of `widths.weight_bits`.

    Projections touch (4 d^2 + 2 d d_ff) bits / 8 bytes a layer (full attention, no gate), the cache 2 d l bytes a layer
    at 8 bits (arXiv 2408.11939, memory analysis); shapes with grouped heads and gates follow from the operators.

    Args:
        models: A point each; see `decoder_table`.
        contexts: Tokens.
        baseline_weight_bits: Width of the weights before.
        widths: Widths after; W1A8 with an 8-bit cache by default.
        phase: Decode or prefill.
        batch: Sequences that share the weights.
        beyond_context: Accept contexts beyond the models' own.

    Raises:
        RequestError: see `decoder_table`.
    """
    import numpy as np

    after = widths or Widths()
    before = replace(after, weight_bits=baseline_weight_bits)
    tables = [
        decoder_table(models, contexts, phase=phase, batch=batch, widths=width, beyond_context=beyond_context)
        for width in (before, after)
    ]
    share = fraction(tables[0], "bytes")
    weights = [_projection_bytes(table) for table in tables]
    gain: FloatArray = np.asarray(weights[0] / weights[1])
    totals = [table.matrix_bytes.sum(axis=0) for table in tables]
    return MemoryLaw(totals[0], totals[1], share, gain, speedup(share, gain), ceiling(share))


def crossover_context(
    models: Sequence[LanguageModel],
    *,
    by: Measure = "cycles",
    array: ArraySetting | None = None,
    threshold: float = 0.5,
    phase: Phase = "decode",
    batch: npt.ArrayLike = 1,
    widths: Widths | None = None,
    limit: int = CROSSOVER_LIMIT,
) -> IntArray:
    """The shortest context at which F is below a threshold: from there on attention weighs more than projections.

    F falls as the context grows, whatever it is a share of: attention takes more, projections do not (in prefill they
    grow with the context, attention with its square). Contexts beyond the model's own are looked at, too.

    Args:
        models: A point each.
        by: `cycles`, `macs` or `bytes`.
        array: Where cycles are counted; rows and columns may be arrays over the points.
        threshold: Between 0 and 1.
        phase: Decode or prefill.
        batch: Sequences that share the weights.
        widths: Widths of weights and cache, which `bytes` depends on.
        limit: Longest context to look at.

    Returns:
        Contexts, shape `(points,)`; 0 where F does not fall below the threshold up to `limit` (sliding windows).

    Raises:
        RequestError: a threshold out of range.
        UnknownNameError: no such measure, dataflow or cycle model.
    """
    if not 0 < threshold <= 1:
        raise RequestError(f"threshold: found {threshold}; expected a number above 0 and up to 1")

    def below(contexts: IntArray) -> npt.NDArray[np.bool_]:
        table = decoder_table(models, contexts, phase=phase, batch=batch, widths=widths, beyond_context=True)
        smaller: npt.NDArray[np.bool_] = fraction(table, by, array) < threshold
        return smaller

    return _first_true(below, len(models), limit)


def _first_true(below: Callable[[IntArray], npt.NDArray[np.bool_]], points: int, limit: int) -> IntArray:
    """For each point the smallest number in 1..limit for which a monotone test holds; 0 where it never does."""
    import numpy as np

    high = np.ones(points, dtype=np.int64)
    found = below(high)
    high = np.broadcast_to(high, found.shape).copy()
    low = np.zeros_like(high)  # the test fails at `low`, or `low` is 0
    while not np.all(found | (high >= limit)):
        low = np.where(found, low, high)
        high = np.where(found, high, np.minimum(2 * high, limit))
        found = below(high)
    never = ~found
    while np.any((high - low > 1) & ~never):
        middle = np.maximum((low + high) // 2, 1)
        holds = below(middle)
        high, low = np.where(holds, middle, high), np.where(holds, low, middle)
    return np.where(never, 0, high)


def _projection_bytes(table: OperatorTable) -> FloatArray:
    import numpy as np

    chosen = np.array([role in PROJECTIONS for role in table.roles])
    weights: FloatArray = table.matrix_bytes[chosen].sum(axis=0)
    return weights


def _share(share: npt.ArrayLike) -> FloatArray:
    import numpy as np

    part = np.asarray(share, dtype=np.float64)
    if not np.all((part >= 0) & (part <= 1)):
        raise RequestError(f"fraction: found {_found(part)}; expected numbers from 0 to 1")
    return part


def _found(values: FloatArray) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
