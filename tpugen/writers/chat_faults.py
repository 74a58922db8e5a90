"""What went wrong with a request to a chat model, in words: one table for all providers.

Faults that pass (rate limit, server error, time-out, broken connection) deserve further tries; faults that stay (wrong
key, unknown model, refused request) do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tpugen.errors import ChatModelError, ChatModelNameError

__all__ = ["Fault", "fault_of", "http_status", "said"]

_MESSAGE_LIMIT_CHARACTERS = 300
_BROKEN = {"APIConnectionError", "RemoteProtocolError", "ReadError", "WriteError", "CloseError"}


@dataclass(frozen=True)
class Fault:
    """A failed request: words for the user, how many tries such a fault deserves, and what else is known."""

    words: str
    tries: int
    hint: str | None = None
    wait_s: float | None = None
    error: type[ChatModelError] = ChatModelError


def http_status(error: Exception) -> int | None:
    """Status of the HTTP answer that the exception stands for, if any."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def fault_of(error: Exception, most_tries: int) -> Fault:
    """Failure -> words, retry, hint: one table for all providers, by HTTP status and by kind of exception."""
    status = http_status(error)
    text = said(error)
    match status:
        case 401 | 403:
            return Fault(
                f"refused the key (HTTP {status})", 1, "set OPENAI_API_KEY to a key of this server",
                error=ChatModelNameError,
            )  # fmt: skip
        case 404:
            return Fault(
                f"is not known there (HTTP 404): {text}", 1,
                "name a model that the server has (GET /v1/models lists them), and check the base URL",
                error=ChatModelNameError,
            )  # fmt: skip
        case 429 if getattr(error, "code", None) == "insufficient_quota":
            return Fault("has no quota left (HTTP 429)", 1, "check the account's plan, or use another model")
        case 429:
            return Fault("limits the rate (HTTP 429)", most_tries, "try again later", _retry_after_s(error))
        case int() if status >= 500 or status in (408, 409):
            return Fault(f"failed (HTTP {status}): {text}", most_tries, "see the server's log", _retry_after_s(error))
        case int() if status >= 400:
            return Fault(f"refused the request (HTTP {status}): {text}", 1, "a smaller prompt or another model may do")
    return _connection_fault(error, text, most_tries)


def _connection_fault(error: Exception, text: str, most_tries: int) -> Fault:
    causes = _causes(error)
    names = {type(cause).__name__ for cause in causes}
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes):
        return Fault("did not answer in time", 2, "allow more time (--chat-timeout), or use a faster model")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes) or "ConnectError" in names:
        return Fault("cannot be reached: connection refused or host unknown", 1, "start the server, or check the URL")
    if names & _BROKEN or any(isinstance(cause, ConnectionError) for cause in causes):
        return Fault("broke the connection", most_tries, "see the server's log")
    if type(error).__name__ == "APIError":  # an error in the middle of a streamed reply
        return Fault(f"failed while it answered: {text}", most_tries, "see the server's log")
    return Fault(
        f"answered with something that is no chat completion: {text}", 2,
        "check that the base URL is an OpenAI-compatible endpoint (it often ends in /v1)",
    )  # fmt: skip


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 20:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def said(error: Exception) -> str:
    """The server's own message where there is one, else the exception's first line; short."""
    body = getattr(error, "body", None)
    text = body.get("message") if isinstance(body, dict) else None
    lines = str(text or error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_MESSAGE_LIMIT_CHARACTERS]


def _retry_after_s(error: Exception) -> float | None:
    """The server's `Retry-After` in seconds: a number, or a date from which the seconds are counted."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        seconds = max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return seconds if 0 <= seconds < float("inf") else None
