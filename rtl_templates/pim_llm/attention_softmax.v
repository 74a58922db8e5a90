/// Softmax of a group of heads: from a memory of scores to a memory of weights, head after head.
///
/// Weights are those of `softmax_weights`; the sum of each head's weights goes out beside its last one.
module attention_softmax #(
  /// Heads of a group; legal 1..16384.
  parameter integer Group = 1,
  /// Longest row of scores; legal 1..16384.
  parameter integer Context = 64,
  /// Scores of a word; legal 1..256.
  parameter integer ScoreLanes = 8,
  /// Heads of a word of weights; legal 1..256.
  parameter integer WeightLanes = 1,
  /// Width of an address of scores, in bits; legal 1..20.
  parameter integer ScoreAddressWidth = 3,
  /// Width of an address of weights, in bits; legal 1..20.
  parameter integer WeightAddressWidth = 6,
  /// Width of a sum of weights, in bits: that of `softmax_weights` for rows of Context; legal 9..22.
  parameter integer SumWidth = 14
) (
  input  wire                          clk_i,
  input  wire                          rst_ni,
  /// A row of a tile of scores comes in this cycle.
  input  wire                          score_write_i,
  /// Its word: a head's words lie side by side.
  input  wire [ScoreAddressWidth-1:0]  score_address_i,
  /// Position c of the tile at [c*32 +: 32].
  input  wire [ScoreLanes*32-1:0]      scores_i,
  /// Softmax of all heads begins in the next cycle.
  input  wire                          load_i,
  /// Scores of a head, 1..Context; stable while it runs.
  input  wire [15:0]                   length_i,
  /// With the shift it turns a score into an exponent of two with 12 fraction bits; unsigned.
  input  wire [15:0]                   multiplier_i,
  /// Places by which the product is shifted right.
  input  wire [5:0]                    shift_i,
  /// A head's last weight is stored in this cycle.
  output wire                          sum_valid_o,
  /// The sum of its weights.
  output wire [SumWidth-1:0]           sum_o,
  /// It is the last head.
  output wire                          last_o,
  /// Read a word of weights.
  input  wire                          weight_read_i,
  input  wire [WeightAddressWidth-1:0] weight_address_i,
  /// It comes a cycle later and stays: head r of the tile at [r*8 +: 8].
  output wire [WeightLanes*8-1:0]      weights_o
);

  localparam integer ScoreStep = (Context + ScoreLanes - 1) / ScoreLanes;
  localparam integer ScoreWords = Group * ScoreStep;
  localparam integer WeightTiles = (Group + WeightLanes - 1) / WeightLanes;
  localparam integer WeightWords = WeightTiles * Context;
  localparam integer MaxLength = (Context > 1) ? Context : 2;
  localparam integer LastLane = WeightLanes - 1;
  localparam [15:0] One = 16'd1;
  localparam [WeightAddressWidth-1:0] NextWord = {{(WeightAddressWidth-1){1'b0}}, 1'b1};

  // Scores.
  wire                         read;
  wire                         read_first;
  wire                         reader_advance;
  wire [ScoreAddressWidth-1:0] read_address;
  wire [ScoreLanes*32-1:0]     word;
  wire                         score_valid;
  wire                         score_ready;
  wire                         score_row_last;
  wire                         score_last;
  wire [31:0]                  score;

  memory #(
    .Depth ((ScoreWords > 1) ? ScoreWords : 2),
    .Width (ScoreLanes * 32),
    .Lanes (1)
  ) u_scores (
    .clk_i           (clk_i),
    .write_i         (score_write_i),
    .write_address_i (score_address_i),
    .data_i          (scores_i),
    .read_i          (read),
    .read_address_i  (read_address),
    .data_o          (word)
  );

  lane_reader #(
    .Lanes        (ScoreLanes),
    .AddressWidth (ScoreAddressWidth)
  ) u_reader (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .load_i             (load_i),
    .rows_i             (Group[15:0]),
    .length_i           (length_i),
    .step_i             (ScoreStep[ScoreAddressWidth-1:0]),
    .read_o             (read),
    .address_o          (read_address),
    .read_first_o       (read_first),
    .word_i             (word),
    .advance_o          (reader_advance),
    .element_valid_o    (score_valid),
    .element_ready_i    (score_ready),
    .element_row_last_o (score_row_last),
    .element_last_o     (score_last),
    .element_o          (score)
  );

  wire       weight_valid;
  wire       weight_last;
  wire       overlong;
  wire [7:0] weight;

  softmax_weights #(
    .MaxLength (MaxLength)
  ) u_softmax (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (score_valid),
    .operand_ready_o (score_ready),
    .operand_last_i  (score_row_last),
    .operand_i       (score),
    .multiplier_i    (multiplier_i),
    .shift_i         (shift_i),
    .overlong_o      (overlong),
    .result_valid_o  (weight_valid),
    .result_ready_i  (1'b1),
    .result_last_o   (weight_last),
    .result_o        (weight),
    .sum_o           (sum_o)
  );

  // Weights: a head's lie in consecutive words, the next head's beside them.
  reg [15:0]                   heads_left_q;
  reg [7:0]                    lane_q;
  reg [WeightAddressWidth-1:0] base_q;
  reg [WeightAddressWidth-1:0] place_q;

  wire                          tile_last = lane_q == LastLane[7:0];
  wire [WeightAddressWidth-1:0] next_base = tile_last ? base_q + Context[WeightAddressWidth-1:0] : base_q;

  always @(posedge clk_i) begin
    if (load_i) begin
      heads_left_q <= Group[15:0];
      lane_q       <= 8'd0;
      base_q       <= {WeightAddressWidth{1'b0}};
      place_q      <= {WeightAddressWidth{1'b0}};
    end else if (weight_valid && weight_last) begin
      heads_left_q <= heads_left_q - One;
      lane_q       <= tile_last ? 8'd0 : lane_q + 8'd1;
      base_q       <= next_base;
      place_q      <= next_base;
    end else if (weight_valid) begin
      place_q <= place_q + NextWord;
    end
  end

  wire [WeightLanes-1:0] weight_write;

  genvar l;
  generate
    for (l = 0; l < WeightLanes; l = l + 1) begin : gen_lane
      assign weight_write[l] = weight_valid && lane_q == l;
    end
  endgenerate

  memory #(
    .Depth ((WeightWords > 1) ? WeightWords : 2),
    .Width (WeightLanes * 8),
    .Lanes (WeightLanes)
  ) u_weights (
    .clk_i           (clk_i),
    .write_i         (weight_write),
    .write_address_i (place_q),
    .data_i          ({WeightLanes{weight}}),
    .read_i          (weight_read_i),
    .read_address_i  (weight_address_i),
    .data_o          (weights_o)
  );

  assign sum_valid_o = weight_valid && weight_last;
  assign last_o      = heads_left_q == One;

  wire unused_outputs = &{1'b0, read_first, reader_advance, score_last, overlong};

endmodule
