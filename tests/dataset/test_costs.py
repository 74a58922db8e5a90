"""Measured cost of units: the table that comes along is whole and true, and measuring goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.arithmetic.error_metrics import adder_error, multiplier_error
from tpugen.dataset import costs
from tpugen.dataset.costs import CostTable, all_costs, cost_table, read_cost_table, unit_cost, write_cost_table
from tpugen.dataset.unit_grid import GridUnit, unit_grid
from tpugen.dataset.unit_words import unit_sentence
from tpugen.errors import RequestError, StorageError
from tpugen.pipeline.executor import WorkResult
from tpugen.pipeline.unit_costs import CostJob, CostProgress, measure_costs, rtl_fingerprint
from tpugen.writers.composer import compose

TECHNOLOGIES = ("osu018", "nangate45")
FIRST = GridUnit("adder", "loa", None, (4,), True, (("k", 2),))
SECOND = GridUnit("adder", "exact", None, (3,), False)


def table() -> CostTable:
    kept = cost_table()
    assert kept is not None
    return kept


def test_every_unit_is_there_in_both_technologies() -> None:
    rows = {(row.unit, row.technology) for row in all_costs()}
    missing = [
        str(CostJob(unit, technology))
        for technology in TECHNOLOGIES
        for unit in unit_grid()
        if (unit, technology) not in rows
    ]
    assert missing == []
    for role, families in (("adder", ADDERS), ("multiplier", MULTIPLIERS)):
        for width in (8, 16):
            found = {row.family for row in all_costs() if row.role == role and row.widths[0] == width}
            assert found == set(families)
    assert len(rows) == len(all_costs())


def test_rows_are_sound() -> None:
    for row in all_costs():
        assert 0 < row.leakage_uw < row.power_uw, row
        assert 0 < row.delay_ns < 20, row
        assert 0 < row.area_um2 <= 1.02 * row.fast_area_um2, row
        assert row.cells > 0, row
        assert row.slack_ns > 0, f"{row.label} misses the clock of the table"
        assert row.energy_pj == pytest.approx(row.power_uw / table().clock_mhz, rel=1e-3), row


def test_rows_are_of_the_rtl_that_is_there() -> None:
    clock = table().clock_mhz
    now = {unit: rtl_fingerprint(compose(unit.spec(clock))) for unit in unit_grid()}
    stale = sorted(f"{row.technology} {row.role} {row.label} {row.widths[0]}" for row in all_costs()
                   if row.rtl != now.get(row.unit))  # fmt: skip
    assert not stale, f"measure again what changed, with `{table().command}`"


def test_errors_are_those_of_the_models() -> None:
    for row in all_costs():
        if row.widths[0] == 8 and row.technology == "osu018":
            run = adder_error if row.role == "adder" else multiplier_error
            error = run(row.family, *row.widths, signed=row.signed, parameters=row.parameters)
            for name in ("er", "nmed", "mred"):
                assert getattr(row, name) == pytest.approx(getattr(error, name), rel=1e-4), (name, row)


def test_the_file_is_sorted_and_names_no_place(tmp_path: Path) -> None:
    text = costs.COSTS_FILE.read_text()
    assert write_cost_table(table(), tmp_path / "again.json").read_text() == text
    assert ".lib" not in text
    assert str(Path.home()) not in text
    assert table().command == ("tpugen arith measure --tech osu018 --tech nangate45 --out dataset/data/unit_costs.json")


def test_drum_saves_half_at_16_bits() -> None:
    """The paper's claim (Hashemi et al., 2015) at its setting; the exact multiplier is of the same flow."""
    for technology in TECHNOLOGIES:
        drum = unit_cost("multiplier", "drum", (16, 16), True, {"k": 6}, technology)
        exact = unit_cost("multiplier", "exact", (16, 16), True, {}, technology)
        assert drum is not None
        assert exact is not None
        assert drum.area_um2 < 0.6 * exact.area_um2
        assert drum.power_uw < 0.6 * exact.power_uw


