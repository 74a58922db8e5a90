"""`tpugen verify matrix`: every multiplier with every adder in every kind of array."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.choices import Json, Quiet, Seed
from tpugen.cli.output import print_json, print_pairs, talk

if TYPE_CHECKING:
    from tpugen.pipeline.matrix_report import MatrixSummary

__all__ = ["matrix"]

_SHOWN_FAILURES = 20


def matrix(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Where results are kept; a sweep begun there goes on."),
    ] = Path("pass-matrix"),
    multiplier: Annotated[
        list[str] | None, typer.Option("--multiplier", metavar="FAMILY", help="Only this one; may be repeated.")
    ] = None,
    adder: Annotated[
        list[str] | None, typer.Option("--adder", metavar="FAMILY", help="Only this one; may be repeated.")
    ] = None,
    width: Annotated[
        list[str] | None,
        typer.Option("--width", metavar="AxW", help="Only these bits of activation and weight; may be repeated."),
    ] = None,
    dataflow: Annotated[
        list[str] | None, typer.Option("--dataflow", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared/--no-shared", help="With designs that recode operands at the array's edge.")
    ] = True,
    share: Annotated[
        float,
        typer.Option("--share", metavar="0..1", help="A part of it in which every family, width, dataflow appears."),
    ] = 1.0,
    seed: Seed = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Processes. Default: the usable CPUs.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Simulate every multiplier with every adder: signed and not, at several widths, in all dataflows.

    Writes matrix.json, summary.json and matrix.md. The same command goes on with a sweep that was interrupted.
    """
    from tpugen.cli.matrix_progress import matrix_progress
    from tpugen.pipeline.matrix import verify_matrix
    from tpugen.verif.matrix_cells import Selection, all_cells, draw_share, parse_width

    selection = Selection(
        multipliers=tuple(multiplier or ()),
        adders=tuple(adder or ()),
        widths=tuple(parse_width(text) for text in width or ()),
        dataflows=tuple(name.replace("-", "_") for name in dataflow or ()),
        shared=shared,
    )
    options = [("--multiplier", multiplier), ("--adder", adder), ("--width", width), ("--dataflow", dataflow)]
    words = ["tpugen", "verify", "matrix"]
    words += [word for name, values in options for value in values or () for word in (name, value)]
    words += [] if shared else ["--no-shared"]
    words += [] if share == 1 else ["--share", f"{share:g}"]
    words += [] if seed == 1 else ["--seed", str(seed)]
    cells = draw_share(all_cells(selection), share, seed)
    try:
        with matrix_progress(cells, quiet=quiet) as observer:
            summary = verify_matrix(
                selection, share=share, seed=seed, jobs=workers, out=out, command=shlex.join(words), observer=observer
            )
    except KeyboardInterrupt:
        talk(f"what was finished is kept in {out}: the same command goes on with it")
        raise
    if json:
        print_json(summary)
    else:
        _print(summary, out)
    raise typer.Exit(1 if summary.failed else 0)


def _print(summary: MatrixSummary, out: Path) -> None:
    from tpugen.pipeline.matrix_report import reproduce

    print_pairs(
        [
            ("verdict", "fail" if summary.failed else "pass"),
            ("designs", f"{summary.designs:,}" + (f" of {summary.selected:,}" if summary.share < 1 else "")),
            ("passed", f"{summary.passed:,}"),
            ("failed", f"{summary.failed:,}"),
            ("not legal", f"{summary.not_legal:,}"),
            ("compared", f"{summary.result_vectors:,} result vectors"),
            ("time", f"{summary.seconds:,.0f} s" + (f", {summary.kept:,} designs kept" if summary.kept else "")),
            ("table", str(out / "matrix.md")),
        ]
    )
    for failure in summary.failures[:_SHOWN_FAILURES]:
        print_pairs([("fail", f"{failure.name}: {failure.reason}"), ("", reproduce(failure.name, out))])
    if len(summary.failures) > _SHOWN_FAILURES:
        print_pairs([("fail", f"and {len(summary.failures) - _SHOWN_FAILURES:,} more, in {out / 'matrix.json'}")])
