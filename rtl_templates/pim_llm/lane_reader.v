/// Streams rows of 32-bit elements out of a memory whose words hold `Lanes` of them.
///
/// A row begins with a new word. The memory answers a cycle after the read and holds its word; the first element is on
/// offer three cycles after `load_i`, then one a cycle.
module lane_reader #(
  /// Elements of a word; legal 1..256.
  parameter integer Lanes = 8,
  /// Width of an address, in bits; legal 1..20.
  parameter integer AddressWidth = 10
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  /// A walk begins; counts and step keep still until its last element.
  input  wire                    load_i,
  /// Rows, 1 or more.
  input  wire [15:0]             rows_i,
  /// Elements of a row, 1 or more.
  input  wire [15:0]             length_i,
  /// From a row to the next one, in words.
  input  wire [AddressWidth-1:0] step_i,
  /// A word is read in this cycle.
  output wire                    read_o,
  output wire [AddressWidth-1:0] address_o,
  /// The word begins a row.
  output wire                    read_first_o,
  /// The word that was read: lane l at [l*32 +: 32].
  input  wire [Lanes*32-1:0]     word_i,
  /// What was read moves on to the output in this cycle.
  output wire                    advance_o,
  output wire                    element_valid_o,
  input  wire                    element_ready_i,
  /// The element is the last of its row.
  output wire                    element_row_last_o,
  /// The element is the last of all.
  output wire                    element_last_o,
  output wire [31:0]             element_o
);

  localparam [15:0] One = 16'd1;
  localparam integer LaneBits = (Lanes > 1) ? $clog2(Lanes) : 1;
  localparam integer LastLane = Lanes - 1;
  localparam [LaneBits-1:0] NextLane = {{(LaneBits-1){1'b0}}, 1'b1};
  localparam [AddressWidth-1:0] NextWord = {{(AddressWidth-1){1'b0}}, 1'b1};

  generate
    if (Lanes < 1 || Lanes > 256) begin : gen_lanes_error
      tpugen_error_lanes_must_be_1_to_256 u_error ();
    end
    if (AddressWidth < 1 || AddressWidth > 20) begin : gen_width_error
      tpugen_error_address_width_must_be_1_to_20 u_error ();
    end
  endgenerate

  reg                    active_q;
  reg                    first_q;
  reg [15:0]             rows_left_q;
  reg [15:0]             left_q;
  reg [LaneBits-1:0]     lane_q;
  reg [AddressWidth-1:0] row_q;
  reg [AddressWidth-1:0] address_q;

  wire step      = active_q && advance_o;
  wire row_last  = left_q == One;
  wire walk_last = row_last && rows_left_q == One;
  wire word_last = lane_q == LastLane[LaneBits-1:0];

  wire [AddressWidth-1:0] next_row = row_q + step_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
    end else begin
      active_q <= load_i || (active_q && !(step && walk_last));
    end
  end

  always @(posedge clk_i) begin
    if (load_i) begin
      first_q     <= 1'b1;
      rows_left_q <= rows_i;
      left_q      <= length_i;
      lane_q      <= {LaneBits{1'b0}};
      row_q       <= {AddressWidth{1'b0}};
      address_q   <= {AddressWidth{1'b0}};
    end else if (step) begin
      first_q <= row_last;
      left_q  <= row_last ? length_i : left_q - One;
      lane_q  <= (row_last || word_last) ? {LaneBits{1'b0}} : lane_q + NextLane;
      if (row_last) begin
        rows_left_q <= rows_left_q - One;
        row_q       <= next_row;
        address_q   <= next_row;
      end else if (word_last) begin
        address_q <= address_q + NextWord;
      end
    end
  end

  assign read_o       = step && lane_q == {LaneBits{1'b0}};
  assign read_first_o = first_q;
  assign address_o    = address_q;

  // The word is there: its lane; then the element.
  wire [5:0]         tokens;
  wire [31:0]        lane;
  reg [LaneBits-1:0] word_lane_q;
  reg [31:0]         element_q;

  token_line #(
    .Width  (3),
    .Stages (2)
  ) u_tokens (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .enable_i (advance_o),
    .token_i  ({step, step && row_last, step && walk_last}),
    .stages_o (tokens)
  );

  always @(posedge clk_i) begin
    if (advance_o) begin
      word_lane_q <= lane_q;
      element_q   <= lane;
    end
  end

  generate
    if (Lanes > 1) begin : gen_lane
      assign lane = word_i[{word_lane_q, 5'b0} +: 32];
    end else begin : gen_word
      wire unused_lane = &{1'b0, word_lane_q};
      assign lane = word_i;
    end
  endgenerate

  assign {element_valid_o, element_row_last_o, element_last_o} = tokens[5:3];
  assign advance_o = !element_valid_o || element_ready_i;
  assign element_o = element_q;

  wire unused_tokens = &{1'b0, tokens[2:0]};

endmodule
