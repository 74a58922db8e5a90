/// Memories of queries, keys and values: elements come in one by one, words for the array go out.
///
/// A word holds, of one dimension, the queries of up to `QueryLanes` heads of a group or the keys of `KeyLanes`
/// positions; of one position, `ValueLanes` dimensions of a value. Words of a position's keys or values lie together.
module attention_operands #(
  /// Key and value heads; legal 1..16384.
  parameter integer KvHeads = 4,
  /// Query heads of a KV head; legal 1..16384.
  parameter integer Group = 1,
  /// Elements of a head; legal 1..16384.
  parameter integer HeadWidth = 16,
  /// Positions that are kept; legal 1..16384.
  parameter integer Context = 64,
  /// Query heads of a word; legal 1..256.
  parameter integer QueryLanes = 1,
  /// Positions of a word of keys; legal 1..256.
  parameter integer KeyLanes = 8,
  /// Dimensions of a word of values; legal 1..256.
  parameter integer ValueLanes = 8,
  /// Width of an address of queries, in bits; legal 1..20.
  parameter integer QueryAddressWidth = 6,
  /// Width of an address of keys, in bits; legal 1..20.
  parameter integer KeyAddressWidth = 9,
  /// Width of an address of values, in bits; legal 1..20.
  parameter integer ValueAddressWidth = 9
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,
  /// The next element of each kind is its first.
  input  wire                         clear_i,
  /// An element comes in this cycle.
  input  wire                         operand_i,
  /// 0: query, 1: key, 2: value.
  input  wire [1:0]                   select_i,
  /// Two's complement.
  input  wire [7:0]                   element_i,
  /// Position of the token, stable from two cycles before the first key.
  input  wire [13:0]                  position_i,
  /// Word of keys in which that position lies, counted along positions.
  output wire [13:0]                  position_tile_o,
  /// Read a word of queries.
  input  wire                         query_read_i,
  input  wire [QueryAddressWidth-1:0] query_address_i,
  /// It comes a cycle later and stays: head r of the tile at [r*8 +: 8].
  output wire [QueryLanes*8-1:0]      query_o,
  /// Read a word of keys.
  input  wire                         key_read_i,
  input  wire [KeyAddressWidth-1:0]   key_address_i,
  /// It comes a cycle later and stays: position c of the tile at [c*8 +: 8].
  output wire [KeyLanes*8-1:0]        key_o,
  /// Read a word of values.
  input  wire                         value_read_i,
  input  wire [ValueAddressWidth-1:0] value_address_i,
  /// It comes a cycle later and stays: dimension c of the tile at [c*8 +: 8].
  output wire [ValueLanes*8-1:0]      value_o
);

  localparam integer QueryWords = ((Group + QueryLanes - 1) / QueryLanes) * KvHeads * HeadWidth;
  localparam integer KeyStep = KvHeads * HeadWidth;
  localparam integer KeyWords = ((Context + KeyLanes - 1) / KeyLanes) * KeyStep;
  localparam integer ValueStep = KvHeads * ((HeadWidth + ValueLanes - 1) / ValueLanes);
  localparam integer ValueWords = Context * ValueStep;
  localparam [1:0] Query = 2'd0;
  localparam [1:0] Key = 2'd1;
  localparam [1:0] Value = 2'd2;
  localparam integer LastQueryLane = QueryLanes - 1;
  localparam integer LastValueLane = ValueLanes - 1;
  localparam integer ElementBits = (HeadWidth > 1) ? $clog2(HeadWidth) : 1;
  localparam integer GroupBits = (Group > 1) ? $clog2(Group) : 1;
  localparam integer LastElement = HeadWidth - 1;
  localparam integer LastHead = Group - 1;
  localparam integer LastQueryWord = QueryWords - 1;
  localparam integer LastKey = KeyStep - 1;
  localparam integer LastValueWord = ValueStep - 1;
  localparam [ElementBits-1:0] NextElement = {{(ElementBits-1){1'b0}}, 1'b1};
  localparam [GroupBits-1:0] NextHead = {{(GroupBits-1){1'b0}}, 1'b1};
  localparam [QueryAddressWidth-1:0] NextQuery = {{(QueryAddressWidth-1){1'b0}}, 1'b1};
  localparam [KeyAddressWidth-1:0] NextKey = {{(KeyAddressWidth-1){1'b0}}, 1'b1};
  localparam [ValueAddressWidth-1:0] NextValue = {{(ValueAddressWidth-1){1'b0}}, 1'b1};

  wire query = operand_i && select_i == Query;
  wire key   = operand_i && select_i == Key;
  wire value = operand_i && select_i == Value;

  // Queries: a head's elements lie in consecutive words, the next head's beside them.
  reg [ElementBits-1:0]       query_element_q;
  reg [GroupBits-1:0]         query_head_q;
  reg [7:0]                   query_lane_q;
  reg [QueryAddressWidth-1:0] query_base_q;
  reg [QueryAddressWidth-1:0] query_place_q;

  wire head_last  = query_element_q == LastElement[ElementBits-1:0];
  wire group_last = query_head_q == LastHead[GroupBits-1:0];
  wire tile_last  = group_last || query_lane_q == LastQueryLane[7:0];

  wire [QueryAddressWidth-1:0] query_next = (query_place_q == LastQueryWord[QueryAddressWidth-1:0]) ?
      {QueryAddressWidth{1'b0}} : query_place_q + NextQuery;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      query_element_q <= {ElementBits{1'b0}};
      query_head_q    <= {GroupBits{1'b0}};
      query_lane_q    <= 8'd0;
      query_base_q    <= {QueryAddressWidth{1'b0}};
      query_place_q   <= {QueryAddressWidth{1'b0}};
    end else if (clear_i) begin
      query_element_q <= {ElementBits{1'b0}};
      query_head_q    <= {GroupBits{1'b0}};
      query_lane_q    <= 8'd0;
      query_base_q    <= {QueryAddressWidth{1'b0}};
      query_place_q   <= {QueryAddressWidth{1'b0}};
    end else if (query && head_last) begin
      query_element_q <= {ElementBits{1'b0}};
      query_head_q    <= group_last ? {GroupBits{1'b0}} : query_head_q + NextHead;
      query_lane_q    <= tile_last ? 8'd0 : query_lane_q + 8'd1;
      query_base_q    <= tile_last ? query_next : query_base_q;
      query_place_q   <= tile_last ? query_next : query_base_q;
    end else if (query) begin
      query_element_q <= query_element_q + NextElement;
      query_place_q   <= query_place_q + NextQuery;
    end
  end

  // Keys: a position's elements lie in consecutive words, in the position's lane.
  wire [7:0]                 key_lane;
  reg [KeyAddressWidth-1:0]  key_base_q;
  reg [KeyAddressWidth-1:0]  key_place_q;
  wire [31:0]                key_base = {18'b0, position_tile_o} * KeyStep[31:0];

  position_split #(
    .Cols (KeyLanes)
  ) u_split (
    .clk_i      (clk_i),
    .position_i (position_i),
    .tile_o     (position_tile_o),
    .lane_o     (key_lane)
  );

  always @(posedge clk_i) begin
    key_base_q <= key_base[KeyAddressWidth-1:0];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      key_place_q <= {KeyAddressWidth{1'b0}};
    end else if (clear_i || (key && key_place_q == LastKey[KeyAddressWidth-1:0])) begin
      key_place_q <= {KeyAddressWidth{1'b0}};
    end else if (key) begin
      key_place_q <= key_place_q + NextKey;
    end
  end

  // Values: a head's elements lie side by side, its last word may have lanes to spare.
  reg [ElementBits-1:0]       value_element_q;
  reg [7:0]                   value_lane_q;
  reg [ValueAddressWidth-1:0] value_base_q;
  reg [ValueAddressWidth-1:0] value_place_q;
  wire [31:0]                 value_base = {18'b0, position_i} * ValueStep[31:0];

  wire value_head_last = value_element_q == LastElement[ElementBits-1:0];
  wire value_word_last = value_head_last || value_lane_q == LastValueLane[7:0];

  always @(posedge clk_i) begin
    value_base_q <= value_base[ValueAddressWidth-1:0];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      value_element_q <= {ElementBits{1'b0}};
      value_lane_q    <= 8'd0;
      value_place_q   <= {ValueAddressWidth{1'b0}};
    end else if (clear_i) begin
      value_element_q <= {ElementBits{1'b0}};
      value_lane_q    <= 8'd0;
      value_place_q   <= {ValueAddressWidth{1'b0}};
    end else if (value) begin
      value_element_q <= value_head_last ? {ElementBits{1'b0}} : value_element_q + NextElement;
      value_lane_q    <= value_word_last ? 8'd0 : value_lane_q + 8'd1;
      if (value_word_last) begin
        value_place_q <= (value_place_q == LastValueWord[ValueAddressWidth-1:0]) ?
            {ValueAddressWidth{1'b0}} : value_place_q + NextValue;
      end
    end
  end

  // Which lane an element goes to.
  wire [QueryLanes-1:0] query_write;
  wire [KeyLanes-1:0]   key_write;
  wire [ValueLanes-1:0] value_write;

  genvar l;
  generate
    for (l = 0; l < QueryLanes; l = l + 1) begin : gen_query_lane
      assign query_write[l] = query && query_lane_q == l;
    end
    for (l = 0; l < KeyLanes; l = l + 1) begin : gen_key_lane
      assign key_write[l] = key && key_lane == l;
    end
    for (l = 0; l < ValueLanes; l = l + 1) begin : gen_value_lane
      assign value_write[l] = value && value_lane_q == l;
    end
  endgenerate

  memory #(
    .Depth ((QueryWords > 1) ? QueryWords : 2),
    .Width (QueryLanes * 8),
    .Lanes (QueryLanes)
  ) u_queries (
    .clk_i           (clk_i),
    .write_i         (query_write),
    .write_address_i (query_place_q),
    .data_i          ({QueryLanes{element_i}}),
    .read_i          (query_read_i),
    .read_address_i  (query_address_i),
    .data_o          (query_o)
  );

  memory #(
    .Depth ((KeyWords > 1) ? KeyWords : 2),
    .Width (KeyLanes * 8),
    .Lanes (KeyLanes)
  ) u_keys (
    .clk_i           (clk_i),
    .write_i         (key_write),
    .write_address_i (key_base_q + key_place_q),
    .data_i          ({KeyLanes{element_i}}),
    .read_i          (key_read_i),
    .read_address_i  (key_address_i),
    .data_o          (key_o)
  );

  memory #(
    .Depth ((ValueWords > 1) ? ValueWords : 2),
    .Width (ValueLanes * 8),
    .Lanes (ValueLanes)
  ) u_values (
    .clk_i           (clk_i),
    .write_i         (value_write),
    .write_address_i (value_base_q + value_place_q),
    .data_i          ({ValueLanes{element_i}}),
    .read_i          (value_read_i),
    .read_address_i  (value_address_i),
    .data_o          (value_o)
  );

  wire unused_bits = &{1'b0, key_base[31:KeyAddressWidth], value_base[31:ValueAddressWidth]};

endmodule
