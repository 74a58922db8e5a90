"""Contracts of systolic arrays."""

from __future__ import annotations

from tpugen.spec.contract_parts import (
    CLOCK_PORTS,
    Channel,
    Contract,
    Port,
    number_words,
    port_in,
    port_out,
    widths_name,
)
from tpugen.spec.contract_units import OPERAND_CHANNEL, arithmetic_sentences, unit_suffix
from tpugen.spec.design import SystolicArraySpec
from tpugen.spec.latency import latency_for

__all__ = ["operand_stationary_contract", "output_stationary_contract"]

_SHORT_DATAFLOW = {"output_stationary": "os", "weight_stationary": "ws", "input_stationary": "is"}


def _array_module(spec: SystolicArraySpec) -> str:
    return (
        f"systolic_array_{_SHORT_DATAFLOW[spec.dataflow]}_{spec.rows}x{spec.cols}_"
        f"{widths_name(spec.activation_width_bits, spec.weight_width_bits, spec.signed)}_"
        f"acc{spec.accumulator_width_bits}{unit_suffix(spec)}"
    )


def _result_ports(spec: SystolicArraySpec) -> tuple[Port, ...]:
    acc = spec.accumulator_width_bits
    return (
        port_out("result_valid_o", 1, "a result row is offered"),
        port_in("result_ready_i", 1, "the result row is taken"),
        port_out("result_last_o", 1, "this row is the last of its tile"),
        port_out(
            "result_o",
            spec.cols * acc,
            f"{spec.cols} results of {acc} bits, {number_words(spec.signed)}, modulo 2^{acc}; "
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


def output_stationary_contract(spec: SystolicArraySpec) -> Contract:
    """The contract of an array whose results stay in it until they are complete."""
    a_width, w_width, acc = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    return Contract(
        module=_array_module(spec),
        ports=(
            *CLOCK_PORTS,
            port_in("operand_valid_i", 1, "a K-slice is offered"),
            port_out("operand_ready_o", 1, "the K-slice is taken"),
            port_in("operand_last_i", 1, "this K-slice is the last of its tile"),
            port_in(
                "activation_i",
                spec.rows * a_width,
                f"column k of A: {spec.rows} activations, {number_words(spec.signed)}; "
                f"row r at [r*{a_width} +: {a_width}]",
            ),
            port_in(
                "weight_i",
                spec.cols * w_width,
                f"row k of B: {spec.cols} weights, {number_words(spec.signed)}; column c at [c*{w_width} +: {w_width}]",
            ),
            *_result_ports(spec),
        ),
        channels=(OPERAND_CHANNEL, _RESULT_CHANNEL),
        behaviour=(
            f"Computes tiles C = A x B with A of {spec.rows} x K and B of K x {spec.cols}, any K >= 1; C stays in the "
            "processing elements.",
            "Slice k of a tile carries column k of A and row k of B, unskewed; the slice with operand_last_i ends the "
            "tile. The array skews inside.",
            f"Results leave as {spec.rows} rows of C, row 0 first, unskewed; result_last_o marks the last row.",
            f"Products are {'sign' if spec.signed else 'zero'}-extended to {acc} bits; sums wrap modulo 2^{acc}.",
            "Tiles may follow each other without a gap. While a result row waits the whole array holds.",
            *arithmetic_sentences(spec),
        ),
        latency=latency_for(spec),
    )


def operand_stationary_contract(spec: SystolicArraySpec) -> Contract:
    """The contract of an array in which weights or activations rest."""
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
            *CLOCK_PORTS,
            port_in(f"{stay}_valid_i", 1, f"a row of stationary {stay}s is offered"),
            port_out(f"{stay}_ready_o", 1, "the row is taken"),
            port_in(
                f"{stay}_i",
                spec.cols * stay_width,
                f"{stay_row}: {spec.cols} {stay}s, {number_words(spec.signed)}; "
                f"column c at [c*{stay_width} +: {stay_width}]",
            ),
            port_in(f"{stream}_valid_i", 1, f"a vector of streaming {stream}s is offered"),
            port_out(f"{stream}_ready_o", 1, "the vector is taken"),
            port_in(f"{stream}_last_i", 1, "this vector is the last of its tile"),
            port_in(
                f"{stream}_i",
                spec.rows * stream_width,
                f"{stream_vector}: {spec.rows} {stream}s along K, {number_words(spec.signed)}; "
                f"row r at [r*{stream_width} +: {stream_width}]",
            ),
            port_in("partial_valid_i", 1, "partial sums of an earlier K-fold (or zeros) are offered"),
            port_out("partial_ready_o", 1, "the partial sums are taken"),
            port_in(
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
            *arithmetic_sentences(spec),
        ),
        latency=latency_for(spec),
    )
