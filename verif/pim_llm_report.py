"""What the simulation of the hybrid accelerator says beyond its verdict: operators, clipping, the recorded token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tpugen.arithmetic.decoder_layer import MatrixName
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.tiles import tile_shapes
from tpugen.results import AcceleratorSimulation
from tpugen.results.accelerators import ClippingRecord, OperatorMeasurement
from tpugen.spec import PimLlmSpec
from tpugen.verif.pim_llm_plan import FULL_RATE
from tpugen.verif.pim_llm_steps import CLIPS_TAG, COUNTER_TAG, PLANES_TAG

__all__ = ["pim_llm_simulation"]

_WORD = 0xFFFFFFFF


def pim_llm_simulation(
    spec: PimLlmSpec, observed: Sequence[Mapping[str, Any]], window_cycles: int
) -> AcceleratorSimulation:
    """Operators of the first and the last token at full speed, clipping over all of them.

    Args:
        spec: The accelerator.
        observed: The bench's `observed` events.
        window_cycles: Cycles of the stretch whose activity was recorded; 0: none was.
    """
    seen = _by_position(observed)
    positions = sorted(position for position, kinds in seen.items() if COUNTER_TAG in kinds)
    if not positions:
        return AcceleratorSimulation(tokens=0, operators=[])
    first, last = (_operators(spec, position, seen[position]) for position in (positions[0], positions[-1]))
    return AcceleratorSimulation(
        position=positions[-1],
        tokens=len(positions),
        operators=last,
        first=first,
        clipping=_clipping(spec, [seen[position] for position in positions]),
        activity_cycles={item.name: item.simulated_cycles for item in last} if window_cycles else {},
        activity_window_cycles=window_cycles,
    )


_Seen = Mapping[str, Mapping[str, int]]
"""Values by kind and by name of operator or matrix."""


def _by_position(observed: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, dict[str, int]]]:
    seen: dict[int, dict[str, dict[str, int]]] = {}
    for event in observed:
        if event["test"] == FULL_RATE:
            kind, position, name = str(event["tag"]).split()
            seen.setdefault(int(position), {}).setdefault(kind, {})[name] = int(event["value"]) & _WORD
    return seen


def _operators(spec: PimLlmSpec, position: int, seen: _Seen) -> list[OperatorMeasurement]:
    read = seen.get(PLANES_TAG, {})
    planes = {name: read[name] for name in spec.shape.matrices if name in read}
    model = operator_cycles(spec.shape, spec.array, spec.crossbars, position, planes or None)
    return [
        OperatorMeasurement(
            name=operator.name.lower(),
            shape=_sizes(spec, operator, position),
            simulated_cycles=seen[COUNTER_TAG][operator.name],
            model_cycles=cycles,
        )
        for operator, cycles in model.items()
        if operator.name in seen[COUNTER_TAG]
    ]


def _sizes(spec: PimLlmSpec, operator: Operator, position: int) -> str:
    """Sizes in words: inputs x outputs of a matrix, heads and positions of attention, else elements."""
    shape = spec.shape
    matrices: dict[Operator, MatrixName] = {
        Operator.QUERY: "W_Q", Operator.KEY: "W_K", Operator.VALUE: "W_V", Operator.OUTPUT: "W_X",
        Operator.GATE: "W_G", Operator.UP: "W_I", Operator.DOWN: "W_O",
    }  # fmt: skip
    if operator in matrices:
        rows, cols = shape.matrices[matrices[operator]]
        return f"{rows} x {cols}"
    heads, positions = f"{shape.heads} heads", position + 1
    match operator:
        case Operator.SCORES:
            return f"{heads} x {shape.d_head} x {positions}"
        case Operator.SOFTMAX:
            return f"{heads} x {positions}"
        case Operator.CONTEXT:
            return f"{heads} x {positions} x {shape.d_head}"
        case Operator.ACTIVATION | Operator.QUANTISE4:
            return str(shape.d_ff)
        case _:
            return str(shape.d)


def _clipping(spec: PimLlmSpec, tokens: Sequence[_Seen]) -> list[ClippingRecord]:
    records = []
    for name, tile in tile_shapes(spec.shape, spec.crossbars).items():
        clips = sum(seen.get(CLIPS_TAG, {}).get(name, 0) for seen in tokens)
        planes = sum(seen.get(PLANES_TAG, {}).get(name, 0) for seen in tokens)
        records.append(
            ClippingRecord(
                name=name,
                conversions=planes * tile.block_rows * tile.cols,
                clipped=clips,
                planes_read=planes,
                planes=len(tokens) * tile.activation_width_bits,
            )
        )
    return records
