/// Modified HERLOA: the low bits below the top four are ones.
module adder_m_herloa #(
  /// Width of both operands, in bits; legal 5..128.
  parameter integer Width = 8,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1,
  /// Inexact low bits; legal 4..Width-1.
  parameter integer K = 4
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 5 || Width > 128) begin : gen_width_error
      tpugen_error_m_herloa_width_must_be_5_to_128 u_error ();
    end
    if (K < 4 || K > Width - 1) begin : gen_k_error
      tpugen_error_m_herloa_k_must_be_4_to_width_less_1 u_error ();
    end
  endgenerate

  wire first_xor  = a_i[K-1] ^ b_i[K-1];
  wire second_and = a_i[K-2] && b_i[K-2];

  upper_part_adder #(
    .Width  (Width - K),
    .Signed (Signed)
  ) u_upper_part (
    .a_i     (a_i[Width-1:K]),
    .b_i     (b_i[Width-1:K]),
    .carry_i (a_i[K-1] && b_i[K-1]),
    .sum_o   (sum_o[Width:K])
  );

  reg [K-1:0] low;

  always @(*) begin
    // A carry of the second bits goes into the first where that has room; else every low bit is set instead.
    low = {K{1'b1}};
    low[K-1] = first_xor || second_and;
    low[K-2] = second_and ? first_xor : a_i[K-2] || b_i[K-2];
    low[K-3] = a_i[K-3] || b_i[K-3] || (first_xor && second_and);
    low[K-4] = a_i[K-4] || b_i[K-4] || (first_xor && second_and);
  end

  assign sum_o[K-1:0] = low;

  // What the low bits leave out of the operands.
  wire unused_operand_bits = &{1'b0, a_i[K-1:0], b_i[K-1:0]};

endmodule
