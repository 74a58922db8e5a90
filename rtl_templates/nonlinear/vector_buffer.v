/// Memory for one vector: one port to write, one to read, what is read comes a cycle later.
module vector_buffer #(
  /// Words; legal 2..16384.
  parameter integer Depth = 64,
  /// Width of a word, in bits; legal 1 or more.
  parameter integer Width = 16
) (
  input  wire                     clk_i,
  input  wire                     write_i,
  input  wire [$clog2(Depth)-1:0] write_address_i,
  input  wire [Width-1:0]         data_i,
  /// Read a word in this cycle; otherwise the word that was read last stays.
  input  wire                     read_i,
  input  wire [$clog2(Depth)-1:0] read_address_i,
  output wire [Width-1:0]         data_o
);

  generate
    if (Depth < 2 || Depth > 16384) begin : gen_depth_error
      tpugen_error_depth_must_be_2_to_16384 u_error ();
    end
  endgenerate

  reg [Width-1:0] data_q;
  reg [Width-1:0] memory_q [0:Depth-1];

  always @(posedge clk_i) begin
    if (write_i) begin
      memory_q[write_address_i] <= data_i;
    end
  end

  always @(posedge clk_i) begin
    if (read_i) begin
      data_q <= memory_q[read_address_i];
    end
  end

  assign data_o = data_q;

endmodule
