"""From statements to a `ParsedRequest`: kind, fields, defaults, assumptions, what was not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS
from tpugen.errors import LanguageError
from tpugen.spec.design import DesignSpec, spec_from_dict
from tpugen.spec.language.chart import Chart, Node, Statement
from tpugen.spec.language.coverage import not_understood
from tpugen.spec.language.grammar import known_words, understand
from tpugen.spec.language.kinds import HINT, KindChoice, choose_kind
from tpugen.spec.language.lexer import quote, tokenize
from tpugen.spec.language.negation import mark_negated, scope_of
from tpugen.spec.language.reading import Reading, read_nodes
from tpugen.spec.language.request import Assumption, ParsedRequest
from tpugen.spec.language.resolution import Resolution, resolve

__all__ = ["parse_request"]

_REASONS = {
    "rows": "no size is given",
    "cols": "no size is given",
    "dataflow": "no dataflow is given; output-stationary needs no partial sums from outside",
    "width_bits": "no width is given",
    "activation_width_bits": "no width is given for the activations",
    "weight_width_bits": "no width is given for the weights",
    "accumulator_width_bits": "no accumulator width is given; this one holds 65,536 products without overflow",
    "signed": 'the request says neither "signed" nor "unsigned"',
    "clock_mhz": "no clock is given",
    "multiplier": "no approximate multiplier is named",
    "adder": "no approximate adder is named",
}
_QUESTIONS = (
    ("what", "is"), ("what", "are"), ("what's",), ("how", "do"), ("how", "does"), ("how", "is"), ("how", "are"), ("why",), ("who",),
    ("when",), ("where",), ("which", "is"),
)  # fmt: skip


def parse_request(text: str) -> ParsedRequest:
    """Read a sentence, without a chat model.

    Args:
        text: What to build, in English; key-value lists are read as well.

    Returns:
        The spec; an assumption for each value that the text does not state; the parts of the text that were not used.

    Raises:
        LanguageError: nothing that can be built is asked for.
        ContradictionError: the text asks for two things that exclude each other.
        SpecError: the text asks for a design outside the legal ranges.
    """
    tokens = tokenize(text)
    _refuse_questions(text, [token.symbol for token in tokens])
    reading = read_nodes(tokens, known_words())
    chart = Chart(text, tokens, list(reading.nodes))
    modifiers = understand(chart)
    refused = _refuse_floating_point(chart, modifiers)
    statements = mark_negated(chart.statements, modifiers, tokens)
    choice = choose_kind(chart, statements)
    resolution = resolve(chart, choice.kind, statements)
    spec = spec_from_dict(_data(choice.kind, resolution))
    assumptions = [
        *_kind_assumption(choice),
        *_field_assumptions(spec, resolution),
        *_guesses(chart, reading, modifiers, choice, resolution, spec),
    ]
    used = [
        (first, last)
        for item in (*choice.statements, *resolution.used)
        for first, last in _claims(item, chart)
    ] + refused
    unused = [(item.first, item.last) for item in statements if item.field != "kind"]
    topics = frozenset([*resolution.values, *_topics(choice.kind, resolution)])
    rest = not_understood(text, tokens, reading.lemmas, used, unused, topics, modifiers)
    return ParsedRequest(spec, assumptions, rest, resolution.gemms)


def _claims(statement: Statement, chart: Chart) -> Iterator[tuple[int, int]]:
    """The tokens that a statement accounts for: one about signedness accounts for no number."""
    if statement.field not in ("signed", "signed_by_type", "dataflow"):
        yield statement.first, statement.last
        return
    for index in range(statement.first, statement.last + 1):
        if chart.tokens[index].kind != "number":
            yield index, index


def _refuse_questions(text: str, symbols: Sequence[str]) -> None:
    if any(tuple(symbols[: len(start)]) == start for start in _QUESTIONS):
        shown = " ".join(text.split())[:60]
        raise LanguageError(f'"{shown}" is a question; it asks for nothing to build', hint=HINT)


def _refuse_floating_point(chart: Chart, modifiers: Sequence[Node]) -> list[tuple[int, int]]:
    """Only integers are built; places that rule floating point out are fine and returned."""
    scopes = {scope_of(node, chart.tokens): node for node in modifiers if node.symbol == "NEG"}
    denied = []
    for node in chart.nodes:
        if node.symbol != "FLOAT":
            continue
        if node.first not in scopes:
            place = quote(chart.text, chart.tokens[node.first].start, chart.tokens[node.last].end)
            raise LanguageError(
                f"{place} asks for floating-point numbers; only integers are built",
                hint="ask for integer widths, e.g. int8 activations and weights with 32-bit accumulators",
            )
        denied.append((min(node.first, scopes[node.first].first), node.last))
    return denied


def _data(kind: str, resolution: Resolution) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": kind}
    units: dict[str, dict[str, Any]] = {}
    for field, value in resolution.values.items():
        role, _, parameter = field.partition(".")
        if role in ("multiplier", "adder"):
            units.setdefault(role, {})[parameter or "family"] = value
        else:
            data[field] = value
    return {**data, **units}


def _topics(kind: str, resolution: Resolution) -> Iterator[str]:
    """What the request says something about, for words that are only understood then."""
    yield "kind"
    yield f"kind:{kind}"
    for statement in resolution.used:
        yield statement.field
    if any(field.endswith("width_bits") for field in resolution.values):
        yield "operand_width"


def _kind_assumption(choice: KindChoice) -> Iterator[Assumption]:
    if choice.reason is not None:
        yield Assumption("kind", choice.kind, choice.reason)


def _field_assumptions(spec: DesignSpec, resolution: Resolution) -> Iterator[Assumption]:
    """One for each field that the request does not state, in the order of the spec's fields."""
    order = [name for name in _REASONS if name in type(spec).model_fields]
    for name in order:
        value = getattr(spec, name)
        if name in ("multiplier", "adder"):
            if name not in resolution.values:
                yield Assumption(name, value.family, _REASONS[name])
            yield from _parameter_assumptions(spec, name, resolution)
        elif name in resolution.notes:
            yield Assumption(name, value, resolution.notes[name])
        elif name not in resolution.values:
            yield Assumption(name, value, _REASONS[name])


