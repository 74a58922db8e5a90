/// Status of the hybrid accelerator: what runs, what is done, what went wrong, and how many positions are kept.
///
/// What is done or went wrong stays until a 1 is written to its bit.
module token_status (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A token runs.
  input  wire        busy_i,
  /// A token begins at position_i: positions from there on are forgotten.
  input  wire        start_i,
  input  wire [15:0] position_i,
  /// The token's last cycle.
  input  wire        done_i,
  /// What goes wrong in this cycle.
  input  wire [9:0]  errors_i,
  /// Bits that the host clears in this cycle, as in the status.
  input  wire [31:0] clear_i,
  /// 0: busy, 1: done, 17..8: what went wrong.
  output wire [31:0] status_o,
  /// Positions that are kept.
  output wire [15:0] length_o,
  /// Something is done or went wrong.
  output wire        interrupt_o
);

  reg        done_q;
  reg [9:0]  errors_q;
  reg [15:0] length_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      done_q   <= 1'b0;
      errors_q <= 10'd0;
      length_q <= 16'd0;
    end else begin
      done_q   <= done_i || (done_q && !clear_i[1] && !start_i);
      errors_q <= errors_i | (errors_q & ~clear_i[17:8]);
      if (start_i) begin
        length_q <= position_i;
      end else if (done_i) begin
        length_q <= length_q + 16'd1;
      end
    end
  end

  assign status_o    = {14'd0, errors_q, 6'd0, done_q, busy_i};
  assign length_o    = length_q;
  assign interrupt_o = done_q || |errors_q;

  wire unused_bits = &{1'b0, clear_i[31:18], clear_i[7:2], clear_i[0]};

endmodule
