`timescale 1ns / 1ps

module stimulus (
  output logic [2:0] votes
);
  initial votes = '0;
  always #10 votes++;
endmodule

module tb;
  logic [2:0] votes;
  logic passed_ref, passed_dut;
  int samples = 0, errors = 0;
  int errors_passed = 0, first_passed = 0;

  stimulus u_stimulus (
    .votes(votes)
  );
  RefModule u_reference (
    .votes(votes),
    .passed(passed_ref)
  );
  TopModule u_candidate (
    .votes(votes),
    .passed(passed_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (16) begin
      #5;
      samples++;
      if ((passed_ref !== (passed_ref ^ passed_dut ^ passed_ref))) errors++;
      if (passed_ref !== (passed_ref ^ passed_dut ^ passed_ref)) begin
        if (errors_passed == 0) first_passed = $time;
        errors_passed++;
      end
      #5;
    end
    if (errors_passed != 0)
      $display("Hint: Output 'passed' has %0d mismatches. First mismatch occurred at time %0d.", errors_passed, first_passed);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
