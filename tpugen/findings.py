"""What a gate says: structured findings, the same objects for terminal, JSON, report and repair prompt."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.text import clean

__all__ = ["Finding", "Severity", "has_errors"]

Severity = Literal["error", "warning", "info"]


class Finding(BaseModel):
    """One thing that a gate noticed.

    Attributes:
        severity: `error` refuses the design; `warning` and `info` do not.
        gate: The gate that speaks: `sandbox`, `contract`, `lint`, `simulate`, `synth`, `sta`, ...
        rule: Short stable identifier in kebab-case, e.g. `port-width`.
        message: What was found and what was expected, in one or two sentences.
        file: File name relative to the run folder's `rtl/`, where known.
        line: 1-based line in `file`, where known.
        hint: What would mend it, where known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    gate: str
    rule: str
    message: str
    file: str | None = None
    line: int | None = None
    hint: str | None = None

    def one_line(self) -> str:
        """`file:line: severity [gate/rule] message`, the form that compilers print, without control characters."""
        place = "" if self.file is None else f"{self.file}:{self.line or 1}: "
        return clean(f"{place}{self.severity} [{self.gate}/{self.rule}] {self.message}")


def has_errors(findings: list[Finding]) -> bool:
    """Whether any finding refuses the design."""
    return any(finding.severity == "error" for finding in findings)
