module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  genvar i;
  generate
    for (i = 0; i < 1000000000; i = i + 1) begin : gen_bomb
      wire w = a_i[0];
    end
  endgenerate
  assign y_o = a_i;
endmodule
