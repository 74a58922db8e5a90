/// Delays one-bit tokens by `Stages` enabled clock cycles; reset clears every token in flight.
module token_line #(
  /// How many tokens travel side by side; legal 1 or more.
  parameter integer Width = 1,
  /// Registers in the line; legal 1 or more.
  parameter integer Stages = 1
) (
  input  wire             clk_i,
  input  wire             rst_ni,
  input  wire             enable_i,
  input  wire [Width-1:0] token_i,
  /// The tokens after every stage: stage s (0 is the first) at [s*Width +: Width].
  output wire [Stages*Width-1:0] stages_o
);

  generate
    if (Stages < 1) begin : gen_stages_error
      tpugen_error_token_line_needs_a_stage u_error ();
    end
  endgenerate

  reg [Stages*Width-1:0] line_q;

  generate
    if (Stages == 1) begin : gen_register
      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          line_q <= {Width{1'b0}};
        end else if (enable_i) begin
          line_q <= token_i;
        end
      end
    end else begin : gen_line
      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          line_q <= {(Stages*Width){1'b0}};
        end else if (enable_i) begin
          line_q <= {line_q[(Stages-1)*Width-1:0], token_i};
        end
      end
    end
  endgenerate

  assign stages_o = line_q;

endmodule
