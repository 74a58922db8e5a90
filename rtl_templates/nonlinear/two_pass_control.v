/// Control of a unit that sees a vector twice: first it is stored, then it is read back.
///
/// In the first pass elements are taken one a cycle until the last one; in the second they are read in the same order
/// whenever `emit_i` allows. The next vector is taken as soon as the last element was read. A vector that reaches
/// `MaxLength` elements without a last one ends there, and `overlong_o` says so.
module two_pass_control #(
  /// Longest vector; legal 2..16384.
  parameter integer MaxLength = 64
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,
  input  wire                         operand_valid_i,
  output wire                         operand_ready_o,
  /// This element is the last of its vector.
  input  wire                         operand_last_i,
  /// An element is taken and stored in this cycle; whether it begins or ends its vector.
  output wire                         write_o,
  output wire                         first_o,
  output wire                         last_o,
  /// It ends its vector though it is not marked as the last.
  output wire                         overlong_o,
  /// The second pass may go on in this cycle.
  input  wire                         emit_i,
  /// The second pass is under way.
  output wire                         emitting_o,
  /// An element is read in this cycle; whether it ends its vector.
  output wire                         read_o,
  output wire                         read_last_o,
  /// Place of the element that is stored or read.
  output wire [$clog2(MaxLength)-1:0] address_o,
  /// Elements of the vector, in the second pass.
  output wire [$clog2(MaxLength):0]   length_o
);

  localparam integer AddressWidth = $clog2(MaxLength);
  localparam [AddressWidth-1:0] One = {{(AddressWidth-1){1'b0}}, 1'b1};
  localparam integer Furthest = MaxLength - 1;

  generate
    if (MaxLength < 2 || MaxLength > 16384) begin : gen_max_length_error
      tpugen_error_max_length_must_be_2_to_16384 u_error ();
    end
  endgenerate

  reg                     emitting_q;
  reg  [AddressWidth-1:0] address_q;
  reg  [AddressWidth-1:0] end_q;

  wire full = address_q == Furthest[AddressWidth-1:0];

  assign operand_ready_o = !emitting_q;
  assign write_o         = operand_valid_i && !emitting_q;
  assign first_o         = address_q == {AddressWidth{1'b0}};
  assign last_o          = operand_last_i || full;
  assign overlong_o      = write_o && full && !operand_last_i;
  assign emitting_o      = emitting_q;
  assign read_o          = emitting_q && emit_i;
  assign read_last_o     = address_q == end_q;
  assign address_o       = address_q;
  assign length_o        = {1'b0, end_q} + {1'b0, One};

  wire ends = emitting_q ? read_last_o : last_o;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      emitting_q <= 1'b0;
      address_q  <= {AddressWidth{1'b0}};
    end else if (write_o || read_o) begin
      emitting_q <= emitting_q ^ ends;
      address_q  <= ends ? {AddressWidth{1'b0}} : address_q + One;
    end
  end

  always @(posedge clk_i) begin
    if (write_o) begin
      end_q <= address_q;
    end
  end

endmodule
