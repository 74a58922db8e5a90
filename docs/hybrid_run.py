"""Keeps what the page about the hybrid accelerator tells of a run.

python docs/hybrid_run.py RUN     writes docs/data/hybrid-run.json, of which `make docs` makes the page

Components are kept of the one point whose parts the page shows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data" / "hybrid-run.json"


def main(run: str) -> None:
    """Store the run."""
    from tpugen.pipeline.folder import find_run
    from tpugen.pipeline.result import load_result
    from tpugen.report.accelerator_view import shown_point
    from tpugen.report.load import load_run

    folder = find_run(run)
    result, loaded = load_result(folder), load_run(folder)
    report, simulation = loaded.accelerator, loaded.simulation
    if result.verdict != "pass" or report is None or simulation is None or simulation.accelerator is None:
        sys.exit(f"run {folder.name} has not passed, or has no language models")
    shown = shown_point(report)
    for point in report.points:
        if point is not shown:
            point.result.components, point.result.operators, point.standby = [], [], []
    facts = {
        "request": result.request,
        "spec": result.spec,
        "technology": result.technology,
        "clock_mhz": result.clock_mhz,
        "fmax_mhz": result.fmax_mhz,
        "area_um2": result.area_um2,
        "macro_area_um2": result.macro_area_um2,
        "cells": result.cells,
        "power_mw": result.power_mw,
        "tokens": simulation.accelerator.tokens,
        "position": simulation.accelerator.position,
        "results": simulation.results_checked,
        "simulator": simulation.simulator,
        "files": len(result.files),
        "seconds": round(result.seconds),
        "clipping": [item.model_dump() for item in simulation.accelerator.clipping],
        "report": report.model_dump(mode="json"),
    }
    DATA.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"wrote {DATA.relative_to(DATA.parents[2])}\n")


if __name__ == "__main__":
    main(sys.argv[1])
