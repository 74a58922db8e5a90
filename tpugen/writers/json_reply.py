"""A JSON object from a chat model's reply: bare, fenced, or with prose around it.

A reply is never trusted to be well formed. What cannot be used becomes a finding that is fed back, not an exception;
nothing is mended on the way (a trailing comma is an error, as it is in JSON).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tpugen.findings import Finding

__all__ = ["JSON_LIMIT_CHARACTERS", "JsonReply", "extract_json"]

JSON_LIMIT_CHARACTERS = 100_000
"""A longer reply is refused unread."""

_GATE = "reply"
_OBJECTS_LIMIT = 200  # braces in prose that are looked at
_THOUGHT = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_BRACES = re.compile(r'[{}]|"(?:[^"\\\n]|\\.)*"')


@dataclass(frozen=True)
class JsonReply:
    """What a reply holds: the object, or None and why not."""

    data: dict[str, Any] | None
    findings: list[Finding]


def extract_json(reply: str) -> JsonReply:
    """The JSON object in a reply, fenced or not; of several the last that is not empty, as models mend themselves."""
    if len(reply) > JSON_LIMIT_CHARACTERS:
        message = f"the reply has {len(reply):,} characters; at most {JSON_LIMIT_CHARACTERS:,} are read"
        return JsonReply(None, [_error("reply-too-long", message)])
    text = _after_thinking(reply)
    best: dict[str, Any] | None = None
    why: str | None = None
    place = 0
    for _ in range(_OBJECTS_LIMIT):
        start = text.find("{", place)
        if start < 0:
            break
        try:
            data, place = _DECODER.raw_decode(text, start)
            best = data if data or best is None else best
        except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, NaN, a name given twice
            if re.match(r'\{\s*["}]', text[start : start + 100]):
                why = why or _in_words(error)
            place = _closing(text, start)
    if best is not None:
        return JsonReply(best, [])
    if why is not None:
        return JsonReply(None, [_error("json-syntax", f"the reply's JSON cannot be read: {why}")])
    found = f"{len(text.split()):,} words and no JSON object" if text.strip() else "nothing"
    return JsonReply(None, [_error("no-json", f"the reply holds {found}")])


def _after_thinking(reply: str) -> str:
    """What follows `</think>`, where anything does: what a model thinks is not its answer."""
    *_, last = [None, *_THOUGHT.finditer(reply)]
    rest = reply if last is None else reply[last.end() :]
    return rest if rest.strip() else reply


def _closing(text: str, start: int) -> int:
    """One past the brace that closes the one at `start`; the text's end where none does.

    What is inside of an object that cannot be read is no answer by itself.
    """
    depth = 0
    for token in _BRACES.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth == 0 and token.group() == "}":
            return token.end()
    return len(text)


def _in_words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands in it twice")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _error(rule: str, message: str) -> Finding:
    hint = "answer with one JSON object and nothing else"
    return Finding(severity="error", gate=_GATE, rule=rule, message=message, hint=hint)
