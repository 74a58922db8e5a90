"""Amdahl's law over models, contexts, arrays and dataflows, as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.amdahl import MEASURES, ArraySetting, Measure, ceiling, crossover_context, fraction, memory_law
from tpugen.model.amdahl import speedup as law
from tpugen.model.systolic import dataflow_code
from tpugen.model.workloads import LanguageModel, Widths, decoder_table
from tpugen.model.workloads.decoder import Phase
from tpugen.pipeline.llm_modelling import language_models
from tpugen.results.amdahl import AmdahlPoint, AmdahlSpeedup, MemoryPoint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

__all__ = ["DEFAULT_GAINS", "model_amdahl"]

DEFAULT_GAINS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""S_p at which speed-ups are given when none are asked for."""


def model_amdahl(
    models: Sequence[str],
    contexts: Sequence[int],
    *,
    rows: Sequence[int] = (32,),
    cols: Sequence[int] = (32,),
    dataflows: Sequence[str] = ("os",),
    cycle_model: str = "scalesim-3.0.0",
    by: Measure = "cycles",
    gains: Sequence[float] = DEFAULT_GAINS,
    phase: Phase = "decode",
    batch: int = 1,
    as_published: bool = False,
    widths: Widths | None = None,
    baseline_weight_bits: int = 8,
    beyond_context: bool = False,
) -> list[AmdahlPoint]:
    """What faster projections can give, for every combination of models, contexts, arrays and dataflows.

    Args:
        models: Names, or paths of config.json files.
        contexts: Tokens.
        rows: Of the arrays; as many as `cols`, or one of them has a single number.
        cols: Of the arrays.
        dataflows: `os`, `ws`, `is`, `best`.
        cycle_model: Name of the cycle model.
        by: What `fraction`, `ceiling`, `speedups` and `crossover_context` are about: cycles, MACs or bytes.
        gains: S_p.
        phase: Decode or prefill.
        batch: Sequences that share the weights.
        as_published: The shapes of the papers' runs.
        widths: After; W1A8 with an 8-bit cache by default.
        baseline_weight_bits: Width of the weights before, for bytes.
        beyond_context: Accept contexts beyond the models' own.

    Returns:
        A record per combination: models slowest, then contexts, then arrays, then dataflows.

    Raises:
        RequestError: a size, width or context out of range, or `rows` and `cols` that do not pair.
        UnknownNameError: no such model, dataflow, cycle model or measure.
    """
    if by not in MEASURES:
        raise UnknownNameError(f"no measure is called {by!r}", hint=f"known measures: {', '.join(MEASURES)}")
    if not (models and contexts and dataflows):
        raise RequestError("models, contexts and dataflows: each needs at least one entry")
    arrays = _pairs(rows, cols)
    found = language_models(models, as_published=as_published)
    options = _Options(phase, batch, widths or Widths(), baseline_weight_bits, beyond_context)
    points = list(product(range(len(found)), contexts, range(len(arrays)), dataflows))
    shares = _shares(found, points, arrays, cycle_model, options)
    memory = _memory_points(found, points, options)
    crossovers = _crossovers(found, points, arrays, cycle_model, options)
    speedups = law(shares[by][:, None], _gains(gains)[None, :])
    ceilings = ceiling(shares[by])
    notes = _notes(by, options)
    return [
        AmdahlPoint(
            model=found[which].name,
            workload="as_published" if as_published else "real",
            phase=phase,
            context=context,
            batch=batch,
            rows=arrays[on][0],
            cols=arrays[on][1],
            dataflow=dataflow,
            cycle_model=cycle_model,
            by=by,
            fraction=float(shares[by][index]),
            ceiling=float(ceilings[index]),
            fractions={name: float(shares[name][index]) for name in MEASURES},
            speedups=[
                AmdahlSpeedup(gain=gain, speedup=float(s), share_of_ceiling=float(s / ceilings[index]))
                for gain, s in zip(gains, speedups[index], strict=True)
            ],
            crossover_context=crossovers[by][index],
            crossovers={name: crossovers[name][index] for name in MEASURES},
            memory=memory[index],
            notes=notes,
        )
        for index, (which, context, on, dataflow) in enumerate(points)
    ]


class _Options:
    """What goes for all points."""

    def __init__(self, phase: Phase, batch: int, widths: Widths, baseline_bits: int, beyond: bool) -> None:
        self.phase: Phase = phase
        self.batch = batch
        self.widths = widths
        self.baseline = replace(widths, weight_bits=baseline_bits)
        self.beyond = beyond


