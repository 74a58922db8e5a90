"""The chat-model writer: retrieve, ask, extract, gate, feed the findings back, at most n times.

Whether RTL is good is the gates' word alone: a model's reply passes when a gate callback finds no error in it. Each
exchange is kept under the log folder before the gates see its code, so that a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tpugen.errors import ChatModelReplyError
from tpugen.findings import Finding, has_errors
from tpugen.retrieval import Hit, Retriever
from tpugen.spec import DesignSpec, contract_for
from tpugen.writers.candidate import assemble
from tpugen.writers.conversation import DEFAULT_RETRIES, Message, Reply, RetryPolicy, ask
from tpugen.writers.exchange_log import ExchangeLog
from tpugen.writers.extraction import Extraction, extract_modules
from tpugen.writers.files import RtlFile
from tpugen.writers.prompting import SOURCE_BUDGET_TOKENS, first_prompt, repair_prompt, system_prompt
from tpugen.writers.providers import DEFAULT_SETTINGS, ChatSettings, chat_model, endpoint_in_words
from tpugen.writers.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Attempt", "Gate", "LlmOutcome", "LlmWriter", "WriterEvent"]

Gate = Callable[[list[RtlFile]], list[Finding]]
"""Judges a candidate: findings, of which an error refuses it."""

_QUOTED_REPLY_CHARACTERS = 2000
_TEMPERATURE_STEP = 0.3
_TEMPERATURE_LIMIT = 1.0


@dataclass(frozen=True)
class WriterEvent:
    """What the writer is doing. `str(event)` is a line for the user.

    Attributes:
        kind: `note`, `retrieved`, `asking`, `retry`, `reply`, `refused` or `passed`.
        attempt: The attempt (from 1), 0 before the first.
    """

    kind: Literal["note", "retrieved", "asking", "retry", "reply", "refused", "passed"]
    attempt: int
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Attempt:
    """One exchange with the model and what came of it.

    Attributes:
        number: From 1.
        modules: Names of the modules that the model wrote.
        findings: What the extraction and the gates said.
        gated: Whether there was code for the gates to judge.
        reply: Text, counts and time.
    """

    number: int
    modules: tuple[str, ...]
    findings: tuple[Finding, ...]
    gated: bool
    reply: Reply

    @property
    def passed(self) -> bool:
        """Whether it was judged and no finding refuses it."""
        return self.gated and not has_errors(list(self.findings))


@dataclass(frozen=True)
class LlmOutcome:
    """What the writer comes back with.

    Attributes:
        files: The last candidate that was judged: passed, or the one that came last.
        attempts: How many times the model was asked.
        retrieved: Names of what was retrieved, best first.
        findings: Findings of the last attempt.
        passed: Whether the gates passed it.
        history: Every attempt, in order.
        hits: What was retrieved, with reasons.
    """

    files: tuple[RtlFile, ...]
    attempts: int
    retrieved: tuple[str, ...]
    findings: tuple[Finding, ...]
    passed: bool
    history: tuple[Attempt, ...]
    hits: tuple[Hit, ...]


class LlmWriter:
    """Writes RTL with a chat model over retrieved library modules.

    Args:
        chat_model_name: See `tpugen.writers.providers.chat_model`.
        retriever: Where modules come from; by default the whole library and the generated dataset.
        max_repairs: How many times findings are fed back after the first attempt, at least 0.
        k: How many documents are retrieved by rank.
        source_budget_tokens: Tokens of library source in the prompt, on top of headers.
        settings: Temperature and limits of the model.
        retries: Retries of one request.
        model: A LangChain chat model to use instead of the one that the name stands for.
    """

    def __init__(
        self,
        chat_model_name: str,
        retriever: Retriever | None = None,
        max_repairs: int = 3,
        *,
        k: int = 5,
        source_budget_tokens: int = SOURCE_BUDGET_TOKENS,
        settings: ChatSettings = DEFAULT_SETTINGS,
        retries: RetryPolicy = DEFAULT_RETRIES,
        model: BaseChatModel | None = None,
    ) -> None:
        if max_repairs < 0:
            raise ValueError(f"max_repairs is {max_repairs}; at least 0 is expected")
        self.chat_model_name = chat_model_name
        self.retriever = Retriever() if retriever is None else retriever
        self.max_repairs = max_repairs
        self.k = k
        self.source_budget_tokens = source_budget_tokens
        self.settings = settings
        self.retries = retries
        self._model = model

    def write(
        self,
        spec: DesignSpec,
        request: str,
        gate: Gate,
        log_folder: Path,
        on_event: Callable[[WriterEvent], None] = lambda _event: None,
    ) -> LlmOutcome:
        """Ask until the gates pass a candidate or the repairs are used up.

        Args:
            spec: What to build.
            request: The user's words, for the model and for retrieval.
            gate: Judges each candidate.
            log_folder: Gets `attempt-N/{prompt.md,reply.md,exchange.json,findings.json}`.
            on_event: Told what happens, as it happens.

        Returns:
            The outcome; `passed` is the gates' verdict on the last candidate.

        Raises:
            ChatModelReplyError: no reply held code that could be judged.
            ChatModelError: the model could not be asked; see `conversation.ask`.
            ChatModelNameError: no such model; see `providers.chat_model`.
            StorageError: the log folder cannot be written.
        """
        model = chat_model(self.chat_model_name, self.settings) if self._model is None else self._model
        hits = self._retrieve(spec, request, on_event)
        opening = [
            Message("system", system_prompt()),
            Message("human", first_prompt(spec, request, hits, source_budget_tokens=self.source_budget_tokens)),
        ]
        conversation = _Conversation(
            self, model, spec, gate, ExchangeLog(log_folder, self.chat_model_name), on_event=on_event
        )
        history: list[Attempt] = []
        messages = opening
        for number in range(1, self.max_repairs + 2):
            attempt = conversation.attempt(number, messages)
            history.append(attempt)
            if attempt.passed:
                break
            messages = conversation.following(opening, attempt)
        if not conversation.files:
            self._no_code(history, log_folder)
        return LlmOutcome(
            files=tuple(conversation.files),
            attempts=len(history),
            retrieved=tuple(hit.name for hit in hits),
            findings=history[-1].findings,
            passed=history[-1].passed,
            history=tuple(history),
            hits=tuple(hits),
        )

    def _retrieve(self, spec: DesignSpec, request: str, on_event: Callable[[WriterEvent], None]) -> list[Hit]:
        hits = self.retriever.search(request, self.k, spec)
        for note in self.retriever.notes:
            on_event(WriterEvent("note", 0, note))
        modules = [hit.name for hit in hits if hit.document.kind == "module"]
        on_event(
            WriterEvent(
                "retrieved", 0, f"retrieved {len(modules)} modules and {len(hits) - len(modules)} designs like it"
            )
        )
        return hits

    def _no_code(self, history: Sequence[Attempt], log_folder: Path) -> None:
        last = next(finding for finding in history[-1].findings if finding.severity == "error")
        times = "its only reply" if len(history) == 1 else f"any of its {len(history)} replies"
        raise ChatModelReplyError(
            f"{endpoint_in_words(self.chat_model_name)} gave no usable Verilog in {times}: {last.message}",
            hint=f"read its replies in {log_folder}, or use a larger model",
        )


class _Conversation:
    """The attempts of one `write`: asks, extracts, gates, logs."""

    def __init__(
        self,
        writer: LlmWriter,
        model: BaseChatModel,
        spec: DesignSpec,
        gate: Gate,
        log: ExchangeLog,
        *,
        on_event: Callable[[WriterEvent], None],
    ) -> None:
        self.writer = writer
        self.model = model
        self.spec = spec
        self.contract = contract_for(spec)
        self.gate = gate
        self.log = log
        self.on_event = on_event
        self.files: list[RtlFile] = []
        self._temperature = writer.settings.temperature
        self._previous: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._repeated = False

    def attempt(self, number: int, messages: Sequence[Message]) -> Attempt:
        where = endpoint_in_words(self.writer.chat_model_name)
        of = f"attempt {number} of at most {self.writer.max_repairs + 1}"
        self._tell("asking", number, f"{of}: asking {where}")
        self.log.prompt(number, messages)
        reply = ask(
            self.model,
            messages,
            where=where,
            temperature=self._temperature,
            policy=self.writer.retries,
            on_retry=lambda words: self._tell("retry", number, words),
        )
        extraction = extract_modules(reply.text)
        self.log.reply(number, reply, self._temperature)
        self._tell("reply", number, _reply_line(of, reply, extraction))
        findings, gated = self._judge(number, extraction)
        attempt = Attempt(number, tuple(extraction.modules), tuple(findings), gated, reply)
        self.log.findings(number, reply, self._temperature, attempt.findings, attempt.modules, passed=attempt.passed)
        errors = [finding for finding in findings if finding.severity == "error"]
        if attempt.passed:
            self._tell("passed", number, f"{of}: passed")
        else:
            self._tell("refused", number, f"{of}: {len(errors)} to mend, first: {errors[0].message}")
        return attempt

    def following(self, opening: Sequence[Message], attempt: Attempt) -> list[Message]:
        """What to ask after a refused attempt: the last attempt only, so that the prompt stays short.

        The model sees its own code and what is wrong with it. One that gave the same code twice would copy it for
        ever; it starts afresh from the opening, with what was wrong as mistakes to avoid.
        """
        sources = {f"{name}.v": text for name, text in self._written.items()}
        findings = repair_prompt(self.contract, attempt.findings, sources, afresh=self._repeated)
        if self._repeated:
            return [*opening[:-1], Message("human", f"{opening[-1].text.rstrip()}\n\n{findings}")]
        if self._written:
            code = "\n".join(self._written.values())
            answer = f"```verilog\n{code}```"
        else:
            answer = attempt.reply.text[:_QUOTED_REPLY_CHARACTERS].strip() or "(nothing)"
        return [*opening, Message("ai", answer), Message("human", findings)]

    def _judge(self, number: int, extraction: Extraction) -> tuple[list[Finding], bool]:
        """Findings, and whether the gates were asked: not when the reply itself cannot be used."""
        findings = list(extraction.findings)
        self._written = extraction.modules
        self._repeated = bool(self._written) and self._written == self._previous
        if self._repeated and self._temperature is not None:
            # The same code again: the same prompt would give it for ever.
            self._temperature = min(_TEMPERATURE_LIMIT, self._temperature + _TEMPERATURE_STEP)
        self._previous = self._written
        top = self.contract.module
        if not has_errors(findings) and top not in self._written:
            message = f"the reply defines {', '.join(self._written)}; the top module {top} is missing"
            hint = f"write `module {top}` with the header that was given"
            findings.append(Finding(severity="error", gate="reply", rule="top-missing", message=message, hint=hint))
        if has_errors(findings):
            return findings, False
        self.files = assemble(self.spec, self._written, top, model=self.writer.chat_model_name, attempt=number)
        return [*findings, *self.gate(list(self.files))], True

    def _tell(self, kind: Literal["asking", "retry", "reply", "refused", "passed"], number: int, message: str) -> None:
        self.on_event(WriterEvent(kind, number, redact(message)))


def _reply_line(of: str, reply: Reply, extraction: Extraction) -> str:
    tokens = "" if reply.reply_tokens is None else f"{reply.reply_tokens} tokens, "
    written = ", ".join(extraction.modules) or "no module"
    return f"{of}: {written} ({tokens}{reply.seconds:.1f} s)"
