/// Where the next word of weights goes: matrix, crossbar, row and word, which count up with every command.
module program_address #(
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer CrossbarRows = 32,
  /// Words of a word line; legal 1..1024.
  parameter integer Words = 2
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// The crossbar is written in this cycle: crossbar in [15:0], matrix in [18:16].
  input  wire        write_crossbar_i,
  /// The word is written in this cycle: word in [15:0], row in [31:16].
  input  wire        write_word_i,
  input  wire [31:0] write_data_i,
  /// Bits that are written.
  input  wire [31:0] write_mask_i,
  /// A command is given: on to the next word, after the last one to the next row, then to the next crossbar.
  input  wire        step_i,
  output wire [2:0]  matrix_o,
  output wire [15:0] crossbar_o,
  output wire [15:0] row_o,
  output wire [15:0] word_o
);

  localparam integer LastRow = CrossbarRows - 1;
  localparam integer LastWord = Words - 1;

  generate
    if (CrossbarRows < 2 || CrossbarRows > 1024) begin : gen_rows_error
      tpugen_error_crossbar_rows_must_be_2_to_1024 u_error ();
    end
    if (Words < 1 || Words > 1024) begin : gen_words_error
      tpugen_error_words_must_be_1_to_1024 u_error ();
    end
  endgenerate

  reg [18:0] crossbar_q;
  reg [31:0] word_q;

  wire last_word = word_o == LastWord[15:0];
  wire last_row  = row_o == LastRow[15:0];
  wire [15:0] next_row = last_row ? 16'd0 : row_o + 16'd1;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      crossbar_q <= 19'd0;
      word_q     <= 32'd0;
    end else begin
      if (write_crossbar_i) begin
        crossbar_q <= (crossbar_q & ~write_mask_i[18:0]) | (write_data_i[18:0] & write_mask_i[18:0]);
      end else if (step_i && last_word && last_row) begin
        crossbar_q[15:0] <= crossbar_o + 16'd1;
      end
      if (write_word_i) begin
        word_q <= (word_q & ~write_mask_i) | (write_data_i & write_mask_i);
      end else if (step_i) begin
        word_q <= last_word ? {next_row, 16'd0} : {row_o, word_o + 16'd1};
      end
    end
  end

  assign {matrix_o, crossbar_o} = crossbar_q;
  assign {row_o, word_o} = word_q;

endmodule
