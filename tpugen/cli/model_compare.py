"""`tpugen model compare`: the papers' figures again, beside what they printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_csv, print_data, print_json, print_table, talk

__all__ = ["compare"]


def compare(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write page, charts and tables there; prints the page's path."),
    ] = None,
    system: Annotated[str, typer.Option("--system", metavar="NAME|FILE", help="What is compared.")] = "pim-llm",
    baseline: Annotated[str, typer.Option("--baseline", metavar="NAME|FILE", help="With what.")] = "tpu-llm",
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Printed figures beside the model's as CSV on stdout.")] = False,
) -> None:
    """Redraw the figures of the PIM-LLM papers from the model, and hold every printed number against it.

    Throughput over context, speed-up, latency by component, energy gain in both accountings, the projections' share and
    Amdahl's law. With --out all of it as one self-contained page, SVG and CSV files.
    """
    from tpugen.pipeline.comparing import model_compare

    result = model_compare(system, baseline)
    page = None
    if out is not None:
        from tpugen.report.model_page import write_comparison

        page = write_comparison(result, out)
    if json:
        print_json(result)
    elif csv:
        print_csv([check.model_dump() for check in result.checks])
    elif page is not None:
        print_data(str(page))
    else:
        from tpugen.report.model_tables import check_row

        columns = ["figure", "system", "model", "context", "printed", "model's", "difference", "calibrated on it"]
        rows = [[check.label, *check_row(check)] for check in result.checks]
        print_table(columns, rows, right=columns[3:])
        talk("accounting: as_published; draw the papers' figures with `tpugen model compare --out DIR`")
