`timescale 1ns / 1ps

module stimulus (
  input logic clk,
  output logic reset,
  output logic enable
);
  always @(posedge clk) begin
    enable <= $urandom;
    reset <= ($urandom_range(0, 15) == 0);
  end
  initial begin
    enable = '0;
    reset = 1'b1;
  end
endmodule

module tb;
  logic clk = 1'b0;
  always #5 clk = ~clk;
  logic reset;
  logic enable;
  logic [3:0] digit_ref, digit_dut;
  logic carry_ref, carry_dut;
  int samples = 0, errors = 0;
  int errors_digit = 0, first_digit = 0;
  int errors_carry = 0, first_carry = 0;

  stimulus u_stimulus (
    .clk(clk),
    .reset(reset),
    .enable(enable)
  );
  RefModule u_reference (
    .clk(clk),
    .reset(reset),
    .enable(enable),
    .digit(digit_ref),
    .carry(carry_ref)
  );
  TopModule u_candidate (
    .clk(clk),
    .reset(reset),
    .enable(enable),
    .digit(digit_dut),
    .carry(carry_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (400) begin
      @(negedge clk);
      samples++;
      if ((digit_ref !== (digit_ref ^ digit_dut ^ digit_ref)) || (carry_ref !== (carry_ref ^ carry_dut ^ carry_ref))) errors++;
      if (digit_ref !== (digit_ref ^ digit_dut ^ digit_ref)) begin
        if (errors_digit == 0) first_digit = $time;
        errors_digit++;
      end
      if (carry_ref !== (carry_ref ^ carry_dut ^ carry_ref)) begin
        if (errors_carry == 0) first_carry = $time;
        errors_carry++;
      end
    end
    if (errors_digit != 0)
      $display("Hint: Output 'digit' has %0d mismatches. First mismatch occurred at time %0d.", errors_digit, first_digit);
    if (errors_carry != 0)
      $display("Hint: Output 'carry' has %0d mismatches. First mismatch occurred at time %0d.", errors_carry, first_carry);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
