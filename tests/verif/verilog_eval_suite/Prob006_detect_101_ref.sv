module RefModule (
  input  logic clk,
  input  logic reset,
  input  logic bit_in,
  output logic found
);
  localparam logic [1:0] Nothing = 0, One = 1, Zero = 2, Hit = 3;
  logic [1:0] state, next;
  always_comb
    case (state)
      Nothing: next = bit_in ? One : Nothing;
      One:     next = bit_in ? One : Zero;
      Zero:    next = bit_in ? Hit : Nothing;
      default: next = bit_in ? One : Zero;
    endcase
  always_ff @(posedge clk)
    if (reset) state <= Nothing;
    else state <= next;
  assign found = state == Hit;
endmodule
