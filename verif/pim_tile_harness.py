"""The Verilog bench of the PIM tile: drives it as memories say and prints every transfer.

Inputs change just after the rising edge; outputs are read in the middle of the cycle, when everything combinational has
settled; what is on offer then and wanted is transferred by the next rising edge. Lines printed: `a` and `c` (cycle,
number) for activations and commands taken, `o` (cycle) for results first on offer, `r` (cycle, last, planes, clips,
bits) for results taken, `b` (cycle, bits) for words read back, `e` (cycle, bits) for a change of the errors, `x` for
what the handshake forbids.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.arithmetic.crossbar import TileShape
from tpugen.verif.verilog_template import filled

__all__ = ["BENCH", "bench_text", "tile_parameters"]

BENCH = "tpugen_bench"
"""Name of the bench's module."""

_INDEX_BITS = 16
_RESULT_BITS = 32


def tile_parameters(tile: TileShape, program_weights: int) -> dict[str, int]:
    """Parameters of the Verilog module `pim_tile` by name; seeds as the signed 32-bit numbers that they are there."""

    def signed(word: int) -> int:
        return word - (1 << 32) if word >> 31 else word

    return {
        "Rows": tile.rows,
        "Cols": tile.cols,
        "CrossbarRows": tile.crossbar_rows,
        "CrossbarCols": tile.crossbar_cols,
        "AdcBits": tile.adc_bits,
        "ColumnsPerAdc": tile.columns_per_adc,
        "ActivationWidth": tile.activation_width_bits,
        "InputLanes": tile.input_lanes,
        "OutputLanes": tile.output_lanes,
        "ZeroSkipping": int(tile.zero_skipping),
        "ProgramWeights": program_weights,
        "FaultSeed": signed(tile.faults.seed),
        "StuckOff": tile.faults.stuck_off,
        "StuckOn": tile.faults.stuck_on,
        "NoiseSeed": signed(tile.noise.seed),
        "NoiseSigma": tile.noise.sigma,
    }


def bench_text(parameters: Mapping[str, int], beats: int, commands: int, first: int, cycles: int) -> str:
    """The bench.

    Args:
        parameters: Of the tile, by name.
        beats: Beats of activations in `beats.hex`.
        commands: Commands in `commands.hex`.
        first: Commands that are taken before any activations are offered.
        cycles: Cycles in `cycles.hex`.
    """
    values = {
        "BEATS": beats,
        "COMMANDS": commands,
        "FIRST": first,
        "CYCLES": cycles,
        "ACTIVATION": parameters["InputLanes"] * parameters["ActivationWidth"],
        "DATA": 2 * parameters["ProgramWeights"],
        "RESULT": _RESULT_BITS * parameters["OutputLanes"],
        "INDEX": _INDEX_BITS,
    }
    return filled(_BENCH, parameters, values)


