module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  reg [1023:0] memory [0:(1 << 30) - 1];
  always @(posedge clk_i) memory[a_i] <= a_i;
  assign y_o = memory[a_i][7:0];
endmodule
