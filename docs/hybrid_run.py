"""Keeps what the page about the hybrid accelerator tells of a run.

python docs/hybrid_run.py RUN [RUN ...]     writes docs/data/hybrid-run.json, of which `make docs` makes the page

The first run is told in full; of further ones, the same design in other technologies, what differs. Components are kept
of the one point whose parts the page shows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpugen.pipeline.result import RunResult
    from tpugen.report.load import Run

DATA = Path(__file__).resolve().parent / "data" / "hybrid-run.json"


def main(run: str, *others: str) -> None:
    """Store the runs."""
    runs = [_loaded(one) for one in (run, *others)]
    facts = {**_told(*runs[0]), "technologies": [_measured(*one) for one in runs]}
    DATA.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"wrote {DATA.relative_to(DATA.parents[2])}\n")


def _loaded(run: str) -> tuple[RunResult, Run]:
    """A run that passed and has language models."""
    from tpugen.pipeline.folder import find_run
    from tpugen.pipeline.result import load_result
    from tpugen.report.load import load_run

    folder = find_run(run)
    result, loaded = load_result(folder), load_run(folder)
    if result.verdict != "pass" or loaded.accelerator is None:
        sys.exit(f"run {folder.name} has not passed, or has no language models")
    # Whoever reads the page has runs of other names.
    notes = loaded.accelerator.notes
    loaded.accelerator.notes = [note.replace(f"--design {folder.name}", "--design RUN") for note in notes]
    return result, loaded


def _measured(result: RunResult, loaded: Run) -> dict[str, object]:
    """What the technology decides."""
    from tpugen.report.accelerator_view import model_rows

    assert loaded.accelerator is not None  # noqa: S101 - for the type checker; checked above
    return {
        "technology": result.technology,
        "fmax_mhz": result.fmax_mhz,
        "area_um2": result.area_um2,
        "power_mw": result.power_mw,
        "models": [
            [row.model, row.context, row.tokens_per_s, row.tokens_per_j, row.always_on]
            for row in model_rows(loaded.accelerator.points)
        ],
    }


def _told(result: RunResult, loaded: Run) -> dict[str, object]:
    """Everything that the page tells."""
    from tpugen.report.accelerator_view import shown_point

    report, simulation = loaded.accelerator, loaded.simulation
    if report is None or simulation is None or simulation.accelerator is None:
        sys.exit(f"the run of {result.request!r} was not simulated")
    shown = shown_point(report)
    for point in report.points:
        if point is not shown:
            point.result.components, point.result.operators, point.standby = [], [], []
    return {
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


if __name__ == "__main__":
    main(*sys.argv[1:])
