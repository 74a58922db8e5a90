"""How a bench tells what happened: one JSON line per event, flushed, so that a killed simulation still speaks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["BenchError", "care_digits", "known_digits", "load_plan", "report", "test_seed", "write_trace"]

PLAN_VARIABLE = "TPUGEN_BENCH_PLAN"
REPORT_VARIABLE = "TPUGEN_BENCH_REPORT"


class BenchError(AssertionError):
    """A test failed; `details` is what the finding will be made of."""

    def __init__(self, rule: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details: dict[str, Any] = {"rule": rule, "message": message, **details}


def load_plan() -> dict[str, Any]:
    """The plan named by the environment."""
    plan: dict[str, Any] = json.loads(Path(os.environ[PLAN_VARIABLE]).read_text(encoding="utf-8"))
    return plan


def report(event: str, **values: Any) -> None:
    """Append one event to the report."""
    with Path(os.environ[REPORT_VARIABLE]).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"event": event, **values}) + "\n")


def care_digits(sample: str, care: int) -> str:
    """Binary digits of a sample; bits that do not count are 0, also where they are unknown."""
    width = len(sample)
    if care == (1 << width) - 1:
        return sample
    return "".join(bit if mark == "1" else "0" for bit, mark in zip(sample, format(care, f"0{width}b"), strict=True))


def known_digits(sample: str) -> str:
    """Binary digits of a sample; unknown bits are 0."""
    return sample if sample.isdigit() else "".join(bit if bit in "01" else "0" for bit in sample)


def write_trace(name: str, cycles: list[dict[str, Any]]) -> None:
    """Append the cycles of one test to the trace beside the report."""
    with Path(os.environ[REPORT_VARIABLE]).with_name(name).open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(cycle) + "\n" for cycle in cycles)


def test_seed(seed: int, name: str) -> str:
    """Seed of one test: the same whichever tests run beside it."""
    return f"{seed}/{name}"
