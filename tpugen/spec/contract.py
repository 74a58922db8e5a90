"""The contract: what any RTL for a spec must have, derived from the spec alone.

Module name, ports, handshakes, reset and latency. Composer, LLM prompt, contract gate, bench and performance model all
read it from here, so that what is simulated is what is modelled, cycle for cycle.

Handshake: a beat transfers in a cycle whose rising clock edge finds valid and ready both high. A source holds valid and
its payload until then. Reset `rst_ni` is active low, asynchronous in, and empties the unit; a tile cut by it is lost.

Operands arrive unskewed. Element r of a packed vector of W-bit elements is at bits [r*W +: W].
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from tpugen.spec.design import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec
from tpugen.spec.latency import Latency, latency_for

__all__ = ["Channel", "Contract", "Port", "Reset", "contract_for"]

_SHORT_DATAFLOW = {"output_stationary": "os", "weight_stationary": "ws", "input_stationary": "is"}


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


def contract_for(spec: DesignSpec) -> Contract:
    """The contract of a spec: a pure function."""
    match spec:
        case AdderSpec():
            return _adder(spec)
        case MultiplierSpec():
            return _multiplier(spec)
        case MacSpec():
            return _mac(spec)
        case SystolicArraySpec(dataflow="output_stationary"):
            return _output_stationary(spec)
        case SystolicArraySpec():
            return _operand_stationary(spec)
        case _:
            assert_never(spec)


def _unit_suffix(spec: DesignSpec) -> str:
    """Families with parameters, and structures; nothing for exact units whose structure is left open."""
    parts = []
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and (unit.family != "exact" or unit.structure):
            name = unit.structure or unit.family
            parts.append(name + "".join(f"_{key}{value}" for key, value in sorted(unit.parameters.items())))
    if getattr(spec, "shared_pre_approximation", False):
        parts.append("shared")
    return "".join(f"_{part}" for part in parts)


def _arithmetic(spec: DesignSpec) -> tuple[str, ...]:
    """What approximate units do and in which order they are used; nothing where all is exact."""
    sentences = []
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and unit.family != "exact":
            family = unit.families[unit.family]
            parameters = ", ".join(f"{name} = {value}" for name, value in unit.parameters.items())
            sentences.append(
                f"The {role} is approximate: {family.title} ({parameters or 'no parameters'}). {family.summary}"
            )
    if getattr(spec, "multiplier", None) is not None and spec.signed and spec.multiplier.family not in ("exact", "rad"):  # type: ignore[union-attr]
        sentences.append(
            "Signed products are made from magnitudes; the sign is the exclusive or of the operands' signs."
        )
    if not isinstance(spec, AdderSpec | MultiplierSpec) and spec.adder.family != "exact":
        order = {
            "mac": "adder(accumulator, product), in the order of the operand pairs, from an accumulator of 0.",
            "output_stationary": "adder(accumulator, product), slice by slice, from an accumulator of 0.",
        }.get(
            getattr(spec, "dataflow", "mac"),
            "adder(partial sum, product), row 0 first, from a partial sum of 0; then adder(row result, partial sum "
            "of the earlier fold). Unused rows add their zero products too.",
        )
        sentences.append(f"Sums are formed as {order}")
    return tuple(sentences)


def _widths(activation_width_bits: int, weight_width_bits: int, signed: bool) -> str:
    letter = "s" if signed else "u"
    return f"{letter}{activation_width_bits}x{letter}{weight_width_bits}"


def _number(signed: bool) -> str:
    return "two's complement" if signed else "unsigned"


def _in(name: str, width_bits: int, meaning: str) -> Port:
    return Port(name=name, direction="input", width_bits=width_bits, meaning=meaning)


def _out(name: str, width_bits: int, meaning: str) -> Port:
    return Port(name=name, direction="output", width_bits=width_bits, meaning=meaning)


_CLOCK_PORTS = (
    _in("clk_i", 1, "clock; everything happens on its rising edge"),
    _in("rst_ni", 1, "asynchronous reset, active low"),
)


def _adder(spec: AdderSpec) -> Contract:
    width = spec.width_bits
    letter = "s" if spec.signed else "u"
    return Contract(
        module=f"adder_{letter}{width}{_unit_suffix(spec)}",
        ports=(
            _in("a_i", width, f"first operand, {_number(spec.signed)}"),
            _in("b_i", width, f"second operand, {_number(spec.signed)}"),
            _out("sum_o", width + 1, f"sum, {_number(spec.signed)}, never overflows"),
        ),
        channels=(),
        behaviour=(f"sum_o = a_i + b_i as {_number(spec.signed)} numbers, combinational.", *_arithmetic(spec)),
        latency=latency_for(spec),
    )


def _range_of_product(spec: MultiplierSpec) -> str:
    """An approximate unit may overestimate the square of the most negative operand beyond the port."""
    exact = spec.multiplier.family == "exact"
    return "never overflows" if exact else f"modulo 2^{spec.activation_width_bits + spec.weight_width_bits}"


def _multiplier(spec: MultiplierSpec) -> Contract:
    a_width, w_width = spec.activation_width_bits, spec.weight_width_bits
    return Contract(
        module=f"multiplier_{_widths(a_width, w_width, spec.signed)}{_unit_suffix(spec)}",
        ports=(
            _in("activation_i", a_width, f"first operand, {_number(spec.signed)}"),
            _in("weight_i", w_width, f"second operand, {_number(spec.signed)}"),
            _out("product_o", a_width + w_width, f"product, {_number(spec.signed)}, {_range_of_product(spec)}"),
        ),
        channels=(),
        behaviour=(
            f"product_o = activation_i * weight_i as {_number(spec.signed)} numbers, combinational.",
            *_arithmetic(spec),
        ),
        latency=latency_for(spec),
    )


_OPERAND_CHANNEL = Channel(
    name="operand",
    role="sink",
    valid="operand_valid_i",
    ready="operand_ready_o",
    payload=("activation_i", "weight_i"),
    last="operand_last_i",
)


def _mac(spec: MacSpec) -> Contract:
    acc = spec.accumulator_width_bits
    return Contract(
        module=(
            f"mac_{_widths(spec.activation_width_bits, spec.weight_width_bits, spec.signed)}_acc{acc}"
            f"{_unit_suffix(spec)}"
        ),
        ports=(
            *_CLOCK_PORTS,
            _in("operand_valid_i", 1, "an operand pair is offered"),
            _out("operand_ready_o", 1, "the operand pair is taken"),
            _in("operand_last_i", 1, "this pair is the last of its dot product"),
            _in("activation_i", spec.activation_width_bits, f"activation, {_number(spec.signed)}"),
            _in("weight_i", spec.weight_width_bits, f"weight, {_number(spec.signed)}"),
            _out("result_valid_o", 1, "a dot product is offered"),
            _in("result_ready_i", 1, "the dot product is taken"),
            _out("result_o", acc, f"dot product, {_number(spec.signed)}, modulo 2^{acc}"),
        ),
        channels=(
            _OPERAND_CHANNEL,
            Channel(
                name="result", role="source", valid="result_valid_o", ready="result_ready_i", payload=("result_o",)
            ),
        ),
        behaviour=(
            "Accumulates activation_i * weight_i over the operand pairs of one dot product; the pair with "
            "operand_last_i ends it.",
            f"Products are {'sign' if spec.signed else 'zero'}-extended to {acc} bits; the sum wraps modulo 2^{acc}.",
            "Each dot product gives one result; the next may begin in the next cycle.",
            "While a result waits (result_valid_o and not result_ready_i) the unit holds.",
            *_arithmetic(spec),
        ),
        latency=latency_for(spec),
    )


def _array_module(spec: SystolicArraySpec) -> str:
    return (
        f"systolic_array_{_SHORT_DATAFLOW[spec.dataflow]}_{spec.rows}x{spec.cols}_"
        f"{_widths(spec.activation_width_bits, spec.weight_width_bits, spec.signed)}_"
        f"acc{spec.accumulator_width_bits}{_unit_suffix(spec)}"
    )


def _result_ports(spec: SystolicArraySpec) -> tuple[Port, ...]:
    acc = spec.accumulator_width_bits
    return (
        _out("result_valid_o", 1, "a result row is offered"),
        _in("result_ready_i", 1, "the result row is taken"),
        _out("result_last_o", 1, "this row is the last of its tile"),
        _out(
            "result_o",
            spec.cols * acc,
            f"{spec.cols} results of {acc} bits, {_number(spec.signed)}, modulo 2^{acc}; "
            f"column c at [c*{acc} +: {acc}]",
        ),
    )


_RESULT_CHANNEL = Channel(
    name="result",
    role="source",
    valid="result_valid_o",
    ready="result_ready_i",
    payload=("result_o",),
    last="result_last_o",
)


def _output_stationary(spec: SystolicArraySpec) -> Contract:
    a_width, w_width, acc = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    return Contract(
        module=_array_module(spec),
        ports=(
            *_CLOCK_PORTS,
            _in("operand_valid_i", 1, "a K-slice is offered"),
            _out("operand_ready_o", 1, "the K-slice is taken"),
            _in("operand_last_i", 1, "this K-slice is the last of its tile"),
            _in(
                "activation_i",
                spec.rows * a_width,
                f"column k of A: {spec.rows} activations, {_number(spec.signed)}; row r at [r*{a_width} +: {a_width}]",
            ),
            _in(
                "weight_i",
                spec.cols * w_width,
                f"row k of B: {spec.cols} weights, {_number(spec.signed)}; column c at [c*{w_width} +: {w_width}]",
            ),
            *_result_ports(spec),
        ),
        channels=(_OPERAND_CHANNEL, _RESULT_CHANNEL),
        behaviour=(
            f"Computes tiles C = A x B with A of {spec.rows} x K and B of K x {spec.cols}, any K >= 1; C stays in the "
            "processing elements.",
            "Slice k of a tile carries column k of A and row k of B, unskewed; the slice with operand_last_i ends the "
            "tile. The array skews inside.",
            f"Results leave as {spec.rows} rows of C, row 0 first, unskewed; result_last_o marks the last row.",
            f"Products are {'sign' if spec.signed else 'zero'}-extended to {acc} bits; sums wrap modulo 2^{acc}.",
            "Tiles may follow each other without a gap. While a result row waits the whole array holds.",
            *_arithmetic(spec),
        ),
        latency=latency_for(spec),
    )


def _operand_stationary(spec: SystolicArraySpec) -> Contract:
    weights_stay = spec.dataflow == "weight_stationary"
    stay, stream = ("weight", "activation") if weights_stay else ("activation", "weight")
    widths = {"weight": spec.weight_width_bits, "activation": spec.activation_width_bits}
    acc, stay_width, stream_width = spec.accumulator_width_bits, widths[stay], widths[stream]
    form = "C = A x B, A streaming row by row" if weights_stay else "C^T = B^T x A^T, B streaming column by column"
    stay_row = "row k of B" if weights_stay else "column k of A"
    stream_vector = "a row of A" if weights_stay else "a column of B"
    result_vector = "a row of C" if weights_stay else "a column of C"
    return Contract(
        module=_array_module(spec),
        ports=(
            *_CLOCK_PORTS,
            _in(f"{stay}_valid_i", 1, f"a row of stationary {stay}s is offered"),
            _out(f"{stay}_ready_o", 1, "the row is taken"),
            _in(
                f"{stay}_i",
                spec.cols * stay_width,
                f"{stay_row}: {spec.cols} {stay}s, {_number(spec.signed)}; "
                f"column c at [c*{stay_width} +: {stay_width}]",
            ),
            _in(f"{stream}_valid_i", 1, f"a vector of streaming {stream}s is offered"),
            _out(f"{stream}_ready_o", 1, "the vector is taken"),
            _in(f"{stream}_last_i", 1, "this vector is the last of its tile"),
            _in(
                f"{stream}_i",
                spec.rows * stream_width,
                f"{stream_vector}: {spec.rows} {stream}s along K, {_number(spec.signed)}; "
                f"row r at [r*{stream_width} +: {stream_width}]",
            ),
            _in("partial_valid_i", 1, "partial sums of an earlier K-fold (or zeros) are offered"),
            _out("partial_ready_o", 1, "the partial sums are taken"),
            _in(
                "partial_i",
                spec.cols * acc,
                f"{spec.cols} partial sums of {acc} bits, added to the result vector that leaves; "
                f"column c at [c*{acc} +: {acc}]",
            ),
            *_result_ports(spec),
        ),
        channels=(
            Channel(name=stay, role="sink", valid=f"{stay}_valid_i", ready=f"{stay}_ready_o", payload=(f"{stay}_i",)),
            Channel(
                name=stream,
                role="sink",
                valid=f"{stream}_valid_i",
                ready=f"{stream}_ready_o",
                payload=(f"{stream}_i",),
                last=f"{stream}_last_i",
            ),
            Channel(
                name="partial", role="sink", valid="partial_valid_i", ready="partial_ready_o", payload=("partial_i",)
            ),
            _RESULT_CHANNEL,
        ),
        behaviour=(
            f"Computes {form}, with {spec.rows} values of K held in the array as {stay}s of {spec.rows} x {spec.cols}.",
            f"A tile is exactly {spec.rows} beats of {stay}s (row 0 first; unused rows zero) and then any number >= 1 "
            f"of {stream} vectors; the vector with {stream}_last_i ends the tile. Beats arrive unskewed.",
            f"{stay.capitalize()}s of the next tile load into a second bank while this tile streams; they become "
            "active with the next tile's first vector.",
            f"Each {stream} vector gives one result row ({result_vector}), in order, unskewed, plus one beat of "
            "partial sums: K beyond the array is done in folds, the partial sums of one fold entering with the next.",
            f"Products are {'sign' if spec.signed else 'zero'}-extended to {acc} bits; sums wrap modulo 2^{acc}.",
            "While a result row waits, or lacks its partial sums, the whole array holds.",
            *_arithmetic(spec),
        ),
        latency=latency_for(spec),
    )
