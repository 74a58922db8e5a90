/// Reads a vector out of a memory in order, as a stream; begins anew after every cycle in which it does not run.
module vector_reader #(
  /// Elements of the vector; legal 2..16384.
  parameter integer Length = 64
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  /// The vector is wanted, until its last element is taken.
  input  wire                      run_i,
  /// The memory reads a word in this cycle; its output is the element on offer from the next one on.
  output wire                      read_o,
  output wire [$clog2(Length)-1:0] index_o,
  output wire                      valid_o,
  input  wire                      ready_i,
  /// This element is the last of the vector.
  output wire                      last_o
);

  localparam integer IndexWidth = $clog2(Length);
  localparam integer Furthest = Length - 1;
  localparam [IndexWidth-1:0] One = {{(IndexWidth-1){1'b0}}, 1'b1};

  generate
    if (Length < 2 || Length > 16384) begin : gen_length_error
      tpugen_error_length_must_be_2_to_16384 u_error ();
    end
  endgenerate

  reg                  valid_q;
  reg                  done_q;
  reg [IndexWidth-1:0] index_q;

  wire at_end = index_q == Furthest[IndexWidth-1:0];

  assign read_o  = run_i && !done_q && (!valid_q || ready_i);
  assign index_o = index_q;
  assign valid_o = valid_q;
  assign last_o  = done_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      done_q  <= 1'b0;
      index_q <= {IndexWidth{1'b0}};
    end else begin
      valid_q <= read_o || (valid_q && !ready_i);
      done_q  <= run_i && (done_q || (read_o && at_end));
      if (!run_i) begin
        index_q <= {IndexWidth{1'b0}};
      end else if (read_o) begin
        index_q <= index_q + One;
      end
    end
  end

endmodule
