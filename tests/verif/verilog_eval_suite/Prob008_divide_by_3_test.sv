`timescale 1ns / 1ps

module stimulus (
  input logic clk,
  output logic hold
);
  always @(posedge clk) begin
    hold <= $urandom;
  end
  initial begin
    hold = '0;
  end
endmodule

module tb;
  logic clk = 1'b0;
  always #5 clk = ~clk;
  logic hold;
  logic tick_ref, tick_dut;
  int samples = 0, errors = 0;
  int errors_tick = 0, first_tick = 0;

  stimulus u_stimulus (
    .clk(clk),
    .hold(hold)
  );
  RefModule u_reference (
    .clk(clk),
    .hold(hold),
    .tick(tick_ref)
  );
  TopModule u_candidate (
    .clk(clk),
    .hold(hold),
    .tick(tick_dut)
  );

  // A bit that the reference leaves unknown is not compared.
  initial begin
    $dumpfile("wave.vcd");
    $dumpvars(0, tb);
    repeat (300) begin
      @(negedge clk);
      samples++;
      if ((tick_ref !== (tick_ref ^ tick_dut ^ tick_ref))) errors++;
      if (tick_ref !== (tick_ref ^ tick_dut ^ tick_ref)) begin
        if (errors_tick == 0) first_tick = $time;
        errors_tick++;
      end
    end
    if (errors_tick != 0)
      $display("Hint: Output 'tick' has %0d mismatches. First mismatch occurred at time %0d.", errors_tick, first_tick);
    $display("Mismatches: %0d in %0d samples", errors, samples);
    $finish;
  end
endmodule
