/// Takes one token from the host's stream: fills up what is too short, drops what is too long, and says so.
///
/// A frame that ended early is filled with zeros. The rest of a frame that did not end with its token, or that an
/// abort cut, is dropped up to its end, also while nothing is loaded.
module token_input (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A token is wanted.
  input  wire        load_i,
  /// The token is not wanted any more.
  input  wire        abort_i,
  input  wire        s_axis_tvalid_i,
  output wire        s_axis_tready_o,
  /// Two's complement.
  input  wire [15:0] s_axis_tdata_i,
  input  wire        s_axis_tlast_i,
  /// A number of the token is handed on in this cycle.
  output wire        write_o,
  output wire [15:0] data_o,
  /// That number is the last of the token.
  input  wire        at_end_i,
  /// The frame ends in this cycle, before its token.
  output wire        short_o,
  /// The token ends in this cycle, before its frame.
  output wire        long_o
);

  // The frame ended, its token did not; the frame goes on; its rest is of no use.
  reg zeros_q;
  reg open_q;
  reg drop_q;

  wire beat = s_axis_tvalid_i && s_axis_tready_o;
  wire open = beat ? !s_axis_tlast_i : open_q;

  assign s_axis_tready_o = drop_q || (load_i && !zeros_q);
  assign write_o         = load_i && !drop_q && (zeros_q || s_axis_tvalid_i);
  assign data_o          = s_axis_tdata_i & {16{!zeros_q}};
  assign short_o         = beat && !drop_q && s_axis_tlast_i && !at_end_i;
  assign long_o          = beat && !drop_q && !s_axis_tlast_i && at_end_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      zeros_q <= 1'b0;
      open_q  <= 1'b0;
      drop_q  <= 1'b0;
    end else begin
      zeros_q <= !abort_i && (short_o || (zeros_q && !(write_o && at_end_i)));
      open_q  <= open;
      drop_q  <= open && (drop_q || long_o || abort_i);
    end
  end

endmodule
