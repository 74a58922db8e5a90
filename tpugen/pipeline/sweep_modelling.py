"""Sweeps: models x contexts x batches x systems x arrays x dataflows x clocks, evaluated over whole arrays of points.

A sweep is cut into groups that share a system, a cycle model and how the dataflow is named (`best` is chosen operator
by operator, the others by code); each group is one evaluation over all of its points, in blocks that bound the memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tpugen.errors import RequestError
from tpugen.pipeline.llm_modelling import (
    PUBLISHED_CYCLE_MODEL,
    Phase,
    WorkloadOptions,
    build_with_designs,
    language_models,
    system_notes,
    with_user_options,
    workload_table,
)
from tpugen.results.systems import SweepPoint, SweepResult

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tpugen.model.systems import System, SystemCosts
    from tpugen.model.workloads import LanguageModel

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["PUBLISHED_CONTEXTS", "PUBLISHED_MODELS", "SWEEP_POINTS_MAX", "model_sweep", "parse_array"]

PUBLISHED_MODELS = ("gpt2-350m", "gpt2-774m", "gpt2-1.5b", "opt-1.3b", "opt-2.7b", "opt-6.7b", "llama-7b")
PUBLISHED_CONTEXTS = (128, 256, 512, 1024, 2048, 4096)
"""The grid of the paper (arXiv 2504.01994)."""

SWEEP_POINTS_MAX = 2_000_000
"""Most points of one sweep; more are taken for a typing error."""

_BLOCK_POINTS = 25_000


@dataclass(frozen=True)
class _Axes:
    """Values of every axis, in the order in which points follow each other; the last runs fastest."""

    systems: tuple[str, ...]
    cycle_models: tuple[str | None, ...]
    models: tuple[LanguageModel, ...]
    contexts: tuple[int, ...]
    batches: tuple[int, ...]
    arrays: tuple[tuple[int, int] | None, ...]
    dataflows: tuple[str | None, ...]
    clocks_mhz: tuple[float | None, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(len(values) for values in self.__dict__.values())


def parse_array(text: str) -> tuple[int, int]:
    """Rows and columns from `32x32`, or from `32` for a square.

    Raises:
        RequestError: anything else.
    """
    rows, _, cols = text.strip().lower().replace("×", "x").partition("x")
    if not (rows.isdecimal() and rows.isascii() and (cols or rows).isdecimal() and (cols or rows).isascii()):
        raise RequestError(f"cannot read {text[:40]!r} as an array", hint="rows x columns, e.g. 32x32 or 64x16")
    return int(rows[:10]), int((cols or rows)[:10])


def model_sweep(
    models: Sequence[str | Path] = PUBLISHED_MODELS,
    contexts: Sequence[int] = PUBLISHED_CONTEXTS,
    *,
    systems: Sequence[str | Path] = ("tpu-llm", "pim-llm"),
    arrays: Sequence[str | tuple[int, int]] = (),
    dataflows: Sequence[str] = (),
    cycle_models: Sequence[str] = (),
    clocks_mhz: Sequence[float] = (),
    batches: Sequence[int] = (1,),
    as_published: bool = False,
    phase: str = "decode",
    embedding: bool = False,
    lm_head: bool = False,
    nonlinear: bool = False,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    kv_bits: int | None = None,
    beyond_context: bool = False,
    schedule: str | None = None,
    accounting: str | None = None,
    memory: str | None = None,
) -> SweepResult:
    """Every combination of the axes, over whole arrays of points.

    Args:
        models: Names, or paths of config.json files.
        contexts: Context lengths.
        systems: Names, or paths of system files.
        arrays: Sizes of the systolic arrays (`32x32`); none: the systems' own.
        dataflows: `os`, `ws`, `is`, `best`; none: the systems' own.
        cycle_models: Names; none: the systems' own.
        clocks_mhz: Clocks of the arrays; none: the systems' own.
        batches: Sequences at a time.
        as_published: See `model_llm`; so are the other options.
        phase: See `model_llm`.
        embedding: See `model_llm`.
        lm_head: See `model_llm`.
        nonlinear: See `model_llm`.
        weight_bits: See `model_llm`.
        activation_bits: See `model_llm`.
        kv_bits: See `model_llm`.
        beyond_context: See `model_llm`.
        schedule: See `model_llm`.
        accounting: See `model_llm`.
        memory: See `model_llm`.

    Returns:
        A row per point: systems slowest, then cycle models, models, contexts, batches, arrays, dataflows, clocks.

    Raises:
        UnknownNameError: a name that is not known.
        RequestError: an axis without values, sizes out of range, or too many points.
    """
    import numpy as np

    default_cycle_model = PUBLISHED_CYCLE_MODEL if as_published else None
    axes = _Axes(
        systems=tuple(str(system) for system in systems),
        cycle_models=tuple(cycle_models) or (default_cycle_model,),
        models=tuple(language_models(list(models), as_published=as_published)),
        contexts=tuple(contexts),
        batches=tuple(batches),
        arrays=tuple(parse_array(size) if isinstance(size, str) else size for size in arrays) or (None,),
        dataflows=tuple(name.strip().lower() for name in dataflows) or (None,),
        clocks_mhz=tuple(clocks_mhz) or (None,),
    )
    points = _checked_points(axes)
    workload = WorkloadOptions(
        phase, embedding, lm_head, nonlinear, weight_bits, activation_bits, kv_bits, beyond_context
    )
    index = np.indices(axes.lengths).reshape(len(axes.lengths), -1)
    columns: dict[str, npt.NDArray[Any]] = {name: np.empty(points, dtype=object) for name in _COLUMNS}
    notes: dict[str, None] = {}
    for chosen, block in _blocks(axes, index):
        system = with_user_options(
            _system(axes, block, as_published=as_published),
            schedule=schedule,
            accounting=accounting or ("as_published" if as_published else None),
            memory=memory,
        )
        costs = _evaluate(axes, block, system, workload)
        for name, values in _computed(costs).items():
            columns[name][chosen] = values
        notes |= dict.fromkeys(f"{system.name}: {note}" for note in [*system_notes(system), *_full_memory(costs)])
    return SweepResult(
        phase=cast("Phase", phase),
        workload="as_published" if as_published else "real",
        points=_rows(axes, index, columns),
        notes=list(notes),
    )


_COLUMNS = (
    "rows", "cols", "dataflow", "cycle_model", "clock_mhz", "accounting", "schedule", "memory", "latency_ms",
    "tokens_per_s", "energy_mj", "tokens_per_j", "gops", "gops_per_w", "area_mm2", "projection_share",
)  # fmt: skip
"""Columns that follow from the system and its costs."""


def _checked_points(axes: _Axes) -> int:
    """How many points.

    Raises:
        RequestError: none, or too many.
    """
    for name, values in axes.__dict__.items():
        if not values:
            raise RequestError(f"the sweep has no {name.replace('_', ' ')}", hint="give at least one")
    for name, whole in (("contexts", axes.contexts), ("batches", axes.batches)):
        wrong = [value for value in whole if isinstance(value, bool) or not isinstance(value, int) or value < 1]
        if wrong:
            raise RequestError(f"{name}: {', '.join(map(str, wrong[:5]))}; accepted: whole numbers above 0")
    points = math.prod(axes.lengths)
    if points > SWEEP_POINTS_MAX:
        shown = " x ".join(f"{len(values)} {name.replace('_', ' ')}" for name, values in axes.__dict__.items())
        raise RequestError(
            f"the sweep has {points:,} points ({shown}); accepted: up to {SWEEP_POINTS_MAX:,}",
            hint="sweep in parts",
        )
    return points


def _blocks(axes: _Axes, index: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Groups of points that one evaluation takes: positions in the sweep, and their indices on the axes."""
    import numpy as np

    best = np.array([name == "best" for name in axes.dataflows])[index[6]]
    group = (index[0] * len(axes.cycle_models) + index[1]) * 2 + best
    for number in np.unique(group):
        chosen = np.flatnonzero(group == number)
        for start in range(0, chosen.size, _BLOCK_POINTS):
            part = chosen[start : start + _BLOCK_POINTS]
            yield part, index[:, part]


