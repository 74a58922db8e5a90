"""How a sweep of the pass matrix is shown: a grid that fills on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tpugen.cli.output import talk

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from tpugen.pipeline.matrix import BatchResult, MatrixObserver
    from tpugen.pipeline.matrix_report import Tally
    from tpugen.verif.matrix_cells import Cell

__all__ = ["matrix_progress"]

_SECONDS_BETWEEN_LINES = 10.0
_ROWS_AROUND_GRID = 6


@contextmanager
def matrix_progress(cells: Sequence[Cell], *, quiet: bool = False) -> Iterator[MatrixObserver]:
    """An observer of a sweep over `cells` that shows it while the block is open."""
    if quiet:
        yield lambda _result: None
    elif sys.stderr.isatty():
        with _live(cells) as observer:
            yield observer
    else:
        yield _Lines(len(cells))


class _Lines:
    """One line now and then, and one per failing design."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.failed = 0
        self.begin = time.monotonic()
        self.said = self.begin

    def __call__(self, result: BatchResult) -> None:
        """Hear of one batch."""
        self.done += len(result.records)
        for record in result.records:
            if record.verdict == "fail":
                self.failed += 1
                talk(f"fail      {record.cell.name}: {record.reason}")
        now = time.monotonic()
        if self.done == self.total or now - self.said >= _SECONDS_BETWEEN_LINES:
            self.said = now
            talk(f"{self.done:,} of {self.total:,} designs, {self.failed:,} failed, {now - self.begin:.0f} s")


class _Grid:
    """The table of multipliers and adders while it fills."""

    def __init__(self, cells: Sequence[Cell], height: int) -> None:
        from tpugen.arithmetic import ADDERS, MULTIPLIERS
        from tpugen.pipeline.matrix_report import Tally

        rows = {cell.row for cell in cells}
        # A low terminal shows both forms of a multiplier in one row.
        self.folded = len(rows) + _ROWS_AROUND_GRID > height
        self.adders = [name for name in ADDERS if any(cell.adder == name for cell in cells)]
        self.wanted: dict[tuple[str, str], int] = {}
        self.found: dict[tuple[str, str], Tally] = {}
        order = list(MULTIPLIERS)
        for cell in sorted(cells, key=lambda cell: (order.index(cell.multiplier), cell.shared)):
            place = self.place(cell)
            self.wanted[place] = self.wanted.get(place, 0) + 1
            self.found.setdefault(place, Tally())

    def place(self, cell: Cell) -> tuple[str, str]:
        """Row and column of a cell."""
        return (cell.multiplier if self.folded else cell.row), cell.adder

    def add(self, result: BatchResult) -> None:
        """Count a batch."""
        for record in result.records:
            self.found[self.place(record.cell)].add(record.verdict)

    def count(self, place: tuple[str, str]) -> Text:
        """What a place shows: designs that pass, green once all of them do; failures in red."""
        from rich.text import Text

        if place not in self.found:
            return Text("")
        tally = self.found[place]
        if tally.failed:
            return Text(f"x{tally.failed}", style="bold red")
        if tally.passed + tally.not_legal < self.wanted[place]:
            return Text(str(tally.passed) if tally.passed else "·", style="dim")
        return Text(tally.text(), style="green" if tally.passed else "dim")

    def table(self) -> Group:
        """The grid as it stands."""
        from rich.console import Group
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column("")
        for adder in self.adders:
            table.add_column(_broken(adder), justify="right", no_wrap=True)
        for row in dict.fromkeys(row for row, _ in self.wanted):
            name = "  shared" if row.endswith(" shared") else row
            table.add_row(name, *(self.count((row, adder)) for adder in self.adders))
        return Group(table)


def _broken(name: str) -> str:
    """A heading in two lines where it has more than five letters: the grid fits 80 columns."""
    half = -(-len(name) // 2)
    return name if len(name) <= 5 else f"{name[:half]}\n{name[half:]}"


@contextmanager
def _live(cells: Sequence[Cell]) -> Iterator[MatrixObserver]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    console = Console(stderr=True)
    grid = _Grid(cells, console.height)
    columns = (
        BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} designs{task.fields[failed]}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(*columns, console=console, speed_estimate_period=120)
    task = progress.add_task("", total=len(cells), failed="")
    with Live(console=console, refresh_per_second=4, get_renderable=lambda: Group(grid.table(), Text(), progress)):

        def observer(result: BatchResult) -> None:
            grid.add(result)
            failed = sum(tally.failed for tally in grid.found.values())
            progress.update(task, advance=len(result.records), failed=f", {failed:,} failed" if failed else "")

        yield observer
