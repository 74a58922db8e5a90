"""The Verilog harness of transaction benches: one vector in, one vector out, and a tick only when something may happen.

A bench that waits thousands of cycles for an answer pays for none of them: the harness wakes it in the middle of a
cycle in which a source channel offers a beat, a sink channel takes one, a status output has changed or a handshake is
unknown, and at the latest when the number of cycles that the bench asked for has passed.
"""

from __future__ import annotations

from tpugen.spec import Contract
from tpugen.verif.harness import CLOCK_PERIOD_NS, HARNESS, control_connections, dump_body
from tpugen.verif.plan import Field
from tpugen.verif.transactions import TransactionPlan

__all__ = ["CYCLE_BITS", "port_connections", "transaction_harness_text"]

CYCLE_BITS = 32
"""Width of the harness's cycle counter, above the sample in the vector that the bench reads."""

_PUBLIC = "/* verilator public_flat_rw */"


def port_connections(contract: Contract, plan: TransactionPlan) -> list[tuple[str, str]]:
    """What each port is connected to: slices of the vectors `drive` and `sample`."""
    signals = control_connections(contract)
    wires = {channel.name: channel for channel in plan.channels}
    for channel in contract.channels:
        place = wires[channel.name]
        forward, backward = ("drive", "sample") if channel.role == "sink" else ("sample", "drive")
        signals[channel.valid] = f"{forward}[{place.valid}]"
        signals[channel.ready] = f"{backward}[{place.ready}]"
        offset = place.beat.offset
        for name in (*channel.payload, *((channel.last,) if channel.last else ())):
            width = contract.port(name).width_bits
            signals[name] = _slice(forward, Field(name, offset, width))
            offset += width
    for vector, levels in (("drive", plan.inputs), ("sample", plan.outputs)):
        signals.update({level.name: _slice(vector, level) for level in levels})
    return [(port.name, signals[port.name]) for port in contract.ports]


def transaction_harness_text(contract: Contract, plan: TransactionPlan, waveform: str | None) -> str:
    """The harness as Verilog-2005.

    Args:
        contract: Names the design and its ports.
        plan: The layout.
        waveform: File to dump into while the bench raises `dump`; None: nobody dumps, or the simulator itself does.
    """
    lines = [
        "`timescale 1ns/1ps",
        "`default_nettype none",
        f"module {HARNESS};",
        *_signals(plan),
        *_wake(plan),
        f"  {contract.module} u_dut (",
        ",\n".join(f"    .{name}({signal})" for name, signal in port_connections(contract, plan)),
        "  );",
        *(dump_body(waveform) if waveform else ()),
        "endmodule",
        "`default_nettype wire",
    ]
    return "\n".join(lines) + "\n"


def _slice(vector: str, place: Field) -> str:
    if place.width_bits == 1:
        return f"{vector}[{place.offset}]"
    return f"{vector}[{place.offset + place.width_bits - 1}:{place.offset}]"


def _signals(plan: TransactionPlan) -> list[str]:
    half = CLOCK_PERIOD_NS // 2
    return [
        f"  reg dump {_PUBLIC};",
        f"  reg [{plan.drive_bits - 1}:0] drive_next {_PUBLIC};",
        f"  reg [31:0] asleep {_PUBLIC};",
        f"  reg tick {_PUBLIC};",
        f"  reg [{CYCLE_BITS - 1}:0] cycle;",
        f"  wire [{CYCLE_BITS + plan.sample_bits - 1}:0] view {_PUBLIC};",
        "  reg clk;",
        f"  reg [{plan.drive_bits - 1}:0] drive;",
        f"  wire [{plan.sample_bits - 1}:0] sample;",
        "  assign view = {cycle, sample};",
        "  initial begin",
        "    clk = 1'b1;",  # from unknown to 0 would be a falling edge, in one simulator more than in the other
        "    dump = 1'b0;",
        "    tick = 1'b0;",
        "    asleep = 32'd0;",
        f"    cycle = {CYCLE_BITS}'d0;",
        f"    drive = {{{plan.drive_bits}{{1'b0}}}};",
        f"    drive_next = {{{plan.drive_bits}{{1'b0}}}};",
        "  end",
        f"  always #{half} clk = ~clk;",
        "  always @(posedge clk) drive <= #1 drive_next;",
    ]


def _wake(plan: TransactionPlan) -> list[str]:
    """When the bench is woken: by activity, by an unknown handshake, or after the cycles that it asked for."""
    valids = [f"sample[{c.valid}]" for c in plan.channels if c.role == "source"]
    readies = [f"sample[{c.ready}]" for c in plan.channels if c.role == "sink"]
    transfers = [f"(drive[{c.valid}] & sample[{c.ready}])" for c in plan.channels if c.role == "sink"]
    activity = " | ".join([*valids, *transfers])
    lines = [f"  wire activity = {activity};", f"  wire known = ^{{{', '.join([*valids, *readies])}}};"]
    changed = "1'b0"
    if plan.outputs:
        levels = ", ".join(_slice("sample", level) for level in plan.outputs)
        width = sum(level.width_bits for level in plan.outputs)
        lines += [
            f"  wire [{width - 1}:0] levels = {{{levels}}};",
            f"  reg [{width - 1}:0] levels_before;",
            f"  initial levels_before = {{{width}{{1'b0}}}};",
        ]
        changed = "levels !== levels_before"
    return [
        *lines,
        "  always @(negedge clk) begin",
        "    cycle <= cycle + 1;",
        f"    if (asleep == 32'd0 || activity !== 1'b0 || known === 1'bx || {changed}) begin",
        "      asleep <= 32'd0;",
        "      tick <= #1 ~tick;",
        "    end else asleep <= asleep - 32'd1;",
        *(["    levels_before <= levels;"] if plan.outputs else []),
        "  end",
    ]
