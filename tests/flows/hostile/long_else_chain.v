module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  always @* begin
    if (a_i == 8'd0) y_o = 8'd0;
    @CHAIN@
  end
endmodule
