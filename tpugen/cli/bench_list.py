"""`tpugen bench list`: the suites, or the problems of some."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_json, print_table

__all__ = ["list_problems"]

_PROMPT_SHOWN = 70


def list_problems(
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", metavar="NAME|PATH", help="List the problems of this suite; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """List the suites, or with --suite the problems in them: id, kind and prompt."""
    from tpugen.bench.problems import SUITES, load_suite, suite_summary

    if not suite:
        summaries = {name: suite_summary(load_suite(name)) for name in SUITES}
        if json:
            print_json(
                [{"suite": name, "problems": sum(kinds.values()), "kinds": kinds, "holds": SUITES[name]}
                 for name, kinds in summaries.items()]
            )  # fmt: skip
        else:
            rows = [[name, str(sum(kinds.values())), SUITES[name]] for name, kinds in summaries.items()]
            print_table(["suite", "problems", "holds"], rows, right=["problems"])
        return
    from tpugen.bench.configuration import all_problems

    found = all_problems(suite)
    if json:
        print_json(
            [
                {"id": problem.id, "suite": problem.suite, "kind": problem.kind, "prompt": problem.prompt,
                 **({"expect": expect} if (expect := getattr(problem, "expect", None)) else {})}
                for problem in found
            ]
        )  # fmt: skip
        return
    lines = [(problem.id, problem.kind, " ".join(problem.prompt.split())) for problem in found]
    print_table(
        ["id", "kind", "prompt"],
        [[name, kind, text if len(text) <= _PROMPT_SHOWN else text[: _PROMPT_SHOWN - 1] + "…"]
         for name, kind, text in lines],
    )  # fmt: skip
