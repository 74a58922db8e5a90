module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  localparam integer Width = $time + 8;
  wire [Width-1:0] wide = a_i;
  assign y_o = wide[7:0];
endmodule