def _system(axes: _Axes, block: IntArray, *, as_published: bool) -> System:
    """The system of a block, with the arrays of its points."""
    import numpy as np

    from tpugen.model.systems import ArrayOptions, read_system
    from tpugen.model.systolic import BEST, dataflow_code

    which = block[:, 0]
    sizes = [axes.arrays[number] for number in block[5]] if axes.arrays != (None,) else None
    array = np.array(sizes, dtype=np.int64) if sizes else None
    name = axes.dataflows[which[6]]
    dataflow: str | IntArray | None = name
    if name not in (None, BEST):
        codes = np.array([0 if flow in (None, BEST) else dataflow_code(str(flow)) for flow in axes.dataflows])
        dataflow = codes[block[6]]
    clocks = np.array(axes.clocks_mhz, dtype=np.float64)[block[7]] if axes.clocks_mhz != (None,) else None
    options = ArrayOptions(
        rows=array[:, 0] if array is not None else None,
        cols=array[:, 1] if array is not None else None,
        dataflow=dataflow,
        cycle_model=axes.cycle_models[which[1]],
        clock_mhz=clocks,
    )
    system, _, _, _ = build_with_designs(
        read_system(axes.systems[which[0]]), options, as_published=as_published
    )  # fmt: skip
    return system


def _evaluate(axes: _Axes, block: IntArray, system: System, workload: WorkloadOptions) -> SystemCosts:
    import numpy as np

    from tpugen.model.systems import evaluate_system

    contexts, batches = np.array(axes.contexts)[block[3]], np.array(axes.batches)[block[4]]
    table = workload_table(axes.models, contexts, batches, workload, block[2])
    return evaluate_system(system, table)


