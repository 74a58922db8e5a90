"""A small hand-written design with channels and status ports, its contract, and a plan: the tests break the design."""

from __future__ import annotations

from tpugen.spec import Contract
from tpugen.spec.contract_parts import CLOCK_PORTS, Channel, port_in, port_out
from tpugen.spec.latency import Latency
from tpugen.verif.plan import Stall
from tpugen.verif.transaction_ports import BeatPacker
from tpugen.verif.transactions import (
    Drive,
    Expect,
    Idle,
    Look,
    Mark,
    Measure,
    Pace,
    Record,
    Reset,
    Send,
    Step,
    TransactionPlan,
    TransactionTest,
    Until,
    Wait,
    transaction_layout,
)

__all__ = ["ECHO", "echo_contract", "echo_plan"]

ECHO = """\
module echo (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire       in_valid_i,
  output wire       in_ready_o,
  input  wire [7:0] in_i,
  input  wire       in_last_i,
  output wire       out_valid_o,
  input  wire       out_ready_i,
  output wire [7:0] out_o,
  output wire       out_last_o,
  input  wire       invert_i,
  output wire [3:0] count_o
);
  reg       valid_q;
  reg [8:0] beat_q;
  reg [3:0] count_q;
  assign in_ready_o = !valid_q || out_ready_i;
  assign out_valid_o = valid_q;
  assign out_o = beat_q[7:0];
  assign out_last_o = beat_q[8];
  assign count_o = count_q;
  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) begin
      valid_q <= 1'b0;
      count_q <= 4'd0;
    end else begin
      if (!valid_q || out_ready_i) valid_q <= in_valid_i && in_ready_o;
      if (in_ready_o && in_valid_i && in_last_i) count_q <= count_q + 4'd1;
    end
  always @(posedge clk_i)
    if (in_ready_o && in_valid_i) beat_q <= {in_last_i, in_i ^ {8{invert_i}}};
endmodule
"""
"""A register between two channels that counts frames and inverts on demand."""


def echo_contract() -> Contract:
    """What `ECHO` keeps."""
    return Contract(
        module="echo",
        ports=(
            *CLOCK_PORTS,
            port_in("in_valid_i", 1, "offered"),
            port_out("in_ready_o", 1, "taken"),
            port_in("in_i", 8, "number"),
            port_in("in_last_i", 1, "last"),
            port_out("out_valid_o", 1, "offered"),
            port_in("out_ready_i", 1, "taken"),
            port_out("out_o", 8, "number"),
            port_out("out_last_o", 1, "last"),
            port_in("invert_i", 1, "invert"),
            port_out("count_o", 4, "frames"),
        ),
        channels=(
            Channel(
                name="in", role="sink", valid="in_valid_i", ready="in_ready_o", payload=("in_i",), last="in_last_i"
            ),
            Channel(
                name="out", role="source", valid="out_valid_o", ready="out_ready_i", payload=("out_o",),
                last="out_last_o",
            ),
        ),
        behaviour=("Echoes.",),
        latency=Latency(form="any", rows=0, cols=0),
    )  # fmt: skip


def echo_plan(seed: int = 1) -> TransactionPlan:
    """Frames at full speed, inverted, with pauses, cut by a reset."""
    contract = echo_contract()
    packer = BeatPacker(contract)

    def frame(numbers: list[int], *, inverted: bool = False, words: str = "a frame") -> list[Step]:
        last = len(numbers) - 1
        sent = [packer.beat("in", {"in_i": n, "in_last_i": int(i == last)}) for i, n in enumerate(numbers)]
        back = [
            packer.beat("out", {"out_o": ~n if inverted else n, "out_last_o": int(i == last)})
            for i, n in enumerate(numbers)
        ]
        return [Send("in", sent), Expect("out", back, words=words, lanes=("out_o", 8, True))]

    numbers = [3, 250, 0, 17]
    plan = transaction_layout(contract, seed)
    stall = Stall(start=0.4, stop=0.4)
    plan.tests = [
        TransactionTest(
            "full_rate",
            "a frame at full speed",
            [
                Record(True), Mark(), *frame(numbers, words="the first frame"), Wait(50), Record(False),
                Measure("the frame", ("in", 0), ("out", -1), 5, latency=True),
                Look("count_o", 1, words="frames after one"),
            ],
        ),
        TransactionTest(
            "inverted",
            "a frame of inverted numbers, and one that is not",
            [Drive("invert_i", 1), *frame(numbers, inverted=True), Wait(50), Drive("invert_i", 0), Idle(1),
             *frame(numbers), Wait(50), Until("count_o", 2, 20)],
        ),
        TransactionTest(
            "stalls",
            "both sides pause",
            [Pace({"in": stall, "out": stall}), *frame(list(range(40))), Wait(50)],
            garbage=True,
        ),
        TransactionTest(
            "reset",
            "a frame cut by a reset",
            [Pace({"out": Stall(first=20)}), *frame(numbers), Idle(5), Reset(), Pace(), Look("count_o", 0),
             *frame(numbers), Wait(50)],
        ),
    ]  # fmt: skip
    plan.idle_limit, plan.settle = 50, 8
    return plan
