/// Tensor unit: C = f(A x B + bias) of any size in tiles, controlled by AXI4-Lite, fed and drained by AXI4-Stream.
///
/// INT8 operands, int32 sums, int8 or int32 results. Tiles run along N first, then along M; a tile is a beat of A and
/// of B for each of its K slices, rows and columns beyond the matrix being don't care. A is sent once for each tile row
/// where K <= Depth, else once for each tile; B once for each tile, but once in all where K <= Depth and N <= Cols.
module tpu #(
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the operand memories; legal 2..8192.
  parameter integer Depth = 256,
  /// Width of the requantisation's multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32,
  /// 1: a setting makes activations unsigned, at one more bit in the array; 0: they are two's complement.
  parameter integer UnsignedActivations = 0
) (
  input  wire               clk_i,
  input  wire               rst_ni,
  /// A job is done, or something went wrong.
  output wire               interrupt_o,
  input  wire               s_axil_awvalid_i,
  output wire               s_axil_awready_o,
  input  wire [5:0]         s_axil_awaddr_i,
  input  wire [2:0]         s_axil_awprot_i,
  input  wire               s_axil_wvalid_i,
  output wire               s_axil_wready_o,
  input  wire [31:0]        s_axil_wdata_i,
  input  wire [3:0]         s_axil_wstrb_i,
  output wire               s_axil_bvalid_o,
  input  wire               s_axil_bready_i,
  output wire [1:0]         s_axil_bresp_o,
  input  wire               s_axil_arvalid_i,
  output wire               s_axil_arready_o,
  input  wire [5:0]         s_axil_araddr_i,
  input  wire [2:0]         s_axil_arprot_i,
  output wire               s_axil_rvalid_o,
  input  wire               s_axil_rready_i,
  output wire [31:0]        s_axil_rdata_o,
  output wire [1:0]         s_axil_rresp_o,
  input  wire               s_axis_a_tvalid_i,
  output wire               s_axis_a_tready_o,
  /// Column k of a tile of A: row r at [r*8 +: 8].
  input  wire [Rows*8-1:0]  s_axis_a_tdata_i,
  /// The beat is the last of A in this job.
  input  wire               s_axis_a_tlast_i,
  input  wire               s_axis_b_tvalid_i,
  output wire               s_axis_b_tready_o,
  /// Row k of a tile of B: column c at [c*8 +: 8].
  input  wire [Cols*8-1:0]  s_axis_b_tdata_i,
  /// The beat is the last of B in this job.
  input  wire               s_axis_b_tlast_i,
  input  wire               s_axis_bias_tvalid_i,
  output wire               s_axis_bias_tready_o,
  /// Biases of a tile, where they are enabled: column c at [c*32 +: 32].
  input  wire [Cols*32-1:0] s_axis_bias_tdata_i,
  /// The beat is the last of the biases in this job.
  input  wire               s_axis_bias_tlast_i,
  output wire               m_axis_tvalid_o,
  input  wire               m_axis_tready_i,
  /// A row of a tile of C, column 0 lowest: a byte or four bytes each.
  output wire [Cols*32-1:0] m_axis_tdata_o,
  /// Bytes that hold results.
  output wire [Cols*4-1:0]  m_axis_tkeep_o,
  /// The row is the last of the job.
  output wire               m_axis_tlast_o
);

  // Control.
  wire        write;
  wire [3:0]  write_word;
  wire [31:0] write_data;
  wire [31:0] write_mask;
  wire        write_error;
  wire        read;
  wire [3:0]  read_word;
  wire [31:0] read_data;
  wire        read_error;

  axi_lite_port #(
    .AddressWidth (6)
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

  wire        start;
  wire        abort;
  wire        done;
  wire [5:0]  stream_errors;
  wire [15:0] size_m;
  wire [15:0] size_k;
  wire [15:0] size_n;
  wire        bias_enable;
  wire [1:0]  activation;
  wire        wide;
  wire        unsigned_activations;
  wire [4:0]  square_shift;
  wire [5:0]  shift;
  wire [7:0]  zero_point;
  wire [MultiplierWidth-1:0] multiplier;

  tpu_registers #(
    .Rows                (Rows),
    .Cols                (Cols),
    .Depth               (Depth),
    .MultiplierWidth     (MultiplierWidth),
    .UnsignedActivations (UnsignedActivations)
  ) u_registers (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .write_i         (write),
    .write_word_i    (write_word),
    .write_data_i    (write_data),
    .write_mask_i    (write_mask),
    .write_error_o   (write_error),
    .read_i          (read),
    .read_word_i     (read_word),
    .read_data_o     (read_data),
    .read_error_o    (read_error),
    .start_o         (start),
    .abort_o         (abort),
    .done_i          (done),
    .stream_errors_i (stream_errors),
    .size_m_o        (size_m),
    .size_k_o        (size_k),
    .size_n_o        (size_n),
    .bias_enable_o   (bias_enable),
    .activation_o    (activation),
    .wide_o          (wide),
    .unsigned_o      (unsigned_activations),
    .square_shift_o  (square_shift),
    .multiplier_o    (multiplier),
    .shift_o         (shift),
    .zero_point_o    (zero_point),
    .interrupt_o     (interrupt_o)
  );

  tpu_core #(
    .Rows                (Rows),
    .Cols                (Cols),
    .Depth               (Depth),
    .MultiplierWidth     (MultiplierWidth),
    .UnsignedActivations (UnsignedActivations)
  ) u_core (
    .clk_i                (clk_i),
    .rst_ni               (rst_ni),
    .start_i              (start),
    .abort_i              (abort),
    .size_m_i             (size_m),
    .size_k_i             (size_k),
    .size_n_i             (size_n),
    .bias_enable_i        (bias_enable),
    .activation_i         (activation),
    .wide_i               (wide),
    .unsigned_i           (unsigned_activations),
    .square_shift_i       (square_shift),
    .multiplier_i         (multiplier),
    .shift_i              (shift),
    .zero_point_i         (zero_point),
    .s_axis_a_tvalid_i    (s_axis_a_tvalid_i),
    .s_axis_a_tready_o    (s_axis_a_tready_o),
    .s_axis_a_tdata_i     (s_axis_a_tdata_i),
    .s_axis_a_tlast_i     (s_axis_a_tlast_i),
    .s_axis_b_tvalid_i    (s_axis_b_tvalid_i),
    .s_axis_b_tready_o    (s_axis_b_tready_o),
    .s_axis_b_tdata_i     (s_axis_b_tdata_i),
    .s_axis_b_tlast_i     (s_axis_b_tlast_i),
    .s_axis_bias_tvalid_i (s_axis_bias_tvalid_i),
    .s_axis_bias_tready_o (s_axis_bias_tready_o),
    .s_axis_bias_tdata_i  (s_axis_bias_tdata_i),
    .s_axis_bias_tlast_i  (s_axis_bias_tlast_i),
    .m_axis_tvalid_o      (m_axis_tvalid_o),
    .m_axis_tready_i      (m_axis_tready_i),
    .m_axis_tdata_o       (m_axis_tdata_o),
    .m_axis_tkeep_o       (m_axis_tkeep_o),
    .m_axis_tlast_o       (m_axis_tlast_o),
    .done_o               (done),
    .stream_errors_o      (stream_errors)
  );

endmodule
