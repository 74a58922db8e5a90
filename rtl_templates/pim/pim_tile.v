/// Matrix-vector product in memory: a ternary or binary matrix on a grid of differential crossbars.
///
/// A vector of two's complement activations enters under valid/ready; its bit planes are applied to all crossbars one
/// after the other; the ADC codes are added over the row blocks and shift-added over the planes; the results leave
/// under valid/ready. The next vector may enter once the last plane of this one is sampled. Bit-accurate model:
/// tpugen.arithmetic.crossbar.
module pim_tile #(
  /// Inputs of the matrix; legal 1..65536.
  parameter integer Rows = 128,
  /// Outputs of the matrix; legal 1..65536.
  parameter integer Cols = 128,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 128,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 128,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 8,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Width of an activation, in bits; legal 2..16.
  parameter integer ActivationWidth = 8,
  /// Width of a result, in bits; legal AdcBits+clog2(row blocks)+ActivationWidth..64.
  parameter integer ResultWidth = 32,
  /// Activations of one beat; legal 1..256.
  parameter integer InputLanes = 1,
  /// Results of one beat; legal 1..256.
  parameter integer OutputLanes = 1,
  /// 1: bit planes that are zero in every row are skipped; 0: every plane is read.
  parameter integer ZeroSkipping = 0,
  /// Weights of one programming word; legal 1..1024.
  parameter integer ProgramWeights = 16,
  /// Seed of the stuck cells of the behavioural crossbars; any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise of the behavioural crossbars; any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire                               clk_i,
  input  wire                               rst_ni,
  input  wire                               activation_valid_i,
  output wire                               activation_ready_o,
  /// This beat is the last of its vector; rows that it leaves out are zero.
  input  wire                               activation_last_i,
  /// Beat k: activation k*InputLanes+i at [i*ActivationWidth +: ActivationWidth].
  input  wire [InputLanes*ActivationWidth-1:0] activation_i,
  output wire                               result_valid_o,
  input  wire                               result_ready_i,
  /// This beat is the last of its vector.
  output wire                               result_last_o,
  /// Beat k: result k*OutputLanes+i at [i*ResultWidth +: ResultWidth]; lanes beyond the last are zero.
  output wire [OutputLanes*ResultWidth-1:0] result_o,
  /// Bit planes that were read for this vector.
  output wire [4:0]                         result_planes_o,
  /// Conversions of this vector that clipped, modulo 2^32.
  output wire [31:0]                        result_clips_o,
  input  wire                               program_valid_i,
  output wire                               program_ready_o,
  /// 1: write the word; 0: read it back.
  input  wire                               program_write_i,
  /// Crossbar in row block r and column block c: r*(column blocks)+c.
  input  wire [15:0]                        program_crossbar_i,
  input  wire [15:0]                        program_row_i,
  /// Word k of a row holds columns k*ProgramWeights and on.
  input  wire [15:0]                        program_word_i,
  /// Weight i at [2*i +: 2], positive cell first.
  input  wire [2*ProgramWeights-1:0]        program_data_i,
  output wire                               readback_valid_o,
  input  wire                               readback_ready_i,
  /// What the cells conduct, stuck ones included; columns beyond the last read 0.
  output wire [2*ProgramWeights-1:0]        readback_data_o,
  /// Since the last clear: [0] a vector was longer than the matrix has rows, [1] a command's address was outside.
  output wire [1:0]                         error_o,
  input  wire                               error_clear_i
);

  localparam integer BlockRows = (Rows + CrossbarRows - 1) / CrossbarRows;
  localparam integer BlockCols = (Cols + CrossbarCols - 1) / CrossbarCols;
  localparam integer Blocks = BlockRows * BlockCols;
  localparam integer Adcs = (CrossbarCols + ColumnsPerAdc - 1) / ColumnsPerAdc;
  localparam integer Groups = BlockCols * Adcs;
  localparam integer Words = (CrossbarCols + ProgramWeights - 1) / ProgramWeights;
  localparam integer WordWidth = 2 * ProgramWeights;
  localparam integer RowBits = $clog2(CrossbarRows);
  localparam integer WordBits = $clog2(Words + 1);
  localparam integer ColumnBits = $clog2(ColumnsPerAdc + 1);
  // No sum, whatever the cells and the noise, is wider.
  localparam integer SumWidth = AdcBits + $clog2(BlockRows) + ActivationWidth;
  localparam integer CountWidth = 5 + 32;

  // Activations, one bit plane at a time.
  wire                              full, release_buffer, surplus;
  wire [ActivationWidth-1:0]        nonzero, plane;
  wire [BlockRows*CrossbarRows-1:0] row_bits;

  pim_input_buffer #(
    .Rows            (Rows),
    .ActivationWidth (ActivationWidth),
    .Lanes           (InputLanes)
  ) u_input (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .activation_valid_i (activation_valid_i),
    .activation_ready_o (activation_ready_o),
    .activation_last_i  (activation_last_i),
    .activation_i       (activation_i),
    .full_o             (full),
    .release_i          (release_buffer),
    .nonzero_o          (nonzero),
    .plane_i            (plane),
    .row_bits_o         (row_bits[Rows-1:0]),
    .surplus_o          (surplus)
  );

  generate
    if (BlockRows * CrossbarRows > Rows) begin : gen_rows_beyond
      assign row_bits[BlockRows*CrossbarRows-1:Rows] = {(BlockRows*CrossbarRows-Rows){1'b0}};
    end
  endgenerate

  // What happens when.
  wire                       sample, sampling, convert, accumulate, accumulate_first, done, unloaded;
  wire [ColumnBits-1:0]      column, accumulate_column;
  wire [ActivationWidth-1:0] accumulate_plane;
  wire [4:0]                 planes;

  pim_plane_control #(
    .ActivationWidth (ActivationWidth),
    .ColumnsPerAdc   (ColumnsPerAdc),
    .ZeroSkipping    (ZeroSkipping)
  ) u_control (
    .clk_i               (clk_i),
    .rst_ni              (rst_ni),
    .full_i              (full),
    .nonzero_i           (nonzero),
    .unloaded_i          (unloaded),
    .sample_o            (sample),
    .plane_o             (plane),
    .release_o           (release_buffer),
    .sampling_o          (sampling),
    .convert_o           (convert),
    .column_o            (column),
    .accumulate_o        (accumulate),
    .accumulate_column_o (accumulate_column),
    .accumulate_plane_o  (accumulate_plane),
    .accumulate_first_o  (accumulate_first),
    .done_o              (done),
    .planes_o            (planes)
  );

  // Programming and read-back.
  wire [Blocks-1:0]           access;
  wire [Blocks*WordWidth-1:0] word_data;
  wire                        address_error;

  pim_program_port #(
    .Blocks    (Blocks),
    .Rows      (CrossbarRows),
    .Words     (Words),
    .WordWidth (WordWidth)
  ) u_program (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .program_valid_i    (program_valid_i),
    .program_ready_o    (program_ready_o),
    .program_write_i    (program_write_i),
    .program_crossbar_i (program_crossbar_i),
    .program_row_i      (program_row_i),
    .program_word_i     (program_word_i),
    .readback_valid_o   (readback_valid_o),
    .readback_ready_i   (readback_ready_i),
    .readback_data_o    (readback_data_o),
    .hold_i             (sampling),
    .access_o           (access),
    .word_data_i        (word_data),
    .address_error_o    (address_error)
  );

  // The crossbars.
  wire [Groups*BlockRows*AdcBits-1:0] code;
  wire [Groups*BlockRows-1:0]         clipped;

  crossbar_grid #(
    .BlockRows      (BlockRows),
    .BlockCols      (BlockCols),
    .Rows           (CrossbarRows),
    .Cols           (CrossbarCols),
    .AdcBits        (AdcBits),
    .ColumnsPerAdc  (ColumnsPerAdc),
    .ProgramWeights (ProgramWeights),
    .FaultSeed      (FaultSeed),
    .StuckOff       (StuckOff),
    .StuckOn        (StuckOn),
    .NoiseSeed      (NoiseSeed),
    .NoiseSigma     (NoiseSigma)
  ) u_grid (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .access_i    (access),
    .write_i     (program_write_i),
    .row_i       (program_row_i[RowBits-1:0]),
    .word_i      (program_word_i[WordBits-1:0]),
    .word_data_i (program_data_i),
    .word_data_o (word_data),
    .sample_i    (sample),
    .row_bits_i  (row_bits),
    .convert_i   (convert),
    .column_i    (column),
    .code_o      (code),
    .clipped_o   (clipped)
  );

  // What their ADCs say, accumulated.
  wire [Cols*SumWidth-1:0] results;
  wire [31:0]              clips;

  pim_column_bank #(
    .Cols            (Cols),
    .Groups          (Groups),
    .BlockRows       (BlockRows),
    .CrossbarCols    (CrossbarCols),
    .AdcBits         (AdcBits),
    .ColumnsPerAdc   (ColumnsPerAdc),
    .ActivationWidth (ActivationWidth),
    .ResultWidth     (SumWidth)
  ) u_bank (
    .clk_i        (clk_i),
    .code_i       (code),
    .clipped_i    (clipped),
    .accumulate_i (accumulate),
    .column_i     (accumulate_column),
    .plane_i      (accumulate_plane),
    .first_i      (accumulate_first),
    .column_o     (results),
    .clips_o      (clips)
  );

  pim_output_port #(
    .Cols        (Cols),
    .Lanes       (OutputLanes),
    .ColumnWidth (SumWidth),
    .ResultWidth (ResultWidth),
    .CountWidth  (CountWidth)
  ) u_results (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .done_i         (done),
    .column_i       (results),
    .count_i        ({planes, clips}),
    .unloaded_o     (unloaded),
    .result_valid_o (result_valid_o),
    .result_ready_i (result_ready_i),
    .result_last_o  (result_last_o),
    .result_o       (result_o),
    .count_o        ({result_planes_o, result_clips_o})
  );

  reg [1:0] error_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q <= 2'b00;
    end else begin
      error_q <= (error_q & {2{!error_clear_i}}) | {address_error, surplus};
    end
  end

  assign error_o = error_q;

endmodule
