module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  function integer big(input integer x);
    big = x * x * x;
  endfunction
  wire [big(1000)-1:0] wide;
  assign y_o = wide[7:0] ^ a_i;
endmodule
