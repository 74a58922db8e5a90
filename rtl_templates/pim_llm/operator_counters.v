/// Counts the cycles of a token, and of each of its operators.
module operator_counters #(
  /// Operators; legal 2..32.
  parameter integer Operators = 21
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// All counts become zero.
  input  wire        clear_i,
  /// A cycle is counted.
  input  wire        count_i,
  /// For which operator.
  input  wire [4:0]  operator_i,
  /// Which count is looked at.
  input  wire [4:0]  read_operator_i,
  /// Cycles of that operator, modulo 2^32.
  output wire [31:0] cycles_o,
  /// Cycles of all operators, modulo 2^32.
  output wire [31:0] total_o
);

  localparam integer Highest = 32;

  generate
    if (Operators < 2 || Operators > Highest) begin : gen_operators_error
      tpugen_error_operators_must_be_2_to_32 u_error ();
    end
  endgenerate

  // Counts of operators that do not exist are zero.
  reg  [Operators*32-1:0] count_q;
  reg  [31:0]             total_q;
  wire [Highest*32-1:0]   counts;
  wire [31:0]             more = counts[operator_i*32 +: 32] + 32'd1;

  generate
    if (Operators < Highest) begin : gen_missing
      assign counts = {{((Highest-Operators)*32){1'b0}}, count_q};
    end else begin : gen_all
      assign counts = count_q;
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      total_q <= 32'd0;
    end else if (clear_i) begin
      total_q <= 32'd0;
    end else if (count_i) begin
      total_q <= total_q + 32'd1;
    end
  end

  genvar o;
  generate
    for (o = 0; o < Operators; o = o + 1) begin : gen_count
      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          count_q[o*32 +: 32] <= 32'd0;
        end else if (clear_i) begin
          count_q[o*32 +: 32] <= 32'd0;
        end else if (count_i && operator_i == o) begin
          count_q[o*32 +: 32] <= more;
        end
      end
    end
  endgenerate

  assign cycles_o = counts[read_operator_i*32 +: 32];
  assign total_o  = total_q;

endmodule
