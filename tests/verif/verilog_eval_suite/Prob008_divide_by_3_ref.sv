module RefModule (
  input  logic clk,
  input  logic hold,
  output logic tick
);
  logic [1:0] count;
  initial count = 2'd0;
  always_ff @(posedge clk)
    if (!hold) count <= (count == 2'd2) ? 2'd0 : count + 2'd1;
  assign tick = count == 2'd2;
endmodule
