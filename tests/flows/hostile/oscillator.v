module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] x;
  assign x = (a_i[0] === 1'b0) ? 8'd0 : (x === 8'd0) ? 8'd1 : 8'd0;
  assign y_o = x;
endmodule