Point = tuple[int, int, int, str]
"""Index of the model, context, index of the array, dataflow."""


def _pairs(rows: Sequence[int], cols: Sequence[int]) -> list[tuple[int, int]]:
    count = max(len(rows), len(cols))
    if not rows or not cols or any(len(sizes) not in (1, count) for sizes in (rows, cols)):
        raise RequestError(f"{len(rows)} rows and {len(cols)} columns do not pair; accepted: as many, or one of them")
    full = [list(sizes) * count if len(sizes) == 1 else list(sizes) for sizes in (rows, cols)]
    return list(zip(*full, strict=True))


def _gains(gains: Sequence[float]) -> FloatArray:
    import numpy as np

    if any(not 0 < gain < float("inf") for gain in gains):
        raise RequestError(f"gain: found {min(gains):g} to {max(gains):g}; expected numbers above 0")
    return np.array(gains, dtype=np.float64)


def _shares(
    models: Sequence[LanguageModel], points: Sequence[Point], arrays: Sequence[tuple[int, int]], cycle_model: str,
    options: _Options,
) -> Mapping[Measure, FloatArray]:  # fmt: skip
    """F of every point by every measure."""
    import numpy as np

    table = decoder_table(
        models, np.array([context for _, context, _, _ in points]), model_index=[which for which, *_ in points],
        phase=options.phase, batch=options.batch, widths=options.baseline, beyond_context=options.beyond,
    )  # fmt: skip
    rows, cols = (np.array([arrays[on][side] for _, _, on, _ in points]) for side in (0, 1))
    codes = np.array([dataflow_code(dataflow) for *_, dataflow in points])
    cycles = fraction(table, "cycles", ArraySetting(rows, cols, codes, cycle_model))
    return {"cycles": cycles, "macs": fraction(table, "macs"), "bytes": fraction(table, "bytes")}


def _crossovers(
    models: Sequence[LanguageModel], points: Sequence[Point], arrays: Sequence[tuple[int, int]], cycle_model: str,
    options: _Options,
) -> Mapping[Measure, list[int | None]]:  # fmt: skip
    """Where F falls below a half; contexts of the points do not matter."""
    import numpy as np

    def search(by: Measure, array: ArraySetting | None, over: Sequence[LanguageModel]) -> list[int | None]:
        found = crossover_context(
            over, by=by, array=array, phase=options.phase, batch=options.batch, widths=options.baseline
        )
        return [int(context) or None for context in found]

    keys = list(product(range(len(models)), range(len(arrays)), dict.fromkeys(dataflow for *_, dataflow in points)))
    rows, cols = (np.array([arrays[on][side] for _, on, _ in keys]) for side in (0, 1))
    codes = np.array([dataflow_code(dataflow) for *_, dataflow in keys])
    cycles = search("cycles", ArraySetting(rows, cols, codes, cycle_model), [models[which] for which, *_ in keys])
    by_array = dict(zip(keys, cycles, strict=True))
    macs, traffic = search("macs", None, models), search("bytes", None, models)
    return {
        "cycles": [by_array[which, on, dataflow] for which, _, on, dataflow in points],
        "macs": [macs[which] for which, *_ in points],
        "bytes": [traffic[which] for which, *_ in points],
    }


def _memory_points(
    models: Sequence[LanguageModel], points: Sequence[Point], options: _Options
) -> list[MemoryPoint]:  # fmt: skip
    import numpy as np

    baseline_bits = options.baseline.weight_bits
    law_of = memory_law(
        [models[which] for which, *_ in points], np.array([context for _, context, _, _ in points]),
        baseline_weight_bits=baseline_bits, widths=options.widths, phase=options.phase, batch=options.batch,
        beyond_context=options.beyond,
    )  # fmt: skip
    return [
        MemoryPoint(
            baseline_weight_bits=baseline_bits,
            weight_bits=options.widths.weight_bits,
            kv_bits=options.widths.kv_bits,
            baseline_mb=float(law_of.baseline_bytes[index]) / 1e6,
            mb=float(law_of.bytes[index]) / 1e6,
            fraction=float(law_of.fraction[index]),
            speedup=float(law_of.speedup[index]),
            ceiling=float(law_of.ceiling[index]),
        )
        for index in range(len(points))
    ]


def _notes(by: Measure, options: _Options) -> list[str]:
    notes = ["projections are all products with weights of the layers; embedding and LM head are not counted"]
    if by == "bytes":
        notes.append(
            f"bytes: weights of {options.baseline.weight_bits} bits and a cache of {options.widths.kv_bits} bits, each "
            "read once an inference"
        )
    return notes
