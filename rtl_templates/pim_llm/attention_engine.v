/// Attention of one token over all positions so far: scores, softmax and weighted sums of values on one tensor unit.
///
/// Keys and values of earlier positions stay in its memories. The heads of a group share a KV head and are the rows of
/// one product. All queries, keys and values of a token come in before `start_i`; contexts leave after `done_o`, the
/// first 21 cycles later, one a cycle, and must have left before the next `start_i`.
module attention_engine #(
  /// Query heads; legal multiples of KvHeads up to 16384.
  parameter integer Heads = 4,
  /// Key and value heads; legal 1..16384.
  parameter integer KvHeads = 4,
  /// Elements of a head; legal 1..16384.
  parameter integer HeadWidth = 16,
  /// Positions that are kept; legal 1..16384.
  parameter integer Context = 64,
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the array's operand memories; legal 2..8192.
  parameter integer Depth = 256
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// The next operand of each kind is the first of a token (a token that was cut short is forgotten).
  input  wire        clear_i,
  input  wire        operand_valid_i,
  /// Low while attention runs.
  output wire        operand_ready_o,
  /// 0: query, 1: key, 2: value.
  input  wire [1:0]  operand_select_i,
  /// Two's complement; elements of a kind in order, head by head: Heads or KvHeads times HeadWidth for each token.
  input  wire [7:0]  operand_i,
  /// Position of the token, below Context; stable from two cycles before the first operand until `done_o`.
  input  wire [15:0] position_i,
  /// Attention begins; ignored while it runs.
  input  wire        start_i,
  /// With the shift it turns a score into an exponent of two with 12 fraction bits; unsigned, stable while it runs.
  input  wire [15:0] softmax_multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]  softmax_shift_i,
  /// What runs: 0: nothing, 1: scores, 2: softmax, 3: weighted sums.
  output wire [1:0]  operator_o,
  /// The last row of sums is stored in this cycle.
  output wire        done_o,
  output wire        context_valid_o,
  input  wire        context_ready_i,
  /// This element is the last of the token.
  output wire        context_last_o,
  /// Contexts head by head, two's complement; 32767 stands for a value of 128.
  output wire [15:0] context_o
);
  localparam [1:0] Idle = 2'd0;
  localparam integer Group = (KvHeads > 0) ? Heads / KvHeads : 1;
  localparam integer MaxLength = (Context > 1) ? Context : 2;
  localparam integer SumWidth = $clog2(MaxLength) + 8;

  // Words of the memories have no more lanes than can be in use.
  localparam integer HeadLanes = (Group < Rows) ? Group : Rows;
  localparam integer PositionLanes = (Context < Cols) ? Context : Cols;
  localparam integer ElementLanes = (HeadWidth < Cols) ? HeadWidth : Cols;

  // Words of each memory; an address has at least a bit.
  localparam integer GroupTiles = (Group + Rows - 1) / Rows;
  localparam integer PositionTiles = (Context + Cols - 1) / Cols;
  localparam integer ElementTiles = (HeadWidth + Cols - 1) / Cols;
  localparam integer QueryWords = KvHeads * GroupTiles * HeadWidth;
  localparam integer KeyWords = PositionTiles * KvHeads * HeadWidth;
  localparam integer ValueWords = Context * KvHeads * ElementTiles;
  localparam integer ScoreWords = Group * PositionTiles;
  localparam integer WeightWords = GroupTiles * Context;
  localparam integer SumsWords = Heads * ElementTiles;
  localparam integer QueryBits = (QueryWords > 2) ? $clog2(QueryWords) : 1;
  localparam integer KeyBits = (KeyWords > 2) ? $clog2(KeyWords) : 1;
  localparam integer ValueBits = (ValueWords > 2) ? $clog2(ValueWords) : 1;
  localparam integer ScoreBits = (ScoreWords > 2) ? $clog2(ScoreWords) : 1;
  localparam integer WeightBits = (WeightWords > 2) ? $clog2(WeightWords) : 1;
  localparam integer SumsBits = (SumsWords > 2) ? $clog2(SumsWords) : 1;
  localparam integer ABits = (QueryBits > WeightBits) ? QueryBits : WeightBits;
  localparam integer BBits = (KeyBits > ValueBits) ? KeyBits : ValueBits;
  localparam integer RowBits = (ScoreBits > SumsBits) ? ScoreBits : SumsBits;

  generate
    if (KvHeads < 1 || KvHeads > 16384) begin : gen_kv_heads_error
      tpugen_error_kv_heads_must_be_1_to_16384 u_error ();
    end
    if (Heads < 1 || Heads > 16384 || Group * KvHeads != Heads) begin : gen_heads_error
      tpugen_error_heads_must_be_a_multiple_of_kv_heads_up_to_16384 u_error ();
    end
    if (HeadWidth < 1 || HeadWidth > 16384) begin : gen_head_width_error
      tpugen_error_head_width_must_be_1_to_16384 u_error ();
    end
    if (Context < 1 || Context > 16384) begin : gen_context_error
      tpugen_error_context_must_be_1_to_16384 u_error ();
    end
  endgenerate

  wire accept;
  wire next;
  wire load;
  wire values;
  wire job_start;
  wire job_done;
  wire row_valid;
  wire row_last;
  wire softmax_load;
  wire sum_valid;
  wire head_last;

  attention_sequencer #(
    .KvHeads (KvHeads)
  ) u_sequencer (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .start_i        (start_i),
    .accept_o       (accept),
    .next_o         (next),
    .operator_o     (operator_o),
    .load_o         (load),
    .values_o       (values),
    .job_start_o    (job_start),
    .job_done_i     (job_done),
    .last_row_i     (row_valid && row_last),
    .softmax_load_o (softmax_load),
    .last_weight_i  (sum_valid && head_last),
    .done_o         (done_o)
  );

  wire [15:0]                length = position_i + 16'd1;
  wire [13:0]                last_tile;
  wire                       a_read;
  wire [ABits-1:0]           a_address;
  wire                       b_read;
  wire [BBits-1:0]           b_address;
  wire [HeadLanes*8-1:0]     queries;
  wire [HeadLanes*8-1:0]     weights;
  wire [PositionLanes*8-1:0] keys;
  wire [ElementLanes*8-1:0]  value_elements;

  attention_operands #(
    .KvHeads           (KvHeads),
    .Group             (Group),
    .HeadWidth         (HeadWidth),
    .Context           (Context),
    .QueryLanes        (HeadLanes),
    .KeyLanes          (PositionLanes),
    .ValueLanes        (ElementLanes),
    .QueryAddressWidth (QueryBits),
    .KeyAddressWidth   (KeyBits),
    .ValueAddressWidth (ValueBits)
  ) u_operands (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .clear_i         (clear_i),
    .operand_i       (operand_valid_i && operand_ready_o),
    .select_i        (operand_select_i),
    .element_i       (operand_i),
    .position_i      (position_i[13:0]),
    .position_tile_o (last_tile),
    .query_read_i    (a_read && !values),
    .query_address_i (a_address[QueryBits-1:0]),
    .query_o         (queries),
    .key_read_i      (b_read && !values),
    .key_address_i   (b_address[KeyBits-1:0]),
    .key_o           (keys),
    .value_read_i    (b_read && values),
    .value_address_i (b_address[ValueBits-1:0]),
    .value_o         (value_elements)
  );

  wire [RowBits-1:0] row_address;
  wire [Cols*32-1:0] row;

  attention_array #(
    .KvHeads         (KvHeads),
    .Group           (Group),
    .HeadWidth       (HeadWidth),
    .Context         (Context),
    .Rows            (Rows),
    .Cols            (Cols),
    .Depth           (Depth),
    .HeadLanes       (HeadLanes),
    .PositionLanes   (PositionLanes),
    .ElementLanes    (ElementLanes),
    .AAddressWidth   (ABits),
    .BAddressWidth   (BBits),
    .RowAddressWidth (RowBits)
  ) u_array (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .first_i          (accept),
    .next_i           (next),
    .load_i           (load),
    .start_i          (job_start),
    .values_i         (values),
    .length_i         (length),
    .last_tile_i      (last_tile),
    .a_read_o         (a_read),
    .a_address_o      (a_address),
    .queries_i        (queries),
    .weights_i        (weights),
    .b_read_o         (b_read),
    .b_address_o      (b_address),
    .keys_i           (keys),
    .value_elements_i (value_elements),
    .row_valid_o      (row_valid),
    .row_last_o       (row_last),
    .row_address_o    (row_address),
    .row_o            (row),
    .done_o           (job_done)
  );

  wire [SumWidth-1:0] sum;

  attention_softmax #(
    .Group              (Group),
    .Context            (Context),
    .ScoreLanes         (PositionLanes),
    .WeightLanes        (HeadLanes),
    .ScoreAddressWidth  (ScoreBits),
    .WeightAddressWidth (WeightBits),
    .SumWidth           (SumWidth)
  ) u_softmax (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .score_write_i    (row_valid && !values),
    .score_address_i  (row_address[ScoreBits-1:0]),
    .scores_i         (row[PositionLanes*32-1:0]),
    .load_i           (softmax_load),
    .length_i         (length),
    .multiplier_i     (softmax_multiplier_i),
    .shift_i          (softmax_shift_i),
    .sum_valid_o      (sum_valid),
    .sum_o            (sum),
    .last_o           (head_last),
    .weight_read_i    (a_read && values),
    .weight_address_i (a_address[WeightBits-1:0]),
    .weights_o        (weights)
  );

  attention_context #(
    .Heads        (Heads),
    .HeadWidth    (HeadWidth),
    .Lanes        (ElementLanes),
    .AddressWidth (SumsBits),
    .SumWidth     (SumWidth)
  ) u_context (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .start_i         (accept),
    .sum_valid_i     (sum_valid),
    .sum_i           (sum),
    .row_write_i     (row_valid && values),
    .row_address_i   (row_address[SumsBits-1:0]),
    .row_i           (row[ElementLanes*32-1:0]),
    .load_i          (done_o),
    .context_valid_o (context_valid_o),
    .context_ready_i (context_ready_i),
    .context_last_o  (context_last_o),
    .context_o       (context_o)
  );

  assign operand_ready_o = operator_o == Idle;

  wire unused_bits = &{1'b0, position_i[15:14], row};

endmodule
