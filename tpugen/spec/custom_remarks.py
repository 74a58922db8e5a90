"""What the comments of a user's contract say: sentences, clock, reset, latency, and what each port carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from tpugen.errors import RequestError
from tpugen.spec.contract import Port, Reset

__all__ = ["CLOCK_NAMES", "Draft", "Header", "Remarks"]

CLOCK_NAMES = ("clk_i", "clk", "clock_i", "clock")
"""Ports that are the clock."""

_RESET_NAME = re.compile(r"a?(rst|reset)(_?n)?(_?i)?|a?(rst|reset)_ni", re.IGNORECASE)
_LATENCY_MAX = 10_000
_PRAGMAS = ("clock", "latency", "reset")

MakeError = Callable[..., RequestError]
LatencyWord = Literal["combinational", "fixed", "any", "reference"]


@dataclass(frozen=True)
class Header:
    """What a contract says.

    Attributes:
        module: Name of the module.
        ports: In order; `meaning` is the port's comment, or its number format where it has none.
        sentences: What the module does: the comments before it.
        clock: Clock port; None of a combinational module.
        clock_mhz: The clock it is for, where it says so.
        reset: Reset, where it has one.
        latency: What it says of latency; None where it says nothing.
        latency_cycles: The cycles of a `fixed` latency.
    """

    module: str
    ports: tuple[Port, ...]
    sentences: tuple[str, ...] = ()
    clock: str | None = None
    clock_mhz: float | None = None
    reset: Reset | None = None
    latency: LatencyWord | None = None
    latency_cycles: int | None = None


@dataclass
class Draft:
    """A port while it is being read."""

    line: int
    direction: str
    name: str
    width_bits: int
    signed: bool
    comments: list[str] = field(default_factory=list)


class Remarks:
    """The comments before the module: sentences, and what `clock`, `reset` and `latency` say.

    Args:
        name: The contract's file name.
        error: Makes an error from line, message and hint.
        remarks: Lines of the comments, each with its number.
    """

    def __init__(self, name: str, error: MakeError, remarks: list[tuple[int, str]]) -> None:
        self.name = name
        self.error = error
        self.said: dict[str, tuple[int, str]] = {}
        self.sentences: list[str] = []
        for line, words in remarks:
            match = re.fullmatch(r"([A-Za-z]{3,12})\s*:\s*(.+)", words)
            key = match[1].lower() if match else ""
            if match and key in _PRAGMAS:
                if key in self.said:
                    raise error(line, f"{key} is said twice (first in line {self.said[key][0]})")
                self.said[key] = (line, match[2].strip().rstrip("."))
            elif match and (close := get_close_matches(key, _PRAGMAS, 1, 0.85)):
                raise error(line, f"{match[1]!r} says nothing", f"did you mean `// {close[0]}: {match[2]}`?")
            elif words:
                self.sentences.append(words)

    def header(self, module: str, drafts: list[Draft]) -> Header:
        """What they say of a module with these ports.

        Raises:
            RequestError: they speak of ports that are not there, or cannot be read.
        """
        clock, clock_mhz = self._clock(drafts)
        reset = self._reset(drafts, clock)
        latency, cycles = self._latency(clock)
        control = {clock, reset.port if reset else None}
        for draft in drafts:
            if draft.name in control and (draft.width_bits != 1 or draft.direction != "input"):
                raise self.error(draft.line, f"{draft.name} must be an input of one bit")
        free = [draft for draft in drafts if draft.name not in control]
        for direction in ("input", "output"):
            if not any(draft.direction == direction for draft in free):
                raise RequestError(f"{self.name}: module {module} has no {direction} to drive or to look at")
        return Header(
            module=module,
            ports=tuple(_port(draft, clock, reset) for draft in drafts),
            sentences=tuple(_joined(self.sentences)),
            clock=clock,
            clock_mhz=clock_mhz,
            reset=reset,
            latency=latency,
            latency_cycles=cycles,
        )

    def _clock(self, drafts: list[Draft]) -> tuple[str | None, float | None]:
        inputs = [draft.name for draft in drafts if draft.direction == "input"]
        found = [name for name in CLOCK_NAMES if name in inputs]
        line, text = self.said.get("clock", (0, ""))
        clock_mhz = None
        for part in filter(None, (part.strip() for part in text.split(","))):
            match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(MHz|GHz)", part, re.IGNORECASE)
            if match:
                clock_mhz = float(match[1]) * (1000 if match[2].lower() == "ghz" else 1)
            elif part.lower() == "none":
                if found:
                    raise self.error(line, f"there is a clock: {found[0]}")
            elif part not in inputs:
                raise self.error(line, f"clock {part!r} is not an input", "e.g. `// clock: clk_i, 100 MHz`")
            elif part not in CLOCK_NAMES:
                known = ", ".join(CLOCK_NAMES)
                raise self.error(line, f"a clock port called {part} is not known", f"call it one of {known}")
            else:
                found = [part]
        if len(found) > 1:
            raise RequestError(f"{self.name}: two clocks: {', '.join(found)}", hint="one clock is supported")
        if clock_mhz is not None and not 0 < clock_mhz <= 10_000:
            raise self.error(line, f"{clock_mhz:g} MHz is out of range; above 0, up to 10000 is expected")
        return (found[0] if found else None), clock_mhz

    def _reset(self, drafts: list[Draft], clock: str | None) -> Reset | None:
        example = "e.g. `// reset: rst_ni, asynchronous, active low`, or `// reset: none`"
        inputs = [draft.name for draft in drafts if draft.direction == "input"]
        alike = [draft for draft in drafts if draft.name in inputs and _RESET_NAME.fullmatch(draft.name)]
        if "reset" not in self.said:
            if clock is None or not alike:
                return None
            if alike[0].name == "rst_ni":
                return Reset(port="rst_ni")
            raise self.error(alike[0].line, f"{alike[0].name} looks like a reset; say how it works", example)
        line, text = self.said["reset"]
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if [part.lower() for part in parts] == ["none"]:
            return None
        if clock is None:
            raise self.error(line, "a module without a clock has no reset", f"clocks are {', '.join(CLOCK_NAMES)}")
        words = {part.lower() for part in parts[1:]}
        unknown = words - {"asynchronous", "synchronous", "active low", "active high"}
        if not parts or parts[0] not in inputs or unknown or len(words) != 2 or len(parts) != 3:
            raise self.error(line, f"the reset {text!r} cannot be read", example)
        if ("asynchronous" in words) == ("synchronous" in words):
            raise self.error(line, f"the reset {text!r} must be synchronous or asynchronous", example)
        return Reset(port=parts[0], asynchronous="asynchronous" in words, active_low="active low" in words)

    def _latency(self, clock: str | None) -> tuple[LatencyWord | None, int | None]:
        if "latency" not in self.said:
            return None, None
        line, text = self.said["latency"]
        match = re.fullmatch(r"([0-9]{1,9})(?:\s+(?:clock\s+)?cycles?)?", text, re.IGNORECASE)
        example = "e.g. `// latency: 2 cycles`, `any`, `combinational`, or `as the reference`"
        if match:
            cycles = int(match[1])
            if cycles > _LATENCY_MAX:
                raise self.error(line, f"a latency of {cycles:,} cycles; at most {_LATENCY_MAX:,} is supported")
            if clock is None and cycles:
                raise self.error(
                    line, f"a module without a clock has no latency of {text}", f"clocks are {', '.join(CLOCK_NAMES)}"
                )
            return ("fixed", cycles) if clock is not None else ("combinational", None)
        word = text.lower()
        if word == "combinational":
            if clock is not None:
                raise self.error(line, f"the module has a clock, {clock}", "say `// latency: 0 cycles`, or drop it")
            return "combinational", None
        if word == "any" and clock is not None:
            return "any", None
        if word in ("reference", "as the reference", "as the reference says") and clock is not None:
            return "reference", None
        raise self.error(line, f"the latency {text!r} cannot be read", example)


def _joined(lines: list[str]) -> list[str]:
    """Sentences from lines: a line that begins in lower case goes on with the one before it."""
    sentences: list[str] = []
    for line in lines:
        ends = not sentences or sentences[-1].endswith((".", ":", ";")) or line.startswith(("-", "*"))
        if ends:
            sentences.append(line.lstrip("-* ") if line.startswith(("- ", "* ")) else line)
        else:
            sentences[-1] += f" {line}"
    return sentences


def _port(draft: Draft, clock: str | None, reset: Reset | None) -> Port:
    meaning = " ".join(filter(None, draft.comments)) or _default_meaning(draft, clock, reset)
    if reset is not None and draft.name == reset.port:
        words = reset.words().partition(", ")[2]
        meaning = meaning if all(word in meaning.lower() for word in words.split(", ")) else f"{meaning} ({words})"
    direction: Literal["input", "output"] = "input" if draft.direction == "input" else "output"
    return Port(name=draft.name, direction=direction, width_bits=draft.width_bits, meaning=meaning, signed=draft.signed)


def _default_meaning(draft: Draft, clock: str | None, reset: Reset | None) -> str:
    if draft.name == clock:
        return "clock; everything happens on its rising edge"
    if reset is not None and draft.name == reset.port:
        return "reset"
    if draft.width_bits == 1:
        for ending, words in (("valid", "a beat is offered"), ("ready", "the beat is taken")):
            if draft.name.endswith((f"{ending}_i", f"{ending}_o")):
                return words
        return "one bit"
    kind = "number, two's complement" if draft.signed else "unsigned number"
    return f"{draft.width_bits}-bit {kind}"
