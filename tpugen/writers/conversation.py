"""One question to a chat model: asked with bounded retries, answered with text and counts, or a clear error.

Faults that pass (rate limit, server error, time-out, broken connection) are retried with backoff and jitter; faults
that stay (wrong key, unknown model, refused request) are not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tpugen.errors import ChatModelError, ChatModelNameError
from tpugen.writers.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

__all__ = ["DEFAULT_RETRIES", "Message", "Reply", "RetryPolicy", "ask"]

_MESSAGE_LIMIT_CHARACTERS = 300
_SERVER_WAIT_LIMIT_S = 60.0


@dataclass(frozen=True)
class Message:
    """One message of a conversation, in LangChain's names for roles."""

    role: Literal["system", "human", "ai"]
    text: str


@dataclass(frozen=True)
class Reply:
    """What came back. Token counts are None where the server gives none.

    Attributes:
        model: The model as the server names it.
        seconds: Wall-clock time of the request that succeeded.
        tries: How many requests it took.
        cut_off: Whether the reply reached the limit of tokens.
    """

    text: str
    model: str
    prompt_tokens: int | None
    reply_tokens: int | None
    seconds: float
    tries: int = 1
    cut_off: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon to try again: waits `base_s` * 2^n, at most `cap_s`, times a random 0.5..1."""

    tries: int = 4
    base_s: float = 1.0
    cap_s: float = 30.0

    def wait_s(self, attempt: int) -> float:
        """Wait after the failed try number `attempt` (from 1)."""
        # Spreads clients over time; nothing secret about it.
        return float(min(self.cap_s, self.base_s * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))  # noqa: S311


DEFAULT_RETRIES = RetryPolicy()


@dataclass(frozen=True)
class _Fault:
    """A failed request: words for the user, how many tries such a fault deserves, and what else is known."""

    words: str
    tries: int
    hint: str | None = None
    wait_s: float | None = None
    error: type[ChatModelError] = ChatModelError


def ask(
    model: BaseChatModel,
    messages: Sequence[Message],
    *,
    where: str,
    temperature: float | None = None,
    policy: RetryPolicy = DEFAULT_RETRIES,
    on_retry: Callable[[str], None] = lambda _words: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Reply:
    """Ask a chat model once, retrying what may pass.

    Args:
        model: The chat model; its own retries should be off.
        messages: The conversation.
        where: The model in words, for messages, e.g. `model 'm' at 127.0.0.1:8080`.
        temperature: Sampling temperature; None, or a model that refuses it, leaves it to the provider.
        policy: Bounds of the retries.
        on_retry: Told before each wait what happened and how long it waits.
        sleep: Replaced in tests.

    Raises:
        ChatModelNameError: the server does not know the model or refuses the key.
        ChatModelError: the model failed for good, or as often as `policy` allows.
    """
    settings: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
    attempt = 0
    while True:
        attempt += 1
        started = time.monotonic()
        try:
            answer = model.invoke([(message.role, message.text) for message in messages], **settings)
            return _reply(answer, where, time.monotonic() - started, attempt)
        except ChatModelError:
            raise
        except Exception as error:  # providers raise anything; every fault is told apart in _fault
            if settings and _status(error) == 400 and "temperature" in str(error).lower():
                settings = {}
                attempt -= 1
                continue
            fault = _fault(error, policy)
        if attempt >= min(fault.tries, policy.tries):
            times = "" if attempt == 1 else f" ({attempt} tries)"
            raise fault.error(redact(f"{where} {fault.words}{times}"), hint=fault.hint)
        wait_s = policy.wait_s(attempt) if fault.wait_s is None else min(fault.wait_s, _SERVER_WAIT_LIMIT_S)
        on_retry(redact(f"{where} {fault.words}; try {attempt + 1} of {policy.tries} in {wait_s:.1f} s"))
        sleep(wait_s)


def _reply(answer: AIMessage, where: str, seconds: float, tries: int) -> Reply:
    usage: Mapping[str, Any] = answer.usage_metadata or {}
    metadata = answer.response_metadata or {}
    return Reply(
        text=str(answer.text),
        model=str(metadata.get("model_name") or where),
        prompt_tokens=usage.get("input_tokens"),
        reply_tokens=usage.get("output_tokens"),
        seconds=seconds,
        tries=tries,
        cut_off=metadata.get("finish_reason") == "length",
    )


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _fault(error: Exception, policy: RetryPolicy) -> _Fault:
    """Failure -> words, retry, hint: one table for all providers, by HTTP status and by kind of exception."""
    status = _status(error)
    said = _said(error)
    match status:
        case 401 | 403:
            return _Fault(
                f"refused the key (HTTP {status})", 1, "set OPENAI_API_KEY to a key of this server",
                error=ChatModelNameError,
            )  # fmt: skip
        case 404:
            return _Fault(
                f"is not known there (HTTP 404): {said}", 1,
                "name a model that the server has (GET /v1/models lists them), and check the base URL",
                error=ChatModelNameError,
            )  # fmt: skip
        case 429 if getattr(error, "code", None) == "insufficient_quota":
            return _Fault("has no quota left (HTTP 429)", 1, "check the account's plan, or use another model")
        case 429:
            return _Fault("limits the rate (HTTP 429)", policy.tries, "try again later", _retry_after_s(error))
        case int() if status >= 500 or status in (408, 409):
            return _Fault(
                f"failed (HTTP {status}): {said}", policy.tries, "see the server's log", _retry_after_s(error)
            )
        case int() if status >= 400:
            return _Fault(f"refused the request (HTTP {status}): {said}", 1, "a smaller prompt or another model may do")
    return _connection_fault(error, said, policy)


def _connection_fault(error: Exception, said: str, policy: RetryPolicy) -> _Fault:
    causes = _causes(error)
    names = {type(cause).__name__ for cause in causes}
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes):
        return _Fault("did not answer in time", 2, "allow more time (--chat-timeout), or use a faster model")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes) or "ConnectError" in names:
        return _Fault("cannot be reached: connection refused or host unknown", 1, "start the server, or check the URL")
    if "APIConnectionError" in names or any(isinstance(cause, ConnectionError) for cause in causes):
        return _Fault("broke the connection", policy.tries, "see the server's log")
    return _Fault(
        f"answered with something that is no chat completion: {said}", 2,
        "check that the base URL is an OpenAI-compatible endpoint (it often ends in /v1)",
    )  # fmt: skip


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 20:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _said(error: Exception) -> str:
    """The server's own message where there is one, else the exception's first line; short."""
    body = getattr(error, "body", None)
    text = body.get("message") if isinstance(body, dict) else None
    lines = str(text or error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_MESSAGE_LIMIT_CHARACTERS]


def _retry_after_s(error: Exception) -> float | None:
    """The server's `Retry-After` in seconds, where it gives one that is a number."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
