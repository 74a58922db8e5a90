module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  reg [7:0] value;
  initial if (!$value$plusargs("x=%d", value)) value = 0;
  assign y_o = value;
endmodule
