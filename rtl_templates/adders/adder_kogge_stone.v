/// Exact Kogge-Stone adder: a parallel-prefix tree of least depth and fan-out, with the most nodes.
module adder_kogge_stone #(
  /// Width of both operands, in bits; legal 1..128.
  parameter integer Width = 8,
  /// 1: two's complement operands and sum; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);

  generate
    if (Width < 1 || Width > 128) begin : gen_width_error
      tpugen_error_adder_width_must_be_1_to_128 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire [Width-1:0] half_sum = a_i ^ b_i;

  // Bit i speaks of the `span` bits that end at i: they generate a carry, or propagate one. Each level joins two spans
  // into one of twice the width; spans that reach bit 0 are complete, and what shifts in leaves them as they are.
  reg [Width-1:0] generates;
  reg [Width-1:0] propagates;
  integer         span;

  always @(*) begin
    generates = a_i & b_i;
    propagates = half_sum;
    for (span = 1; span < Width; span = 2 * span) begin
      generates = generates | (propagates & (generates << span));
      propagates = propagates & (propagates << span);
    end
  end

  // Bit i of `generates` is now the carry into bit i + 1; the extension bits are the operands' signs.
  wire extension = (Signed != 0) && half_sum[Width-1];

  assign sum_o = {extension, half_sum} ^ {generates, 1'b0};

endmodule
