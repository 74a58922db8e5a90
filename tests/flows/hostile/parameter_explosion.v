module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  wire [7:0] y;
  tree #(.Depth(40)) u_tree (.a_i(a_i), .y_o(y));
  assign y_o = y;
endmodule
module tree #(parameter integer Depth = 1) (input wire [7:0] a_i, output wire [7:0] y_o);
  generate
    if (Depth > 0) begin : gen_more
      wire [7:0] left, right;
      tree #(.Depth(Depth - 1)) u_left (.a_i(a_i), .y_o(left));
      tree #(.Depth(Depth - 1)) u_right (.a_i(a_i), .y_o(right));
      assign y_o = left ^ right;
    end else begin : gen_leaf
      assign y_o = a_i;
    end
  endgenerate
endmodule
