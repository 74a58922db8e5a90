/// The norm of a decoder layer with the gains and biases of its two places, which the host writes.
module norm_stage #(
  /// Numbers of a token; legal 2..16384.
  parameter integer D = 64,
  /// 1: LayerNorm, with biases; 0: RMSNorm.
  parameter integer LayerNorm = 0
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A gain is stored in this cycle.
  input  wire        write_i,
  /// Its place: number i of the first norm at i, of the second at D + i; below 2*D.
  input  wire [15:0] write_address_i,
  /// Two's complement.
  input  wire [15:0] gain_i,
  /// Two's complement, 8 fraction bits.
  input  wire [15:0] bias_i,
  /// The norm is at work; low for a cycle in between.
  input  wire        run_i,
  /// It is the second one.
  input  wire        second_i,
  /// Fraction bits of the gains of the norm at work.
  input  wire [3:0]  gain_fraction_i,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This number is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement.
  input  wire [15:0] operand_i,
  /// A vector was longer than D.
  output wire        overlong_o,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This number is the last of its vector.
  output wire        result_last_o,
  /// Two's complement, 8 fraction bits.
  output wire [15:0] result_o
);

  localparam integer IndexWidth = $clog2(D);
  localparam integer AddressWidth = $clog2(2 * D);
  localparam integer Width = (LayerNorm != 0) ? 32 : 16;
  localparam [AddressWidth-1:0] SecondBase = D[AddressWidth-1:0];

  generate
    if (LayerNorm < 0 || LayerNorm > 1) begin : gen_norm_error
      tpugen_error_layer_norm_must_be_0_or_1 u_error ();
    end
  endgenerate

  wire                    read;
  wire [IndexWidth-1:0]   index;
  wire [AddressWidth-1:0] wide_index = {{(AddressWidth-IndexWidth){1'b0}}, index};
  wire                    gain_valid;
  wire                    gain_ready;
  wire                    gain_last;
  wire [Width-1:0]        written;
  wire [Width-1:0]        word;
  wire                    unused_reader = &{1'b0, gain_last};

  memory #(
    .Depth (2 * D),
    .Width (Width)
  ) u_memory (
    .clk_i           (clk_i),
    .write_i         (write_i),
    .write_address_i (write_address_i[AddressWidth-1:0]),
    .data_i          (written),
    .read_i          (read),
    .read_address_i  (second_i ? SecondBase + wide_index : wide_index),
    .data_o          (word)
  );

  vector_reader #(
    .Length (D)
  ) u_reader (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .run_i   (run_i),
    .read_o  (read),
    .index_o (index),
    .valid_o (gain_valid),
    .ready_i (gain_ready),
    .last_o  (gain_last)
  );

  generate
    if (AddressWidth < 16) begin : gen_unused_address
      wire unused_address = &{1'b0, write_address_i[15:AddressWidth]};
    end
    if (LayerNorm != 0) begin : gen_layer_norm
      assign written = {bias_i, gain_i};

      layer_norm #(
        .MaxLength      (D),
        .OutputFraction (8)
      ) u_norm (
        .clk_i           (clk_i),
        .rst_ni          (rst_ni),
        .operand_valid_i (operand_valid_i),
        .operand_ready_o (operand_ready_o),
        .operand_last_i  (operand_last_i),
        .operand_i       (operand_i),
        .overlong_o      (overlong_o),
        .gain_valid_i    (gain_valid),
        .gain_ready_o    (gain_ready),
        .gain_i          (word[15:0]),
        .gain_fraction_i (gain_fraction_i),
        .bias_i          (word[31:16]),
        .result_valid_o  (result_valid_o),
        .result_ready_i  (result_ready_i),
        .result_last_o   (result_last_o),
        .result_o        (result_o)
      );
    end else begin : gen_rms_norm
      wire unused_bias = &{1'b0, bias_i};

      assign written = gain_i;

      rms_norm #(
        .MaxLength      (D),
        .OutputFraction (8)
      ) u_norm (
        .clk_i           (clk_i),
        .rst_ni          (rst_ni),
        .operand_valid_i (operand_valid_i),
        .operand_ready_o (operand_ready_o),
        .operand_last_i  (operand_last_i),
        .operand_i       (operand_i),
        .overlong_o      (overlong_o),
        .gain_valid_i    (gain_valid),
        .gain_ready_o    (gain_ready),
        .gain_i          (word),
        .gain_fraction_i (gain_fraction_i),
        .result_valid_o  (result_valid_o),
        .result_ready_i  (result_ready_i),
        .result_last_o   (result_last_o),
        .result_o        (result_o)
      );
    end
  endgenerate

endmodule
