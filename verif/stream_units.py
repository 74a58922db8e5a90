"""Streaming library units against their models: plain Verilog under Icarus, random stalls, resets in mid-stream.

A unit has channels with valid and ready (see `tpugen.spec.contract`): any number of sinks and one source. A scenario
says which beats enter, which must leave, how often each channel pauses, and whether a reset cuts it off. The bench
offers noise where nothing is valid, compares every beat on offer, whether taken or held back, bit for bit, demands that
an offer stays until it is taken and that reset clears it at once, counts flags, watches what must outlast its beat, and
measures the cycles from the first beat in to the last beat out. A unit that stops moving is a finding, never a hang.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.flows import process
from tpugen.flows.verilog_bench import icarus_commands
from tpugen.rtl_templates.instances import instance

__all__ = ["Outcome", "Scenario", "StreamChannel", "StreamUnit", "bench_text", "run_scenarios"]

_BENCH = "stream_bench"
_LIMITS = process.Limits(wall_s=300, cpu_s=300, memory_mb=2_000, file_mb=100)
_END = re.compile(r"^end (\d+) (\d+) (-?\d+) (\d+)((?: \d+)*)$", re.MULTILINE)
_FAIL = re.compile(r"^fail (\d+) (\d+) ([\w-]+) (\d+) (\w+) (\w+)$", re.MULTILINE)
_IDLE_LIMIT = 400
_SETTLE = 12
_STALL_LEVELS = 256


@dataclass(frozen=True)
class StreamChannel:
    """One channel: ports `<name>_valid_*` and `<name>_ready_*`, and its payload.

    Attributes:
        name: Prefix of the handshake's ports, e.g. `operand`.
        payload: Ports and their widths in bits; a beat is one number for each.
    """

    name: str
    payload: Mapping[str, int]

    @property
    def width_bits(self) -> int:
        """All payload ports side by side."""
        return sum(self.payload.values())

    def word(self, beat: Sequence[int]) -> int:
        """A beat's numbers, packed; negative ones in two's complement."""
        word, offset = 0, 0
        for value, width in zip(beat, self.payload.values(), strict=True):
            word |= (int(value) & ((1 << width) - 1)) << offset
            offset += width
        return word

    def slices(self, vector: str) -> dict[str, str]:
        """Each payload port and where it lies in a packed vector."""
        places, offset = {}, 0
        for port, width in self.payload.items():
            places[port] = f"{vector}[{offset + width - 1}:{offset}]"
            offset += width
        return places


@dataclass(frozen=True)
class StreamUnit:
    """A unit under test.

    Attributes:
        module: Name of the library module.
        sinks: Channels into it.
        source: The channel out of it.
        parameters: Verilog parameters.
        flags: One-bit outputs whose active cycles are counted.
        kept: Payload ports of the source that stay as they are from a beat to the next one.
    """

    module: str
    sinks: tuple[StreamChannel, ...]
    source: StreamChannel
    parameters: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """What is driven and what must come out, from reset on.

    Attributes:
        name: Told in findings.
        beats: For each sink its beats.
        expected: Beats that must leave.
        stalls: How often each channel pauses, 0..1, by name; absent: never.
        cut_after: Cycles after which a reset ends the scenario; what left until then must be right.
        cycles: From the first beat in to the last beat out, both counted; None: not compared.
        flags: How many cycles each flag of the unit is active; absent: never.
        patient: Whether what comes out is taken only after it has been on offer for a cycle.
    """

    name: str
    beats: Mapping[str, Sequence[Sequence[int]]]
    expected: Sequence[Sequence[int]]
    stalls: Mapping[str, float] = field(default_factory=dict)
    cut_after: int | None = None
    cycles: int | None = None
    flags: Mapping[str, int] = field(default_factory=dict)
    patient: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario.

    Attributes:
        name: The scenario's.
        checked: Beats that left and were compared.
        cycles: Measured latency; None where nothing left.
        problems: What was wrong, in words; empty: nothing.
    """

    name: str
    checked: int
    cycles: int | None
    problems: tuple[str, ...]


