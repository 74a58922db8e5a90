"""`tpugen verify units`: whether the library's arithmetic units and their bit-accurate models agree."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpugen.cli.choices import Json, NoCache, Quiet, Seed
from tpugen.cli.output import print_json, print_pairs, print_table, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.pipeline.unit_checks import UnitProgress, UnitsReport
    from tpugen.verif.unit_configurations import Role
    from tpugen.verif.unit_equivalence import UnitCheck
    from tpugen.verif.unit_simulators import SimulatorName

__all__ = ["units"]

_FAILURES_SHOWN = 3


def units(
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="NAME", help="Only this family; may be repeated.")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only adder, or only multiplier.")] = None,
    width: Annotated[
        list[str] | None,
        typer.Option("--width", metavar="BITS", help="Only these widths: 8, or 8x5 (activation x weight)."),
    ] = None,
    signed: Annotated[
        bool | None, typer.Option("--signed/--unsigned", help="Only signed, or only unsigned units.")
    ] = None,
    all_parameters: Annotated[
        bool, typer.Option("--all-parameters", help="Every legal parameter at the widths given, not the ends alone.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A share of the check that takes seconds.")] = False,
    vectors: Annotated[
        int, typer.Option("--vectors", min=1, metavar="N", help="Random vectors where not all pairs are run.")
    ] = 1_000_000,
    simulator: Annotated[
        str, typer.Option("--simulator", metavar="NAME", help="verilator, or icarus (slow, needs no C++ compiler).")
    ] = "verilator",
    lint: Annotated[
        bool, typer.Option("--lint/--no-lint", help="Icarus, Verilator and Yosys must have nothing to say of any unit.")
    ] = True,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes (default: usable CPUs).")
    ] = None,
    seed: Seed = 1,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Check the library's adders and multipliers against their models: all operand pairs, or a million."""
    from tpugen.pipeline.unit_checks import Selection, select, verify_units
    from tpugen.verif.unit_vectors import VectorPlan

    if role not in (None, "adder", "multiplier"):
        raise RequestError(f"{role!r} is not a role", hint="roles: adder, multiplier")
    if simulator not in ("verilator", "icarus"):
        raise RequestError(f"{simulator!r} does not simulate units", hint="simulators: verilator, icarus")
    chosen = select(
        Selection(cast("Role | None", role), tuple(family or ()), tuple(width or ()), signed, quick, all_parameters)
    )
    plan = VectorPlan(random=vectors, random_wide=max(1, vectors // 20), seed=seed)
    with _progress(quiet=quiet) as observer:
        report = verify_units(
            chosen,
            plan=plan,
            simulator=cast("SimulatorName", simulator),
            linters=("icarus", "verilator", "yosys") if lint else (),
            jobs=jobs,
            use_cache=not no_cache,
            observer=observer,
        )
    if json:
        print_json(report)
    else:
        _print(report)
    raise typer.Exit(0 if report.verdict == "pass" else 1)


def _print(report: UnitsReport) -> None:
    rows = [
        [line.role, line.family, f"{line.units:,}", f"{line.vectors:,}", f"{line.failed:,}" if line.failed else "-"]
        for line in report.families
    ]
    columns = ("role", "family", "units", "vectors", "failed")
    print_table(columns, rows, right=("units", "vectors", "failed"))
    _print_failures(report)
    known = f", {report.cached:,} from the cache" if report.cached else ""
    print_pairs(
        [
            ("verdict", report.verdict),
            ("units", f"{report.units:,}, {report.exhaustive:,} of them on all operand pairs{known}"),
            ("vectors", f"{report.vectors:,} compared, seed {report.seed}, {report.simulator}"),
            ("time", f"{report.seconds:.1f} s"),
        ]
    )


def _print_failures(report: UnitsReport) -> None:
    """The first failures of every family: one fault tends to break every width and parameter."""
    by_family: dict[tuple[str, str], list[UnitCheck]] = {}
    for check in report.failures:
        by_family.setdefault((check.unit.role, check.unit.family), []).append(check)
    for (role, family), checks in by_family.items():
        for check in checks[:_FAILURES_SHOWN]:
            print_pairs([("", finding.one_line()) for finding in check.findings[:2]])
        if len(checks) > _FAILURES_SHOWN:
            more = len(checks) - _FAILURES_SHOWN
            print_pairs([("", f"... and {more:,} more of {role} {family}; --json has all")])


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[UnitProgress], None]]:
    """Says on stderr how far the check is: a bar on a terminal, a line per batch elsewhere."""
    if quiet:
        yield lambda _progress: None
    elif sys.stderr.isatty():
        with _bar() as observer:
            yield observer
    else:
        yield lambda progress: talk(_line(progress))


def _line(progress: UnitProgress) -> str:
    place = f"units {progress.done:>6,} of {progress.total:,}"
    if not progress.checks:
        return f"{place}  known from the cache"
    failed = sum(check.verdict == "fail" for check in progress.checks)
    names = ", ".join(dict.fromkeys(f"{check.unit.family}" for check in progress.checks))
    return f"{place}  {'fail' if failed else 'pass'} {progress.seconds:6.1f} s  {names}"


@contextmanager
def _bar() -> Iterator[Callable[[UnitProgress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("units", total=None)

        def observer(progress: UnitProgress) -> None:
            bar.update(task, completed=progress.done, total=progress.total)
            for check in progress.checks:
                for finding in check.findings[:1]:
                    bar.console.print(Text(finding.one_line(), style="bold red"), soft_wrap=True)

        yield observer
