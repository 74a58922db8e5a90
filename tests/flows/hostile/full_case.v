module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  always @*
    case (a_i) // synopsys full_case parallel_case
      8'd0: y_o = 8'd1;
      8'd1: y_o = 8'd2;
    endcase
endmodule
