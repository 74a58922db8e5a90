module RefModule (
  input  logic [2:0] votes,
  output logic passed
);
  assign passed = (votes[0] & votes[1]) | (votes[1] & votes[2]) | (votes[0] & votes[2]);
endmodule
