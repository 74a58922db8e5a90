/// A weight matrix on crossbars, with what its host wants to know of it: clipped conversions, planes read, its cells.
module projection_tile #(
  /// Inputs of the matrix; legal 1..16384.
  parameter integer Inputs = 32,
  /// Outputs of the matrix; legal 1..16384.
  parameter integer Outputs = 32,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 32,
  /// Column pairs of a crossbar; legal 2..1024.
  parameter integer CrossbarCols = 32,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 7,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Width of a product, in bits; legal AdcBits+clog2(row blocks)+8..64.
  parameter integer ProductWidth = 32,
  /// 1: bit planes that are zero in every row are skipped; 0: every plane is read.
  parameter integer ZeroSkipping = 0,
  /// Seed of the stuck cells. Any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise. Any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        activation_valid_i,
  output wire        activation_ready_o,
  /// This number is the last of its vector.
  input  wire        activation_last_i,
  /// Two's complement.
  input  wire [7:0]  activation_i,
  output wire        result_valid_o,
  input  wire        result_ready_i,
  /// This product is the last of its vector.
  output wire        result_last_o,
  /// Two's complement.
  output wire [ProductWidth-1:0] result_o,
  /// The counts become zero.
  input  wire        clear_i,
  /// Conversions of the last vector that clipped.
  output wire [31:0] clips_o,
  /// Bit planes that were read for it.
  output wire [4:0]  planes_o,
  /// A word of cells is written or fetched, here if program_i; what was fetched before is forgotten.
  input  wire        command_i,
  input  wire        program_i,
  /// 1: write the word; 0: fetch it.
  input  wire        program_write_i,
  /// Crossbar in row block r and column block c: r*(column blocks)+c.
  input  wire [15:0] program_crossbar_i,
  input  wire [15:0] program_row_i,
  /// Word k of a row holds columns 16*k and on.
  input  wire [15:0] program_word_i,
  /// Weight i at [2*i +: 2], positive cell first.
  input  wire [31:0] program_data_i,
  /// The word that was fetched, zero where none was.
  output wire [31:0] readback_data_o,
  /// A command's address was outside in the cycle before.
  output wire        address_error_o,
  /// A vector was longer than the matrix has rows.
  output wire        overlong_o
);

  localparam integer ProgramWeights = 16;

  wire [4:0]  planes;
  wire [31:0] clips;
  wire        idle;
  wire        readback_valid;
  wire [31:0] readback_data;

  pim_tile #(
    .Rows            (Inputs),
    .Cols            (Outputs),
    .CrossbarRows    (CrossbarRows),
    .CrossbarCols    (CrossbarCols),
    .AdcBits         (AdcBits),
    .ColumnsPerAdc   (ColumnsPerAdc),
    .ActivationWidth (8),
    .ResultWidth     (ProductWidth),
    .InputLanes      (1),
    .OutputLanes     (1),
    .ZeroSkipping    (ZeroSkipping),
    .ProgramWeights  (ProgramWeights),
    .FaultSeed       (FaultSeed),
    .StuckOff        (StuckOff),
    .StuckOn         (StuckOn),
    .NoiseSeed       (NoiseSeed),
    .NoiseSigma      (NoiseSigma)
  ) u_tile (
    .clk_i              (clk_i),
    .rst_ni             (rst_ni),
    .activation_valid_i (activation_valid_i),
    .activation_ready_o (activation_ready_o),
    .activation_last_i  (activation_last_i),
    .activation_i       (activation_i),
    .result_valid_o     (result_valid_o),
    .result_ready_i     (result_ready_i),
    .result_last_o      (result_last_o),
    .result_o           (result_o),
    .result_planes_o    (planes),
    .result_clips_o     (clips),
    .program_valid_i    (command_i && program_i),
    .program_ready_o    (idle),
    .program_write_i    (program_write_i),
    .program_crossbar_i (program_crossbar_i),
    .program_row_i      (program_row_i),
    .program_word_i     (program_word_i),
    .program_data_i     (program_data_i),
    .readback_valid_o   (readback_valid),
    .readback_ready_i   (command_i),
    .readback_data_o    (readback_data),
    .error_o            ({address_error_o, overlong_o}),
    .error_clear_i      (1'b1)
  );

  // Commands come between tokens only, when the tile is always ready.
  wire unused_idle = &{1'b0, idle};

  reg [4:0]  planes_q;
  reg [31:0] clips_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      planes_q <= 5'd0;
      clips_q  <= 32'd0;
    end else if (clear_i) begin
      planes_q <= 5'd0;
      clips_q  <= 32'd0;
    end else if (result_valid_o) begin
      planes_q <= planes;
      clips_q  <= clips;
    end
  end

  assign planes_o        = planes_q;
  assign clips_o         = clips_q;
  assign readback_data_o = readback_data & {32{readback_valid}};

endmodule
