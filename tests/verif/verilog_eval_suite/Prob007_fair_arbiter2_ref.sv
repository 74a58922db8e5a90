module RefModule (
  input  logic clk,
  input  logic reset,
  input  logic [1:0] request,
  output logic [1:0] grant
);
  logic last;
  assign grant = (request == 2'b11) ? (last ? 2'b01 : 2'b10) : request;
  always_ff @(posedge clk)
    if (reset) last <= 1'b1;
    else if (|grant) last <= grant[1];
endmodule
