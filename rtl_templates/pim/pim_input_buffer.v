/// Activations of one vector, given out one bit plane at a time.
///
/// A vector ends with the beat marked last; rows that it leaves out are zero. Beats beyond the matrix's rows are taken
/// and dropped up to the one marked last, and reported. The next vector is taken once the buffer is released.
module pim_input_buffer #(
  /// Activations of a vector; legal 1..65536.
  parameter integer Rows = 128,
  /// Width of an activation, in bits; legal 2..16.
  parameter integer ActivationWidth = 8,
  /// Activations of one beat; legal 1..256.
  parameter integer Lanes = 1
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  input  wire                             activation_valid_i,
  output wire                             activation_ready_o,
  /// This beat is the last of its vector.
  input  wire                             activation_last_i,
  /// Beat k: activation k*Lanes+i at [i*ActivationWidth +: ActivationWidth].
  input  wire [Lanes*ActivationWidth-1:0] activation_i,
  /// A whole vector is held.
  output wire                             full_o,
  /// The held vector is used up after this cycle.
  input  wire                             release_i,
  /// Planes in which any row of the held vector is 1.
  output wire [ActivationWidth-1:0]       nonzero_o,
  /// One bit set: the plane wanted; none: no row is driven.
  input  wire [ActivationWidth-1:0]       plane_i,
  /// Bit of each row in that plane.
  output wire [Rows-1:0]                  row_bits_o,
  /// A vector was longer than the matrix has rows.
  output wire                             surplus_o
);

  localparam integer Beats = (Rows + Lanes - 1) / Lanes;
  localparam integer LastLanes = Rows - (Beats - 1) * Lanes;
  localparam integer BeatWidth = Lanes * ActivationWidth;
  localparam integer PositionBits = $clog2(Beats + 1);
  localparam integer LastPosition = Beats - 1;
  localparam [PositionBits-1:0] One = 1;

  generate
    if (Rows < 1 || Rows > 65536) begin : gen_rows_error
      tpugen_error_rows_must_be_1_to_65536 u_error ();
    end
    if (ActivationWidth < 2 || ActivationWidth > 16) begin : gen_width_error
      tpugen_error_activation_width_must_be_2_to_16 u_error ();
    end
    if (Lanes < 1 || Lanes > 256) begin : gen_lanes_error
      tpugen_error_lanes_must_be_1_to_256 u_error ();
    end
  endgenerate

  reg                        full_q;
  reg                        surplus_q;
  reg [PositionBits-1:0]     position_q;
  reg [Beats*BeatWidth-1:0]  activation_q;
  reg [ActivationWidth-1:0]  nonzero_q;

  assign activation_ready_o = surplus_q || !full_q;

  wire accept = activation_valid_i && !surplus_q && !full_q;
  wire first  = position_q == {PositionBits{1'b0}};
  wire at_end  = position_q == LastPosition[PositionBits-1:0];
  wire too_long = accept && at_end && !activation_last_i;

  // Lanes beyond the last row carry nothing.
  wire [BeatWidth-1:0] beat;
  genvar i;
  generate
    for (i = 0; i < Lanes; i = i + 1) begin : gen_lane
      if (i < LastLanes) begin : gen_used
        assign beat[i*ActivationWidth +: ActivationWidth] = activation_i[i*ActivationWidth +: ActivationWidth];
      end else begin : gen_last_unused
        assign beat[i*ActivationWidth +: ActivationWidth] =
            activation_i[i*ActivationWidth +: ActivationWidth] & {ActivationWidth{!at_end}};
      end
    end
  endgenerate

  reg [ActivationWidth-1:0] beat_nonzero;
  integer lane;

  always @(*) begin
    beat_nonzero = {ActivationWidth{1'b0}};
    for (lane = 0; lane < Lanes; lane = lane + 1) begin
      beat_nonzero = beat_nonzero | beat[lane*ActivationWidth +: ActivationWidth];
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q     <= 1'b0;
      surplus_q  <= 1'b0;
      position_q <= {PositionBits{1'b0}};
    end else begin
      if (release_i) begin
        full_q <= 1'b0;
      end
      if (accept) begin
        full_q     <= at_end || activation_last_i;
        position_q <= (at_end || activation_last_i) ? {PositionBits{1'b0}} : position_q + One;
      end
      if (too_long) begin
        surplus_q <= 1'b1;
      end else if (activation_valid_i && activation_last_i) begin
        surplus_q <= 1'b0;
      end
    end
  end

  always @(posedge clk_i) begin
    if (accept) begin
      if (first) begin
        activation_q <= {(Beats*BeatWidth){1'b0}};
      end
      activation_q[position_q*BeatWidth +: BeatWidth] <= beat;
      nonzero_q <= first ? beat_nonzero : nonzero_q | beat_nonzero;
    end
  end

  assign full_o    = full_q;
  assign nonzero_o = nonzero_q;
  assign surplus_o = too_long;

  genvar r;
  generate
    for (r = 0; r < Rows; r = r + 1) begin : gen_row
      assign row_bits_o[r] = |(activation_q[r*ActivationWidth +: ActivationWidth] & plane_i);
    end
    if (Beats * Lanes > Rows) begin : gen_padding
      wire unused_padding = &{1'b0, activation_q[Beats*BeatWidth-1:Rows*ActivationWidth]};
    end
  endgenerate

endmodule
