module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire sum, carry;
  mac_unit u_a (.a(a_i[0]), .y(sum));
  assign y_o = {7'd0, sum};
endmodule
module mac_unit (input wire a, output wire y);
  assign y = a;
endmodule
module mac_unit (input wire a, output wire y);
  assign y = ~a;
endmodule
