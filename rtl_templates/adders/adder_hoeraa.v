/// Hardware-optimised, error-reduced adder: where the top low bit carries out, it takes the AND of the next.
module adder_hoeraa #(
  /// Width of both operands, in bits; legal 3..128.
  parameter integer Width = 8,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1,
  /// Inexact low bits; legal 2..Width-1.
  parameter integer K = 4
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 3 || Width > 128) begin : gen_width_error
      tpugen_error_hoeraa_width_must_be_3_to_128 u_error ();
    end
    if (K < 2 || K > Width - 1) begin : gen_k_error
      tpugen_error_hoeraa_k_must_be_2_to_width_less_1 u_error ();
    end
  endgenerate

  wire first_and  = a_i[K-1] && b_i[K-1];

  upper_part_adder #(
    .Width  (Width - K),
    .Signed (Signed)
  ) u_upper_part (
    .a_i     (a_i[Width-1:K]),
    .b_i     (b_i[Width-1:K]),
    .carry_i (first_and),
    .sum_o   (sum_o[Width:K])
  );

  reg [K-1:0] low;

  always @(*) begin
    low = {K{1'b1}};
    low[K-1] = first_and ? a_i[K-2] && b_i[K-2] : a_i[K-1] || b_i[K-1];
    low[K-2] = a_i[K-2] || b_i[K-2];
  end

  assign sum_o[K-1:0] = low;

  // What the low bits leave out of the operands.
  wire unused_operand_bits = &{1'b0, a_i[K-1:0], b_i[K-1:0]};

endmodule
