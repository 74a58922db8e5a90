"""Two readings of one request, the rules' and a chat model's: where they differ, and which one holds.

The rule, field by field; the first line that applies decides:

1. Both say the same, or the model says nothing: the rules' value. Nothing is reported.
2. Asked once more, with both readings shown, the model takes the rules' value: *conceded*.
3. The rules read the value from the words of the request: the *rules*' value, whatever the model insists on.
4. The rules only assumed it, and the model quotes words that (a) stand in the request, (b) hold words that the rules
   did not understand and (c) literally name the model's value: the *model*'s value; those words count as understood.
5. Anything else: the *rules*' value.

A design put together from both must be legal; otherwise all of the rules' values stay. Every difference is kept.
Nothing here asks anybody: plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tpugen.errors import SpecError
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.spec.language import Assumption, ParsedRequest
from tpugen.writers.spec_schema import dotted, flat_values, nested_fields, spec_data
from tpugen.writers.spec_support import supports, words_inside

__all__ = [
    "Disagreement",
    "Insistence",
    "Reconciled",
    "Settlement",
    "disagreements",
    "model_alone",
    "reconcile",
    "stated_by_rules",
]

_QUOTE_MAX_WORDS = 10
_WIDTHS = ("width_bits", "activation_width_bits", "weight_width_bits", "accumulator_width_bits")
_FOLLOWS = {"d": "d_ff", "heads": "kv_heads"}
"""Fields from which others follow where these are not stated."""


@dataclass(frozen=True)
class Disagreement:
    """A field that the two readers read differently.

    Attributes:
        field: Flat name (`rows`, `multiplier_family`, `adder_k`).
        rules: The rules' value; None: they leave it open.
        model: The chat model's.
        assumed: Why the rules have theirs, where the request does not say it; None: they read it from the request.
    """

    field: str
    rules: Any
    model: Any
    assumed: str | None


@dataclass(frozen=True)
class Insistence:
    """What the model answers for one field when asked once more: a value, and the words that it takes it from."""

    value: Any
    quote: str | None


@dataclass(frozen=True)
class Settlement:
    """A disagreement and how it was settled.

    Attributes:
        field: Flat name.
        rules: The rules' value.
        model: The chat model's value; its last one, where it changed its mind.
        value: The value that holds.
        settled: Whose value that is; `conceded`: the model gave in.
        why: In words.
        quote: The words that the model went by, where it gave any.
    """

    field: str
    rules: Any
    model: Any
    value: Any
    settled: Literal["rules", "model", "conceded"]
    why: str
    quote: str | None = None

    def __str__(self) -> str:
        return f"{self.field}: rules {_shown(self.rules)}, model {_shown(self.model)}; {self.settled}: {self.why}"


@dataclass(frozen=True)
class Reconciled:
    """The result.

    Attributes:
        spec: What to build.
        assumptions: What the request does not state, those values included that the model was believed on.
        not_understood: Words that neither reader accounts for.
        settlements: Every difference.
    """

    spec: DesignSpec
    assumptions: list[Assumption]
    not_understood: list[str]
    settlements: list[Settlement]


def disagreements(parsed: ParsedRequest, stated: Mapping[str, Any]) -> list[Disagreement]:
    """Fields on which the model contradicts the rules.

    Args:
        parsed: The rules' reading.
        stated: What the model states, by flat field names; null says nothing.
    """
    rules = flat_values(parsed.spec)
    assumed = _assumed(parsed)
    if stated.get("kind", rules["kind"]) != rules["kind"]:
        # The fields of another kind are another design's: they are compared once the kind is settled.
        return [Disagreement("kind", rules["kind"], stated["kind"], assumed.get("kind"))]
    found = []
    for field, value in stated.items():
        role, _, part = field.partition("_")
        if value is None or (field not in rules and part != "structure"):
            continue  # a parameter that the rules' family does not have comes with the model's family
        if part == "structure" and rules.get(f"{role}_family") != "exact":
            continue
        if not _same(rules.get(field), value):
            reason = "the request names no structure" if field not in rules else assumed.get(field)
            found.append(Disagreement(field, rules.get(field), value, reason))
    return found


def stated_by_rules(parsed: ParsedRequest) -> dict[str, Any]:
    """The values that the rules read from the words of the request, by flat field names."""
    assumed = _assumed(parsed)
    return {name: value for name, value in flat_values(parsed.spec).items() if name not in assumed}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _assumed(parsed: ParsedRequest) -> dict[str, str]:
    """Reasons by flat field name, for values that the request does not state."""
    names = {"multiplier": "multiplier_family", "adder": "adder_family"}
    return {
        names.get(item.field, item.field.replace(".", "_")): item.reason
        for item in parsed.assumptions
        if not item.stated
    }


def reconcile(
    request: str,
    parsed: ParsedRequest,
    stated: Mapping[str, Any],
    found: Sequence[Disagreement],
    answers: Mapping[str, Insistence],
) -> Reconciled:
    """Settle every disagreement by the rule above.

    Args:
        request: The user's words.
        parsed: The rules' reading.
        stated: What the model stated at first.
        found: What `disagreements` found.
        answers: What the model said when it was asked once more, by field; a missing one counts as no answer.
    """
    settlements = [_settled(item, answers.get(item.field), request, parsed.not_understood) for item in found]
    spec, why_not = _together(parsed, stated, settlements)
    if spec is None:
        settlements = [_taken_back(item, why_not) if item.settled == "model" else item for item in settlements]
        spec = parsed.spec
    believed = {item.field: item for item in settlements if item.settled == "model"}
    quotes = [item.quote for item in believed.values() if item.quote]
    rest = [words for words in parsed.not_understood if not any(words_inside(words, quote) for quote in quotes)]
    return Reconciled(spec, _assumptions(parsed, spec, believed), rest, settlements)


def _settled(item: Disagreement, answer: Insistence | None, request: str, not_understood: Sequence[str]) -> Settlement:
    model = item.model if answer is None or answer.value is None else answer.value
    ruled = Settlement(item.field, item.rules, model, item.rules, "rules", "", answer.quote if answer else None)
    if answer is not None and _same(answer.value, item.rules):
        return replace(ruled, model=item.model, settled="conceded", why="asked once more, the model takes this value")
    if item.assumed is None:
        return replace(ruled, why="the request states it in words that the rules read")
    if answer is None or answer.value is None:
        return replace(ruled, why="asked once more, the model gives no value")
    problem = _unsupported(item.field, answer, request, not_understood)
    if problem is not None:
        return replace(ruled, why=f"assumed ({item.assumed}); {problem}")
    why = f'the rules only assumed ({item.assumed}); the request says "{answer.quote}", which they did not understand'
    return replace(ruled, value=model, settled="model", why=why)


def _unsupported(field: str, answer: Insistence, request: str, not_understood: Sequence[str]) -> str | None:
    """Why the model is not believed, None where it is."""
    quote = answer.quote or ""
    if not quote.strip():
        return "the model quotes no words for its value"
    if not words_inside(quote, request):
        return "the words that the model quotes do not stand in the request"
    if len(quote.split()) > _QUOTE_MAX_WORDS:
        return f"the model quotes more than {_QUOTE_MAX_WORDS} words"
    if not any(words_inside(words, quote) or words_inside(quote, words) for words in not_understood):
        return "the words that the model quotes were understood by the rules"
    if not supports(quote, field, answer.value):
        return "the words that the model quotes do not name its value"
    return None


def _taken_back(item: Settlement, why: str) -> Settlement:
    return replace(
        item, value=item.rules, settled="rules", why=f"with the model's value the design is not legal: {why}"
    )


def _together(
    parsed: ParsedRequest, stated: Mapping[str, Any], settlements: Iterable[Settlement]
) -> tuple[DesignSpec | None, str]:
    """The spec with the model's values that hold, or None and why it is not legal."""
    believed = {item.field: item.value for item in settlements if item.settled == "model"}
    if not believed:
        return parsed.spec, ""
    if "kind" in believed:
        flat = {**stated, **believed}
    else:
        flat = {**_without_dependants(parsed, believed), **believed}
        for role in ("multiplier", "adder"):
            if f"{role}_family" in believed:  # another family has parameters of its own
                flat = {name: value for name, value in flat.items() if _object(name) != role}
                flat.update({name: value for name, value in stated.items() if _object(name) == role})
                flat[f"{role}_family"] = believed[f"{role}_family"]
    try:
        return spec_from_dict(spec_data(flat)), ""
    except SpecError as error:
        return None, " ".join(error.message.split())


