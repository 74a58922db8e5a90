"""`tpugen dataset verify`: every gate on a stratified sample of the dataset, design by design."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import print_json, print_pairs, talk

if TYPE_CHECKING:
    from tpugen.pipeline.dataset_verify import VerifyProgress

__all__ = ["verify"]


def verify(
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", help="Designs; more where the classes need more.")
    ] = 510,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file of evidence to make or to go on with.")
    ] = Path("verified_sample.json"),
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Processes. Default: the usable CPUs.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Verify designs of the dataset one by one: sandbox, contract, lint, simulation, proof where SAT settles it.

    Every class of designs has one in the sample. Evidence that the file holds for the same RTL and tools is kept, so
    the same command goes on with a verification that was interrupted.
    """
    from tpugen.pipeline.dataset_verify import verify_dataset

    try:
        summary = verify_dataset(
            sample,
            out,
            command=f"tpugen dataset verify --sample {sample} --out {out}",
            jobs=workers,
            observer=(lambda _progress: None) if quiet else _teller(),
        )
    except KeyboardInterrupt:
        talk(f"what was verified is in {out}: the same command goes on with it")
        raise
    if json:
        print_json(summary)
    else:
        print_pairs(
            [
                ("file", summary.file),
                ("verdict", "fail" if summary.failed or summary.uncovered else "pass"),
                ("designs", f"{summary.designs:,}"),
                ("verified", f"{summary.verified:,}"),
                ("kept", f"{summary.kept:,}"),
                ("classes", f"{summary.classes:,}" + (f", {len(summary.uncovered)} without a design that passed"
                                                      if summary.uncovered else ", each with a design that passed")),
                *(("fail", text) for text in summary.failed),
            ]
        )  # fmt: skip
    raise typer.Exit(1 if summary.failed or summary.uncovered else 0)


def _teller() -> Callable[[VerifyProgress], None]:
    """One line for each design that fails, and one now and then."""
    begin = time.monotonic()
    said = [begin]

    def tell(progress: VerifyProgress) -> None:
        now = time.monotonic()
        if progress.design.failure:
            talk(f"fail      {progress.design.id}: {progress.design.failure}")
        if progress.done == progress.total or now - said[0] >= _SECONDS_BETWEEN_LINES:
            said[0] = now
            talk(f"{progress.done:,} of {progress.total:,} designs, {now - begin:.0f} s")

    return tell


_SECONDS_BETWEEN_LINES = 10.0
