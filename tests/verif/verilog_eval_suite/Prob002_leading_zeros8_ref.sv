module RefModule (
  input  logic [7:0] word,
  output logic [3:0] zeros
);
  always_comb begin
    zeros = 4'd8;
    for (int i = 0; i < 8; i++) if (word[i]) zeros = 4'(7 - i);
  end
endmodule
