/// Both products of attention on one tensor unit: queries times keys, and weights times values, for one KV head each.
///
/// Reads the operands from their memories a word a cycle, so that the array never waits, and says where rows belong.
module attention_array #(
  /// Key and value heads; legal 1..16384.
  parameter integer KvHeads = 4,
  /// Query heads of a KV head; legal 1..16384.
  parameter integer Group = 1,
  /// Elements of a head; legal 1..16384.
  parameter integer HeadWidth = 16,
  /// Positions that are kept; legal 1..16384.
  parameter integer Context = 64,
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the array's operand memories; legal 2..8192.
  parameter integer Depth = 256,
  /// Heads of a word of queries or weights; legal 1..Rows.
  parameter integer HeadLanes = 1,
  /// Positions of a word of keys; legal 1..Cols.
  parameter integer PositionLanes = 8,
  /// Elements of a word of values; legal 1..Cols.
  parameter integer ElementLanes = 8,
  /// Width of an address of queries or weights, in bits; legal 1..20.
  parameter integer AAddressWidth = 6,
  /// Width of an address of keys or values, in bits; legal 1..20.
  parameter integer BAddressWidth = 9,
  /// Width of an address of scores or weighted sums, in bits; legal 1..20.
  parameter integer RowAddressWidth = 3
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  /// The first KV head comes next.
  input  wire                       first_i,
  /// The next KV head comes next.
  input  wire                       next_i,
  /// A product is set up.
  input  wire                       load_i,
  /// It begins, in the cycle after `load_i`.
  input  wire                       start_i,
  /// It is one of weights and values; changes with `load_i` only.
  input  wire                       values_i,
  /// Positions, 1..Context.
  input  wire [15:0]                length_i,
  /// Words of a KV head's keys along the positions, less one.
  input  wire [13:0]                last_tile_i,
  /// A word of queries or weights is read in this cycle.
  output wire                       a_read_o,
  output wire [AAddressWidth-1:0]   a_address_o,
  /// Read a cycle ago or longer: head r of the tile at [r*8 +: 8].
  input  wire [HeadLanes*8-1:0]     queries_i,
  /// Read a cycle ago or longer: head r of the tile at [r*8 +: 8].
  input  wire [HeadLanes*8-1:0]     weights_i,
  /// A word of keys or values is read in this cycle.
  output wire                       b_read_o,
  output wire [BAddressWidth-1:0]   b_address_o,
  /// Read a cycle ago or longer: position c of the tile at [c*8 +: 8].
  input  wire [PositionLanes*8-1:0] keys_i,
  /// Read a cycle ago or longer: element c of the tile at [c*8 +: 8].
  input  wire [ElementLanes*8-1:0]  value_elements_i,
  output wire                       row_valid_o,
  /// It is the product's last.
  output wire                       row_last_o,
  output wire [RowAddressWidth-1:0] row_address_o,
  /// A row of a tile: column c at [c*32 +: 32].
  output wire [Cols*32-1:0]         row_o,
  /// The array is free again.
  output wire                       done_o
);

  // Tiles along the heads of a group, the positions, the elements of a head; steps in words of the memories.
  localparam integer GroupTiles = (Group + Rows - 1) / Rows;
  localparam integer PositionTiles = (Context + Cols - 1) / Cols;
  localparam integer ElementTiles = (HeadWidth + Cols - 1) / Cols;
  localparam integer QueryStep = GroupTiles * HeadWidth;
  localparam integer KeyStep = KvHeads * HeadWidth;
  localparam integer ValueStep = KvHeads * ElementTiles;
  localparam integer SumsStep = Group * ElementTiles;
  localparam integer ScoreTileStep = Rows * PositionTiles;
  localparam integer SumsTileStep = Rows * ElementTiles;
  localparam [AAddressWidth-1:0] NextA = {{(AAddressWidth-1){1'b0}}, 1'b1};
  localparam [BAddressWidth-1:0] NextB = {{(BAddressWidth-1){1'b0}}, 1'b1};

  // Where the KV head that runs begins.
  reg [AAddressWidth-1:0]   query_base_q;
  reg [BAddressWidth-1:0]   key_base_q;
  reg [BAddressWidth-1:0]   value_base_q;
  reg [RowAddressWidth-1:0] sums_base_q;

  always @(posedge clk_i) begin
    if (first_i) begin
      query_base_q <= {AAddressWidth{1'b0}};
      key_base_q   <= {BAddressWidth{1'b0}};
      value_base_q <= {BAddressWidth{1'b0}};
      sums_base_q  <= {RowAddressWidth{1'b0}};
    end else if (next_i) begin
      query_base_q <= query_base_q + QueryStep[AAddressWidth-1:0];
      key_base_q   <= key_base_q + HeadWidth[BAddressWidth-1:0];
      value_base_q <= value_base_q + ElementTiles[BAddressWidth-1:0];
      sums_base_q  <= sums_base_q + SumsStep[RowAddressWidth-1:0];
    end
  end

  // The product: M heads of a group; K elements, N positions; or K positions, N elements.
  wire [15:0] tiles_n = values_i ? ElementTiles[15:0] : {2'b0, last_tile_i} + 16'd1;
  wire [15:0] slices  = values_i ? length_i : HeadWidth[15:0];
  wire        keep_a  = slices <= Depth[15:0];
  wire        keep_b  = keep_a && tiles_n == 16'd1;

  wire a_valid;
  wire a_ready;
  wire a_last;
  wire b_valid;
  wire b_ready;
  wire b_last;

  operand_feeder #(
    .AddressWidth (AAddressWidth)
  ) u_a_feeder (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .load_i       (load_i),
    .base_i       (values_i ? {AAddressWidth{1'b0}} : query_base_q),
    .tiles_m_i    (GroupTiles[15:0]),
    .step_m_i     (values_i ? Context[AAddressWidth-1:0] : HeadWidth[AAddressWidth-1:0]),
    .tiles_n_i    (keep_a ? 16'd1 : tiles_n),
    .step_n_i     ({AAddressWidth{1'b0}}),
    .slices_i     (slices),
    .step_i       (NextA),
    .read_o       (a_read_o),
    .address_o    (a_address_o),
    .beat_valid_o (a_valid),
    .beat_ready_i (a_ready),
    .beat_last_o  (a_last)
  );

  operand_feeder #(
    .AddressWidth (BAddressWidth)
  ) u_b_feeder (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .load_i       (load_i),
    .base_i       (values_i ? value_base_q : key_base_q),
    .tiles_m_i    (keep_b ? 16'd1 : GroupTiles[15:0]),
    .step_m_i     ({BAddressWidth{1'b0}}),
    .tiles_n_i    (tiles_n),
    .step_n_i     (values_i ? NextB : KeyStep[BAddressWidth-1:0]),
    .slices_i     (slices),
    .step_i       (values_i ? ValueStep[BAddressWidth-1:0] : NextB),
    .read_o       (b_read_o),
    .address_o    (b_address_o),
    .beat_valid_o (b_valid),
    .beat_ready_i (b_ready),
    .beat_last_o  (b_last)
  );

  // Lanes that no memory has are zero.
  wire [Rows*8-1:0] a_beat;
  wire [Cols*8-1:0] b_beat;

  genvar l;
  generate
    for (l = 0; l < Rows; l = l + 1) begin : gen_a_lane
      if (l < HeadLanes) begin : gen_used
        assign a_beat[l*8 +: 8] = values_i ? weights_i[l*8 +: 8] : queries_i[l*8 +: 8];
      end else begin : gen_spare
        assign a_beat[l*8 +: 8] = 8'd0;
      end
    end
    for (l = 0; l < Cols; l = l + 1) begin : gen_b_lane
      wire [7:0] key_lane;
      wire [7:0] value_lane;

      if (l < PositionLanes) begin : gen_key
        assign key_lane = keys_i[l*8 +: 8];
      end else begin : gen_no_key
        assign key_lane = 8'd0;
      end
      if (l < ElementLanes) begin : gen_value
        assign value_lane = value_elements_i[l*8 +: 8];
      end else begin : gen_no_value
        assign value_lane = 8'd0;
      end

      assign b_beat[l*8 +: 8] = values_i ? value_lane : key_lane;
    end
  endgenerate

  wire [Cols*4-1:0] row_keep;
  wire              bias_ready;
  wire [5:0]        stream_errors;

  tpu_core #(
    .Rows                (Rows),
    .Cols                (Cols),
    .Depth               (Depth),
    .MultiplierWidth     (1),
    .UnsignedActivations (1)
  ) u_core (
    .clk_i                (clk_i),
    .rst_ni               (rst_ni),
    .start_i              (start_i),
    .abort_i              (1'b0),
    .size_m_i             (Group[15:0]),
    .size_k_i             (slices),
    .size_n_i             (values_i ? HeadWidth[15:0] : length_i),
    .bias_enable_i        (1'b0),
    .activation_i         (2'd0),
    .wide_i               (1'b1),
    .unsigned_i           (values_i),
    .square_shift_i       (5'd0),
    .multiplier_i         (1'b1),
    .shift_i              (6'd0),
    .zero_point_i         (8'd0),
    .s_axis_a_tvalid_i    (a_valid),
    .s_axis_a_tready_o    (a_ready),
    .s_axis_a_tdata_i     (a_beat),
    .s_axis_a_tlast_i     (a_last),
    .s_axis_b_tvalid_i    (b_valid),
    .s_axis_b_tready_o    (b_ready),
    .s_axis_b_tdata_i     (b_beat),
    .s_axis_b_tlast_i     (b_last),
    .s_axis_bias_tvalid_i (1'b0),
    .s_axis_bias_tready_o (bias_ready),
    .s_axis_bias_tdata_i  ({Cols*32{1'b0}}),
    .s_axis_bias_tlast_i  (1'b0),
    .m_axis_tvalid_o      (row_valid_o),
    .m_axis_tready_i      (1'b1),
    .m_axis_tdata_o       (row_o),
    .m_axis_tkeep_o       (row_keep),
    .m_axis_tlast_o       (row_last_o),
    .done_o               (done_o),
    .stream_errors_o      (stream_errors)
  );

  row_collector #(
    .Rows         (Rows),
    .AddressWidth (RowAddressWidth)
  ) u_collector (
    .clk_i     (clk_i),
    .load_i    (load_i),
    .base_i    (values_i ? sums_base_q : {RowAddressWidth{1'b0}}),
    .rows_i    (Group[15:0]),
    .tiles_n_i (tiles_n),
    .step_i    (values_i ? ElementTiles[RowAddressWidth-1:0] : PositionTiles[RowAddressWidth-1:0]),
    .step_m_i  (values_i ? SumsTileStep[RowAddressWidth-1:0] : ScoreTileStep[RowAddressWidth-1:0]),
    .row_i     (row_valid_o),
    .address_o (row_address_o)
  );

  wire unused_core = &{1'b0, row_keep, bias_ready, stream_errors};

endmodule
