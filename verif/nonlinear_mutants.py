"""Deliberate faults in the non-linear units' RTL: the scenarios of `nonlinear_streams` must find each of them.

The `design` of a mutant is the streaming unit that carries it.
"""

from __future__ import annotations

from tpugen.verif.mutants import Mutant

__all__ = ["NONLINEAR_MUTANTS"]


def _mutants(unit: str, module: str, *faults: tuple[str, str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(unit, module, found, replaced, fault) for found, replaced, fault in faults)


NONLINEAR_MUTANTS: tuple[Mutant, ...] = (
    *_mutants(
        "requantise",
        "stream_tokens",
        ("!valid_o || ready_i", "1'b1", "does not hold while a result waits"),
        ("!valid_o || ready_i", "ready_i", "does not fill up while nobody is ready"),
        ("{valid_i, last_i}", "{valid_i, 1'b0}", "last flag lost"),
    ),
    *_mutants(
        "requantise",
        "requantise_core",
        ("{MultiplierWidth{accumulator_i[AccumulatorWidth-1]}}", "{MultiplierWidth{1'b0}}", "unsigned accumulator"),
        ("{AccumulatorWidth{1'b0}}", "{AccumulatorWidth{multiplier_i[MultiplierWidth-1]}}", "signed multiplier"),
        ("{{(RoundedWidth-1){1'b0}}, negative}) >> 1", "{RoundedWidth{1'b0}}) >> 1", "negative halves rounded up"),
        ("extended + bias", "extended", "truncates instead of rounding"),
        (">>> rounded_shift_q", ">> rounded_shift_q", "shifts zeros into negative numbers"),
        ("rounded_shift_q <= product_shift_q", "rounded_shift_q <= shift_i", "shift of another operand"),
        ("fits ? shifted[ClippedWidth-1:0]", "1'b1 ? shifted[ClippedWidth-1:0]", "wraps before the zero point"),
        (".Stages (3)", ".Stages (2)", "zero point of another operand"),
        ("{(SumWidth-16){zero_point[15]}}", "{(SumWidth-16){1'b0}}", "zero point unsigned"),
        ("sum > $signed(Greatest)", "1'b0", "wraps instead of saturating above"),
        ("~Greatest : {SumWidth", "~Greatest + OneOfSum : {SumWidth", "saturates at -127"),
    ),
    *_mutants(
        "absmax_quantise",
        "divide_rounded",
        ("- (dividend << 1) + divisor", "+ divisor", "scales by 128 instead of 127"),
        ("- (dividend << 1) + divisor", "- (dividend << 1)", "truncates instead of rounding"),
        ("brought >= twice", "brought > twice", "halves rounded down"),
        (" && (along[s] != {Width{1'b0}})", "", "a divisor of zero gives all ones"),
        ("goes ? brought - twice : brought", "brought", "remainder not reduced"),
    ),
    *_mutants(
        "absmax_quantise",
        "absmax_quantise",
        ("first || offered > greatest_q", "offered > greatest_q", "greatest of an earlier vector kept"),
        ("offered > greatest_q", "operand_i > greatest_q", "negative numbers taken for great ones"),
        ("scale_q <= greatest_q;", "scale_q <= offered;", "scale of what is offered next"),
        ("(read) begin\n      scale_q", "(1'b1) begin\n      scale_q", "scale changes while an element waits"),
        ("negative ? ~{1'b0, quotient} + 8'd1 :", "negative ? ~{1'b0, quotient} :", "negative numbers off by one"),
        (".data_i   (element[15])", ".data_i   (operand_i[15])", "sign of another element"),
    ),
    *_mutants(
        "absmax_quantise",
        "two_pass_control",
        ("assign operand_ready_o = !emitting_q;", "assign operand_ready_o = 1'b1;", "ready while it reads back"),
        ("operand_last_i || full", "operand_last_i", "runs past the end of its memory"),
        ("write_o && full && !operand_last_i", "write_o && full", "long vectors reported as too long"),
        ("write_o && full && !operand_last_i", "1'b0", "vectors that are too long not reported"),
        ("emitting_q && emit_i", "emitting_q", "reads though the pipeline holds"),
        ("address_q == end_q", "address_q == end_q + One", "reads one element too many"),
        ("ends ? {AddressWidth{1'b0}} : address_q + One", "address_q + One", "addresses do not start again"),
    ),
    *_mutants(
        "absmax_quantise",
        "vector_buffer",
        ("if (read_i) begin", "if (1'b1) begin", "what was read is lost while the pipeline holds"),
    ),
    *_mutants(
        "rms_norm",
        "square_sum",
        ("first_q ? {SumWidth{1'b0}} : sum_q", "sum_q", "squares of earlier vectors added"),
        (" + {{(SumWidth-1){1'b0}}, 1'b1};", ";", "no epsilon"),
        ("{{16{operand_i[15]}}, operand_i}", "{16'b0, operand_i}", "squares of negative numbers too great"),
        ("done_q  <= last_q;", "done_q  <= valid_i && last_i;", "taken before the last square is in"),
    ),
    *_mutants(
        "rms_norm",
        "reciprocal_root",
        ("remainder_q >= taken_q", "remainder_q > taken_q", "exact digits missed"),
        ("(taken_q << 1) + thrice", "(taken_q << 1) + once", "next digit taken too cheaply"),
        ("(taken_q << 1) - once", "(taken_q << 1) + once", "next digit taken too dearly"),
        ("busy && !complete", "busy", "mantissa runs over"),
        ("exponent_q  <= 6'd63;", "exponent_q  <= 6'd0;", "exponent off by one"),
        ("known_q <= left_q == 6'd1;", "known_q <= left_q == 6'd2;", "known before the last digit"),
    ),
    *_mutants(
        "rms_norm",
        "rms_norm",
        ("advance && known && gain_valid_i", "advance && known", "gains used that are not there"),
        ("emitting && advance && known;", "emitting && known;", "gains taken while the pipeline holds"),
        ("gain_q     <= gain_i;", "gain_q     <= 16'd4096;", "gains ignored"),
        (".clear_i       (!emitting)", ".clear_i       (1'b0)", "root of the vector before"),
        (".mantissa_i (mantissa_q)", ".mantissa_i (mantissa)", "root of the vector that comes next"),
    ),
    *_mutants(
        "layer_norm",
        "gain_scale",
        ("{{16{element_i[ElementWidth-1]}}", "{{16{1'b0}}", "negative elements taken for great ones"),
        ("{ElementWidth{gain_i[15]}}", "{ElementWidth{1'b0}}", "gain unsigned"),
        ("bias_q     <= bias_i;", "bias_q     <= gain_i;", "gain added instead of the bias"),
        ("    if (enable_i) begin", "    if (1'b1) begin", "products run away from a pipeline that holds"),
    ),
    *_mutants(
        "layer_norm",
        "vector_spread",
        ("first_i ? operand : total_q + operand", "total_q + operand", "sums of earlier vectors added"),
        ("total_q[TotalWidth-1] ? negated : total_q", "total_q", "negative sums squared wrongly"),
        ("spread_q + added - taken", "spread_q + added", "square of the sum not taken off"),
        ("left_q == 5'd1;", "left_q == 5'd3;", "spread taken too early"),
    ),
    *_mutants(
        "layer_norm",
        "layer_norm",
        ("wide_element * wide_length - wide_total", "wide_element * wide_length + wide_total", "mean added"),
        ("length_q <= length;", "length_q <= {LengthWidth{1'b1}};", "length ignored"),
        ("bias_i, gain_i}", "16'd0, gain_i}", "biases ignored"),
        ("{total_q[TotalWidth-1], total_q}", "{total[TotalWidth-1], total}", "sum of the next vector"),
    ),
    *_mutants(
        "softmax_powers",
        "softmax_powers",
        ("25'd0 - {exponent[23], exponent}", "{exponent[23], exponent}", "exponents of the wrong sign"),
        (".Stages (2)", ".Stages (1)", "ceiling of another score"),
    ),
    *_mutants(
        "softmax_powers",
        "power_of_two",
        ("20'd128", "20'd0", "powers not rounded"),
        ("chord_q[28:12] - {", "chord_q[28:12] + {", "powers rise between the knots"),
    ),
    *_mutants(
        "softmax",
        "power_sum",
        ("first_i || $signed(ceiling_i)", "$signed(ceiling_i)", "greatest of an earlier row kept"),
        ("$signed(ceiling_i) > $signed(greatest_q)", "ceiling_i > greatest_q", "negative exponents taken for great"),
        ("first_q ? {SumWidth{1'b0}} : rescaled", "first_q ? {SumWidth{1'b0}} : sum_q", "sum not rescaled"),
        ("first_q ? {SumWidth{1'b0}} : rescaled", "rescaled", "sum of an earlier row kept"),
    ),
    *_mutants(
        "softmax_long",
        "power_sum",
        ("{power_q, 8'b0} >> gap_q", "{power_q >> gap_q, 8'b0}", "eight bits less in the sum"),
    ),
    *_mutants(
        "softmax",
        "softmax",
        ("advance && !pending", "advance", "divides before the last power is in the sum"),
        ("share_q <= {read_power, 8'b0} >> gap;", "share_q <= {read_power, 8'b0};", "powers not aligned"),
        ("sum_q   <= read_sum_q;", "sum_q   <= sum;", "sum of the row that comes next"),
    ),
    *_mutants(
        "gelu",
        "gelu",
        ("magnitude[15:10] == 6'd0", "1'b1", "tail does not end"),
        ("{1'b0, tail} + 15'd128", "{1'b0, tail}", "tail truncated"),
        ("positive_q  <= operand_i & {16{!operand_i[15]}};", "positive_q  <= operand_i;", "negative numbers kept"),
    ),
    *_mutants(
        "gelu",
        "gelu_tail",
        ("{{5{chord_q[8]}}, chord_q[8:0]}", "{5'b0, chord_q[8:0]}", "falling chords rise"),
        ("magnitude_i[3:0]", "magnitude_i[4:1]", "wrong place on the chord"),
    ),
    *_mutants("relu2", "relu2", ("operand_i & {16{!operand_i[15]}}", "operand_i", "negative numbers squared")),
    *_mutants(
        "gated_product",
        "gated_product",
        ("shift_q   <= shift_i;", "shift_q   <= 5'd8;", "shift ignored"),
        ("{{16{gate_i[15]}}, gate_i}", "{16'b0, gate_i}", "gate unsigned"),
    ),
    *_mutants(
        "saturating_adder",
        "saturating_adder",
        ("fits ? sum[Width-1:0]", "1'b1 ? sum[Width-1:0]", "wraps"),
        ("{(Width-1){!sum[Width]}}", "{(Width-1){sum[Width]}}", "saturates to the wrong end"),
        ("{b_i[Width-1], b_i}", "{1'b0, b_i}", "second operand unsigned"),
    ),
)  # fmt: skip
