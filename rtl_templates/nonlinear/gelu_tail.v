/// Two-stage pipeline: |x| * Phi(-|x|) with 16 fraction bits, for |x| of 8 fraction bits below 4, from 64 chords.
///
/// It is what the positive part of x exceeds GELU by. The knots have 12 fraction bits.
module gelu_tail (
  input  wire        clk_i,
  input  wire        enable_i,
  /// 0..4 (4 excluded) with 8 fraction bits.
  input  wire [9:0]  magnitude_i,
  /// With 16 fraction bits, two enabled cycles later.
  output wire [13:0] tail_o
);

  // {knot, how far the next knot is above it, two's complement}
  reg [18:0] chord;

  always @* begin
    case (magnitude_i[9:4])
      6'd0:    chord = {10'd0, 9'd122};
      6'd1:    chord = {10'd122, 9'd109};
      6'd2:    chord = {10'd231, 9'd96};
      6'd3:    chord = {10'd327, 9'd84};
      6'd4:    chord = {10'd411, 9'd72};
      6'd5:    chord = {10'd483, 9'd60};
      6'd6:    chord = {10'd543, 9'd50};
      6'd7:    chord = {10'd593, 9'd39};
      6'd8:    chord = {10'd632, 9'd29};
      6'd9:    chord = {10'd661, 9'd20};
      6'd10:   chord = {10'd681, 9'd11};
      6'd11:   chord = {10'd692, 9'd4};
      6'd12:   chord = {10'd696, -9'd3};
      6'd13:   chord = {10'd693, -9'd9};
      6'd14:   chord = {10'd684, -9'd15};
      6'd15:   chord = {10'd669, -9'd19};
      6'd16:   chord = {10'd650, -9'd23};
      6'd17:   chord = {10'd627, -9'd27};
      6'd18:   chord = {10'd600, -9'd28};
      6'd19:   chord = {10'd572, -9'd31};
      6'd20:   chord = {10'd541, -9'd32};
      6'd21:   chord = {10'd509, -9'd33};
      6'd22:   chord = {10'd476, -9'd33};
      6'd23:   chord = {10'd443, -9'd33};
      6'd24:   chord = {10'd410, -9'd32};
      6'd25:   chord = {10'd378, -9'd31};
      6'd26:   chord = {10'd347, -9'd31};
      6'd27:   chord = {10'd316, -9'd29};
      6'd28:   chord = {10'd287, -9'd27};
      6'd29:   chord = {10'd260, -9'd27};
      6'd30:   chord = {10'd233, -9'd24};
      6'd31:   chord = {10'd209, -9'd23};
      6'd32:   chord = {10'd186, -9'd21};
      6'd33:   chord = {10'd165, -9'd19};
      6'd34:   chord = {10'd146, -9'd17};
      6'd35:   chord = {10'd129, -9'd16};
      6'd36:   chord = {10'd113, -9'd15};
      6'd37:   chord = {10'd98, -9'd13};
      6'd38:   chord = {10'd85, -9'd11};
      6'd39:   chord = {10'd74, -9'd10};
      6'd40:   chord = {10'd64, -9'd9};
      6'd41:   chord = {10'd55, -9'd8};
      6'd42:   chord = {10'd47, -9'd7};
      6'd43:   chord = {10'd40, -9'd6};
      6'd44:   chord = {10'd34, -9'd6};
      6'd45:   chord = {10'd28, -9'd4};
      6'd46:   chord = {10'd24, -9'd4};
      6'd47:   chord = {10'd20, -9'd3};
      6'd48:   chord = {10'd17, -9'd3};
      6'd49:   chord = {10'd14, -9'd3};
      6'd50:   chord = {10'd11, -9'd2};
      6'd51:   chord = {10'd9, -9'd1};
      6'd52:   chord = {10'd8, -9'd2};
      6'd53:   chord = {10'd6, -9'd1};
      6'd54:   chord = {10'd5, -9'd1};
      6'd55:   chord = {10'd4, -9'd1};
      6'd56:   chord = {10'd3, 9'd0};
      6'd57:   chord = {10'd3, -9'd1};
      6'd58:   chord = {10'd2, 9'd0};
      6'd59:   chord = {10'd2, -9'd1};
      6'd60:   chord = {10'd1, 9'd0};
      6'd61:   chord = {10'd1, 9'd0};
      6'd62:   chord = {10'd1, 9'd0};
      default: chord = {10'd1, 9'd0};
    endcase
  end

  reg [18:0] chord_q;
  reg [3:0]  along_q;
  reg [13:0] tail_q;

  wire signed [13:0] rise = {{5{chord_q[8]}}, chord_q[8:0]};
  wire signed [13:0] along = {10'b0, along_q};

  always @(posedge clk_i) begin
    if (enable_i) begin
      chord_q <= chord;
      along_q <= magnitude_i[3:0];
      tail_q  <= {chord_q[18:9], 4'b0} + rise * along;
    end
  end

  assign tail_o = tail_q;

endmodule
