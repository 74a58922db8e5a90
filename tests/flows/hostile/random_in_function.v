module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  function [7:0] pick(input [7:0] x);
    pick = $random;
  endfunction
  assign y_o = pick(a_i);
endmodule
