"""Arguments and options that several commands share: one wording, one meaning."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tpugen.errors import RequestError
from tpugen.user_files import read_bytes

if TYPE_CHECKING:
    from tpugen.pipeline.custom import CustomRequest

__all__ = [
    "ClockMhz", "ContractFile", "Json", "Mode", "NoCache", "Out", "Quiet", "ReferenceFile", "RunsDir", "Seed",
    "SpecBy", "SpecFile", "Technology", "Text", "any_request", "one_request",
]  # fmt: skip


class Mode(StrEnum):
    """What the chat model writes."""

    compose = "compose"
    full = "full"


class ReplyStyle(StrEnum):
    """How much of the top module the chat model writes in compose mode."""

    body = "body"
    module = "module"


class SpecReaderName(StrEnum):
    """Who reads the request."""

    rules = "rules"
    llm = "llm"
    both = "both"


Text = Annotated[str | None, typer.Argument(help="The request in words; `-` reads it from stdin.", show_default=False)]
SpecFile = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="A spec as JSON (what `tpugen spec --json` prints) instead of TEXT."),
]
SpecBy = Annotated[
    SpecReaderName | None,
    typer.Option(
        "--spec-by",
        help="Who reads the request. Default: the rules, and the chat model too where they did not understand all.",
    ),
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


ContractFile = Annotated[
    Path | None,
    typer.Option("--contract", metavar="FILE", help="Verilog header of a module of your own; see docs/contracts.md."),
]
ReferenceFile = Annotated[
    Path | None,
    typer.Option(
        "--reference",
        metavar="FILE",
        help="What it must do: a Python reference, a cocotb module or a Verilog test bench.",
    ),
]


def any_request(
    text: str | None, spec_file: Path | None, contract: Path | None, reference: Path | None
) -> str | Mapping[str, Any] | CustomRequest:
    """The sentence or the spec, or a contract and a reference with or without a sentence.

    Raises:
        RequestError: nothing, too much, or files that cannot be used.
    """
    if contract is None and reference is None:
        return one_request(text, spec_file)
    if spec_file is not None:
        given = "--contract" if contract is not None else "--reference"
        raise RequestError(f"--spec and {given} both say what to build", hint="leave one of them out")
    from tpugen.pipeline.custom import read_custom

    return read_custom(contract, reference, None if text is None else _words(text))


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
    return _words(str(text))


def _words(text: str) -> str:
    """The request; `-` stands for what is on standard input."""
    if text != "-":
        return text
    try:
        return read_bytes(sys.stdin.buffer).decode("utf-8", errors="replace")
    except OSError as error:
        raise RequestError(f"standard input cannot be read: {error.strerror}") from None
