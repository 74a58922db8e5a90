"""What every contract is made of: ports, channels, reset, the contract itself."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.spec.latency import Latency

__all__ = [
    "CLOCK_PORTS",
    "Channel",
    "Contract",
    "Port",
    "Reset",
    "number_words",
    "port_in",
    "port_out",
    "widths_name",
]


def _is_none(value: object) -> bool:
    return value is None


class Port(BaseModel):
    """One port: name, direction, width in bits, what it carries.

    `signed` is what a user's header says; None in contracts of the library, whose `meaning` says the number format.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    direction: Literal["input", "output"]
    width_bits: int
    meaning: str
    signed: bool | None = Field(default=None, exclude_if=_is_none)

    def declaration(self) -> str:
        """The Verilog-2005 ANSI declaration, e.g. `input  wire [15:0] weight_i`."""
        vector = "" if self.width_bits == 1 else f"[{self.width_bits - 1}:0] "
        return f"{self.direction:<6} wire {'signed ' if self.signed else ''}{vector}{self.name}"


class Channel(BaseModel):
    """One valid/ready channel: the names of its ports (`last` where the channel marks ends)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["sink", "source"]
    valid: str
    ready: str
    payload: tuple[str, ...]
    last: str | None = None


class Reset(BaseModel):
    """How a reset works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str
    asynchronous: bool = True
    active_low: bool = True

    def words(self) -> str:
        """E.g. `rst_ni, asynchronous, active low`."""
        when = "asynchronous" if self.asynchronous else "synchronous"
        return f"{self.port}, {when}, active {'low' if self.active_low else 'high'}"


class Contract(BaseModel):
    """What any RTL for the spec must have.

    Attributes:
        module: Name of the top module.
        ports: In order; clocked designs begin with `clk_i`, `rst_ni`.
        channels: Valid/ready channels; empty for combinational designs.
        behaviour: What the module does, in sentences (prompt and documentation).
        latency: Cycle formulas that simulation must meet and the model uses.
        clock: Clock port of a user's contract; None in contracts of the library, whose clock is `clk_i`.
        reset: Reset of a user's contract; None in contracts of the library, whose reset is `rst_ni`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str
    ports: tuple[Port, ...]
    channels: tuple[Channel, ...]
    behaviour: tuple[str, ...]
    latency: Latency
    clock: str | None = Field(default=None, exclude_if=_is_none)
    reset: Reset | None = Field(default=None, exclude_if=_is_none)

    @property
    def clocked(self) -> bool:
        """Whether the module has a clock."""
        return self.clock_name is not None

    @property
    def clock_name(self) -> str | None:
        """Name of the clock port; None of a combinational module."""
        if self.clock is not None:
            return self.clock
        return "clk_i" if any(port.name == "clk_i" for port in self.ports) else None

    @property
    def reset_port(self) -> Reset | None:
        """The reset; None where there is none."""
        if self.reset is not None:
            return self.reset
        return Reset(port="rst_ni") if any(port.name == "rst_ni" for port in self.ports) else None

    def port(self, name: str) -> Port:
        """The port of that name (KeyError if there is none)."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(name)

    def content_hash(self) -> str:
        """SHA-256 of the contract's canonical JSON."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def widths_name(activation_width_bits: int, weight_width_bits: int, signed: bool) -> str:
    """Operand widths and number formats in a module's name, e.g. `s8xs8`."""
    letter = "s" if signed else "u"
    return f"{letter}{activation_width_bits}x{letter}{weight_width_bits}"


def number_words(signed: bool) -> str:
    """The number format in words."""
    return "two's complement" if signed else "unsigned"


def port_in(name: str, width_bits: int, meaning: str) -> Port:
    """An input."""
    return Port(name=name, direction="input", width_bits=width_bits, meaning=meaning)


def port_out(name: str, width_bits: int, meaning: str) -> Port:
    """An output."""
    return Port(name=name, direction="output", width_bits=width_bits, meaning=meaning)


CLOCK_PORTS = (
    port_in("clk_i", 1, "clock; everything happens on its rising edge"),
    port_in("rst_ni", 1, "asynchronous reset, active low"),
)
