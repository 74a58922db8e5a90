/// Hybrid accelerator: a decoder layer, a token at a time; projections on crossbars, attention on a tensor unit.
///
/// AXI4-Lite for weights, constants, status and counters; an AXI4-Stream of int16 for tokens in, one for tokens out.
/// Operators follow one another (decoder_sequencer); driver and bit-accurate model: tpugen.arithmetic.decoder_layer.
module pim_llm #(
  /// Numbers of a token; legal 2..16384.
  parameter integer D = 8,
  /// Query heads; legal divisors of D up to 1024.
  parameter integer Heads = 2,
  /// Key and value heads; legal divisors of Heads.
  parameter integer KvHeads = 2,
  /// Width of the feed-forward network; legal 2..16384.
  parameter integer FeedForward = 16,
  /// Positions that are kept; legal 1..16384.
  parameter integer Context = 8,
  /// 1: the feed-forward network is gated; 0: it is not.
  parameter integer Gated = 0,
  /// 1: LayerNorm, with biases; 0: RMSNorm.
  parameter integer LayerNorm = 0,
  /// 1: squared ReLU; 0: GELU.
  parameter integer SquaredRelu = 0,
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 4,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 4,
  /// Slices in a bank of the array's operand memories; legal 2..8192.
  parameter integer Depth = 8,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 8,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 8,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 5,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 4,
  /// 1: bit planes that are zero in every row are skipped; 0: every plane is read.
  parameter integer ZeroSkipping = 0,
  /// Seed of the stuck cells of W_Q; that of matrix number m is greater by m. Any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise of W_Q; that of matrix number m is greater by m. Any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A token is done, or something went wrong.
  output wire        interrupt_o,
  input  wire        s_axil_awvalid_i,
  output wire        s_axil_awready_o,
  input  wire [11:0] s_axil_awaddr_i,
  input  wire [2:0]  s_axil_awprot_i,
  input  wire        s_axil_wvalid_i,
  output wire        s_axil_wready_o,
  input  wire [31:0] s_axil_wdata_i,
  input  wire [3:0]  s_axil_wstrb_i,
  output wire        s_axil_bvalid_o,
  input  wire        s_axil_bready_i,
  output wire [1:0]  s_axil_bresp_o,
  input  wire        s_axil_arvalid_i,
  output wire        s_axil_arready_o,
  input  wire [11:0] s_axil_araddr_i,
  input  wire [2:0]  s_axil_arprot_i,
  output wire        s_axil_rvalid_o,
  input  wire        s_axil_rready_i,
  output wire [31:0] s_axil_rdata_o,
  output wire [1:0]  s_axil_rresp_o,
  input  wire        s_axis_x_tvalid_i,
  output wire        s_axis_x_tready_o,
  /// Two's complement, in the residual stream's format.
  input  wire [15:0] s_axis_x_tdata_i,
  /// The number is the last of its token.
  input  wire        s_axis_x_tlast_i,
  output wire        m_axis_x_tvalid_o,
  input  wire        m_axis_x_tready_i,
  /// Two's complement, in the residual stream's format.
  output wire [15:0] m_axis_x_tdata_o,
  /// The number is the last of its token.
  output wire        m_axis_x_tlast_o
);

  localparam integer HeadWidth = D / Heads;
  localparam integer KvWidth = HeadWidth * KvHeads;
  localparam integer Operators = 21;
  localparam [2:0] Value = 3'd2;

  generate
    if (D < 2 || D > 16384 || FeedForward < 2 || FeedForward > 16384) begin : gen_width_error
      tpugen_error_d_and_feed_forward_must_be_2_to_16384 u_error ();
    end
    if (Heads < 1 || Heads > 1024 || HeadWidth * Heads != D) begin : gen_heads_error
      tpugen_error_heads_must_divide_d_and_be_1_to_1024 u_error ();
    end
    if (KvHeads < 1 || (Heads / KvHeads) * KvHeads != Heads) begin : gen_kv_heads_error
      tpugen_error_kv_heads_must_divide_heads u_error ();
    end
    if (Context < 1 || Context > 16384) begin : gen_context_error
      tpugen_error_context_must_be_1_to_16384 u_error ();
    end
  endgenerate

  // Host.
  wire         write;
  wire [9:0]   write_word;
  wire [31:0]  write_data;
  wire [31:0]  write_mask;
  wire         write_error;
  wire         read;
  wire [9:0]   read_word;
  wire [31:0]  read_data;
  wire         read_error;

  axi_lite_port #(
    .AddressWidth (12)
  ) u_axi_lite (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .s_axil_awvalid_i (s_axil_awvalid_i),
    .s_axil_awready_o (s_axil_awready_o),
    .s_axil_awaddr_i  (s_axil_awaddr_i),
    .s_axil_awprot_i  (s_axil_awprot_i),
    .s_axil_wvalid_i  (s_axil_wvalid_i),
    .s_axil_wready_o  (s_axil_wready_o),
    .s_axil_wdata_i   (s_axil_wdata_i),
    .s_axil_wstrb_i   (s_axil_wstrb_i),
    .s_axil_bvalid_o  (s_axil_bvalid_o),
    .s_axil_bready_i  (s_axil_bready_i),
    .s_axil_bresp_o   (s_axil_bresp_o),
    .s_axil_arvalid_i (s_axil_arvalid_i),
    .s_axil_arready_o (s_axil_arready_o),
    .s_axil_araddr_i  (s_axil_araddr_i),
    .s_axil_arprot_i  (s_axil_arprot_i),
    .s_axil_rvalid_o  (s_axil_rvalid_o),
    .s_axil_rready_i  (s_axil_rready_i),
    .s_axil_rdata_o   (s_axil_rdata_o),
    .s_axil_rresp_o   (s_axil_rresp_o),
    .write_o          (write),
    .write_word_o     (write_word),
    .write_data_o     (write_data),
    .write_mask_o     (write_mask),
    .write_error_i    (write_error),
    .read_o           (read),
    .read_word_o      (read_word),
    .read_data_i      (read_data),
    .read_error_i     (read_error)
  );

  // An abort resets everything that works on the token.
  reg  abort_q;
  wire abort;
  wire unit_rst_n = rst_ni && !abort_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      abort_q <= 1'b0;
    end else begin
      abort_q <= abort;
    end
  end

  wire         start;
  wire         done;
  wire         busy;
  wire         load;
  wire         norm;
  wire         second;
  wire         attend;
  wire         unload;
  wire [1:0]   vector;
  wire [2:0]   matrix;
  wire [4:0]   current;
  wire         x_short;
  wire         x_long;
  wire         address_error;
  wire         vector_overlong;
  wire         tile_overlong;
  wire [15:0]  position;
  wire [15:0]  softmax_multiplier;
  wire [5:0]   softmax_shift;
  wire [4:0]   activation_shift;
  wire [4:0]   gate_shift;
  wire [7:0]   gain_fraction;
  wire [15:0]  multiplier;
  wire [5:0]   shift;
  wire         gain_write;
  wire [15:0]  gain_address;
  wire [15:0]  gain;
  wire [15:0]  bias;
  wire         program_valid;
  wire         program_write;
  wire [2:0]   program_matrix;
  wire [15:0]  program_crossbar;
  wire [15:0]  program_row;
  wire [15:0]  program_word;
  wire [31:0]  program_data;
  wire [31:0]  readback_data;
  wire [223:0] clips;
  wire [34:0]  planes;
  wire [4:0]   read_operator;
  wire [31:0]  operator_cycles;
  wire [31:0]  token_cycles;

  pim_llm_registers #(
    .D             (D),
    .Heads         (Heads),
    .KvHeads       (KvHeads),
    .FeedForward   (FeedForward),
    .Context       (Context),
    .Gated         (Gated),
    .LayerNorm     (LayerNorm),
    .SquaredRelu   (SquaredRelu),
    .Rows          (Rows),
    .Cols          (Cols),
    .Depth         (Depth),
    .CrossbarRows  (CrossbarRows),
    .CrossbarCols  (CrossbarCols),
    .AdcBits       (AdcBits),
    .ColumnsPerAdc (ColumnsPerAdc),
    .ZeroSkipping  (ZeroSkipping)
  ) u_registers (
    .clk_i                (clk_i),
    .rst_ni               (rst_ni),
    .write_i              (write),
    .write_word_i         (write_word),
    .write_data_i         (write_data),
    .write_mask_i         (write_mask),
    .write_error_o        (write_error),
    .read_i               (read),
    .read_word_i          (read_word),
    .read_data_o          (read_data),
    .read_error_o         (read_error),
    .busy_i               (busy || abort_q),
    .unload_i             (unload),
    .done_i               (done),
    .short_i              (x_short),
    .long_i               (x_long),
    .address_error_i      (address_error),
    .overlong_i           (vector_overlong || tile_overlong),
    .start_o              (start),
    .abort_o              (abort),
    .position_o           (position),
    .softmax_multiplier_o (softmax_multiplier),
    .softmax_shift_o      (softmax_shift),
    .activation_shift_o   (activation_shift),
    .gate_shift_o         (gate_shift),
    .gain_fraction_o      (gain_fraction),
    .matrix_i             (matrix),
    .multiplier_o         (multiplier),
    .shift_o              (shift),
    .gain_write_o         (gain_write),
    .gain_address_o       (gain_address),
    .gain_o               (gain),
    .bias_o               (bias),
    .program_valid_o      (program_valid),
    .program_write_o      (program_write),
    .program_matrix_o     (program_matrix),
    .program_crossbar_o   (program_crossbar),
    .program_row_o        (program_row),
    .program_word_o       (program_word),
    .program_data_o       (program_data),
    .readback_data_i      (readback_data),
    .clips_i              (clips),
    .planes_i             (planes),
    .read_operator_o      (read_operator),
    .operator_cycles_i    (operator_cycles),
    .cycles_i             (token_cycles),
    .interrupt_o          (interrupt_o)
  );

  operator_counters #(
    .Operators (Operators)
  ) u_counters (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .clear_i         (start),
    .count_i         (busy),
    .operator_i      (current),
    .read_operator_i (read_operator),
    .cycles_o        (operator_cycles),
    .total_o         (token_cycles)
  );

  // What happens when.
  wire        stored;
  wire        norm_end;
  wire        gate_end;
  wire        hidden_end;
  wire        attention_end;
  wire [1:0]  attention_operator;
  wire        quantised_valid;
  wire        quantised_ready;
  wire        quantised_last;
  wire [7:0]  quantised;
  wire [15:0] scale;
  wire        product_valid;
  wire        product_ready;
  wire        product_last;
  wire [15:0] product;

  decoder_sequencer #(
    .Gated (Gated)
  ) u_sequencer (
    .clk_i                (clk_i),
    .rst_ni               (unit_rst_n),
    .start_i              (start),
    .stored_i             (stored),
    .norm_end_i           (norm_end),
    .quantise_end_i       (quantised_valid && quantised_ready && quantised_last),
    .project_end_i        (product_valid && product_ready && product_last),
    .attention_operator_i (attention_operator),
    .attention_end_i      (attention_end),
    .gate_end_i           (gate_end),
    .hidden_end_i         (hidden_end),
    .unload_end_i         (m_axis_x_tvalid_o && m_axis_x_tready_i && m_axis_x_tlast_o),
    .busy_o               (busy),
    .done_o               (done),
    .operator_o           (current),
    .load_o               (load),
    .norm_o               (norm),
    .second_o             (second),
    .attend_o             (attend),
    .vector_o             (vector),
    .matrix_o             (matrix),
    .unload_o             (unload)
  );

  // The token and what becomes of it.
  wire        at_end;
  wire        x_write;
  wire [15:0] x_data;
  wire        context_valid;
  wire        context_ready;
  wire        context_last;
  wire [15:0] contexts;
  wire        vector_product_ready;

  token_input u_input (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .load_i          (load),
    .abort_i         (abort),
    .s_axis_tvalid_i (s_axis_x_tvalid_i),
    .s_axis_tready_o (s_axis_x_tready_o),
    .s_axis_tdata_i  (s_axis_x_tdata_i),
    .s_axis_tlast_i  (s_axis_x_tlast_i),
    .write_o         (x_write),
    .data_o          (x_data),
    .at_end_i        (at_end),
    .short_o         (x_short),
    .long_o          (x_long)
  );

  vector_path #(
    .D           (D),
    .FeedForward (FeedForward),
    .Gated       (Gated),
    .LayerNorm   (LayerNorm),
    .SquaredRelu (SquaredRelu)
  ) u_vectors (
    .clk_i              (clk_i),
    .rst_ni             (unit_rst_n),
    .gain_write_i       (gain_write),
    .gain_address_i     (gain_address),
    .gain_i             (gain),
    .bias_i             (bias),
    .gain_fraction_i    (gain_fraction),
    .activation_shift_i (activation_shift),
    .gate_shift_i       (gate_shift),
    .norm_i             (norm),
    .second_i           (second),
    .matrix_i           (matrix),
    .unload_i           (unload),
    .load_i             (x_write),
    .load_data_i        (x_data),
    .at_end_o           (at_end),
    .host_valid_o       (m_axis_x_tvalid_o),
    .host_ready_i       (m_axis_x_tready_i),
    .host_last_o        (m_axis_x_tlast_o),
    .host_data_o        (m_axis_x_tdata_o),
    .product_valid_i    (product_valid),
    .product_ready_o    (vector_product_ready),
    .product_last_i     (product_last),
    .product_i          (product),
    .context_valid_i    (context_valid),
    .context_ready_o    (context_ready),
    .context_last_i     (context_last),
    .context_i          (contexts),
    .quantised_valid_o  (quantised_valid),
    .quantised_ready_i  (quantised_ready),
    .quantised_last_o   (quantised_last),
    .quantised_o        (quantised),
    .scale_o            (scale),
    .stored_o           (stored),
    .norm_end_o         (norm_end),
    .gate_end_o         (gate_end),
    .hidden_end_o       (hidden_end),
    .overlong_o         (vector_overlong)
  );

  projection_bank #(
    .D             (D),
    .KvWidth       (KvWidth),
    .FeedForward   (FeedForward),
    .Gated         (Gated),
    .CrossbarRows  (CrossbarRows),
    .CrossbarCols  (CrossbarCols),
    .AdcBits       (AdcBits),
    .ColumnsPerAdc (ColumnsPerAdc),
    .ZeroSkipping  (ZeroSkipping),
    .FaultSeed     (FaultSeed),
    .StuckOff      (StuckOff),
    .StuckOn       (StuckOn),
    .NoiseSeed     (NoiseSeed),
    .NoiseSigma    (NoiseSigma)
  ) u_projections (
    .clk_i              (clk_i),
    .rst_ni             (unit_rst_n),
    .activation_valid_i (quantised_valid),
    .activation_ready_o (quantised_ready),
    .activation_last_i  (quantised_last),
    .activation_i       (quantised),
    .scale_i            (scale),
    .vector_i           (vector),
    .matrix_i           (matrix),
    .multiplier_i       (multiplier),
    .shift_i            (shift),
    .result_valid_o     (product_valid),
    .result_ready_i     (product_ready),
    .result_last_o      (product_last),
    .result_o           (product),
    .clear_i            (start),
    .clips_o            (clips),
    .planes_o           (planes),
    .program_valid_i    (program_valid),
    .program_write_i    (program_write),
    .program_matrix_i   (program_matrix),
    .program_crossbar_i (program_crossbar),
    .program_row_i      (program_row),
    .program_word_i     (program_word),
    .program_data_i     (program_data),
    .readback_data_o    (readback_data),
    .address_error_o    (address_error),
    .overlong_o         (tile_overlong)
  );

  // Queries, keys and values have 8 bits.
  wire        for_attention = matrix <= Value;
  wire        operand_ready;
  wire        fits = product[15:7] == {9{product[15]}};
  wire [7:0]  operand = fits ? product[7:0] : {product[15], {7{!product[15]}}};

  assign product_ready = for_attention ? operand_ready : vector_product_ready;

  attention_engine #(
    .Heads     (Heads),
    .KvHeads   (KvHeads),
    .HeadWidth (HeadWidth),
    .Context   (Context),
    .Rows      (Rows),
    .Cols      (Cols),
    .Depth     (Depth)
  ) u_attention (
    .clk_i                (clk_i),
    .rst_ni               (unit_rst_n),
    .clear_i              (start),
    .operand_valid_i      (product_valid && for_attention),
    .operand_ready_o      (operand_ready),
    .operand_select_i     (matrix[1:0]),
    .operand_i            (operand),
    .position_i           (position),
    .start_i              (attend),
    .softmax_multiplier_i (softmax_multiplier),
    .softmax_shift_i      (softmax_shift),
    .operator_o           (attention_operator),
    .done_o               (attention_end),
    .context_valid_o      (context_valid),
    .context_ready_i      (context_ready),
    .context_last_o       (context_last),
    .context_o            (contexts)
  );

endmodule
