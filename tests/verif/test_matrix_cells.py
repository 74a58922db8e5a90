"""The cells of the pass matrix: what it holds, which parameters rotate through it, how a share is drawn."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.errors import RequestError
from tpugen.verif.matrix_cells import COLS, DATAFLOWS, ROWS, WIDTHS, Cell, Selection, all_cells, draw_share, parse_width

CELLS = all_cells()


def test_the_matrix_is_every_combination_once() -> None:
    forms = [(name, False) for name in MULTIPLIERS]
    forms += [(name, True) for name, family in MULTIPLIERS.items() if family.shares_operand_codes]
    expected = {
        Cell(multiplier, shared, adder, signed, width[0], width[1], dataflow)
        for (multiplier, shared), adder, signed, width, dataflow in product(
            forms, ADDERS, (True, False), WIDTHS, DATAFLOWS
        )
    }
    assert len(CELLS) == len(expected) == 15_120
    assert set(CELLS) == expected
    assert len({cell.name for cell in CELLS}) == len(CELLS)
    assert set(WIDTHS) == {(4, 4), (8, 8), (16, 16), (8, 4), (4, 8), (16, 8)}
    assert ROWS != COLS  # rows and columns mixed up would show


def test_every_family_is_legal_at_the_widths_of_the_matrix_and_specs_say_what_cells_say() -> None:
    for cell in CELLS[::17]:
        spec = cell.spec()
        assert not isinstance(spec, str), spec
        assert (spec.multiplier.family, spec.adder.family) == (cell.multiplier, cell.adder)
        assert (spec.signed, spec.dataflow) == (cell.signed, cell.dataflow)
        assert (spec.activation_width_bits, spec.weight_width_bits) == (
            cell.activation_width_bits,
            cell.weight_width_bits,
        )
        assert spec.shared_pre_approximation == cell.shared
        assert (spec.rows, spec.cols) == (ROWS, COLS)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_family_meets_its_default_and_both_ends_of_its_ranges_at_every_width(width: tuple[int, int]) -> None:
    seen: dict[tuple[str, str], list[tuple[dict[str, int], tuple[int, ...]]]] = {}
    for cell in CELLS:
        if (cell.activation_width_bits, cell.weight_width_bits) == width:
            data = cell.data()
            for role, widths in (("multiplier", width), ("adder", (data["accumulator_width_bits"],))):
                unit = dict(data[role])
                seen.setdefault((role, unit.pop("family")), []).append((unit, widths))
    for (role, name), units in seen.items():
        family = (MULTIPLIERS if role == "multiplier" else ADDERS)[name]
        if family.structures:
            assert {unit.get("structure") for unit, _ in units} == {None, *family.structures}
        for parameter in family.parameters:
            assert any(parameter.name not in unit for unit, _ in units), f"{name}: never by default"
            for end in (0, 1):
                hits = [unit for unit, widths in units if unit.get(parameter.name) == parameter.bounds(*widths)[end]]
                assert hits, f"{role} {name}: {parameter.name} never at {('low', 'high')[end]} end"
        assert len(units) == 2 * len(DATAFLOWS) * (len(ADDERS) if role == "multiplier" else 30) * (
            1 + (role == "multiplier" and family.shares_operand_codes)
        )


def test_accumulators_have_many_few_and_no_guard_bits_and_are_the_same_in_a_layout() -> None:
    guards: dict[tuple[int, int], set[int]] = {}
    by_layout: dict[object, set[int]] = {}
    for cell in CELLS:
        bits = cell.data()["accumulator_width_bits"]
        width = (cell.activation_width_bits, cell.weight_width_bits)
        guards.setdefault(width, set()).add(bits - sum(width))
        by_layout.setdefault(cell.layout, set()).add(bits)
    assert all({0, 3} < found and max(found) >= 16 for found in guards.values())
    assert all(len(found) == 1 for found in by_layout.values())


@pytest.mark.parametrize(("share", "count"), [(0.01, 152), (0.0, 36), (0.3, 4536)])
def test_a_share_holds_every_value_about_as_often(share: float, count: int) -> None:
    drawn = draw_share(CELLS, share, seed=7)
    assert len(drawn) == len(set(drawn)) == count
    chosen = set(drawn)
    assert drawn == [cell for cell in CELLS if cell in chosen]
    for what in ("row", "adder", "signed", "dataflow", "activation_width_bits", "weight_width_bits"):
        counts = Counter(getattr(cell, what) for cell in drawn)
        assert set(counts) == {getattr(cell, what) for cell in CELLS}, what
    for what in ("row", "adder", "layout"):
        counts = Counter(getattr(cell, what) for cell in drawn)
        assert max(counts.values()) - min(counts.values()) <= 2, what


def test_the_draw_follows_the_seed() -> None:
    assert draw_share(CELLS, 0.02, 1) == draw_share(CELLS, 0.02, 1) != draw_share(CELLS, 0.02, 2)
    assert draw_share(CELLS, 1, 1) == CELLS
    assert draw_share([], 0.5, 1) == []
    few = all_cells(Selection(multipliers=("drum",), adders=("loa",), widths=((4, 4),), dataflows=DATAFLOWS[:1]))
    assert len(few) == 4
    two = draw_share(few, 0.01, 3)
    assert len(two) == len({cell.row for cell in two}) == len({cell.signed for cell in two}) == 2


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(RequestError, match=r"share: \S+ is outside 0\.\.1; 0\.01 would work"):
        draw_share(CELLS, share, 1)


def test_a_selection_narrows_and_refuses_all_that_is_unknown_at_once() -> None:
    cells = all_cells(Selection(multipliers=("drum", "exact"), adders=("loa",), widths=((5, 9),), shared=False))
    assert {cell.row for cell in cells} == {"drum", "exact"}
    assert {(cell.activation_width_bits, cell.weight_width_bits) for cell in cells} == {(5, 9)}
    assert len(cells) == 2 * 2 * 3
    with pytest.raises(RequestError) as refused:
        Selection(multipliers=("drumm",), adders=("lao",), dataflows=("os",))
    lines = refused.value.message.splitlines()
    assert lines[0].startswith("no multiplier family is called 'drumm'; known: exact, mitchell, ")
    assert lines[1].startswith("no adder family is called 'lao'; known: exact, loa, ")
    assert lines[2] == "no dataflow is called 'os'; known: output_stationary, weight_stationary, input_stationary"


def test_a_family_that_is_not_legal_gives_its_reason() -> None:
    cell = Cell("rad", False, "loa", True, 3, 3, "output_stationary")
    reason = cell.spec()
    assert isinstance(reason, str)
    assert "rad needs wider operands than 3 bits: its k" in reason


def test_widths_are_read() -> None:
    assert parse_width("8x4") == (8, 4)
    assert parse_width("16X8") == (16, 8)
    for text in ("8", "8x", "x8", "1x8", "8x33", "8x4x2", "-8x4"):
        with pytest.raises(RequestError, match="is not a pair of widths"):
            parse_width(text)