def _without_dependants(parsed: ParsedRequest, believed: Mapping[str, Any]) -> dict[str, Any]:
    """The rules' values, without the assumed ones that follow from a width that has changed."""
    flat = flat_values(parsed.spec)
    assumed = _assumed(parsed)
    following = {other for field, other in _FOLLOWS.items() if field in believed and other in assumed}
    if any(field in _WIDTHS for field in believed):
        following |= {field for field in assumed if _object(field) in ("multiplier", "adder") or field in _WIDTHS[3:]}
    if not following:
        return flat
    return {
        field: value
        for field, value in flat.items()
        if field not in following or field in believed or field.endswith("_family")
    }


def _object(field: str) -> str:
    """The object of a spec that a flat field stands in; empty where it stands alone."""
    return nested_fields().get(field, ("", field))[0]


def _assumptions(parsed: ParsedRequest, spec: DesignSpec, believed: Mapping[str, Settlement]) -> list[Assumption]:
    """The rules' assumptions with the values that hold, and those that the model was believed on."""
    flat = flat_values(spec)
    names = {"multiplier": "multiplier_family", "adder": "adder_family"}
    kept = []
    for item in parsed.assumptions:
        field = names.get(item.field, item.field.replace(".", "_"))
        if field in flat and field not in believed:
            kept.append(replace(item, value=flat[field]))
    told = [
        Assumption(dotted(field), flat.get(field, item.value), f'the chat model reads "{item.quote}" so')
        for field, item in believed.items()
    ]  # fmt: skip
    return [*kept, *told]


def model_alone(request: str, stated: Mapping[str, Any]) -> tuple[dict[str, Any], list[Settlement]]:
    """What remains of the model's reading where the rules found no design at all.

    A value holds only if the request literally names it; the others fall back to the defaults and are told.

    Returns:
        Flat values (without `kind` where not even that is named), and a settlement for each value of the model.
    """
    held: dict[str, Any] = {}
    settlements = []
    for field, value in stated.items():
        if value is None:
            continue
        if supports(request, field, value):
            held[field] = value
            why = "the rules found no design; the request names this value"
            settlements.append(Settlement(field, None, value, value, "model", why))
        else:
            why = "the rules found no design, and the request does not name this value"
            settlements.append(Settlement(field, None, value, None, "rules", why))
    return held, settlements


def _shown(value: Any) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
