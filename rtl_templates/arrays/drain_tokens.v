/// Tokens of drain_column: tells when a gathered row leaves it and which one is its tile's last.
///
/// The registers between stretches are those of drain_column, with reset.
module drain_tokens #(
  /// Rows that come in; legal 1..256.
  parameter integer Rows = 8,
  /// Rows of one combinational stretch; legal 1 or more.
  parameter integer SegmentRows = 16
) (
  input  wire            clk_i,
  input  wire            rst_ni,
  input  wire            enable_i,
  /// Row r leaves in this cycle.
  input  wire [Rows-1:0] done_i,
  output wire            done_o,
  output wire            last_o
);

  localparam integer Segments = (Rows + SegmentRows - 1) / SegmentRows;

  // {done, last} that stretch s+1 handed on, held for stretch s; the last row's own token enters at the end.
  wire [Segments*2-1:0] held;
  assign held[(Segments-1)*2 +: 2] = {1'b0, done_i[Rows-1]};

  genvar s;
  generate
    for (s = 0; s < Segments; s = s + 1) begin : gen_segment
      localparam integer First = s * SegmentRows;
      localparam integer Here = (First + SegmentRows < Rows) ? SegmentRows : Rows - First;

      wire [1:0] gathered = {held[s*2+1] || (|done_i[First +: Here]), held[s*2]};

      if (s == 0) begin : gen_out
        assign {done_o, last_o} = gathered;
      end else begin : gen_hold
        token_line #(
          .Width  (2),
          .Stages (1)
        ) u_hold (
          .clk_i    (clk_i),
          .rst_ni   (rst_ni),
          .enable_i (enable_i),
          .token_i  (gathered),
          .stages_o (held[(s-1)*2 +: 2])
        );
      end
    end

    if (Segments == 1) begin : gen_unclocked
      wire unused_controls = &{1'b0, clk_i, rst_ni, enable_i};
    end
  endgenerate

endmodule
