module RefModule (
  input  logic clk,
  input  logic reset,
  input  logic enable,
  output logic [3:0] digit,
  output logic carry
);
  assign carry = enable & (digit == 4'd9);
  always_ff @(posedge clk)
    if (reset) digit <= 4'd0;
    else if (enable) digit <= (digit == 4'd9) ? 4'd0 : digit + 4'd1;
endmodule
