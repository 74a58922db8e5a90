/// The residual stream of a token: a memory, filled by the host, read by norms and host, added to by projections.
module residual_stream #(
  /// Numbers of a token; legal 2..16384.
  parameter integer D = 64
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// A number of the host is stored in this cycle, the next one of its token.
  input  wire        load_i,
  /// Two's complement.
  input  wire [15:0] load_data_i,
  /// The number that is stored next is the token's last.
  output wire        at_end_o,
  /// The last number of a token is stored in this cycle.
  output wire        stored_o,
  /// The stream goes to the norm, to the sum, or to the host; low for a cycle in between.
  input  wire        norm_i,
  input  wire        sum_i,
  input  wire        unload_i,
  output wire        norm_valid_o,
  input  wire        norm_ready_i,
  output wire        host_valid_o,
  input  wire        host_ready_i,
  /// To norm and host: this number is the last of the token.
  output wire        last_o,
  /// To norm and host; two's complement.
  output wire [15:0] data_o,
  /// What is added to the stream; stored in place of it.
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// Two's complement.
  input  wire [15:0] operand_i
);

  localparam integer IndexWidth = $clog2(D);
  localparam integer Furthest = D - 1;
  localparam [IndexWidth-1:0] One = {{(IndexWidth-1){1'b0}}, 1'b1};

  wire                  sum_valid;
  wire                  sum_last;
  wire [15:0]           sum;
  wire                  write = load_i || sum_valid;
  wire                  read;
  wire [IndexWidth-1:0] read_index;
  wire                  valid;
  wire                  adds = sum_i && valid && operand_valid_i;
  wire                  ready = (norm_i && norm_ready_i) || (unload_i && host_ready_i) || adds;
  reg  [IndexWidth-1:0] index_q;

  assign at_end_o = index_q == Furthest[IndexWidth-1:0];
  assign stored_o = write && at_end_o;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_q <= {IndexWidth{1'b0}};
    end else if (write) begin
      index_q <= at_end_o ? {IndexWidth{1'b0}} : index_q + One;
    end
  end

  memory #(
    .Depth (D),
    .Width (16)
  ) u_memory (
    .clk_i           (clk_i),
    .write_i         (write),
    .write_address_i (index_q),
    .data_i          (sum_valid ? sum : load_data_i),
    .read_i          (read),
    .read_address_i  (read_index),
    .data_o          (data_o)
  );

  vector_reader #(
    .Length (D)
  ) u_reader (
    .clk_i   (clk_i),
    .rst_ni  (rst_ni),
    .run_i   (norm_i || sum_i || unload_i),
    .read_o  (read),
    .index_o (read_index),
    .valid_o (valid),
    .ready_i (ready),
    .last_o  (last_o)
  );

  assign norm_valid_o    = norm_i && valid;
  assign host_valid_o    = unload_i && valid;
  assign operand_ready_o = adds;

  // A sum is stored as soon as it is there: the adder never waits.
  wire adder_ready;
  wire unused_adder = &{1'b0, adder_ready, sum_last};

  saturating_adder #(
    .Width (16)
  ) u_adder (
    .clk_i           (clk_i),
    .rst_ni          (rst_ni),
    .operand_valid_i (adds),
    .operand_ready_o (adder_ready),
    .operand_last_i  (last_o),
    .a_i             (data_o),
    .b_i             (operand_i),
    .result_valid_o  (sum_valid),
    .result_ready_i  (1'b1),
    .result_last_o   (sum_last),
    .result_o        (sum)
  );

endmodule
