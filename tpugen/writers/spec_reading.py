"""A chat model reads a request: structured output by the flat schema, checked as strictly as a user's own JSON.

The reply is not trusted: it is parsed, checked against the fields, and made a spec by `spec_from_dict`. What is wrong
with it is fed back once; a reading that is still not legal is no reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.errors import SpecError
from tpugen.findings import Finding
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.writers.conversation import Message
from tpugen.writers.json_reply import extract_json
from tpugen.writers.spec_reconciliation import Disagreement, Insistence
from tpugen.writers.spec_schema import NO_KIND, UNSUPPORTED, flat_fields, flat_spec_schema, spec_data
from tpugen.writers.spec_support import words_inside

if TYPE_CHECKING:
    import jinja2

    from tpugen.writers.session import ChatSession

__all__ = ["SpecReading", "ask_again", "field_meanings", "read_spec", "reading_messages", "settling_schema"]

_GATE = "spec"
_UNSUPPORTED_LIMIT = 16
_QUOTE = "_quote"


@dataclass(frozen=True)
class SpecReading:
    """What a chat model read in a request.

    Attributes:
        stated: What it states, by flat field names; without null values.
        spec: The design; None where the reply could not be used, even after it was fed back, or where `declined`.
        declined: The model says that the request asks for nothing that is built.
        unsupported: Words of the request that, it says, no field can hold; only such as do stand in the request.
        findings: What is wrong with the last reply.
        model: The model as the server names it.
        exchanges: How often it was asked.
    """

    stated: dict[str, Any]
    spec: DesignSpec | None
    declined: bool
    unsupported: tuple[str, ...]
    findings: tuple[Finding, ...]
    model: str
    exchanges: int

    @property
    def problem(self) -> str | None:
        """Why there is no spec, in one line."""
        if self.spec is not None:
            return None
        if self.declined:
            return "the model finds nothing in the request that can be built"
        return "; ".join(" ".join(finding.message.split()) for finding in self.findings)


def read_spec(session: ChatSession, request: str) -> SpecReading:
    """Have a chat model read a request; one exchange, two where the first reply is not legal.

    Args:
        session: Asks the model, within its budget.
        request: The user's words.

    Raises:
        ChatModelError: the model could not be asked, or the budget is used up.
    """
    messages = reading_messages(request)
    schema = flat_spec_schema()
    reply = session.ask(messages, purpose="read the request", temperature=0.0, schema=schema)
    reading = _reading(reply.text, request, reply.model, 1)
    if reading.spec is not None or reading.declined:
        return reading
    words = _template("spec_repair.md.j2").render(
        request=request.strip(), findings=[finding.message for finding in reading.findings]
    )
    again = [*messages, Message("ai", reply.text[:4000] or "{}"), Message("human", words)]
    reply = session.ask(again, purpose="correct the reading", temperature=0.0, schema=schema)
    return _reading(reply.text, request, reply.model, 2)


def _reading(reply: str, request: str, model: str, exchanges: int) -> SpecReading:
    found = extract_json(reply)
    if found.data is None:
        return SpecReading({}, None, False, (), tuple(found.findings), model, exchanges)
    stated = {name: value for name, value in found.data.items() if value is not None}
    unsupported = _unsupported(stated.pop(UNSUPPORTED, ()), request)
    if stated.get("kind") == NO_KIND:
        return SpecReading({}, None, True, unsupported, (), model, exchanges)
    spec, findings = _checked(stated)
    return SpecReading(stated, spec, False, unsupported, findings, model, exchanges)


def _checked(stated: Mapping[str, Any]) -> tuple[DesignSpec | None, tuple[Finding, ...]]:
    unknown = [name for name in stated if name not in flat_fields()]
    if unknown:
        names = ", ".join(repr(name[:40]) for name in unknown[:8])
        return None, (_finding("unknown-field", f"no such field: {names}; the fields are {', '.join(flat_fields())}"),)
    nested = [name for name, value in stated.items() if not isinstance(value, str | int | float)]
    if nested:
        return None, (_finding("field-value", f"{', '.join(nested)}: a number, true, false or a word is expected"),)
    try:
        return spec_from_dict(spec_data(stated)), ()
    except SpecError as error:
        return None, (_finding("illegal-spec", error.message),)


def _finding(rule: str, message: str) -> Finding:
    return Finding(severity="error", gate=_GATE, rule=rule, message=message)


def _unsupported(value: object, request: str) -> tuple[str, ...]:
    words = value if isinstance(value, list) else []
    told = [" ".join(item.split()) for item in words if isinstance(item, str) and words_inside(item, request)]
    return tuple(dict.fromkeys(told))[:_UNSUPPORTED_LIMIT]


def ask_again(session: ChatSession, request: str, found: Sequence[Disagreement]) -> dict[str, Insistence]:
    """Ask once more about the fields on which both readers differ, both readings shown.

    Returns:
        Value and quoted words by field; fields that the reply does not hold usably are missing.

    Raises:
        ChatModelError: the model could not be asked, or the budget is used up.
    """
    words = _template("spec_settle.md.j2").render(
        request=request.strip(), disagreements=[_shown_disagreement(item) for item in found]
    )
    messages = [reading_messages(request)[0], Message("human", words)]
    reply = session.ask(messages, purpose="settle the reading", temperature=0.0, schema=settling_schema(found))
    data = extract_json(reply.text).data or {}
    answers = {}
    for item in found:
        value, quote = data.get(item.field), data.get(item.field + _QUOTE)
        if _fits(value, item):
            answers[item.field] = Insistence(value, quote if isinstance(quote, str) else None)
    return answers


def _fits(value: object, item: Disagreement) -> bool:
    """Whether a value is of the field's type; a fraction is no width, and `true` is no number."""
    published = flat_spec_schema()["properties"][item.field]
    if value is None:
        return item.rules is None
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool,
    }  # fmt: skip
    names = [published["type"]] if isinstance(published["type"], str) else published["type"]
    typed = any(isinstance(value, kinds[name]) for name in names if name in kinds)
    whole = typed and (not isinstance(value, bool) or "boolean" in names)
    return whole and ("enum" not in published or value in published["enum"])


