/// What a decoder layer does to vectors between its products: residual stream, norm, quantisation, activation.
///
/// Products come one vector at a time; quantised vectors leave. What a product is for depends on its matrix.
module vector_path #(
  /// Numbers of a token; legal 2..16384.
  parameter integer D = 64,
  /// Width of the feed-forward network; legal 2..16384.
  parameter integer FeedForward = 128,
  /// 1: the feed-forward network is gated; 0: it is not.
  parameter integer Gated = 0,
  /// 1: LayerNorm, with biases; 0: RMSNorm.
  parameter integer LayerNorm = 0,
  /// 1: squared ReLU; 0: GELU.
  parameter integer SquaredRelu = 0
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A gain is stored in this cycle: its place, below 2*D; gain and bias, two's complement.
  input  wire        gain_write_i,
  input  wire [15:0] gain_address_i,
  input  wire [15:0] gain_i,
  input  wire [15:0] bias_i,
  /// Fraction bits of the gains of the first norm in [3:0], of the second in [7:4].
  input  wire [7:0]  gain_fraction_i,
  /// Places by which a square is shifted right.
  input  wire [4:0]  activation_shift_i,
  /// Places by which a product with the gate is shifted right.
  input  wire [4:0]  gate_shift_i,
  /// The stream goes to the norm, the second one with second_i.
  input  wire        norm_i,
  input  wire        second_i,
  /// Products that come: 3: W_X, 4: W_G, 5: W_I, 6: W_O; others are not for here.
  input  wire [2:0]  matrix_i,
  /// The stream goes to the host.
  input  wire        unload_i,
  /// A number of the host is stored in this cycle; two's complement.
  input  wire        load_i,
  input  wire [15:0] load_data_i,
  /// The number that is stored next is the token's last.
  output wire        at_end_o,
  output wire        host_valid_o,
  input  wire        host_ready_i,
  /// This number is the last of the token.
  output wire        host_last_o,
  /// Two's complement.
  output wire [15:0] host_data_o,
  input  wire        product_valid_i,
  output wire        product_ready_o,
  /// This number is the last of its vector.
  input  wire        product_last_i,
  /// Two's complement.
  input  wire [15:0] product_i,
  input  wire        context_valid_i,
  output wire        context_ready_o,
  /// This number is the last of its vector.
  input  wire        context_last_i,
  /// Two's complement.
  input  wire [15:0] context_i,
  output wire        quantised_valid_o,
  input  wire        quantised_ready_i,
  /// This number is the last of its vector.
  output wire        quantised_last_o,
  /// Two's complement.
  output wire [7:0]  quantised_o,
  /// Greatest magnitude of the vector.
  output wire [15:0] scale_o,
  /// In this cycle the last number of a vector is: stored in the residual stream; handed on by the norm; stored as the
  /// gate; handed on by the activation.
  output wire        stored_o,
  output wire        norm_end_o,
  output wire        gate_end_o,
  output wire        hidden_end_o,
  /// A vector was longer than announced.
  output wire        overlong_o
);

  localparam [2:0] Output = 3'd3;
  localparam [2:0] Gate = 3'd4;
  localparam [2:0] Up = 3'd5;
  localparam [2:0] Down = 3'd6;
  localparam integer Longest = (FeedForward > D) ? FeedForward : D;

  wire        sums = matrix_i == Output || matrix_i == Down;
  wire        sum_ready;
  wire        hidden_in_ready;
  wire        stream_valid;
  wire        stream_ready;
  wire        normal_valid;
  wire        normal_last;
  wire [15:0] normal;
  wire        hidden_valid;
  wire        hidden_last;
  wire [15:0] hidden;
  wire        quantise_ready;
  wire [1:0]  overlong;

  residual_stream #(
    .D (D)
  ) u_residual (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .load_i          (load_i),
    .load_data_i     (load_data_i),
    .at_end_o        (at_end_o),
    .stored_o        (stored_o),
    .norm_i          (norm_i),
    .sum_i           (sums),
    .unload_i        (unload_i),
    .norm_valid_o    (stream_valid),
    .norm_ready_i    (stream_ready),
    .host_valid_o    (host_valid_o),
    .host_ready_i    (host_ready_i),
    .last_o          (host_last_o),
    .data_o          (host_data_o),
    .operand_valid_i (product_valid_i && sums),
    .operand_ready_o (sum_ready),
    .operand_i       (product_i)
  );

  norm_stage #(
    .D         (D),
    .LayerNorm (LayerNorm)
  ) u_norm (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .write_i         (gain_write_i),
    .write_address_i (gain_address_i),
    .gain_i          (gain_i),
    .bias_i          (bias_i),
    .run_i           (norm_i),
    .second_i        (second_i),
    .gain_fraction_i (second_i ? gain_fraction_i[7:4] : gain_fraction_i[3:0]),
    .operand_valid_i (stream_valid),
    .operand_ready_o (stream_ready),
    .operand_last_i  (host_last_o),
    .operand_i       (host_data_o),
    .overlong_o      (overlong[0]),
    .result_valid_o  (normal_valid),
    .result_ready_i  (quantise_ready),
    .result_last_o   (normal_last),
    .result_o        (normal)
  );

  hidden_stage #(
    .FeedForward (FeedForward),
    .Gated       (Gated),
    .SquaredRelu (SquaredRelu)
  ) u_hidden (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .activation_shift_i (activation_shift_i),
    .gate_shift_i       (gate_shift_i),
    .gate_i             (matrix_i == Gate),
    .up_i               (matrix_i == Up),
    .operand_valid_i    (product_valid_i),
    .operand_ready_o    (hidden_in_ready),
    .operand_last_i     (product_last_i),
    .operand_i          (product_i),
    .gate_stored_o      (gate_end_o),
    .hidden_valid_o     (hidden_valid),
    .hidden_ready_i     (quantise_ready),
    .hidden_last_o      (hidden_last),
    .hidden_o           (hidden)
  );

  assign product_ready_o = sums ? sum_ready : hidden_in_ready;
  assign context_ready_o = quantise_ready;

  // What is quantised; one source at a time has something.
  reg        last;
  reg [15:0] element;

  always @(*) begin
    if (normal_valid) begin
      {last, element} = {normal_last, normal};
    end else if (hidden_valid) begin
      {last, element} = {hidden_last, hidden};
    end else begin
      {last, element} = {context_last_i, context_i};
    end
  end

  absmax_quantise #(
    .MaxLength (Longest)
  ) u_quantise (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (normal_valid || hidden_valid || context_valid_i),
    .operand_ready_o (quantise_ready),
    .operand_last_i  (last),
    .operand_i       (element),
    .overlong_o      (overlong[1]),
    .result_valid_o  (quantised_valid_o),
    .result_ready_i  (quantised_ready_i),
    .result_last_o   (quantised_last_o),
    .result_o        (quantised_o),
    .scale_o         (scale_o)
  );

  assign norm_end_o   = normal_valid && quantise_ready && normal_last;
  assign hidden_end_o = hidden_valid && quantise_ready && hidden_last;
  assign overlong_o   = |overlong;

endmodule
