"""Deliberate faults in the library's RTL: each must be refused by the simulation gate, or the bench is not good enough.

A mutant replaces one piece of text, which must occur exactly once, in one module of the design of one small spec.
Faults that change nothing an observer can see (a data register that moves without need) are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tpugen.errors import StorageError
from tpugen.spec import DesignSpec, spec_from_dict

__all__ = ["MUTANTS", "SPECS", "Mutant", "apply", "mutants_of"]

_SMALL_OS = {
    "kind": "systolic_array",
    "rows": 3,
    "cols": 2,
    "activation_width_bits": 4,
    "weight_width_bits": 5,
    "accumulator_width_bits": 11,
}
_SMALL_WS = {
    "kind": "systolic_array",
    "rows": 3,
    "cols": 2,
    "activation_width_bits": 6,
    "weight_width_bits": 3,
    "accumulator_width_bits": 10,
    "dataflow": "weight_stationary",
}
_DRUM = {"family": "drum", "k": 3}
_LOA = {"family": "loa", "k": 3}

SPECS: Mapping[str, DesignSpec] = {
    name: spec_from_dict(data)
    for name, data in {
        "adder": {"kind": "adder", "width_bits": 5},
        "adder_unsigned": {"kind": "adder", "width_bits": 5, "signed": False},
        "multiplier": {"kind": "multiplier", "activation_width_bits": 4, "weight_width_bits": 5},
        "multiplier_unsigned": {
            "kind": "multiplier",
            "activation_width_bits": 5,
            "weight_width_bits": 4,
            "signed": False,
        },
        "mac": {"kind": "mac", "activation_width_bits": 5, "weight_width_bits": 4, "accumulator_width_bits": 11},
        "os": _SMALL_OS,
        "os_tall": {
            **_SMALL_OS,
            "rows": 18,
            "cols": 1,
            "activation_width_bits": 3,
            "weight_width_bits": 3,
            "accumulator_width_bits": 8,
        },
        "ws": _SMALL_WS,
        "is": {**_SMALL_WS, "rows": 2, "cols": 3, "dataflow": "input_stationary"},
        "loa": {"kind": "adder", "width_bits": 5, "adder": _LOA},
        "drum": {"kind": "multiplier", "activation_width_bits": 4, "weight_width_bits": 5, "multiplier": _DRUM},
        "drum_os": {**_SMALL_OS, "multiplier": _DRUM, "adder": _LOA},
        "drum_os_shared": {**_SMALL_OS, "multiplier": _DRUM, "adder": _LOA, "shared_pre_approximation": True},
    }.items()
}
"""The small designs that carry the mutants: odd and unequal widths, not square, few guard bits."""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        design: Key of `SPECS`.
        module: The library module, whose file is `<module>.v`.
        found: Text that occurs exactly once in it.
        replaced: What stands there instead.
        fault: What that breaks, in words.
    """

    design: str
    module: str
    found: str
    replaced: str
    fault: str


def apply(mutant: Mutant, files: Mapping[str, str]) -> dict[str, str]:
    """The design's files (name: text) with the fault in them.

    Raises:
        StorageError: the text does not occur exactly once: the library changed, and the list must follow.
    """
    name = f"{mutant.module}.v"
    count = files.get(name, "").count(mutant.found)
    if count != 1:
        raise StorageError(
            f"mutant {mutant.fault!r}: {mutant.found!r} occurs {count} times in {name} of design {mutant.design}",
            hint="update tpugen.verif.mutants to the library's text",
        )
    return {**files, name: files[name].replace(mutant.found, mutant.replaced)}


def mutants_of(design: str, module: str, *faults: tuple[str, str, str]) -> tuple[Mutant, ...]:
    """Mutants of one module of a design: of each the text, what replaces it, and the fault in words."""
    return tuple(Mutant(design, module, found, replaced, fault) for found, replaced, fault in faults)


