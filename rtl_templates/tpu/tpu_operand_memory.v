/// Double-buffered operand memory of a TPU: one bank fills from its stream while the other feeds the array.
///
/// A chunk of up to `Depth` slices fills a bank, and may then be read, as often as wanted, until it is released.
module tpu_operand_memory #(
  /// Rows of the array; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank; legal 2..8192.
  parameter integer Depth = 256,
  /// Width of a slice, in bits; legal 8 or more.
  parameter integer Width = 64
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,
  /// A job begins.
  input  wire                     start_i,
  /// The rest of the job is taken as zeros.
  input  wire                     abort_i,
  /// Rows of C over which the operand is sent.
  input  wire [15:0]              size_m_i,
  /// Slices of a tile.
  input  wire [15:0]              size_k_i,
  /// Columns of C over which the operand is sent.
  input  wire [15:0]              size_n_i,
  input  wire                     s_axis_tvalid_i,
  output wire                     s_axis_tready_o,
  input  wire [Width-1:0]         s_axis_tdata_i,
  /// The beat is the operand's last of the job.
  input  wire                     s_axis_tlast_i,
  /// A whole chunk lies in the bank that is read.
  output wire                     chunk_valid_o,
  /// Read a slice; it comes a cycle later, and stays.
  input  wire                     fetch_i,
  /// The slice's place in its chunk.
  input  wire [$clog2(Depth)-1:0] fetch_position_i,
  /// This read was the last of its chunk: the bank may fill again.
  input  wire                     release_i,
  output wire [Width-1:0]         slice_o,
  /// tlast came before the operand's last beat.
  output wire                     early_o,
  /// tlast was not there on the operand's last beat.
  output wire                     missing_o
);

  localparam integer PositionWidth = $clog2(Depth);
  localparam integer Words = 2 << PositionWidth;

  reg [1:0] full_q;
  reg       fill_bank_q;
  reg       read_bank_q;

  wire                     beat_valid;
  wire                     beat_ready = !full_q[fill_bank_q];
  wire [Width-1:0]         beat;
  wire [PositionWidth-1:0] position;
  wire                     chunk_last;
  wire                     write  = beat_valid && beat_ready;
  wire                     filled = write && chunk_last;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q      <= 2'b00;
      fill_bank_q <= 1'b0;
      read_bank_q <= 1'b0;
    end else begin
      if (filled) begin
        full_q[fill_bank_q] <= 1'b1;
        fill_bank_q         <= !fill_bank_q;
      end
      if (release_i) begin
        full_q[read_bank_q] <= 1'b0;
        read_bank_q         <= !read_bank_q;
      end
    end
  end

  assign chunk_valid_o = full_q[read_bank_q];

  tpu_operand_port #(
    .Rows  (Rows),
    .Cols  (Cols),
    .Depth (Depth),
    .Width (Width)
  ) u_port (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .start_i         (start_i),
    .abort_i         (abort_i),
    .size_m_i        (size_m_i),
    .size_k_i        (size_k_i),
    .size_n_i        (size_n_i),
    .s_axis_tvalid_i (s_axis_tvalid_i),
    .s_axis_tready_o (s_axis_tready_o),
    .s_axis_tdata_i  (s_axis_tdata_i),
    .s_axis_tlast_i  (s_axis_tlast_i),
    .beat_valid_o    (beat_valid),
    .beat_ready_i    (beat_ready),
    .beat_o          (beat),
    .position_o      (position),
    .chunk_last_o    (chunk_last),
    .early_o         (early_o),
    .missing_o       (missing_o)
  );

  memory #(
    .Depth (Words),
    .Width (Width)
  ) u_memory (
    .clk_i           (clk_i),
    .write_i         (write),
    .write_address_i ({fill_bank_q, position}),
    .data_i          (beat),
    .read_i          (fetch_i),
    .read_address_i  ({read_bank_q, fetch_position_i}),
    .data_o          (slice_o)
  );

endmodule
