"""How a run of the benchmark is shown: a bar and tallies on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tpugen.cli.output import talk
from tpugen.text import clean

if TYPE_CHECKING:
    from tpugen.bench.runner import BenchEvent, BenchObserver
    from tpugen.report.bench_data import SampleRow

__all__ = ["bench_progress"]

_NOTE_SHOWN = 100


@contextmanager
def bench_progress(*, quiet: bool = False) -> Iterator[BenchObserver]:
    """An observer that shows a run while the block is open."""
    if quiet:
        yield lambda _event: None
    elif sys.stderr.isatty():
        with _live() as observer:
            yield observer
    else:
        yield _plain


def _line(row: SampleRow) -> str:
    verdict = "pass" if row.passed else f"fail at {row.ended_at}"
    number = f" #{row.sample}" if row.sample > 1 else ""
    words = [f"{row.problem}{number}: {verdict}"]
    if len(row.attempts) > 1:
        words.append(f"{len(row.attempts)} attempts")
    if row.reply_tokens:
        words.append(f"{row.reply_tokens:,} tokens")
    return ", ".join([*words, f"{row.seconds:.1f} s"])


def _plain(event: BenchEvent) -> None:
    if event.kind == "start":
        talk(f"run {event.text}: {event.done} of {event.total} samples are there")
    elif event.kind == "sample" and event.sample is not None:
        talk(f"{event.done:>{len(str(event.total))}} of {event.total}  {_line(event.sample)}")


@contextmanager
def _live() -> Iterator[BenchObserver]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    console = Console(stderr=True)
    columns = (
        BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} samples{task.fields[words]}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(*columns, console=console, speed_estimate_period=1800)
    task = progress.add_task("", total=1, words="")
    note = Text("", style="dim", no_wrap=True, overflow="ellipsis")
    passed = 0
    with Live(console=console, refresh_per_second=4, get_renderable=lambda: Group(progress, note)):

        def observer(event: BenchEvent) -> None:
            nonlocal passed
            if event.kind == "note":
                note.plain = clean(event.text.splitlines()[0] if event.text else "")[:_NOTE_SHOWN]
                return
            if event.kind == "start":
                progress.update(task, total=event.total, completed=event.done)
                console.print(Text(f"run {event.text}", style="dim"))
                return
            if event.sample is None:
                return
            passed += event.sample.passed
            progress.update(task, completed=event.done, words=f", {passed:,} passed")
            if event.kind == "sample":
                style = "green" if event.sample.passed else "red"
                console.print(Text(clean(_line(event.sample)), style=style))

        yield observer
