"""Runs the SCALE-Sim package on GEMMs: the outside witness for the cycle models named after it."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tpugen.model import Gemm

# Memory is made large and its bandwidth is the one that the array asks for (CALC): no stalls.
_CONFIG = """\
[general]
run_name = witness
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {cols}
ifmapsramszkB: 8192
filtersramszkB: 8192
ofmapsramszkB: 8192
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


def scalesim_cycles(dataflow: str, rows: int, cols: int, gemms: Sequence[Gemm], folder: Path) -> list[int]:
    """Total cycles that SCALE-Sim reports for each GEMM; `dataflow` is `os`, `ws` or `is`."""
    config, topology, layout = folder / "witness.cfg", folder / "gemms.csv", folder / "layout.csv"
    config.write_text(_CONFIG.format(rows=rows, cols=cols, dataflow=dataflow))
    # Rows must end in a comma, and the layout must exist though it is not used.
    lines = [f"g{index},{gemm.m},{gemm.n},{gemm.k}," for index, gemm in enumerate(gemms)]
    topology.write_text("Layer,M,N,K,\n" + "\n".join(lines) + "\n")
    layout.write_text(
        "Layer name," + "Unused," * 18 + "\n" + "".join(f"g{i}," + "1," * 18 + "\n" for i in range(len(gemms)))
    )
    command = [sys.executable, "-m", "scalesim.scale", "-c", config, "-t", topology, "-l", layout, "-p", folder / "out"]
    done = subprocess.run(
        [*map(str, command), "-i", "gemm", "-s", "N"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    reports = list(folder.glob("out/**/COMPUTE_REPORT.csv"))
    assert reports, f"SCALE-Sim wrote no report\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    with reports[0].open() as file:
        table = [{key.strip(): value.strip() for key, value in row.items() if key} for row in csv.DictReader(file)]
    assert all(float(row["Stall Cycles"]) == 0 for row in table), "SCALE-Sim counted memory stalls"
    return [int(float(row["Total Cycles"])) for row in table]
