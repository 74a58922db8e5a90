"""Has a prompt read and compares with what people read in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from tpugen.bench.problems import Problem, differences
from tpugen.errors import BudgetExhaustedError, ChatModelError, ChatModelNameError, ChatModelReplyError, RequestError
from tpugen.pipeline.request import understand
from tpugen.report.bench_data import ReadingRow

if TYPE_CHECKING:
    from tpugen.writers.session import ChatSession

__all__ = ["SpecBy", "read_prompt"]

SpecBy = Literal["rules", "llm", "both", "given"]


def read_prompt(problem: Problem, by: SpecBy, session: ChatSession | None = None) -> ReadingRow:
    """How a prompt is read.

    Args:
        problem: The problem.
        by: Who reads; `given`: nobody, the spec counts as read.
        session: Asks the chat model, where one reads.

    Raises:
        BudgetExhaustedError: no money, time or tokens are left to ask.
        ChatModelNameError: no such model.
    """
    if by == "given":
        return ReadingRow(by=by, right=None)
    begin = time.monotonic()
    before = _tokens(session)
    row: dict[str, object] = {"right": False}
    try:
        asked = understand(problem.prompt) if by == "rules" else understand(problem.prompt, reader=by, session=session)
    except (BudgetExhaustedError, ChatModelNameError):
        raise
    except (RequestError, ChatModelError) as error:
        row["error"] = error.message
        row["model_failed"] = isinstance(error, ChatModelError) and not isinstance(error, ChatModelReplyError)
    else:
        found = differences(problem.spec, asked.spec, clock="clock_mhz" in problem.expect)
        row = {"right": not found, "differences": found, "not_understood": asked.not_understood}
        row["disagreements"] = [
            f"{item['field']}: rules {item['rules']}, model {item['model']}, settled: {item['settled']}"
            for item in asked.disagreements
        ]
    spent = _tokens(session)
    return ReadingRow.model_validate(
        {
            "by": by,
            **row,
            "prompt_tokens": spent[0] - before[0],
            "reply_tokens": spent[1] - before[1],
            "seconds": round(time.monotonic() - begin, 3),
        }
    )


def _tokens(session: ChatSession | None) -> tuple[int, int]:
    return (0, 0) if session is None else (session.spending.prompt_tokens, session.spending.reply_tokens)
