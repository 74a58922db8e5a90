module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  (* src = "/etc/passwd:1" *)
  wire [7:0] x = a_i;
  assign y_o = x;
endmodule
