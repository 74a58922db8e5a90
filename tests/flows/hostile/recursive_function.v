module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  function automatic [7:0] dive(input [7:0] x);
    dive = dive(x + 8'd1);
  endfunction
  assign y_o = dive(a_i);
endmodule
