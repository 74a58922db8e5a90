/// Carries the valid and last flags of a stream along a pipeline of `Stages` registers.
///
/// The pipeline moves as a whole: whenever nothing waits at its end, or what waits there is taken.
module stream_tokens #(
  /// Registers in the pipeline; legal 1 or more.
  parameter integer Stages = 1
) (
  input  wire clk_i,
  input  wire rst_ni,
  input  wire valid_i,
  input  wire last_i,
  /// Every register of the pipeline takes its input in this cycle.
  output wire advance_o,
  output wire valid_o,
  input  wire ready_i,
  output wire last_o
);

  wire [2*Stages-1:0] tokens;

  token_line #(
    .Width  (2),
    .Stages (Stages)
  ) u_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance_o),
    .token_i  ({valid_i, last_i}),
    .stages_o (tokens)
  );

  assign {valid_o, last_o} = tokens[2*Stages-2 +: 2];
  assign advance_o = !valid_o || ready_i;

  generate
    if (Stages > 1) begin : gen_inner
      wire unused_inner = &{1'b0, tokens[2*Stages-3:0]};
    end
  endgenerate

endmodule
