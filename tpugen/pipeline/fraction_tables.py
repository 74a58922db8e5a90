"""Tables of the projections' share: over models, contexts and arrays; where attention outweighs it; in bytes.

Of the real models' shapes, which is what a designer asks about.
"""

from __future__ import annotations

from tpugen.model.amdahl import ArraySetting, crossover_context, fraction, memory_law
from tpugen.model.workloads import Widths, decoder_table, find_language_model, mesh
from tpugen.results.amdahl import Crossover, FractionRow, MemoryRow

__all__ = ["FRACTION_CONTEXTS", "crossover_rows", "fraction_rows", "memory_rows"]

FRACTION_MODELS = (
    "gpt2-350m", "gpt2-774m", "gpt2-1.5b", "opt-350m", "opt-1.3b", "opt-2.7b", "opt-6.7b", "opt-13b", "opt-30b",
    "opt-66b", "llama-7b", "llama-13b", "llama-33b", "llama-65b",
)  # fmt: skip
FRACTION_CONTEXTS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384)
FRACTION_ARRAYS = (("edge", 32), ("cloud", 256))
BASELINE_WEIGHT_BITS = 8
MEMORY_CONTEXTS = (1024, 4096)


def fraction_rows() -> list[FractionRow]:
    """F by cycles of the real shapes, on the arrays of both papers."""
    import numpy as np

    models = [find_language_model(name) for name in FRACTION_MODELS]
    index, contexts = mesh(models, FRACTION_CONTEXTS)
    table = decoder_table(models, contexts, model_index=index, beyond_context=True)
    rows = []
    for name, size in FRACTION_ARRAYS:
        shares = fraction(table, "cycles", ArraySetting(size, size)).reshape(len(models), len(FRACTION_CONTEXTS))
        rows += [
            FractionRow(
                array=name, rows=size, cols=size, dataflow="os", model=model.name, fractions=np.round(row, 6).tolist()
            )
            for model, row in zip(models, shares, strict=True)
        ]
    return rows


def crossover_rows() -> list[Crossover]:
    """The context at which F falls below a half, by cycles on both arrays, MACs and bytes of 8-bit weights."""
    models = [find_language_model(name) for name in FRACTION_MODELS]
    before = Widths(weight_bits=BASELINE_WEIGHT_BITS)
    by_array = {
        name: crossover_context(models, array=ArraySetting(size, size)).tolist() for name, size in FRACTION_ARRAYS
    }
    macs = crossover_context(models, by="macs").tolist()
    traffic = crossover_context(models, by="bytes", widths=before).tolist()
    return [
        Crossover(
            model=model.name,
            cycles={name: contexts[at] or None for name, contexts in by_array.items()},
            macs=macs[at] or None,
            bytes=traffic[at] or None,
        )
        for at, model in enumerate(models)
    ]


def memory_rows() -> list[MemoryRow]:
    """The law over bytes at two contexts."""
    models = [find_language_model(name) for name in FRACTION_MODELS]
    rows = []
    for context in MEMORY_CONTEXTS:
        found = memory_law(models, context, baseline_weight_bits=BASELINE_WEIGHT_BITS, beyond_context=True)
        rows += [
            MemoryRow(
                model=model.name,
                context=context,
                baseline_mb=float(found.baseline_bytes[at]) / 1e6,
                mb=float(found.bytes[at]) / 1e6,
                fraction=float(found.fraction[at]),
                speedup=float(found.speedup[at]),
                ceiling=float(found.ceiling[at]),
            )
            for at, model in enumerate(models)
        ]
    return rows
