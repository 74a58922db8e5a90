/// The weight matrices of a decoder layer on crossbars, a tile each, and the requantiser that they share.
///
/// A quantised vector goes to all tiles that take it at once; products of one matrix at a time are scaled and leave.
/// Matrices by number: 0 to 6: W_Q, W_K, W_V, W_X, W_G, W_I, W_O.
module projection_bank #(
  /// Width of the residual stream; legal 2..16384.
  parameter integer D = 64,
  /// Width of keys and of values; legal 1..D.
  parameter integer KvWidth = 64,
  /// Width of the feed-forward network; legal 2..16384.
  parameter integer FeedForward = 128,
  /// 1: there is a W_G; 0: there is none.
  parameter integer Gated = 0,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 32,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 32,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 7,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// 1: bit planes that are zero in every row are skipped; 0: every plane is read.
  parameter integer ZeroSkipping = 0,
  /// Seed of the stuck cells of W_Q; that of matrix number m is greater by m. Any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise of W_Q; that of matrix number m is greater by m. Any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire         clk_i,
  input  wire         rst_ni,
  input  wire         activation_valid_i,
  output wire         activation_ready_o,
  /// This number is the last of its vector.
  input  wire         activation_last_i,
  /// Two's complement.
  input  wire [7:0]   activation_i,
  /// Of the vector; the last number's is kept until the next vector.
  input  wire [15:0]  scale_i,
  /// The vector is for: 0: W_Q, W_K, W_V; 1: W_X; 2: W_G, W_I; 3: W_O.
  input  wire [1:0]   vector_i,
  /// Whose products are wanted; 7: nobody's.
  input  wire [2:0]   matrix_i,
  /// Constant of that matrix, unsigned, and places by which its products are shifted right.
  input  wire [15:0]  multiplier_i,
  input  wire [5:0]   shift_i,
  output wire         result_valid_o,
  input  wire         result_ready_i,
  /// This number is the last of its vector.
  output wire         result_last_o,
  /// Two's complement.
  output wire [15:0]  result_o,
  /// All counts become zero.
  input  wire         clear_i,
  /// Conversions of matrix m that clipped at [32*m +: 32].
  output wire [223:0] clips_o,
  /// Bit planes that were read of matrix m at [5*m +: 5].
  output wire [34:0]  planes_o,
  /// A word of the cells is written or fetched; all tiles must be idle.
  input  wire         program_valid_i,
  /// 1: write the word; 0: fetch it.
  input  wire         program_write_i,
  input  wire [2:0]   program_matrix_i,
  /// Crossbar in row block r and column block c: r*(column blocks)+c.
  input  wire [15:0]  program_crossbar_i,
  input  wire [15:0]  program_row_i,
  /// Word k of a row holds columns 16*k and on.
  input  wire [15:0]  program_word_i,
  /// Weight i at [2*i +: 2], positive cell first.
  input  wire [31:0]  program_data_i,
  /// The word that was fetched; zero after any other command.
  output wire [31:0]  readback_data_o,
  /// A command's address was outside its matrix in the cycle before.
  output wire         address_error_o,
  /// A vector was longer than its matrix has rows.
  output wire         overlong_o
);

  localparam integer Matrices = 7;
  // The longest column's sum, whatever the cells and the noise.
  localparam integer Longest = (D > FeedForward) ? D : FeedForward;
  localparam integer ProductWidth = AdcBits + $clog2((Longest + CrossbarRows - 1) / CrossbarRows) + 8;
  localparam integer Slots = 8;
  localparam integer Key = 1;
  localparam integer Value = 2;
  localparam integer Gate = 4;
  localparam integer Up = 5;
  localparam integer Down = 6;
  localparam [Slots-1:0] Exists = (Gated != 0) ? 8'b01111111 : 8'b01101111;

  // Matrices that take each vector.
  localparam [Matrices-1:0] First = 7'b0000111;
  localparam [Matrices-1:0] Second = 7'b0001000;
  localparam [Matrices-1:0] Third = (Gated != 0) ? 7'b0110000 : 7'b0100000;
  localparam [Matrices-1:0] Fourth = 7'b1000000;

  reg  [Matrices-1:0] taker;
  wire [Matrices-1:0] ready;

  always @(*) begin
    case (vector_i)
      2'd0:    taker = First;
      2'd1:    taker = Second;
      2'd2:    taker = Third;
      default: taker = Fourth;
    endcase
  end

  assign activation_ready_o = (taker & ~ready) == {Matrices{1'b0}};

  wire                activate = activation_valid_i && activation_ready_o;
  reg  [15:0]         scale_q;

  always @(posedge clk_i) begin
    if (activate) begin
      scale_q <= scale_i;
    end
  end

  // The tiles; the last slot is nobody's.
  wire [Slots-1:0]       result_valid;
  wire [Slots-1:0]       result_last;
  wire [Slots*ProductWidth-1:0] result;
  wire                   result_ready;
  wire [Slots-1:0]       address_error;
  wire [Matrices-1:0]    overlong;
  wire [Matrices*32-1:0] readback;
  reg                    nobody_q;

  genvar m;
  generate
    for (m = 0; m < Matrices; m = m + 1) begin : gen_matrix
      if (Exists[m]) begin : gen_tile
        localparam integer Inputs = (m == Down) ? FeedForward : D;
        localparam integer Outputs =
            (m == Key || m == Value) ? KvWidth : (m == Gate || m == Up) ? FeedForward : D;

        projection_tile #(
          .Inputs        (Inputs),
          .Outputs       (Outputs),
          .CrossbarRows  (CrossbarRows),
          .CrossbarCols  (CrossbarCols),
          .AdcBits       (AdcBits),
          .ColumnsPerAdc (ColumnsPerAdc),
          .ProductWidth  (ProductWidth),
          .ZeroSkipping  (ZeroSkipping),
          .FaultSeed     (FaultSeed + m),
          .StuckOff      (StuckOff),
          .StuckOn       (StuckOn),
          .NoiseSeed     (NoiseSeed + m),
          .NoiseSigma    (NoiseSigma)
        ) u_tile (
          .clk_i              (clk_i),
          .rst_ni             (rst_ni),
          .activation_valid_i (activate && taker[m]),
          .activation_ready_o (ready[m]),
          .activation_last_i  (activation_last_i),
          .activation_i       (activation_i),
          .result_valid_o     (result_valid[m]),
          .result_ready_i     (result_ready && matrix_i == m),
          .result_last_o      (result_last[m]),
          .result_o           (result[ProductWidth*m +: ProductWidth]),
          .clear_i            (clear_i),
          .clips_o            (clips_o[32*m +: 32]),
          .planes_o           (planes_o[5*m +: 5]),
          .command_i          (program_valid_i),
          .program_i          (program_matrix_i == m),
          .program_write_i    (program_write_i),
          .program_crossbar_i (program_crossbar_i),
          .program_row_i      (program_row_i),
          .program_word_i     (program_word_i),
          .program_data_i     (program_data_i),
          .readback_data_o    (readback[32*m +: 32]),
          .address_error_o    (address_error[m]),
          .overlong_o         (overlong[m])
        );
      end else begin : gen_none
        assign ready[m]            = 1'b1;
        assign result_valid[m]     = 1'b0;
        assign result_last[m]      = 1'b0;
        assign result[ProductWidth*m +: ProductWidth] = {ProductWidth{1'b0}};
        assign address_error[m]    = 1'b0;
        assign overlong[m]         = 1'b0;
        assign readback[32*m +: 32] = 32'd0;
        assign planes_o[5*m +: 5]  = 5'd0;
        assign clips_o[32*m +: 32] = 32'd0;
      end
    end
  endgenerate

  assign result_valid[Matrices]     = 1'b0;
  assign result_last[Matrices]      = 1'b0;
  assign result[ProductWidth*Matrices +: ProductWidth] = {ProductWidth{1'b0}};
  assign address_error[Matrices]    = nobody_q;

  // A command for a matrix that there is not.
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      nobody_q <= 1'b0;
    end else begin
      nobody_q <= program_valid_i && !Exists[program_matrix_i];
    end
  end

  reg [31:0] readback_data;
  integer    matrix;

  always @(*) begin
    readback_data = 32'd0;
    for (matrix = 0; matrix < Matrices; matrix = matrix + 1) begin
      readback_data = readback_data | readback[32*matrix +: 32];
    end
  end

  assign readback_data_o = readback_data;
  assign address_error_o = |address_error;
  assign overlong_o      = |overlong;

  projection_scale #(
    .ProductWidth (ProductWidth)
  ) u_scale (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (result_valid[matrix_i]),
    .operand_ready_o (result_ready),
    .operand_last_i  (result_last[matrix_i]),
    .operand_i       (result[ProductWidth*matrix_i +: ProductWidth]),
    .scale_i         (scale_q),
    .multiplier_i    (multiplier_i),
    .shift_i         (shift_i),
    .result_valid_o  (result_valid_o),
    .result_ready_i  (result_ready_i),
    .result_last_o   (result_last_o),
    .result_o        (result_o)
  );

endmodule
