"""The contracts that ship as examples, right RTL for each, and RTL that is wrong in one way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tpugen.spec import CustomSpec

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "contracts"

ACCUMULATOR = """
module saturating_accumulator (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               clear_i,
  input  wire               valid_i,
  input  wire signed [7:0]  sample_i,
  output wire signed [11:0] sum_o,
  output wire               full_o
);
  reg signed [11:0] sum_q;
  wire signed [11:0] start = clear_i ? 12'sd0 : sum_q;
  wire signed [12:0] wide = {start[11], start} + (valid_i ? {{5{sample_i[7]}}, sample_i} : 13'sd0);
  wire signed [11:0] next = (wide > 13'sd2047) ? 12'sd2047 : (wide < -13'sd2048) ? -12'sd2048 : wide[11:0];
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) sum_q <= 12'sd0;
    else sum_q <= next;
  end
  assign sum_o = sum_q;
  assign full_o = (sum_q == 12'sd2047) || (sum_q == -12'sd2048);
endmodule
"""

RELU = """
module relu_drain (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        result_valid_i,
  output wire        result_ready_o,
  input  wire        result_last_i,
  input  wire [63:0] result_i,
  output wire        drain_valid_o,
  input  wire        drain_ready_i,
  output wire        drain_last_o,
  output wire [63:0] drain_o
);
  reg valid_q;
  reg last_q;
  reg [63:0] data_q;
  wire take = result_valid_i && result_ready_o;
  assign result_ready_o = !valid_q || drain_ready_i;
  assign drain_valid_o = valid_q;
  assign drain_last_o = last_q;
  assign drain_o = data_q;
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else if (result_ready_o) valid_q <= result_valid_i;
  end
  always @(posedge clk_i) begin
    if (take) begin
      last_q <= result_last_i;
      data_q[15:0] <= result_i[15] ? 16'd0 : result_i[15:0];
      data_q[31:16] <= result_i[31] ? 16'd0 : result_i[31:16];
      data_q[47:32] <= result_i[47] ? 16'd0 : result_i[47:32];
      data_q[63:48] <= result_i[63] ? 16'd0 : result_i[63:48];
    end
  end
endmodule
"""

PE = """
module zero_skipping_pe (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               operand_valid_i,
  output wire               operand_ready_o,
  input  wire               operand_last_i,
  input  wire signed [7:0]  activation_i,
  input  wire signed [7:0]  weight_i,
  output wire               result_valid_o,
  input  wire               result_ready_i,
  output wire signed [23:0] result_o,
  output wire [7:0]         skipped_o
);
  reg valid_q;
  reg fresh_q;
  reg signed [23:0] sum_q;
  reg [7:0] skipped_q;
  wire take = operand_valid_i && operand_ready_o;
  wire zero = (activation_i == 8'sd0) || (weight_i == 8'sd0);
  wire signed [15:0] product = activation_i * weight_i;
  wire signed [23:0] sum_base = fresh_q ? 24'sd0 : sum_q;
  wire [7:0] skipped_base = fresh_q ? 8'd0 : skipped_q;
  assign operand_ready_o = !valid_q;
  assign result_valid_o = valid_q;
  assign result_o = sum_q;
  assign skipped_o = skipped_q;
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      fresh_q <= 1'b1;
    end else begin
      if (take) begin
        valid_q <= operand_last_i;
        fresh_q <= operand_last_i;
      end else if (result_ready_i) valid_q <= 1'b0;
    end
  end
  always @(posedge clk_i) begin
    if (take) begin
      if (!zero || fresh_q) sum_q <= sum_base + (zero ? 24'sd0 : {{8{product[15]}}, product});
      skipped_q <= (zero && skipped_base != 8'd255) ? skipped_base + 8'd1 : skipped_base;
    end
  end
endmodule
"""


@dataclass(frozen=True)
class Wrong:
    """RTL that is wrong in one way: a text replaced in the right RTL; the rule and words of the finding."""

    name: str
    old: str
    new: str
    rule: str
    says: tuple[str, ...]

    def of(self, rtl: str) -> str:
        assert rtl.count(self.old) >= 1, self.old
        return rtl.replace(self.old, self.new)


RTL = {"saturating_accumulator": ACCUMULATOR, "relu_drain": RELU, "zero_skipping_pe": PE}

_COMBINATIONAL_RELU = (
    RELU[RELU.index("  reg valid_q;") : RELU.index("endmodule")],
    """  assign result_ready_o = drain_ready_i;
  assign drain_valid_o = rst_ni && result_valid_i;
  assign drain_last_o = result_last_i;
  assign drain_o = {
    result_i[63] ? 16'd0 : result_i[63:48],
    result_i[47] ? 16'd0 : result_i[47:32],
    result_i[31] ? 16'd0 : result_i[31:16],
    result_i[15] ? 16'd0 : result_i[15:0]
  };
  wire unused = clk_i;
""",
)

WRONG = {
    "saturating_accumulator": (
        Wrong(
            "no_saturation",
            "(wide > 13'sd2047) ? 12'sd2047 : (wide < -13'sd2048) ? -12'sd2048 : wide[11:0]",
            "wide[11:0]",
            "wrong-result",
            ("sum_o is ", "expected", "saturate there, not wrap"),
        ),
        Wrong("off_by_one", "? 12'sd2047 :", "? 12'sd2046 :", "wrong-result",
              ("sum_o is 2046 (12'h7fe), expected 2047 (12'h7ff)", "one less than expected")),
        Wrong("wrong_reset", "if (!rst_ni) sum_q <= 12'sd0;", "if (!rst_ni) sum_q <= 12'sd1;", "reset",
              ("sum_o is 1 (12'h001), expected 0 (12'h000)",)),
        Wrong("synchronous_reset", "always @(posedge clk_i or negedge rst_ni)", "always @(posedge clk_i)", "reset",
              ("while rst_ni is low", "asynchronous, active low")),
        Wrong("late", "assign sum_o = sum_q;",
              "reg signed [11:0] late_q;\n  always @(posedge clk_i or negedge rst_ni) if (!rst_ni) late_q <= 12'sd0;"
              " else late_q <= sum_q;\n  assign sum_o = late_q;", "latency",
              ("the outputs come 1 cycle too late", "Remove 1 register")),
    ),
    "relu_drain": (
        Wrong("no_clipping", "result_i[31] ? 16'd0 : result_i[31:16]", "result_i[31:16]", "wrong-result",
              ("drain_o is 64'h", ", expected 64'h")),
        Wrong("no_reset", "if (!rst_ni) valid_q <= 1'b0;\n    else if", "if", "reset", ("drain_valid_o is not 0",)),
        Wrong("drops_beats", "!valid_q || drain_ready_i", "1'b1", "handshake", ("channel drain while it waited",)),
        Wrong("combinational", *_COMBINATIONAL_RELU, "latency",
              ("offered 0 clock cycles after", "the contract says 1")),
    ),
    "zero_skipping_pe": (
        Wrong("counts_all", "(zero && skipped_base != 8'd255)", "(skipped_base != 8'd255)", "wrong-result",
              ("skipped_o is 2 (8'h02), expected 0 (8'h00)", "from operand_last_i = 0, activation_i = -125 (8'h83)")),
        Wrong("unsigned", "{{8{product[15]}}, product}", "{8'd0, product}", "wrong-result", ("result_o is",)),
        Wrong("takes_while_waiting", "operand_ready_o = !valid_q", "operand_ready_o = 1'b1", "handshake",
              ("channel result while it waited for ready",)),
        Wrong("wrong_reset", "valid_q <= 1'b0;\n      fresh_q", "valid_q <= 1'b1;\n      fresh_q", "reset",
              ("result_valid_o is not 0",)),
    ),
}  # fmt: skip


def example(name: str) -> CustomSpec:
    """The spec of an example that ships with the documentation."""
    return CustomSpec.from_files(EXAMPLES / f"{name}.v", EXAMPLES / f"{name}.py")
