module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam Width = 1e9;
  wire [Width:0] wide;
  assign y_o = a_i;
endmodule
