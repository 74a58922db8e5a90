"""Fixed splits: which designs are neighbours, and whether these go to training, validation or test.

Two designs are neighbours where they have the same kind, dataflow and arithmetic units, whatever their clock, sizes,
widths, parameters and signedness; TPUs, where they have the same array; PIM tiles, where they have crossbars of the
same size, the same weights, and skip zeros or not; decoder layers, where they make the same choices, whatever their
dimensions. Neighbours share a split, so no design of one split is a resized design of another (TPUs, which differ in
nothing else, apart). A group's split depends on the group alone: designs that are added later never move those that are
there.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Literal, get_args

from tpugen.spec import (
    AdderSpec,
    DesignSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)

__all__ = ["SPLITS", "Split", "group_of", "split_of", "split_of_group"]

Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

_SALT = "tpugen dataset 85"
"""Chosen so that every kind, and arrays of every dataflow, have 7 to 13 % of their designs in each small split."""

_PARTS = 10


def group_of(spec: DesignSpec) -> str:
    """The group of neighbours that a design belongs to, e.g. `systolic_array/weight_stationary/drum+shared/loa`."""
    match spec:
        case AdderSpec():
            units = [spec.adder.structure or spec.adder.family]
        case MultiplierSpec():
            units = [spec.multiplier.structure or spec.multiplier.family]
        case TpuSpec():
            return f"tpu/{spec.rows}x{spec.cols}"
        case PimTileSpec():
            skipping = "+skipping" if spec.zero_skipping else ""
            return f"pim_tile/{spec.weights}{skipping}/{spec.crossbar_rows}x{spec.crossbar_cols}"
        case PimLlmSpec():
            return f"pim_llm/{spec.weights}/{spec.norm}/{spec.activation}{_layer_choices(spec)}"
        case _:
            multiplier = spec.multiplier.structure or spec.multiplier.family
            shared = "+shared" if getattr(spec, "shared_pre_approximation", False) else ""
            units = [f"{multiplier}{shared}", spec.adder.structure or spec.adder.family]
    dataflow = [spec.dataflow] if isinstance(spec, SystolicArraySpec) else []
    return "/".join([spec.kind, *dataflow, *units])


def _layer_choices(spec: PimLlmSpec) -> str:
    chosen = {"gated": spec.gated, "grouped": spec.kv_heads < spec.heads, "skipping": spec.zero_skipping}
    return "".join(f"+{name}" for name, is_so in chosen.items() if is_so)


@cache
def split_of_group(group: str) -> Split:
    """The split of a group: one in ten each to validation and test."""
    number = int.from_bytes(hashlib.sha256(f"{_SALT}:{group}".encode()).digest()[:8], "big") % _PARTS
    return {0: "validation", 1: "test"}.get(number, "train")  # type: ignore[return-value]


def split_of(spec: DesignSpec) -> Split:
    """The split of a design."""
    return split_of_group(group_of(spec))
