/// Reads an operand of a tiled product from a memory, and offers a word of it every cycle.
///
/// Tiles along N lie inside of tiles along M, the slices of a tile innermost; each of the three has a step of its own
/// between addresses. The memory answers a cycle after the read and holds its word.
module operand_feeder #(
  /// Width of an address, in bits; legal 1..20.
  parameter integer AddressWidth = 10
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  /// A walk begins: the first read comes in the next cycle. Steps and counts keep still until its last beat.
  input  wire                    load_i,
  /// Address of the first word.
  input  wire [AddressWidth-1:0] base_i,
  /// Tiles along M, 1 or more.
  input  wire [15:0]             tiles_m_i,
  /// From a tile to the next one along M.
  input  wire [AddressWidth-1:0] step_m_i,
  /// Tiles along N, 1 or more.
  input  wire [15:0]             tiles_n_i,
  /// From a tile to the next one along N.
  input  wire [AddressWidth-1:0] step_n_i,
  /// Slices of a tile, 1 or more.
  input  wire [15:0]             slices_i,
  /// From a slice to the next one.
  input  wire [AddressWidth-1:0] step_i,
  /// A word is read in this cycle.
  output wire                    read_o,
  output wire [AddressWidth-1:0] address_o,
  /// What was read last is on offer.
  output wire                    beat_valid_o,
  input  wire                    beat_ready_i,
  /// It is the walk's last.
  output wire                    beat_last_o
);

  localparam [15:0] One = 16'd1;

  generate
    if (AddressWidth < 1 || AddressWidth > 20) begin : gen_width_error
      tpugen_error_address_width_must_be_1_to_20 u_error ();
    end
  endgenerate

  reg                    active_q;
  reg                    valid_q;
  reg                    last_q;
  reg [15:0]             m_left_q;
  reg [15:0]             n_left_q;
  reg [15:0]             slices_left_q;
  reg [AddressWidth-1:0] tile_m_q;
  reg [AddressWidth-1:0] tile_n_q;
  reg [AddressWidth-1:0] address_q;

  wire tile_last = slices_left_q == One;
  wire row_last  = tile_last && n_left_q == One;
  wire walk_last = row_last && m_left_q == One;
  wire free      = !valid_q || beat_ready_i;
  wire read      = active_q && free;

  wire [AddressWidth-1:0] next_m = tile_m_q + step_m_i;
  wire [AddressWidth-1:0] next_n = tile_n_q + step_n_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      valid_q  <= 1'b0;
      last_q   <= 1'b0;
    end else begin
      active_q <= load_i || (active_q && !(read && walk_last));
      if (free) begin
        valid_q <= read;
        last_q  <= read && walk_last;
      end
    end
  end

  always @(posedge clk_i) begin
    if (load_i) begin
      m_left_q      <= tiles_m_i;
      n_left_q      <= tiles_n_i;
      slices_left_q <= slices_i;
      tile_m_q      <= base_i;
      tile_n_q      <= base_i;
      address_q     <= base_i;
    end else if (read) begin
      slices_left_q <= tile_last ? slices_i : slices_left_q - One;
      if (row_last) begin
        m_left_q  <= m_left_q - One;
        n_left_q  <= tiles_n_i;
        tile_m_q  <= next_m;
        tile_n_q  <= next_m;
        address_q <= next_m;
      end else if (tile_last) begin
        n_left_q  <= n_left_q - One;
        tile_n_q  <= next_n;
        address_q <= next_n;
      end else begin
        address_q <= address_q + step_i;
      end
    end
  end

  assign read_o       = read;
  assign address_o    = address_q;
  assign beat_valid_o = valid_q;
  assign beat_last_o  = last_q;

endmodule
