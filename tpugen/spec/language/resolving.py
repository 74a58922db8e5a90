"""What resolvers share: statements speak about fields, and must not contradict one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tpugen.errors import ContradictionError
from tpugen.spec.language.chart import Chart, Statement
from tpugen.spec.language.lexer import quote

__all__ = ["Resolution", "StatementResolver"]


@dataclass
class Resolution:
    """What the request says about the fields of its kind.

    Attributes:
        values: By field, `multiplier.k` for parameters.
        notes: Reasons by field, where the value is an assumption.
        used: The statements that counted.
        gemms: Matrix products (M, K, N).
    """

    values: dict[str, Any]
    notes: dict[str, str]
    used: list[Statement]
    gemms: list[tuple[int, int, int]]


class StatementResolver:
    """Collects what statements say about the fields of one kind.

    Attributes:
        chart: The request, read.
        kind: The kind of design.
        fields: The kind's fields, as far as a request can state them.
        positive: Statements.
        negative: Statements that are denied.
        result: What came of them.
        said: Statements by field, until `_choose` weighs them.
    """

    def __init__(self, chart: Chart, kind: str, fields: Sequence[str], statements: Sequence[Statement]) -> None:
        self.chart = chart
        self.kind = kind
        self.fields = fields
        self.positive = [statement for statement in statements if not statement.negated]
        self.negative = [statement for statement in statements if statement.negated]
        self.result = Resolution({}, {}, [], [])
        self.said: dict[str, list[Statement]] = {}

    def _all(self, *fields: str) -> list[Statement]:
        return [statement for field in fields for statement in self.positive if statement.field == field]

    def _take(self, field: str, statements: Iterable[Statement], note: str | None = None) -> None:
        """Let statements speak about a field, if the kind has it."""
        if field.split(".", maxsplit=1)[0] not in self.fields:
            return
        for statement in statements:
            self.said.setdefault(field, []).append(statement if note is None else replace(statement, note=note))

    def _choose(self) -> None:
        for field, statements in self.said.items():
            first = statements[0]
            for other in statements[1:]:
                if other.value != first.value:
                    raise self._contradiction(field, first, other)
            self.result.values[field] = first.value
            self.result.used.extend(statements)
            if all(statement.note for statement in statements):
                self.result.notes[field] = f'"{self._written(first)}": {first.note}'

    def _written(self, statement: Statement) -> str:
        return " ".join(self.chart.written(statement.first, statement.last).split())

    def _place(self, statement: Statement) -> str:
        tokens = self.chart.tokens
        return quote(self.chart.text, tokens[statement.first].start, tokens[statement.last].end)

    def _contradiction(self, field: str, one: Statement, other: Statement) -> ContradictionError:
        first, second = sorted((one, other), key=lambda statement: (statement.first, statement.last))
        return ContradictionError(
            f"the request says two things about {field}: {_shown(field, first.value)} in {self._place(first)}, "
            f"{_shown(field, second.value)} in {self._place(second)}",
            hint="say only one of them",
        )


def _shown(field: str, value: Any) -> str:
    if field == "signed":
        return "signed" if value else "unsigned"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if field == "clock_mhz":
        return f"{value:g} MHz"
    if field.endswith("width_bits"):
        return f"{value} bits"
    return str(value)
