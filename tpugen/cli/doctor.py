"""`tpugen doctor`: what is here and what is missing."""

from __future__ import annotations

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_json, print_table, talk

__all__ = ["doctor"]


def doctor(json: Json = False) -> None:
    """Check tools, packages, technology libraries, chat model and folders. Exit code 3 if something is missing."""
    from tpugen.pipeline.doctor import diagnose

    diagnosis = diagnose()
    if json:
        print_json(diagnosis)
    else:
        rows = [
            [check.area, check.name, check.status, check.version or "-", check.accepted or "-", check.found or "-"]
            for check in diagnosis.checks
        ]
        print_table(["area", "name", "status", "version", "accepted", "found"], rows)
        for check in diagnosis.checks:
            if check.fix:
                talk(f"{check.area} {check.name}: {check.fix}")
        talk(f"tpugen {diagnosis.tpugen_version}, {diagnosis.machine}")
    raise typer.Exit(0 if diagnosis.healthy else 3)
