"""Arguments and options that several commands share: one wording, one meaning."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tpugen.errors import RequestError

__all__ = ["ClockMhz", "Json", "NoCache", "Out", "Quiet", "RunsDir", "Seed", "SpecFile", "Technology", "Text",
           "one_request"]  # fmt: skip

Text = Annotated[str | None, typer.Argument(help="The request in words; `-` reads it from stdin.", show_default=False)]
SpecFile = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="A spec as JSON (what `tpugen spec --json` prints) instead of TEXT."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Do every step again, and cache nothing.")]
Technology = Annotated[
    str, typer.Option("--technology", metavar="NAME|FILE", help="Technology library by name, or a Liberty file.")
]
ClockMhz = Annotated[
    float | None, typer.Option("--clock-mhz", metavar="MHZ", help="Target clock; overrides the request's.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of the bench's stimulus.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder to write to, new or empty.")]
RunsDir = Annotated[
    Path | None,
    typer.Option("--runs-dir", metavar="DIR", help="Where runs are kept (default: $TPUGEN_RUNS_DIR, else ./runs)."),
]


def one_request(text: str | None, spec_file: Path | None) -> str | Mapping[str, Any]:
    """The sentence or the spec: exactly one of the two.

    Raises:
        RequestError: neither, both, or a file that holds no spec.
    """
    if (text is None) == (spec_file is None):
        found = "neither" if text is None else "both"
        raise RequestError(f"give the request as TEXT or as --spec FILE; found {found}")
    if spec_file is not None:
        from tpugen.pipeline.request import spec_from_file

        return spec_from_file(spec_file)
    return sys.stdin.read() if text == "-" else str(text)
