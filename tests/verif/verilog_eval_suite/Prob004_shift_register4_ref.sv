module RefModule (
  input  logic clk,
  input  logic reset,
  input  logic enable,
  input  logic d,
  output logic [3:0] q
);
  always_ff @(posedge clk)
    if (reset) q <= '0;
    else if (enable) q <= {q[2:0], d};
endmodule