def test_a_unit_is_found_whatever_the_order_of_its_parameters() -> None:
    first = unit_cost("multiplier", "tosam", [8, 8], True, {"h": 2, "t": 4}, "osu018")
    assert first is not None
    assert first == unit_cost("multiplier", "tosam", (8, 8), True, {"t": 4, "h": 2}, "osu018")
    assert unit_cost("multiplier", "tosam", (8, 8), False, {"h": 2, "t": 4}, "osu018") is None
    assert unit_cost("multiplier", "exact", (8, 8), True, {}, "osu018", structure="wallace") is not None
    assert unit_cost("multiplier", "exact", (8, 8), True, {}, "nowhere") is None


def test_units_in_words() -> None:
    small = unit_sentence("multiplier_drum")
    assert small is not None
    assert small.startswith("Small, low-power, low-energy, approximate 8-bit multiplier: error rate ")
    exact = unit_sentence("adder_kogge_stone")
    assert exact is not None
    assert "exact, accurate 8-bit adder: exact; area " in exact
    assert unit_sentence("segment_encoder") is None
    assert unit_sentence("multiplier_nonesuch") is None


def test_a_damaged_table(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"units": []}')
    with pytest.raises(StorageError, match=r"t\.json is no table of unit costs: command: Field required"):
        read_cost_table(path)


class HereExecutor:
    """Runs items in this process; after `limit` of them comes Ctrl-C."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.done: list[str] = []

    def run(
        self, function: Callable[[CostJob], costs.UnitCost], items: Iterable[CostJob]
    ) -> Iterator[WorkResult[CostJob, costs.UnitCost]]:
        for index, item in enumerate(items):
            if index == self.limit:
                raise KeyboardInterrupt
            self.done.append(str(item))
            yield WorkResult(index, item, value=function(item))


def measure(out: Path, executor: HereExecutor, units: list[GridUnit], heard: list[CostProgress]) -> tuple[int, int]:
    summary = measure_costs(units, ["osu018"], out, command="c", executor=executor, observer=heard.append)  # type: ignore[arg-type]
    assert summary.failed == []
    return summary.measured, summary.kept


def test_units_are_measured_and_a_measurement_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "costs.json"
    heard: list[CostProgress] = []
    with pytest.raises(KeyboardInterrupt):
        measure(out, HereExecutor(limit=1), [FIRST, SECOND], heard)
    (row,) = read_cost_table(out).units
    assert (row.unit, row.technology, len(heard)) == (FIRST, "osu018", 1)
    assert 100 < row.area_um2 < 2000
    assert 0.1 < row.delay_ns < 3
    assert row.energy_pj == pytest.approx(row.power_uw / 100, rel=1e-3)
    assert row.er == pytest.approx(adder_error("loa", 4, signed=True, parameters={"k": 2}).er, rel=1e-4)
    again = HereExecutor()
    assert measure(out, again, [FIRST, SECOND], heard) == (1, 1)
    assert again.done == ["osu018 adder 3 exact"]
    assert [progress.kept for progress in heard] == [False, True, False]
    # What changed since is measured again; the same inputs give the same numbers.
    text = out.read_text()
    out.write_text(text.replace(row.rtl, "0" * 16))
    assert measure(out, HereExecutor(), [FIRST], heard) == (1, 0)
    assert out.read_text() == text


def test_tables_of_other_tools_are_not_mixed(tmp_path: Path) -> None:
    out = tmp_path / "costs.json"
    data = json.loads(costs.COSTS_FILE.read_text())
    data["technologies"]["osu018"]["tools"]["yosys"] = "0.1"
    out.write_text(json.dumps(data))
    with pytest.raises(RequestError, match=r"holds osu018 as measured with .* yosys 0\.1; here it is "):
        measure(out, HereExecutor(), [FIRST], [])
