"""Problems of the VerilogEval kind in the harness: a prompt and a header; the suite's own bench judges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tpugen.errors import RequestError
from tpugen.findings import Finding
from tpugen.spec import Contract, Port
from tpugen.spec.latency import Latency
from tpugen.verif.verilog_eval import VerilogEvalProblem, check_problem, judge, load_problems
from tpugen.verif.verilog_eval_suite import CANDIDATE

__all__ = ["ExternalProblem", "judge_files", "judge_reference", "load_external"]

_CLOCKS = ("clk", "clock", "clk_i", "clock_i")
_DIRECTION = re.compile(r"\b(?:input|output)\b")
_PORT = re.compile(
    r"(?:(?P<direction>input|output) )?(?:(?:wire|reg|logic|var) )*(?P<signed>signed )?"
    r"(?:\[ ?(?P<high>\d+) ?: ?(?P<low>\d+) ?\] ?)?(?P<name>[A-Za-z_]\w*)"
)


@dataclass(frozen=True)
class ExternalProblem:
    """A problem of a suite of others.

    Attributes:
        suite: Name of the suite's folder.
        source: What its files hold.
        contract: Its header as a contract.
    """

    suite: str
    source: VerilogEvalProblem
    contract: Contract

    @property
    def id(self) -> str:
        """Its name."""
        return self.source.id

    @property
    def prompt(self) -> str:
        """What is asked."""
        return self.source.prompt

    @property
    def kind(self) -> str:
        """What is asked for, as far as the ports tell."""
        return "clocked" if self.contract.clocked else "combinational"


def load_external(path: Path) -> list[ExternalProblem]:
    """The problems of a folder of `*_prompt.txt`, `*_ref.sv`, `*_test.sv`.

    Raises:
        RequestError: no such folder, or problems that cannot be used; all are listed.
    """
    problems, faults = [], []
    for source in load_problems(path):
        try:
            problems.append(ExternalProblem(path.resolve().name, source, _contract(source)))
        except RequestError as error:
            faults.append(error.message)
    if faults:
        lines = "\n  ".join(faults)
        raise RequestError(f"{path}: {len(faults)} problems have headers that cannot be read:\n  {lines}")
    return problems


def _contract(source: VerilogEvalProblem) -> Contract:
    """The header as a contract. How a reset works is the prompt's business, so the contract does not say."""
    ports = list(_ports(source))
    clock = next((port.name for port in ports if port.direction == "input" and port.name in _CLOCKS), None)
    return Contract(
        module=CANDIDATE,
        ports=tuple(ports),
        channels=(),
        behaviour=("What the request says.",),
        latency=Latency(form="combinational" if clock is None else "reference", rows=0, cols=0),
        clock=clock,
    )


def _ports(source: VerilogEvalProblem) -> Iterator[Port]:
    """The ports of a header, in both of Verilog's styles; one without a direction continues the one before it."""
    listed, _, declared = source.header.partition("(")[2].rpartition(")")
    if not _DIRECTION.search(listed):
        listed = declared.strip(" ;\n").replace(";", ",").lstrip(", ")
    direction: Literal["input", "output"] | None = None
    width, signed = 1, False
    for declaration in listed.split(","):
        match = _PORT.fullmatch(" ".join(declaration.split()))
        if match is None or (direction is None and not match["direction"]):
            raise RequestError(f"{source.id}: port {declaration.strip()!r} is not `input` or `output`, a width, a name")
        if match["direction"]:
            direction = "input" if match["direction"] == "input" else "output"
            width = abs(int(match["high"] or 0) - int(match["low"] or 0)) + 1
            signed = bool(match["signed"])
        assert direction is not None  # noqa: S101 - checked above
        meaning = f"{width} bit{'s' if width > 1 else ''}, see the request"
        yield Port(name=match["name"], direction=direction, width_bits=width, signed=signed, meaning=meaning)


def judge_files(problem: ExternalProblem, files: list[Path], folder: Path) -> list[Finding]:
    """What the suite's bench says of RTL; nothing wrong: no error among the findings."""
    return judge(problem.source, files, folder)


def judge_reference(problem: ExternalProblem, folder: Path) -> list[Finding]:
    """What the suite's bench says of its own solution."""
    return check_problem(problem.source, folder)
