/// Grid of multiply-accumulate elements with one clock enable, for tests of the flows.
module mac_grid #(
  parameter integer Rows = 4,
  parameter integer Cols = 4,
  parameter integer Width = 8,
  parameter integer AccWidth = 24
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,
  input  wire                     valid_i,
  input  wire                     clear_i,
  input  wire [Rows*Width-1:0]    activation_i,
  input  wire [Cols*Width-1:0]    weight_i,
  output wire [Cols*AccWidth-1:0] result_o,
  output reg                      valid_o
);

  reg advance;
  wire [(Cols+1)*Rows*Width-1:0] across;
  wire [(Rows+1)*Cols*Width-1:0] down;
  wire [Rows*Cols*AccWidth-1:0]  sums;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      advance <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      advance <= valid_i;
      valid_o <= advance;
    end
  end

  assign down[Cols*Width-1:0] = weight_i;
  assign result_o = sums[Rows*Cols*AccWidth-1 -: Cols*AccWidth];

  genvar r, c;
  generate
    for (r = 0; r < Rows; r = r + 1) begin : gen_row
      assign across[r*(Cols+1)*Width +: Width] = activation_i[r*Width +: Width];
      for (c = 0; c < Cols; c = c + 1) begin : gen_col
        wire signed [AccWidth-1:0] acc;
        mac_element #(
          .Width(Width),
          .AccWidth(AccWidth)
        ) u_pe (
          .clk_i(clk_i),
          .advance_i(advance),
          .clear_i(clear_i),
          .activation_i(across[(r*(Cols+1)+c)*Width +: Width]),
          .weight_i(down[(r*Cols+c)*Width +: Width]),
          .activation_o(across[(r*(Cols+1)+c+1)*Width +: Width]),
          .weight_o(down[((r+1)*Cols+c)*Width +: Width]),
          .acc_q(acc)
        );
        if (r == 0) begin : gen_first
          assign sums[(r*Cols+c)*AccWidth +: AccWidth] = acc;
        end else begin : gen_next
          assign sums[(r*Cols+c)*AccWidth +: AccWidth] = acc ^ sums[((r-1)*Cols+c)*AccWidth +: AccWidth];
        end
      end
    end
  endgenerate

endmodule
