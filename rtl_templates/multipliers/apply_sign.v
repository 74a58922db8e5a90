/// Negates a magnitude on request: the last step of a sign-magnitude multiplier.
module apply_sign #(
  /// Width of the magnitude and of the result, in bits; legal 4..64.
  parameter integer Width = 16
) (
  input  wire [Width-1:0] magnitude_i,
  input  wire             negate_i,
  output wire [Width-1:0] data_o
);

  assign data_o = (magnitude_i ^ {Width{negate_i}}) + {{(Width-1){1'b0}}, negate_i};

endmodule
