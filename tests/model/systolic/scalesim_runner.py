"""Runs the SCALE-Sim package on GEMMs: the outside witness for the cycle models and counts named after it.

All cases of a call run in one process: importing the package takes longer than small GEMMs do.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The bandwidth is the one that the array asks for (CALC): no stalls, whatever the size of the SRAM.
_CONFIG = """\
[general]
run_name = witness
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {cols}
ifmapsramszkB: {sram_kib}
filtersramszkB: {sram_kib}
ofmapsramszkB: {sram_kib}
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: {dataflow}
Bandwidth: 10
MemoryBanks: 1
ReadRequestBuffer: 64
WriteRequestBuffer: 64
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
"""


@dataclass(frozen=True)
class Case:
    """GEMMs, each (M, K, N), on one array; `dataflow` is `os`, `ws` or `is`."""

    dataflow: str
    rows: int
    cols: int
    gemms: Sequence[tuple[int, int, int]]
    sram_kib: int = 64


def scalesim_reports(cases: Sequence[Case], folder: Path, timeout_s: float = 600) -> list[list[dict[str, float]]]:
    """What SCALE-Sim reports of each GEMM of each case: its compute and its detailed access report, by column.

    Args:
        cases: What it runs.
        folder: An empty one; the processor seconds that each case took are left there, in `seconds.json`.
        timeout_s: Seconds after which it is ended.
    """
    places = [_write(case, folder / f"case{index}") for index, case in enumerate(cases)]
    (folder / "places.json").write_text(json.dumps([str(place) for place in places]))
    done = subprocess.run(
        [sys.executable, __file__, "places.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"SCALE-Sim failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return [_read(place, len(case.gemms)) for place, case in zip(places, cases, strict=True)]


def _write(case: Case, place: Path) -> Path:
    place.mkdir()
    config = _CONFIG.format(rows=case.rows, cols=case.cols, dataflow=case.dataflow, sram_kib=case.sram_kib)
    (place / "witness.cfg").write_text(config)
    # Rows must end in a comma, and the layout must exist though it is not used.
    lines = [f"g{index},{m},{n},{k}," for index, (m, k, n) in enumerate(case.gemms)]
    (place / "gemms.csv").write_text("Layer,M,N,K,\n" + "\n".join(lines) + "\n")
    layout = [f"g{index}," + "1," * 18 for index in range(len(lines))]
    (place / "layout.csv").write_text("Layer name," + "Unused," * 18 + "\n" + "\n".join(layout) + "\n")
    return place


def _read(place: Path, count: int) -> list[dict[str, float]]:
    merged: list[dict[str, float]] = [{} for _ in range(count)]
    for name in ("COMPUTE_REPORT", "DETAILED_ACCESS_REPORT"):
        (report,) = place.glob(f"out/**/{name}.csv")
        with report.open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        for row, target in zip(rows, merged, strict=True):
            target.update({key.strip(): float(value) for key, value in row.items() if key and key.strip()})
    assert all(row["Stall Cycles"] == 0 for row in merged), "SCALE-Sim counted memory stalls"
    return merged


def _run_all(places: Sequence[str]) -> None:
    """In the process of its own; the processor seconds of each case, imports not counted, go to `seconds.json`."""
    from scalesim.scale_sim import scalesim

    seconds = []
    for place in places:
        before = time.process_time()
        files = {"config": "witness.cfg", "topology": "gemms.csv", "layout": "layout.csv"}
        paths = {name: f"{place}/{file}" for name, file in files.items()}
        simulator = scalesim(save_disk_space=True, verbose=False, input_type_gemm=True, **paths)
        simulator.run_scale(top_path=f"{place}/out")
        seconds.append(time.process_time() - before)
    Path("seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    _run_all(json.loads(Path(sys.argv[1]).read_text()))