def run_scenarios(
    unit: StreamUnit,
    scenarios: Sequence[Scenario],
    sources: Mapping[str, str],
    folder: Path,
    *,
    seed: int = 1,
    stop: bool = False,
) -> list[Outcome]:
    """Simulate a unit through all scenarios, one after the other, in one run of Icarus.

    Args:
        unit: What it is.
        scenarios: What to do with it.
        sources: Verilog text of each module by name: the unit and all that it instantiates.
        folder: Where bench, memories and logs go; created if missing.
        seed: Of stalls and noise.
        stop: End at the first scenario that finds a fault.

    Returns:
        One outcome for each scenario. RTL that does not compile or end fails all of them.

    Raises:
        ToolMissingError: no Icarus.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
    (folder / f"{_BENCH}.v").write_text(bench_text(unit, scenarios, seed, stop=stop), encoding="utf-8")
    for channel in (*unit.sinks, unit.source):
        lists = [s.expected if channel is unit.source else s.beats[channel.name] for s in scenarios]
        words = [f"{channel.word(beat):x}" for beats in lists for beat in beats]
        (folder / f"{channel.name}.hex").write_text("\n".join([*words, "0"]) + "\n", encoding="ascii")
    files = [f"{_BENCH}.v", *(f"{name}.v" for name in sources)]
    output = ""
    for command in icarus_commands(_BENCH, files):
        try:
            done = process.run(command, cwd=folder.resolve(), limits=_LIMITS, log=folder)
        except (ToolLimitError, ToolFailedError) as error:
            return [Outcome(scenario.name, 0, None, (error.message,)) for scenario in scenarios]
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip()[:400]
            return [Outcome(scenario.name, 0, None, (f"Icarus refused the design: {said}",)) for scenario in scenarios]
        output = done.stdout
    return _outcomes(unit, scenarios, output)


def _outcomes(unit: StreamUnit, scenarios: Sequence[Scenario], output: str) -> list[Outcome]:
    ends = {int(match[1]): match for match in _END.finditer(output)}
    fails = {int(match[1]): match for match in _FAIL.finditer(output)}
    outcomes = []
    for number, scenario in enumerate(scenarios):
        end, fail = ends.get(number), fails.get(number)
        problems = []
        if fail is not None:
            problems.append(f"cycle {fail[2]}: {fail[3]} at beat {fail[4]}: got {fail[5]}, expected {fail[6]}")
        if end is None:
            outcomes.append(Outcome(scenario.name, 0, None, (*problems, "the simulation ended early")))
            continue
        cycles = None if int(end[3]) < 0 else int(end[3])
        if int(end[4]) > 0 and fail is None:
            problems.append(f"{end[4]} complaints that nobody understands")
        if scenario.cycles is not None and cycles != scenario.cycles:
            problems.append(f"took {cycles} cycles instead of {scenario.cycles}")
        counts = [int(count) for count in end[5].split()]
        for flag, count in zip(unit.flags, counts, strict=True):
            if scenario.cut_after is None and count != scenario.flags.get(flag, 0):
                problems.append(f"{flag} was active in {count} cycles instead of {scenario.flags.get(flag, 0)}")
        outcomes.append(Outcome(scenario.name, int(end[2]), cycles, tuple(problems)))
    return outcomes


def bench_text(unit: StreamUnit, scenarios: Sequence[Scenario], seed: int, *, stop: bool = False) -> str:
    """The Verilog bench; beats come from `<channel>.hex`."""
    nets = {"clk_i": "clk", "rst_ni": "rst_n", **{flag: f"flag_{flag}" for flag in unit.flags}}
    for sink in unit.sinks:
        nets |= {f"{sink.name}_valid_i": f"{sink.name}_valid", f"{sink.name}_ready_o": f"{sink.name}_ready"}
        nets |= sink.slices(f"{sink.name}_beat")
    out = unit.source
    nets |= {f"{out.name}_valid_o": "out_valid", f"{out.name}_ready_i": "out_ready", **out.slices("out_beat")}
    parameters = {name: str(value) for name, value in unit.parameters.items()}
    sizes = [sum(len(s.beats[sink.name]) for s in scenarios) for sink in unit.sinks]
    sinks = list(zip(unit.sinks, sizes, strict=True))
    return _TEXT.format(
        bench=_BENCH,
        seed=seed,
        width=out.width_bits,
        kept=f"{out.width_bits}'h{out.word([-1 if port in unit.kept else 0 for port in out.payload]):x}",
        results=sum(len(s.expected) for s in scenarios),
        source=out.name,
        unit=instance(unit.module, "u_unit", nets, parameters),
        declarations="\n".join(_DECLARED.format(n=s.name, w=s.width_bits, size=size) for s, size in sinks),
        flags="\n".join(f"  wire flag_{flag};\n  integer count_{flag};" for flag in unit.flags),
        loads="\n".join(
            f'    $readmemh("{s.name}.hex", {s.name}_memory); {s.name}_next = 0; {s.name}_end = 0;' for s in unit.sinks
        ),
        clear="\n".join(
            [*(_CLEAR.format(n=s.name) for s in unit.sinks), *(f"      count_{f} = 0;" for f in unit.flags)]
        ),
        drive="\n".join(_DRIVE.format(n=s.name, w=s.width_bits) for s in unit.sinks),
        jumps="\n".join(f"      {s.name}_next = {s.name}_end;" for s in unit.sinks),
        count="\n".join(f"        if (flag_{f} !== 1'b0) count_{f} = count_{f} + 1;" for f in unit.flags),
        sent=" && ".join(f"{s.name}_next == {s.name}_end" for s in unit.sinks),
        shown="".join(" %0d" for _ in unit.flags),
        counts="".join(f", count_{f}" for f in unit.flags),
        calls="\n".join(_call(unit, number, scenario) for number, scenario in enumerate(scenarios)),
        idle=_IDLE_LIMIT,
        settle=_SETTLE,
        stop="if (complaints != 0) $finish;" if stop else "",
    )


def _call(unit: StreamUnit, number: int, scenario: Scenario) -> str:
    """Statements that set a scenario up and run it."""
    words = [f"    {s.name}_end = {s.name}_end + {len(scenario.beats[s.name])};" for s in unit.sinks]
    for channel, prefix in (*((s, s.name) for s in unit.sinks), (unit.source, "out")):
        words.append(f"    {prefix}_stall = {round(scenario.stalls.get(channel.name, 0.0) * _STALL_LEVELS)};")
    words.append(f"    expected_end = expected_end + {len(scenario.expected)};")
    words.append(f"    patient = {int(scenario.patient)};")
    return "\n".join([*words, f"    run({number}, {scenario.cut_after or 0});"])


_DECLARED = """\
  reg  [{w}-1:0] {n}_memory [0:{size}];
  reg  [{w}-1:0] {n}_beat;
  reg  {n}_valid;
  wire {n}_ready;
  reg  {n}_taken;
  integer {n}_next, {n}_end, {n}_stall;"""

_CLEAR = "      {n}_valid = 1'b0;"

_DRIVE = """\
        if ({n}_valid && {n}_ready !== 1'b0) begin
          if ({n}_ready !== 1'b1) complain("unknown-ready", {n}_next, 0, 0);
          {n}_next = {n}_next + 1;
          {n}_taken = 1'b1;
          idle = 0;
          if (first < 0) first = cycle;
        end else {n}_taken = 1'b0;
        if (!{n}_valid || {n}_taken) begin
          if ({n}_next < {n}_end && roll(0) >= {n}_stall) begin
            {n}_valid <= #1 1'b1;
            {n}_beat  <= #1 {n}_memory[{n}_next];
          end else begin
            {n}_valid <= #1 1'b0;
            {n}_beat  <= #1 {{noise(0), noise(0), noise(0), noise(0)}};
          end
        end"""

_TEXT = """\
module {bench};
  reg clk, rst_n;
  integer seed, first, last, cycle, idle, settle, complaints, expected_next, expected_end, out_stall, scenario;
  reg [{width}-1:0] expected_memory [0:{results}];
  wire [{width}-1:0] out_beat;
  reg  [{width}-1:0] held_beat;
  wire out_valid;
  reg  out_ready, held, seen, running, patient;
{declarations}
{flags}

{unit}

  always #5 clk = !clk;

  function integer roll(input integer unused);
    begin
      roll = $random(seed);
      roll = (roll >> 8) & 255;
    end
  endfunction

  function [31:0] noise(input integer unused);
    noise = $random(seed);
  endfunction

  task complain(input [20*8-1:0] what, input integer beat, input [{width}-1:0] got, input [{width}-1:0] wanted);
    begin
      if (complaints == 0) $display("fail %0d %0d %0s %0d %h %h", scenario, cycle, what, beat, got, wanted);
      complaints = complaints + 1;
    end
  endtask

  task run(input integer number, input integer cut);
    integer start;
    begin
      scenario = number; complaints = 0; cycle = 0; first = -1; last = -1; idle = 0; settle = {settle};
      start = expected_next; held = 1'b0; seen = 1'b0;
      rst_n = 1'b0;
      out_ready = 1'b0;
{clear}
      #1 if (out_valid !== 1'b0) complain("valid-in-reset", 0, 0, 0);
      repeat (2) @(posedge clk);
      #3 rst_n = 1'b1;
      running = 1'b1;
      while (running) begin
        @(posedge clk);
        cycle = cycle + 1;
        idle = idle + 1;
        // What is on offer, taken or not.
        if (out_valid === 1'b1) begin
          if (held && out_beat !== held_beat) complain("changed", expected_next - start, out_beat, held_beat);
          if (expected_next >= expected_end) complain("extra", expected_next - start, out_beat, 0);
          else if (out_beat !== expected_memory[expected_next])
            complain("wrong", expected_next - start, out_beat, expected_memory[expected_next]);
          if (out_ready) begin
            expected_next = expected_next + 1;
            last = cycle;
            idle = 0;
          end
          held = !out_ready;
          seen = 1'b1;
          held_beat = out_beat;
        end else begin
          if (seen && ((out_beat ^ held_beat) & {kept}) !== {width}'h0)
            complain("not-kept", expected_next - start, out_beat, held_beat);
          if (out_valid !== 1'b0) complain("unknown-valid", expected_next - start, 0, 0);
          if (held) complain("withdrawn", expected_next - start, 0, 0);
          held = 1'b0;
        end
{count}
{drive}
        out_ready <= #1 roll(0) >= out_stall && (!patient || (out_valid === 1'b1 && !out_ready));
        if (cut != 0) running = cycle < cut;
        else if (expected_next >= expected_end && {sent}) begin
          settle = settle - 1;
          running = settle > 0;
        end else if (idle > {idle}) begin
          complain("stuck", expected_next - start, 0, 0);
          running = 1'b0;
        end
      end
      $display("end %0d %0d %0d %0d{shown}", number, expected_next - start, last < 0 ? -1 : last - first + 1,
               complaints{counts});
      {stop}
      #3 skip;
    end
  endtask

  // The next scenario begins with its own beats, whatever a reset left over.
  task skip;
    begin
      expected_next = expected_end;
{jumps}
    end
  endtask

  initial begin
    clk = 1'b0; seed = {seed}; expected_next = 0; expected_end = 0;
    $readmemh("{source}.hex", expected_memory);
{loads}
{calls}
    $finish;
  end
endmodule
"""
