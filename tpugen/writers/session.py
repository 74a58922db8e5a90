"""Everything about asking a chat model: provider, retries, budget, log, cache, live progress.

Whoever needs a reply (the writer, the reader of specs, benchmarks) asks a `ChatSession` and gets a `Reply` or one clear
error. An exchange that was answered before is answered from the cache; one that the budget does not allow is not begun.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tpugen.errors import BudgetExhaustedError, ChatModelError, RequestError
from tpugen.writers.budget import FREE, NO_BUDGET, PRICES_VARIABLE, Budget, Prices, Spending
from tpugen.writers.conversation import DEFAULT_RETRIES, Message, Reply, RetryPolicy, ask
from tpugen.writers.exchange import Exchange, exchange_key
from tpugen.writers.exchange_store import ExchangeStore
from tpugen.writers.providers import (
    DEFAULT_SETTINGS,
    ChatSettings,
    chat_model,
    endpoint_in_words,
    is_recorded,
    model_identity,
    runs_in_process,
)
from tpugen.writers.redaction import redact
from tpugen.writers.request_style import RequestStyle
from tpugen.writers.session_event import SessionEvent, reply_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["ChatSession", "SessionEvent"]

_CHARACTERS_PER_TOKEN = 3.5  # of code and English, until the model's own counts are known
_LEAST_PER_TOKEN, _MOST_PER_TOKEN = 2.0, 6.0
_SHORTEST_REPLY_TOKENS = 16  # a shorter reply is not worth its prompt


class ChatSession:
    """Asks one chat model, within one budget.

    Args:
        chat_model_name: See `tpugen.writers.providers.chat_model`.
        settings: Temperature, seed and limits of each request.
        retries: Retries of one request.
        budget: What all exchanges together may cost; cached ones cost nothing.
        prices: Of the model; None: those of `TPUGEN_PRICES`, and none for models in this process.
        log: Gets every exchange, cached ones as well.
        cache: Answers what was asked before, and gets what is new.
        model: A LangChain chat model to ask instead of the one that the name stands for.
        on_event: Told what happens, as it happens.
        stream: Whether replies are read piece by piece, where the provider can.
        sleep: Replaced in tests.

    Attributes:
        spending: What was spent so far.
        where: The model in words, for messages.

    Raises:
        RequestError: a budget of money without prices, or prices that cannot be read.
    """

    def __init__(
        self,
        chat_model_name: str,
        *,
        settings: ChatSettings = DEFAULT_SETTINGS,
        retries: RetryPolicy = DEFAULT_RETRIES,
        budget: Budget = NO_BUDGET,
        prices: Prices | None = None,
        log: ExchangeStore | None = None,
        cache: ExchangeStore | None = None,
        model: BaseChatModel | None = None,
        on_event: Callable[[SessionEvent], None] = lambda _event: None,
        stream: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.chat_model_name = chat_model_name
        self.settings = settings
        self.retries = retries
        self.budget = budget
        self.prices = _prices(chat_model_name, prices, budget)
        self.log = log
        self.cache = cache
        self.on_event = on_event
        self.stream = stream
        self.spending = Spending(usd=None if self.prices is None else 0.0)
        self.where = endpoint_in_words(chat_model_name)
        self._model = model
        self._identity: str | None = None
        self._replays = is_recorded(chat_model_name)  # a recording is its own cache
        self._style = RequestStyle()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._noted: set[str] = set()
        self._seen = (0, 0)  # characters and tokens of prompts that the model counted

    @property
    def model(self) -> BaseChatModel:
        """The chat model; made (and for a model file: loaded) when it is first needed.

        Raises:
            ChatModelNameError: see `providers.chat_model`.
        """
        with self._lock:
            if self._model is None:
                self._model = chat_model(self.chat_model_name, self.settings)
            return self._model

    @property
    def identity(self) -> str:
        """What tells this model from others in the cache."""
        if self._identity is None:
            self._identity = model_identity(self.chat_model_name)
        return self._identity

    def ask(
        self,
        messages: Sequence[Message],
        *,
        purpose: str,
        temperature: float | None = None,
        seed: int | None = None,
        schema: Mapping[str, Any] | None = None,
        stop: Sequence[str] = (),
    ) -> Reply:
        """The model's reply, from the cache where the same was asked before.

        Args:
            messages: The conversation.
            purpose: What it is asked for, for log and events, e.g. `write candidate 1 attempt 2`.
            temperature: None: that of the settings.
            seed: None: that of the settings. Another seed is another sample.
            schema: JSON schema that the reply should follow. Models that cannot be held to it are asked for JSON, then
                for text: a reply is to be checked in any case.
            stop: Texts that end the reply.

        Returns:
            The reply, as it came: it may be empty, cut off, a refusal or beside the point.

        Raises:
            BudgetExhaustedError: a limit of the budget is reached, or would be by the prompt alone.
            ChatModelNameError: no such model; see `providers.chat_model`.
            ChatModelError: the model could not be asked; see `conversation.ask`.
        """
        temperature = self.settings.temperature if temperature is None else temperature
        seed = self.settings.seed if seed is None else seed
        limit = self.settings.max_reply_tokens
        key_schema = schema if not stop else {"schema": schema, "stop": list(stop)}
        key = exchange_key(self.identity, messages, temperature, seed, limit, key_schema)
        reply = self._from_cache(key, purpose)
        if reply is None:
            reply = self._asked(messages, purpose, temperature, seed, schema, tuple(stop))
        exchange = Exchange.of(
            reply, messages, model=self.identity, endpoint=self.where, purpose=purpose, temperature=temperature,
            seed=seed, max_reply_tokens=limit, schema=key_schema,
        )  # fmt: skip
        if self.log is not None:
            self.log.record(exchange)
        if self.cache is not None and reply.complete and not (reply.cached or self._replays):
            self.cache.record(exchange)
        self._note_stores(purpose)
        return reply

    def _from_cache(self, key: str, purpose: str) -> Reply | None:
        found = None if self.cache is None or self._replays else self.cache.lookup(key)
        if found is None:
            return None
        with self._lock:
            self.spending.cached += 1
        reply = found.to_reply()
        self._tell(SessionEvent("cached", purpose, f"{purpose}: answered from the cache", reply.reply_tokens))
        return reply

    def _asked(
        self,
        messages: Sequence[Message],
        purpose: str,
        temperature: float | None,
        seed: int | None,
        schema: Mapping[str, Any] | None,
        stop: tuple[str, ...],
    ) -> Reply:
        limit_tokens = self._allowed_tokens(messages)
        model = self.model
        started = time.monotonic()
        left_s = None if self.budget.seconds is None else max(0.0, self.budget.seconds - self.spending.seconds)
        self._tell(SessionEvent("asking", purpose, f"{purpose}: asking {self.where}"))
        try:
            reply = ask(
                model,
                messages,
                where=self.where,
                temperature=temperature,
                policy=self.retries,
                on_retry=lambda words: self._tell(SessionEvent("retry", purpose, f"{purpose}: {words}")),
                sleep=self._sleep,
                seed=seed,
                schema=schema,
                max_reply_tokens=limit_tokens,
                timeout_s=self.settings.timeout_s,
                deadline=None if left_s is None else started + left_s,
                stop=stop,
                stream=self.stream,
                on_progress=lambda tokens, seconds: self._progress(purpose, tokens, seconds),
                on_prompt=lambda read, of: self._reading(purpose, read, of, time.monotonic() - started),
                style=self._style,
            )
        except ChatModelError as error:
            self._spend(time.monotonic() - started)
            words = self.spending.exhausted(self.budget)
            if words is not None:
                raise self._no_budget(words, f"; last, {error.message}") from error
            raise
        reply = self._counted(reply, messages, time.monotonic() - started)
        self._tell(SessionEvent("reply", purpose, reply_line(purpose, reply), reply.reply_tokens, reply.seconds))
        return reply

    def _allowed_tokens(self, messages: Sequence[Message]) -> int:
        """The most tokens that the reply may have.

        Raises:
            BudgetExhaustedError: none, or too few to be worth the prompt.
        """
        words = self.spending.exhausted(self.budget)
        if words is not None:
            raise self._no_budget(words)
        prompt_tokens = self._prompt_estimate(messages)
        allowed = self.settings.max_reply_tokens
        needed = f"the next prompt needs about {prompt_tokens} tokens"
        if self.budget.tokens is not None:
            left = self.budget.tokens - self.spending.tokens
            allowed = min(allowed, left - prompt_tokens)
            if allowed < _SHORTEST_REPLY_TOKENS:
                raise self._no_budget(f"{left} of {self.budget.tokens} tokens are left, {needed} and a reply")
        if self.budget.usd is not None and self.prices is not None:
            left_usd = self.budget.usd - (self.spending.usd or 0.0)
            if self.prices.cost_usd(prompt_tokens, _SHORTEST_REPLY_TOKENS) > left_usd:
                raise self._no_budget(f"{left_usd:.4f} of {self.budget.usd:g} usd are left, {needed} and a reply")
            if self.prices.output_usd_per_mtok > 0:
                reply_usd = left_usd - self.prices.cost_usd(prompt_tokens, 0)
                allowed = min(allowed, int(reply_usd / self.prices.cost_usd(0, 1)))
        return allowed

    def _no_budget(self, words: str, also: str = "") -> BudgetExhaustedError:
        return BudgetExhaustedError(
            f"the budget of {self.budget} for {self.where} is used up: {words}{also}",
            hint="allow more with --budget, or leave a limit out",
        )

    def _prompt_estimate(self, messages: Sequence[Message]) -> int:
        characters, tokens = self._seen
        per_token = characters / tokens if tokens else _CHARACTERS_PER_TOKEN
        # Short prompts count mostly the chat template's own tokens: no measure for long ones.
        return int(_characters(messages) / min(max(per_token, _LEAST_PER_TOKEN), _MOST_PER_TOKEN)) + 1

    def _counted(self, reply: Reply, messages: Sequence[Message], seconds: float) -> Reply:
        """The reply with its cost; what it took goes to `spending`."""
        prompt_tokens, reply_tokens = reply.prompt_tokens, reply.reply_tokens
        estimated = prompt_tokens is None or reply_tokens is None
        if prompt_tokens is None:
            prompt_tokens = self._prompt_estimate(messages)
        if reply_tokens is None:
            reply_tokens = int(len(reply.text) / _CHARACTERS_PER_TOKEN) + 1
        cost = None if self.prices is None else self.prices.cost_usd(prompt_tokens, reply_tokens)
        with self._lock:
            if reply.prompt_tokens:
                self._seen = (self._seen[0] + _characters(messages), self._seen[1] + reply.prompt_tokens)
            self.spending.prompt_tokens += prompt_tokens
            self.spending.reply_tokens += reply_tokens
            self.spending.exchanges += 1
            self.spending.estimated |= estimated
            if cost is not None:
                self.spending.usd = (self.spending.usd or 0.0) + cost
        self._spend(seconds)
        return replace(reply, cost_usd=cost)

    def _spend(self, seconds: float) -> None:
        with self._lock:
            self.spending.seconds += seconds

    def _progress(self, purpose: str, tokens: int, seconds: float) -> None:
        speed = f", {tokens / seconds:.1f} tokens/s" if seconds > 0 else ""
        self._tell(SessionEvent("progress", purpose, f"{purpose}: {tokens} tokens{speed}", tokens, seconds))

    def _reading(self, purpose: str, read: int, of: int, seconds: float) -> None:
        message = f"{purpose}: reads the prompt, {read} of {of} tokens"
        self._tell(SessionEvent("progress", purpose, message, 0, seconds))

    def _note_stores(self, purpose: str) -> None:
        """Tell, once, that log or cache cannot be used."""
        for store in (self.log, self.cache):
            if store is not None and store.note is not None and store.note not in self._noted:
                self._noted.add(store.note)
                self._tell(SessionEvent("note", purpose, store.note))

    def _tell(self, event: SessionEvent) -> None:
        self.on_event(replace(event, message=redact(event.message)))


def _prices(name: str, prices: Prices | None, budget: Budget) -> Prices | None:
    """The prices that hold for a model.

    Raises:
        RequestError: money is limited and no price is known.
    """
    known = FREE if prices is None and runs_in_process(name) else prices or Prices.from_environment()
    if known is None and budget.usd:  # of nothing, nothing is asked: no price is needed
        raise RequestError(
            f"the budget limits money ({budget.usd:g} usd), but what {endpoint_in_words(name)} costs is not known",
            hint=f"set {PRICES_VARIABLE} to US dollars for a million tokens of input and of output, "
            f"e.g. {PRICES_VARIABLE}=0.4,1.6, or limit tokens or time",
        )
    return known


def _characters(messages: Sequence[Message]) -> int:
    return sum(len(message.text) for message in messages)
