/// The middle of the feed-forward network: activation of a projection, and the product with the gate if there is one.
module hidden_stage #(
  /// Width of the feed-forward network; legal 2..16384.
  parameter integer FeedForward = 128,
  /// 1: the network is gated; 0: it is not.
  parameter integer Gated = 0,
  /// 1: squared ReLU; 0: GELU.
  parameter integer SquaredRelu = 0
) (
  input  wire        clk_i,
  input  wire        rst_ni,
  /// Places by which a square is shifted right.
  input  wire [4:0]  activation_shift_i,
  /// Places by which a product with the gate is shifted right.
  input  wire [4:0]  gate_shift_i,
  /// What comes is the gate, which is kept; nothing of it leaves.
  input  wire        gate_i,
  /// What comes is the vector.
  input  wire        up_i,
  input  wire        operand_valid_i,
  output wire        operand_ready_o,
  /// This number is the last of its vector.
  input  wire        operand_last_i,
  /// Two's complement, 8 fraction bits.
  input  wire [15:0] operand_i,
  /// The last number of the gate is stored in this cycle.
  output wire        gate_stored_o,
  output wire        hidden_valid_o,
  input  wire        hidden_ready_i,
  /// This number is the last of its vector.
  output wire        hidden_last_o,
  /// Two's complement.
  output wire [15:0] hidden_o
);

  generate
    if (Gated < 0 || Gated > 1) begin : gen_gated_error
      tpugen_error_gated_must_be_0_or_1 u_error ();
    end
    if (SquaredRelu < 0 || SquaredRelu > 1) begin : gen_activation_error
      tpugen_error_squared_relu_must_be_0_or_1 u_error ();
    end
  endgenerate

  // The activation takes the gate of a gated network, the vector of another one.
  wire        activate = operand_valid_i && ((Gated != 0) ? gate_i : up_i);
  wire        activate_ready;
  wire        active_valid;
  wire        active_ready;
  wire        active_last;
  wire [15:0] active;

  generate
    if (SquaredRelu != 0) begin : gen_relu2
      relu2 u_activation (
        .clk_i           (clk_i),
        .rst_ni          (rst_ni),
        .operand_valid_i (activate),
        .operand_ready_o (activate_ready),
        .operand_last_i  (operand_last_i),
        .operand_i       (operand_i),
        .shift_i         (activation_shift_i),
        .result_valid_o  (active_valid),
        .result_ready_i  (active_ready),
        .result_last_o   (active_last),
        .result_o        (active)
      );
    end else begin : gen_gelu
      wire unused_shift = &{1'b0, activation_shift_i};

      gelu u_activation (
        .clk_i           (clk_i),
        .rst_ni          (rst_ni),
        .operand_valid_i (activate),
        .operand_ready_o (activate_ready),
        .operand_last_i  (operand_last_i),
        .operand_i       (operand_i),
        .result_valid_o  (active_valid),
        .result_ready_i  (active_ready),
        .result_last_o   (active_last),
        .result_o        (active)
      );
    end

    if (Gated != 0) begin : gen_gate
      localparam integer IndexWidth = $clog2(FeedForward);
      localparam [IndexWidth-1:0] One = {{(IndexWidth-1){1'b0}}, 1'b1};

      reg  [IndexWidth-1:0] index_q;
      wire                  read;
      wire [IndexWidth-1:0] read_index;
      wire                  gate_valid;
      wire                  gate_last;
      wire [15:0]           gate;
      wire                  multiply = up_i && operand_valid_i && gate_valid;
      wire                  multiply_ready;
      wire                  unused_last = &{1'b0, gate_last};

      assign active_ready    = 1'b1;
      assign gate_stored_o   = active_valid && active_last;
      assign operand_ready_o = gate_i ? activate_ready : up_i && gate_valid && multiply_ready;

      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          index_q <= {IndexWidth{1'b0}};
        end else if (active_valid) begin
          index_q <= active_last ? {IndexWidth{1'b0}} : index_q + One;
        end
      end

      memory #(
        .Depth (FeedForward),
        .Width (16)
      ) u_memory (
        .clk_i           (clk_i),
        .write_i         (active_valid),
        .write_address_i (index_q),
        .data_i          (active),
        .read_i          (read),
        .read_address_i  (read_index),
        .data_o          (gate)
      );

      vector_reader #(
        .Length (FeedForward)
      ) u_reader (
        .clk_i   (clk_i),
        .rst_ni  (rst_ni),
        .run_i   (up_i),
        .read_o  (read),
        .index_o (read_index),
        .valid_o (gate_valid),
        .ready_i (multiply && multiply_ready),
        .last_o  (gate_last)
      );

      gated_product u_product (
        .clk_i           (clk_i),
        .rst_ni          (rst_ni),
        .operand_valid_i (multiply),
        .operand_ready_o (multiply_ready),
        .operand_last_i  (operand_last_i),
        .gate_i          (gate),
        .operand_i       (operand_i),
        .shift_i         (gate_shift_i),
        .result_valid_o  (hidden_valid_o),
        .result_ready_i  (hidden_ready_i),
        .result_last_o   (hidden_last_o),
        .result_o        (hidden_o)
      );
    end else begin : gen_plain
      wire unused_gate = &{1'b0, gate_i, gate_shift_i};

      assign gate_stored_o   = 1'b0;
      assign operand_ready_o = up_i && activate_ready;
      assign hidden_valid_o  = active_valid;
      assign active_ready    = hidden_ready_i;
      assign hidden_last_o   = active_last;
      assign hidden_o        = active;
    end
  endgenerate

endmodule
