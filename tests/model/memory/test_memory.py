"""Memories: constants from cards, stalls, energy; what is resident and what is streamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.cards import load_card
from tpugen.model.memory import Memory, load_memory_card, memory_costs, memory_traffic
from tpugen.model.memory.traffic import HOLDINGS
from tpugen.model.workloads import Widths, decoder_table, find_language_model
from tpugen.model.workloads.operators import Operator, OperatorTable

PLAIN = Memory("plain", capacity_bytes=1e6, bandwidth_bytes_s=1e9, read_j_per_bit=1e-12, write_j_per_bit=2e-12)
OPT = find_language_model("opt-6.7b")
positive = st.floats(1e-9, 1e9)


def small_table(batch: int = 1, phase: str = "decode") -> OperatorTable:
    return decoder_table([find_language_model("gpt2-small")], [16, 64, 256], batch=batch, phase=phase)  # type: ignore[arg-type]


def test_built_in_memories_read_their_cards() -> None:
    hbm, lpddr, sram = (load_memory_card(name) for name in ("hbm2", "lpddr4", "sram-45nm"))
    assert hbm.read_j_per_bit == pytest.approx(3.7e-12)
    assert lpddr.read_j_per_bit == pytest.approx(20e-12 / 8)
    assert sram.capacity_bytes == 8e6
    assert hbm.bandwidth_bytes_s > sram.bandwidth_bytes_s > lpddr.bandwidth_bytes_s
    assert sram.area_um2 > 0
    assert hbm.area_um2 == lpddr.area_um2 == 0


def test_a_card_of_ones_own(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    text = "\n".join(
        f'[{name}]\nvalue = {value}\nunit = "{unit}"\norigin = "published"\nsource = "mine"'
        for name, value, unit in [
            ("capacity", 2, "MiB"), ("bandwidth", 4, "GB/s"), ("read_energy", 1, "pJ/bit"),
            ("write_energy", 1, "nJ/byte"), ("standby_power", 3, "mW"), ("area_per_bit", 0.5, "um2/bit"),
        ]
    )  # fmt: skip
    card.write_text(text)
    memory = load_memory_card(str(card))
    assert memory.capacity_bytes == 2 * 2**20
    assert memory.bandwidth_bytes_s == pytest.approx(4e9)
    assert memory.write_j_per_bit == pytest.approx(1e-9 / 8)
    assert memory.standby_w == pytest.approx(3e-3)
    assert memory.area_um2 == pytest.approx(0.5 * 8 * 2 * 2**20)
    assert memory.origin == "published"

    card.write_text(text.replace('unit = "GB/s"', 'unit = "MHz"').replace("[read_energy]", "[energy]"))
    with pytest.raises(RequestError) as caught:
        load_memory_card(str(card))
    assert "bandwidth: unit 'MHz'; expected bit/s, Mbit/s" in caught.value.message
    assert "read_energy: missing; expected a value in J/bit" in caught.value.message


def test_a_card_that_does_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="technology card 'lpddr44' is not known"):
        load_memory_card("lpddr44")
    with pytest.raises(RequestError, match="capacity: missing"):
        Memory.from_card(load_card("vector-45nm"))


@given(positive, positive)
def test_waiting_is_the_part_of_the_transfer_that_compute_does_not_cover(compute_s: float, moved_bytes: float) -> None:
    stall = float(PLAIN.stall_s(compute_s, moved_bytes))
    assert compute_s + stall == pytest.approx(max(compute_s, moved_bytes / 1e9))
    assert float(PLAIN.stall_s(compute_s, 0)) == 0.0
    twice = Memory("twice", 1e6, 2e9, 1e-12, 2e-12)
    assert float(twice.stall_s(compute_s, moved_bytes)) <= stall


def test_energy_is_bits_times_energy_per_bit() -> None:
    assert float(PLAIN.energy_j(100, 10)) == pytest.approx(800e-12 + 160e-12)
    assert float(PLAIN.energy_j(0)) == 0.0


def test_capacity() -> None:
    PLAIN.require_capacity([1e6, 5])
    with pytest.raises(RequestError) as caught:
        PLAIN.require_capacity(np.array([5.0, 1_000_001.0]))
    assert str(caught.value) == (
        "weights and cache take 1,000,001 bytes; memory 'plain' holds 1,000,000\n"
        "  choose a smaller model, context or batch, narrower widths, or a memory of more capacity"
    )


def test_streamed_opt_moves_its_weights_and_cache() -> None:
    """(4 d^2 + 2 d d_ff) / 8 bytes of 1-bit weights and 2 d l of the cache a layer (arXiv 2408.11939)."""
    contexts = np.array([128, 4096])
    moved = memory_traffic(decoder_table([OPT], contexts), buffer_bytes=8e6)
    d, d_ff, layers = 4096, 16384, 32
    assert moved.weight_bytes.sum(axis=0).tolist() == [layers * (4 * d * d + 2 * d * d_ff) / 8] * 2
    assert moved.cache_bytes.sum(axis=0).tolist() == (layers * 2 * d * contexts).tolist()
    assert moved.cache_written_bytes.sum(axis=0).tolist() == [layers * 2 * d] * 2
    assert moved.vector_bytes.sum() == moved.result_bytes.sum() == 0
    assert moved.footprint_bytes.tolist() == (moved.weight_bytes + moved.cache_bytes).sum(axis=0).tolist()
    assert not moved.weights_resident.any()


def test_streaming_decides_the_speed_of_an_edge_device() -> None:
    """1-bit OPT-6.7B from LPDDR4: 0.8 GB of weights at 12.8 GB/s take 63 ms a token, the cache at 128 tokens 2.6 ms."""
    table = decoder_table([OPT], 128)
    costs = memory_costs(load_memory_card("lpddr4"), memory_traffic(table, buffer_bytes=8e6), 0.0)
    bytes_moved = 805_306_368 + 33_554_432 + 262_144
    assert costs.stall_s.sum() == pytest.approx(bytes_moved / 12.8e9)
    assert costs.energy_j.sum() == pytest.approx(bytes_moved * 20e-12)


def test_weights_that_the_engines_hold_do_not_move() -> None:
    table = decoder_table([OPT], 128)
    held = [role == "projection" for role in table.roles]
    moved = memory_traffic(table, buffer_bytes=8e6, held=held)
    assert moved.weight_bytes.sum() == 0
    assert moved.cache_bytes.sum() == 32 * 2 * 4096 * 128
    # They take no room either: the cache fits a buffer of its own size.
    fits = memory_traffic(table, buffer_bytes=moved.cache_bytes.sum(), held=held)
    assert fits.cache_resident.all()
    assert fits.footprint_bytes.tolist() == [0.0]


def test_resident_or_streamed_point_by_point() -> None:
    table = small_table()
    weights = table.matrix_bytes[[role == "projection" for role in table.roles]].sum(axis=0)
    cache = table.matrix_bytes[[role == "attention" for role in table.roles]].sum(axis=0)
    spare = 1e5  # for the vectors
    rooms = {
        0.5 * weights[0]: ([False] * 3, [True] * 3),
        weights[0] + cache[1] + spare: ([True] * 3, [True, True, False]),
        weights[0] + cache[2] + spare: ([True] * 3, [True] * 3),
    }
    for room, (weights_stay, cache_stays) in rooms.items():
        moved = memory_traffic(table, buffer_bytes=room)
        assert moved.weights_resident.tolist() == weights_stay
        assert moved.cache_resident.tolist() == cache_stays
        assert (moved.weight_bytes.sum(axis=0) == np.where(weights_stay, 0, weights)).all()
        assert (moved.cache_bytes.sum(axis=0) == np.where(cache_stays, 0, cache)).all()
        assert ((moved.cache_written_bytes.sum(axis=0) == 0) == np.array(cache_stays)).all()
    apart = memory_traffic(table, buffer_bytes=list(rooms))
    assert apart.weights_resident.tolist() == [False, True, True]


def test_choices_overrule() -> None:
    table = small_table()
    streamed = memory_traffic(table, buffer_bytes=1e12, weights="streamed", cache="streamed")
    assert streamed.weight_bytes.sum() > 0
    assert streamed.cache_bytes.sum() > 0
    kept = memory_traffic(table, buffer_bytes=1e12, weights="resident", cache="resident")
    assert kept.moved_bytes.sum() == 0
    with pytest.raises(RequestError) as caught:
        memory_traffic(table, buffer_bytes=1e6, weights="resident")
    assert str(caught.value) == (
        "resident weights take 10,616,832 bytes; the buffer has room for 1,000,000\n"
        "  accepted: streamed, auto (what moves fewer bytes), or a larger buffer"
    )
    with pytest.raises(RequestError, match="resident cache take 4,718,592 bytes; the buffer has room for 1,000,000"):
        memory_traffic(table, buffer_bytes=1e6, cache="resident")
    with pytest.raises(RequestError, match="weights: 'somewhere'; accepted: auto, resident, streamed"):
        memory_traffic(table, weights="somewhere")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=r"buffer_bytes: -1\.0; accepted: 0 or more"):
        memory_traffic(table, buffer_bytes=-1)


def test_vectors_that_do_not_fit_are_moved() -> None:
    operator = Operator("wide", "projection", "weights", m=10, k=1000, n=50, count=4, layers=4, matrix_copies=4)
    table = OperatorTable.of([operator])
    assert memory_traffic(table, buffer_bytes=50_500, weights="streamed").vector_bytes.sum() == 0
    spilled = memory_traffic(table, buffer_bytes=50_499, weights="streamed")
    assert (spilled.vector_bytes.sum(), spilled.result_bytes.sum()) == (4 * 50_000, 4 * 500)


def test_auto_moves_what_is_cheaper() -> None:
    """40,000 bytes of weights would push out vectors that are moved 4 times: they stay only where all fits."""
    operator = Operator("wide", "projection", "weights", m=10, k=1000, n=50, count=4, layers=4, matrix_copies=4)
    table = OperatorTable.of([operator])
    small = memory_traffic(table, buffer_bytes=50_500)
    assert (small.weight_bytes.sum(), small.vector_bytes.sum(), small.weights_resident.tolist()) == (40_000, 0, [False])
    forced = memory_traffic(table, buffer_bytes=50_500, weights="resident")
    assert (forced.weight_bytes.sum(), forced.vector_bytes.sum()) == (0, 200_000)
    assert memory_traffic(table, buffer_bytes=90_500).moved_bytes.sum() == 0


def test_nothing_is_written_twice() -> None:
    """New keys and values go to the cache once, also where vectors do not fit on the chip."""
    table = decoder_table([find_language_model("gpt2-small")], 64, phase="prefill")
    moved = memory_traffic(table, buffer_bytes=0)
    assert (moved.written_bytes == table.result_bytes).all()
    assert (moved.vector_bytes == table.vector_bytes).all()


def test_looked_up_rows_are_read() -> None:
    model = find_language_model("gpt2-small")
    table = decoder_table([model], 64, batch=3, embedding=True)
    for room in (8e6, 1e12):
        moved = memory_traffic(table, buffer_bytes=room)
        rows = [role == "embedding" for role in table.roles]
        assert moved.read_bytes[rows].sum(axis=1).tolist() == [3 * 768, 3 * 768]


@given(st.integers(1, 64), st.floats(0, 2e7), st.floats(1, 3), st.sampled_from([1, 2, 8]))
@settings(deadline=None)
def test_a_larger_buffer_moves_no_more(batch: int, room: float, factor: float, bits: int) -> None:
    table = decoder_table([find_language_model("gpt2-small")], 128, batch=batch, widths=Widths(weight_bits=bits))
    little, more = (memory_traffic(table, buffer_bytes=size).moved_bytes.sum() for size in (room, factor * room))
    assert more <= little


@given(st.integers(1, 64), st.floats(0, 2e7))
@settings(deadline=None)
def test_auto_is_the_best_of_all_choices(batch: int, room: float) -> None:
    table = decoder_table([find_language_model("gpt2-small")], 128, batch=batch)
    best = memory_traffic(table, buffer_bytes=room).moved_bytes.sum()
    for weights in HOLDINGS:
        for cache in HOLDINGS:
            try:
                forced = memory_traffic(table, buffer_bytes=room, weights=weights, cache=cache)
            except RequestError:
                continue
            assert best <= forced.moved_bytes.sum()


@given(st.integers(1, 256))
@settings(deadline=None)
def test_a_batch_shares_weights_but_no_cache(batch: int) -> None:
    alone, together = (memory_traffic(small_table(size), buffer_bytes=1e7, weights="streamed", cache="streamed")
                       for size in (1, batch))  # fmt: skip
    assert (together.weight_bytes == alone.weight_bytes).all()
    assert (together.cache_bytes == batch * alone.cache_bytes).all()


@given(st.floats(0, 1.0), st.floats(1e6, 1e12))
@settings(deadline=None)
def test_costs_add_up(compute_s: float, bandwidth: float) -> None:
    table = small_table()
    moved = memory_traffic(table, buffer_bytes=1e6)
    memory = Memory("m", 1e9, bandwidth, 1e-12, 2e-12, standby_w=0.5)
    costs = memory_costs(memory, moved, compute_s)
    assert costs.transfer_s.sum() == pytest.approx(moved.moved_bytes.sum() / bandwidth)
    assert costs.energy_j == pytest.approx(costs.read_j + costs.write_j + costs.standby_j)
    assert costs.read_j == pytest.approx(8e-12 * moved.read_bytes)
    assert costs.write_j == pytest.approx(16e-12 * moved.written_bytes)
    assert costs.standby_j == pytest.approx(0.5 * (compute_s + costs.stall_s))
    assert compute_s + costs.stall_s == pytest.approx(np.maximum(compute_s, costs.transfer_s))
    serial = memory_costs(memory, moved, compute_s, overlapped=False)
    assert serial.stall_s == pytest.approx(serial.transfer_s)


def test_no_work_costs_nothing() -> None:
    table = OperatorTable.of([Operator("idle", "projection", "weights", 8, 8, 1, count=0, matrix_copies=0)])
    moved = memory_traffic(table, buffer_bytes=0)
    costs = memory_costs(PLAIN, moved, 0.0)
    assert moved.moved_bytes.sum() == costs.stall_s.sum() == costs.energy_j.sum() == 0
