/// Sequencer of attention: for each KV head a product of scores, softmax, a product of weighted sums.
///
/// A product waits until rows of the one before it that lie below its matrix have left the array.
module attention_sequencer #(
  /// Key and value heads; legal 1..16384.
  parameter integer KvHeads = 4
) (
  input  wire       clk_i,
  input  wire       rst_ni,
  /// Attention is asked for; refused while it runs.
  input  wire       start_i,
  /// It begins in the next cycle, with the first KV head.
  output wire       accept_o,
  /// The next KV head begins in the next cycle.
  output wire       next_o,
  /// What runs: 0: nothing, 1: scores, 2: softmax, 3: weighted sums.
  output wire [1:0] operator_o,
  /// Operands and results of a product are set up; the array begins in the next cycle.
  output wire       load_o,
  /// The product is one of weighted sums; changes with `load_o` only.
  output wire       values_o,
  /// The array begins.
  output wire       job_start_o,
  /// The array is free again.
  input  wire       job_done_i,
  /// The last row of the product is stored in this cycle.
  input  wire       last_row_i,
  /// Softmax begins in the next cycle.
  output wire       softmax_load_o,
  /// The last weight is stored in this cycle.
  input  wire       last_weight_i,
  /// The last row of the token is stored in this cycle.
  output wire       done_o
);

  localparam [1:0] Idle = 2'd0;
  localparam [1:0] Scores = 2'd1;
  localparam [1:0] Softmax = 2'd2;
  localparam [1:0] Sums = 2'd3;
  localparam integer HeadBits = (KvHeads > 1) ? $clog2(KvHeads) : 1;
  localparam integer LastHead = KvHeads - 1;
  localparam [HeadBits-1:0] NextHead = {{(HeadBits-1){1'b0}}, 1'b1};

  reg [1:0]          operator_q;
  reg [HeadBits-1:0] head_q;
  reg                launched_q;
  reg                job_start_q;
  reg                job_q;
  reg                values_q;

  wire accept      = start_i && operator_q == Idle;
  wire product     = operator_q == Scores || operator_q == Sums;
  wire load        = product && !launched_q && !job_q;
  wire scores_done = operator_q == Scores && last_row_i;
  wire sums_done   = operator_q == Sums && last_row_i;
  wire head_last   = head_q == LastHead[HeadBits-1:0];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      operator_q  <= Idle;
      head_q      <= {HeadBits{1'b0}};
      launched_q  <= 1'b0;
      job_start_q <= 1'b0;
      job_q       <= 1'b0;
      values_q    <= 1'b0;
    end else begin
      launched_q  <= product && !last_row_i && (launched_q || load);
      job_start_q <= load;
      job_q       <= load || (job_q && !job_done_i);
      values_q    <= values_o;
      case (operator_q)
        Idle:    operator_q <= accept ? Scores : Idle;
        Scores:  operator_q <= scores_done ? Softmax : Scores;
        Softmax: operator_q <= last_weight_i ? Sums : Softmax;
        default: operator_q <= !sums_done ? Sums : head_last ? Idle : Scores;
      endcase
      if (sums_done) begin
        head_q <= head_last ? {HeadBits{1'b0}} : head_q + NextHead;
      end
    end
  end

  assign accept_o       = accept;
  assign next_o         = sums_done && !head_last;
  assign operator_o     = operator_q;
  assign load_o         = load;
  assign values_o       = load ? operator_q == Sums : values_q;
  assign job_start_o    = job_start_q;
  assign softmax_load_o = scores_done;
  assign done_o         = sums_done && head_last;

endmodule
