"""The test benches of the golden check, as plain Verilog-2005 text: pure functions.

A bench reads vectors from a file beside it, compares, and ends with a line that carries a word drawn for this run, so
that no design can write its own verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tpugen.bench.golden.streams import Beats
from tpugen.spec import Contract
from tpugen.spec.contract import Channel

__all__ = ["SHOWN_MISMATCHES", "BenchText", "clocked_bench", "combinational_bench"]

SHOWN_MISMATCHES = 5

_EXTRA_CYCLES = 64
_LEAST_PATIENCE = 400
_ENOUGH_WRONG = 100


@dataclass(frozen=True)
class BenchText:
    """A bench and the files it reads.

    Attributes:
        module: Name of the bench's module.
        text: Its source.
        data: Texts of the vector files by name.
        names: What a reader calls the places of a verdict line, by its kind; where there are none, they are numbers.
        hint: What helps with a result that is wrong.
    """

    module: str
    text: str
    data: Mapping[str, str]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hint: str | None = None

    def place(self, kind: str, index: int) -> str:
        """The place that a verdict line means."""
        names = self.names.get(kind, ())
        return names[index] if index < len(names) else str(index)


def _hex(value: int, bits: int) -> str:
    return format(value, f"0{-(-bits // 4)}x")


def combinational_bench(contract: Contract, vectors: Sequence[tuple[int, int, int]], word: str) -> BenchText:
    """A bench of a unit with two operands and one result.

    Args:
        contract: Ports of the unit, operands first.
        vectors: First operand, second operand, expected result, as bits.
        word: What verdict lines begin with.
    """
    first, second, result = contract.ports
    total = first.width_bits + second.width_bits + result.width_bits
    lines = [_hex((a << second.width_bits | b) << result.width_bits | expected, total) for a, b, expected in vectors]
    text = f"""`timescale 1ns/1ps
module {word};
  reg  [{first.width_bits - 1}:0] a;
  reg  [{second.width_bits - 1}:0] b;
  reg  [{result.width_bits - 1}:0] expected;
  wire [{result.width_bits - 1}:0] got;
  reg  [{total - 1}:0] vectors [0:{len(vectors) - 1}];
  integer i;
  integer wrong;

  {contract.module} u_dut (.{first.name}(a), .{second.name}(b), .{result.name}(got));

  initial begin
    $readmemh("vectors.hex", vectors);
    wrong = 0;
    for (i = 0; i < {len(vectors)}; i = i + 1) begin
      {{a, b, expected}} = vectors[i];
      #10;
      if (got !== expected) begin
        if (wrong < {SHOWN_MISMATCHES}) $display("{word} mismatch %0d %h %h", i, got, expected);
        wrong = wrong + 1;
      end
    end
    $display("{word} done %0d %0d", {len(vectors)}, wrong);
    $finish;
  end
endmodule
"""
    return BenchText(word, text, {"vectors.hex": "\n".join(lines) + "\n"})


def clocked_bench(
    contract: Contract,
    beats: Mapping[str, Beats],
    seed: int,
    word: str,
    patience: int,
    *,
    result: str = "result",
    after: Mapping[str, str] | None = None,
) -> BenchText:
    """A bench of a design with valid/ready channels: the same beats four times, paused in four ways.

    Nobody waits; operands come with gaps; results are taken slowly; both. Before the third time a begun tile is cut by
    a reset, of which nothing may be left.

    Args:
        contract: Ports and channels.
        beats: What each channel carries; a source that is not compared is taken as it comes.
        seed: Seed of the pauses.
        word: What verdict lines begin with.
        patience: Cycles without any transfer after which a design is taken for hanging.
        result: The source that is compared.
        after: Sinks that offer nothing before another one has carried everything.
    """
    source = next(channel for channel in contract.channels if channel.name == result)
    sinks = [channel for channel in contract.channels if channel.role == "sink" and beats[channel.name].payloads]
    used = [*sinks, source]
    data = {f"{channel.name}.hex": _memory(contract, channel, beats[channel.name]) for channel in used}
    if beats[result].cares:
        data[f"{result}_care.hex"] = _care_memory(contract, source, beats[result])
    parts = {
        "declarations": "\n".join(
            [*(_declarations(contract, channel, beats) for channel in used), *_idle_declarations(contract, used)]
        ),
        "connections": ", ".join(f".{port.name}({port.name})" for port in contract.ports),
        "loads": "\n".join(f'    $readmemh("{file}", {_array(file)});' for file in data),
        "rewind": "\n".join(f"      {channel.name}_next = 0; {channel.name}_offered = 0;" for channel in sinks),
        "idle": "\n".join(f"      {channel.valid} = 1'b0;" for channel in sinks),
        "drive": "\n".join(_drive(contract, channel, beats, (after or {}).get(channel.name)) for channel in sinks),
        "fire": "\n".join(_fire(channel) for channel in sinks),
        "open": " || ".join(f"{channel.name}_next < {len(beats[channel.name].payloads)}" for channel in sinks),
    }
    text = _CLOCKED.format(
        word=word,
        module=contract.module,
        results=len(beats[source.name].payloads),
        result_fields=_fields(source),
        result_width=_width(contract, source),
        result_name=result,
        result_care=f" & {result}_cares[taken]" if beats[result].cares else "",
        result_valid=source.valid,
        result_ready=source.ready,
        patience=max(patience, _LEAST_PATIENCE),
        extra=_EXTRA_CYCLES,
        seed=seed & 0x7FFFFFFF,
        shown=SHOWN_MISMATCHES,
        enough=_ENOUGH_WRONG,
        **parts,
    )
    return BenchText(word, text, data)


def _array(file: str) -> str:
    """The memory that a file fills."""
    name = file.removesuffix(".hex")
    return f"{name}s" if name.endswith("_care") else f"{name}_beats"


def _width(contract: Contract, channel: Channel) -> int:
    return sum(contract.port(name).width_bits for name in channel.payload) + (channel.last is not None)


def _fields(channel: Channel) -> str:
    """Payload ports and the last flag as one concatenation."""
    return "{" + ", ".join([*channel.payload, *([channel.last] if channel.last else [])]) + "}"


def _memory(contract: Contract, channel: Channel, beats: Beats) -> str:
    width = _width(contract, channel)
    lines = []
    for payload, last in zip(beats.payloads, beats.lasts, strict=True):
        word = 0
        for name, value in zip(channel.payload, payload, strict=True):
            word = word << contract.port(name).width_bits | value
        lines.append(_hex(word << 1 | last if channel.last else word, width))
    return "\n".join(lines) + "\n"


def _care_memory(contract: Contract, channel: Channel, beats: Beats) -> str:
    width = _width(contract, channel)
    lines = []
    for cares in beats.cares:
        word = 0
        for name, value in zip(channel.payload, cares, strict=True):
            word = word << contract.port(name).width_bits | value
        lines.append(_hex(word << 1 | 1 if channel.last else word, width))
    return "\n".join(lines) + "\n"


def _declarations(contract: Contract, channel: Channel, beats: Mapping[str, Beats]) -> str:
    kinds = {"sink": ("reg ", "wire"), "source": ("wire", "reg ")}
    ours, theirs = kinds[channel.role]
    lines = [f"  {ours} {channel.valid};", f"  {theirs} {channel.ready};"]
    for name in [*channel.payload, *([channel.last] if channel.last else [])]:
        bits = contract.port(name).width_bits
        lines.append(f"  {ours} [{bits - 1}:0] {name};")
    width = _width(contract, channel)
    lines.append(f"  reg  [{width - 1}:0] {channel.name}_beats [0:{len(beats[channel.name].payloads) - 1}];")
    if beats[channel.name].cares:
        lines.append(f"  reg  [{width - 1}:0] {channel.name}_cares [0:{len(beats[channel.name].cares) - 1}];")
    if channel.role == "sink":
        lines.append(f"  integer {channel.name}_next;\n  reg     {channel.name}_offered;")
    return "\n".join(lines)


def _idle_declarations(contract: Contract, used: Sequence[Channel]) -> list[str]:
    """Ports outside of the channels in use: nothing is offered, everything is taken, nothing else is looked at."""
    taken = {name for channel in used for name in (channel.valid, channel.ready, *channel.payload, channel.last)}
    ready = {channel.ready for channel in contract.channels if channel.role == "source"}
    lines = []
    for port in contract.ports:
        if port.name in taken or port.name in ("clk_i", "rst_ni"):
            continue
        vector = f"[{port.width_bits - 1}:0] "
        constant = f" = {port.width_bits}'d{int(port.name in ready)}" if port.direction == "input" else ""
        lines.append(f"  wire {vector}{port.name}{constant};")
    return lines


def _drive(contract: Contract, channel: Channel, beats: Mapping[str, Beats], after: str | None) -> str:
    """Offer the next beat, or noise that must not be taken."""
    name, count = channel.name, len(beats[channel.name].payloads)
    held = "" if after is None else f" && {after}_next >= {len(beats[after].payloads)}"
    noise = -(-_width(contract, channel) // 32)
    return f"""      if (!{name}_offered && {name}_next < {count}{held}) begin
        {name}_offered = !pause_operands || ($random(pauses) & 1);
      end
      {channel.valid} = {name}_offered;
      if ({name}_offered) {_fields(channel)} = {name}_beats[{name}_next];
      else {_fields(channel)} = {{{noise}{{$random(pauses)}}}};"""


def _fire(channel: Channel) -> str:
    name = channel.name
    return f"""      if ({name}_offered && {channel.ready} === 1'b1) begin
        {name}_next = {name}_next + 1;
        {name}_offered = 0;
        still = 0;
      end"""


_CLOCKED = """`timescale 1ns/1ps
module {word};
  reg clk_i;
  reg rst_ni;
{declarations}
  integer taken;
  integer wrong;
  integer still;
  integer spare;
  integer turn;
  integer cut;
  integer pauses;
  reg pause_operands;
  reg pause_results;
  reg waiting;
  reg stop;

  {module} u_dut ({connections});

  // One cycle: inputs settle after the falling edge, transfers are read before the rising one.
  task cycle;
    begin
{drive}
      {result_ready} = !pause_results || (($random(pauses) & 3) == 0);
      #4;
      if (waiting && {result_valid} !== 1'b1) begin
        $display("{word} dropped %0d", taken);
        wrong = wrong + 1;
      end
      waiting = 0;
      if ({result_valid} === 1'b1 && {result_ready}) begin
        if (taken >= {results}) begin
          if (wrong < {shown}) $display("{word} extra %0d %h", taken, {result_fields});
          wrong = wrong + 1;
        end else if ((({result_fields} ^ {result_name}_beats[taken]){result_care}) !== {result_width}'d0) begin
          if (wrong < {shown})
            $display("{word} mismatch %0d %h %h", taken, {result_fields}, {result_name}_beats[taken]);
          wrong = wrong + 1;
        end
        taken = taken + 1;
        still = 0;
      end else if ({result_valid} === 1'b1) waiting = 1;
      else if ({result_valid} !== 1'b0) begin
        if (wrong < {shown}) $display("{word} unknown %0d", taken);
        wrong = wrong + 1;
      end
{fire}
      #1 clk_i = 1'b1;
      #5 clk_i = 1'b0;
    end
  endtask

  task reset;
    begin
      rst_ni = 1'b0;
      waiting = 0;
      {result_ready} = 1'b0;
{idle}
      repeat (3) begin
        #5 clk_i = 1'b1;
        #5 clk_i = 1'b0;
      end
      rst_ni = 1'b1;
    end
  endtask

  task rewind;
    begin
{rewind}
      taken = 0;
      still = 0;
    end
  endtask

  initial begin
{loads}
    clk_i = 1'b0;
    pauses = {seed};
    wrong = 0;
    stop = 0;
    pause_operands = 0;
    pause_results = 0;
    reset;
    for (turn = 0; turn < 4 && !stop; turn = turn + 1) begin
      rewind;
      if (turn == 2) begin
        pause_results = 0;
        pause_operands = 0;
        cut = 0;
        while (cut < 3) begin
          cycle;
          cut = cut + 1;
        end
        reset;
        rewind;
      end
      pause_operands = (turn == 1 || turn == 3);
      pause_results = (turn >= 2);
      while ((taken < {results} || {open}) && !stop) begin
        cycle;
        still = still + 1;
        if (still > {patience}) begin
          $display("{word} hang %0d %0d", taken, turn);
          stop = 1;
        end
        // Enough is known, and a design that offers the same result for ever would never end.
        if (wrong > {enough}) stop = 1;
      end
      spare = 0;
      pause_results = 0;
      while (spare < {extra} && !stop) begin
        cycle;
        spare = spare + 1;
      end
    end
    $display("{word} done %0d %0d", taken, wrong + stop);
    $finish;
  end
endmodule
"""
