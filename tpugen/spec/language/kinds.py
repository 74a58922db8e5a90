"""Which kind of design the request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tpugen.errors import ContradictionError, LanguageError, NothingFoundError
from tpugen.spec.language.chart import Chart, Statement
from tpugen.spec.language.lexer import quote
from tpugen.spec.language.vocabulary import DROPPED, HARMLESS

__all__ = ["HINT", "KindChoice", "choose_kind"]

HINT = (
    "ask for an adder, a multiplier, a MAC, a systolic array, a TPU, a PIM tile or a PIM-LLM accelerator, e.g. "
    '"8x8 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz"'
)

_ARRAY_TOPICS = ("dataflow", "rows", "cols", "square")
_NUMERIC_TOPICS = (
    "activation_width_bits", "weight_width_bits", "accumulator_width_bits", "operand_width", "input_width",
    "adder_width", "clock_mhz", "signed", "signed_by_type", "pe_count",
)  # fmt: skip
# What names a number format by itself: "W4A8", "int4 weights", "int8" (and "uint8", which states width and sign).
# A bare width ("8 bits") does not.
_FORMAT_TOPICS = {"activation_width_bits", "weight_width_bits", "signed_by_type"}
_OPERANDS = ("activation_width_bits", "weight_width_bits")
_UNITS = ("MULT", "MULTVERB", "MULTFAMILY", "MULTIPLICATION", "ADDER", "ADDERVERB", "ADDERFAMILY", "ADDITION")
_USED_BY = {
    "systolic_array": {"ARRAY", "WEAKARRAY", "BAREARRAY", "MAC", *_UNITS},
    "mac": {"MAC", *_UNITS},
    "multiplier": {"MULT", "MULTVERB", "MULTFAMILY", "MULTIPLICATION"},
    "adder": {"ADDER", "ADDERVERB", "ADDERFAMILY", "ADDITION"},
}


@dataclass(frozen=True)
class KindChoice:
    """The kind, why where that is a guess, and the words that said it."""

    kind: str
    reason: str | None
    statements: Sequence[Statement]


def choose_kind(chart: Chart, statements: Sequence[Statement]) -> KindChoice:
    """The kind that the words ask for.

    Raises:
        LanguageError: nothing buildable is asked for.
        ContradictionError: two different designs are asked for.
    """
    evidence: dict[str, list[Statement]] = {}
    for statement in statements:
        if statement.field == "kind" and not statement.negated:
            evidence.setdefault(str(statement.value), []).append(statement)
    topics = {statement.field for statement in statements if not statement.negated}
    kind, reason = _decide(chart, evidence, topics, _count(statements), _grid(statements))
    words = [item for symbol in sorted(_USED_BY[kind]) for item in evidence.get(symbol, [])]
    return KindChoice(kind, reason, words)


def _count(statements: Sequence[Statement]) -> float:
    return max((item.value for item in statements if item.field == "pe_count" and not item.negated), default=0)


def _grid(statements: Sequence[Statement]) -> bool:
    """Whether a pair of numbers cannot be operand widths, because the widths are given elsewhere: `16x16 int8 MACs`."""
    stated = [item for item in statements if not item.negated]
    widths = {item.value for item in stated if item.field in ("operand_width", *_OPERANDS)}
    pairs = [item.value for item in stated if item.field == "size_pair"]
    return bool(widths) and any(not widths & set(pair) for pair in pairs)


def _decide(
    chart: Chart, evidence: dict[str, list[Statement]], topics: set[str], count: float, grid: bool
) -> tuple[str, str | None]:
    def note(symbol: str) -> str | None:
        statement = evidence[symbol][0]
        written = chart.written(statement.first, statement.last)
        return None if statement.note is None else f'"{written}": {statement.note}'

    units = evidence.keys() & {"MAC", "MULT", "ADDER", "MULTVERB", "ADDERVERB"}
    if "ARRAY" in evidence:
        return "systolic_array", note("ARRAY")
    if "BAREARRAY" in evidence and (topics & {*_ARRAY_TOPICS, *_NUMERIC_TOPICS, "size_pair", "operand_pair"} or units):
        return "systolic_array", "an array of processing elements is built as a systolic array"
    if topics & set(_ARRAY_TOPICS):
        return "systolic_array", "rows, columns and dataflows belong to a systolic array"
    if count > 1:
        return "systolic_array", "several multiply-accumulate units are built as a systolic array"
    if "MAC" in evidence and grid:
        return "systolic_array", "several multiply-accumulate units are built as a systolic array"
    if "MAC" in evidence:
        return "mac", note("MAC")
    if "WEAKARRAY" in evidence and not units:
        return "systolic_array", note("WEAKARRAY")
    return _decide_unit(chart, evidence, topics)


def _decide_unit(chart: Chart, evidence: dict[str, list[Statement]], topics: set[str]) -> tuple[str, str | None]:
    families = {"multiplier", "adder"} <= topics
    multiplier = [item for name in ("MULT", "MULTVERB") for item in evidence.get(name, [])]
    adder = [item for name in ("ADDER", "ADDERVERB") for item in evidence.get(name, [])]
    if families or (multiplier and "accumulator_width_bits" in topics):
        return "mac", "a multiplier together with an adder or an accumulator is a MAC"
    if multiplier and adder:
        raise ContradictionError(
            f"the request asks for two designs at once: {_place(chart, multiplier[0])} and {_place(chart, adder[0])}",
            hint='ask for one design at a time, or for a MAC, e.g. "MAC with a BAM multiplier and a LOA adder"',
        )
    for statements, kind in ((multiplier, "multiplier"), (adder, "adder")):
        if statements:
            found = statements[0]
            written = chart.written(found.first, found.last)
            return kind, None if found.note is None else f'"{written}": {found.note}'
    operations = evidence.keys() & {"MULTIPLICATION", "ADDITION"}
    for name, kind in (("MULTIPLICATION", "multiplier"), ("ADDITION", "adder")):
        if operations == {name}:
            found = evidence[name][0]
            return kind, f'"{chart.written(found.first, found.last)}" names the operation of {kind}s'
    for name, kind in (("MULTFAMILY", "multiplier"), ("ADDERFAMILY", "adder")):
        if name in evidence:
            found = evidence[name][0]
            return kind, f'"{chart.written(found.first, found.last)}" is a family of {kind}s'
    if "size_pair" in topics and topics & set(_NUMERIC_TOPICS):
        return "systolic_array", "a size with number formats describes a systolic array"
    if "size_pair" in topics and _nothing_else(chart):
        return "systolic_array", "a size alone describes a systolic array"
    formats = topics & _FORMAT_TOPICS or {"operand_width", "signed"} <= topics
    if formats and _nothing_else(chart):
        return "systolic_array", "number formats alone describe the operands of a systolic array"
    raise _nothing(chart)


def _nothing_else(chart: Chart) -> bool:
    """Whether every word outside the statements is a filler."""
    said = {index for item in chart.statements for index in range(item.first, item.last + 1)}
    return all(
        token.kind == "symbol" or token.symbol in HARMLESS or token.symbol in DROPPED
        for index, token in enumerate(chart.tokens)
        if index not in said
    )


def _place(chart: Chart, statement: Statement) -> str:
    return quote(chart.text, chart.tokens[statement.first].start, chart.tokens[statement.last].end)


def _nothing(chart: Chart) -> LanguageError:
    if not chart.tokens:
        return LanguageError("the request is empty", hint=HINT)
    words = " ".join(chart.text.split())
    shown = words if len(words) <= 60 else words[:57] + "..."
    known = any(statement.field == "unsupported" for statement in chart.statements)
    error = LanguageError if known else NothingFoundError  # what is known not to be built is refused for good
    return error(f'no design that can be built was found in "{shown}"', hint=HINT)
