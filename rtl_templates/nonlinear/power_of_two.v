/// Two-stage pipeline: 2^-fraction with 16 fraction bits, for a fraction of 12 bits, from 16 chords.
///
/// The knots are round(2^(16 - k/16)); between two of them the number falls in a straight line, rounded.
module power_of_two (
  input  wire        clk_i,
  input  wire        enable_i,
  /// 0..1 (1 excluded) with 12 fraction bits.
  input  wire [11:0] fraction_i,
  /// 0.5..1 with 16 fraction bits, two enabled cycles later.
  output wire [16:0] power_o
);

  // {knot, how far the number falls to the next one}
  reg [28:0] chord;

  always @* begin
    case (fraction_i[11:8])
      4'd0:    chord = {17'd65536, 12'd2779};
      4'd1:    chord = {17'd62757, 12'd2660};
      4'd2:    chord = {17'd60097, 12'd2548};
      4'd3:    chord = {17'd57549, 12'd2440};
      4'd4:    chord = {17'd55109, 12'd2336};
      4'd5:    chord = {17'd52773, 12'd2238};
      4'd6:    chord = {17'd50535, 12'd2142};
      4'd7:    chord = {17'd48393, 12'd2052};
      4'd8:    chord = {17'd46341, 12'd1965};
      4'd9:    chord = {17'd44376, 12'd1881};
      4'd10:   chord = {17'd42495, 12'd1802};
      4'd11:   chord = {17'd40693, 12'd1725};
      4'd12:   chord = {17'd38968, 12'd1652};
      4'd13:   chord = {17'd37316, 12'd1582};
      4'd14:   chord = {17'd35734, 12'd1515};
      default: chord = {17'd34219, 12'd1451};
    endcase
  end

  reg [28:0] chord_q;
  reg [7:0]  along_q;
  reg [16:0] power_q;

  wire [19:0] fall = {8'b0, chord_q[11:0]} * {12'b0, along_q} + 20'd128;
  wire        unused_fall = &{1'b0, fall[7:0]};

  always @(posedge clk_i) begin
    if (enable_i) begin
      chord_q <= chord;
      along_q <= fraction_i[7:0];
      power_q <= chord_q[28:12] - {5'b0, fall[19:8]};
    end
  end

  assign power_o = power_q;

endmodule