_BENCH = """`timescale 1ns/1ps
module tpugen_bench;
  reg [@INDEX@+@ACTIVATION@:0] beats [0:@BEATS@];
  reg [@INDEX@+@DATA@+48:0] commands [0:@COMMANDS@];
  reg [5:0] cycles [0:@CYCLES@];
  reg clk, rst_n, offers, commanding, takes, reads, clears;
  reg [@INDEX@+@ACTIVATION@:0] beat;
  reg [@INDEX@+@DATA@+48:0] command;
  reg beat_taken, command_taken;
  integer cycle, epoch, number, beat_number, command_number;
  wire activation_ready, result_valid, result_last, program_ready, readback_valid;
  wire [@RESULT@-1:0] result;
  wire [4:0] planes;
  wire [31:0] clips;
  wire [@DATA@-1:0] readback;
  wire [1:0] errors;
  reg held, read_held;
  reg [1:0] errors_before;
  reg [@RESULT@+37:0] payload_before;
  reg [@DATA@-1:0] readback_before;
  pim_tile #(@PARAMETERS@) u_dut (
    .clk_i(clk), .rst_ni(rst_n),
    .activation_valid_i(offers), .activation_ready_o(activation_ready),
    .activation_last_i(beat[@ACTIVATION@]), .activation_i(beat[@ACTIVATION@-1:0]),
    .result_valid_o(result_valid), .result_ready_i(takes), .result_last_o(result_last), .result_o(result),
    .result_planes_o(planes), .result_clips_o(clips),
    .program_valid_i(commanding), .program_ready_o(program_ready), .program_write_i(command[@DATA@+48]),
    .program_crossbar_i(command[@DATA@+32 +: 16]), .program_row_i(command[@DATA@+16 +: 16]),
    .program_word_i(command[@DATA@ +: 16]), .program_data_i(command[@DATA@-1:0]),
    .readback_valid_o(readback_valid), .readback_ready_i(reads), .readback_data_o(readback),
    .error_o(errors), .error_clear_i(clears)
  );
  initial begin
    $readmemh("beats.hex", beats);
    $readmemh("commands.hex", commands);
    $readmemh("cycles.hex", cycles);
    clk = 1'b0; rst_n = 1'b0; offers = 1'b0; commanding = 1'b0; takes = 1'b0; reads = 1'b0; clears = 1'b0;
    beat_number = 0; command_number = 0; epoch = 0;
    beat_taken = 1'b0; command_taken = 1'b0; held = 1'b0; read_held = 1'b0; errors_before = 2'b00;
    beat = beats[0]; command = commands[0];
    for (cycle = 0; cycle < @CYCLES@; cycle = cycle + 1) begin
      #5 clk = 1'b1;
      #1 rst_n = cycles[cycle][0];
      if (beat_taken) begin
        offers = 1'b0; beat_number = beat_number + 1;
      end
      if (command_taken) begin
        commanding = 1'b0; command_number = command_number + 1;
      end
      beat_taken = 1'b0; command_taken = 1'b0;
      if (!rst_n) begin
        if (cycle > 0 && cycles[cycle-1][0]) begin
          epoch = epoch + 1;
          for (number = beat_number; number < @BEATS@; number = number + 1)
            if (beats[number][@ACTIVATION@+1 +: @INDEX@] < epoch) beat_number = number + 1;
        end
        offers = 1'b0; commanding = 1'b0; held = 1'b0; read_held = 1'b0;
      end
      takes = cycles[cycle][3];
      reads = cycles[cycle][4];
      clears = cycles[cycle][5];
      beat = beats[beat_number];
      command = commands[command_number];
      if (rst_n && cycles[cycle][1] && beat_number < @BEATS@ && command_number >= @FIRST@
          && beat[@ACTIVATION@+1 +: @INDEX@] == epoch) offers = 1'b1;
      if (rst_n && cycles[cycle][2] && command_number < @COMMANDS@
          && beat_number >= command[@DATA@+49 +: @INDEX@]) commanding = 1'b1;
      #4 clk = 1'b0;
      if (!rst_n && (result_valid !== 1'b0 || readback_valid !== 1'b0)) $display("x %0d valid in reset", cycle);
      if ((^{activation_ready, program_ready, result_valid, readback_valid, errors}) === 1'bx)
        $display("x %0d unknown handshake", cycle);
      if (held && (result_valid !== 1'b1 || {result_last, planes, clips, result} !== payload_before))
        $display("x %0d result not held", cycle);
      if (read_held && (readback_valid !== 1'b1 || readback !== readback_before))
        $display("x %0d word not held", cycle);
      if (errors !== errors_before) $display("e %0d %b", cycle, errors);
      if (rst_n) begin
        if (result_valid && !held) $display("o %0d", cycle);
        if (result_valid && takes) $display("r %0d %b %0d %0d %b", cycle, result_last, planes, clips, result);
        if (readback_valid && reads) $display("b %0d %b", cycle, readback);
        if (offers && activation_ready) begin
          $display("a %0d %0d", cycle, beat_number);
          beat_taken = 1'b1;
        end
        if (commanding && program_ready) begin
          $display("c %0d %0d", cycle, command_number);
          command_taken = 1'b1;
        end
        held = result_valid && !takes;
        read_held = readback_valid && !reads;
      end
      errors_before = errors;
      payload_before = {result_last, planes, clips, result};
      readback_before = readback;
    end
    $finish(0);
  end
endmodule
"""
