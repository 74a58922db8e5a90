"""How much faster the vectorised model counts one OPT-6.7B layer than the `scalesim` package simulates part of it.

The layer's shapes at decode, context 128, on a 32x32 output-stationary array. The package steps through every cycle in
Python, so it runs three of the shapes only: a 4096x4096 projection (there are four), and both attention products of one
head (there are 32). The model counts all six shapes: the ratio is a lower bound. Of the package processor time counts,
so that other work on the machine does not flatter the ratio. Both must agree on what both counted.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["REPEATS", "SHAPES", "measure"]

SHAPES = {
    "scores": (128, 128, 1),
    "mix": (128, 128, 1),
    "query": (4096, 4096, 1),
    "output": (4096, 4096, 1),
    "up": (16384, 4096, 1),
    "down": (4096, 16384, 1),
}
"""M, K, N by operator."""

SIMULATED = ("scores", "mix", "query")
SIDE = 32
REPEATS = 1001
TIMEOUT_S = 3600.0


def measure() -> tuple[list[float], float, str]:
    """Seconds of each evaluation of the model, processor seconds of the package, and what was simulated.

    Raises:
        SystemExit: the two do not agree.
    """
    import numpy as np

    from tpugen.model.systolic import array_cycles, array_traffic

    m, k, n = (np.array(column) for column in zip(*SHAPES.values(), strict=True))
    samples = []
    for _ in range(REPEATS):
        before = time.perf_counter()
        cycles = array_cycles("scalesim-3.0.0", "os", m, k, n, SIDE, SIDE)
        traffic = array_traffic("os", m, k, n, SIDE, SIDE)
        samples.append(time.perf_counter() - before)

    # The runner is the one that the tests compare with.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "model" / "systolic"))
    runner = importlib.import_module("scalesim_runner")
    with tempfile.TemporaryDirectory() as folder:
        case = runner.Case("os", SIDE, SIDE, [SHAPES[name] for name in SIMULATED])
        (reports,) = runner.scalesim_reports([case], Path(folder), TIMEOUT_S)
        (seconds,) = json.loads((Path(folder) / "seconds.json").read_text())
    for index, name in enumerate(SIMULATED):
        row = list(SHAPES).index(name)
        ours = (cycles[row], traffic.ifmap_reads[row], traffic.filter_reads[row], traffic.ofmap_writes_reported[row])
        columns = ("Total Cycles", "SRAM IFMAP Reads", "SRAM Filter Reads", "SRAM OFMAP Writes")
        if any(ours[i] != reports[index][column] for i, column in enumerate(columns)):
            sys.exit(f"{name}: the model counts {ours}, scalesim reports {reports[index]}")
    return samples, seconds, ", ".join(SIMULATED)


if __name__ == "__main__":
    samples, seconds, simulated = measure()
    ours = statistics.median(samples)
    print(f"model {1e6 * ours:.1f} us for {len(SHAPES)} shapes; scalesim {seconds:.1f} s (processor) for {simulated}")
    print(f"at least {seconds / ours:,.0f} times faster")
