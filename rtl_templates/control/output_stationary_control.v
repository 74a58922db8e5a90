/// Entry control of an output-stationary array: marks the ends of tiles and keeps their drains apart.
///
/// A tile's last slice is taken only when the rows of the tile before will have left the drain by the time this
/// tile's first row needs it: `DrainCycles` advancing cycles after the last slice before it.
module output_stationary_control #(
  /// Advancing cycles that the drain of one tile takes; legal 1 or more.
  parameter integer DrainCycles = 8
) (
  input  wire clk_i,
  input  wire rst_ni,
  /// The array moves in this cycle.
  input  wire advance_i,
  input  wire operand_valid_i,
  output wire operand_ready_o,
  input  wire operand_last_i,
  /// A slice enters the array in this cycle; whether it begins or ends its tile.
  output wire valid_o,
  output wire first_o,
  output wire last_o
);

  reg  first_q;
  wire drain_free;
  wire accept = operand_valid_i && operand_ready_o;

  assign operand_ready_o = advance_i && (drain_free || !operand_last_i);

  generate
    if (DrainCycles > 1) begin : gen_drain_count
      localparam integer CountWidth = $clog2(DrainCycles);
      localparam [CountWidth-1:0] One = {{(CountWidth-1){1'b0}}, 1'b1};
      localparam integer Busy = DrainCycles - 1;

      reg [CountWidth-1:0] busy_q;

      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          busy_q <= {CountWidth{1'b0}};
        end else if (accept && operand_last_i) begin
          busy_q <= Busy[CountWidth-1:0];
        end else if (advance_i && !drain_free) begin
          busy_q <= busy_q - One;
        end
      end

      assign drain_free = busy_q == {CountWidth{1'b0}};
    end else begin : gen_always_free
      assign drain_free = 1'b1;
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q <= 1'b1;
    end else if (accept) begin
      first_q <= operand_last_i;
    end
  end

  assign valid_o = accept;
  assign first_o = accept && first_q;
  assign last_o  = accept && operand_last_i;

endmodule
