module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  integer i;
  always @* begin
    i = 0;
    repeat (1000000000) i = i + 1;
    y_o = i;
  end
endmodule
