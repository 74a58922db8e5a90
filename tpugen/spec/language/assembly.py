"""From statements to a `ParsedRequest`: kind, fields, defaults, assumptions, what was not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tpugen.errors import LanguageError
from tpugen.spec.design import AcceleratorSpec, spec_from_dict
from tpugen.spec.language.accelerators import AcceleratorTopic, accelerator_topic
from tpugen.spec.language.assumptions import assumptions_of
from tpugen.spec.language.chart import Chart, Statement
from tpugen.spec.language.coverage import not_understood
from tpugen.spec.language.grammar import known_words, take_modifiers, understand
from tpugen.spec.language.kinds import HINT, KindChoice, choose_kind
from tpugen.spec.language.lexer import quote, tokenize
from tpugen.spec.language.negation import mark_negated, scope_of
from tpugen.spec.language.reading import read_nodes
from tpugen.spec.language.request import ParsedRequest
from tpugen.spec.language.resolution import resolve
from tpugen.spec.language.resolution_accelerators import may_be_tensor_unit, resolve_crossbars
from tpugen.spec.language.resolving import Resolution

__all__ = ["parse_request"]

_QUESTIONS = (
    ("what", "is"), ("what", "are"), ("what's",), ("how", "do"), ("how", "does"), ("how", "is"), ("how", "are"),
    ("why",), ("who",), ("when",), ("where",), ("which", "is"),
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

    def chart() -> Chart:
        fresh = Chart(text, tokens, list(reading.nodes), reading.lemmas, reading.corrections)
        take_modifiers(fresh)
        return fresh

    accelerator = chart()
    topic = accelerator_topic(accelerator)
    if topic is not None:
        choice = _chosen(accelerator, topic)
        understand(accelerator, topic.kind)
        statements = mark_negated(accelerator.statements, accelerator.modifiers, tokens)
        if choice is not None and (topic.certain or may_be_tensor_unit(statements)):
            return _assembled(accelerator, statements, choice)
    units = chart()
    understand(units)
    statements = mark_negated(units.statements, units.modifiers, tokens)
    refused = _refuse_floating_point(units)
    return _assembled(units, statements, choose_kind(units, statements), refused)


def _chosen(chart: Chart, topic: AcceleratorTopic) -> KindChoice | None:
    """The kind that the topic names; None where the request denies it: `an array, not a TPU`."""
    named = Statement("kind", topic.kind, chart.nodes[topic.first].first, chart.nodes[topic.last].last)
    scopes = {scope_of(node, chart.tokens) for node in chart.modifiers if node.symbol == "NEG"}
    if scopes & {*range(named.first, named.last + 1)}:
        return None
    written = " ".join(chart.written(named.first, named.last).split())
    return KindChoice(topic.kind, f'"{written}": {topic.note}' if topic.note else None, [named])


def _assembled(
    chart: Chart, statements: Sequence[Statement], choice: KindChoice, refused: Sequence[tuple[int, int]] = ()
) -> ParsedRequest:
    """The spec of the chosen kind, and what was assumed and not used."""
    crossbars = choice.kind in ("pim_tile", "pim_llm")
    resolution = (resolve_crossbars if crossbars else resolve)(chart, choice.kind, statements)
    spec = spec_from_dict(_data(choice.kind, resolution))
    said = [*choice.statements, *resolution.used]
    if isinstance(spec, AcceleratorSpec):
        said += [item for item in statements if item.field == "kind" and not item.negated]
    used = [claim for statement in said for claim in _claims(statement, chart)]
    unused = [(item.first, item.last) for item in statements if item.field != "kind"]
    topics = frozenset([*resolution.values, *_topics(choice.kind, resolution)])
    rest = not_understood(chart, [*used, *refused], unused, topics)
    return ParsedRequest(spec, assumptions_of(chart, choice, resolution, spec), rest, resolution.gemms)


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


def _refuse_floating_point(chart: Chart) -> list[tuple[int, int]]:
    """Only integers are built; places that rule floating point out are fine and returned."""
    scopes = {scope_of(node, chart.tokens): node for node in chart.modifiers if node.symbol == "NEG"}
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
        elif parameter:
            units.setdefault(role, {})[parameter] = value
        else:
            data[field] = value
    return {**data, **units}


def _topics(kind: str, resolution: Resolution) -> Iterator[str]:
    """What the request says something about, for words that are only understood then."""
    yield "kind"
    yield f"kind:{kind}"
    if kind == "tpu":  # it holds one
        yield "kind:systolic_array"
    for statement in resolution.used:
        yield statement.field
    if any(field.endswith("width_bits") for field in resolution.values):
        yield "operand_width"