def _computed(costs: SystemCosts) -> dict[str, Any]:
    """The columns of `_COLUMNS`: one value for all points, or a list."""
    import numpy as np

    system = costs.system
    values: dict[str, Any] = {
        "accounting": system.accounting,
        "schedule": system.schedule,
        "memory": system.memory.memory.name if system.memory else "none",
        **_array_columns(system),
    }
    arrays = {
        "latency_ms": costs.latency_s * 1e3,
        "tokens_per_s": costs.tokens_per_s,
        "energy_mj": costs.energy_j * 1e3,
        "tokens_per_j": costs.tokens_per_j,
        "gops": costs.gops,
        "gops_per_w": costs.gops_per_w,
        "area_mm2": costs.area_um2 / 1e6,
        "projection_share": costs.role_latency_s("projection") / costs.latency_s,
    }
    for name, array in arrays.items():
        # Python's own numbers; what is not known is None.
        known = array.astype(object)
        known[np.isnan(array)] = None
        values[name] = known
    return values


def _array_columns(system: System) -> dict[str, Any]:
    """Size, dataflow, cycle model and clock of the first systolic array of a system."""
    import numpy as np

    from tpugen.model.systolic import DATAFLOWS, SystolicEngine

    engines = (placed.engine for placed in system.engines.values())
    engine = next((found for found in engines if isinstance(found, SystolicEngine)), None)
    if engine is None:
        return dict.fromkeys(("rows", "cols", "dataflow", "cycle_model", "clock_mhz"))
    dataflow: Any = engine.dataflow
    if isinstance(dataflow, Mapping):
        dataflow = "mixed"
    elif not isinstance(dataflow, str):
        dataflow = np.array(list(DATAFLOWS), dtype=object)[dataflow]
    return {
        "rows": _plain(engine.rows),
        "cols": _plain(engine.cols),
        "dataflow": dataflow,
        "cycle_model": engine.cycle_model,
        "clock_mhz": _plain(engine.clock_mhz),
    }


def _plain(value: Any) -> Any:
    """Python's own numbers instead of NumPy's."""
    return value if isinstance(value, int | float) else value.tolist()


def _full_memory(costs: SystemCosts) -> list[str]:
    """A note where the memory does not hold what some points need."""
    if costs.system.memory is None:
        return []
    memory = costs.system.memory.memory
    over = int((costs.footprint_bytes > memory.capacity_bytes).sum())
    return [f"{over} points need more than memory {memory.name} holds"] if over else []


def _rows(axes: _Axes, index: IntArray, columns: dict[str, npt.NDArray[Any]]) -> list[SweepPoint]:
    """The points as records."""
    from tpugen.model.systems import read_system

    names = [model.name for model in axes.models]
    systems = [read_system(system).name for system in axes.systems]
    known = {
        "model": [names[number] for number in index[2]],
        "context": [axes.contexts[number] for number in index[3]],
        "batch": [axes.batches[number] for number in index[4]],
        "system": [systems[number] for number in index[0]],
    } | {name: values.tolist() for name, values in columns.items()}
    # Every value was computed here: validating each again would take longer than the model itself.
    rows = zip(*known.values(), strict=True)
    return [SweepPoint.model_construct(**dict(zip(known, row, strict=True))) for row in rows]