def settling_schema(found: Sequence[Disagreement]) -> dict[str, Any]:
    """Schema of the answer to `ask_again`: each field in question with the words that it is taken from."""
    published = flat_spec_schema()["properties"]
    fields: dict[str, Any] = {}
    for item in found:
        fields[item.field] = published[item.field]
        fields[item.field + _QUOTE] = {"type": "string"}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _shown_disagreement(item: Disagreement) -> dict[str, str | None]:
    def shown(value: Any) -> str:
        return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else f"{value}"

    return {"field": item.field, "model": shown(item.model), "rules": shown(item.rules), "assumed": item.assumed}


def reading_messages(request: str) -> list[Message]:
    """The prompt: rules and fields, short examples as turns of a conversation, the request."""
    system = _text("spec_system.md") + "\n".join(_field_lines()) + "\n"
    turns = [
        message
        for asked, answered in _examples()
        for message in (Message("human", f"request: {asked}"), Message("ai", answered))
    ]
    return [Message("system", system), *turns, Message("human", f"request: {request.strip()}")]


def _field_lines() -> list[str]:
    published = flat_spec_schema()["properties"]
    return [f"- {name} ({_type_in_words(published[name])}): {meaning}" for name, meaning in field_meanings().items()]


def _type_in_words(published: Mapping[str, Any]) -> str:
    if "enum" in published:
        return " | ".join(value for value in published["enum"] if value is not None)
    if published["type"] == "array":
        return "list of texts"
    return str(next(name for name in published["type"] if name != "null"))


@cache
def field_meanings() -> dict[str, str]:
    """What each field of the flat schema but `kind` means, from the prompt's file."""
    lines = (line.partition(": ") for line in _text("spec_fields.md").splitlines() if line.strip())
    return {name.strip(): meaning.strip() for name, _, meaning in lines}


def _examples() -> list[tuple[str, str]]:
    found = re.findall(r"^request: (.+)\nreply: (.+)$", _text("spec_examples.md"), re.MULTILINE)
    return [(asked, answered) for asked, answered in found]


@cache
def _text(name: str) -> str:
    return (_folder() / name).read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(__file__).parent / "prompts"


@cache
def _template(name: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(  # noqa: S701 - prompts are text, not HTML
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(_text(name))
