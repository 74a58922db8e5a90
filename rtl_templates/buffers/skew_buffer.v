/// Skews a vector: lane i leaves i cycles later than lane 0, or earlier when `Reverse`.
///
/// At the edges of a systolic array it turns an unskewed vector into a wavefront, and a wavefront back into a vector.
module skew_buffer #(
  /// Lanes of the vector; legal 1..256.
  parameter integer Lanes = 4,
  /// Width of a lane, in bits; legal 1 or more.
  parameter integer Width = 8,
  /// Registers that every lane passes besides its skew; legal 0 or more.
  parameter integer BaseStages = 0,
  /// 0: lane i is delayed by i; 1: lane i is delayed by Lanes-1-i.
  parameter integer Reverse = 0
) (
  input  wire                   clk_i,
  input  wire                   enable_i,
  /// Lane i is at [i*Width +: Width].
  input  wire [Lanes*Width-1:0] data_i,
  output wire [Lanes*Width-1:0] data_o
);

  genvar i;
  generate
    for (i = 0; i < Lanes; i = i + 1) begin : gen_lane
      delay_line #(
        .Width  (Width),
        .Stages (BaseStages + ((Reverse != 0) ? Lanes - 1 - i : i))
      ) u_delay (
        .clk_i    (clk_i),
        .enable_i (enable_i),
        .data_i   (data_i[i*Width +: Width]),
        .data_o   (data_o[i*Width +: Width])
      );
    end
  endgenerate

endmodule
