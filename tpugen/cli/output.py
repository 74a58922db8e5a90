"""How commands speak: data on stdout, talk on stderr; rich tables on a terminal, plain text elsewhere."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tpugen.text import clean

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["number", "print_csv", "print_data", "print_json", "print_pairs", "print_table", "talk"]


def talk(text: str) -> None:
    """Say something to the person: stderr, after the data that came before it where both go to one place."""
    sys.stdout.flush()
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


def print_data(text: str) -> None:
    """Give data: stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def print_json(value: object) -> None:
    """Give data as JSON."""
    print_data(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def print_csv(rows: Sequence[Mapping[str, object]]) -> None:
    """Give rows as CSV with a head line; every row has the columns of the first. None is an empty cell."""
    if rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _plain(value: object) -> object:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not data")


def number(value: float | int | None, unit: str = "", *, digits: int = 4) -> str:
    """A number for people: grouped, with its unit; `not measured` for None."""
    if value is None:
        return "not measured"
    large = isinstance(value, int) or abs(value) >= 10 ** (digits - 1)
    text = f"{value:,.0f}" if large else f"{value:.{digits}g}"
    return f"{text} {unit}".rstrip()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table on stdout.

    Args:
        columns: Headings.
        rows: Cells.
        right: Headings of the columns that are flush right.
    """
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*(), box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_styled(cell) for cell in row))
        Console().print(table)
        return
    widths = [max(len(line[i]) for line in (columns, *rows)) for i in range(len(columns))]
    for line in (columns, *rows):
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        print_data("  ".join(cells).rstrip())


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values on stdout, one pair a line."""
    width = max((len(name) for name, _ in pairs), default=0)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console()
        for name, value in pairs:
            console.print(Text(name.ljust(width + 2), style="dim"), _styled(value), sep="", soft_wrap=True)
        return
    for name, value in pairs:
        print_data(f"{name.ljust(width)}  {value}")


_STYLES = {"pass": "bold green", "ok": "green", "fail": "bold red", "missing": "bold red", "wrong": "bold red",
           "error": "bold red", "interrupted": "yellow", "skipped": "yellow", "optional": "yellow"}  # fmt: skip


def _styled(cell: str) -> Text:
    from rich.text import Text

    return Text(cell, style=_STYLES.get(cell, ""))
