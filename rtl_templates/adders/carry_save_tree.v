/// Wallace tree of 3:2 compressors: reduces `Rows` numbers to two with the same sum modulo 2^Width.
module carry_save_tree #(
  /// How many numbers come in; legal 2..64.
  parameter integer Rows = 9,
  /// Width of every number, in bits; legal 2..128.
  parameter integer Width = 16
) (
  /// Row r is at [r*Width +: Width].
  input  wire [Rows*Width-1:0] rows_i,
  output wire [Width-1:0]      sum_o,
  output wire [Width-1:0]      carry_o
);

  generate
    if (Rows < 2 || Rows > 64) begin : gen_rows_error
      tpugen_error_carry_save_rows_must_be_2_to_64 u_error ();
    end
    if (Width < 2 || Width > 128) begin : gen_width_error
      tpugen_error_carry_save_width_must_be_2_to_128 u_error ();
    end
  endgenerate

  // Each pass turns every three rows into two, in place, until two are left.
  reg [Rows*Width-1:0] stack;
  reg [Width-1:0]      x;
  reg [Width-1:0]      y;
  reg [Width-1:0]      z;
  integer              left;
  integer              g;

  always @(*) begin
    stack = rows_i;
    x = {Width{1'b0}};
    y = {Width{1'b0}};
    z = {Width{1'b0}};
    for (left = Rows; left > 2; left = 2 * (left / 3) + left % 3) begin
      for (g = 0; g < left / 3; g = g + 1) begin
        x = stack[3*g*Width +: Width];
        y = stack[(3*g+1)*Width +: Width];
        z = stack[(3*g+2)*Width +: Width];
        stack[2*g*Width +: Width] = x ^ y ^ z;
        // The top bit's carry has weight 2^Width and is dropped.
        stack[(2*g+1)*Width +: Width] = ((x & y) | ((x ^ y) & z)) << 1;
      end
      for (g = 0; g < left % 3; g = g + 1) begin
        stack[(2*(left/3)+g)*Width +: Width] = stack[(3*(left/3)+g)*Width +: Width];
      end
    end
  end

  assign sum_o   = stack[Width-1:0];
  assign carry_o = stack[Width +: Width];

endmodule
