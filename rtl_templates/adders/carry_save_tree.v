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

  // Each pass turns every three rows into two, in place, until two are left. One block and offsets in bits, because
  // simulators evaluate that much faster than a net for every intermediate row.
  reg [Rows*Width-1:0] stack;
  reg [Width-1:0]      x;
  reg [Width-1:0]      propagate;
  reg [Width-1:0]      z;
  integer              left;
  integer              at;

  always @(*) begin
    stack = rows_i;
    for (left = Rows; left > 2; left = 2 * (left / 3) + left % 3) begin
      for (at = 0; at < left / 3 * 3 * Width; at = at + 3 * Width) begin
        x = stack[at +: Width];
        propagate = x ^ stack[at+Width +: Width];
        z = stack[at+2*Width +: Width];
        // A carry is y where x and y agree, else z; the top bit's has weight 2^Width and is dropped.
        stack[at/3*2+Width +: Width] = ((x & ~propagate) | (z & propagate)) << 1;
        stack[at/3*2 +: Width] = propagate ^ z;
      end
      for (at = left / 3 * 3 * Width; at < left * Width; at = at + Width) begin
        stack[at-left/3*Width +: Width] = stack[at +: Width];
      end
    end
  end

  assign sum_o   = stack[Width-1:0];
  assign carry_o = stack[Width +: Width];

endmodule
