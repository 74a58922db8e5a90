// Clips negative results to zero on their way out of an array: four lanes of 16 bits, lane k at [16*k +: 16].
// Beats pass in order, under valid/ready on both sides; the last flag goes with its beat.
// One register stage, full rate: a beat can be taken in every cycle in which the next one is ready.
// clock: clk_i, 200 MHz
// latency: 1 cycle
module relu_drain (
  input  wire        clk_i,
  input  wire        rst_ni,          // clears drain_valid_o
  input  wire        result_valid_i,  // a row of results is offered
  output wire        result_ready_o,  // the row is taken
  input  wire        result_last_i,   // the row is the last of its tile
  input  wire [63:0] result_i,        // four results of 16 bits, two's complement
  output wire        drain_valid_o,   // a clipped row is offered
  input  wire        drain_ready_i,   // the clipped row is taken
  output wire        drain_last_o,    // the row is the last of its tile
  output wire [63:0] drain_o          // four results of 16 bits, none negative
);
