module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  reg [7:0] memory [0:255];
  initial begin
    $writememh("../escaped.hex", memory);
    $finish;
  end
  assign y_o = memory[a_i];
endmodule