_CLOCKED = "always @(posedge clk_i or negedge rst_ni) begin"

MUTANTS: tuple[Mutant, ...] = (
    *mutants_of(
        "adder",
        "adder_exact",
        ("(Signed != 0) && a_i[Width-1]", "1'b0", "first operand zero-extended"),
        ("(Signed != 0) && b_i[Width-1]", "(Signed != 0) && b_i[Width-2]", "sign taken from the wrong bit"),
        ("{a_extension, a_i} + {", "{a_extension, a_i} - {", "subtracts"),
    ),
    *mutants_of(
        "adder_unsigned",
        "adder_exact",
        ("(Signed != 0) && a_i", "(Signed == 0) && a_i", "unsigned operand sign-extended"),
    ),
    *mutants_of(
        "multiplier",
        "partial_products",
        ("multiplicand_i & {", "multiplicand_i | {", "partial products ORed"),
        ("(r == MultiplierWidth - 1) ?", "(r == MultiplierWidth - 2) ?", "sign row off by one"),
        ("} << r;", "} << (r + 1);", "rows shifted too far"),
        ("(One << (MultiplierWidth - 1))", "(One << MultiplierWidth)", "correction constant off by one bit"),
    ),
    *mutants_of(
        "multiplier_unsigned",
        "partial_products",
        ("} << r;", "} << (r == 0 ? 1 : r);", "first row shifted"),
    ),
    *mutants_of(
        "os",
        "partial_products",
        (
            "- (One << (MultiplicandWidth + MultiplierWidth - 1))",
            "+ (One << (MultiplicandWidth + MultiplierWidth - 1))",
            "product not sign-extended to the accumulator",
        ),
    ),
    *mutants_of(
        "multiplier",
        "carry_save_tree",
        ("(x & ~propagate)", "(x | ~propagate)", "wrong carry"),
        ("(z & propagate)", "(z | propagate)", "wrong carry from the third row"),
        ("<< 1;", "<< 2;", "carry weighted twice"),
        ("= propagate ^ z;", "= propagate & z;", "wrong sum bit"),
        ("left > 2;", "left > 3;", "stops with three rows"),
    ),
    *mutants_of(
        "multiplier",
        "multiply_add_exact",
        ("tree_sum + tree_carry", "tree_sum - tree_carry", "subtracts the carries"),
        (".multiplicand_i (weight_i),", ".multiplicand_i (activation_i),", "operand connected twice"),
    ),
    *mutants_of(
        "os",
        "multiply_add_exact",
        ("{addend_i, product_rows}", "{{AddendWidth{1'b0}}, product_rows}", "accumulator not added"),
    ),
    *mutants_of(
        "ws",
        "multiply_add_exact",
        (".multiplier_i   (weight_i),", ".multiplier_i   (activation_i),", "weights ignored"),
    ),
    *mutants_of(
        "multiplier",
        "multiplier_exact",
        ("{ProductWidth{1'b0}}", "{{(ProductWidth-1){1'b0}}, 1'b1}", "product one too large"),
        (".Signed          (Signed)", ".Signed          (0)", "signed operands multiplied as unsigned"),
    ),
    *mutants_of(
        "os",
        "delay_line",
        ("if (enable_i) begin\n          data_q", "if (1'b1) begin\n          data_q", "register ignores its enable"),
        ("assign data_o = data_q;", "assign data_o = data_i;", "pipeline stage dropped"),
        ("if (enable_i) begin\n          line_q", "if (1'b1) begin\n          line_q", "line ignores its enable"),
        ("assign data_o = line_q[(Stages-1)*Width", "assign data_o = line_q[(Stages-2)*Width", "tap off by one"),
    ),
    *mutants_of(
        "os",
        "skew_buffer",
        ("Lanes - 1 - i : i", "Lanes - 1 - i : Lanes - 1 - i", "skew runs the wrong way"),
        ("data_i[i*Width +: Width]", "data_i[0 +: Width]", "every lane carries lane 0"),
        ("BaseStages + (", "(", "base delay dropped"),
    ),
    *mutants_of(
        "os",
        "token_line",
        (
            f"{_CLOCKED}\n        if (!rst_ni) begin\n          line_q <= {{(Stages",
            "always @(posedge clk_i) begin\n        if (!rst_ni) begin\n          line_q <= {(Stages",
            "reset made synchronous",
        ),
        ("line_q <= {(Stages*Width){1'b0}};", "line_q <= {(Stages*Width){1'b1}};", "reset value inverted"),
        (
            "end else if (enable_i) begin\n          line_q <= {line_q",
            "end else begin\n          line_q <= {line_q",
            "tokens move while the array holds",
        ),
        ("-1:0], token_i}", "-1:0], {Width{1'b0}}}", "tokens lost"),
    ),
    *mutants_of(
        "os_tall",
        "drain_column",
        ("gathered | rows_i", "gathered & rows_i", "AND instead of OR"),
        ("r = First;", "r = First + 1;", "first row of a stretch left out"),
        ("gathered = held[s*Width +: Width];", "gathered = {Width{1'b0}};", "second stretch not handed on"),
    ),
    *mutants_of(
        "os_tall",
        "drain_tokens",
        ("{1'b0, done_i[Rows-1]}", "{1'b0, done_i[0]}", "last flag on the wrong row"),
        ("(|done_i", "(&done_i", "row tokens lost"),
        ("held[s*2+1] ||", "1'b0 ||", "tokens of the second stretch lost"),
        (", held[s*2]};", ", 1'b0};", "last flag lost"),
    ),
    *mutants_of(
        "os",
        "array_output_stationary",
        ("!result_valid_o || result_ready_i", "1'b1", "does not hold while a result waits"),
        ("DrainCycles = Rows +", "DrainCycles = Rows - 1 +", "drain counted too short: rows collide"),
        ("DrainCycles = Rows + (", "DrainCycles = Rows + 1 + (", "drain counted too long: a lost cycle a tile"),
        ("{slice_valid, slice_first, slice_last}", "{slice_valid, 1'b0, slice_last}", "accumulators never restart"),
        ("result_tokens[3:2];", "result_tokens[1:0];", "valid one cycle early"),
        ("row_done[r] = token[r*(Cols+1)+Cols][0]", "row_done[r] = token[r*(Cols+1)][0]", "row done too early"),
        ("skewed_weight[c*WeightWidth", "skewed_weight[(Cols-1-c)*WeightWidth", "columns swapped"),
    ),
    *mutants_of(
        "os",
        "output_stationary_control",
        ("(drain_free || !operand_last_i)", "1'b1", "takes a last slice while the drain is busy"),
        ("first_q <= operand_last_i;", "first_q <= 1'b0;", "later tiles add to the first"),
        ("first_q <= 1'b1;", "first_q <= 1'b0;", "first tile after reset not marked"),
        ("advance_i && !drain_free", "!drain_free", "drain counted while the array holds"),
        ("assign operand_ready_o = advance_i &&", "assign operand_ready_o =", "ready while the array holds"),
        ("valid_o = accept;", "valid_o = operand_valid_i;", "operands used that were not taken"),
        ("accept = operand_valid_i && operand_ready_o", "accept = operand_ready_o", "operands taken without valid"),
    ),
    *mutants_of(
        "os",
        "pe_output_stationary",
        ("first_q ? {AccumulatorWidth{1'b0}} : accumulator_q", "accumulator_q", "accumulator not cleared"),
        ("& {AccumulatorWidth{done_q}}", "& {AccumulatorWidth{1'b1}}", "unfinished sums leak into the drain"),
        ("done_q <= last_q;", "done_q <= valid_q;", "every slice counts as finished"),
        ("if (advance_i && valid_q)", "if (advance_i)", "accumulates in idle cycles"),
        ("end else if (advance_i) begin", "end else begin", "tokens move while the array holds"),
        ("assign activation_o = activation_q;", "assign activation_o = activation_i;", "activation register bypassed"),
    ),
    *mutants_of(
        "ws",
        "array_operand_stationary",
        (
            "assign partial[c] = {AccumulatorWidth{1'b0}};",
            "assign partial[c] = {AccumulatorWidth{1'b1}};",
            "columns start at -1",
        ),
        ("(last_token[Rows+Cols-1])", "(last_token[Rows+Cols-2])", "last flag one vector early"),
        ("stationary_i[c*StationaryWidth", "stationary_i[(Cols-1-c)*StationaryWidth", "columns swapped"),
        ("{vector_valid, vector_swap}", "{vector_valid, 1'b0}", "weights never become active"),
    ),
    *mutants_of(
        "ws",
        "operand_stationary_control",
        ("!loaded_q && wave_passed", "!loaded_q", "next weights load while the wave still passes"),
        ("advance_i && (loaded_q || !first_q)", "advance_i", "streams before the weights are there"),
        ("LastLoad = Rows - 1", "LastLoad = Rows - 2", "one row of weights too few"),
        ("Wave = Rows + Cols - 2", "Wave = Rows + Cols - 1", "a lost cycle a tile"),
        ("first_q <= stream_last_i", "first_q <= 1'b0", "tile ends ignored"),
        ("advance_i && !wave_passed", "!wave_passed", "wave counted while the array holds"),
    ),
    *mutants_of(
        "is",
        "operand_stationary_control",
        ("swap_o  = accept && first_q", "swap_o  = accept", "banks swap within a tile"),
    ),
    *mutants_of(
        "ws",
        "partial_sum_join",
        (
            "row_valid_i && partial_valid_i && register_free",
            "row_valid_i && register_free",
            "does not wait for partial sums",
        ),
        ("!valid_q || result_ready_i", "1'b1", "overwrites a waiting result"),
        ("join_row && row_last_i", "join_row", "every row is the last"),
        ("!row_valid_i || join_row", "1'b1", "array runs on while a row waits"),
        (
            "row_valid_i && register_free;\n  assign result_valid_o",
            "register_free;\n  assign result_valid_o",
            "takes partial sums without a row",
        ),
        ("valid_q <= 1'b0;", "valid_q <= 1'b1;", "a result out of reset"),
    ),
    *mutants_of(
        "ws",
        "pe_operand_stationary",
        ("if (load_i) begin", "if (advance_i) begin", "weights shift without being loaded"),
        ("assign stationary_o = loading_q;", "assign stationary_o = stationary_q;", "weights do not reach upper rows"),
        ("if (advance_i && valid_q)", "if (valid_q)", "sums move while the array holds"),
    ),
    *mutants_of(
        "is",
        "pe_operand_stationary",
        ("if (token_i[0]) begin", "if (1'b1) begin", "loading bank used at once"),
        ("stationary_q <= loading_q;", "stationary_q <= ~loading_q;", "stationary operand inverted"),
    ),
    *mutants_of(
        "mac",
        "mac_unit",
        ("!done_q || result_ready_i", "1'b1", "overwrites a waiting result"),
        ("first_q <= last_q;", "first_q <= 1'b0;", "later dot products add to the first"),
        ("first_q <= 1'b1;", "first_q <= 1'b0;", "accumulator not cleared after reset"),
        ("operand_valid_i && operand_last_i", "operand_last_i", "last flag taken without valid"),
        ("done_q  <= last_q;", "done_q  <= valid_q;", "a result for every operand"),
        ("if (advance && valid_q)", "if (advance)", "accumulates in idle cycles"),
        ("first_q ? {AccumulatorWidth{1'b0}}", "first_q ? {{(AccumulatorWidth-1){1'b0}}, 1'b1}", "starts at one"),
    ),
    *mutants_of(
        "loa",
        "adder_loa",
        (".carry_i (a_i[K-1] && b_i[K-1]),", ".carry_i (1'b0),", "carry from the inexact part dropped"),
        ("a_i[K-1:0] | b_i[K-1:0]", "a_i[K-1:0] & b_i[K-1:0]", "low bits ANDed"),
    ),
    *mutants_of(
        "loa",
        "upper_part_adder",
        ("+ {{Width{1'b0}}, carry_i}", "+ {(Width+1){1'b0}}", "carry into the exact part dropped"),
        ("(Signed != 0) && b_i[Width-1]", "1'b0", "second operand zero-extended"),
    ),
    *mutants_of(
        "drum",
        "multiplier_drum",
        (".ActivationWidth (ActivationWidth),", ".ActivationWidth (WeightWidth),", "core told the wrong width"),
        (".code_o    (weight_code)", ".code_o    ()", "weight code left open"),
    ),
    *mutants_of(
        "drum",
        "segment_encoder",
        ("(ForcedOne != 0 && |shift)", "1'b0", "forced one dropped"),
        ("shift[stage] = 1'b1;", "shift[stage] = 1'b0;", "segment not shifted back"),
        ("assign code_o = {negative,", "assign code_o = {1'b0,", "sign lost"),
    ),
    *mutants_of(
        "drum",
        "segment_core",
        (" << weight_shift;", ";", "only one operand's shift undone"),
        (".Signed          (0)", ".Signed          (1)", "segments multiplied as signed numbers"),
        (
            "^ weight_code_i[WeightShiftWidth+SegmentWidth]),",
            "& weight_code_i[WeightShiftWidth+SegmentWidth]),",
            "sign is the AND of the signs",
        ),
    ),
    *mutants_of(
        "drum",
        "magnitude",
        ("+ {{(Width-1){1'b0}}, negative_o}", "", "ones' complement instead of two's"),
        ("(Signed != 0) && data_i", "(Signed == 0) && data_i", "unsigned core fed with signed operands"),
    ),
    *mutants_of(
        "drum",
        "apply_sign",
        ("(magnitude_i ^ {Width{negate_i}}) + {{(Width-1){1'b0}}, negate_i}", "magnitude_i", "sign not applied"),
    ),
    *mutants_of(
        "drum_os",
        "sign_extend",
        ("(Signed != 0) && data_i[InputWidth-1]", "1'b0", "sign extension dropped"),
    ),
    *mutants_of(
        "drum_os",
        "pe_output_stationary",
        (
            ".OutputWidth (AccumulatorWidth),\n    .Signed      (Signed)",
            ".OutputWidth (AccumulatorWidth),\n    .Signed      (0)",
            "product extended as unsigned",
        ),
        (
            ".ActivationWidth (ActivationWidth),\n    .WeightWidth     (WeightWidth),",
            ".ActivationWidth (WeightWidth),\n    .WeightWidth     (ActivationWidth),",
            "operand widths swapped",
        ),
    ),
    *mutants_of(
        "drum_os_shared",
        "operand_encoders",
        ("operand_i[lane*OperandWidth", "operand_i[0*OperandWidth", "every lane carries the first lane's code"),
        (".ForcedOne    (1)", ".ForcedOne    (0)", "shared encoder without the forced one"),
    ),
    *mutants_of(
        "drum_os_shared",
        "systolic_array_os_3x2_s4xs5_acc11_drum_k3_loa_k3_shared",
        (
            "u_activation_encoders (\n    .operand_i (activation_i),",
            "u_activation_encoders (\n    .operand_i (weight_i),",
            "weights recoded in the place of activations",
        ),
        (
            "u_weight_encoders (\n    .operand_i (weight_i),",
            "u_weight_encoders (\n    .operand_i (activation_i),",
            "activations recoded in the place of weights",
        ),
    ),
)
"""All mutants."""
