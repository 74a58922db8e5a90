"""Child process that asks a user's Python reference: reads a job, writes the tests of the bench as JSON.

The reference is the user's own code; it runs in a process of its own all the same, under limits, so that a loop that
never ends in it ends here. What is wrong with it (an exception, a value that does not fit its port) becomes one message
with the line in the user's file. Usage: `python -m tpugen.verif._reference_worker JOB_FILE RESULT_FILE`.
"""

from __future__ import annotations

import json
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

_STIMULUS_MAX = 5_000
"""Entries that are taken of a user's stimulus."""


class ReferenceFault(Exception):  # noqa: N818 - a fault of the user's file, not an error of this one
    """Something is wrong with the user's file."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


Values = dict[str, int]
Outputs = dict[str, int | None]


class Reference:
    """The user's reference, with every value checked on its way in and out.

    Args:
        job: `path`, `name`, `form`, `inputs` and `outputs` (each with `name`, `width_bits`, `signed`), `seed`.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.path = str(Path(job["path"]).resolve())
        self.form: str = job["form"]
        self.inputs: list[dict[str, Any]] = job["inputs"]
        self.outputs: list[dict[str, Any]] = job["outputs"]
        self.module = self._load(Path(job["path"]), str(job["name"]))
        self.target: Any = self.module
        if self.form == "function":
            self.calls: Callable[..., Any] = self.module.reference
        else:
            self.target = self._run("Reference()", self.module.Reference)
            self.calls = getattr(self.target, self.form)
        self.mealy: Callable[..., Any] | None = getattr(self.target, "outputs", None) if self.form == "step" else None

    def _load(self, path: Path, name: str) -> ModuleType:
        module = ModuleType("reference")
        module.__file__ = str(path)
        code = self._run("loading", lambda: compile(path.read_text(encoding="utf-8"), self.path, "exec"))
        self._run(f"loading {name}", lambda: exec(code, module.__dict__))  # noqa: S102 - the user's own code
        return module

    def _run(self, what: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (Exception, SystemExit) as error:
            frames = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(frames) if frame.filename == self.path), None)
            words = f"{type(error).__name__}: {error}".rstrip(": ")
            raise ReferenceFault(f"{what} raised {words}", line) from None

    # calls

    def reset(self) -> Outputs:
        """Put it into its first state; outputs that `reset()` returns, the others open."""
        found = self._run("reset()", self.target.reset)
        return {} if found is None else self._outputs("reset()", found, partial=True)

    def function(self, values: Values) -> Outputs:
        """Outputs of a function."""
        shown = f"reference({_shown(values)})"
        return self._outputs(shown, self._run(shown, lambda: self.calls(**values)))

    def step(self, values: Values) -> Outputs:
        """Outputs after a rising edge that takes these inputs."""
        shown = f"step({_shown(values)})"
        found = self._run(shown, lambda: self.calls(**values))
        if found is None and self.mealy is not None:
            return {}
        return self._outputs(shown, found, partial=self.mealy is not None)

    def present(self, last: Outputs, values: Values) -> Outputs:
        """Outputs of a cycle: those after the last edge, and what `outputs` makes of the cycle's inputs."""
        if self.mealy is None:
            return last
        mealy = self.mealy
        shown = f"outputs({_shown(values)})"
        return last | self._outputs(shown, self._run(shown, lambda: mealy(**values)), partial=True)

    def beat(self, values: Values) -> Outputs | None:
        """The result beat that a beat gives, if any."""
        if self.form == "function":
            return self.function(values)
        shown = f"beat({_shown(values)})"
        found = self._run(shown, lambda: self.calls(**values))
        return None if found is None else self._outputs(shown, found)

    def missing(self, outputs: Outputs) -> str | None:
        """An output that nobody gave a value."""
        return next((port["name"] for port in self.outputs if port["name"] not in outputs), None)

    # values

    def _outputs(self, shown: str, found: object, *, partial: bool = False) -> Outputs:
        names = [port["name"] for port in self.outputs]
        if not isinstance(found, Mapping):
            if len(names) > 1 or found is None:
                kind = "None" if found is None else f"{type(found).__name__} {_short(found)}"
                raise ReferenceFault(f"{shown} returned {kind}; a dict of {', '.join(names)} is expected", self._line())
            found = {names[0]: found}
        unknown = [str(name) for name in found if name not in names]
        if unknown:
            raise ReferenceFault(
                f"{shown} returned {unknown[0]}, which is no output; outputs are {', '.join(names)}", self._line()
            )
        if not partial and (missing := [name for name in names if name not in found]):
            raise ReferenceFault(f"{shown} returned no {missing[0]}", self._line())
        ports = {port["name"]: port for port in self.outputs}
        return {name: self._fitting(shown, ports[name], value) for name, value in found.items()}

    def _fitting(self, shown: str, port: Mapping[str, Any], value: object) -> int | None:
        if value is None:
            return None
        return fitting(f"{shown} returned {port['name']} =", port, value, self._line())

    def _line(self) -> int:
        return int(getattr(getattr(self.calls, "__func__", self.calls), "__code__").co_firstlineno)  # noqa: B009

    # stimulus

    def stimulus(self, seed: str) -> list[Values]:
        """What the user's `stimulus(rng)` yields; ports that it leaves out are not in it."""
        maker = getattr(self.target, "stimulus", None) or getattr(self.module, "stimulus", None)
        if maker is None:
            return []
        ports = {port["name"]: port for port in self.inputs}
        entries: list[Values] = []
        iterator: Iterator[Any] = self._run("stimulus(rng)", lambda: iter(maker(random.Random(seed))))  # noqa: S311
        while len(entries) < _STIMULUS_MAX:
            done = object()
            entry = self._run("stimulus(rng)", lambda: next(iterator, done))  # noqa: B023 - called at once
            if entry is done:
                break
            line = maker.__code__.co_firstlineno if hasattr(maker, "__code__") else None
            if not isinstance(entry, Mapping):
                raise ReferenceFault(f"stimulus(rng) gave {_short(entry)}; a dict of inputs is expected", line)
            unknown = [name for name in entry if name not in ports]
            if unknown:
                raise ReferenceFault(f"stimulus(rng) gave {unknown[0]}, which is no input", line)
            entries.append(
                {
                    name: fitting(f"stimulus(rng) gave {name} =", ports[name], value, line)
                    for name, value in entry.items()
                }
            )
        return entries


def fitting(what: str, port: Mapping[str, Any], value: object, line: int | None) -> int:
    """A value that fits its port, as an integer."""
    try:
        number = value.__index__()  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        raise ReferenceFault(f"{what} {_short(value)} ({type(value).__name__}); an int is expected", line) from None
    low, high = port_range(port)
    if not low <= number <= high:
        sign = "signed" if port["signed"] else "unsigned"
        raise ReferenceFault(
            f"{what} {number}, which does not fit its {port['width_bits']} {sign} bits: {low} to {high}", line
        )
    return int(number)


def port_range(port: Mapping[str, Any]) -> tuple[int, int]:
    """Smallest and largest value of a port."""
    width = int(port["width_bits"])
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if port["signed"] else (0, (1 << width) - 1)


def _shown(values: Values) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def main(job_file: str, result_file: str) -> None:
    """Do a job."""
    from tpugen.verif._reference_tests import tests

    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    random.seed(job["seed"])  # a reference that draws numbers draws the same ones each time
    try:
        result = tests(Reference(job), job)
    except ReferenceFault as fault:
        result = {"error": str(fault), "line": fault.line}
    except (RecursionError, MemoryError) as error:
        result = {"error": f"{type(error).__name__}", "line": None}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
