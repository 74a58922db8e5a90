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

  genvar g;
  generate
    if (Rows == 2) begin : gen_done
      assign sum_o   = rows_i[Width-1:0];
      assign carry_o = rows_i[Width +: Width];
    end else begin : gen_level
      // This level turns each three rows into two; the tree below it takes what is left.
      localparam integer Compressors = Rows / 3;
      localparam integer Passed = Rows % 3;
      localparam integer RowsLeft = 2 * Compressors + Passed;

      wire [RowsLeft*Width-1:0] rows_left;

      for (g = 0; g < Compressors; g = g + 1) begin : gen_compressor
        wire [Width-1:0] x = rows_i[3*g*Width +: Width];
        wire [Width-1:0] y = rows_i[(3*g+1)*Width +: Width];
        wire [Width-1:0] z = rows_i[(3*g+2)*Width +: Width];
        wire [Width-1:0] propagate = x ^ y;

        assign rows_left[2*g*Width +: Width] = propagate ^ z;
        // The top bit's carry has weight 2^Width and is not built.
        assign rows_left[(2*g+1)*Width +: Width] = {
          (x[Width-2:0] & y[Width-2:0]) | (propagate[Width-2:0] & z[Width-2:0]), 1'b0
        };
      end

      if (Passed > 0) begin : gen_pass
        assign rows_left[2*Compressors*Width +: Passed*Width] =
            rows_i[3*Compressors*Width +: Passed*Width];
      end

      carry_save_tree #(
        .Rows  (RowsLeft),
        .Width (Width)
      ) u_tree (
        .rows_i  (rows_left),
        .sum_o   (sum_o),
        .carry_o (carry_o)
      );
    end
  endgenerate

endmodule
