"""Scripts for tensor units: plays jobs on the RTL in Icarus, through AXI models, and judges every answer.

A script is a list of steps for `tpugen.verif.benches.tpu`, each with what must come of it, computed by
`tpugen.arithmetic.tpu`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.tpu import (
    PostProcessing,
    Register,
    Status,
    TpuShape,
    job_beats,
    job_registers,
    job_result,
    pack_results,
)
from tpugen.errors import DesignFailedError
from tpugen.flows import process
from tpugen.flows.tools import ICARUS, VVP
from tpugen.verif.simulation import cocotb_environment, run_command

__all__ = ["Script", "TpuJob", "play", "tpu_parameters"]

_LIMITS = process.Limits(wall_s=600.0, cpu_s=600.0, memory_mb=4_000, file_mb=100)
_WAIT_CYCLES = 4_000
_SLAVE_ERROR = 2
_MODULE = "tpugen.verif.benches.tpu"
_TOP = "tpu_bench"


@dataclass(frozen=True)
class TpuJob:
    """One job.

    Attributes:
        a: (M, K).
        b: (K, N).
        post: What happens to the sums.
        bias: (N,), or None.
        unsigned: Whether A is uint8.
    """

    a: IntArray
    b: IntArray
    post: PostProcessing = field(default_factory=PostProcessing)
    bias: IntArray | None = None
    unsigned: bool = False

    @property
    def sizes(self) -> tuple[int, int, int]:
        """M, K, N."""
        return self.a.shape[0], self.a.shape[1], self.b.shape[1]

    @property
    def result(self) -> IntArray:
        """C, (M, N)."""
        return job_result(self.a, self.b, self.post, self.bias, unsigned=self.unsigned)

    def registers(self) -> dict[Register, int]:
        """What the host writes before the start."""
        return job_registers(*self.sizes, self.post, bias=self.bias is not None, unsigned=self.unsigned)

    def streams(self, shape: TpuShape) -> dict[str, list[bytes]]:
        """Beats of every stream, as bytes."""
        beats = job_beats(shape, self.a, self.b, self.bias, unsigned=self.unsigned)
        types = {"a": "u1" if self.unsigned else "i1", "b": "i1", "bias": "<i4"}
        return {
            name: [row.tobytes() for row in rows.astype(types[name])]
            for name, rows in beats._asdict().items()
            if len(rows)
        }


@dataclass
class Script:
    """Steps and what must come of them; every method adds to it.

    Attributes:
        shape: Parameters of the unit.
        seed: Seed of pauses.
        steps: What the bench does.
        expected: For each step, what its event must hold.
    """

    shape: TpuShape
    seed: int = 1
    steps: list[dict[str, Any]] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)

    def _add(self, expected: Mapping[str, Any], **step: Any) -> None:
        self.steps.append(step)
        self.expected.append(dict(expected))

    def write(self, address: int, value: int, *, refused: bool = False, count: int = 4) -> None:
        """Write the low `count` bytes of a word."""
        response = {"response": _SLAVE_ERROR if refused else 0}
        self._add(response, do="write", address=address, value=value, bytes=count)

    def read(
        self, address: int, value: int, *, refused: bool = False, interrupt: int | None = None, count: int = 4
    ) -> None:
        """Read `count` bytes, and look at the interrupt."""
        expected: dict[str, Any] = {"response": _SLAVE_ERROR if refused else 0, "value": value}
        self._add(
            expected if interrupt is None else expected | {"interrupt": interrupt},
            do="read",
            address=address,
            bytes=count,
        )

    def pace(self, chance: float) -> None:
        """From now on every port offers or takes with this chance in a cycle."""
        names = ("a", "b", "bias", "result", "aw", "w", "b_answer", "ar", "r")
        self._add({}, do="pace", chances=dict.fromkeys(names, chance))

    def pause(self, stream: str, chance: float) -> None:
        """The same for one port."""
        self._add({}, do="pace", chances={stream: chance})

    def cycles(self, count: int) -> None:
        """Let time pass."""
        self._add({}, do="cycles", count=count)

    def reset(self) -> None:
        """Reset; the models forget what they had to send and had received."""
        self._add({}, do="reset")

    def send(self, stream: str, *frames: Sequence[bytes]) -> None:
        """Queue beats; `tlast` ends every frame."""
        self._add({}, do="send", stream=stream, frames=[b"".join(frame).hex() for frame in frames])

    def setup(self, job: TpuJob) -> None:
        """Write sizes and settings."""
        for address, value in job.registers().items():
            self.write(address, value)

    def start(self, *, refused: bool = False) -> None:
        """Start a job."""
        self.write(Register.CONTROL, 1, refused=refused)

    def finish(
        self, result: IntArray, *, wide: bool, status: Status = Status.DONE, unsent: Mapping[str, int] | None = None
    ) -> None:
        """Wait for the end; all results must be there, in one frame; then clear the status."""
        self._add({"idle": True}, do="wait", limit=_WAIT_CYCLES)
        beats = pack_results(self.shape, result, wide=wide)
        frame = {
            "data": b"".join(data for data, _ in beats).hex(),
            "keep": [bit for _, keep in beats for bit in keep],
        }
        left = {"a": 0, "b": 0, "bias": 0} | dict(unsent or {})
        self._add({"frames": [frame], "unsent": left}, do="receive")
        self.read(Register.STATUS, status, interrupt=1)
        self.write(Register.STATUS, 0xFFFFFFFF)
        self.read(Register.STATUS, 0, interrupt=0)

    def job(self, job: TpuJob, *, cycles: int | None = None) -> None:
        """A whole job; `cycles` is what its counter must say, if given."""
        self.setup(job)
        for stream, beats in job.streams(self.shape).items():
            self.send(stream, beats)
        if cycles is not None:
            self.cycles(4)  # the streams' first beats are there
        self.start()
        self.finish(job.result, wide=job.post.wide)
        if cycles is not None:
            self.read(Register.CYCLES, cycles)


def tpu_parameters(shape: TpuShape) -> dict[str, int]:
    """The RTL's parameters."""
    return {
        "Rows": shape.rows,
        "Cols": shape.cols,
        "Depth": shape.depth,
        "MultiplierWidth": shape.multiplier_width_bits,
        "UnsignedActivations": int(shape.unsigned_activations),
    }


