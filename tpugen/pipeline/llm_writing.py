"""Lets the chat-model writer write, and judges its attempts with the same gates as any RTL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.findings import Finding, has_errors
from tpugen.pipeline.design_steps import write_rtl
from tpugen.pipeline.step import Context, Flow, Step

if TYPE_CHECKING:
    from tpugen.writers.files import RtlFile
    from tpugen.writers.llm import LlmOutcome

__all__ = ["attempt_gate", "write_with_chat_model"]


def attempt_gate(context: Context, steps: Sequence[Step], folder: Path) -> Callable[[list[RtlFile]], list[Finding]]:
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
    """Have the chat model write and repair until the gates pass or its repairs are used up.

    Raises:
        ChatModelError: the chat model cannot be reached, or failed.
    """
    from tpugen.retrieval import Retriever
    from tpugen.writers.llm import LlmWriter
    from tpugen.writers.providers import ChatSettings

    name = context.options.chat_model
    assert name is not None  # noqa: S101 - for the type checker; options checked it
    folder = context.root / "llm"
    writer = LlmWriter(
        name,
        Retriever(),
        max_repairs=context.options.repairs,
        settings=ChatSettings(timeout_s=context.options.chat_timeout_s),
    )
    return writer.write(
        context.spec,
        context.request or context.contract.module,
        attempt_gate(context, steps, folder),
        folder,
        lambda text: context.note("write", str(text)),
    )
