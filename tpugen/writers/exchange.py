"""One exchange with a chat model as it is kept: a prompt, its reply, and the keys that find it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from tpugen.storage import sha256_json
from tpugen.writers.conversation import Message, Reply
from tpugen.writers.redaction import redact

__all__ = ["Exchange", "exchange_key", "prompt_key"]

_KEY_VERSION = 1


@dataclass(frozen=True)
class Exchange:
    """One prompt and its reply.

    Attributes:
        key: Of everything that decides the reply; see `exchange_key`.
        prompt_key: Of the messages alone; see `prompt_key`.
        model: The model's identity: its name with its endpoint, or a fingerprint of its file.
        served_by: The model as the server names it.
        endpoint: Where it was asked, in words.
        purpose: What it was asked for, e.g. `write candidate 1 attempt 2`.
        messages: The prompt, free of secrets.
        temperature: Asked for; None left it to the provider.
        seed: Asked for.
        max_reply_tokens: The limit that was asked for.
        schema_hash: SHA-256 of the JSON schema that the reply was to follow.
        reply: Text of the reply, free of secrets.
        seconds: Wall-clock time of the request that succeeded.
        cost_usd: None where prices are not known.
        tries: Requests that it took.
        cut_off: Reached a limit.
        looped: Ended for repeating itself.
        refused: The provider says that the model declined.
        cached: Answered from a cache.
        utc: When, ISO 8601.
    """

    key: str
    prompt_key: str
    model: str
    served_by: str
    endpoint: str
    purpose: str
    messages: tuple[Message, ...]
    temperature: float | None
    seed: int | None
    max_reply_tokens: int | None
    schema_hash: str | None
    reply: str
    prompt_tokens: int | None
    reply_tokens: int | None
    seconds: float
    cost_usd: float | None
    tries: int
    cut_off: bool
    looped: bool
    refused: bool
    cached: bool
    utc: str

    @classmethod
    def of(
        cls,
        reply: Reply,
        messages: Sequence[Message],
        *,
        model: str,
        endpoint: str,
        purpose: str,
        temperature: float | None = None,
        seed: int | None = None,
        max_reply_tokens: int | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """The record of a reply: keys computed, texts free of secrets, time of now."""
        return cls(
            key=exchange_key(model, messages, temperature, seed, max_reply_tokens, schema),
            prompt_key=prompt_key(messages),
            model=redact(model),
            served_by=redact(reply.model),
            endpoint=redact(endpoint),
            purpose=redact(purpose),
            messages=tuple(Message(message.role, _clean(message.text)) for message in messages),
            temperature=temperature,
            seed=seed,
            max_reply_tokens=max_reply_tokens,
            schema_hash=_schema_hash(schema),
            reply=_clean(reply.text),
            prompt_tokens=reply.prompt_tokens,
            reply_tokens=reply.reply_tokens,
            seconds=round(reply.seconds, 3),
            cost_usd=reply.cost_usd,
            tries=reply.tries,
            cut_off=reply.cut_off,
            looped=reply.looped,
            refused=reply.refused,
            cached=reply.cached,
            utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )

    @property
    def complete(self) -> bool:
        """Whether the model said what it wanted to say, and that was something."""
        return bool(self.reply.strip()) and not (self.cut_off or self.looped or self.refused)

    def to_reply(self, *, cached: bool = True) -> Reply:
        """The reply as it came; from a cache it cost neither time nor money."""
        return Reply(
            text=self.reply,
            model=self.served_by,
            prompt_tokens=self.prompt_tokens,
            reply_tokens=self.reply_tokens,
            seconds=0.0 if cached else self.seconds,
            tries=self.tries,
            cut_off=self.cut_off,
            looped=self.looped,
            refused=self.refused,
            cached=cached,
            cost_usd=0.0 if cached else self.cost_usd,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, one for each attribute."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Exchange:
        """The exchange that `to_json` gave.

        Raises:
            ValueError: not an exchange.
        """
        try:
            known = {field.name: value[field.name] for field in fields(cls)}
            known["messages"] = tuple(Message(item["role"], item["text"]) for item in known["messages"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"no exchange with a chat model: {error!r}") from error
        if not isinstance(known["reply"], str) or not isinstance(known["prompt_key"], str):
            raise ValueError("no exchange with a chat model: reply and prompt_key must be text")
        return cls(**known)


def prompt_key(messages: Sequence[Message]) -> str:
    """SHA-256 of the messages alone, free of secrets."""
    return sha256_json([[message.role, _clean(message.text)] for message in messages])


def exchange_key(
    model: str,
    messages: Sequence[Message],
    temperature: float | None,
    seed: int | None,
    max_reply_tokens: int | None,
    schema: Mapping[str, Any] | None,
) -> str:
    """SHA-256 of everything that decides a reply: another seed or temperature is another sample."""
    return sha256_json(
        [
            _KEY_VERSION,
            redact(model),
            [[message.role, _clean(message.text)] for message in messages],
            None if temperature is None else float(temperature),
            seed,
            max_reply_tokens,
            _schema_hash(schema),
        ]
    )


def _schema_hash(schema: Mapping[str, Any] | None) -> str | None:
    return None if schema is None else sha256_json(schema)


def _clean(text: str) -> str:
    """Free of secrets; a lone surrogate has no UTF-8 form and is kept as an escape."""
    return redact(text).encode("utf-8", errors="backslashreplace").decode()
