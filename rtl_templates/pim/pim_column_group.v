/// Columns that share an ADC in every row block: adds the blocks' codes, shift-adds over bit planes, counts clipping.
///
/// Codes arrive in the cycle before their sum is accumulated; a first plane starts its column anew.
module pim_column_group #(
  /// Crossbars above one another, each with an ADC for these columns; legal 1 or more.
  parameter integer BlockRows = 1,
  /// Resolution of an ADC, in bits; legal 2..16.
  parameter integer AdcBits = 8,
  /// Columns of the group; legal 1..ColumnsPerAdc.
  parameter integer Columns = 8,
  /// Columns that the control counts; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Width of an activation, in bits; legal 2..16.
  parameter integer ActivationWidth = 8,
  /// Width of a result, in bits; legal AdcBits+clog2(BlockRows)+ActivationWidth or more.
  parameter integer ResultWidth = 16
) (
  input  wire                           clk_i,
  /// ADC code of row block b at [b*AdcBits +: AdcBits].
  input  wire [BlockRows*AdcBits-1:0]   code_i,
  /// The codes that clipped.
  input  wire [BlockRows-1:0]           clipped_i,
  input  wire                           accumulate_i,
  input  wire [$clog2(ColumnsPerAdc+1)-1:0] column_i,
  /// The bit plane, one bit set; the highest counts negative.
  input  wire [ActivationWidth-1:0]     plane_i,
  input  wire                           first_i,
  /// Clipped codes of the sum that is being accumulated.
  output wire [$clog2(BlockRows+1)-1:0] clips_o,
  /// Results: column k at [k*ResultWidth +: ResultWidth].
  output wire [Columns*ResultWidth-1:0] column_o
);

  localparam integer SumBits = AdcBits + $clog2(BlockRows);
  localparam integer ClipBits = $clog2(BlockRows + 1);
  localparam integer ColumnBits = $clog2(ColumnsPerAdc + 1);
  localparam integer LastColumn = Columns - 1;
  localparam [ClipBits-1:0] OneClip = 1;
  localparam [ResultWidth-1:0] OneResult = 1;

  generate
    if (BlockRows < 1) begin : gen_blocks_error
      tpugen_error_block_rows_must_be_1_or_more u_error ();
    end
    if (Columns < 1 || Columns > ColumnsPerAdc) begin : gen_columns_error
      tpugen_error_columns_must_be_1_to_columns_per_adc u_error ();
    end
    if (ResultWidth < SumBits + ActivationWidth) begin : gen_result_error
      tpugen_error_result_width_must_hold_every_sum u_error ();
    end
  endgenerate

  // Codes with their signs extended to the width of their sum.
  wire [BlockRows*SumBits-1:0] extended;
  genvar b;
  generate
    for (b = 0; b < BlockRows; b = b + 1) begin : gen_block
      assign extended[b*SumBits +: AdcBits] = code_i[b*AdcBits +: AdcBits];
      if (SumBits > AdcBits) begin : gen_sign
        assign extended[b*SumBits+AdcBits +: SumBits-AdcBits] = {(SumBits-AdcBits){code_i[b*AdcBits+AdcBits-1]}};
      end
    end
  endgenerate

  // Over the row blocks.
  reg [SumBits-1:0]  sum_d, sum_q;
  reg [ClipBits-1:0] clips_d, clips_q;
  integer            block;

  always @(*) begin
    sum_d   = {SumBits{1'b0}};
    clips_d = {ClipBits{1'b0}};
    for (block = 0; block < BlockRows; block = block + 1) begin
      sum_d   = sum_d + extended[block*SumBits +: SumBits];
      clips_d = clips_d + (OneClip & {ClipBits{clipped_i[block]}});
    end
  end

  always @(posedge clk_i) begin
    sum_q   <= sum_d;
    clips_q <= clips_d;
  end

  // Over the bit planes; the sign plane is subtracted.
  wire                   used = accumulate_i && column_i <= LastColumn[ColumnBits-1:0];
  wire                   negative = plane_i[ActivationWidth-1];
  reg  [ResultWidth-1:0] weighted;
  integer                place;

  always @(*) begin
    weighted = {ResultWidth{1'b0}};
    for (place = 0; place < ActivationWidth; place = place + 1) begin
      weighted = weighted
          | (({{(ResultWidth-SumBits){sum_q[SumBits-1]}}, sum_q} << place) & {ResultWidth{plane_i[place]}});
    end
  end

  reg  [Columns*ResultWidth-1:0] column_q;
  wire [ResultWidth-1:0] held =
      column_q[column_i*ResultWidth +: ResultWidth] & {ResultWidth{!first_i}};
  wire [ResultWidth-1:0] added = held + (weighted ^ {ResultWidth{negative}}) + (OneResult & {ResultWidth{negative}});

  always @(posedge clk_i) begin
    if (used) begin
      column_q[column_i*ResultWidth +: ResultWidth] <= added;
    end
  end

  assign column_o = column_q;
  assign clips_o  = clips_q & {ClipBits{used}};

endmodule
