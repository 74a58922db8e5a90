/// Registers of a TPU: control, status, sizes, post-processing, the cycle counter and the array's shape.
///
/// What the host does wrong, and what the streams do wrong, sets a bit of the status that stays until a 1 is written
/// to it. Sizes and settings keep still while a job runs: such a write is refused.
module tpu_registers #(
  /// Rows of the array; legal 2..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8,
  /// Slices in a bank of the operand memories; legal 2..8192.
  parameter integer Depth = 256,
  /// Width of the multiplier, in bits; legal 1..32.
  parameter integer MultiplierWidth = 32,
  /// 1: a setting makes activations unsigned; 0: they are two's complement.
  parameter integer UnsignedActivations = 0
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  /// A register is written in this cycle.
  input  wire                       write_i,
  /// Which register.
  input  wire [3:0]                 write_word_i,
  input  wire [31:0]                write_data_i,
  /// Bits that are written.
  input  wire [31:0]                write_mask_i,
  /// The write is refused.
  output wire                       write_error_o,
  /// A register is read in this cycle.
  input  wire                       read_i,
  /// Which register.
  input  wire [3:0]                 read_word_i,
  output wire [31:0]                read_data_o,
  /// The read is refused.
  output wire                       read_error_o,
  /// A job begins.
  output wire                       start_o,
  /// The rest of the job is taken as zeros.
  output wire                       abort_o,
  /// The job's last row has left.
  input  wire                       done_i,
  /// Violations on the streams: {bias missing, bias early, B missing, B early, A missing, A early}.
  input  wire [5:0]                 stream_errors_i,
  /// Rows of A and C.
  output wire [15:0]                size_m_o,
  /// Columns of A, rows of B.
  output wire [15:0]                size_k_o,
  /// Columns of B and C.
  output wire [15:0]                size_n_o,
  /// Biases are taken and added.
  output wire                       bias_enable_o,
  /// 0: none; 1: ReLU; 2: squared ReLU.
  output wire [1:0]                 activation_o,
  /// 1: int32 results; 0: int8.
  output wire                       wide_o,
  /// 1: activations are unsigned.
  output wire                       unsigned_o,
  /// Places by which the square is shifted right.
  output wire [4:0]                 square_shift_o,
  output wire [MultiplierWidth-1:0] multiplier_o,
  /// Places by which the product is shifted right.
  output wire [5:0]                 shift_o,
  /// Two's complement.
  output wire [7:0]                 zero_point_o,
  /// A job is done, or something went wrong.
  output wire                       interrupt_o
);

  localparam [3:0] Control = 4'd0;
  localparam [3:0] Status = 4'd1;
  localparam [3:0] SizeM = 4'd2;
  localparam [3:0] SizeK = 4'd3;
  localparam [3:0] SizeN = 4'd4;
  localparam [3:0] Config = 4'd5;
  localparam [3:0] Multiplier = 4'd6;
  localparam [3:0] Rescale = 4'd7;
  localparam [3:0] Cycles = 4'd8;
  localparam [3:0] Shape = 4'd9;
  localparam integer LastRow = Rows - 1;
  localparam integer LastCol = Cols - 1;
  localparam [31:0] ConfigMask = (UnsignedActivations != 0) ? 32'h00001F1F : 32'h00001F0F;
  localparam [31:0] RescaleMask = 32'h0000FF3F;
  localparam [1:0] IllegalActivation = 2'd3;

  generate
    if (UnsignedActivations != 0 && UnsignedActivations != 1) begin : gen_unsigned_error
      tpugen_error_unsigned_activations_must_be_0_or_1 u_error ();
    end
    if (MultiplierWidth < 1 || MultiplierWidth > 32) begin : gen_multiplier_error
      tpugen_error_multiplier_width_must_be_1_to_32 u_error ();
    end
  endgenerate

  reg         busy_q;
  reg         done_q;
  reg  [10:0] errors_q;
  reg  [15:0] size_m_q;
  reg  [15:0] size_k_q;
  reg  [15:0] size_n_q;
  reg  [31:0] config_q;
  reg  [MultiplierWidth-1:0] multiplier_q;
  reg  [31:0] rescale_q;
  reg  [31:0] cycles_q;

  // What a write asks for, and whether it may.
  wire [31:0] bits = write_data_i & write_mask_i;
  wire setting = write_word_i >= SizeM && write_word_i <= Rescale;
  wire command = write_i && write_word_i == Control;
  wire wants_start = command && bits[0];
  wire illegal_job = size_m_q == 16'd0 || size_k_q == 16'd0 || size_n_q == 16'd0 || config_q[2:1] == IllegalActivation;
  wire refused_job = wants_start && !busy_q && illegal_job;
  wire refused_start = wants_start && busy_q;
  wire refused_setting = write_i && setting && busy_q;
  wire unknown_write = write_i && write_word_i > Rescale;
  wire unknown_read = read_i && read_word_i > Shape;
  wire set = write_i && setting && !busy_q;

  assign start_o = wants_start && !busy_q && !illegal_job;
  assign abort_o = command && bits[1] && busy_q;
  assign write_error_o = refused_job || refused_start || refused_setting || unknown_write;
  assign read_error_o = unknown_read;

  wire [10:0] errors = {
    abort_o, stream_errors_i, unknown_write || unknown_read, refused_setting, refused_start, refused_job
  };
  wire        acknowledge = write_i && write_word_i == Status;
  wire [10:0] cleared = bits[18:8] & {11{acknowledge}};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q   <= 1'b0;
      done_q   <= 1'b0;
      errors_q <= 11'd0;
      cycles_q <= 32'd0;
    end else begin
      busy_q   <= start_o || (busy_q && !done_i);
      done_q   <= done_i || (done_q && !(acknowledge && bits[1]) && !start_o);
      errors_q <= errors | (errors_q & ~cleared);
      if (start_o) begin
        cycles_q <= 32'd0;
      end else if (busy_q) begin
        cycles_q <= cycles_q + 32'd1;
      end
    end
  end

  // Settings: bits that no register has read as zero.
  wire [15:0] size_kept = ~write_mask_i[15:0];
  wire [31:0] config_next = bits | (config_q & ~write_mask_i);
  wire [31:0] multiplier_word = {{(32-MultiplierWidth){1'b0}}, multiplier_q};
  wire [MultiplierWidth-1:0] multiplier_kept = ~write_mask_i[MultiplierWidth-1:0];
  wire [31:0] rescale_next = bits | (rescale_q & ~write_mask_i);

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      size_m_q     <= 16'd0;
      size_k_q     <= 16'd0;
      size_n_q     <= 16'd0;
      config_q     <= 32'd0;
      multiplier_q <= {MultiplierWidth{1'b0}};
      rescale_q    <= 32'd0;
    end else if (set) begin
      case (write_word_i)
        SizeM:      size_m_q     <= bits[15:0] | (size_m_q & size_kept);
        SizeK:      size_k_q     <= bits[15:0] | (size_k_q & size_kept);
        SizeN:      size_n_q     <= bits[15:0] | (size_n_q & size_kept);
        Config:     config_q     <= config_next & ConfigMask;
        Multiplier: multiplier_q <= bits[MultiplierWidth-1:0] | (multiplier_q & multiplier_kept);
        default:    rescale_q    <= rescale_next & RescaleMask;
      endcase
    end
  end

  reg [31:0] read_data;

  always @(*) begin
    case (read_word_i)
      Status:     read_data = {13'd0, errors_q, 6'd0, done_q, busy_q};
      SizeM:      read_data = {16'd0, size_m_q};
      SizeK:      read_data = {16'd0, size_k_q};
      SizeN:      read_data = {16'd0, size_n_q};
      Config:     read_data = config_q;
      Multiplier: read_data = multiplier_word;
      Rescale:    read_data = rescale_q;
      Cycles:     read_data = cycles_q;
      Shape:      read_data = {Depth[15:0], LastCol[7:0], LastRow[7:0]};
      default:    read_data = 32'd0;
    endcase
  end

  assign read_data_o    = read_data;
  assign size_m_o       = size_m_q;
  assign size_k_o       = size_k_q;
  assign size_n_o       = size_n_q;
  assign bias_enable_o  = config_q[0];
  assign activation_o   = config_q[2:1];
  assign wide_o         = config_q[3];
  assign unsigned_o     = config_q[4];
  assign square_shift_o = config_q[12:8];
  assign multiplier_o   = multiplier_q;
  assign shift_o        = rescale_q[5:0];
  assign zero_point_o   = rescale_q[15:8];
  assign interrupt_o    = done_q || |errors_q;

endmodule
