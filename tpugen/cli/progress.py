"""Tells a person how a run goes: live on a terminal, one plain line per step elsewhere; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tpugen.cli.output import talk
from tpugen.pipeline.options import Event, Observer, silent

__all__ = ["bar", "progress"]

_STYLES = {"pass": "green", "fail": "bold red", "skipped": "yellow"}


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Observer]:
    """An observer that shows the run's events while the block is open."""
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        with _live() as observer:
            yield observer
    else:
        yield _plain


def _line(event: Event) -> str:
    record = event.record
    assert record is not None  # noqa: S101 - `end` events carry their record
    time = "cached" if record.cached else f"{record.seconds:.1f} s"
    return f"{event.step:<9} {record.verdict:<8} {time:>8}  {record.summary}"


def _plain(event: Event) -> None:
    match event.kind:
        case "run":
            talk(f"run {event.text}")
        case "note":
            talk(f"{event.step:<9} ... {event.text}")
        case "end":
            talk(_line(event))
            for finding in (event.record.findings if event.record else [])[:20]:
                if finding.severity != "info":
                    talk(f"          {finding.one_line()}")


@contextmanager
def _live() -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def observer(event: Event) -> None:
            match event.kind:
                case "run":
                    bar.console.print(Text(f"run {event.text}", style="dim"), soft_wrap=True)
                case "start":
                    bar.reset(task, description=event.step)
                case "note" | "progress":
                    bar.update(task, description=f"{event.step}: {event.text}")
                case "end":
                    assert event.record is not None  # noqa: S101 - `end` events carry their record
                    bar.console.print(Text(_line(event), style=_STYLES[event.record.verdict]), soft_wrap=True)
                    for finding in event.record.findings[:20]:
                        if finding.severity != "info":
                            bar.console.print(Text(f"          {finding.one_line()}"), soft_wrap=True)

        yield observer


@contextmanager
def bar(label: str, unit: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal; nothing elsewhere. Gives what is to be called with done and total, or None.

    Args:
        label: What is at work.
        unit: What is counted, e.g. `pairs`.
        quiet: No bar on a terminal, either.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[whole]}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=None, whole="")

        def update(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, whole=f"of {total:,} {unit}")

        yield update
