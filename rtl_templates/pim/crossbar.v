/// Behavioural model of a differential crossbar with its row drivers, sample-and-hold circuits and ADCs.
///
/// A black box for synthesis, which defines SYNTHESIS; simulators see the behaviour. Cells keep what they hold through
/// reset. A sample holds, of each column pair, the positive cells whose row bit is 1 less the negative ones, plus
/// noise; each ADC then converts one of its columns a cycle and clips. Faults and noise are drawn from the hash that
/// tpugen.arithmetic.crossbar_cells states, of a seed, `Index`, and the cell or the number of the sample since reset.
(* blackbox *)
module crossbar #(
  /// Word lines; legal 2..1024.
  parameter integer Rows = 128,
  /// Column pairs, that is weights of a row; legal 2..1024.
  parameter integer Cols = 128,
  /// Resolution of an ADC, in bits, sign included; legal 2..16.
  parameter integer AdcBits = 8,
  /// Neighbouring column pairs that share an ADC; legal 1..1024.
  parameter integer ColumnsPerAdc = 8,
  /// Weights that are programmed or read back at once; legal 1..1024.
  parameter integer ProgramWeights = 16,
  /// Number of this crossbar in its tile; legal 0 or more.
  parameter integer Index = 0,
  /// Seed of the stuck cells; any 32 bits.
  parameter integer FaultSeed = 0,
  /// Cells that never conduct, in 1/65536; legal 0..65536.
  parameter integer StuckOff = 0,
  /// Cells that always conduct, in 1/65536; legal 0..65536-StuckOff.
  parameter integer StuckOn = 0,
  /// Seed of the read noise; any 32 bits.
  parameter integer NoiseSeed = 0,
  /// Standard deviation of the read noise, in 1/256 of a cell; legal 0..16383.
  parameter integer NoiseSigma = 0
) (
  input  wire clk_i,
  input  wire rst_ni,
  /// The addressed word is written, or read into word_o.
  input  wire access_i,
  input  wire write_i,
  input  wire [$clog2(Rows)-1:0] row_i,
  input  wire [$clog2((Cols+ProgramWeights-1)/ProgramWeights+1)-1:0] word_i,
  /// Weight i at [2*i +: 2], positive cell first.
  input  wire [2*ProgramWeights-1:0] word_data_i,
  /// The word read last.
  output wire [2*ProgramWeights-1:0] word_data_o,
  /// The column sums of row_bits_i are held from the next cycle on.
  input  wire sample_i,
  input  wire [Rows-1:0] row_bits_i,
  /// Every ADC converts its column of that number.
  input  wire convert_i,
  input  wire [$clog2(ColumnsPerAdc+1)-1:0] column_i,
  /// Codes of the last conversion: ADC k at [k*AdcBits +: AdcBits].
  output wire [(Cols+ColumnsPerAdc-1)/ColumnsPerAdc*AdcBits-1:0] code_o,
  /// The codes that clipped.
  output wire [(Cols+ColumnsPerAdc-1)/ColumnsPerAdc-1:0] clipped_o
);

  localparam integer ColumnBits = $clog2(ColumnsPerAdc + 1);
  localparam integer Words = (Cols + ProgramWeights - 1) / ProgramWeights;
  localparam integer RowBits = $clog2(Rows);
  localparam integer WordBits = $clog2(Words + 1);
  // Sums of 1024 cells and the largest noise fit.
  localparam integer HeldBits = 16;
  localparam integer Adcs = (Cols + ColumnsPerAdc - 1) / ColumnsPerAdc;
  localparam integer RateOne = 1 << 16;
  localparam [31:0] RateMask = RateOne - 1;
  // One after mixing a seed with the crossbar's number: 2^32 divided by the golden ratio.
  localparam [31:0] Golden = 32'h9e3779b9;
  // (sum of four bytes - mean) * sigma * factor / 2^shift has standard deviation sigma / 256.
  localparam integer ByteSumMean = 510;
  localparam integer NoiseFactor = 111;
  localparam integer NoiseShift = 22;
  localparam integer CodeTop = (1 << (AdcBits - 1)) - 1;

  generate
    if (Rows < 2 || Rows > 1024) begin : gen_rows_error
      tpugen_error_crossbar_rows_must_be_2_to_1024 u_error ();
    end
    if (Cols < 2 || Cols > 1024) begin : gen_cols_error
      tpugen_error_crossbar_cols_must_be_2_to_1024 u_error ();
    end
    if (AdcBits < 2 || AdcBits > 16) begin : gen_adc_error
      tpugen_error_adc_bits_must_be_2_to_16 u_error ();
    end
    if (ColumnsPerAdc < 1 || ColumnsPerAdc > 1024) begin : gen_columns_error
      tpugen_error_columns_per_adc_must_be_1_to_1024 u_error ();
    end
    if (ProgramWeights < 1 || ProgramWeights > 1024) begin : gen_word_error
      tpugen_error_program_weights_must_be_1_to_1024 u_error ();
    end
    if (StuckOff < 0 || StuckOn < 0 || StuckOff + StuckOn > RateOne) begin : gen_fault_error
      tpugen_error_stuck_off_and_stuck_on_must_be_0_to_65536_together u_error ();
    end
    if (NoiseSigma < 0 || NoiseSigma > 16383) begin : gen_noise_error
      tpugen_error_noise_sigma_must_be_0_to_16383 u_error ();
    end
  endgenerate

