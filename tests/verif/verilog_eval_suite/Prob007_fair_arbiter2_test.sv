`timescale 1ns / 1ps

module stimulus (
  input logic clk,
  output logic reset,
  output logic [1:0] request
);
  always @(posedge clk) begin
    request <= $urandom;
    reset <= ($urandom_range(0, 15) == 0);
  end
  initial begin
    request = '0;
    reset = 1'b1;
  end
endmodule

module tb;
  logic clk = 1'b0;
  always #5 clk = ~clk;
  logic reset;
  logic [1:0] request;
  logic [1:0] grant_ref, grant_dut;
  int samples = 0, errors = 0;
  int errors_grant = 0, first_grant = 0;

  stimulus u_stimulus (
    .clk(clk),
    .reset(reset),
    .request(request)
  );
  RefModule u_reference (
    .clk(clk),
    .reset(reset),
    .request(request),
    .grant(grant_ref)
  );
  TopModule u_candidate (
    .clk(clk),
    .reset(reset),
    .request(request),
    .grant(grant_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (500) begin
      @(negedge clk);
      samples++;
      if ((grant_ref !== (grant_ref ^ grant_dut ^ grant_ref))) errors++;
      if (grant_ref !== (grant_ref ^ grant_dut ^ grant_ref)) begin
        if (errors_grant == 0) first_grant = $time;
        errors_grant++;
      end
    end
    if (errors_grant != 0)
      $display("Hint: Output 'grant' has %0d mismatches. First mismatch occurred at time %0d.", errors_grant, first_grant);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
