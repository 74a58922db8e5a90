/// Programming and read-back of the crossbars of a PIM tile, word by word.
///
/// A command is taken while the cells may be touched and no read-back waits. A read is answered in the next cycle. An
/// address outside the tile is reported: nothing is written, and zeros are read.
module pim_program_port #(
  /// Crossbars; legal 1..65535.
  parameter integer Blocks = 1,
  /// Word lines of a crossbar; legal 2..1024.
  parameter integer Rows = 128,
  /// Words of a word line; legal 1..1024.
  parameter integer Words = 8,
  /// Width of a word, in bits; legal 2 or more.
  parameter integer WordWidth = 32
) (
  input  wire                        clk_i,
  input  wire                        rst_ni,
  input  wire                        program_valid_i,
  output wire                        program_ready_o,
  /// 1: write the word; 0: read it back.
  input  wire                        program_write_i,
  input  wire [15:0]                 program_crossbar_i,
  input  wire [15:0]                 program_row_i,
  input  wire [15:0]                 program_word_i,
  output wire                        readback_valid_o,
  input  wire                        readback_ready_i,
  output wire [WordWidth-1:0]        readback_data_o,
  /// The cells must keep still in this cycle.
  input  wire                        hold_i,
  /// The addressed word of crossbar b is accessed.
  output wire [Blocks-1:0]           access_o,
  /// Words read last: crossbar b at [b*WordWidth +: WordWidth].
  input  wire [Blocks*WordWidth-1:0] word_data_i,
  /// An address outside the tile was taken.
  output wire                        address_error_o
);

  generate
    if (Blocks < 1 || Blocks > 65535) begin : gen_blocks_error
      tpugen_error_blocks_must_be_1_to_65535 u_error ();
    end
  endgenerate

  reg              readback_valid_q;
  reg [Blocks-1:0] selected_q;

  assign program_ready_o = !hold_i && (!readback_valid_q || readback_ready_i);

  wire accept = program_valid_i && program_ready_o;
  wire legal = program_crossbar_i < Blocks[15:0] && program_row_i < Rows[15:0] && program_word_i < Words[15:0];

  assign address_error_o = accept && !legal;

  genvar b;
  generate
    for (b = 0; b < Blocks; b = b + 1) begin : gen_block
      assign access_o[b] = accept && legal && program_crossbar_i == b;
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      readback_valid_q <= 1'b0;
    end else begin
      readback_valid_q <= (accept && !program_write_i) || (readback_valid_q && !readback_ready_i);
    end
  end

  always @(posedge clk_i) begin
    if (accept && !program_write_i) begin
      selected_q <= access_o;
    end
  end

  reg [WordWidth-1:0] data;
  integer             block;

  always @(*) begin
    data = {WordWidth{1'b0}};
    for (block = 0; block < Blocks; block = block + 1) begin
      data = data | (word_data_i[block*WordWidth +: WordWidth] & {WordWidth{selected_q[block]}});
    end
  end

  assign readback_valid_o = readback_valid_q;
  assign readback_data_o  = data;

endmodule
