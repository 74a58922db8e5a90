"""`tpugen dataset build`: every legal design with its requests, contract, evidence, errors and costs, as tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import print_json, print_pairs, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.pipeline.dataset_build import BuildProgress, BuildSummary

__all__ = ["build"]


def build(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the dataset; a build begun there goes on.")
    ] = Path("tpugen-dataset"),
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Only N designs, spread over the whole.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="parquet, jsonl or both.")] = "both",
    chunk: Annotated[int, typer.Option("--chunk", metavar="N", help="Rows in a shard.")] = 2000,
    verify: Annotated[
        int, typer.Option("--verify", min=0, metavar="N", help="Verify N more designs one by one first.")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Processes. Default: the usable CPUs.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Build the dataset in the layout that the Hugging Face `datasets` library loads.

    Shards that are finished are kept by their content: the same command goes on with a build that was interrupted.
    """
    from tpugen.pipeline.dataset_build import build_dataset
    from tpugen.pipeline.dataset_shards import Format

    if form not in get_args(Format):
        raise RequestError(f"--format {form}: no such format", hint=f"known: {', '.join(get_args(Format))}")
    try:
        summary = build_dataset(
            out,
            limit=limit,
            form=cast("Format", form),
            chunk=chunk,
            verify=verify,
            jobs=workers,
            observer=(lambda _progress: None) if quiet else _teller(),
        )
    except KeyboardInterrupt:
        talk(f"the shards that were finished are in {out}: the same command goes on with them")
        raise
    for name in summary.stale[:3]:
        talk(f"the RTL of {name} has changed since it was verified")
    if json:
        print_json(summary)
    else:
        _print(summary)


def _teller() -> Callable[[BuildProgress], None]:
    begin = time.monotonic()

    def tell(progress: BuildProgress) -> None:
        how = "kept" if progress.kept else f"{progress.rows:,} rows"
        talk(f"{progress.done:>3} of {progress.total}  {progress.name}  {how}  {time.monotonic() - begin:.0f} s")

    return tell


def _print(summary: BuildSummary) -> None:
    print_pairs(
        [
            ("folder", summary.out),
            ("designs", f"{summary.rows:,}"),
            *((split, f"{count:,}") for split, count in summary.splits.items()),
            *((kind, f"{count:,}") for kind, count in summary.kinds.items()),
            *((how, f"{count:,}") for how, count in summary.verification.items()),
            ("size", f"{summary.bytes / 1e6:,.1f} MB in {len(summary.shards)} shards"),
            ("time", f"{summary.seconds:,.0f} s" + (f", {summary.kept} shards kept" if summary.kept else "")),
        ]
    )
