"""`tpugen dataset stats`: what a built dataset holds, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_json, print_pairs

__all__ = ["stats"]


def stats(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a built dataset.")],
    json: Json = False,
) -> None:
    """Count what a built dataset holds and check it: damage, contradictions, evidence that is no longer valid."""
    from tpugen.pipeline.dataset_stats import dataset_stats

    found = dataset_stats(folder)
    if json:
        print_json(found)
    else:
        print_pairs(
            [
                ("designs", f"{found.rows:,}"),
                *((split, f"{count:,}") for split, count in found.splits.items()),
                *((kind, f"{count:,}") for kind, count in found.kinds.items()),
                *((flow.replace("_", "-"), f"{count:,}") for flow, count in found.dataflows.items()),
                *((how, f"{count:,}") for how, count in found.verification.items()),
                ("multipliers", ", ".join(f"{name} {count:,}" for name, count in found.multipliers.items())),
                ("adders", ", ".join(f"{name} {count:,}" for name, count in found.adders.items())),
                ("groups", f"{found.groups:,}"),
                ("size", f"{found.bytes / 1e6:,.1f} MB"),
                *(("problem", text) for text in found.problems),
            ]
        )
    raise typer.Exit(1 if found.problems else 0)
