/// Registers of the hybrid accelerator: control, status, constants, gains, weights, counters and the design's shape.
///
/// Map: tpugen.arithmetic.decoder_layer.host. While a token runs nothing but control and status is written.
module pim_llm_registers #(
  /// Numbers of a token; legal 2..16384.
  parameter integer D = 64,
  /// Query heads; legal 1..1024.
  parameter integer Heads = 4,
  /// Key and value heads; legal 1..1024.
  parameter integer KvHeads = 4,
  /// Width of the feed-forward network; legal 2..16384.
  parameter integer FeedForward = 128,
  /// Positions that are kept; legal 1..16384.
  parameter integer Context = 64,
  /// 1: the feed-forward network is gated; 0: it is not.
  parameter integer Gated = 0,
  /// 1: LayerNorm; 0: RMSNorm.
  parameter integer LayerNorm = 0,
  /// 1: squared ReLU; 0: GELU.
  parameter integer SquaredRelu = 0,
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the array's operand memories; legal 2..8192.
  parameter integer Depth = 256,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 32,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 32,
  /// Resolution of an ADC, in bits; legal 2..16.
  parameter integer AdcBits = 7,
  /// Column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// 1: bit planes that are zero in every row are skipped; 0: every plane is read.
  parameter integer ZeroSkipping = 0
) (
  input  wire         clk_i,
  input  wire         rst_ni,
  /// A register is written in this cycle.
  input  wire         write_i,
  /// Which register: the address in words.
  input  wire [9:0]   write_word_i,
  input  wire [31:0]  write_data_i,
  /// Bits that are written.
  input  wire [31:0]  write_mask_i,
  /// The write is refused.
  output wire         write_error_o,
  /// A register is read in this cycle.
  input  wire         read_i,
  /// Which register: the address in words.
  input  wire [9:0]   read_word_i,
  output wire [31:0]  read_data_o,
  /// The read is refused.
  output wire         read_error_o,
  /// A token runs.
  input  wire         busy_i,
  /// Its result is on its way to the host.
  input  wire         unload_i,
  /// The token's last cycle.
  input  wire         done_i,
  /// In this cycle: x ended too early, x did not end, a command's address was outside, a vector was too long.
  input  wire         short_i,
  input  wire         long_i,
  input  wire         address_error_i,
  input  wire         overlong_i,
  /// A token begins.
  output wire         start_o,
  /// The token is given up.
  output wire         abort_o,
  output wire [15:0]  position_o,
  /// Factor of the scores: multiplier, unsigned, and places by which products are shifted right.
  output wire [15:0]  softmax_multiplier_o,
  output wire [5:0]   softmax_shift_o,
  /// Places by which a square, and a product with the gate, is shifted right.
  output wire [4:0]   activation_shift_o,
  output wire [4:0]   gate_shift_o,
  /// Fraction bits of the gains of the first norm in [3:0], of the second in [7:4].
  output wire [7:0]   gain_fraction_o,
  /// Matrix whose constant is used; multiplier, unsigned, and places by which products are shifted right.
  input  wire [2:0]   matrix_i,
  output wire [15:0]  multiplier_o,
  output wire [5:0]   shift_o,
  /// A gain is stored in this cycle: its place, gain and bias.
  output wire         gain_write_o,
  output wire [15:0]  gain_address_o,
  output wire [15:0]  gain_o,
  output wire [15:0]  bias_o,
  /// A word of weights is written, or fetched, in this cycle.
  output wire         program_valid_o,
  output wire         program_write_o,
  output wire [2:0]   program_matrix_o,
  output wire [15:0]  program_crossbar_o,
  output wire [15:0]  program_row_o,
  output wire [15:0]  program_word_o,
  output wire [31:0]  program_data_o,
  /// The word that was fetched.
  input  wire [31:0]  readback_data_i,
  /// Conversions of matrix m that clipped at [32*m +: 32]; bit planes that were read at [5*m +: 5].
  input  wire [223:0] clips_i,
  input  wire [34:0]  planes_i,
  /// Operator whose cycles are looked at; they; and those of the token.
  output wire [4:0]   read_operator_o,
  input  wire [31:0]  operator_cycles_i,
  input  wire [31:0]  cycles_i,
  /// A token is done, or something went wrong.
  output wire         interrupt_o
);

  localparam integer Matrices = 7;
  localparam integer ProgramWeights = 16;
  localparam integer Gains = 2 * D;

  // Registers by their words.
  localparam [9:0] Control = 10'h000;
  localparam [9:0] Status = 10'h001;
  localparam [9:0] Position = 10'h002;
  localparam [9:0] Length = 10'h003;
  localparam [9:0] Cycles = 10'h004;
  localparam [9:0] Softmax = 10'h005;
  localparam [9:0] Activation = 10'h006;
  localparam [9:0] Norm = 10'h007;
  localparam [9:0] GainAddress = 10'h008;
  localparam [9:0] GainData = 10'h009;
  localparam [9:0] ProgramCrossbar = 10'h00a;
  localparam [9:0] ProgramWord = 10'h00b;
  localparam [9:0] ProgramData = 10'h00c;
  localparam [9:0] ProgramRead = 10'h00d;
  localparam [9:0] ShapeWidths = 10'h010;
  localparam [9:0] ShapeHeads = 10'h011;
  localparam [9:0] ShapeContext = 10'h012;
  localparam [9:0] ShapeCrossbar = 10'h013;
  localparam [9:0] ShapeAdc = 10'h014;
  localparam [9:0] ShapeArray = 10'h015;
  // Blocks of a word for each matrix, and for each operator.
  localparam [6:0] Constants = 7'h03;
  localparam [6:0] Clips = 7'h04;
  localparam [6:0] Planes = 7'h05;
  localparam [4:0] Counters = 5'h02;
  localparam [4:0] LastOperator = 5'd20;

  localparam [7:0] Exists = (Gated != 0) ? 8'b01111111 : 8'b01101111;
  localparam [15:0] LastRow = Rows[15:0] - 16'd1;
  localparam [15:0] LastCol = Cols[15:0] - 16'd1;

  // Writes.
  wire [31:0] bits = write_data_i & write_mask_i;
  wire        constant = write_word_i[9:3] == Constants && Exists[write_word_i[2:0]];
  wire        setting = write_word_i == Position || constant ||
                        (write_word_i >= Softmax && write_word_i <= ProgramRead);
  wire        known = write_word_i == Control || write_word_i == Status || setting;
  wire        set = write_i && setting && !busy_i;
  wire        control = write_i && write_word_i == Control;
  wire        wants_start = control && bits[0];
  wire [15:0] length;
  reg  [15:0] position_q;
  wire        outside = position_q >= Context[15:0];
  wire        skipped = !outside && position_q > length;
  wire        gain = set && write_word_i == GainData;
  reg  [15:0] gain_address_q;
  wire        gain_outside = {16'd0, gain_address_q} >= Gains;
  reg  [31:0] read_data;
  reg         readable;

  assign start_o = wants_start && !busy_i && !outside && !skipped;
  assign abort_o = control && bits[1] && busy_i && !unload_i;

  wire [9:0] errors = {
    abort_o,
    overlong_i,
    address_error_i || (gain && gain_outside),
    long_i,
    short_i,
    wants_start && !busy_i && skipped,
    wants_start && !busy_i && outside,
    (write_i && !known) || (read_i && !readable),
    write_i && setting && busy_i,
    wants_start && busy_i
  };

  assign write_error_o = !known || (setting && busy_i) || (wants_start && !start_o);
  assign read_error_o  = !readable;

  assign position_o     = position_q;
  assign gain_write_o   = gain && !gain_outside;
  assign gain_address_o = gain_address_q;
  assign {bias_o, gain_o} = bits;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      position_q     <= 16'd0;
      gain_address_q <= 16'd0;
    end else if (set) begin
      if (write_word_i == Position) begin
        position_q <= (position_q & ~write_mask_i[15:0]) | bits[15:0];
      end
      if (write_word_i == GainAddress) begin
        gain_address_q <= (gain_address_q & ~write_mask_i[15:0]) | bits[15:0];
      end else if (gain) begin
        gain_address_q <= gain_address_q + 16'd1;
      end
    end
  end

  wire [21:0] constant_word;

  layer_settings #(
    .Matrices (Matrices)
  ) u_settings (
    .clk_i                (clk_i),
    .rst_ni               (rst_ni),
    .softmax_i            (set && write_word_i == Softmax),
    .activation_i         (set && write_word_i == Activation),
    .norm_i               (set && write_word_i == Norm),
    .constant_i           (set && constant),
    .write_matrix_i       (write_word_i[2:0]),
    .write_data_i         (write_data_i),
    .write_mask_i         (write_mask_i),
    .softmax_multiplier_o (softmax_multiplier_o),
    .softmax_shift_o      (softmax_shift_o),
    .activation_shift_o   (activation_shift_o),
    .gate_shift_o         (gate_shift_o),
    .gain_fraction_o      (gain_fraction_o),
    .matrix_i             (matrix_i),
    .multiplier_o         (multiplier_o),
    .shift_o              (shift_o),
    .read_matrix_i        (read_word_i[2:0]),
    .read_constant_o      (constant_word)
  );

  // Weights.
  assign program_write_o = write_word_i == ProgramData;
  assign program_valid_o = set && (program_write_o || write_word_i == ProgramRead);
  assign program_data_o  = bits;

  program_address #(
    .CrossbarRows (CrossbarRows),
    .Words        ((CrossbarCols + ProgramWeights - 1) / ProgramWeights)
  ) u_program (
    .clk_i            (clk_i),
    .rst_ni           (rst_ni),
    .write_crossbar_i (set && write_word_i == ProgramCrossbar),
    .write_word_i     (set && write_word_i == ProgramWord),
    .write_data_i     (write_data_i),
    .write_mask_i     (write_mask_i),
    .step_i           (program_valid_o),
    .matrix_o         (program_matrix_o),
    .crossbar_o       (program_crossbar_o),
    .row_o            (program_row_o),
    .word_o           (program_word_o)
  );

  wire [31:0] status;

  token_status u_status (
    .clk_i       (clk_i),
    .rst_ni      (rst_ni),
    .busy_i      (busy_i),
    .start_i     (start_o),
    .position_i  (position_q),
    .done_i      (done_i),
    .errors_i    (errors),
    .clear_i     (bits & {32{write_i && write_word_i == Status}}),
    .status_o    (status),
    .length_o    (length),
    .interrupt_o (interrupt_o)
  );

  // Reads.
  wire [2:0] matrix = read_word_i[2:0];
  wire [2:0] slot = Exists[matrix] ? matrix : 3'd0;

  assign read_operator_o = read_word_i[4:0];

  always @(*) begin
    readable  = 1'b1;
    read_data = 32'd0;
    case (read_word_i)
      Control, GainData, ProgramRead: read_data = 32'd0;
      Status:          read_data = status;
      Position:        read_data = {16'd0, position_q};
      Length:          read_data = {16'd0, length};
      Cycles:          read_data = cycles_i;
      Softmax:         read_data = {10'd0, softmax_shift_o, softmax_multiplier_o};
      Activation:      read_data = {19'd0, gate_shift_o, 3'd0, activation_shift_o};
      Norm:            read_data = {20'd0, gain_fraction_o[7:4], 4'd0, gain_fraction_o[3:0]};
      GainAddress:     read_data = {16'd0, gain_address_q};
      ProgramCrossbar: read_data = {13'd0, program_matrix_o, program_crossbar_o};
      ProgramWord:     read_data = {program_row_o, program_word_o};
      ProgramData:     read_data = readback_data_i;
      ShapeWidths:     read_data = {FeedForward[15:0], D[15:0]};
      ShapeHeads:      read_data = {KvHeads[15:0], Heads[15:0]};
      ShapeContext:    read_data = {12'd0, ZeroSkipping[0], SquaredRelu[0], LayerNorm[0], Gated[0], Context[15:0]};
      ShapeCrossbar:   read_data = {CrossbarCols[15:0], CrossbarRows[15:0]};
      ShapeAdc:        read_data = {ColumnsPerAdc[15:0], AdcBits[15:0]};
      ShapeArray:      read_data = {Depth[15:0], LastCol[7:0], LastRow[7:0]};
      default: begin
        if (read_word_i[9:5] == Counters) begin
          readable  = read_operator_o <= LastOperator;
          read_data = operator_cycles_i;
        end else begin
          readable = Exists[matrix];
          case (read_word_i[9:3])
            Constants: read_data = {10'd0, constant_word};
            Clips:     read_data = clips_i[slot*32 +: 32];
            Planes:    read_data = {27'd0, planes_i[slot*5 +: 5]};
            default:   readable = 1'b0;
          endcase
        end
      end
    endcase
  end

  assign read_data_o = read_data;

endmodule
