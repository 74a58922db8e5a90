/// Shift-and-add behind the ADCs of a crossbar tile, a group of columns for each ADC, and the count of clipped codes.
///
/// Columns of the crossbars beyond the matrix are left out. Codes arrive in the cycle before their sum is accumulated.
module pim_column_bank #(
  /// Outputs of the matrix; legal 1..65536.
  parameter integer Cols = 128,
  /// Column groups; legal ceil(Cols/CrossbarCols)*ceil(CrossbarCols/ColumnsPerAdc).
  parameter integer Groups = 16,
  /// Crossbars above one another; legal 1 or more.
  parameter integer BlockRows = 1,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 128,
  /// Resolution of an ADC, in bits; legal 2..16.
  parameter integer AdcBits = 8,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Width of an activation, in bits; legal 2..16.
  parameter integer ActivationWidth = 8,
  /// Width of a result, in bits; legal AdcBits+clog2(BlockRows)+ActivationWidth or more.
  parameter integer ResultWidth = 16
) (
  input  wire clk_i,
  /// Codes of the last conversion, as crossbar_grid gives them.
  input  wire [Groups*BlockRows*AdcBits-1:0] code_i,
  /// The codes that clipped.
  input  wire [Groups*BlockRows-1:0] clipped_i,
  input  wire accumulate_i,
  input  wire [$clog2(ColumnsPerAdc+1)-1:0] column_i,
  /// The bit plane, one bit set; the highest counts negative.
  input  wire [ActivationWidth-1:0] plane_i,
  /// The plane is the first of its vector.
  input  wire first_i,
  /// Results: column k at [k*ResultWidth +: ResultWidth].
  output wire [Cols*ResultWidth-1:0] column_o,
  /// Conversions of the vector that clipped, modulo 2^32.
  output wire [31:0] clips_o
);

  localparam integer BlockCols = (Cols + CrossbarCols - 1) / CrossbarCols;
  localparam integer Adcs = (CrossbarCols + ColumnsPerAdc - 1) / ColumnsPerAdc;
  localparam integer ColumnBits = $clog2(ColumnsPerAdc + 1);
  localparam integer ClipBits = $clog2(BlockRows + 1);

  generate
    if (Groups != BlockCols * Adcs) begin : gen_groups_error
      tpugen_error_groups_must_be_column_blocks_times_adcs u_error ();
    end
  endgenerate

  wire [Groups*ClipBits-1:0] clips;

  genvar c, k;
  generate
    for (c = 0; c < BlockCols; c = c + 1) begin : gen_group_col
      for (k = 0; k < Adcs; k = k + 1) begin : gen_group
        localparam integer Group = c * Adcs + k;
        localparam integer First = c * CrossbarCols + k * ColumnsPerAdc;
        localparam integer End = (Cols < (c + 1) * CrossbarCols) ? Cols : (c + 1) * CrossbarCols;
        localparam integer Columns = (First + ColumnsPerAdc < End) ? ColumnsPerAdc : End - First;

        if (Columns > 0) begin : gen_used
          pim_column_group #(
            .BlockRows       (BlockRows),
            .AdcBits         (AdcBits),
            .Columns         (Columns),
            .ColumnsPerAdc   (ColumnsPerAdc),
            .ActivationWidth (ActivationWidth),
            .ResultWidth     (ResultWidth)
          ) u_group (
            .clk_i        (clk_i),
            .code_i       (code_i[Group*BlockRows*AdcBits +: BlockRows*AdcBits]),
            .clipped_i    (clipped_i[Group*BlockRows +: BlockRows]),
            .accumulate_i (accumulate_i),
            .column_i     (column_i),
            .plane_i      (plane_i),
            .first_i      (first_i),
            .clips_o      (clips[Group*ClipBits +: ClipBits]),
            .column_o     (column_o[First*ResultWidth +: Columns*ResultWidth])
          );
        end else begin : gen_beyond
          assign clips[Group*ClipBits +: ClipBits] = {ClipBits{1'b0}};
          wire unused_codes =
              &{1'b0, code_i[Group*BlockRows*AdcBits +: BlockRows*AdcBits], clipped_i[Group*BlockRows +: BlockRows]};
        end
      end
    end
  endgenerate

  pim_clip_counter #(
    .Groups   (Groups),
    .ClipBits (ClipBits)
  ) u_clips (
    .clk_i     (clk_i),
    .clips_i   (clips),
    .count_i   (accumulate_i),
    .restart_i (first_i && column_i == {ColumnBits{1'b0}}),
    .clips_o   (clips_o)
  );

endmodule
