module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  integer handle;
  initial begin
    handle = $fopen("../escaped.txt", "w");
    $fdisplay(handle, "out");
    $fclose(handle);
    $finish;
  end
  assign y_o = a_i;
endmodule
