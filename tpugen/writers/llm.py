"""The chat-model writer: retrieve, ask, extract, gate, feed the findings back; several candidates if need be.

Whether RTL is good is the gates' word alone: a model's reply passes when a gate callback finds no error in it. The
first candidate that passes ends the search. Each exchange is kept under the log folder before the gates see its code,
so that a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tpugen.dataset import module_header
from tpugen.errors import BudgetExhaustedError, ChatModelReplyError
from tpugen.findings import Finding, has_errors
from tpugen.retrieval import Retriever
from tpugen.spec import contract_for
from tpugen.writers.attempts import Attempt, EventKind, Gate, LlmOutcome, WriterEvent
from tpugen.writers.candidate import assemble
from tpugen.writers.conversation import Message
from tpugen.writers.exchange_log import ExchangeLog
from tpugen.writers.extraction import Extraction, extract_modules
from tpugen.writers.files import RtlFile
from tpugen.writers.prompt_parts import SIMILAR_LOOKED_AT, teaching_examples
from tpugen.writers.prompting import Material, first_prompt, header_of, repair_prompt, system_prompt
from tpugen.writers.redaction import redact
from tpugen.writers.session import ChatSession
from tpugen.writers.settings import DEFAULT_WRITER_SETTINGS, WriterSettings
from tpugen.writers.task import WritingTask

__all__ = ["LlmWriter"]

_QUOTED_REPLY_CHARACTERS = 2000
_TEMPERATURE_STEP = 0.3
_TEMPERATURE_LIMIT = 1.0

Observer = Callable[[WriterEvent], None]


class LlmWriter:
    """Writes RTL with a chat model over retrieved library modules.

    Args:
        session: Asks the model; its budget bounds the search.
        retriever: Where modules and similar designs come from; None: the whole library and the dataset's core.
        settings: How to go about it.
        seed: Sampling seed of the first attempt; each further attempt takes the next.
    """

    def __init__(
        self,
        session: ChatSession,
        retriever: Retriever | None = None,
        settings: WriterSettings = DEFAULT_WRITER_SETTINGS,
        *,
        seed: int = 1,
    ) -> None:
        self.session = session
        self.settings = settings
        self.seed = seed
        self.retriever = (Retriever() if retriever is None else retriever) if settings.retrieval else None

    def write(
        self, task: WritingTask, gate: Gate, log_folder: Path, on_event: Observer = lambda _event: None
    ) -> LlmOutcome:
        """Ask until the gates pass a candidate, or candidates and repairs, or the budget, are used up.

        Args:
            task: What to build.
            gate: Judges each attempt.
            log_folder: Gets `attempt-N/{prompt.md,reply.md,exchange.json,findings.json}`.
            on_event: Told what happens, as it happens.

        Returns:
            The outcome; `passed` is the gates' verdict on the last attempt.

        Raises:
            BudgetExhaustedError: the budget did not even allow one reply.
            ChatModelReplyError: no reply held code that could be judged.
            ChatModelError: the model could not be asked; see `ChatSession.ask`.
            StorageError: the log folder cannot be written.
        """
        material = self._retrieve(task, on_event)
        opening = [
            Message("system", system_prompt(task.contract, self.settings)),
            Message("human", first_prompt(task, material, self.settings)),
        ]
        log = ExchangeLog(log_folder, self.session.chat_model_name)
        history: list[Attempt] = []
        files: list[RtlFile] = []
        stopped: str | None = None
        try:
            for candidate in range(1, self.settings.candidates + 1):
                chain = _Candidate(self, task, gate, log, opening, candidate, on_event=on_event)
                for attempt in chain.attempts(first_number=len(history) + 1):
                    history.append(attempt)
                    files = chain.files or files
                if history[-1].passed:
                    break
        except BudgetExhaustedError as error:
            if not history:
                raise
            stopped = error.message
            on_event(WriterEvent("note", history[-1].number, redact(stopped)))
        if not files:
            self._no_code(history, log_folder)
        return LlmOutcome(
            files=tuple(files),
            retrieved=tuple(hit.name for hit in material.hits),
            examples=tuple(contract_for(spec).module for spec in material.examples),
            findings=(*_budget_findings(stopped), *history[-1].findings),
            passed=history[-1].passed,
            history=tuple(history),
            hits=material.hits,
            spending=self.session.spending,
            stopped=stopped,
        )

    def _retrieve(self, task: WritingTask, on_event: Observer) -> Material:
        if self.retriever is None:
            on_event(WriterEvent("retrieved", 0, "retrieval is off: the model sees no library module"))
            return Material()
        settings = self.settings
        hits = self.retriever.search(task.request, settings.k, task.spec)
        examples = []
        if task.spec is not None and settings.mode == "compose" and settings.examples:
            records = self.retriever.similar_designs(task.spec, task.request, SIMILAR_LOOKED_AT)
            examples = teaching_examples(task.spec, (record.spec for record in records), settings.examples)
        for note in self.retriever.notes:
            on_event(WriterEvent("note", 0, note))
        modules = [hit.name for hit in hits if hit.document.kind == "module"]
        line = f"retrieved {len(modules)} modules and {len(hits) - len(modules)} designs like it"
        if examples:
            line += f"; shows {', '.join(contract_for(spec).module for spec in examples)}"
        on_event(WriterEvent("retrieved", 0, line))
        return Material(tuple(hits), tuple(examples))

    def _no_code(self, history: Sequence[Attempt], log_folder: Path) -> None:
        last = next(finding for finding in history[-1].findings if finding.severity == "error")
        times = "its only reply" if len(history) == 1 else f"any of its {len(history)} replies"
        raise ChatModelReplyError(
            f"{self.session.where} gave no usable Verilog in {times}: {last.message}",
            hint=f"read its replies in {log_folder}, or use a larger model",
        )


class _Candidate:
    """One candidate: a first try and its repairs."""

    def __init__(
        self,
        writer: LlmWriter,
        task: WritingTask,
        gate: Gate,
        log: ExchangeLog,
        opening: Sequence[Message],
        number: int,
        *,
        on_event: Observer,
    ) -> None:
        self.writer = writer
        self.task = task
        self.gate = gate
        self.log = log
        self.opening = list(opening)
        self.number = number
        self.on_event = on_event
        self.files: list[RtlFile] = []
        self._temperature = writer.settings.candidate_temperature(number)
        self._previous: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._repeated = False

    def attempts(self, first_number: int) -> Iterator[Attempt]:
        """Ask, judge, feed back, until an attempt passes or the repairs are used up; each attempt as it is done."""
        messages = self.opening
        for repair in range(self.writer.settings.repairs + 1):
            attempt = self._attempt(first_number + repair, repair, messages)
            yield attempt
            if attempt.passed:
                return
            messages = self._following(attempt)

    def _attempt(self, number: int, repair: int, messages: Sequence[Message]) -> Attempt:
        settings = self.writer.settings
        of = f"attempt {number} of at most {settings.candidates * (settings.repairs + 1)}"
        session = self.writer.session
        self._tell("asking", number, f"{of}: asking {session.where}")
        self.log.prompt(number, messages)
        reply = session.ask(
            messages,
            purpose="write" if repair == 0 else "repair",
            temperature=self._temperature,
            seed=self.writer.seed + number - 1,
        )
        extraction = extract_modules(reply.text, header=header_of(self.task, settings))
        self.log.reply(number, reply, self._temperature)
        cached = ", cached" if reply.cached else ""
        tokens = "" if reply.reply_tokens is None else f"{reply.reply_tokens} tokens, "
        written = ", ".join(extraction.modules) or "no module"
        self._tell("reply", number, f"{of}: {written} ({tokens}{reply.seconds:.1f} s{cached})")
        findings, gated = self._judge(number, extraction)
        modules = tuple(extraction.modules)
        attempt = Attempt(number, self.number, repair, modules, tuple(findings), gated, reply)
        self.log.findings(number, reply, self._temperature, attempt.findings, modules, passed=attempt.passed)
        errors = [finding for finding in findings if finding.severity == "error"]
        if attempt.passed:
            self._tell("passed", number, f"{of}: passed")
        else:
            self._tell("refused", number, f"{of}: {len(errors)} to mend, first: {errors[0].message}")
        return attempt

    def _following(self, attempt: Attempt) -> list[Message]:
        """What to ask after a refused attempt: the last attempt only, so that the prompt stays short.

        The model sees its own code and what is wrong with it. One that gave the same code twice would copy it for
        ever; it starts afresh from the opening, with what was wrong as mistakes to avoid.
        """
        sources = {f"{name}.v": text for name, text in self._written.items()}
        body = self.writer.settings.body_only
        findings = repair_prompt(self.task.contract, attempt.findings, sources, body=body, afresh=self._repeated)
        if self._repeated:
            return [*self.opening[:-1], Message("human", f"{self.opening[-1].text.rstrip()}\n\n{findings}")]
        if self._written:
            code = "\n".join(self._written.values())
            answer = f"```verilog\n{self._without_header(code) if body else code}```"
        else:
            answer = attempt.reply.text[:_QUOTED_REPLY_CHARACTERS].strip() or "(nothing)"
        return [*self.opening, Message("ai", answer), Message("human", findings)]

    def _without_header(self, code: str) -> str:
        """The model's own body: what it wrote, as it was asked to write it."""
        return code.removeprefix(module_header(self.task.contract)).lstrip("\n")

    def _judge(self, number: int, extraction: Extraction) -> tuple[list[Finding], bool]:
        """Findings, and whether the gates were asked: not when the reply itself cannot be used."""
        findings = list(extraction.findings)
        self._written = extraction.modules
        self._repeated = bool(self._written) and self._written == self._previous
        if self._repeated and self._temperature is not None:
            # The same code again: the same prompt would give it for ever.
            self._temperature = min(_TEMPERATURE_LIMIT, self._temperature + _TEMPERATURE_STEP)
        self._previous = self._written
        top = self.task.contract.module
        if not has_errors(findings) and top not in self._written:
            message = f"the reply defines {', '.join(self._written)}; the top module {top} is missing"
            hint = f"write `module {top}` with the header that was given"
            findings.append(Finding(severity="error", gate="reply", rule="top-missing", message=message, hint=hint))
        if has_errors(findings):
            return findings, False
        self.files = assemble(
            self.task,
            self._written,
            library=self.writer.settings.mode == "compose",
            model=self.writer.session.chat_model_name,
            attempt=number,
        )
        return [*findings, *self.gate(list(self.files))], True

    def _tell(self, kind: EventKind, number: int, message: str) -> None:
        self.on_event(WriterEvent(kind, number, redact(message)))


def _budget_findings(stopped: str | None) -> list[Finding]:
    if stopped is None:
        return []
    hint = "allow more with --budget, or use a model that needs fewer attempts"
    return [Finding(severity="error", gate="write", rule="budget", message=stopped, hint=hint)]
