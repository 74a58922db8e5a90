"""Many designs in one simulator run: all are driven alike and must follow one timeline, each with its own numbers.

The bench is plain Verilog without cocotb: drive vectors, expected handshakes and every design's expected results are
memories. In each cycle outside reset every ready and valid must be as in the timeline, and every result on offer,
whether taken or held back, must be the golden model's, bit for bit; while reset is asserted nothing may be valid.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import ICARUS
from tpugen.flows.verilog_bench import icarus_commands
from tpugen.rtl_templates import instantiated_modules
from tpugen.spec import SystolicArraySpec, contract_for
from tpugen.storage import sha256_json, sha256_text
from tpugen.verif.diagnosis import finding_for
from tpugen.verif.harness import CLOCK_PERIOD_NS, HARNESS, stream_connections
from tpugen.verif.plan import StreamPlan
from tpugen.verif.timeline import Cycle, Timeline

__all__ = ["LOCKSTEP_LIMITS", "Follower", "Outcome", "distinct_modules", "lockstep_digest", "run_lockstep"]

LOCKSTEP_LIMITS = process.Limits(wall_s=900, cpu_s=900, memory_mb=6_000, file_mb=200)
"""Generous for a batch of some dozens of small arrays."""

_BENCH, _DESIGNS = "bench.v", "designs.v"
_DRIVE, _EXPECTED = "drive.hex", "expected.hex"
_BEAT_BITS = 24
_SHOWN_CHARACTERS = 400
_FAIL = re.compile(
    r"^tpugen-fail (?P<number>\d+) (?P<cycle>\d+) (?P<handshake>[01xz]+) (?P<payload>[01xz]+)$", re.MULTILINE
)
_END = re.compile(r"^tpugen-end (?P<number>\d+) (?P<checked>\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Follower:
    """A design that must follow the timeline.

    Attributes:
        spec: What it must be.
        modules: Verilog text of each of its modules by name, dependencies first, the top last.
        plan: Its plan, with its own expected results.
    """

    spec: SystolicArraySpec
    modules: Mapping[str, str]
    plan: StreamPlan


@dataclass(frozen=True)
class Outcome:
    """How a design followed.

    Attributes:
        checked: Result vectors compared, one each cycle in which one is on offer.
        findings: Why it fails; empty: it passes.
    """

    checked: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def run_lockstep(
    followers: Sequence[Follower], timeline: Timeline, folder: Path, *, limits: process.Limits = LOCKSTEP_LIMITS
) -> list[Outcome]:
    """Simulate designs in one process and compare each with the timeline and its golden results.

    A design that does not compile, or that keeps the simulation from ending, is found by halving the batch: its
    neighbours still get their verdicts.

    Args:
        followers: Designs of one dataflow, shape, widths and signedness, driven by equal operands.
        timeline: What happens in each cycle; every plan must fit it.
        folder: Where bench, memories and logs go; created if missing.
        limits: Bounds on each tool run.

    Raises:
        ValueError: designs that cannot be driven alike.
        ToolMissingError: no Icarus.
    """
    _check_alike(followers, timeline)
    return _run(list(followers), timeline, folder, limits)


def _check_alike(followers: Sequence[Follower], timeline: Timeline) -> None:
    first = followers[0].plan
    stimulus = [phase.sinks for test in first.tests for phase in test.phases]
    for follower in followers:
        plan = follower.plan
        if not timeline.fits(plan):
            raise ValueError(
                f"{contract_for(follower.spec).module}: its plan is not the one that the timeline recorded"
            )
        if plan.drive_bits != first.drive_bits or [p.sinks for t in plan.tests for p in t.phases] != stimulus:
            raise ValueError(f"{contract_for(follower.spec).module}: its operands differ from those of the batch")


def _run(followers: list[Follower], timeline: Timeline, folder: Path, limits: process.Limits) -> list[Outcome]:
    folder.mkdir(parents=True, exist_ok=True)
    problem, output = _simulate(followers, timeline, folder.resolve(), limits)
    if problem is None:
        return _outcomes(followers, timeline, output)
    if len(followers) == 1:
        return [Outcome(0, (problem,))]
    middle = len(followers) // 2
    return [
        *_run(followers[:middle], timeline, folder / "first", limits),
        *_run(followers[middle:], timeline, folder / "second", limits),
    ]


def _simulate(
    followers: Sequence[Follower], timeline: Timeline, folder: Path, limits: process.Limits
) -> tuple[Finding | None, str]:
    """What kept the run from ending, if anything; else what the simulation said."""
    for name, text in _inputs(followers, timeline).items():
        (folder / name).write_text(text, encoding="utf-8")
    said = ""
    for name, command in zip(("compile", "run"), icarus_commands(HARNESS, [_BENCH, _DESIGNS]), strict=True):
        try:
            done = process.run(command, cwd=folder, limits=limits, log=folder)
        except ToolLimitError as error:
            return _error("endless", f"{name}: the simulator did not end: {error.message}"), ""
        except ToolFailedError as error:
            return _error("crash", f"{name}: the simulator crashed: {error.message}"), ""
        said = done.stdout
        if done.returncode != 0:
            lines = dict.fromkeys(line.strip(" *") for line in (done.stderr or done.stdout).splitlines())
            text = "; ".join(line for line in lines if line)
            return _error(name, f"the simulator refused the design: {text[:_SHOWN_CHARACTERS]}"), ""
    return None, said


def _inputs(followers: Sequence[Follower], timeline: Timeline) -> dict[str, str]:
    """Every file that the simulation reads."""
    texts, tops = distinct_modules([follower.modules for follower in followers])
    files = {
        _DESIGNS: "\n".join(texts),
        _BENCH: _bench(followers, tops, timeline),
        _DRIVE: _drive_words(followers[0].plan, timeline),
        _EXPECTED: _expected_words(followers[0].plan, timeline),
    }
    for number, follower in enumerate(followers):
        beats = [beat for test in follower.plan.tests for phase in test.phases for beat in phase.expected]
        files[f"results_{number}.hex"] = "\n".join(f"{beat:x}" for beat in beats)
    return files


def lockstep_digest(followers: Sequence[Follower], timeline: Timeline) -> str:
    """SHA-256 of all that decides the verdicts: designs, bench, operands, golden results, and the simulator."""
    inputs = {name: sha256_text(text) for name, text in _inputs(followers, timeline).items()}
    return sha256_json({"inputs": inputs, "icarus": ICARUS.require().version})


def _error(rule: str, message: str) -> Finding:
    return Finding(severity="error", gate="simulate", rule=rule, message=message)


# -- modules ------------------------------------------------------------------------------------------------------


def distinct_modules(designs: Sequence[Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """Every different module once, under a name of its own, and the new name of each design's top.

    Modules are the same only if their texts are, and those of all that they instantiate. The first of a name keeps it.

    Args:
        designs: Verilog text by module name, dependencies first, the top last.
    """
    texts: list[str] = []
    names: dict[tuple[str, str], str] = {}
    used: dict[str, int] = {}
    tops = []
    for modules in designs:
        renamed: dict[str, str] = {}
        for name, text in modules.items():
            below = {child: renamed[child] for child in instantiated_modules(text) if child in renamed}
            body = _renamed(text, {child: new for child, new in below.items() if child != new})
            if (name, body) not in names:
                used[name] = used.get(name, 0) + 1
                names[name, body] = name if used[name] == 1 else f"{name}__{used[name]}"
                texts.append(_renamed(body, {name: names[name, body]}))
            renamed[name] = names[name, body]
        tops.append(renamed[list(modules)[-1]])
    return texts, tops


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with other module names, where modules are declared and instantiated."""
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b(?=\s*(?:#\s*\(|u_\w+\s*\())|(?<=\bmodule ){old}\b", new, text)
    return text


# -- bench --------------------------------------------------------------------------------------------------------


def _bench(followers: Sequence[Follower], tops: Sequence[str], timeline: Timeline) -> str:
    plan = followers[0].plan
    handshakes = len(plan.sinks) + 1
    results = sum(sum(phases) for phases in timeline.counts)
    lines = [
        "`timescale 1ns/1ps",
        "`default_nettype none",
        *_follower_module(handshakes, plan.out_beat.width_bits, results),
        f"module {HARNESS};",
        f"  reg [{plan.drive_bits - 1}:0] drives [0:{len(timeline.cycles) - 1}];",
        f"  reg [{_BEAT_BITS + 2 * handshakes}:0] expectations [0:{len(timeline.cycles) - 1}];",
        f"  reg [{plan.drive_bits - 1}:0] drive;",
        f"  reg [{_BEAT_BITS + 2 * handshakes}:0] expectation;",
        "  reg clk;",
        "  reg strobe;",
        "  integer cycle;",
        "  integer now;",
        "  initial begin",
        f'    $readmemh("{_DRIVE}", drives);',
        f'    $readmemh("{_EXPECTED}", expectations);',
        "    clk = 1'b0;",
        "    strobe = 1'b0;",
        f"    drive = {plan.drive_bits}'d0;",
        "    expectation = 0;",
        f"    for (cycle = 0; cycle < {len(timeline.cycles)}; cycle = cycle + 1) begin",
        f"      #{CLOCK_PERIOD_NS // 2} clk = 1'b1;",
        "      strobe = 1'b0;",
        "      #1 drive = drives[cycle];",
        "      now = cycle;",
        "      expectation = expectations[cycle];",
        f"      #{CLOCK_PERIOD_NS // 2 - 1} clk = 1'b0;",
        "      strobe = 1'b1;",
        "    end",
    ]
    lines += [f"    #1 u_follower_{number}.close;" for number in range(len(followers))]
    lines += ["    $finish(0);", "  end"]
    for number, (follower, top) in enumerate(zip(followers, tops, strict=True)):
        sample = f"sample_{number}"
        connections = stream_connections(contract_for(follower.spec), plan, sample=sample)
        handshake = [f"{sample}[{plan.out_valid}]", *(f"{sample}[{sink.ready}]" for sink in plan.sinks)]
        beat = plan.out_beat
        lines += [
            f"  wire [{plan.sample_bits - 1}:0] {sample};",
            f"  {top} u_dut_{number} (",
            ",\n".join(f"    .{name}({signal})" for name, signal in connections),
            "  );",
            f"  tpugen_follower #({number}) u_follower_{number} (",
            "    .strobe_i(strobe), .cycle_i(now), .expectation_i(expectation),",
            f"    .handshake_i({{{', '.join(handshake)}}}),",
            f"    .payload_i({sample}[{beat.offset + beat.width_bits - 1}:{beat.offset}])",
            "  );",
            f'  initial $readmemh("results_{number}.hex", u_follower_{number}.results);',
        ]
    return "\n".join([*lines, "endmodule", "`default_nettype wire", ""])


def _follower_module(handshakes: int, payload_bits: int, results: int) -> list[str]:
    """The checker of one design; it says the first cycle that differs, or at the end how many results it compared."""
    low, middle, high = 0, handshakes, 2 * handshakes
    return [
        "module tpugen_follower #(parameter integer Number = 0) (",
        "  input wire strobe_i,",
        "  input wire [31:0] cycle_i,",
        f"  input wire [{_BEAT_BITS + 2 * handshakes}:0] expectation_i,",
        f"  input wire [{handshakes - 1}:0] handshake_i,",
        f"  input wire [{payload_bits - 1}:0] payload_i",
        ");",
        f"  reg [{payload_bits - 1}:0] results [0:{results - 1}];",
        "  reg failed;",
        "  integer checked;",
        "  initial begin failed = 1'b0; checked = 0; end",
        f"  wire [{handshakes - 1}:0] expected = expectation_i[{middle - 1}:{low}];",
        f"  wire [{handshakes - 1}:0] mask = expectation_i[{high - 1}:{middle}];",
        f"  wire [{_BEAT_BITS - 1}:0] beat = expectation_i[{high + _BEAT_BITS - 1}:{high}];",
        f"  wire compares = expectation_i[{high + _BEAT_BITS}];",
        "  always @(posedge strobe_i) if (!failed) begin",
        f"    if (((handshake_i ^ expected) & mask) !== {handshakes}'d0) failed = 1'b1;",
        "    else if (compares) begin",
        "      if (payload_i !== results[beat]) failed = 1'b1;",
        "      else checked = checked + 1;",
        "    end",
        '    if (failed) $display("tpugen-fail %0d %0d %b %b", Number, cycle_i, handshake_i, payload_i);',
        "  end",
        "  task close;",
        '    if (!failed) $display("tpugen-end %0d %0d", Number, checked);',
        "  endtask",
        "endmodule",
    ]


def _drive_words(plan: StreamPlan, timeline: Timeline) -> str:
    """The drive vector of each cycle; payloads that are not valid carry random bits where the phase asks for them."""
    rng = random.Random(plan.seed)  # noqa: S311 - stimulus, not secrets
    words = []
    for cycle in timeline.cycles:
        word = 0
        if cycle.phase is not None:
            word = 1
            phase = plan.tests[cycle.test].phases[cycle.phase]
            for sink, beat, flag in zip(plan.sinks, cycle.offered, cycle.idle_flags, strict=True):
                if beat is not None:
                    word |= 1 << sink.valid | phase.sinks[sink.name][beat] << sink.beat.offset
                elif phase.garbage:
                    below = sink.beat.width_bits - 1
                    word |= (rng.getrandbits(below) | int(flag) << below) << sink.beat.offset
        words.append(f"{word | int(cycle.result_ready) << plan.out_ready:x}")
    return "\n".join(words)


def _expected_words(plan: StreamPlan, timeline: Timeline) -> str:
    """Of each cycle: {compares, beat, mask, handshake}; handshakes as {result valid, ready of each sink}."""
    handshakes = len(plan.sinks) + 1
    words = []
    for cycle in timeline.cycles:
        handshake, mask = 1 if cycle.result is not None else 0, 1
        for ready in cycle.ready:
            handshake, mask = handshake << 1 | int(ready), mask << 1 | int(cycle.phase is not None)
        word = handshake | mask << handshakes
        if cycle.result is not None:
            word |= _beat_number(timeline, cycle) << 2 * handshakes | 1 << (2 * handshakes + _BEAT_BITS)
        words.append(f"{word:x}")
    return "\n".join(words)


def _beat_number(timeline: Timeline, cycle: Cycle) -> int:
    """Number of a result beat among all of the plan."""
    before = sum(sum(phases) for phases in timeline.counts[: cycle.test])
    return before + sum(timeline.counts[cycle.test][: cycle.phase]) + (cycle.result or 0)


# -- verdicts -----------------------------------------------------------------------------------------------------


def _outcomes(followers: Sequence[Follower], timeline: Timeline, output: str) -> list[Outcome]:
    ends = {int(match["number"]): int(match["checked"]) for match in _END.finditer(output)}
    fails = {int(match["number"]): match for match in _FAIL.finditer(output)}
    compared = sum(cycle.result is not None for cycle in timeline.cycles)
    outcomes = []
    for number, follower in enumerate(followers):
        if number in fails:
            finding = _difference(follower, timeline, fails[number])
            outcomes.append(Outcome(_compared_before(timeline, int(fails[number]["cycle"])), (finding,)))
        elif ends.get(number) == compared:
            outcomes.append(Outcome(compared, ()))
        else:
            said = f"compared {ends.get(number, 0)} of {compared} results: the simulation ended too early"
            outcomes.append(Outcome(ends.get(number, 0), (_error("ended-early", said),)))
    return outcomes


def _compared_before(timeline: Timeline, cycle: int) -> int:
    return sum(earlier.result is not None for earlier in timeline.cycles[:cycle])


def _difference(follower: Follower, timeline: Timeline, said: re.Match[str]) -> Finding:
    """The finding of the first cycle in which a design departs from the timeline or from its numbers."""
    plan, number = follower.plan, int(said["cycle"])
    cycle = timeline.cycles[number]
    test = plan.tests[cycle.test]
    names = ["valid of channel result", *(f"ready of channel {sink.name}" for sink in plan.sinks)]
    expected = [cycle.result is not None, *cycle.ready]
    checked = names if cycle.phase is not None else names[:1]
    for name, bit, wanted in zip(checked, said["handshake"], expected, strict=False):
        if bit != str(int(wanted)):
            when = "while rst_ni is low" if cycle.phase is None else f"where the exact design has {int(wanted)}"
            return _error(
                "handshake", f"test {test.name}: cycle {number}: {name} is {bit} {when}. The test: {test.meaning}"
            )
    event = {"test": test.name, "phase": cycle.phase, "beat": cycle.result, "cycle": number}
    if not said["payload"].isdigit():
        message = f"cycle {number}: bits of a valid result are unknown (x or z)"
        return finding_for(
            follower.spec, plan, {**event, "rule": "x-output", "message": message, "got": said["payload"]}
        )
    got = format(int(said["payload"], 2), "x")
    message = f"cycle {number}: result beat {(cycle.result or 0) + 1} is wrong"
    return finding_for(follower.spec, plan, {**event, "rule": "wrong-result", "message": message, "got": got})
