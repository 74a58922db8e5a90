"""One question to a chat model: asked with bounded retries, answered with text and counts, or a clear error.

Faults that pass (rate limit, server error, time-out, broken connection) are retried with backoff and jitter; faults
that stay (wrong key, unknown model, refused request) are not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from tpugen.errors import ChatModelError
from tpugen.writers.chat_faults import fault_of, http_status
from tpugen.writers.redaction import redact
from tpugen.writers.reply_stream import EmptyStreamError, Received, Watch, loops, receive, stream_reply
from tpugen.writers.request_style import RequestStyle, Wishes, simpler_form, speaks_openai, takes_wishes

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["DEFAULT_RETRIES", "Message", "Reply", "RetryPolicy", "ask"]

_SERVER_WAIT_LIMIT_S = 60.0
_SHORTEST_REQUEST_S = 0.05
_CUT_OFF = ("length", "max_tokens", "time")


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
        cut_off: Whether the reply reached the limit of tokens or of time.
        looped: Whether it repeated the same lines over and over and was ended for that.
        refused: Whether the provider itself says that the model declined to answer.
        cached: Whether an earlier exchange gave it, at no cost.
        cost_usd: US dollars; None where prices are not known.
    """

    text: str
    model: str
    prompt_tokens: int | None
    reply_tokens: int | None
    seconds: float
    tries: int = 1
    cut_off: bool = False
    looped: bool = False
    refused: bool = False
    cached: bool = False
    cost_usd: float | None = None

    @property
    def complete(self) -> bool:
        """Whether the model said what it wanted to say, and that was something."""
        return bool(self.text.strip()) and not (self.cut_off or self.looped or self.refused)


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


def ask(
    model: BaseChatModel,
    messages: Sequence[Message],
    *,
    where: str,
    temperature: float | None = None,
    policy: RetryPolicy = DEFAULT_RETRIES,
    on_retry: Callable[[str], None] = lambda _words: None,
    sleep: Callable[[float], None] = time.sleep,
    seed: int | None = None,
    schema: Mapping[str, Any] | None = None,
    max_reply_tokens: int | None = None,
    timeout_s: float | None = None,
    deadline: float | None = None,
    stop: Sequence[str] = (),
    stream: bool = False,
    on_progress: Callable[[int, float], None] | None = None,
    on_prompt: Callable[[int, int], None] | None = None,
    style: RequestStyle | None = None,
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
        seed: Sampling seed, for models that take one.
        schema: JSON schema that the reply should follow, for models that can be held to one.
        max_reply_tokens: Limit of the reply; None leaves it to the model's settings.
        timeout_s: Wall-clock limit of one request; None leaves it to the model's settings.
        deadline: Of the monotonic clock: no request and no wait goes on after it.
        stop: Texts that end the reply.
        stream: Whether the reply is read piece by piece: then limits hold within it, and one that only repeats itself
            is ended.
        on_progress: Told tokens and seconds so far of a streamed reply.
        on_prompt: Told how many tokens of how many of the prompt were read, by models in this process.
        style: What is known of how the model takes requests; what is learned is added.

    Raises:
        ChatModelNameError: the server does not know the model or refuses the key.
        ChatModelError: the model failed for good, or as often as `policy` allows.
    """
    style = RequestStyle() if style is None else style
    wishes = Wishes(temperature, seed, max_reply_tokens, timeout_s, schema, tuple(stop), on_prompt)
    form = style.schema_form
    attempt = 0
    while True:
        attempt += 1
        started = time.monotonic()
        wishes = replace(wishes, timeout_s=_time_left(timeout_s, deadline, started))
        streamed = stream and style.streams
        options = style.options(model, wishes, form=form, stream=streamed)
        try:
            received = _request(model, messages, options, wishes, started, streamed, on_progress)
        except ChatModelError:
            raise
        except EmptyStreamError as error:
            style.streams = False
            fault = fault_of(error, policy.tries)
        except Exception as error:  # providers raise anything; every fault is told apart in fault_of
            if style.learn(http_status(error), str(error), options):
                attempt -= 1
                continue
            simpler = None if schema is None else simpler_form(form, http_status(error), str(error))
            if simpler is not None and "response_format" in options.get("extra_body", ()):
                form = simpler
                attempt -= 1
                continue
            fault = fault_of(error, policy.tries)
        else:
            style.schema_form = form
            if streamed and speaks_openai(model) and "finish_reason" not in received.metadata:
                received.ended = "lost" if received.ended == "itself" else received.ended
            return _reply(received, where, time.monotonic() - started, attempt)
        wait_s = policy.wait_s(attempt) if fault.wait_s is None else min(fault.wait_s, _SERVER_WAIT_LIMIT_S)
        no_time = deadline is not None and time.monotonic() + wait_s >= deadline
        if attempt >= min(fault.tries, policy.tries) or no_time:
            times = "" if attempt == 1 else f" ({attempt} tries)"
            raise fault.error(redact(f"{where} {fault.words}{times}"), hint=fault.hint)
        on_retry(redact(f"{where} {fault.words}; try {attempt + 1} of {policy.tries} in {wait_s:.1f} s"))
        sleep(wait_s)


def _time_left(timeout_s: float | None, deadline: float | None, now: float) -> float | None:
    if deadline is None:
        return timeout_s
    left = max(_SHORTEST_REQUEST_S, deadline - now)
    return left if timeout_s is None else min(timeout_s, left)


def _request(
    model: BaseChatModel,
    messages: Sequence[Message],
    options: Mapping[str, Any],
    wishes: Wishes,
    started: float,
    streamed: bool,
    on_progress: Callable[[int, float], None] | None,
) -> Received:
    plain = [(message.role, message.text) for message in messages]
    if not streamed:
        return receive(model, plain, options)
    # A model of this package keeps to the time by itself, and then still gives its counts.
    end = None if wishes.timeout_s is None or takes_wishes(model) else started + wishes.timeout_s
    return stream_reply(model, plain, options, Watch(end, wishes.max_reply_tokens, on_progress))


def _reply(received: Received, where: str, seconds: float, tries: int) -> Reply:
    finish = received.metadata.get("finish_reason")
    reply_tokens = received.usage.get("output_tokens")
    if reply_tokens is None and received.ended != "itself":
        reply_tokens = len(received.pieces)  # the counts would have come with the end that was not waited for
    return Reply(
        text=received.text or received.refusal,
        model=str(received.metadata.get("model_name") or where),
        prompt_tokens=received.usage.get("input_tokens"),
        reply_tokens=reply_tokens,
        seconds=seconds,
        tries=tries,
        cut_off=finish in _CUT_OFF or received.ended in ("time", "tokens", "lost"),
        looped=received.ended == "loop" or (finish != "stop" and loops(received.text)),
        refused=finish == "content_filter" or bool(received.refusal and not received.text),
    )
