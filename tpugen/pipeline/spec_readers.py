"""Who reads a sentence: the rules, a chat model, or both, reconciled; every difference is kept as plain data.

Without a chat model the rules read. With one, and unless the caller chooses, the rules read alone what they understand
in full, at no cost; the model reads as well where words remain that they did not understand, or where they recognise
no design. A contradiction, a value outside the legal ranges and a thing that is known not to be built stay refused
whatever a model says, unless the caller leaves the reading to the model alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tpugen.errors import (
    ChatModelError,
    ChatModelReplyError,
    LanguageError,
    NothingFoundError,
    RequestError,
    SpecError,
)
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.spec.language import Assumption, ParsedRequest, parse_request
from tpugen.spec.language.lexer import tokenize

if TYPE_CHECKING:
    from tpugen.writers.session import ChatSession
    from tpugen.writers.spec_reading import SpecReading
    from tpugen.writers.spec_reconciliation import Settlement

__all__ = ["SPEC_READERS", "Sentence", "SpecReader", "read_sentence"]

SpecReader = Literal["rules", "llm", "both"]
_NOTHING: Mapping[str, Any] = {}
SPEC_READERS: tuple[SpecReader, ...] = ("rules", "llm", "both")


@dataclass(frozen=True)
class Sentence:
    """A sentence, read.

    Attributes:
        spec: What to build.
        assumptions: What the sentence does not settle.
        not_understood: Words that nobody accounts for.
        gemms: Matrix products that the rules read in it: (M, K, N).
        read_by: Who read it in the end.
        readings: What each reader read: `by`, `model`, `spec`, `stated`, `problem`, `exchanges`.
        disagreements: What they read differently and how it was settled: `field`, `rules`, `model`, `value`, `settled`,
            `why`, `quote`.
    """

    spec: DesignSpec
    assumptions: list[Assumption]
    not_understood: list[str]
    gemms: list[tuple[int, int, int]] = field(default_factory=list)
    read_by: SpecReader = "rules"
    readings: list[dict[str, Any]] = field(default_factory=list)
    disagreements: list[dict[str, Any]] = field(default_factory=list)


def read_sentence(text: str, reader: SpecReader | None = None, session: ChatSession | None = None) -> Sentence:
    """Read a sentence.

    Args:
        text: The user's words.
        reader: Who reads; None: the rules, and the model as well where they did not understand everything.
        session: Asks the chat model; None: there is none.

    Raises:
        RequestError: a chat model is to read, and there is none.
        LanguageError: nothing buildable is asked for, or the sentence contradicts itself.
        SpecError: a design outside the legal ranges.
        ChatModelReplyError: the model alone is to read, and its reply is no legal spec.
        ChatModelError: the model was to read by the caller's choice and could not be asked.
    """
    if reader not in (None, *SPEC_READERS):
        raise RequestError(f"--spec-by {reader}: expected one of {', '.join(SPEC_READERS)}")
    if session is None:
        if reader in ("llm", "both"):
            raise RequestError(
                f"--spec-by {reader} needs a chat model, and none is named",
                hint="name one with --model NAME, or leave out --spec-by to read by the rules",
            )
        return _by_rules(parse_request(text))
    if not tokenize(text):
        parse_request(text)  # refuses the empty request; nobody needs to be asked about it
    if reader == "llm":
        return _by_model(text, session)
    try:
        parsed = parse_request(text)
    except NothingFoundError as error:
        if reader == "rules":
            raise
        return _where_rules_found_nothing(text, session, error, asked_for=reader == "both")
    if reader == "rules" or (reader is None and not parsed.not_understood):
        return _by_rules(parsed)
    return _by_both(text, parsed, session, asked_for=reader == "both")


def _by_rules(parsed: ParsedRequest, problem: str | None = None) -> Sentence:
    readings = [_rules_reading(parsed)]
    if problem is not None:
        readings.append({"by": "llm", "model": None, "spec": None, "stated": {}, "problem": problem, "exchanges": 0})
    return Sentence(parsed.spec, parsed.assumptions, parsed.not_understood, parsed.gemms, "rules", readings)


def _rules_reading(parsed: ParsedRequest) -> dict[str, Any]:
    from tpugen.writers.spec_reconciliation import stated_by_rules

    spec = parsed.spec.model_dump(mode="json")
    return {"by": "rules", "model": None, "spec": spec, "stated": stated_by_rules(parsed), "problem": None,
            "exchanges": 0}  # fmt: skip


def _model_reading(reading: SpecReading, exchanges: int | None = None) -> dict[str, Any]:
    return {
        "by": "llm",
        "model": reading.model,
        "spec": None if reading.spec is None else reading.spec.model_dump(mode="json"),
        "stated": reading.stated,
        "problem": reading.problem,
        "exchanges": exchanges or reading.exchanges,
    }


def _by_both(text: str, parsed: ParsedRequest, session: ChatSession, *, asked_for: bool) -> Sentence:
    from tpugen.writers.spec_reading import ask_again, read_spec
    from tpugen.writers.spec_reconciliation import disagreements, reconcile

    try:
        reading = read_spec(session, text)
        stated = reading.stated if reading.spec is not None else {}
        found = disagreements(parsed, stated)
        answers = ask_again(session, text, found) if found else {}
    except ChatModelError as error:
        if asked_for:
            raise
        return _by_rules(parsed, error.message)  # nobody asked for a second reader, and the first one has an answer
    result = reconcile(text, parsed, stated, found, answers)
    exchanges = reading.exchanges + bool(found)
    return Sentence(
        result.spec,
        result.assumptions,
        result.not_understood,
        parsed.gemms,
        "both",
        [_rules_reading(parsed), _model_reading(reading, exchanges)],
        _plain(result.settlements),
    )


def _where_rules_found_nothing(
    text: str, session: ChatSession, error: NothingFoundError, *, asked_for: bool
) -> Sentence:
    """The model's reading, as far as the request's own words bear it out; else the rules' refusal stands."""
    from tpugen.writers.spec_reading import read_spec
    from tpugen.writers.spec_reconciliation import model_alone
    from tpugen.writers.spec_schema import spec_data

    try:
        reading = read_spec(session, text)
    except ChatModelError as fault:
        if asked_for:
            raise
        raise error from fault  # the first reader's refusal stands; nobody asked for the second one
    held, settlements = model_alone(text, reading.stated if reading.spec is not None else {})
    if "kind" not in held:
        raise _still_nothing(error, reading)
    try:
        spec = spec_from_dict(spec_data(held))
    except SpecError as illegal:
        raise NothingFoundError(
            f"{error.message}; what the chat model reads in it is not legal: {' '.join(illegal.message.split())}",
            hint=error.hint,
        ) from None
    rules = {"by": "rules", "model": None, "spec": None, "stated": _NOTHING, "problem": error.message, "exchanges": 0}
    return Sentence(
        spec, _model_assumptions(spec, held, "the rules found no design, and the chat model's words name none"),
        list(reading.unsupported), [], "both", [rules, _model_reading(reading)], _plain(settlements),
    )  # fmt: skip


