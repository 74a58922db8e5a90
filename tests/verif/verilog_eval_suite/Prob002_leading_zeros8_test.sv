`timescale 1ns / 1ps

module stimulus (
  output logic [7:0] word
);
  initial word = '0;
  always #10 word++;
endmodule

module tb;
  logic [7:0] word;
  logic [3:0] zeros_ref, zeros_dut;
  int samples = 0, errors = 0;
  int errors_zeros = 0, first_zeros = 0;

  stimulus u_stimulus (
    .word(word)
  );
  RefModule u_reference (
    .word(word),
    .zeros(zeros_ref)
  );
  TopModule u_candidate (
    .word(word),
    .zeros(zeros_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (256) begin
      #5;
      samples++;
      if ((zeros_ref !== (zeros_ref ^ zeros_dut ^ zeros_ref))) errors++;
      if (zeros_ref !== (zeros_ref ^ zeros_dut ^ zeros_ref)) begin
        if (errors_zeros == 0) first_zeros = $time;
        errors_zeros++;
      end
      #5;
    end
    if (errors_zeros != 0)
      $display("Hint: Output 'zeros' has %0d mismatches. First mismatch occurred at time %0d.", errors_zeros, first_zeros);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
