`timescale 1ns / 1ps

module stimulus (
  output logic [7:0] a,
  output logic [7:0] b
);
  always #10 {a, b} = $urandom;
  initial {a, b} = '0;
endmodule

module tb;
  logic [7:0] a;
  logic [7:0] b;
  logic [7:0] sum_ref, sum_dut;
  logic clipped_ref, clipped_dut;
  int samples = 0, errors = 0;
  int errors_sum = 0, first_sum = 0;
  int errors_clipped = 0, first_clipped = 0;

  stimulus u_stimulus (
    .a(a),
    .b(b)
  );
  RefModule u_reference (
    .a(a),
    .b(b),
    .sum(sum_ref),
    .clipped(clipped_ref)
  );
  TopModule u_candidate (
    .a(a),
    .b(b),
    .sum(sum_dut),
    .clipped(clipped_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (400) begin
      #5;
      samples++;
      if ((sum_ref !== (sum_ref ^ sum_dut ^ sum_ref)) || (clipped_ref !== (clipped_ref ^ clipped_dut ^ clipped_ref))) errors++;
      if (sum_ref !== (sum_ref ^ sum_dut ^ sum_ref)) begin
        if (errors_sum == 0) first_sum = $time;
        errors_sum++;
      end
      if (clipped_ref !== (clipped_ref ^ clipped_dut ^ clipped_ref)) begin
        if (errors_clipped == 0) first_clipped = $time;
        errors_clipped++;
      end
      #5;
    end
    if (errors_sum != 0)
      $display("Hint: Output 'sum' has %0d mismatches. First mismatch occurred at time %0d.", errors_sum, first_sum);
    if (errors_clipped != 0)
      $display("Hint: Output 'clipped' has %0d mismatches. First mismatch occurred at time %0d.", errors_clipped, first_clipped);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
