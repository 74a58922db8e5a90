"""`tpugen verify`: the gates on RTL that is already there; its subcommands sweep the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import ContractFile, Json, NoCache, Out, Quiet, ReferenceFile, Seed, SpecFile, any_request
from tpugen.cli.default_command import with_default_command
from tpugen.cli.output import print_json, print_pairs
from tpugen.cli.verify_matrix import matrix
from tpugen.cli.verify_units import units

__all__ = ["app", "verify"]


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Verilog-2005 sources of the design.")],
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="What it is to be, in words.")] = None,
    spec: SpecFile = None,
    contract: ContractFile = None,
    reference: ReferenceFile = None,
    until: Annotated[
        str, typer.Option("--until", metavar="GATE", help="Last gate: sandbox, contract, lint or simulate.")
    ] = "simulate",
    seed: Seed = 1,
    out: Out = None,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run the gates on RTL files against a spec or a contract: sandbox, contract, lint, simulation."""
    from tpugen.cli.progress import progress
    from tpugen.pipeline.checking import verify_files
    from tpugen.pipeline.custom import spec_of_request

    asked = spec_of_request(any_request(text, spec, contract, reference))
    with progress(quiet=quiet) as observer:
        result = verify_files(files, asked, until=until, seed=seed, out=out, use_cache=not no_cache, observer=observer)
    if json:
        print_json(result)
    else:
        print_pairs([("verdict", result.verdict), ("module", result.module)])
        print_pairs([("", finding.one_line()) for finding in result.findings])
        if result.folder:
            print_pairs([("folder", result.folder)])
    raise typer.Exit(0 if result.verdict == "pass" else 1)


app = typer.Typer(cls=with_default_command(verify), add_completion=False)


@app.callback()
def _verify() -> None:
    """Run the gates on RTL files against a spec, or sweep the library (see `tpugen verify --help`)."""


app.command("matrix")(matrix)
app.command("units")(units)
