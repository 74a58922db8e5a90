"""The bench plan of a design of the user's own: the user's Python reference is asked once, outside the simulator.

What it expects becomes data (see `plan`), so that a run can be replayed without it. All that is wrong with the
reference is found here, before any RTL is written.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tpugen.errors import RequestError, ToolFailedError, ToolLimitError
from tpugen.flows import process
from tpugen.flows.tool_json import read_tool_json
from tpugen.spec import Contract, CustomSpec, Port, contract_of
from tpugen.spec.custom import arguments_of, judged_by_beats, results_of
from tpugen.verif.harness import combinational_layout, cycle_layout, stream_layout
from tpugen.verif.plan import (
    CombinationalPlan,
    CombinationalTest,
    CyclePlan,
    CycleTest,
    Field,
    Phase,
    Stall,
    StreamPlan,
    StreamTest,
)
from tpugen.verif.plan import Reset as ResetCut

__all__ = ["REFERENCE_LIMITS", "CustomPlan", "Mode", "custom_mode", "make_custom_plan"]

REFERENCE_LIMITS = process.Limits(wall_s=60, cpu_s=60, memory_mb=4_000, file_mb=500)
"""Bounds on the user's reference while it answers all that the bench will ask."""

Mode = Literal["combinational", "pipelined", "cycles", "beats"]

_SOURCE, _JOB, _RESULT = "reference.py", "reference_job.json", "reference_tests.json"


@dataclass(frozen=True)
class CustomPlan:
    """A plan, and what the reference says beyond it.

    Attributes:
        plan: For the bench.
        mode: How the reference is asked.
        origins: Of each phase of each stream test, the number of the beat that gave each result.
        answer_cycles: Rising edges after which the outputs of a reference with `step` first answer their inputs; None
            where it is not such a reference, or nothing that was tried changed an output.
        exhaustive: Whether every value of the inputs is driven.
    """

    plan: CombinationalPlan | CyclePlan | StreamPlan
    mode: Mode
    origins: Mapping[str, tuple[tuple[int, ...], ...]]
    answer_cycles: int | None = None
    exhaustive: bool = False


def custom_mode(spec: CustomSpec) -> Mode:
    """How a Python reference is asked."""
    contract, form = contract_of(spec), spec.source.form
    if not contract.clocked:
        return "combinational"
    if judged_by_beats(contract, form):
        return "beats"
    return "cycles" if form == "step" else "pipelined"


