`timescale 1ns / 1ps

module stimulus (
  input logic clk,
  output logic reset,
  output logic enable,
  output logic d
);
  always @(posedge clk) begin
    enable <= $urandom;
    d <= $urandom;
    reset <= ($urandom_range(0, 15) == 0);
  end
  initial begin
    enable = '0;
    d = '0;
    reset = 1'b1;
  end
endmodule

module tb;
  logic clk = 1'b0;
  always #5 clk = ~clk;
  logic reset;
  logic enable;
  logic d;
  logic [3:0] q_ref, q_dut;
  int samples = 0, errors = 0;
  int errors_q = 0, first_q = 0;

  stimulus u_stimulus (
    .clk(clk),
    .reset(reset),
    .enable(enable),
    .d(d)
  );
  RefModule u_reference (
    .clk(clk),
    .reset(reset),
    .enable(enable),
    .d(d),
    .q(q_ref)
  );
  TopModule u_candidate (
    .clk(clk),
    .reset(reset),
    .enable(enable),
    .d(d),
    .q(q_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (300) begin
      @(negedge clk);
      samples++;
      if ((q_ref !== (q_ref ^ q_dut ^ q_ref))) errors++;
      if (q_ref !== (q_ref ^ q_dut ^ q_ref)) begin
        if (errors_q == 0) first_q = $time;
        errors_q++;
      end
    end
    if (errors_q != 0)
      $display("Hint: Output 'q' has %0d mismatches. First mismatch occurred at time %0d.", errors_q, first_q);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
