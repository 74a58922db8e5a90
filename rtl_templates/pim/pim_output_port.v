/// Serialises the column sums of a crossbar tile, `Lanes` of them a beat, with the counts of their vector.
module pim_output_port #(
  /// Columns of the matrix; legal 1..65536.
  parameter integer Cols = 128,
  /// Results of one beat; legal 1..256.
  parameter integer Lanes = 1,
  /// Width of a column, in bits; legal 1..ResultWidth.
  parameter integer ColumnWidth = 16,
  /// Width of a result, in bits; legal 1..64.
  parameter integer ResultWidth = 32,
  /// Width of what was counted, in bits; legal 1 or more.
  parameter integer CountWidth = 37
) (
  input  wire                        clk_i,
  input  wire                        rst_ni,
  /// The columns are complete from the next cycle on.
  input  wire                        done_i,
  /// Column k, two's complement, at [k*ColumnWidth +: ColumnWidth].
  input  wire [Cols*ColumnWidth-1:0] column_i,
  /// Belongs to the columns.
  input  wire [CountWidth-1:0]       count_i,
  /// The columns are not needed after this cycle.
  output wire                        unloaded_o,
  output wire                        result_valid_o,
  input  wire                        result_ready_i,
  /// This beat is the last of its vector.
  output wire                        result_last_o,
  /// Beat k: column k*Lanes+i at [i*ResultWidth +: ResultWidth]; lanes beyond the last column are zero.
  output wire [Lanes*ResultWidth-1:0] result_o,
  /// What belongs to the vector of this beat.
  output wire [CountWidth-1:0]       count_o
);

  localparam integer Beats = (Cols + Lanes - 1) / Lanes;
  localparam integer BeatWidth = Lanes * ColumnWidth;
  localparam integer PositionBits = $clog2(Beats + 1);
  localparam integer LastPosition = Beats - 1;
  localparam [PositionBits-1:0] One = 1;

  generate
    if (Cols < 1 || Cols > 65536) begin : gen_cols_error
      tpugen_error_cols_must_be_1_to_65536 u_error ();
    end
    if (Lanes < 1 || Lanes > 256) begin : gen_lanes_error
      tpugen_error_lanes_must_be_1_to_256 u_error ();
    end
    if (ColumnWidth < 1 || ColumnWidth > ResultWidth || ResultWidth > 64) begin : gen_result_error
      tpugen_error_result_width_must_be_64_at_most_and_hold_every_sum u_error ();
    end
  endgenerate

  wire [Beats*BeatWidth-1:0] padded;
  generate
    if (Beats * Lanes > Cols) begin : gen_padding
      assign padded = {{((Beats*Lanes-Cols)*ColumnWidth){1'b0}}, column_i};
    end else begin : gen_whole
      assign padded = column_i;
    end
  endgenerate

  reg                    pending_q;
  reg                    valid_q;
  reg                    last_q;
  reg [PositionBits-1:0] position_q;
  reg [BeatWidth-1:0]    result_q;
  reg [CountWidth-1:0]   count_q;

  wire load  = pending_q && (!valid_q || result_ready_i);
  wire first = position_q == {PositionBits{1'b0}};
  wire last  = position_q == LastPosition[PositionBits-1:0];

  assign unloaded_o = load && last;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pending_q  <= 1'b0;
      valid_q    <= 1'b0;
      position_q <= {PositionBits{1'b0}};
    end else begin
      pending_q <= done_i || (pending_q && !unloaded_o);
      valid_q   <= load || (valid_q && !result_ready_i);
      if (load) begin
        position_q <= last ? {PositionBits{1'b0}} : position_q + One;
      end
    end
  end

  always @(posedge clk_i) begin
    if (load) begin
      last_q   <= last;
      result_q <= padded[position_q*BeatWidth +: BeatWidth];
    end
    if (load && first) begin
      count_q <= count_i;
    end
  end

  assign result_valid_o = valid_q;
  assign result_last_o  = last_q;
  assign count_o        = count_q;

  genvar i;
  generate
    for (i = 0; i < Lanes; i = i + 1) begin : gen_lane
      assign result_o[i*ResultWidth +: ColumnWidth] = result_q[i*ColumnWidth +: ColumnWidth];
      if (ResultWidth > ColumnWidth) begin : gen_sign
        assign result_o[i*ResultWidth+ColumnWidth +: ResultWidth-ColumnWidth] =
            {(ResultWidth-ColumnWidth){result_q[(i+1)*ColumnWidth-1]}};
      end
    end
  endgenerate

endmodule
