/// Extends a word: by its sign bit when Signed, else by zeros.
module sign_extend #(
  /// Width of the word, in bits; legal 1 or more.
  parameter integer InputWidth = 16,
  /// Width of the extended word, in bits; at least InputWidth.
  parameter integer OutputWidth = 32,
  /// 1: two's complement; 0: unsigned.
  parameter integer Signed = 1
) (
  input  wire [InputWidth-1:0]  data_i,
  output wire [OutputWidth-1:0] data_o
);

  generate
    if (OutputWidth < InputWidth) begin : gen_width_error
      tpugen_error_sign_extend_cannot_narrow u_error ();
    end
    if (OutputWidth == InputWidth) begin : gen_same
      assign data_o = data_i;
    end else begin : gen_extend
      wire extension = (Signed != 0) && data_i[InputWidth-1];
      assign data_o = {{(OutputWidth-InputWidth){extension}}, data_i};
    end
  endgenerate

endmodule