def _still_nothing(error: NothingFoundError, reading: SpecReading) -> NothingFoundError:
    found = reading.problem or f"the request has no word for the {reading.stated.get('kind')} that it reads in it"
    return NothingFoundError(f"{error.message}; the chat model was asked as well: {found}", hint=error.hint)


def _by_model(text: str, session: ChatSession) -> Sentence:
    from tpugen.writers.spec_reading import read_spec

    reading = read_spec(session, text)
    if reading.declined:
        raise NothingFoundError(
            "the chat model finds nothing in the request that can be built",
            hint="ask for a unit, an array or an accelerator, or use the rules (--spec-by rules)",
        )
    if reading.spec is None:
        raise ChatModelReplyError(
            f"the chat model's reading of the request cannot be used: {reading.problem}",
            hint="let the rules read it (--spec-by rules), or use a larger model",
        )
    reason = "the chat model reads nothing about it in the request"
    return Sentence(
        reading.spec, _model_assumptions(reading.spec, reading.stated, reason), list(reading.unsupported),
        _gemms(text), "llm", [_model_reading(reading)], [],
    )  # fmt: skip


def _gemms(text: str) -> list[tuple[int, int, int]]:
    """The workload is read by the rules, whoever reads the design."""
    try:
        return parse_request(text).gemms
    except (LanguageError, SpecError):
        return []


def _model_assumptions(spec: DesignSpec, stated: Mapping[str, Any], reason: str) -> list[Assumption]:
    """One for each value of the spec that the model does not state."""
    from tpugen.writers.spec_schema import dotted, flat_values

    return [Assumption(dotted(name), value, reason) for name, value in flat_values(spec).items() if name not in stated]


def _plain(settlements: Sequence[Settlement]) -> list[dict[str, Any]]:
    names = ("field", "rules", "model", "value", "settled", "why", "quote")
    return [{name: getattr(item, name) for name in names} for item in settlements]
