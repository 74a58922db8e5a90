module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  `define QUOTED "/etc/passwd"
  `define PATH `QUOTED
  `include `PATH
  assign y_o = a_i;
endmodule
