"""How a chat model takes its requests: which options it knows by which name, and which it was found to refuse.

Servers that speak one protocol differ in what they accept. A refused option (HTTP 400) is left out from then on; a
JSON schema falls back to "any JSON object", then to plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["RequestStyle", "SchemaForm", "Wishes", "simpler_form", "speaks_openai", "takes_wishes"]

SchemaForm = Literal["json_schema", "json_object", "text"]

_FORMS: tuple[SchemaForm, ...] = ("json_schema", "json_object", "text")
_REFUSABLE = ("temperature", "seed", "stream_options", "max_tokens")
_OPENAI_CLASS = "BaseChatOpenAI"
_SCHEMA_NAME = "reply"


@dataclass(frozen=True)
class Wishes:
    """What one request should be like; None leaves it to the provider.

    Attributes:
        temperature: Sampling temperature.
        seed: Sampling seed.
        max_reply_tokens: Limit of the reply.
        timeout_s: Wall-clock limit of the request.
        schema: JSON schema that the reply should follow.
        stop: Texts that end the reply.
        on_prompt: Told how many tokens of how many were read; known of models in this process alone.
    """

    temperature: float | None = None
    seed: int | None = None
    max_reply_tokens: int | None = None
    timeout_s: float | None = None
    schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()
    on_prompt: Callable[[int, int], None] | None = None


@dataclass
class RequestStyle:
    """What is known about one model; kept for as long as the model is asked.

    Attributes:
        refused: Options that the model was found to refuse.
        schema_form: How a schema is asked for.
        streams: Whether replies come piece by piece.
    """

    refused: set[str] = field(default_factory=set)
    schema_form: SchemaForm = "json_schema"
    streams: bool = True

    def options(
        self, model: BaseChatModel, wishes: Wishes, *, form: SchemaForm | None = None, stream: bool = False
    ) -> dict[str, Any]:
        """Keyword arguments for `model.invoke` or `model.stream`.

        Args:
            model: Models of this package take every wish; OpenAI's protocol has its own names; any other LangChain
                integration is only told the temperature.
            wishes: What is wished for.
            form: How the schema is asked for, by default `schema_form`.
            stream: Whether the reply will be streamed.
        """
        form = form or self.schema_form
        options: dict[str, Any] = {}
        if wishes.temperature is not None and "temperature" not in self.refused:
            options["temperature"] = wishes.temperature
        if wishes.stop:
            options["stop"] = list(wishes.stop)
        if takes_wishes(model):
            return options | _plain({"seed": wishes.seed, "max_tokens": wishes.max_reply_tokens,
                                     "timeout_s": wishes.timeout_s, "schema": wishes.schema,
                                     "on_prompt": wishes.on_prompt})  # fmt: skip
        if not speaks_openai(model):
            return options
        if wishes.seed is not None and "seed" not in self.refused:
            options["seed"] = wishes.seed
        if stream and "stream_options" not in self.refused:
            options["stream_usage"] = True
        options |= _plain({"max_tokens": wishes.max_reply_tokens, "timeout": wishes.timeout_s})
        extra = self._extra(model, wishes, form)
        return options | ({"extra_body": extra} if extra else {})

    def _extra(self, model: BaseChatModel, wishes: Wishes, form: SchemaForm) -> dict[str, Any]:
        """Fields that are sent as they are: the client would check them, or parse the reply by them."""
        extra: dict[str, Any] = {}
        if wishes.max_reply_tokens and getattr(model, "openai_api_base", None) and "max_tokens" not in self.refused:
            extra["max_tokens"] = wishes.max_reply_tokens  # the older name, for servers that know no other
        if wishes.schema is not None and form == "json_schema":
            json_schema = {"name": _SCHEMA_NAME, "schema": dict(wishes.schema)}
            extra["response_format"] = {"type": "json_schema", "json_schema": json_schema}
        elif wishes.schema is not None and form == "json_object":
            extra["response_format"] = {"type": "json_object"}
        return extra

    def learn(self, status: int | None, text: str, options: Mapping[str, Any]) -> bool:
        """Note which option a refusal is about; whether there was one that had been sent."""
        if status not in (400, 422):
            return False
        sent = set(options) | set(options.get("extra_body", ()))
        if "stream_usage" in sent:
            sent.add("stream_options")
        for name in _REFUSABLE:
            if name in sent and name not in self.refused and re.search(rf"\b{name}\b", text, re.IGNORECASE):
                self.refused.add(name)
                return True
        return False


def speaks_openai(model: BaseChatModel) -> bool:
    """Whether a model is asked by OpenAI's protocol; told without importing its client, which takes seconds."""
    return _OPENAI_CLASS in {base.__name__ for base in type(model).__mro__}


def takes_wishes(model: BaseChatModel) -> bool:
    """Whether a model is one of this package, which takes every wish and keeps to it."""
    return bool(getattr(model, "takes_wishes", False))


def simpler_form(form: SchemaForm, status: int | None, text: str) -> SchemaForm | None:
    """The next form to ask for a schema after a refusal; None where the refusal has another reason, or none is left."""
    about_schema = re.search(r"schema|grammar|response_format", text, re.IGNORECASE) is not None
    if form == _FORMS[-1] or not (status in (400, 422) or (status in (500, 501) and about_schema)):
        return None
    return _FORMS[_FORMS.index(form) + 1]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
