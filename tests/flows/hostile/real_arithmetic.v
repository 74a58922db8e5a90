module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  real gain;
  always @* begin
    gain = 1.5;
    y_o = a_i * gain;
  end
endmodule
