"""Problems and suites: what is asked, and what a person reads in it.

A suite of tpugen's own is a file of one JSON object a line: `id`, `prompt`, `expect`. `expect` holds what the prompt
says, written by people; what a prompt leaves out has the spec's published defaults. `clock_mhz` stands in it only where
the prompt names a clock, and counts only there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tpugen.errors import RequestError, SpecError, UnknownNameError
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.storage import sha256_json

__all__ = ["SUITES", "Problem", "differences", "load_suite", "prompts_hash", "suite_summary"]

SUITES: dict[str, str] = {
    "modules": "single adders, multipliers and MACs: every family and structure",
    "integration": "arrays of every dataflow, several sizes, widths and units, shared pre-approximation",
    "free-text": "how people really write: chatty, wordy, with typos, indirect; by hand",
    "template": "the template of TPU-Gen's research, with the facts that it leaves out",
    "accelerators": "tensor units, PIM tiles, and hybrid accelerators of a decoder layer",
}
"""tpugen's own suites, in order, and what they hold."""


@dataclass(frozen=True)
class Problem:
    """One problem of tpugen's own suites.

    Attributes:
        id: Unique over all suites.
        suite: Name of its suite.
        prompt: What is asked.
        expect: What the prompt says, as spec data.
    """

    id: str
    suite: str
    prompt: str
    expect: dict[str, Any]

    @property
    def spec(self) -> DesignSpec:
        """The design that is asked for, everything unsaid at its default."""
        return spec_from_dict(self.expect)

    @property
    def kind(self) -> str:
        """Kind of design."""
        return str(self.expect["kind"])


def load_suite(name: str) -> list[Problem]:
    """The problems of one suite.

    Raises:
        UnknownNameError: no such suite.
    """
    if name not in SUITES:
        raise UnknownNameError(
            f"no suite is called {name!r}",
            hint=f"known: {', '.join(SUITES)}; or the path of a folder of *_prompt.txt, *_ref.sv, *_test.sv",
        )
    text = (resources.files("tpugen.bench.suites") / f"{name}.jsonl").read_text(encoding="utf-8")
    return parse_suite(text, name)


def parse_suite(text: str, name: str) -> list[Problem]:
    """Problems from the text of a suite's file.

    Raises:
        RequestError: a line that is no problem, an id that occurs twice, a design that is not legal; names the line.
    """
    problems: dict[str, Problem] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            problem = Problem(str(data["id"]), name, str(data["prompt"]), dict(data["expect"]))
            spec_from_dict(problem.expect)
        except (ValueError, KeyError, TypeError, SpecError) as error:
            raise RequestError(f"suite {name}, line {number} is no problem: {error}") from None
        if problem.id in problems:
            raise RequestError(f"suite {name}, line {number}: the id {problem.id!r} occurs twice")
        problems[problem.id] = problem
    return list(problems.values())


def differences(expected: DesignSpec, read: DesignSpec, *, clock: bool) -> list[str]:
    """Where a reading differs from what is asked, e.g. `rows: 4, expected 8`; empty if it is right.

    Args:
        expected: What is asked.
        read: What was read.
        clock: Whether the clock counts.
    """
    wanted, found = expected.model_dump(mode="json"), read.model_dump(mode="json")
    if not clock:
        wanted.pop("clock_mhz"), found.pop("clock_mhz")
    if wanted["kind"] != found["kind"]:
        return [f"kind: {found['kind']}, expected {wanted['kind']}"]
    return [f"{name}: {found[name]}, expected {wanted[name]}" for name in wanted if found[name] != wanted[name]]


def prompts_hash(pairs: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over ids and prompts, in order."""
    return sha256_json([list(pair) for pair in pairs])


def suite_summary(problems: Sequence[Problem]) -> dict[str, int]:
    """How many problems of each kind there are."""
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem.kind] = counts.get(problem.kind, 0) + 1
    return counts
