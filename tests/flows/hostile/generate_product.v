module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  genvar i, j, k;
  generate
    for (i = 0; i < 1000; i = i + 1) begin : gen_i
      for (j = 0; j < 1000; j = j + 1) begin : gen_j
        for (k = 0; k < 1000; k = k + 1) begin : gen_k
          wire w = a_i[0];
        end
      end
    end
  endgenerate
  assign y_o = a_i;
endmodule
