"""The Verilog harness around the design: one vector in, one vector out, so that a bench pays one access a cycle.

Pure functions of the contract; the names in the harness are fixed, the design is instantiated as `u_dut`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tpugen.spec import Contract, Port
from tpugen.verif.plan import CombinationalPlan, CyclePlan, Field, Sink, StreamPlan

__all__ = [
    "CLOCK_PERIOD_NS",
    "DUT",
    "HARNESS",
    "combinational_layout",
    "control_connections",
    "cycle_layout",
    "dump_body",
    "harness_text",
    "stream_connections",
    "stream_layout",
]

HARNESS = "tpugen_harness"
"""Name of the harness module."""

DUT = f"{HARNESS}.u_dut"
"""Hierarchical name of the design."""

CLOCK_PERIOD_NS = 10
"""Simulation time of one clock cycle, or of one vector of a combinational design."""

_BATCH_BITS = 8192


def stream_layout(contract: Contract, seed: int) -> StreamPlan:
    """Where each port of a clocked contract lies in the drive and sample vectors; tests, limits not yet filled in."""
    drive, sample = 1, 0  # bit 0 of the drive vector is rst_ni
    sinks = []
    out: tuple[int, int, Field] | None = None
    for channel in contract.channels:
        names = (*channel.payload, *((channel.last,) if channel.last else ()))
        width = sum(contract.port(name).width_bits for name in names)
        if channel.role == "sink":
            sinks.append(Sink(channel.name, drive, Field(channel.name, drive + 1, width), sample))
            drive, sample = drive + 1 + width, sample + 1
        else:
            out = (sample, drive, Field(channel.name, sample + 1, width))
            drive, sample = drive + 1, sample + 1 + width
    if out is None:
        raise ValueError(f"contract of {contract.module} has no result channel")
    return StreamPlan(
        seed=seed,
        drive_bits=drive,
        sample_bits=sample,
        sinks=sinks,
        out_valid=out[0],
        out_ready=out[1],
        out_beat=out[2],
        idle_limit=0,
        settle=0,
    )


def combinational_layout(contract: Contract, seed: int) -> CombinationalPlan:
    """Where each port of a combinational contract lies in the drive and sample vectors; tests not yet filled in."""
    inputs = _fields([port for port in contract.ports if port.direction == "input"])
    outputs = _fields([port for port in contract.ports if port.direction == "output"])
    drive_bits = sum(field.width_bits for field in inputs)
    sample_bits = sum(field.width_bits for field in outputs)
    return CombinationalPlan(
        seed=seed,
        drive_bits=drive_bits,
        sample_bits=sample_bits,
        inputs=inputs,
        outputs=outputs,
        batch=max(1, _BATCH_BITS // max(drive_bits, sample_bits)),
    )


def _fields(ports: Sequence[Port], offset: int = 0) -> list[Field]:
    fields = []
    for port in ports:
        fields.append(Field(port.name, offset, port.width_bits))
        offset += port.width_bits
    return fields


def harness_text(contract: Contract, plan: StreamPlan | CombinationalPlan | CyclePlan, waveform: str | None) -> str:
    """The harness as Verilog-2005.

    Args:
        contract: Names the design and its ports.
        plan: The layout.
        waveform: File to dump into while the bench raises `dump`; None: no dump.
    """
    stimulus = _combinational_body(plan) if isinstance(plan, CombinationalPlan) else _stream_body(plan)
    connections = (
        stream_connections(contract, plan)
        if isinstance(plan, StreamPlan)
        else [
            *(control_connections(contract).items() if isinstance(plan, CyclePlan) else ()),
            *((field.name, _slice("drive", field.offset, field.width_bits)) for field in plan.inputs),
            *((field.name, _slice("sample", field.offset, field.width_bits)) for field in plan.outputs),
        ]
    )
    lines = [
        "`timescale 1ns/1ps",
        "`default_nettype none",
        f"module {HARNESS};",
        "  reg dump;",
        *stimulus,
        f"  {contract.module} u_dut (",
        ",\n".join(f"    .{name}({signal})" for name, signal in connections),
        "  );",
        *(dump_body(waveform) if waveform else ()),
        "endmodule",
        "`default_nettype wire",
    ]
    return "\n".join(lines) + "\n"


def _slice(vector: str, offset: int, width_bits: int) -> str:
    return f"{vector}[{offset}]" if width_bits == 1 else f"{vector}[{offset + width_bits - 1}:{offset}]"


def _stream_body(plan: StreamPlan | CyclePlan) -> list[str]:
    half = CLOCK_PERIOD_NS // 2
    return [
        "  reg clk;",
        f"  reg [{plan.drive_bits - 1}:0] drive_next;",
        f"  reg [{plan.drive_bits - 1}:0] drive;",
        f"  wire [{plan.sample_bits - 1}:0] sample;",
        "  initial begin",
        "    clk = 1'b0;",
        "    dump = 1'b0;",
        f"    drive = {{{plan.drive_bits}{{1'b0}}}};",
        f"    drive_next = {{{plan.drive_bits}{{1'b0}}}};",
        "  end",
        f"  always #{half} clk = ~clk;",
        "  always @(posedge clk) drive <= #1 drive_next;",
    ]


def _combinational_body(plan: CombinationalPlan) -> list[str]:
    return [
        f"  reg [{plan.batch * plan.drive_bits - 1}:0] drive_batch;",
        f"  reg [{plan.batch * plan.sample_bits - 1}:0] sample_batch;",
        f"  reg [{plan.drive_bits - 1}:0] drive;",
        f"  wire [{plan.sample_bits - 1}:0] sample;",
        "  reg start;",
        "  reg done;",
        "  reg [31:0] count;",
        "  integer index;",
        "  initial begin",
        "    dump = 1'b0;",
        "    start = 1'b0;",
        "    done = 1'b0;",
        "  end",
        "  always @(posedge start) begin",
        "    for (index = 0; index < count; index = index + 1) begin",
        f"      drive = drive_batch[index*{plan.drive_bits} +: {plan.drive_bits}];",
        f"      #{CLOCK_PERIOD_NS};",
        f"      sample_batch[index*{plan.sample_bits} +: {plan.sample_bits}] = sample;",
        "    end",
        "    done = ~done;",
        "  end",
    ]


def stream_connections(contract: Contract, plan: StreamPlan, *, sample: str = "sample") -> list[tuple[str, str]]:
    """What each port is connected to: slices of the vectors `drive` and `sample` (or what the latter is called)."""
    signals = control_connections(contract)
    sinks = {sink.name: sink for sink in plan.sinks}
    for channel in contract.channels:
        if channel.role == "sink":
            sink = sinks[channel.name]
            signals[channel.valid], signals[channel.ready] = f"drive[{sink.valid}]", f"{sample}[{sink.ready}]"
            vector, offset = "drive", sink.beat.offset
        else:
            signals[channel.valid] = f"{sample}[{plan.out_valid}]"
            signals[channel.ready] = f"drive[{plan.out_ready}]"
            vector, offset = sample, plan.out_beat.offset
        for name in (*channel.payload, *((channel.last,) if channel.last else ())):
            width = contract.port(name).width_bits
            signals[name] = _slice(vector, offset, width)
            offset += width
    return [(port.name, signals[port.name]) for port in contract.ports]


def control_connections(contract: Contract) -> dict[str, str]:
    """What clock and reset are connected to: bit 0 of the drive vector is 1 while reset is not asserted."""
    reset, clock = contract.reset_port, contract.clock_name
    signals = {} if clock is None else {clock: "clk"}
    return signals if reset is None else {**signals, reset.port: "drive[0]" if reset.active_low else "~drive[0]"}


def cycle_layout(contract: Contract, seed: int) -> CyclePlan:
    """Where each port of a clocked contract without channels lies; tests not yet filled in."""
    reset = contract.reset_port
    control = {contract.clock_name, reset.port if reset else None}
    free = [port for port in contract.ports if port.name not in control]
    inputs = _fields([port for port in free if port.direction == "input"], 1)
    outputs = _fields([port for port in free if port.direction == "output"])
    return CyclePlan(
        seed=seed,
        drive_bits=1 + sum(field.width_bits for field in inputs),
        sample_bits=sum(field.width_bits for field in outputs),
        inputs=inputs,
        outputs=outputs,
    )


def dump_body(waveform: str) -> list[str]:
    """What dumps the design's signals into a file while `dump` is 1."""
    return [
        "  reg dumped;",
        "  initial dumped = 1'b0;",
        "  always @(posedge dump)",
        "    if (dumped) $dumpon;",
        "    else begin",
        "      dumped = 1'b1;",
        f'      $dumpfile("{waveform}");',
        "      $dumpvars(0, u_dut);",
        "    end",
        "  always @(negedge dump) if (dumped) begin $dumpoff; $dumpflush; end",
    ]