`ifndef SYNTHESIS
  // Finaliser of MurmurHash3 (A. Appleby, public domain).
  function [31:0] mix(input [31:0] word);
    begin
      mix = (word ^ (word >> 16)) * 32'h85ebca6b;
      mix = (mix ^ (mix >> 13)) * 32'hc2b2ae35;
      mix = mix ^ (mix >> 16);
    end
  endfunction

  function [31:0] base(input [31:0] seed);
    base = mix(seed + Golden * (Index + 1));
  endfunction

  // Cells of one polarity, 0 positive and 1 negative, of one word as they come out of programming.
  function [ProgramWeights-1:0] stored(
    input integer row, input integer word, input integer polarity, input [ProgramWeights-1:0] told
  );
    integer weight, col, draw;
    begin
      for (weight = 0; weight < ProgramWeights; weight = weight + 1) begin
        col = word * ProgramWeights + weight;
        stored[weight] = told[weight] && col < Cols;
        if (StuckOff + StuckOn > 0 && col < Cols) begin
          draw = mix(base(FaultSeed) ^ ((row << 16) | (col << 1) | polarity)) & RateMask;
          stored[weight] = draw >= StuckOff && (told[weight] || draw < StuckOff + StuckOn);
        end
      end
    end
  endfunction

  // Cells by word line; the last word may reach beyond the last column.
  reg [Words*ProgramWeights-1:0] positive_q [0:Rows-1];
  reg [Words*ProgramWeights-1:0] negative_q [0:Rows-1];
  reg [Cols*HeldBits-1:0]        held_q;

  function integer noise(input integer col, input [31:0] read);
    reg [31:0] draw;
    begin
      draw = mix(mix(base(NoiseSeed) ^ read) ^ col);
      noise = {24'd0, draw[31:24]} + {24'd0, draw[23:16]} + {24'd0, draw[15:8]} + {24'd0, draw[7:0]};
      noise = ((noise - ByteSumMean) * NoiseSigma * NoiseFactor + (1 << (NoiseShift - 1))) >>> NoiseShift;
    end
  endfunction

  function [HeldBits-1:0] column_sum(input integer col, input [Rows-1:0] row_bits, input [31:0] read);
    integer row, sum;
    begin
      sum = (NoiseSigma != 0) ? noise(col, read) : 0;
      for (row = 0; row < Rows; row = row + 1) begin
        if (row_bits[row]) begin
          sum = sum + {31'd0, positive_q[row][col]} - {31'd0, negative_q[row][col]};
        end
      end
      column_sum = sum[HeldBits-1:0];
    end
  endfunction

  // What an ADC sees; the last one may have fewer columns than the others.
  function integer converted(input integer adc);
    reg [HeldBits-1:0] held;
    integer col;
    begin
      col = adc * ColumnsPerAdc + {{(32-ColumnBits){1'b0}}, column_i};
      held = (col < Cols) ? held_q[col*HeldBits +: HeldBits] : {HeldBits{1'b0}};
      converted = {{(32-HeldBits){held[HeldBits-1]}}, held};
    end
  endfunction

  function [AdcBits-1:0] code(input integer adc);
    integer sum;
    begin
      sum = converted(adc);
      if (sum > CodeTop) begin
        sum = CodeTop;
      end else if (sum < -CodeTop - 1) begin
        sum = -CodeTop - 1;
      end
      code = sum[AdcBits-1:0];
    end
  endfunction

  wire [31:0] row = {{(32-RowBits){1'b0}}, row_i};
  wire [31:0] word = {{(32-WordBits){1'b0}}, word_i};
  wire [ProgramWeights-1:0]   positive_told, negative_told;
  wire [2*ProgramWeights-1:0] word_data;
  reg  [2*ProgramWeights-1:0] word_data_q;

  genvar w;
  generate
    for (w = 0; w < ProgramWeights; w = w + 1) begin : gen_weight
      assign positive_told[w] = word_data_i[2*w];
      assign negative_told[w] = word_data_i[2*w+1];
      assign word_data[2*w +: 2] =
          {negative_q[row_i][word*ProgramWeights+w], positive_q[row_i][word*ProgramWeights+w]};
    end
  endgenerate

  integer made_row, made_word;

  initial begin
    for (made_row = 0; made_row < Rows; made_row = made_row + 1) begin
      for (made_word = 0; made_word < Words; made_word = made_word + 1) begin
        positive_q[made_row][made_word*ProgramWeights +: ProgramWeights]
            = stored(made_row, made_word, 0, {ProgramWeights{1'b0}});
        negative_q[made_row][made_word*ProgramWeights +: ProgramWeights]
            = stored(made_row, made_word, 1, {ProgramWeights{1'b0}});
      end
    end
  end

  always @(posedge clk_i) begin
    if (access_i && write_i) begin
      positive_q[row_i][word*ProgramWeights +: ProgramWeights] <= stored(row, word, 0, positive_told);
      negative_q[row_i][word*ProgramWeights +: ProgramWeights] <= stored(row, word, 1, negative_told);
    end
    if (access_i && !write_i) begin
      word_data_q <= word_data;
    end
  end

  assign word_data_o = word_data_q;

  // Sample-and-hold, then conversion.
  reg [31:0]             read_q;
  reg [Adcs*AdcBits-1:0] code_q;
  reg [Adcs-1:0]         clipped_q;
  integer                col, adc;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q <= 32'd0;
    end else if (sample_i) begin
      read_q <= read_q + 32'd1;
    end
  end

  always @(posedge clk_i) begin
    if (sample_i) begin
      for (col = 0; col < Cols; col = col + 1) begin
        held_q[col*HeldBits +: HeldBits] <= column_sum(col, row_bits_i, read_q);
      end
    end
    if (convert_i) begin
      for (adc = 0; adc < Adcs; adc = adc + 1) begin
        code_q[adc*AdcBits +: AdcBits] <= code(adc);
        clipped_q[adc] <= converted(adc) > CodeTop || converted(adc) < -CodeTop - 1;
      end
    end
  end

  assign code_o = code_q;
  assign clipped_o = clipped_q;
`endif

endmodule
