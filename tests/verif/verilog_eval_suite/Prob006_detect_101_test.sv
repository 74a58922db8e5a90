`timescale 1ns / 1ps

module stimulus (
  input logic clk,
  output logic reset,
  output logic bit_in
);
  always @(posedge clk) begin
    bit_in <= $urandom;
    reset <= ($urandom_range(0, 15) == 0);
  end
  initial begin
    bit_in = '0;
    reset = 1'b1;
  end
endmodule

module tb;
  logic clk = 1'b0;
  always #5 clk = ~clk;
  logic reset;
  logic bit_in;
  logic found_ref, found_dut;
  int samples = 0, errors = 0;
  int errors_found = 0, first_found = 0;

  stimulus u_stimulus (
    .clk(clk),
    .reset(reset),
    .bit_in(bit_in)
  );
  RefModule u_reference (
    .clk(clk),
    .reset(reset),
    .bit_in(bit_in),
    .found(found_ref)
  );
  TopModule u_candidate (
    .clk(clk),
    .reset(reset),
    .bit_in(bit_in),
    .found(found_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (500) begin
      @(negedge clk);
      samples++;
      if ((found_ref !== (found_ref ^ found_dut ^ found_ref))) errors++;
      if (found_ref !== (found_ref ^ found_dut ^ found_ref)) begin
        if (errors_found == 0) first_found = $time;
        errors_found++;
      end
    end
    if (errors_found != 0)
      $display("Hint: Output 'found' has %0d mismatches. First mismatch occurred at time %0d.", errors_found, first_found);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
