/// Grid of crossbars under common control; their codes come out by column group, then by row block.
///
/// Crossbars above one another see different rows and share columns: their codes are to be added. Crossbars beside one
/// another see the same rows.
module crossbar_grid #(
  /// Crossbars above one another; legal 1 or more.
  parameter integer BlockRows = 1,
  /// Crossbars beside one another; legal 1 or more.
  parameter integer BlockCols = 1,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer Rows = 128,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer Cols = 128,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 8,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Weights that are programmed or read back at once; legal 1..1024.
  parameter integer ProgramWeights = 16,
  /// Seed of the stuck cells; any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise; any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire clk_i,
  input  wire rst_ni,
  /// Bit r*BlockCols+c: the addressed word of the crossbar in row block r and column block c is accessed.
  input  wire [BlockRows*BlockCols-1:0] access_i,
  /// 1: it is written; 0: it is read.
  input  wire write_i,
  input  wire [$clog2(Rows)-1:0] row_i,
  input  wire [$clog2((Cols+ProgramWeights-1)/ProgramWeights+1)-1:0] word_i,
  /// Weight i at [2*i +: 2], positive cell first.
  input  wire [2*ProgramWeights-1:0] word_data_i,
  /// The words read last: crossbar b at [b*2*ProgramWeights +: 2*ProgramWeights].
  output wire [BlockRows*BlockCols*2*ProgramWeights-1:0] word_data_o,
  /// The column sums of row_bits_i are held from the next cycle on.
  input  wire sample_i,
  /// Row block r at [r*Rows +: Rows].
  input  wire [BlockRows*Rows-1:0] row_bits_i,
  /// Every ADC converts its column of that number.
  input  wire convert_i,
  input  wire [$clog2(ColumnsPerAdc+1)-1:0] column_i,
  /// Codes: ADC k of a crossbar in row block r and column block c at
  /// [((c*A+k)*BlockRows+r)*AdcBits +: AdcBits], where A is the ADCs of a crossbar.
  output wire [BlockCols*((Cols+ColumnsPerAdc-1)/ColumnsPerAdc)*BlockRows*AdcBits-1:0] code_o,
  /// The codes that clipped.
  output wire [BlockCols*((Cols+ColumnsPerAdc-1)/ColumnsPerAdc)*BlockRows-1:0] clipped_o
);

  localparam integer Adcs = (Cols + ColumnsPerAdc - 1) / ColumnsPerAdc;
  localparam integer WordWidth = 2 * ProgramWeights;

  generate
    if (BlockRows < 1 || BlockCols < 1) begin : gen_blocks_error
      tpugen_error_blocks_must_be_1_or_more u_error ();
    end
  endgenerate

  genvar r, c, k;
  generate
    for (r = 0; r < BlockRows; r = r + 1) begin : gen_block_row
      for (c = 0; c < BlockCols; c = c + 1) begin : gen_block_col
        wire [Adcs*AdcBits-1:0] block_code;
        wire [Adcs-1:0]         block_clipped;

        crossbar #(
          .Rows           (Rows),
          .Cols           (Cols),
          .AdcBits        (AdcBits),
          .ColumnsPerAdc  (ColumnsPerAdc),
          .ProgramWeights (ProgramWeights),
          .Index          (r * BlockCols + c),
          .FaultSeed      (FaultSeed),
          .StuckOff       (StuckOff),
          .StuckOn        (StuckOn),
          .NoiseSeed      (NoiseSeed),
          .NoiseSigma     (NoiseSigma)
        ) u_crossbar (
          .clk_i       (clk_i),
          .rst_ni      (rst_ni),
          .access_i    (access_i[r*BlockCols+c]),
          .write_i     (write_i),
          .row_i       (row_i),
          .word_i      (word_i),
          .word_data_i (word_data_i),
          .word_data_o (word_data_o[(r*BlockCols+c)*WordWidth +: WordWidth]),
          .sample_i    (sample_i),
          .row_bits_i  (row_bits_i[r*Rows +: Rows]),
          .convert_i   (convert_i),
          .column_i    (column_i),
          .code_o      (block_code),
          .clipped_o   (block_clipped)
        );

        for (k = 0; k < Adcs; k = k + 1) begin : gen_adc
          assign code_o[((c*Adcs+k)*BlockRows+r)*AdcBits +: AdcBits] = block_code[k*AdcBits +: AdcBits];
          assign clipped_o[(c*Adcs+k)*BlockRows+r] = block_clipped[k];
        end
      end
    end
  endgenerate

endmodule
