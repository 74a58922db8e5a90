"""Faults of the attention engine's RTL, and the tokens on which each must show.

The `design` of a mutant is the engine of `ENGINES` that shows it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tpugen.arithmetic.decoder_layer import LayerShape
from tpugen.arithmetic.tpu import TpuShape
from tpugen.verif.attention_bench import AttentionToken, run_attention
from tpugen.verif.mutants import Mutant, mutants_of

__all__ = ["ATTENTION_MUTANTS", "ENGINES", "attention_shape", "attention_tokens", "random_tokens", "survives"]


def attention_shape(heads: int, kv_heads: int, d_head: int, context: int) -> LayerShape:
    """A layer of which only the attention matters."""
    return LayerShape(d=heads * d_head, heads=heads, d_ff=1, context=context, kv_heads=kv_heads)


ENGINES: Mapping[str, tuple[LayerShape, TpuShape]] = {
    "uneven": (attention_shape(6, 2, 5, 6), TpuShape(2, 3, 4, unsigned_activations=True)),
    "kept": (attention_shape(3, 1, 3, 4), TpuShape(2, 4, 4, unsigned_activations=True)),
    "tall": (attention_shape(2, 2, 2, 3), TpuShape(18, 2, 2, unsigned_activations=True)),
}
"""Layers and arrays: nothing divides and everything is longer than the array; everything fits; few rows in use."""


def random_tokens(
    shape: LayerShape, rng: np.random.Generator, positions: Iterable[int], *, great: bool = False
) -> list[AttentionToken]:
    """Tokens at these positions, one after the other, with queries, keys and values over their whole range.

    Args:
        shape: The layer.
        rng: Of everything.
        positions: Of the tokens.
        great: Whether softmax sees great differences; else such that many weights matter.
    """
    tokens = []
    for position in positions:
        q, k, v = (rng.integers(-128, 128, (heads, shape.d_head)) for heads in (shape.heads, *[shape.key_heads] * 2))
        shift = int(rng.integers(8, 24) if great else rng.integers(16, 19))
        tokens.append(AttentionToken(q, k, v, position, int(rng.integers(1 << 14, 1 << 16)), shift))
    return tokens


def attention_tokens(shape: LayerShape, seed: int = 1) -> list[AttentionToken]:
    """Something of everything: a sequence at full speed, one with pauses and nuisance, tokens given up, resets."""
    rng = np.random.default_rng(seed)
    everywhere = range(shape.context)
    tokens = random_tokens(shape, rng, everywhere)
    paused = random_tokens(shape, rng, everywhere, great=True)
    tokens += [replace(t, pauses=(0.3, 0.5), nuisance=True, order=number) for number, t in enumerate(paused)]
    operands = len(tokens[0].operand_words())
    for given_up in (2, shape.d + 1, operands - 1):
        abandoned, again = random_tokens(shape, rng, [1, 1])
        tokens += [replace(abandoned, given_up_after=given_up), replace(again, clear=True, nuisance=True)]
    for cut in (operands // 3, operands + 8, operands + 40):
        tokens += [replace(t, cut_after=cut) for t in random_tokens(shape, rng, [0])]
        tokens += random_tokens(shape, rng, range(min(2, shape.context)))
    return tokens


def survives(sources: Mapping[str, str], folder: Path, engines: Sequence[str] = tuple(ENGINES)) -> bool:
    """Whether engines of these sources do everything right.

    Args:
        sources: Verilog by module name.
        folder: Where the simulations go.
        engines: Keys of `ENGINES`, in order; the first that finds a fault ends the search.
    """
    for name in engines:
        shape, array = ENGINES[name]
        if run_attention(shape, array, attention_tokens(shape), sources, folder / name, stop=True):
            return False
    return True


ATTENTION_MUTANTS: tuple[Mutant, ...] = (
    *mutants_of(
        "uneven",
        "operand_feeder",
        ("!valid_q || beat_ready_i", "!valid_q", "a word every other cycle"),
        ("!valid_q || beat_ready_i", "1'b1", "words lost while the array fills no bank"),
        ("(active_q && !(read && walk_last))", "active_q", "reads on after its end"),
        ("last_q  <= read && walk_last", "last_q  <= read && tile_last", "the first tile ends the operand"),
        ("tile_n_q  <= next_m;", "tile_n_q  <= next_n;", "second tile row reads other columns' words"),
        ("address_q <= next_n;", "address_q <= tile_n_q;", "every tile along N the same"),
        ("tile_last ? slices_i : slices_left_q - One", "slices_left_q - One", "a second tile has no end"),
    ),
    *mutants_of(
        "uneven",
        "row_collector",
        ("whole ? Rows[15:0] : ahead", "Rows[15:0]", "last tile has all rows"),
        ("whole ? ahead - Rows[15:0] : 16'd0", "ahead", "rows beyond a tile not counted"),
        ("tile_m_q + step_m_i", "tile_n_q + step_m_i", "tile rows slide"),
        ("tile_n_q + NextWord", "tile_n_q", "tiles along N over each other"),
        ("address_q   <= address_q + step_i", "address_q   <= address_q + NextWord", "rows lie too close"),
    ),
    *mutants_of(
        "uneven",
        "lane_reader",
        ("(row_last || word_last) ?", "word_last ?", "a row begins in the midst of a word"),
        ("wire step      = active_q && advance_o", "wire step      = active_q", "does not wait"),
        ("element_q   <= lane", "element_q   <= word_i[31:0]", "always the first lane"),
        ("address_q   <= next_row", "address_q   <= address_q + NextWord", "rows lie side by side"),
        ("first_q <= row_last", "first_q <= 1'b0", "rows after the first not marked"),
        ("row_last && rows_left_q == One", "rows_left_q == One", "last row of one element"),
    ),
    *mutants_of(
        "uneven",
        "position_split",
        (" + Cols - 1) / Cols", ") / Cols", "reciprocal rounded down"),
        ("position_i - tile_q", "position_i + tile_q", "wrong lane"),
    ),
    *mutants_of(
        "uneven",
        "attention_operands",
        ("group_last || query_lane_q == ", "query_lane_q == ", "a group's last tile spills into the next group"),
        ("(query_place_q == LastQueryWord[QueryAddressWidth-1:0]) ?", "1'b0 ?", "second token's queries elsewhere"),
        ("query_base_q    <= tile_last ? query_next", "query_base_q    <= tile_last ? query_base_q", "tiles alike"),
        ("key_place_q == LastKey[KeyAddressWidth-1:0]", "1'b0", "second token's keys elsewhere"),
        ("(key_base_q + key_place_q)", "(key_place_q)", "keys of later tiles over the first"),
        ("(value_base_q + value_place_q)", "(value_place_q)", "values of later positions over the first"),
        ("value_head_last || value_lane_q ==", "value_lane_q ==", "heads share words of values"),
        ("key && key_lane == l", "key && key_lane[0] == l", "positions over each other"),
        ("clear_i || (key &&", "(key &&", "keys of a token that was given up count"),
    ),
    *mutants_of(
        "uneven",
        "attention_array",
        ("keep_a ? 16'd1 : tiles_n", "16'd1", "heads not sent again with every chunk"),
        ("keep_a ? 16'd1 : tiles_n", "tiles_n", "heads sent for every tile though they are kept"),
        ("value_base_q + ElementTiles", "value_base_q + NextB", "values of the next head begin too early"),
        ("sums_base_q + SumsStep[RowAddressWidth-1:0]", "sums_base_q", "sums of KV heads over each other"),
        ("{AAddressWidth{1'b0}} : query_base_q", "query_base_q : query_base_q", "weights read from another place"),
        (".unsigned_i           (values_i)", ".unsigned_i           (1'b0)", "weights signed"),
        (".unsigned_i           (values_i)", ".unsigned_i           (1'b1)", "queries unsigned"),
        (".wide_i               (1'b1)", ".wide_i               (1'b0)", "sums in eight bits"),
    ),
    *mutants_of(
        "kept",
        "attention_array",
        ("keep_b ? 16'd1 : GroupTiles[15:0]", "GroupTiles[15:0]", "positions sent again though they are kept"),
    ),
    *mutants_of(
        "uneven",
        "attention_softmax",
        ("tile_last ? base_q + Context[WeightAddressWidth-1:0] : base_q", "base_q", "tiles of heads over each other"),
        ("tile_last ? 8'd0 : lane_q + 8'd1", "lane_q + 8'd1", "heads beyond a tile have no lane"),
        ("weight_valid && lane_q == l", "weight_valid", "every head's weights in all lanes"),
        ("heads_left_q - One", "heads_left_q", "never the last head"),
        (".operand_last_i  (score_row_last)", ".operand_last_i  (score_last)", "heads normalised together"),
    ),
    *mutants_of(
        "uneven",
        "attention_context",
        ("read && read_first", "read", "a head's sum for every word"),
        ("if (start_i) begin", "if (1'b0) begin", "sums of the second token elsewhere"),
        ("if (advance) begin", "if (1'b1) begin", "sum of the next head while an element waits"),
        (".operand_last_i  (element_last)", ".operand_last_i  (element_row_last)", "every head ends the token"),
    ),
    *mutants_of(
        "tall",
        "attention_sequencer",
        ("!launched_q && !job_q", "!launched_q", "a product begins while rows of the last one leave"),
        ("start_i && operator_q == Idle", "start_i", "starts over while it runs"),
        ("head_last ? Idle : Scores", "Idle", "one KV head only"),
        ("sums_done && !head_last", "sums_done && head_last", "every KV head has the first one's queries"),
        ("sums_done && head_last;", "sums_done;", "done with every KV head"),
        ("job_q       <= load || (job_q && !job_done_i)", "job_q       <= load", "the array's rows forgotten"),
    ),
    *mutants_of(
        "uneven",
        "attention_engine",
        ("operator_o == Idle", "1'b1", "operands taken while attention runs"),
        ("position_i + 16'd1", "position_i", "does not see its own position"),
        ("b_read && values", "b_read && !values", "values never read"),
        ("row_valid && values", "row_valid", "scores stored over sums"),
        (".load_i          (done_o)", ".load_i          (next)", "contexts leave before the end"),
    ),
)  # fmt: skip
"""All faults."""
