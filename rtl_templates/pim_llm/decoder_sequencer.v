/// Sequencer of a decoder layer: one operator after the other, each until its last element is handed on.
///
/// Numbers of operators: tpugen.arithmetic.decoder_layer.operators. Those of attention take turns by themselves;
/// the sequencer waits for their end.
module decoder_sequencer #(
  /// 1: the feed-forward network is gated; 0: it is not.
  parameter integer Gated = 0
) (
  input  wire       clk_i,
  input  wire       rst_ni,
  /// A token begins; ignored while one runs.
  input  wire       start_i,
  /// The last number of the residual stream is stored.
  input  wire       stored_i,
  /// The last normalised number is handed on.
  input  wire       norm_end_i,
  /// The last quantised number is handed on.
  input  wire       quantise_end_i,
  /// The last product is handed on.
  input  wire       project_end_i,
  /// What attention does: 0: nothing, 1: scores, 2: softmax, 3: weighted sums.
  input  wire [1:0] attention_operator_i,
  /// The last weighted sum is stored.
  input  wire       attention_end_i,
  /// The last number of the gate is stored.
  input  wire       gate_end_i,
  /// The last hidden number is handed on.
  input  wire       hidden_end_i,
  /// The host has taken the last number.
  input  wire       unload_end_i,
  output wire       busy_o,
  /// The token's last cycle.
  output wire       done_o,
  /// What runs, as it is counted.
  output wire [4:0] operator_o,
  /// The token comes from the host.
  output wire       load_o,
  /// The residual stream goes to the norm; with second_o to the second one.
  output wire       norm_o,
  output wire       second_o,
  /// Attention begins.
  output wire       attend_o,
  /// Quantised numbers go to: 0: W_Q, W_K, W_V; 1: W_X; 2: W_G, W_I; 3: W_O.
  output wire [1:0] vector_o,
  /// Products that are wanted: 0 to 6: W_Q, W_K, W_V, W_X, W_G, W_I, W_O; 7: none.
  output wire [2:0] matrix_o,
  /// The token goes to the host.
  output wire       unload_o
);

  localparam [4:0] Load = 5'd0;
  localparam [4:0] Norm1 = 5'd1;
  localparam [4:0] Quantise1 = 5'd2;
  localparam [4:0] Query = 5'd3;
  localparam [4:0] Key = 5'd4;
  localparam [4:0] Value = 5'd5;
  localparam [4:0] Scores = 5'd6;
  localparam [4:0] Quantise2 = 5'd9;
  localparam [4:0] Output = 5'd10;
  localparam [4:0] Residual1 = 5'd11;
  localparam [4:0] Norm2 = 5'd12;
  localparam [4:0] Quantise3 = 5'd13;
  localparam [4:0] Gate = 5'd14;
  localparam [4:0] Up = 5'd15;
  localparam [4:0] Activation = 5'd16;
  localparam [4:0] Quantise4 = 5'd17;
  localparam [4:0] Down = 5'd18;
  localparam [4:0] Residual2 = 5'd19;
  localparam [4:0] Unload = 5'd20;

  generate
    if (Gated < 0 || Gated > 1) begin : gen_gated_error
      tpugen_error_gated_must_be_0_or_1 u_error ();
    end
  endgenerate

  // While attention runs, the operator is Scores; what is counted follows what attention says.
  reg       busy_q;
  reg       attend_q;
  reg [4:0] operator_q;

  reg       ends;
  reg [4:0] next;
  reg [2:0] matrix;

  always @(*) begin
    case (operator_q)
      Load, Residual1, Residual2:                 ends = stored_i;
      Norm1, Norm2:                               ends = norm_end_i;
      Quantise1, Quantise2, Quantise3, Quantise4: ends = quantise_end_i;
      Query, Key, Value, Output, Up, Down:        ends = project_end_i;
      Gate:                                       ends = gate_end_i;
      Activation:                                 ends = hidden_end_i;
      Unload:                                     ends = unload_end_i;
      default:                                    ends = attention_end_i;
    endcase
    case (operator_q)
      Scores:    next = Quantise2;
      Quantise3: next = (Gated != 0) ? Gate : Up;
      Unload:    next = Load;
      default:   next = operator_q + 5'd1;
    endcase
    case (operator_q)
      Query:   matrix = 3'd0;
      Key:     matrix = 3'd1;
      Value:   matrix = 3'd2;
      Output:  matrix = 3'd3;
      Gate:    matrix = 3'd4;
      Up:      matrix = 3'd5;
      Down:    matrix = 3'd6;
      default: matrix = 3'd7;
    endcase
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      attend_q   <= 1'b0;
      operator_q <= Load;
    end else begin
      busy_q   <= busy_q ? !done_o : start_i;
      attend_q <= ends && operator_q == Value;
      if (busy_q && ends) begin
        operator_q <= next;
      end
    end
  end

  wire       attending = operator_q == Scores && attention_operator_i[1];
  wire [4:0] attention = Scores + {3'd0, attention_operator_i} - 5'd1;

  assign busy_o     = busy_q;
  assign done_o     = unload_o && unload_end_i;
  assign operator_o = attending ? attention : operator_q;
  assign load_o     = busy_q && operator_q == Load;
  assign norm_o     = operator_q == Norm1 || operator_q == Norm2;
  assign second_o   = operator_q == Norm2;
  assign attend_o   = attend_q;
  assign vector_o   = {operator_q > Quantise2, operator_q == Quantise2 || operator_q == Quantise4};
  assign matrix_o   = matrix;
  assign unload_o   = operator_q == Unload;

endmodule
