"""Which whole accelerators the dataset holds: tensor units, PIM tiles, decoder layers, by fixed rotations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import get_args

from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.accelerators import Activation, Norm, WeightKind

__all__ = ["CROSSBAR_SIZES", "TPU_SHAPES", "accelerator_specs", "core_accelerators"]

TPU_SHAPES: tuple[tuple[int, int], ...] = (
    (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 128), (256, 256), (8, 16), (16, 8), (4, 8), (20, 2),
    (3, 5), (12, 12), (16, 4), (24, 24), (5, 3), (10, 10), (48, 48), (2, 8), (8, 4), (32, 16), (6, 6), (3, 2), (6, 3),
    (4, 2),
)  # fmt: skip
"""(rows, cols) of tensor units."""

CROSSBAR_SIZES: tuple[tuple[int, int], ...] = (
    (16, 16), (32, 32), (64, 64), (128, 128), (256, 256), (128, 64), (32, 64), (24, 16),
)  # fmt: skip
"""(word lines, column pairs) of crossbars."""

_DEPTHS = (256, 64, 512, 1024, 16, 128, 32)
_MULTIPLIERS_BITS = (32, 16, 24)
_MATRICES = ((128, 128), (64, 64), (256, 64), (100, 30), (40, 24), (512, 128), (20, 12), (33, 65), (768, 256))
_ADC_BITS = (8, 6, 5, 7, 4)
_SHARED = (8, 4, 16, 1, 2)
_ACTIVATIONS_BITS = (8, 8, 4, 8, 6)
_LANES = ((1, 1), (1, 1), (4, 2), (2, 4), (8, 8))
_LAYERS = (
    (64, 4, 128, 16), (8, 2, 16, 4), (128, 8, 512, 128), (32, 4, 80, 32), (256, 8, 1024, 256), (16, 4, 24, 8),
    (768, 12, 3072, 512), (96, 6, 192, 48), (12, 2, 20, 5),
)  # fmt: skip
"""(d, heads, d_ff, context) of decoder layers."""
_ARRAYS = ((8, 8), (4, 4), (16, 16), (32, 32), (3, 5), (8, 4), (2, 2))
_WEIGHTS: tuple[WeightKind, ...] = get_args(WeightKind)
_NORMS: tuple[Norm, ...] = get_args(Norm)
_ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
_TPU_VARIANTS = 4
_TILE_VARIANTS = 10
_LAYER_VARIANTS = 2


def core_accelerators() -> Iterator[AcceleratorSpec]:
    """What people ask for most."""
    yield from (TpuSpec(rows=side, cols=side) for side in (8, 16, 32, 128))
    yield TpuSpec(rows=16, cols=16, operand_depth=512, unsigned_activations=True)
    for weights in _WEIGHTS:
        yield PimTileSpec(weights=weights)
        yield PimTileSpec(rows=256, cols=64, weights=weights, crossbar_rows=64, crossbar_cols=64, adc_bits=5,
                          columns_per_adc=4, zero_skipping=True)  # fmt: skip
        yield PimLlmSpec(weights=weights, d_ff=128, context=16)
        yield PimLlmSpec(weights=weights, d=128, heads=8, kv_heads=2, d_ff=512, context=128, gated=True,
                         activation="relu2", rows=32, cols=32, adc_bits=6)  # fmt: skip
        yield PimLlmSpec(weights=weights, d=256, heads=8, d_ff=1024, context=256, norm="layer_norm", rows=16, cols=16,
                         zero_skipping=True)  # fmt: skip


def accelerator_specs() -> Iterator[AcceleratorSpec]:
    """Every accelerator of the dataset but the core's: all legal, in a fixed order."""
    yield from _tpus()
    yield from _tiles()
    yield from _layers()


def _tpus() -> Iterator[AcceleratorSpec]:
    numbers = iter(range(len(TPU_SHAPES) * _TPU_VARIANTS))
    for rows, cols in TPU_SHAPES:
        for variant in range(_TPU_VARIANTS):
            number = next(numbers)
            yield TpuSpec(
                rows=rows,
                cols=cols,
                operand_depth=_DEPTHS[number % len(_DEPTHS)],
                multiplier_width_bits=_MULTIPLIERS_BITS[number % len(_MULTIPLIERS_BITS)],
                unsigned_activations=variant % 2 == 1,
            )


def _tiles() -> Iterator[AcceleratorSpec]:
    places = product(_WEIGHTS, (False, True), CROSSBAR_SIZES, range(_TILE_VARIANTS))
    for number, (weights, skipping, (crossbar_rows, crossbar_cols), _) in enumerate(places):
        rows, cols = _MATRICES[number % len(_MATRICES)]
        inputs, outputs = _LANES[number % len(_LANES)]
        yield PimTileSpec(
            rows=rows,
            cols=cols,
            weights=weights,
            activation_width_bits=_ACTIVATIONS_BITS[number % len(_ACTIVATIONS_BITS)],
            result_width_bits=(32, 24)[number % 2],
            crossbar_rows=crossbar_rows,
            crossbar_cols=crossbar_cols,
            adc_bits=_ADC_BITS[(number // 2) % len(_ADC_BITS)],
            columns_per_adc=_SHARED[(number // 3) % len(_SHARED)],
            zero_skipping=skipping,
            input_lanes=inputs,
            output_lanes=outputs,
        )


def _layers() -> Iterator[AcceleratorSpec]:
    choices = product(
        _WEIGHTS, _NORMS, _ACTIVATIONS, (False, True), (False, True),
        (False, True), range(_LAYER_VARIANTS),
    )  # fmt: skip
    for number, (weights, norm, activation, gated, grouped, skipping, _) in enumerate(choices):
        d, heads, d_ff, context = _LAYERS[number % len(_LAYERS)]
        rows, cols = _ARRAYS[number % len(_ARRAYS)]
        crossbar_rows, crossbar_cols = CROSSBAR_SIZES[(number // 2) % len(CROSSBAR_SIZES)]
        yield PimLlmSpec(
            d=d,
            heads=heads,
            kv_heads=heads // 2 if grouped else heads,
            d_ff=d_ff,
            context=context,
            gated=gated,
            norm=norm,
            activation=activation,
            weights=weights,
            rows=rows,
            cols=cols,
            operand_depth=_DEPTHS[number % len(_DEPTHS)],
            crossbar_rows=crossbar_rows,
            crossbar_cols=crossbar_cols,
            adc_bits=_ADC_BITS[number % len(_ADC_BITS)],
            columns_per_adc=_SHARED[number % len(_SHARED)],
            zero_skipping=skipping,
        )
