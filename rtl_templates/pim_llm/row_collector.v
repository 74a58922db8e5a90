/// Addresses for the rows of a tiled product: a row of a tile is a word, the words of a row of C lie side by side.
///
/// Rows come tile by tile, along N first, rows beyond the matrix left out.
module row_collector #(
  /// Rows of the array; legal 1..256.
  parameter integer Rows = 8,
  /// Width of an address, in bits; legal 1..20.
  parameter integer AddressWidth = 10
) (
  input  wire                    clk_i,
  /// A product begins; the counts and steps keep still until its last row.
  input  wire                    load_i,
  /// Address of the first word.
  input  wire [AddressWidth-1:0] base_i,
  /// Rows of C, 1 or more.
  input  wire [15:0]             rows_i,
  /// Tiles along N, 1 or more.
  input  wire [15:0]             tiles_n_i,
  /// From a row of C to the next one, in words.
  input  wire [AddressWidth-1:0] step_i,
  /// From a row of C to the one `Rows` further.
  input  wire [AddressWidth-1:0] step_m_i,
  /// A row comes in this cycle.
  input  wire                    row_i,
  /// Where it belongs.
  output wire [AddressWidth-1:0] address_o
);

  localparam [15:0] One = 16'd1;
  localparam [AddressWidth-1:0] NextWord = {{(AddressWidth-1){1'b0}}, 1'b1};

  generate
    if (Rows < 1 || Rows > 256) begin : gen_rows_error
      tpugen_error_rows_must_be_1_to_256 u_error ();
    end
    if (AddressWidth < 1 || AddressWidth > 20) begin : gen_width_error
      tpugen_error_address_width_must_be_1_to_20 u_error ();
    end
  endgenerate

  reg [15:0]             beyond_q;
  reg [15:0]             tile_rows_q;
  reg [15:0]             rows_left_q;
  reg [15:0]             n_left_q;
  reg [AddressWidth-1:0] tile_m_q;
  reg [AddressWidth-1:0] tile_n_q;
  reg [AddressWidth-1:0] address_q;

  wire tile_last = rows_left_q == One;
  wire cols_last = n_left_q == One;

  // Rows of C that follow after those of the next tile row, and rows of that tile row.
  wire [15:0] ahead     = load_i ? rows_i : beyond_q;
  wire        whole     = ahead > Rows[15:0];
  wire [15:0] beyond    = whole ? ahead - Rows[15:0] : 16'd0;
  wire [15:0] tile_rows = whole ? Rows[15:0] : ahead;

  wire [AddressWidth-1:0] next_m = load_i ? base_i : tile_m_q + step_m_i;
  wire [AddressWidth-1:0] next_n = tile_n_q + NextWord;

  always @(posedge clk_i) begin
    if (load_i || (row_i && tile_last && cols_last)) begin
      beyond_q    <= beyond;
      tile_rows_q <= tile_rows;
      rows_left_q <= tile_rows;
      n_left_q    <= tiles_n_i;
      tile_m_q    <= next_m;
      tile_n_q    <= next_m;
      address_q   <= next_m;
    end else if (row_i && tile_last) begin
      rows_left_q <= tile_rows_q;
      n_left_q    <= n_left_q - One;
      tile_n_q    <= next_n;
      address_q   <= next_n;
    end else if (row_i) begin
      rows_left_q <= rows_left_q - One;
      address_q   <= address_q + step_i;
    end
  end

  assign address_o = address_q;

endmodule
