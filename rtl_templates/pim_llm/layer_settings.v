/// Settings of a decoder layer: constants of its matrices, factor of its scores, shifts, formats of its gains.
module layer_settings #(
  /// Matrices; legal 1..8.
  parameter integer Matrices = 7
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// Written in this cycle: the factor of the scores: multiplier in [15:0], shift in [21:16];
  input  wire        softmax_i,
  /// the shifts of activation and gate, in [4:0] and [12:8];
  input  wire        activation_i,
  /// the fraction bits of the gains of both norms, in [3:0] and [11:8];
  input  wire        norm_i,
  /// the constant of a matrix: multiplier in [15:0], shift in [21:16].
  input  wire        constant_i,
  input  wire [2:0]  write_matrix_i,
  input  wire [31:0] write_data_i,
  /// Bits that are written.
  input  wire [31:0] write_mask_i,
  /// Unsigned.
  output wire [15:0] softmax_multiplier_o,
  output wire [5:0]  softmax_shift_o,
  /// Places by which a square, and a product with the gate, is shifted right.
  output wire [4:0]  activation_shift_o,
  output wire [4:0]  gate_shift_o,
  /// Fraction bits of the gains of the first norm in [3:0], of the second in [7:4].
  output wire [7:0]  gain_fraction_o,
  /// Matrix whose constant is used.
  input  wire [2:0]  matrix_i,
  /// Unsigned.
  output wire [15:0] multiplier_o,
  /// Places by which a product is shifted right.
  output wire [5:0]  shift_o,
  /// Matrix whose constant is looked at.
  input  wire [2:0]  read_matrix_i,
  /// Multiplier in [15:0], shift in [21:16].
  output wire [21:0] read_constant_o
);

  localparam integer Width = 22;
  localparam integer Slots = 8;

  generate
    if (Matrices < 1 || Matrices > Slots) begin : gen_matrices_error
      tpugen_error_matrices_must_be_1_to_8 u_error ();
    end
  endgenerate

  wire [31:0]            bits = write_data_i & write_mask_i;
  reg  [Width-1:0]       softmax_q;
  reg  [9:0]             activation_q;
  reg  [7:0]             norm_q;
  wire [Slots*Width-1:0] constants;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      softmax_q    <= {Width{1'b0}};
      activation_q <= 10'd0;
      norm_q       <= 8'd0;
    end else begin
      if (softmax_i) begin
        softmax_q <= (softmax_q & ~write_mask_i[21:0]) | bits[21:0];
      end
      if (activation_i) begin
        activation_q <= (activation_q & ~{write_mask_i[12:8], write_mask_i[4:0]}) | {bits[12:8], bits[4:0]};
      end
      if (norm_i) begin
        norm_q <= (norm_q & ~{write_mask_i[11:8], write_mask_i[3:0]}) | {bits[11:8], bits[3:0]};
      end
    end
  end

  genvar m;
  generate
    for (m = 0; m < Slots; m = m + 1) begin : gen_matrix
      if (m < Matrices) begin : gen_constant
        reg [Width-1:0] constant_q;

        always @(posedge clk_i or negedge rst_ni) begin
          if (!rst_ni) begin
            constant_q <= {Width{1'b0}};
          end else if (constant_i && write_matrix_i == m) begin
            constant_q <= (constant_q & ~write_mask_i[21:0]) | bits[21:0];
          end
        end

        assign constants[m*Width +: Width] = constant_q;
      end else begin : gen_none
        assign constants[m*Width +: Width] = {Width{1'b0}};
      end
    end
  endgenerate

  assign {softmax_shift_o, softmax_multiplier_o} = softmax_q;
  assign {gate_shift_o, activation_shift_o} = activation_q;
  assign gain_fraction_o = norm_q;
  assign {shift_o, multiplier_o} = constants[matrix_i*Width +: Width];
  assign read_constant_o = constants[read_matrix_i*Width +: Width];

  wire unused_bits = &{1'b0, bits[31:22], write_mask_i[31:22]};

endmodule
