/// Two-port SRAM macro: one port to write, with lane enables, one to read; what is read comes a cycle later.
///
/// A black box for synthesis, which defines SYNTHESIS; simulators see the behaviour. A read of the word that is written
/// in the same cycle gives the old word. Reset does not reach the words; addresses stay below `Depth`.
(* blackbox *)
module sram #(
  /// Words; legal 2..1048576.
  parameter integer Depth = 256,
  /// Width of a word, in bits; legal 1 or more.
  parameter integer Width = 32,
  /// Equal parts of a word that are written each alone; legal divisors of Width.
  parameter integer Lanes = 1
) (
  input  wire                     clk_i,
  /// Lane l of the word is stored in this cycle.
  input  wire [Lanes-1:0]         write_i,
  input  wire [$clog2(Depth)-1:0] write_address_i,
  input  wire [Width-1:0]         data_i,
  /// Read a word in this cycle; otherwise the word that was read last stays.
  input  wire                     read_i,
  input  wire [$clog2(Depth)-1:0] read_address_i,
  output wire [Width-1:0]         data_o
);

  localparam integer MaxDepth = 1 << 20;
  localparam integer LaneWidth = Width / Lanes;

  generate
    if (Depth < 2 || Depth > MaxDepth) begin : gen_depth_error
      tpugen_error_depth_must_be_2_to_1048576 u_error ();
    end
    if (Lanes < 1 || LaneWidth * Lanes != Width) begin : gen_lanes_error
      tpugen_error_lanes_must_divide_width u_error ();
    end
  endgenerate

`ifndef SYNTHESIS
  // One register for all lanes: simulation counts its activity under the output's name.
  reg [Width-1:0] data_q;

  genvar l;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : gen_lane
      reg [LaneWidth-1:0] words_q [0:Depth-1];

      always @(posedge clk_i) begin
        if (write_i[l]) begin
          words_q[write_address_i] <= data_i[l*LaneWidth +: LaneWidth];
        end
        if (read_i) begin
          data_q[l*LaneWidth +: LaneWidth] <= words_q[read_address_i];
        end
      end
    end
  endgenerate

  assign data_o = data_q;
`endif

endmodule
