/// Delays a word by `Stages` enabled clock cycles; without reset, so what leaves first is undefined.
module delay_line #(
  /// Width of the word, in bits; legal 1 or more.
  parameter integer Width = 8,
  /// Registers in the line; 0 passes the word through.
  parameter integer Stages = 1
) (
  input  wire             clk_i,
  input  wire             enable_i,
  input  wire [Width-1:0] data_i,
  output wire [Width-1:0] data_o
);

  generate
    if (Stages == 0) begin : gen_pass
      wire unused_controls = &{1'b0, clk_i, enable_i};
      assign data_o = data_i;
    end
    if (Stages == 1) begin : gen_register
      reg [Width-1:0] data_q;

      always @(posedge clk_i) begin
        if (enable_i) begin
          data_q <= data_i;
        end
      end

      assign data_o = data_q;
    end
    if (Stages > 1) begin : gen_line
      reg [Stages*Width-1:0] line_q;

      always @(posedge clk_i) begin
        if (enable_i) begin
          line_q <= {line_q[(Stages-1)*Width-1:0], data_i};
        end
      end

      assign data_o = line_q[(Stages-1)*Width +: Width];
    end
  endgenerate

endmodule