def play(
    scripts: Sequence[Script], designs: Sequence[Mapping[str, str]], folder: Path, *, stop: bool = False
) -> list[list[str]]:
    """Problems of tensor units, each on its script, all in one simulation; none: everything was as expected.

    Args:
        scripts: What is done and what must come of it.
        designs: For each script, Verilog of all modules by name.
        folder: Where everything goes; created.
        stop: Whether a unit's script ends at the first step that went wrong.

    Raises:
        DesignFailedError: Icarus refuses a design.
        ToolMissingError: no Icarus.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True)
    for unit, design in enumerate(designs):
        text = "\n".join(_suffixed(design, unit))
        (folder / f"unit_{unit}.v").write_text(text, encoding="utf-8")
    (folder / "bench.v").write_text(_bench_text([script.shape for script in scripts]), encoding="utf-8")
    command = [ICARUS.require().path, "-g2005", "-o", "sim.vvp", "-s", _TOP, "bench.v"]
    files = [f"unit_{unit}.v" for unit in range(len(designs))]
    done = process.run([*command, *files], cwd=folder, limits=_LIMITS, log=folder)
    if done.returncode != 0:
        raise DesignFailedError(f"Icarus refused the tensor unit: {(done.stderr + done.stdout)[:500]}")
    plan = folder / "plan.json"
    units = [
        {"seed": script.seed, "steps": script.steps, "expected": script.expected, "stop": stop} for script in scripts
    ]
    plan.write_text(json.dumps({"units": units}), encoding="utf-8")
    environment = {
        **cocotb_environment(_MODULE, _TOP, folder, 1),
        "COCOTB_RESOLVE_X": "zeros",  # the bench itself looks for unknown bits
        "TPUGEN_BENCH_PLAN": str(plan),
        "TPUGEN_BENCH_REPORT": str(folder / "report.jsonl"),
    }
    command = [part for part in run_command(VVP.require().path) if part != "-fst"]
    process.run(command, cwd=folder, limits=_LIMITS, log=folder, env=environment)
    path = folder / "report.jsonl"
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [_judge(script, [event for event in events if event["unit"] == unit]) for unit, script in enumerate(scripts)]


def _suffixed(design: Mapping[str, str], unit: int) -> Iterable[str]:
    """The design's modules under names of their own."""
    names = re.compile(rf"^(\s*(?:module\s+)?(?:{'|'.join(design)}))(?=\s+(?:#|u_|\())", re.MULTILINE)
    return (names.sub(rf"\g<1>__{unit}", text) for text in design.values())


def _bench_text(shapes: Sequence[TpuShape]) -> str:
    """A module of units whose ports the bench drives from inside."""
    lines = []
    for unit, shape in enumerate(shapes):
        settings = ", ".join(f".{name} ({value})" for name, value in tpu_parameters(shape).items())
        lines.append(f"  tpu__{unit} #({settings}) u_{unit} ();")
    return f"module {_TOP};\n" + "\n".join(lines) + "\nendmodule\n"


def _judge(script: Script, events: Sequence[Mapping[str, Any]]) -> list[str]:
    problems = [f"{event['port']}: {event['event']}" for event in events if event["event"] in ("moved", "unknown")]
    steps = [event for event in events if event["event"] == "step"]
    for number, (event, step, expected) in enumerate(zip(steps, script.steps, script.expected, strict=False)):
        for key, value in expected.items():
            if event.get(key) != value:
                name = f"step {number} ({step['do']} {step.get('address', '')})"
                problems.append(f"{name}: {key} is {_short(event.get(key))}, not {_short(value)}")
    if not any(event["event"] == "end" for event in events):
        problems.append(f"the bench ended after {len(steps)} of {len(script.steps)} steps")
    return problems


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}..."
