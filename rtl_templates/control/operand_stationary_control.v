/// Entry control of an operand-stationary array: loads one bank of stationary operands while the other multiplies.
///
/// A tile's first streaming vector waits until its bank is loaded and sends the swap token into the array; the bank
/// that loads is free again once the token has passed the last processing element.
module operand_stationary_control #(
  /// Rows of the array: beats of one bank; legal 1..256.
  parameter integer Rows = 8,
  /// Columns of the array; legal 1..256.
  parameter integer Cols = 8
) (
  input  wire clk_i,
  input  wire rst_ni,
  /// The array moves in this cycle.
  input  wire advance_i,
  input  wire stationary_valid_i,
  output wire stationary_ready_o,
  input  wire stream_valid_i,
  output wire stream_ready_o,
  input  wire stream_last_i,
  /// The loading bank shifts in this cycle.
  output wire load_o,
  /// A streaming vector enters the array in this cycle; whether it begins or ends its tile.
  output wire valid_o,
  output wire swap_o,
  output wire last_o
);

  localparam integer LoadWidth = $clog2(Rows + 1);
  localparam integer WaveWidth = $clog2(Rows + Cols);
  localparam integer Wave = Rows + Cols - 2;
  localparam integer LastLoad = Rows - 1;
  localparam [LoadWidth-1:0] LoadOne = 1;
  localparam [WaveWidth-1:0] WaveOne = 1;

  reg                 first_q;
  reg                 loaded_q;
  reg [LoadWidth-1:0] load_count_q;
  reg [WaveWidth-1:0] wave_count_q;

  wire wave_passed = wave_count_q == {WaveWidth{1'b0}};
  wire accept      = stream_valid_i && stream_ready_o;
  wire load        = stationary_valid_i && stationary_ready_o;
  wire last_load   = load_count_q == LastLoad[LoadWidth-1:0];

  assign stationary_ready_o = !loaded_q && wave_passed;
  assign stream_ready_o     = advance_i && (loaded_q || !first_q);

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q      <= 1'b1;
      loaded_q     <= 1'b0;
      load_count_q <= {LoadWidth{1'b0}};
      wave_count_q <= {WaveWidth{1'b0}};
    end else begin
      if (accept) begin
        first_q <= stream_last_i;
      end
      if (load) begin
        load_count_q <= last_load ? {LoadWidth{1'b0}} : load_count_q + LoadOne;
        loaded_q     <= last_load;
      end
      if (accept && first_q) begin
        loaded_q     <= 1'b0;
        wave_count_q <= Wave[WaveWidth-1:0];
      end else if (advance_i && !wave_passed) begin
        wave_count_q <= wave_count_q - WaveOne;
      end
    end
  end

  assign load_o  = load;
  assign valid_o = accept;
  assign swap_o  = accept && first_q;
  assign last_o  = accept && stream_last_i;

endmodule