def _parameter_assumptions(spec: DesignSpec, role: str, resolution: Resolution) -> Iterator[Assumption]:
    unit = getattr(spec, role)
    family = (ADDERS if role == "adder" else MULTIPLIERS)[unit.family]
    widths = [
        getattr(spec, name) for name in ("width_bits", "activation_width_bits", "weight_width_bits")
        if hasattr(spec, name)
    ]  # fmt: skip
    width = getattr(spec, "accumulator_width_bits", min(widths)) if role == "adder" else min(widths)
    for parameter in family.parameters:
        name = f"{role}.{parameter.name}"
        if name in resolution.notes:
            yield Assumption(name, unit.parameters[parameter.name], resolution.notes[name])
        elif name not in resolution.values:
            reason = f"{family.title}'s {parameter.meaning} is not given; its default at {width} bits"
            yield Assumption(name, parameter.default_for(width), reason)


def _guesses(
    chart: Chart, reading: Reading, modifiers: Sequence[Node], choice: KindChoice, resolution: Resolution, spec: DesignSpec
) -> Iterator[Assumption]:
    """Misspelt words and bounds ("at least"), told beside the value that they led to."""
    statements = [*resolution.used, *choice.statements]
    for index, word in sorted(reading.corrections.items()):
        for statement in statements:
            if statement.first <= index <= statement.last:
                name = _spec_field(statement.field, spec)
                yield Assumption(name, _value(spec, name), f'"{chart.tokens[index].text}" is read as "{word}"')
                break
    for node in modifiers:
        nearest = _nearest(node, resolution.used) if node.symbol != "NEG" else None
        if nearest is None and node.symbol == "FIXED":
            nearest = Statement("operand_width", None, node.first, node.last)
        if nearest is not None:
            name = _spec_field(nearest.field, spec)
            written = chart.written(node.first, node.last)
            reason = "is built as integers; the scaling stays outside" if node.symbol == "FIXED" else "is read as exactly this value"
            yield Assumption(name, _value(spec, name), f'"{written}" {reason}')


def _nearest(node: Node, statements: Sequence[Statement]) -> Statement | None:
    def distance(statement: Statement) -> int:
        if statement.first <= node.first <= statement.last:
            return 0
        return min(abs(statement.first - node.last), abs(node.first - statement.last))

    counted = [
        item
        for item in statements
        if (item.field.endswith("width_bits") or item.field in ("operand_width", "input_width"))
        or (node.symbol == "QUAL" and item.field not in ("dataflow", "signed", "signed_by_type"))
    ]
    best = min(counted, key=distance, default=None)
    return best if best is not None and distance(best) <= 4 else None


def _spec_field(topic: str, spec: DesignSpec) -> str:
    """The spec's field that a topic led to."""
    role = topic.split(".")[0]
    if role in type(spec).model_fields:
        return topic
    candidates = {
        "operand_width": ("activation_width_bits", "width_bits"), "input_width": ("activation_width_bits", "width_bits"),
        "activation_width_bits": ("width_bits",), "weight_width_bits": ("width_bits",),
        "output_width": ("accumulator_width_bits",), "size_pair": ("rows", "activation_width_bits", "width_bits"),
        "operand_pair": ("activation_width_bits", "width_bits"), "matrix_pair": ("rows",), "pe_count": ("rows",),
        "square": ("rows",), "signed_by_type": ("signed",), "coefficient": ("multiplier", "adder"),
        "parameter": ("multiplier", "adder"), "described_parameter": ("multiplier", "adder"),
    }  # fmt: skip
    return next((name for name in candidates.get(topic, ()) if name in type(spec).model_fields), "kind")


def _value(spec: DesignSpec, name: str) -> bool | int | float | str:
    role, _, parameter = name.partition(".")
    value = getattr(spec, role)
    if role in ("multiplier", "adder"):
        return int(value.parameters[parameter]) if parameter in value.parameters else str(value.family)
    assert isinstance(value, bool | int | float | str)
    return value
