module RefModule (
  input  logic [7:0] a,
  input  logic [7:0] b,
  output logic [7:0] sum,
  output logic clipped
);
  logic signed [8:0] wide;
  assign wide = $signed({a[7], a}) + $signed({b[7], b});
  assign clipped = wide[8] != wide[7];
  assign sum = clipped ? {wide[8], {7{~wide[8]}}} : wide[7:0];
endmodule
