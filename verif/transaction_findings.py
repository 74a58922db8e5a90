"""Turns what a transaction bench reported into findings: what was expected, what came, in which test and step."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Any

from tpugen.findings import Finding
from tpugen.spec import Contract
from tpugen.verif.transaction_ports import BeatPacker
from tpugen.verif.transactions import Expect, Look, Step, TransactionPlan, TransactionTest

__all__ = ["transaction_finding"]

_SHOWN_DIGITS = 40
_WORD_BITS = 32

_HINTS = {
    "latency": "Count the registers on the way, and look for idle cycles between beats.",
    "handshake": "Register valid and payload so that both hold until ready is high on a rising edge.",
    "reset": "Clear every valid and control flop in `always @(posedge clk_i or negedge rst_ni)`.",
    "x-output": "Reset all control flops, and never give what was neither reset nor written.",
    "extra-result": "Only what was taken with valid and ready both high may be answered; check flushing and reset.",
    "stuck": "Look at the ready logic: a channel whose ready waits for another channel that waits for it never moves.",
    "wrong-status": "Compare the condition that sets this output with the contract's text.",
}


def transaction_finding(contract: Contract, plan: TransactionPlan, event: Mapping[str, Any]) -> Finding:
    """The finding of one failed test.

    Args:
        contract: What the design had to be.
        plan: The plan that was executed.
        event: The bench's `fail` event.
    """
    rule = str(event["rule"])
    test = next(test for test in plan.tests if test.name == event["test"])
    message = f"test {test.name}: {event['message']}"
    hint = _HINTS.get(rule)
    step = _step(test, event.get("step"))
    if rule == "wrong-result" and isinstance(step, Expect):
        message += f". {_difference(contract, step, event)}"
        hint = step.hint or hint
    elif rule == "extra-result":
        message += f": {_ports(contract, str(event['channel']), int(event['got'], 16))}"
    elif rule == "x-output" and isinstance(step, Expect) and "beat" in event:
        message += f": {_place(step, int(event['beat']))} is {_short(str(event['got']))} (last port first)"
    elif rule == "stuck":
        awaited = _step(test, event.get("awaited_step"))
        if isinstance(awaited, Expect):
            message += f". First of those owed: {_place(awaited, int(event['awaited_beat']))}"
    elif rule == "wrong-status" and isinstance(step, Look):
        message += f" ({step.words})" if step.words else ""
        hint = step.hint or hint
    message += f". {_where(test, event)}The test: {test.meaning}"
    return Finding(severity="error", gate="simulate", rule=rule, message=message, hint=hint)


def _step(test: TransactionTest, number: int | None) -> Step | None:
    return None if number is None else test.steps[number]


def _where(test: TransactionTest, event: Mapping[str, Any]) -> str:
    number = event.get("step")
    return "" if number is None else f"Step {int(number) + 1} of {len(test.steps)}. "


def _place(step: Expect, beat: int) -> str:
    """What a beat is: `row 3 of C in results of a job of ...`."""
    what = step.labels[beat] if beat < len(step.labels) else f"beat {beat + 1} of {len(step.beats)}"
    if len(step.beats) == 1 and not step.labels:
        return step.words or step.channel
    return f"{what} in {step.words or step.channel}"


def _difference(contract: Contract, step: Expect, event: Mapping[str, Any]) -> str:
    """Which port of which beat is wrong first, in numbers."""
    beat = int(event["beat"])
    packer = BeatPacker(contract)
    care = None if step.care is None else packer.ports(step.channel, step.care[beat])
    expected = packer.ports(step.channel, step.beats[beat])
    got = packer.ports(step.channel, int(event["got"], 16))
    parts = []
    for name, value in expected.items():
        mask = (1 << packer.width(step.channel, name)) - 1 if care is None else care[name]
        if (value ^ got[name]) & mask:
            parts.append(_port_difference(step, name, value, got[name], mask))
    return f"First wrong: {_place(step, beat)}: {'; '.join(parts)}"


def _port_difference(step: Expect, name: str, expected: int, got: int, mask: int) -> str:
    if step.flags is not None and mask.bit_length() == _WORD_BITS:
        names = [_flags(step.flags, value) for value in (got, expected)]
        return f"{name} is {_hex(got)} ({names[0]}), expected {_hex(expected)} ({names[1]})"
    if step.lanes is None or step.lanes[0] != name:
        return f"{name} is {_hex(got & mask)}, expected {_hex(expected & mask)}"
    _, width, signed = step.lanes
    element = (1 << width) - 1
    count = max(1, -(-max(mask, 1).bit_length() // width))
    wrong = [i for i in range(count) if (expected ^ got) >> i * width & element & (mask >> i * width)]
    first = wrong[0]
    numbers = [_number(bits >> first * width & element, width, signed) for bits in (got, expected)]
    elements = f"{len(wrong)} of {count} elements wrong; element {first} " if count > 1 else ""
    return f"{name}: {elements}is {numbers[0]}, expected {numbers[1]}"


def _flags(flags: type[IntFlag], value: int) -> str:
    known = [str(flag.name) for flag in flags if value & flag]
    return ", ".join(known) or "none"


def _number(bits: int, width: int, signed: bool) -> str:
    value = bits - (1 << width) if signed and bits >> (width - 1) else bits
    return f"{value} (0x{bits:0{-(-width // 4)}X})"


def _hex(value: int) -> str:
    if value < 10:
        return str(value)
    return f"{value} (0x{value:X})" if value < 1 << 32 else f"0x{_short(format(value, 'X'))}"


def _short(digits: str) -> str:
    return digits if len(digits) <= _SHOWN_DIGITS else f"{digits[:_SHOWN_DIGITS]}..."


def _ports(contract: Contract, channel: str, beat: int) -> str:
    values = BeatPacker(contract).ports(channel, beat)
    return ", ".join(f"{name} = {_hex(value)}" for name, value in values.items())
