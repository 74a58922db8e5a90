module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  vendor_ip_core u_core (.a(a_i), .y(y_o));
endmodule
