module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  localparam integer Side = 1000;
  localparam integer Passes = Side * Side * Side;
  integer i;
  always @* begin
    y_o = a_i;
    for (i = 0; i < Passes; i = i + 1) y_o = ~y_o;
  end
endmodule
