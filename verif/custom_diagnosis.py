"""Puts what the bench of a user's design found into words: cycle, inputs, expected, got, and what it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tpugen.findings import Finding
from tpugen.spec import Contract
from tpugen.verif.custom_plan import CustomPlan, beat_fields
from tpugen.verif.plan import CombinationalPlan, CyclePlan, CycleTest, Field, StreamPlan, StreamTest

__all__ = ["explain"]

_SHIFTS = (1, 2, 3, 4, -1, -2, -3)
_SHOWN_BEATS = 3

_HINTS = {
    "handshake": "Hold valid and payload until ready is high on a rising edge.",
    "reset": "Clear every valid and control flop in the reset branch.",
    "x-output": "Give every register a value at reset, and drive every output.",
    "extra-result": "Only beats taken with valid and ready both high may produce results; check reset.",
    "stuck": "Look at the ready logic: ready must not wait for something that never comes.",
    "latency": "Count the registers between operands and result.",
}


@dataclass(frozen=True)
class _Difference:
    """One output that is not what it should be."""

    port: Field
    expected: int
    got: str

    @property
    def known(self) -> int | None:
        """The value that came; None where a bit is unknown."""
        return int(self.got, 2) if self.got.isdigit() else None


def explain(contract: Contract, custom: CustomPlan, reference: str, event: Mapping[str, Any]) -> Finding:
    """The finding of one failed test.

    Args:
        contract: What was simulated.
        custom: The plan that was executed.
        reference: File name of the reference.
        event: The bench's `fail` event.
    """
    plan, rule = custom.plan, str(event["rule"])
    test = next(test for test in plan.tests if test.name == event["test"])
    if isinstance(plan, StreamPlan):
        assert isinstance(test, StreamTest)  # noqa: S101 - of the same plan
        rule, message, hint = _beats(contract, custom, test, event)
    elif isinstance(plan, CyclePlan):
        assert isinstance(test, CycleTest)  # noqa: S101 - of the same plan
        rule, message, hint = _cycles(contract, custom, test, event)
    else:
        message, hint = _vector(contract, plan, event)
    return Finding(
        severity="error",
        gate="simulate",
        rule=rule,
        message=f"test {test.name}: {message} The test: {test.meaning}; {reference} says what is expected.",
        hint=hint or _HINTS.get(rule),
    )


# -- words --------------------------------------------------------------------------------------------------------


def _number(contract: Contract, port: Field, bits: int) -> str:
    """Decimal and hexadecimal, e.g. `-3 (8'hfd)`; one bit alone."""
    width = port.width_bits
    bits &= (1 << width) - 1
    if width == 1:
        return str(bits)
    signed = bool(contract.port(port.name).signed)
    if width > 64 or (width > 32 and not signed):  # several numbers side by side, most likely
        return f"{width}'h{bits:0{-(-width // 4)}x}"
    value = bits - (1 << width) if signed and bits >> (width - 1) else bits
    return f"{value} ({width}'h{bits:0{-(-width // 4)}x})"


def _values(contract: Contract, fields: Sequence[Field], vector: int) -> str:
    return ", ".join(f"{field.name} = {_number(contract, field, vector >> field.offset)}" for field in fields)


def _differences(fields: Sequence[Field], expected: int, care: int, got: str) -> list[_Difference]:
    """Outputs of which a bit that counts is wrong; `got` has its most significant bit first."""
    found = []
    for field in fields:
        mask = (1 << field.width_bits) - 1
        marks = care >> field.offset & mask
        low = len(got) - field.offset
        bits = got[low - field.width_bits : low]
        counted = "".join(
            bit if mark == "1" else "0" for bit, mark in zip(bits, format(marks, f"0{field.width_bits}b"), strict=True)
        )
        wanted = expected >> field.offset & mask
        if not counted.isdigit() or int(counted, 2) != wanted & marks:
            found.append(_Difference(field, wanted, bits))
    return found


def _said(contract: Contract, differences: Sequence[_Difference]) -> str:
    parts = []
    for item in differences:
        known = item.known
        got = _number(contract, item.port, known) if known is not None else f"unknown ({item.got.lower()[:64]})"
        parts.append(f"{item.port.name} is {got}, expected {_number(contract, item.port, item.expected)}")
    return "; ".join(parts)


def _looks_like(contract: Contract, differences: Sequence[_Difference]) -> str | None:
    """What a wrong number looks like: an end not kept, one off, a sign, an unknown."""
    if not differences:
        return None
    first = differences[0]
    port, got = first.port, first.known
    if got is None:
        return None
    width, signed = port.width_bits, bool(contract.port(port.name).signed)
    whole = 1 << width
    value, wanted = (number - whole if signed and number >> (width - 1) else number for number in (got, first.expected))
    if width > 2 and abs(value - wanted) == 1:
        return f"{port.name} is one {'more' if value > wanted else 'less'} than expected: look for an off-by-one."
    ends = {(whole >> 1) - 1: "largest", whole >> 1: "smallest"} if signed else {whole - 1: "largest"}
    if width > 1 and first.expected in ends:
        end = ends[first.expected]
        return f"Expected is the {end} value that {port.name} can have: the result must saturate there, not wrap."
    if width > 2 and (got + first.expected) % whole == 0:
        return f"{port.name} has the wrong sign."
    if width > 3 and not (got ^ first.expected) & ((1 << (width // 2)) - 1):
        return (
            f"Only the highest bits of {port.name} differ: check sign extension and the widths of intermediate results."
        )
    return None


# -- combinational ------------------------------------------------------------------------------------------------


def _vector(contract: Contract, plan: CombinationalPlan, event: Mapping[str, Any]) -> tuple[str, str | None]:
    test = next(test for test in plan.tests if test.name == event["test"])
    number = int(event["beat"])
    care = test.care[number] if test.care else (1 << plan.sample_bits) - 1
    got = str(event["got"])
    if event["rule"] == "wrong-result":
        got = format(int(got, 16), f"0{plan.sample_bits}b")
    differences = _differences(plan.outputs, test.expected[number], care, got)
    inputs = _values(contract, plan.inputs, test.drive[number])
    return f"for {inputs}: {_said(contract, differences)}.", _looks_like(contract, differences)


# -- cycle by cycle -----------------------------------------------------------------------------------------------


def _cycles(
    contract: Contract, custom: CustomPlan, test: CycleTest, event: Mapping[str, Any]
) -> tuple[str, str, str | None]:
    plan, cycle = custom.plan, int(event["cycle"])
    assert isinstance(plan, CyclePlan)  # noqa: S101 - the caller looked
    differences = _differences(plan.outputs, test.expected[cycle], test.care[cycle], event["samples"][0])
    reset = contract.reset_port
    resetting = reset is not None and not test.drive[cycle] & 1
    after_reset = reset is not None and not resetting and cycle > 0 and not test.drive[cycle - 1] & 1
    place = f"in cycle {cycle}"
    rule, hint = str(event["rule"]), None
    if reset is not None and (resetting or after_reset):
        level = "low" if reset.active_low else "high"
        state = f"while {reset.port} is {level}" if resetting else f"in the first cycle after {reset.port} was {level}"
        place, rule = f"{place}, {state}", "reset"
        edge = f"posedge {contract.clock_name}" + (
            f" or {'negedge' if reset.active_low else 'posedge'} {reset.port}" if reset.asynchronous else ""
        )
        hint = f"The reset is {reset.words().partition(', ')[2]}: `always @({edge})`; check the values in its branch."
    elif shift := _shift(custom, test, event):
        rule = "latency"
        words = f"{abs(shift)} cycle{'s' if abs(shift) > 1 else ''} too {'late' if shift > 0 else 'early'}"
        place = f"the outputs come {words}: {place}"
        hint = f"{'Remove' if shift > 0 else 'Add'} {abs(shift)} register{'s' if abs(shift) > 1 else ''} on their way."
    else:
        hint = _looks_like(contract, differences)
    text = f"{place} {_said(contract, differences)}"
    text += (
        f" ({'inputs' if custom.mode != 'pipelined' else 'their inputs'}: {_history(contract, custom, test, cycle)})."
    )
    text += f" {event['message'][0].upper()}{event['message'][1:]}"
    more = [str(number) for number in event["wrong"][1:4]]
    return rule, f"{text}{', next ' + ', '.join(more) if more else ''}.", hint


def _history(contract: Contract, custom: CustomPlan, test: CycleTest, cycle: int) -> str:
    """The inputs that the wrong outputs should have come from, and those of the cycle itself."""
    plan = custom.plan
    assert isinstance(plan, CyclePlan)  # noqa: S101 - the caller looked
    if custom.mode == "pipelined":
        source = cycle - (contract.latency.cycles or 0)
        return f"cycle {source}: {_values(contract, plan.inputs, test.drive[source])}"
    first = max(0, cycle - 1)
    parts = []
    for number in range(first, cycle + 1):
        asserted = contract.reset_port is not None and not test.drive[number] & 1
        state = "reset, " if asserted else ""
        parts.append(f"cycle {number}: {state}{_values(contract, plan.inputs, test.drive[number])}")
    return "; ".join(parts)


def _shift(custom: CustomPlan, test: CycleTest, event: Mapping[str, Any]) -> int | None:
    """Cycles by which what came is what was expected earlier (positive: it is late), over a stretch that varies."""
    cycle, samples = int(event["cycle"]), [str(sample) for sample in event["samples"]]
    if len(samples) < 8:
        return None
    for shift in _SHIFTS:
        pairs = []
        for number, sample in enumerate(samples):
            source = cycle + number - shift
            if not 0 <= source < len(test.expected):
                break
            if not test.drive[cycle + number] & test.drive[source] & 1 or not test.care[source]:
                continue  # reset hides what comes when
            pairs.append((sample, test.expected[source], test.care[source]))
        wanted = {expected & care for _, expected, care in pairs}
        if len(pairs) >= 12 and len(wanted) >= 3 and all(_same(*pair) for pair in pairs):
            return shift
    return None


def _same(sample: str, expected: int, care: int) -> bool:
    width = len(sample)
    return all(
        mark == "0" or bit == want
        for bit, want, mark in zip(sample, format(expected, f"0{width}b"), format(care, f"0{width}b"), strict=True)
    )


# -- beat by beat -------------------------------------------------------------------------------------------------


def _beats(
    contract: Contract, custom: CustomPlan, test: StreamTest, event: Mapping[str, Any]
) -> tuple[str, str, str | None]:
    rule, message = str(event["rule"]), f"{event['message']}."
    if rule == "reset" and contract.reset_port is not None:
        reset = contract.reset_port
        level = "low" if reset.active_low else "high"
        source = next(channel for channel in contract.channels if channel.role == "source")
        message = (
            f"cycle {event['cycle']}: {source.valid} is not 0 while {reset.port} is {level}; "
            f"the reset is {reset.words().partition(', ')[2]}."
        )
        return rule, message, _HINTS["reset"]
    if rule == "latency":
        beats = len(next(iter(test.phases[0].sinks.values())))
        measured, stated = int(event["measured"]) - beats, int(event["expected"]) - beats
        message = (
            f"a result is offered {measured} clock cycles after the beat that gives it is taken; "
            f"the contract says {stated}."
        )
        return rule, message, _HINTS["latency"]
    if rule == "wrong-result" or (rule == "x-output" and "beat" in event):
        return rule, *_beat(contract, custom, test, event)
    return rule, message, None


def _beat(contract: Contract, custom: CustomPlan, test: StreamTest, event: Mapping[str, Any]) -> tuple[str, str | None]:
    plan, index, number = custom.plan, int(event["phase"]), int(event["beat"])
    assert isinstance(plan, StreamPlan)  # noqa: S101 - the caller looked
    phase = test.phases[index]
    outputs = beat_fields(contract, "source")
    width = plan.out_beat.width_bits
    got = str(event["got"]) if event["rule"] == "x-output" else format(int(event["got"], 16), f"0{width}b")
    if number >= len(phase.expected):
        return f"result beat {number + 1} came where only {len(phase.expected)} were expected.", None
    care = phase.care[number] if phase.care else (1 << width) - 1
    differences = _differences(outputs, phase.expected[number], care, got)
    origins = custom.origins[test.name][index]
    last = origins[number]
    first = origins[number - 1] + 1 if number else 0
    taken = [_taken(contract, phase.sinks, beat) for beat in range(max(first, last - _SHOWN_BEATS + 1), last + 1)]
    skipped = "..., then " if last - first >= _SHOWN_BEATS else ""
    text = f"result beat {number + 1}: {_said(contract, differences)} (from {skipped}{'; then '.join(taken)})."
    if "wrong" in event:
        text += f" {event['wrong']} of {len(phase.expected)} result beats are wrong."
    hint = _looks_like(contract, differences) or _other_beat(
        phase.expected, number, int(got, 2) if got.isdigit() else None
    )
    return text, hint


def _taken(contract: Contract, sinks: Mapping[str, Sequence[int]], beat: int) -> str:
    fields = beat_fields(contract, "sink")
    parts = []
    for channel in contract.channels:
        if channel.role == "sink":
            own = [field for field in fields if field.name in channel.payload]
            parts.append(_values(contract, own, sinks[channel.name][beat]))
    return ", ".join(parts)


def _other_beat(expected: Sequence[int], number: int, got: int | None) -> str | None:
    for step in (1, -1, 2, -2):
        other = number + step
        if got is not None and 0 <= other < len(expected) and expected[other] == got != expected[number]:
            where = "later" if step > 0 else "earlier"
            return (
                f"What came is the result expected {abs(step)} place{'s' if abs(step) > 1 else ''} {where}: a beat was "
                f"{'lost' if step > 0 else 'given twice'}; look at what happens while the result channel waits."
            )
    return None
