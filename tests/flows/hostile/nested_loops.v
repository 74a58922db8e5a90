module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output reg  [7:0] y_o
);
  integer i, j, k, l;
  always @* begin
    y_o = a_i;
    for (i = 0; i < 100; i = i + 1)
      for (j = 0; j < 100; j = j + 1)
        for (k = 0; k < 100; k = k + 1)
          for (l = 0; l < 100; l = l + 1) y_o = ~y_o;
  end
endmodule
