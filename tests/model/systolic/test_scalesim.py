"""The `scalesim` package as a witness: cycles, utilisation, mapping efficiency, SRAM and DRAM counts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from scalesim_runner import Case, scalesim_reports

from tpugen.model.systolic import SramSizes, array_cycles, array_traffic, array_utilization, dram_traffic

DATAFLOWS = ("os", "ws", "is")
ARRAYS = 24
GEMMS_PER_ARRAY = 9


def random_cases() -> list[Case]:
    pick = random.Random("tpugen")
    cases = []
    for _ in range(ARRAYS):
        # Not 1x1: there the package counts 0 cycles for one MAC and fails.
        rows, cols = pick.randint(1, 10), pick.randint(2, 10)
        several = [(pick.randint(1, 18), pick.randint(1, 18), pick.randint(1, 18)) for _ in range(GEMMS_PER_ARRAY - 2)]
        several += [(rows, pick.randint(1, 24), cols), (1, 1, 1)]
        cases += [Case(dataflow, rows, cols, several) for dataflow in DATAFLOWS]
    return cases


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Columns over all GEMMs: our inputs, and the package's reports."""
    cases = random_cases()
    reports = scalesim_reports(cases, tmp_path_factory.mktemp("scalesim"))
    rows = [
        {"dataflow": DATAFLOWS.index(case.dataflow), "rows": case.rows, "cols": case.cols, "m": m, "k": k, "n": n}
        | report
        for case, several in zip(cases, reports, strict=True)
        for (m, k, n), report in zip(case.gemms, several, strict=True)
    ]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for dataflow in range(len(DATAFLOWS)):
        assert (columns["dataflow"] == dataflow).sum() >= 200
    return columns


def inputs(witnessed: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    return tuple(witnessed[name] for name in ("dataflow", "m", "k", "n", "rows", "cols"))


def test_cycles_are_equal(witnessed: dict[str, np.ndarray]) -> None:
    assert np.array_equal(array_cycles("scalesim-3.0.0", *inputs(witnessed)), witnessed["Total Cycles"])


def test_utilisation_and_mapping_efficiency_are_equal(witnessed: dict[str, np.ndarray]) -> None:
    dataflow, *sizes = inputs(witnessed)
    cycles = array_cycles("scalesim-3.0.0", dataflow, *sizes)
    traffic = array_traffic(dataflow, *sizes)
    # The package adds floating-point shares fold by fold; ours is one quotient.
    exact = {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(100 * array_utilization(cycles, *sizes), witnessed["Overall Util %"], **exact)
    np.testing.assert_allclose(100 * traffic.mapping_efficiency, witnessed["Mapping Efficiency %"], **exact)
    np.testing.assert_allclose(100 * traffic.fold_utilization, witnessed["Compute Util %"], **exact)


def test_sram_counts_are_equal(witnessed: dict[str, np.ndarray]) -> None:
    traffic = array_traffic(*inputs(witnessed))
    assert np.array_equal(traffic.ifmap_reads, witnessed["SRAM IFMAP Reads"])
    assert np.array_equal(traffic.filter_reads, witnessed["SRAM Filter Reads"])
    assert np.array_equal(traffic.ofmap_writes_reported, witnessed["SRAM OFMAP Writes"])
    # What the package writes more than there are results is R + C per fold of `os`, and nothing else.
    more = np.where(witnessed["dataflow"] == 0, traffic.tiles * (witnessed["rows"] + witnessed["cols"]), 0)
    assert np.array_equal(witnessed["SRAM OFMAP Writes"] - traffic.ofmap_writes, more)


def test_dram_reads_where_operands_clearly_fit_or_clearly_do_not(tmp_path: Path) -> None:
    # 1 KiB, half of it active: 512 elements, fetched in sets of 10. Sizes keep clear of the edge.
    shapes = [((40, 40, 12), 8, 4), ((40, 12, 40), 8, 8), ((60, 20, 6), 16, 8), ((40, 60, 1), 8, 8), ((8, 20, 9), 4, 4)]
    shapes += [((16, 150, 14), 8, 8), ((15, 15, 15), 4, 8), ((2, 400, 5), 8, 4)]
    cases = [Case(dataflow, rows, cols, [gemm], 1) for dataflow in DATAFLOWS for gemm, rows, cols in shapes]
    reports = scalesim_reports(cases, tmp_path)
    fetched_again = 0
    for case, (report,) in zip(cases, reports, strict=True):
        (m, k, n), sizes = case.gemms[0], SramSizes(1024, 1024, 1024)
        ours = dram_traffic(case.dataflow, m, k, n, case.rows, case.cols, sram=sizes)
        assert ours.ifmap_reads == report["DRAM IFMAP Reads"], case
        assert ours.filter_reads == report["DRAM Filter Reads"], case
        # The package sends every partial sum out; ours stay where they fit. Each drain rounds up to a line.
        assert ours.writes <= report["DRAM OFMAP Writes"], case
        fetched_again += int(ours.ifmap_reads > m * k) + int(ours.filter_reads > k * n)
    assert fetched_again >= 6
