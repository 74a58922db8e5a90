/// Multiply-accumulate element with operands passed on, for tests of the flows.
module mac_element #(
  parameter integer Width = 8,
  parameter integer AccWidth = 24
) (
  input  wire                       clk_i,
  input  wire                       advance_i,
  input  wire                       clear_i,
  input  wire signed [Width-1:0]    activation_i,
  input  wire signed [Width-1:0]    weight_i,
  output reg  signed [Width-1:0]    activation_o,
  output reg  signed [Width-1:0]    weight_o,
  output reg  signed [AccWidth-1:0] acc_q
);

  wire signed [2*Width-1:0] product = activation_i * weight_i;

  always @(posedge clk_i) begin
    if (advance_i) begin
      activation_o <= activation_i;
      weight_o     <= weight_i;
      acc_q        <= clear_i ? {{AccWidth - 2 * Width{product[2*Width-1]}}, product} : acc_q + product;
    end
  end

endmodule
