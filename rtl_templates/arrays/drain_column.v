/// Gathers the results of one column of an output-stationary array, which finish one after the other.
///
/// At most one row is nonzero in any cycle, so it is picked by OR. Rows share one combinational stretch per
/// `SegmentRows`; a register stands between stretches and costs one empty cycle each, which keeps tall arrays fast.
module drain_column #(
  /// Rows that come in; legal 1..256.
  parameter integer Rows = 8,
  /// Width of a result, in bits.
  parameter integer Width = 32,
  /// Rows of one combinational stretch; legal 1 or more.
  parameter integer SegmentRows = 16
) (
  input  wire                  clk_i,
  input  wire                  enable_i,
  /// Row r is at [r*Width +: Width], zero unless it leaves in this cycle.
  input  wire [Rows*Width-1:0] rows_i,
  output wire [Width-1:0]      row_o
);

  localparam integer Segments = (Rows + SegmentRows - 1) / SegmentRows;

  // What stretch s+1 handed on, held for stretch s; nothing enters behind the last.
  wire [Segments*Width-1:0] held;
  assign held[(Segments-1)*Width +: Width] = {Width{1'b0}};

  genvar s;
  generate
    for (s = 0; s < Segments; s = s + 1) begin : gen_segment
      localparam integer First = s * SegmentRows;
      localparam integer End = (First + SegmentRows < Rows) ? First + SegmentRows : Rows;

      reg [Width-1:0] gathered;
      integer r;

      always @(*) begin
        gathered = held[s*Width +: Width];
        for (r = First; r < End; r = r + 1) begin
          gathered = gathered | rows_i[r*Width +: Width];
        end
      end

      if (s == 0) begin : gen_out
        assign row_o = gathered;
      end else begin : gen_hold
        delay_line #(
          .Width  (Width),
          .Stages (1)
        ) u_hold (
          .clk_i    (clk_i),
          .enable_i (enable_i),
          .data_i   (gathered),
          .data_o   (held[(s-1)*Width +: Width])
        );
      end
    end

    if (Segments == 1) begin : gen_unclocked
      wire unused_controls = &{1'b0, clk_i, enable_i};
    end
  endgenerate

endmodule
