"""Deliberate faults in the RTL of the PIM tile, and the small stimuli that must expose them.

Each mutant is one text replacement, as in `tpugen.verif.mutants`; its `design` names the stimulus that kills it. Faults
that change nothing an observer can see (rows driven while nothing is sampled) are not listed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.verif.mutants import Mutant, mutants_of
from tpugen.verif.pim_tile_bench import Command, Pace, Stimulus, programming, read_back

__all__ = ["PIM_MUTANTS", "PIM_STIMULI", "tile_stimulus"]

_WORD = 4
_BITS = 16
_CLIPPING = (1, -1)
"""The first columns: where every row bit is 1, they clip narrow ADCs from above and from below."""


def tile_stimulus(
    tile: TileShape,
    *,
    seed: int = 1,
    pace: Pace | None = None,
    vectors: int = 6,
    reset_cycles: tuple[int, ...] = (),
    clear_cycles: tuple[int, ...] = (),
    cycles: int = 1500,
) -> Stimulus:
    """A random matrix and vectors that between them meet every rule of the tile.

    Among the vectors of each epoch are one of zeros, one of a single small number in every row, one of -1, a short one
    and one that is longer than the matrix has rows. Commands address rows, words and crossbars outside the tile,
    reprogram words and read them back while vectors are under way, and read everything once at the start. One column
    is all +1 and one all -1.
    """
    rng = random.Random(seed)  # noqa: S311 - stimulus, not secrets
    weights = [[rng.choice((-1, 0, 1)) for _ in range(tile.cols)] for _ in range(tile.rows)]
    for row in weights:
        row[: len(_CLIPPING)] = _CLIPPING[: tile.cols]
    half = 1 << (tile.activation_width_bits - 1)
    epochs = []
    for _ in range(len(reset_cycles) + 1):
        some = [[rng.randrange(-half, half) for _ in range(tile.rows)] for _ in range(vectors - 3)]
        some[0] = some[0][: tile.rows // 2 + 1]
        some[1] += some[1][: tile.input_lanes + 1]
        mixed = [some[-1], some[0], [0] * tile.rows, [2 % half] * tile.rows, some[1], [-1] * tile.rows, *some[2:-1]]
        epochs.append(tuple(tuple(vector) for vector in mixed))
    blocks = tile.block_rows * tile.block_cols
    during = []
    for beats in range(2 * tile.input_beats, 4 * tile.input_beats + 1):
        where = (rng.randrange(blocks), rng.randrange(tile.crossbar_rows), 0)
        during += [
            Command(True, *where, rng.getrandbits(_BITS) % (1 << 2 * _WORD), after=beats),
            Command(False, *where, after=beats),
        ]
    outside = (
        Command(True, 0, tile.crossbar_rows + 1, 0, 1),
        Command(False, 0, 0, -(-tile.crossbar_cols // _WORD)),
        Command(False, blocks, 1, 0),
    )
    return Stimulus(
        tile=tile,
        epochs=tuple(epochs),
        commands=(*programming(tile, weights, _WORD), *outside, *read_back(tile, _WORD), *during),
        reset_cycles=reset_cycles,
        clear_cycles=clear_cycles,
        pace=pace or Pace(),
        seed=seed,
        program_weights=_WORD,
        cycles=cycles,
    )


_ODD = TileShape(11, 9, 6, 5, adc_bits=3, columns_per_adc=3, input_lanes=3, output_lanes=2, zero_skipping=True)
_PLAIN = TileShape(7, 6, 4, 6, adc_bits=4, columns_per_adc=2)
_FAULTY = TileShape(
    11,
    8,
    6,
    6,
    adc_bits=3,
    columns_per_adc=4,
    zero_skipping=True,
    faults=Faults(seed=0xC0FFEE11, stuck_off=9000, stuck_on=12000),
    noise=Noise(seed=0x8BADF00D, sigma=500),
)

PIM_STIMULI: Mapping[str, Stimulus] = {
    "odd": tile_stimulus(
        _ODD, seed=3, pace=Pace(0.6, 0.5, 0.7, 0.5), reset_cycles=(290,), clear_cycles=(275,), cycles=520
    ),
    "plain": tile_stimulus(_PLAIN, seed=2, cycles=240),
    "faulty": tile_stimulus(_FAULTY, seed=4, reset_cycles=(230,), cycles=520),
}
"""Small tiles: nothing divides evenly and planes are skipped; no pause at all; stuck cells and noise."""


PIM_MUTANTS: tuple[Mutant, ...] = (
    *mutants_of(
        "odd",
        "crossbar",
        ("if (sum > CodeTop) begin", "if (sum > CodeTop + 1) begin", "clips one code too high"),
        ("        sum = -CodeTop - 1;", "        sum = -CodeTop;", "clips to one code too few"),
        ("- {31'd0, negative_q[row][col]}", "- 32'd0", "negative cells not subtracted"),
        ("converted(adc) < -CodeTop - 1;", "1'b0;", "clipping from below not flagged"),
    ),
    *mutants_of(
        "faulty",
        "crossbar",
        ("read_q <= read_q + 32'd1;", "read_q <= read_q;", "every read has the same noise"),
        ("read_q <= 32'd0;", "read_q <= read_q;", "reads counted through reset"),
        ("(told[weight] || draw < StuckOff + StuckOn)", "told[weight]", "no cell stuck on"),
        ("draw >= StuckOff &&", "", "no cell stuck off"),
        ("(row << 16)", "(row << 15)", "stuck cells elsewhere"),
        ("seed + Golden * (Index + 1)", "seed", "every crossbar has the same faults"),
        ("- ByteSumMean)", ")", "noise with a mean"),
        ("+ (1 << (NoiseShift - 1))) >>>", ") >>>", "noise rounded down"),
    ),
    *mutants_of(
        "odd",
        "crossbar_grid",
        ("row_bits_i[r*Rows +: Rows]", "row_bits_i[0 +: Rows]", "every row block sees the first rows"),
        ("= block_clipped[k];", "= block_clipped[0];", "clip flags of the first ADC everywhere"),
    ),
    *mutants_of(
        "faulty",
        "crossbar_grid",
        ("(r * BlockCols + c),", "(c * BlockRows + r),", "crossbars numbered the other way"),
    ),
    *mutants_of(
        "odd",
        "pim_input_buffer",
        (
            "if (first) begin\n        activation_q <=",
            "if (1'b0) begin\n        activation_q <=",
            "a short vector keeps rows of the one before",
        ),
        ("full_q     <= at_end || activation_last_i;", "full_q     <= at_end;", "a short vector never ends"),
        ("nonzero_q <= first ? beat_nonzero :", "nonzero_q <=", "planes of earlier vectors wanted"),
        (": nonzero_q | beat_nonzero;", ": beat_nonzero;", "planes judged by the last beat"),
        ("{ActivationWidth{!at_end}}", "{ActivationWidth{1'b1}}", "lanes beyond the last row count"),
        ("full_q <= 1'b0;", "full_q <= full_q;", "buffer never released"),
        ("assign surplus_o = too_long;", "assign surplus_o = 1'b0;", "surplus not reported"),
        ("surplus_q <= 1'b1;", "surplus_q <= 1'b0;", "surplus beats begin a vector"),
        ("&& at_end && !activation_last_i", "&& at_end", "every full vector counts as too long"),
        ("full_q     <= 1'b0;", "full_q     <= 1'b1;", "a vector out of reset"),
        (
            "position_q <= {PositionBits{1'b0}};\n    end else",
            "position_q <= position_q;\n    end else",
            "a vector cut by reset leaves its position",
        ),
    ),
    *mutants_of(
        "odd",
        "pim_plane_control",
        ("(~pending + LowestPlane)", "(~pending)", "no plane found"),
        (
            "last_column && !last_q);\n  assign plane_o",
            "last_column);\n  assign plane_o",
            "samples after the last plane",
        ),
        ("LastColumn = ColumnsPerAdc - 1", "LastColumn = ColumnsPerAdc - 2", "one column too few converted"),
        ("planes_q <= start ? 5'd1 : planes_q + 5'd1;", "planes_q <= 5'd1;", "planes not counted"),
        ("first_q  <= start;", "first_q  <= 1'b1;", "every plane starts the sum anew"),
        ("left_q   <= remaining;", "left_q   <= pending;", "the same plane over and over"),
        ("busy_q && !unloaded_i", "1'b0", "starts before the results have left"),
    ),
    *mutants_of(
        "faulty",
        "pim_plane_control",
        ("? LowestPlane : nonzero_i", "? nonzero_i : nonzero_i", "a vector of zeros has no plane"),
    ),
    *mutants_of(
        "plain",
        "pim_plane_control",
        ("wanted = {ActivationWidth{1'b1}};", "wanted = nonzero_i;", "skips planes that are to be read"),
        ("PipelineStages = 2", "PipelineStages = 3", "accumulates a cycle late"),
        ("start || (converting_q && !last_q);", "start;", "cells touched between planes"),
        ("sample_o && !more;", "sample_o;", "buffer released after the first plane"),
    ),
    *mutants_of(
        "odd",
        "pim_column_group",
        ("negative = plane_i[ActivationWidth-1];", "negative = 1'b0;", "sign plane added"),
        ("{ResultWidth{!first_i}}", "{ResultWidth{1'b1}}", "sums never start anew"),
        ("<< place)", "<< (place == 1 ? 2 : place))", "plane 1 weighted as plane 2"),
        ("= sum_d + extended[", "= extended[", "only the last row block counts"),
        ("{(SumBits-AdcBits){code_i[b*AdcBits+AdcBits-1]}}", "{(SumBits-AdcBits){1'b0}}", "codes read as unsigned"),
        (" + (OneResult & {ResultWidth{negative}});", ";", "ones' complement instead of negation"),
        ("clips_d + (OneClip", "(OneClip", "clips of the last row block only"),
    ),
    *mutants_of(
        "faulty",
        "pim_column_group",
        ("accumulate_i && column_i <= LastColumn[ColumnBits-1:0];", "accumulate_i;", "columns beyond the matrix count"),
    ),
    *mutants_of(
        "odd",
        "pim_column_bank",
        ("(first_i && column_i == {ColumnBits{1'b0}})", "(column_i == {ColumnBits{1'b0}})", "clips of one plane only"),
        ("(code_i[Group*BlockRows", "(code_i[(Groups-1-Group)*BlockRows", "columns of other ADCs"),
    ),
    *mutants_of(
        "odd",
        "pim_clip_counter",
        ("{32{!restart_i}}", "{32{1'b1}}", "clips never start anew"),
    ),
    *mutants_of(
        "odd",
        "pim_output_port",
        ("pending_q && (!valid_q || result_ready_i)", "pending_q", "overwrites a waiting result"),
        ("last_q   <= last;", "last_q   <= first;", "last flag on the first beat"),
        ("assign count_o        = count_q;", "assign count_o        = count_i;", "counts of the vector after"),
        ("last ? {PositionBits{1'b0}} : position_q + One;", "position_q + One;", "position never wraps"),
        ("load || (valid_q && !result_ready_i);", "load;", "a waiting result is lost"),
        ("{result_q[(i+1)*ColumnWidth-1]}", "{1'b0}", "results not sign-extended"),
        ("pending_q  <= 1'b0;", "pending_q  <= 1'b1;", "results out of reset"),
        ("assign unloaded_o = load && last;", "assign unloaded_o = load;", "unloaded after the first beat"),
    ),
    *mutants_of(
        "odd",
        "pim_program_port",
        ("(!readback_valid_q || readback_ready_i)", "1'b1", "reads while a word waits"),
        ("program_row_i < Rows[15:0] &&", "", "rows outside the tile wrap"),
        ("&& program_word_i < Words[15:0]", "", "words outside the tile not reported"),
        ("accept && legal && program_crossbar_i", "accept && program_crossbar_i", "commands outside the tile act"),
        ("(readback_valid_q && !readback_ready_i)", "1'b0", "a waiting word is lost"),
    ),
    *mutants_of(
        "plain",
        "pim_program_port",
        ("= !hold_i && (", "= (", "cells touched while planes are sampled"),
        ("program_crossbar_i == b", "program_crossbar_i == 0", "every crossbar programmed as the first"),
    ),
    *mutants_of(
        "odd",
        "pim_tile",
        (".release_i          (release_buffer)", ".release_i          (sample)", "buffer released too early"),
        ("(error_q & {2{!error_clear_i}})", "error_q", "errors cannot be cleared"),
        ("| {address_error, surplus};", "| {surplus, address_error};", "errors reported as each other"),
        ("error_q <= 2'b00;", "error_q <= error_q;", "errors outlive reset"),
        (".write_i     (program_write_i)", ".write_i     (1'b1)", "reading back overwrites"),
    ),
)
