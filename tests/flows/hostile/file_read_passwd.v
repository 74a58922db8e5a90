module hostile (
  input  wire       clk_i,
  input  wire       rst_ni,
  input  wire [7:0] a_i,
  output wire [7:0] y_o
);
  integer handle, got;
  reg [8*80-1:0] line;
  initial begin
    handle = $fopen("/etc/passwd", "r");
    got = $fgets(line, handle);
    $finish;
  end
  assign y_o = a_i;
endmodule
