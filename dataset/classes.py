"""Classes of designs that one verified representative stands for, and which designs are verified one by one.

Within a class designs are instances of the same library modules; sizes, widths, and parameters of units are what
differs, and these are Verilog parameters of modules that are written once for all of their legal values. A unit alone
belongs to the class of its module. MACs and arrays belong to two: that of their multiplier and that of their adder in
this kind and dataflow; both units stand in the same processing element, joined by one net of the product's width.
Output-stationary arrays of more rows than one drain stretch belong to a third, since their drain holds registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import assert_never

from tpugen.dataset.identity import spec_digest
from tpugen.spec import (
    AcceleratorSpec,
    AdderSpec,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)
from tpugen.spec.latency import DRAIN_SEGMENT_ROWS

__all__ = ["LARGE_SHAPES", "choose_sample", "classes_of", "element_count"]

LARGE_SHAPES: tuple[tuple[int, int], ...] = ((8, 8), (16, 16))
"""Large arrays of which every sample holds one of each dataflow."""

_LEAST_PRODUCT = 64

_LIMITS = (9 * 10 * 8, 16 * 16 * 16, 1 << 40)
"""Work (see `_work`) of representatives: as little as do."""

_MEDIUM = 16 * 12 * 12
"""Most work of the others, but for the large arrays."""


def classes_of(spec: DesignSpec) -> tuple[str, ...]:
    """Names of the classes of a design, e.g. `systolic_array/weight_stationary/signed/multiplier_drum+shared`."""
    sign = "signed" if spec.signed else "unsigned"
    match spec:
        case AdderSpec():
            return (f"adder/{sign}/{spec.adder.module}",)
        case MultiplierSpec():
            return (f"multiplier/{sign}/{spec.multiplier.module}",)
        case MacSpec():
            place, shared = "mac", ""
        case SystolicArraySpec():
            place = f"{spec.kind}/{spec.dataflow}"
            shared = "+shared" if spec.shared_pre_approximation else ""
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            return tuple(f"{spec.kind}/{name}" for name in _accelerator_classes(spec))
    names = (
        # Exact units of open structure are one module: product and accumulation share a carry-propagate adder.
        ["multiply_add_exact"]
        if spec.multiplier == MultiplierUnit() and spec.adder == type(spec.adder)()
        else [f"{spec.multiplier.module}{shared}", spec.adder.module]
    )
    drain = (f"{place}/{sign}/drain_stretches",) if _has_drain_stretches(spec) else ()
    return (*(f"{place}/{sign}/{name}" for name in names), *drain)


def _accelerator_classes(spec: AcceleratorSpec) -> tuple[str, ...]:
    """What an accelerator is built with or without; its sizes are Verilog parameters."""
    match spec:
        case TpuSpec():
            drain = ("drain_stretches",) if spec.rows > DRAIN_SEGMENT_ROWS else ()
            return ("unsigned_activations" if spec.unsigned_activations else "signed_activations", *drain)
        case PimTileSpec():
            grid = spec.rows > spec.crossbar_rows or spec.cols > spec.crossbar_cols
            lanes = ("lanes",) if max(spec.input_lanes, spec.output_lanes) > 1 else ()
            return ("grid" if grid else "crossbar", "skipping" if spec.zero_skipping else "all_planes", *lanes)
        case PimLlmSpec():
            return (
                spec.norm,
                spec.activation,
                "gated" if spec.gated else "ungated",
                "grouped_heads" if spec.kv_heads < spec.heads else "own_key_heads",
                "skipping" if spec.zero_skipping else "all_planes",
            )
        case _:
            assert_never(spec)


def _has_drain_stretches(spec: DesignSpec) -> bool:
    return (
        isinstance(spec, SystolicArraySpec) and spec.dataflow == "output_stationary" and spec.rows > DRAIN_SEGMENT_ROWS
    )


def element_count(spec: DesignSpec) -> int:
    """Processing elements of an array; 1 of other designs."""
    return spec.rows * spec.cols if isinstance(spec, SystolicArraySpec) else 1


def choose_sample(specs: Iterable[DesignSpec], count: int) -> list[DesignSpec]:
    """The designs that are verified one by one: at least one of every class, the others spread over kinds and widths.

    Designs are taken in the order of their hashes, which no one chose. Small arrays are preferred, since simulation
    time grows with size; a few large ones are always among them.

    Args:
        specs: What to choose from.
        count: How many; more where the classes need more.

    Returns:
        The same designs for the same arguments, most telling first.
    """
    ordered = sorted(specs, key=spec_digest)
    chosen = dict.fromkeys(_representatives(ordered))
    chosen |= dict.fromkeys(_large(ordered))
    for spec in _spread([spec for spec in ordered if _work(spec) <= _MEDIUM]):
        if len(chosen) >= count:
            break
        chosen.setdefault(spec)
    return list(chosen)


def _representatives(ordered: Sequence[DesignSpec]) -> Iterator[DesignSpec]:
    """Designs that cover every class, first those that cover most at once; larger arrays only where need be."""
    covered: set[str] = set()
    for limit in _LIMITS:
        candidates = [(spec, set(classes_of(spec))) for spec in ordered if _work(spec) <= limit]
        for most in (3, 2, 1):
            for spec, classes in candidates:
                if len(classes - covered) >= most:
                    covered |= classes
                    yield spec


def _work(spec: DesignSpec) -> int:
    """What a design costs to lint and simulate, roughly: elements times their bits of partial products, or control."""
    if isinstance(spec, AcceleratorSpec):
        return _MEDIUM + _accelerator_work(spec)
    widths = (spec.width_bits, 1) if isinstance(spec, AdderSpec) else (
        spec.activation_width_bits, spec.weight_width_bits)  # fmt: skip
    return element_count(spec) * max(_LEAST_PRODUCT, widths[0] * widths[1])


def _accelerator_work(spec: AcceleratorSpec) -> int:
    """More than any other that is not a representative: accelerators stand for their classes alone."""
    match spec:
        case TpuSpec():
            return spec.rows * spec.cols
        case PimTileSpec():
            return spec.rows * spec.cols // 4
        case PimLlmSpec():
            return spec.d * (spec.d + spec.d_ff + spec.context)
        case _:
            assert_never(spec)


def _large(ordered: Sequence[DesignSpec]) -> Iterator[DesignSpec]:
    seen = set()
    for spec in ordered:
        if isinstance(spec, SystolicArraySpec) and (spec.rows, spec.cols) in LARGE_SHAPES:
            key = (spec.rows, spec.dataflow)
            if key not in seen:
                seen.add(key)
                yield spec


def _spread(ordered: Sequence[DesignSpec]) -> Iterator[DesignSpec]:
    """By turns from strata of kind, dataflow and widths; each time the design whose units were taken least."""
    strata: dict[tuple[object, ...], list[DesignSpec]] = {}
    for spec in ordered:
        if isinstance(spec, AcceleratorSpec):
            continue
        widths = (spec.width_bits,) if isinstance(spec, AdderSpec) else (
            spec.activation_width_bits, spec.weight_width_bits)  # fmt: skip
        strata.setdefault((spec.kind, getattr(spec, "dataflow", ""), widths), []).append(spec)
    taken: Counter[str] = Counter()
    for round_ in zip_longest(*(iter(members) for members in strata.values())):
        for spec in sorted((spec for spec in round_ if spec is not None), key=lambda spec: _familiar(spec, taken)):
            taken.update(classes_of(spec))
            yield spec


def _familiar(spec: DesignSpec, taken: Counter[str]) -> tuple[int, str]:
    return sum(taken[name] for name in classes_of(spec)), spec_digest(spec)
