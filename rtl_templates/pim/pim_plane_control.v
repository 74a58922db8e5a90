/// Bit-serial control of a PIM tile: which bit plane is sampled, which column is converted, what is accumulated.
///
/// Planes go least significant first, each converted column by column; the next plane is sampled while the last column
/// of the one before is converted. Accumulation follows conversion by two cycles: ADC, then the sum over row blocks.
module pim_plane_control #(
  /// Width of an activation, in bits; legal 2..16.
  parameter integer ActivationWidth = 8,
  /// Columns that each ADC converts one after the other; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// 1: planes that are zero in every row are not read, but for one of an all-zero vector; 0: every plane is read.
  parameter integer ZeroSkipping = 0
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  /// A vector is held.
  input  wire                       full_i,
  /// Its planes in which any row is 1.
  input  wire [ActivationWidth-1:0] nonzero_i,
  /// The results of the vector before have left the accumulators.
  input  wire                       unloaded_i,
  /// Hold the column sums of the plane that plane_o names.
  output wire                       sample_o,
  output wire [ActivationWidth-1:0] plane_o,
  /// The last plane of the vector is sampled.
  output wire                       release_o,
  /// A vector is between its first and its last sample: cells must keep still.
  output wire                       sampling_o,
  /// Every ADC converts its column of that number.
  output wire                       convert_o,
  output wire [$clog2(ColumnsPerAdc+1)-1:0] column_o,
  /// The sum over the row blocks is accumulated: for this column, with the weight of this plane.
  output wire                       accumulate_o,
  output wire [$clog2(ColumnsPerAdc+1)-1:0] accumulate_column_o,
  output wire [ActivationWidth-1:0] accumulate_plane_o,
  /// The plane is the first that was read of its vector.
  output wire                       accumulate_first_o,
  /// The accumulators hold the results from the next cycle on.
  output wire                       done_o,
  /// Planes read of the vector.
  output wire [4:0]                 planes_o
);

  localparam integer ColumnBits = $clog2(ColumnsPerAdc + 1);
  localparam integer LastColumn = ColumnsPerAdc - 1;
  localparam [ColumnBits-1:0] OneColumn = 1;
  localparam [ActivationWidth-1:0] LowestPlane = 1;
  localparam integer PipelineStages = 2;

  generate
    if (ActivationWidth < 2 || ActivationWidth > 16) begin : gen_width_error
      tpugen_error_activation_width_must_be_2_to_16 u_error ();
    end
    if (ColumnsPerAdc < 1 || ColumnsPerAdc > 1024) begin : gen_columns_error
      tpugen_error_columns_per_adc_must_be_1_to_1024 u_error ();
    end
    if (ZeroSkipping < 0 || ZeroSkipping > 1) begin : gen_skipping_error
      tpugen_error_zero_skipping_must_be_0_or_1 u_error ();
    end
  endgenerate

  reg                       busy_q;
  reg                       converting_q;
  reg                       first_q;
  reg                       last_q;
  reg [ColumnBits-1:0]      column_q;
  reg [ActivationWidth-1:0] left_q;
  reg [ActivationWidth-1:0] plane_q;
  reg [4:0]                 planes_q;

  // Planes still to be sampled; the lowest of them is next.
  wire [ActivationWidth-1:0] wanted;
  wire                       start = full_i && !busy_q;
  wire [ActivationWidth-1:0] pending = start ? wanted : left_q;
  wire [ActivationWidth-1:0] lowest = pending & (~pending + LowestPlane);
  wire [ActivationWidth-1:0] remaining = pending & ~lowest;
  wire                       last_column = column_q == LastColumn[ColumnBits-1:0];
  wire                       more = remaining != {ActivationWidth{1'b0}};

  generate
    if (ZeroSkipping != 0) begin : gen_skip
      assign wanted = (nonzero_i == {ActivationWidth{1'b0}}) ? LowestPlane : nonzero_i;
    end else begin : gen_all
      assign wanted = {ActivationWidth{1'b1}};
      wire unused_nonzero = &{1'b0, nonzero_i};
    end
  endgenerate

  assign sample_o   = start || (converting_q && last_column && !last_q);
  assign plane_o    = lowest & {ActivationWidth{sample_o}};
  assign release_o  = sample_o && !more;
  assign sampling_o = start || (converting_q && !last_q);
  assign convert_o  = converting_q;
  assign column_o   = column_q;
  assign planes_o   = planes_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q       <= 1'b0;
      converting_q <= 1'b0;
    end else begin
      busy_q       <= start || (busy_q && !unloaded_i);
      converting_q <= sample_o || (converting_q && !last_column);
    end
  end

  always @(posedge clk_i) begin
    if (sample_o) begin
      first_q  <= start;
      last_q   <= !more;
      left_q   <= remaining;
      plane_q  <= lowest;
      planes_q <= start ? 5'd1 : planes_q + 5'd1;
      column_q <= {ColumnBits{1'b0}};
    end else if (converting_q) begin
      column_q <= column_q + OneColumn;
    end
  end

  // What is converted now is accumulated two cycles later.
  wire [PipelineStages*2-1:0] tokens;

  token_line #(
    .Width  (2),
    .Stages (PipelineStages)
  ) u_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (1'b1),
    .token_i  ({converting_q, converting_q && last_q && last_column}),
    .stages_o (tokens)
  );

  assign {accumulate_o, done_o} = tokens[PipelineStages*2-1 -: 2];

  wire unused_tokens = &{1'b0, tokens[1:0]};

  delay_line #(
    .Width  (ColumnBits + ActivationWidth + 1),
    .Stages (PipelineStages)
  ) u_place (
    .clk_i    (clk_i),
    .enable_i (1'b1),
    .data_i   ({column_q, plane_q, first_q}),
    .data_o   ({accumulate_column_o, accumulate_plane_o, accumulate_first_o})
  );

endmodule
