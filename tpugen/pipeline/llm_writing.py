"""Lets the chat-model writer write, and judges its attempts with the same gates as any RTL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.findings import Finding, has_errors
from tpugen.paths import cache_dir
from tpugen.pipeline.custom import writing_task
from tpugen.pipeline.design_steps import write_rtl
from tpugen.pipeline.options import GenerateOptions
from tpugen.pipeline.step import Context, Flow, Step
from tpugen.writers.budget import NO_BUDGET, Budget, Prices
from tpugen.writers.settings import WriterSettings

if TYPE_CHECKING:
    from tpugen.writers.attempts import Gate, LlmOutcome
    from tpugen.writers.files import RtlFile
    from tpugen.writers.session import ChatSession, SessionEvent

__all__ = ["attempt_gate", "open_session", "write_with_chat_model", "writer_settings"]

CHAT_CACHE = "chat.sqlite"
"""File of the cache folder that holds replies of chat models."""

EXCHANGES = "exchanges.sqlite"
"""File of a run that holds every exchange of a step."""


def writer_settings(options: GenerateOptions, *, custom: bool = False) -> WriterSettings:
    """The writer's settings that a run's options stand for.

    Args:
        options: The choices.
        custom: Whether the contract is the user's own: no library module covers it, so the model writes every module.
    """
    return WriterSettings(
        mode=options.mode or ("full" if custom else "compose"),
        reply=options.reply,
        candidates=options.candidates,
        repairs=options.repairs,
        retrieval=options.retrieval,
        examples=options.examples,
    )


def open_session(
    options: GenerateOptions, log: Path | None = None, on_event: Callable[[SessionEvent], None] = lambda _event: None
) -> ChatSession:
    """A session with the chat model that a run's options name.

    Args:
        options: They name a chat model.
        log: SQLite file that gets every exchange.
        on_event: Told what happens.

    Raises:
        RequestError: money is limited and no price is known.
    """
    from tpugen.writers.exchange_store import ExchangeStore
    from tpugen.writers.providers import ChatSettings
    from tpugen.writers.session import ChatSession

    assert options.chat_model is not None  # noqa: S101 - for the type checker; options checked it
    return ChatSession(
        options.chat_model,
        settings=ChatSettings(timeout_s=options.chat_timeout_s, seed=options.seed),
        budget=NO_BUDGET if options.budget is None else Budget.parse(options.budget),
        prices=None if options.prices is None else Prices.parse(options.prices),
        log=None if log is None else ExchangeStore(log),
        cache=ExchangeStore(cache_dir() / CHAT_CACHE) if options.use_cache else None,
        on_event=on_event,
    )


def attempt_gate(context: Context, steps: Sequence[Step], folder: Path) -> Gate:
    """A function that judges one attempt after the other, each in `<folder>/attempt-N/`.

    Steps run until the first that refuses, so that no tool reads what the sandbox did not pass.
    """
    count = 0

    def gate(files: list[RtlFile]) -> list[Finding]:
        nonlocal count
        count += 1
        number = next((file.attempt for file in files if file.attempt is not None), count)
        attempt = replace(context, root=folder / f"attempt-{number}")
        try:
            write_rtl(files, attempt.root)
        except ValueError as error:
            return [Finding(severity="error", gate="write", rule="file-name", message=str(error))]
        # The writer's order counts (top last); without provenance the gates would sort by name.
        attempt.rtl_order = [file.name for file in files]
        findings: list[Finding] = []
        for step in steps:
            context.note("write", f"attempt {number}: {step.id}")
            record = Flow([step]).run(replace(attempt, observer=lambda _event: None))[0]
            findings.extend(record.findings)
            if record.verdict == "fail" or has_errors(record.findings):
                break
        return findings

    return gate


def write_with_chat_model(context: Context, steps: Sequence[Step]) -> LlmOutcome:
    """Have the chat model write and repair until the gates pass, or candidates, repairs or budget are used up.

    Raises:
        ChatModelError: the chat model cannot be reached, or failed.
    """
    from tpugen.retrieval import Retriever
    from tpugen.retrieval.embeddings import chosen_embedding
    from tpugen.writers.exchange_store import ExchangeStore
    from tpugen.writers.llm import LlmWriter

    folder = context.root / "llm"
    session = context.session or open_session(context.options)
    session.log = ExchangeStore(folder / EXCHANGES)
    session.on_event = lambda event: _pass_on(context, event)
    task = writing_task(context)
    settings = writer_settings(context.options, custom=task.spec is None)
    retriever = Retriever(embedder=chosen_embedding()) if settings.retrieval else None
    writer = LlmWriter(session, retriever, settings, seed=context.options.seed)
    return writer.write(
        task, attempt_gate(context, steps, folder), folder, lambda event: context.note("write", str(event))
    )


def _pass_on(context: Context, event: SessionEvent) -> None:
    """What the writer does not tell of itself: a reply that grows, retries, notes."""
    if event.kind in ("progress", "retry", "note"):
        context.note("write", str(event), often=event.kind == "progress")