def make_custom_plan(
    spec: CustomSpec, seed: int, folder: Path | None = None, *, limits: process.Limits = REFERENCE_LIMITS
) -> CustomPlan:
    """Ask the user's reference for everything that the bench drives.

    Args:
        spec: A design with a Python reference.
        seed: Seed of the stimulus.
        folder: Where job, answer and log go; left out: nothing is kept.
        limits: Bounds on the reference.

    Raises:
        RequestError: the reference failed, never ended, or gave a value that no port can hold; with file and line.
        ToolFailedError: the worker itself broke.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="tpugen-") as scratch:
            return make_custom_plan(spec, seed, Path(scratch), limits=limits)
    contract, mode = contract_of(spec), custom_mode(spec)
    plan = _layout(contract, mode, seed)
    (folder / _SOURCE).write_text(spec.reference, encoding="utf-8")
    job = _job(spec, contract, mode, plan, folder / _SOURCE)
    (folder / _JOB).write_text(json.dumps(job), encoding="utf-8")
    answer = _ask(spec, folder, limits)
    _check_latency(spec, contract, mode, answer.get("latency"))
    return _filled(plan, mode, answer)


def _layout(contract: Contract, mode: Mode, seed: int) -> CombinationalPlan | CyclePlan | StreamPlan:
    if mode == "combinational":
        return combinational_layout(contract, seed)
    if mode != "beats":
        return cycle_layout(contract, seed)
    plan = stream_layout(contract, seed)
    cycles = contract.latency.cycles or 0
    plan.idle_limit, plan.settle = 8 * cycles + 2_000, cycles + 40
    reset = contract.reset_port
    plan.reset_grace = 0 if reset is not None and reset.asynchronous else 1
    return plan


def _job(
    spec: CustomSpec, contract: Contract, mode: Mode, plan: CombinationalPlan | CyclePlan | StreamPlan, path: Path
) -> dict[str, Any]:
    form, reset = spec.source.form, contract.reset_port
    if isinstance(plan, StreamPlan):
        inputs = _described(arguments_of(contract, form), {})
        outputs = _described(results_of(contract, form), _offsets(contract, "source"))
    else:
        inputs = _described(arguments_of(contract, form), {item.name: item.offset for item in plan.inputs})
        outputs = _described(results_of(contract, form), {item.name: item.offset for item in plan.outputs})
    offsets = _offsets(contract, "sink")
    sinks = [
        {
            "name": channel.name,
            "valid": channel.valid,
            "ready": channel.ready,
            "payload": list(channel.payload),
            "fields": [{"name": name, "offset": offsets[name]} for name in channel.payload],
        }
        for channel in contract.channels
        if channel.role == "sink"
    ]
    return {
        "path": str(path),
        "name": spec.reference_name,
        "form": form,
        "mode": mode,
        "inputs": inputs,
        "outputs": outputs,
        "sinks": sinks,
        "source": next((channel.name for channel in contract.channels if channel.role == "source"), None),
        "reset": reset is not None,
        "asynchronous": reset is not None and reset.asynchronous,
        "latency": contract.latency.cycles,
        "seed": plan.seed,
    }


def _described(ports: Iterable[Port], offsets: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "name": port.name,
            "width_bits": port.width_bits,
            "signed": bool(port.signed),
            "offset": offsets.get(port.name, 0),
        }
        for port in ports
    ]


def _offsets(contract: Contract, role: str) -> dict[str, int]:
    """Where each payload port lies in the beat of its channel."""
    found: dict[str, int] = {}
    for channel in contract.channels:
        offset = 0
        for name in channel.payload if channel.role == role else ():
            found[name] = offset
            offset += contract.port(name).width_bits
    return found


def beat_fields(contract: Contract, role: str) -> list[Field]:
    """Payload ports of the channels of one role as slices of their beats."""
    return [Field(name, at, contract.port(name).width_bits) for name, at in _offsets(contract, role).items()]


def _ask(spec: CustomSpec, folder: Path, limits: process.Limits) -> dict[str, Any]:
    (folder / _RESULT).unlink(missing_ok=True)
    # -I keeps the folder of the run and the caller's variables away from the child's imports.
    command = [sys.executable, "-I", "-m", "tpugen.verif._reference_worker", _JOB, _RESULT]
    try:
        done = process.run(
            command, cwd=folder, limits=limits, log=folder / "reference.log", env={"PYTHONHASHSEED": "0"}
        )
    except ToolLimitError as error:
        raise RequestError(
            f"{spec.reference_name} did not come to an end: {error.message.replace('python', spec.reference_name, 1)}",
            hint="look for a loop that never ends; it is called some thousand times and must answer quickly",
        ) from None
    except ToolFailedError as error:
        raise RequestError(f"{spec.reference_name} ended Python: {error.message}") from None
    if not (folder / _RESULT).is_file():
        raise ToolFailedError(f"the reference could not be asked (code {done.returncode}): {done.tail()}")
    answer = read_tool_json(folder / _RESULT, "the reference")
    if "error" in answer:
        place = spec.reference_name if answer["line"] is None else f"{spec.reference_name}:{answer['line']}"
        raise RequestError(
            f"{place}: {answer['error']}", hint="the reference is wrong, not a design: nothing was started"
        )
    return answer


def _check_latency(spec: CustomSpec, contract: Contract, mode: Mode, answer_cycles: int | None) -> None:
    stated = contract.latency.cycles
    if mode == "cycles" and stated is not None and answer_cycles is not None and stated != answer_cycles:
        raise RequestError(
            f"{spec.contract_name} says a latency of {stated}, but the outputs of {spec.reference_name} first answer "
            f"their inputs after {answer_cycles} clock cycles",
            hint="mend one of them, or leave the line `latency` out",
        )


def _filled(plan: CombinationalPlan | CyclePlan | StreamPlan, mode: Mode, answer: Mapping[str, Any]) -> CustomPlan:
    origins: dict[str, tuple[tuple[int, ...], ...]] = {}
    for test in answer["tests"]:
        name, meaning, waves = str(test["name"]), str(test["meaning"]), bool(test["waves"])
        if isinstance(plan, StreamPlan):
            plan.tests.append(StreamTest(name, meaning, [_phase(phase) for phase in test["phases"]], waves))
            origins[name] = tuple(tuple(phase["origins"]) for phase in test["phases"])
            continue
        drive, expected, care = (_integers(test[key]) for key in ("drive", "expected", "care"))
        if isinstance(plan, CyclePlan):
            plan.tests.append(CycleTest(name, meaning, drive, expected, care, waves))
        else:
            plan.tests.append(CombinationalTest(name, meaning, drive, expected, waves, care))
    exhaustive = any(test["name"] == "exhaustive" for test in answer["tests"])
    return CustomPlan(plan, mode, origins, answer.get("latency"), exhaustive)


def _phase(data: Mapping[str, Any]) -> Phase:
    return Phase(
        sinks={name: _integers(beats) for name, beats in data["sinks"].items()},
        expected=_integers(data["expected"]),
        stalls={name: Stall(**stall) for name, stall in data["stalls"].items()},
        expected_cycles=data["expected_cycles"],
        measure=data["measure"],
        garbage=data["garbage"],
        reset=None if data["reset"] is None else ResetCut(**data["reset"]),
        care=_integers(data["care"]),
    )


def _integers(values: Iterable[str]) -> list[int]:
    return [int(value, 16) for value in values]
