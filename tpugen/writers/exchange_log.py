"""Attempts of a chat model as files to read: `attempt-N/` with prompt, reply, counts and findings, free of secrets.

What was asked and answered is also in the session's `ExchangeStore`; what the gates said of it is here alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tpugen.errors import StorageError
from tpugen.findings import Finding
from tpugen.storage import write_bytes_atomic
from tpugen.writers.conversation import Message, Reply
from tpugen.writers.redaction import redact

__all__ = ["ExchangeLog"]


class ExchangeLog:
    """Writes the exchanges of one run, each file by rename: a file is there whole or not at all.

    Args:
        folder: Gets one folder `attempt-N` for each attempt.
        chat_model_name: As the user named it.
    """

    def __init__(self, folder: Path, chat_model_name: str) -> None:
        self.folder = folder
        self.chat_model_name = chat_model_name

    def prompt(self, attempt: int, messages: Sequence[Message]) -> None:
        """Write `prompt.md`: every message under its role."""
        text = "\n\n".join(f"<!-- {message.role} -->\n{message.text.strip()}" for message in messages)
        self._write(attempt, "prompt.md", text + "\n")

    def reply(self, attempt: int, reply: Reply, temperature: float | None) -> None:
        """Write `reply.md` as it came, and `exchange.json` without findings yet."""
        self._write(attempt, "reply.md", reply.text)
        self._write_json(attempt, "exchange.json", self._exchange(attempt, reply, temperature))

    def findings(
        self,
        attempt: int,
        reply: Reply,
        temperature: float | None,
        findings: Sequence[Finding],
        modules: Sequence[str],
        *,
        passed: bool,
    ) -> None:
        """Write `findings.json`, and `exchange.json` complete with findings, modules and verdict."""
        plain = [finding.model_dump(mode="json", exclude_none=True) for finding in findings]
        exchange = self._exchange(attempt, reply, temperature)
        exchange |= {"modules": list(modules), "findings": plain, "passed": passed}
        self._write_json(attempt, "findings.json", plain)
        self._write_json(attempt, "exchange.json", exchange)

    def _exchange(self, attempt: int, reply: Reply, temperature: float | None) -> dict[str, Any]:
        return {
            "attempt": attempt,
            "chat_model": self.chat_model_name,
            "model": reply.model,
            "temperature": temperature,
            "prompt_tokens": reply.prompt_tokens,
            "reply_tokens": reply.reply_tokens,
            "seconds": round(reply.seconds, 3),
            "tries": reply.tries,
            "cut_off": reply.cut_off,
            "looped": reply.looped,
            "refused": reply.refused,
            "cached": reply.cached,
            "cost_usd": reply.cost_usd,
        }

    def _write_json(self, attempt: int, name: str, value: object) -> None:
        self._write(attempt, name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def _write(self, attempt: int, name: str, text: str) -> None:
        path = self.folder / f"attempt-{attempt}" / name
        try:
            # A lone surrogate in a reply has no UTF-8 form; it is kept as an escape.
            write_bytes_atomic(path, redact(text).encode("utf-8", errors="backslashreplace"))
        except StorageError as error:
            raise StorageError(
                f"the exchange with the chat model cannot be written to {self.folder}: {error.message}",
                hint=error.hint or "free some space, or choose another folder with --out",
            ) from error
