"""Turns what a bench reported into findings that a designer, or a repair prompt, can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tpugen.findings import Finding
from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, contract_for
from tpugen.verif import golden
from tpugen.verif.operands import Tile
from tpugen.verif.plan import CombinationalPlan, StreamPlan

__all__ = ["finding_for"]

_SHOWN_OPERANDS = 8

_HINTS = {
    "latency": "Count the registers between operand and result, and look for idle cycles between tiles.",
    "handshake": "Register valid and payload so that both hold until result_ready_i is high on a rising edge.",
    "reset": "Clear every valid and control flop in `always @(posedge clk_i or negedge rst_ni)`.",
    "x-output": "Reset all control flops; start accumulators at a tile's first operand instead of relying on reset.",
    "extra-result": "Only operands taken with valid and ready both high may produce results; check flushing and reset.",
    "stuck": "Look at the ready logic: a channel whose ready waits for another channel that waits for it never moves.",
}


def finding_for(spec: DesignSpec, plan: StreamPlan | CombinationalPlan, event: Mapping[str, Any]) -> Finding:
    """The finding of one failed test.

    Args:
        spec: What was simulated.
        plan: The plan that was executed.
        event: The bench's `fail` event.
    """
    rule = str(event["rule"])
    message = f"test {event['test']}: {event['message']}"
    hint = _HINTS.get(rule)
    if rule == "wrong-result":
        detail, hint = _vector(spec, plan, event) if isinstance(plan, CombinationalPlan) else _beat(spec, plan, event)
        message += f". {detail}"
    elif rule == "x-output" and isinstance(plan, StreamPlan) and "beat" in event:
        message += f". Result beat {event['beat'] + 1} is {event['got'][:80]} (last flag first)"
    elif rule == "x-output" and isinstance(plan, CombinationalPlan):
        message += f", for {_operands(plan, event)}"
    if isinstance(plan, StreamPlan):
        test = next(test for test in plan.tests if test.name == event["test"])
        message += f". The test: {test.meaning}"
    return Finding(severity="error", gate="simulate", rule=rule, message=message, hint=hint)


def _number(bits: int, width_bits: int, signed: bool) -> str:
    digits = -(-width_bits // 4)
    value = golden.unpack(bits, width_bits, 1, signed)[0]
    return f"{value} ({width_bits}'h{bits & ((1 << width_bits) - 1):0{digits}x})"


def _operands(plan: CombinationalPlan, event: Mapping[str, Any]) -> str:
    test = next(test for test in plan.tests if test.name == event["test"])
    vector = test.drive[event["beat"]]
    return ", ".join(
        f"{field.name} = {field.width_bits}'h{(vector >> field.offset) & ((1 << field.width_bits) - 1):x}"
        for field in plan.inputs
    )


def _vector(spec: DesignSpec, plan: CombinationalPlan, event: Mapping[str, Any]) -> tuple[str, str | None]:
    test = next(test for test in plan.tests if test.name == event["test"])
    vector, expected, got = test.drive[event["beat"]], test.expected[event["beat"]], int(event["got"], 16)
    operands = ", ".join(
        f"{field.name} = {_number(vector >> field.offset, field.width_bits, spec.signed)}" for field in plan.inputs
    )
    name, width = plan.outputs[0].name, plan.sample_bits
    text = f"{operands}: {name} is {_number(got, width, spec.signed)}, expected {_number(expected, width, spec.signed)}"
    return text, _arithmetic_hint(spec, expected, got, width)


def _arithmetic_hint(spec: DesignSpec, expected: int, got: int, width_bits: int) -> str | None:
    difference = expected ^ got
    low_half = (1 << (width_bits // 2)) - 1
    if spec.signed and difference >> (width_bits - 1) and not difference & low_half:
        return "Only high bits differ: check $signed on both operands and sign extension to the full width."
    if isinstance(spec, AdderSpec | MultiplierSpec):
        return f"The output is {width_bits} bits wide and must hold every result; widen before the operation."
    return None


def _beat(spec: DesignSpec, plan: StreamPlan, event: Mapping[str, Any]) -> tuple[str, str | None]:
    """Which element of which result beat is wrong first, and from which operands it should have come."""
    test = next(test for test in plan.tests if test.name == event["test"])
    phase = test.phases[event["phase"]]
    expected, got = phase.expected[event["beat"]], int(event["got"], 16)
    number, row, tile = phase.labels[event["beat"]]
    width = int(getattr(spec, "accumulator_width_bits", 1))
    cols = int(getattr(spec, "cols", 1))
    place = f"tile {number + 1} of {phase.labels[-1][0] + 1}, result beat {row + 1}"
    payload = (1 << (cols * width)) - 1
    if (expected ^ got) & payload == 0:
        was, should = got >> (cols * width), expected >> (cols * width)
        return (
            f"First in {place}: result_last_o is {was}, expected {should}",
            "Raise result_last_o with the last result row of each tile, and only then.",
        )
    wrong = [c for c in range(cols) if ((expected ^ got) >> (c * width)) & ((1 << width) - 1)]
    col = wrong[0]
    text = (
        f"First in {place}: {len(wrong)} of {cols} columns wrong; column {col} is "
        f"{_number(got >> (col * width), width, spec.signed)}, expected "
        f"{_number(expected >> (col * width), width, spec.signed)}; {_sources(spec, tile, row, col)}"
    )
    hint = _arithmetic_hint(
        spec, expected >> (col * width) & ((1 << width) - 1), got >> (col * width) & ((1 << width) - 1), width
    )
    return text, hint or _other_beat(phase.expected, expected, got)


def _other_beat(beats: Iterable[int], expected: int, got: int) -> str | None:
    order = list(beats)
    if got in order:
        return (
            f"The beat that came is the one expected {abs(order.index(got) - order.index(expected))} place(s) "
            f"{'later' if order.index(got) > order.index(expected) else 'earlier'}: check row order and drain timing."
        )
    return None


def _sources(spec: DesignSpec, tile: Tile, row: int, col: int) -> str:
    """The dot product behind one result element, shortened."""
    streams_columns = getattr(spec, "dataflow", "") == "input_stationary"
    a = tile.activations[col if streams_columns else row, :].tolist()
    w = tile.weights[:, row if streams_columns else col].tolist()
    text = f"it is the dot product (K = {len(a)}) of activations {_short(a)} and weights {_short(w)}"
    if tile.partial is not None and not isinstance(spec, MacSpec):
        text += f" plus partial sum {tile.partial[col if streams_columns else row, row if streams_columns else col]}"
    return text + f", modulo 2^{getattr(spec, 'accumulator_width_bits', 0)} ({contract_for(spec).module})"


def _short(values: list[int]) -> str:
    shown = ", ".join(str(value) for value in values[:_SHOWN_OPERANDS])
    return f"[{shown}{', ...' if len(values) > _SHOWN_OPERANDS else ''}]"
