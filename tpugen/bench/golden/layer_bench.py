"""The test bench of a decoder layer: a host on AXI4-Lite, a stream in, a stream out, as plain Verilog-2005 text.

Programmes follow one another: nobody waits; the host and its tokens pause; results are taken slowly; both. Before the
third one a token is cut by a reset, of which nothing may be left. (A reset before that makes what comes out until then
the programme's own: noise depends on the reads since a reset.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from tpugen.bench.golden.decoder_layer import Token
from tpugen.bench.golden.layer_job import CUT_BEFORE, LayerJob
from tpugen.bench.golden.verilog import SHOWN_MISMATCHES, BenchText
from tpugen.spec import Contract

__all__ = ["layer_bench"]

_KINDS = {"write": 0, "read": 1, "wait": 2}
_CUT_CYCLES = 200
_EXTRA_CYCLES = 64
_ENOUGH_WRONG = 100
_TRACE = "golden.txt"


def layer_bench(contract: Contract, job: LayerJob, seed: int, word: str) -> BenchText:
    """A bench of a `pim_llm`.

    Args:
        contract: Its ports.
        job: What it is tried on.
        seed: Seed of the pauses.
        word: What verdict lines begin with.
    """
    commands = [command for programme in job.programmes for command in programme.commands]
    tokens = [
        (f"token {index} of programme {number} (position {token.position})", token)
        for number, programme in enumerate(job.programmes)
        for index, token in enumerate(programme.tokens)
    ]
    data = {
        "host.hex": _lines((_KINDS[c.kind] << 12 | c.address) << 32 | c.word for c in commands),
        "x.hex": _lines(number for _, token in tokens for number in _framed(token.numbers["x"])),
        "y.hex": _lines(number for _, token in tokens for number in _framed(token.numbers["x2"])),
        _TRACE: "\n".join(line for name, token in tokens for line in _trace(name, token)) + "\n",
    }
    results = [f"{place} of {name}" for name, token in tokens for place in range(len(token.numbers["x2"]))]
    told = [command.name for command in commands]
    names = dict.fromkeys(("mismatch", "framing", "dropped", "unknown"), results)
    names |= dict.fromkeys(("refused", "register", "stall"), told)
    hint = f"{_TRACE} beside the bench has the numbers of every operator"
    return BenchText(word, _text(contract, job, seed, word), data, names, hint)


def _lines(numbers: Iterable[int]) -> str:
    return "".join(f"{number:x}\n" for number in numbers)


def _framed(numbers: Sequence[int]) -> Iterator[int]:
    """Beats: 16 bits, and whether the beat is the token's last."""
    for place, number in enumerate(numbers):
        yield (number & 0xFFFF) << 1 | (place == len(numbers) - 1)


def _trace(name: str, token: Token) -> Iterator[str]:
    yield f"{name}:"
    for what, numbers in token.numbers.items():
        yield f"  {what}: {' '.join(map(str, numbers))}"


def _text(contract: Contract, job: LayerJob, seed: int, word: str) -> str:
    hosts = [0, *accumulate(len(programme.commands) for programme in job.programmes)]
    d = len(job.programmes[0].tokens[0].numbers["x"])
    beats = [0, *accumulate(d * len(programme.tokens) for programme in job.programmes)]
    turns = [
        f"        {turn}: begin host_next = {hosts[turn]}; host_end = {hosts[turn + 1]};"
        f" x_next = {beats[turn]}; taken = {beats[turn]}; beats_end = {beats[turn + 1]}; end"
        for turn in range(len(job.programmes))
    ]
    address = contract.port("s_axil_awaddr_i").width_bits
    return _BENCH.format(
        word=word,
        module=contract.module,
        connections=", ".join(f".{port.name}({port.name})" for port in contract.ports),
        address_top=address - 1,
        commands=hosts[-1],
        beats=beats[-1],
        turns="\n".join(turns),
        last_turn=len(job.programmes) - 1,
        cut_turn=CUT_BEFORE,
        cut_beats=beats[CUT_BEFORE] + d,
        cut_cycles=_CUT_CYCLES,
        patience=job.patience,
        extra=_EXTRA_CYCLES,
        seed=seed & 0x7FFFFFFF,
        shown=SHOWN_MISMATCHES,
        enough=_ENOUGH_WRONG,
    )


_BENCH = """`timescale 1ns/1ps
module {word};
  reg  clk_i;
  reg  rst_ni;
  wire interrupt_o;
  reg  s_axil_awvalid_i;
  wire s_axil_awready_o;
  reg  [{address_top}:0] s_axil_awaddr_i;
  reg  [2:0] s_axil_awprot_i;
  reg  s_axil_wvalid_i;
  wire s_axil_wready_o;
  reg  [31:0] s_axil_wdata_i;
  reg  [3:0] s_axil_wstrb_i;
  wire s_axil_bvalid_o;
  reg  s_axil_bready_i;
  wire [1:0] s_axil_bresp_o;
  reg  s_axil_arvalid_i;
  wire s_axil_arready_o;
  reg  [{address_top}:0] s_axil_araddr_i;
  reg  [2:0] s_axil_arprot_i;
  wire s_axil_rvalid_o;
  reg  s_axil_rready_i;
  wire [31:0] s_axil_rdata_o;
  wire [1:0] s_axil_rresp_o;
  reg  s_axis_x_tvalid_i;
  wire s_axis_x_tready_o;
  reg  [15:0] s_axis_x_tdata_i;
  reg  s_axis_x_tlast_i;
  wire m_axis_x_tvalid_o;
  reg  m_axis_x_tready_i;
  wire [15:0] m_axis_x_tdata_o;
  wire m_axis_x_tlast_o;

  {module} u_dut ({connections});

  // Kind (0: write, 1: read, 2: wait), address, word.
  reg [45:0] host_commands [0:{commands} - 1];
  reg [16:0] x_beats [0:{beats} - 1];
  reg [16:0] y_beats [0:{beats} - 1];
  reg [1:0]  kind;
  reg [11:0] address;
  reg [31:0] data;
  reg [15:0] number;
  reg        number_last;
  // What of the command is still to come; what is on offer.
  reg aw_left, w_left, b_left, ar_left, r_left;
  reg aw_offered, w_offered, ar_offered, x_offered;
  reg pause_operands, pause_results, waiting, stop;
  integer host_next, host_end, x_next, beats_end, taken;
  integer wrong, still, turn, pauses, cut;

  task fetch;
    begin
      if (!aw_left && !w_left && !b_left && !ar_left && !r_left && host_next < host_end
          && (!pause_operands || ($random(pauses) & 1))) begin
        {{kind, address, data}} = host_commands[host_next];
        if (kind == 2) begin
          if (interrupt_o === 1'b1 && taken >= data) host_next = host_next + 1;
        end else begin
          {{aw_left, w_left, b_left}} = {{3{{kind == 0}}}};
          {{ar_left, r_left}} = {{2{{kind == 1}}}};
        end
      end
    end
  endtask

  // Offer what is left, or noise that must not be taken; what was offered stays.
  task drive;
    begin
      aw_offered = aw_offered || (aw_left && (!pause_operands || ($random(pauses) & 1)));
      w_offered = w_offered || (w_left && (!pause_operands || ($random(pauses) & 1)));
      ar_offered = ar_offered || (ar_left && (!pause_operands || ($random(pauses) & 1)));
      x_offered = x_offered || (x_next < beats_end && (!pause_operands || ($random(pauses) & 1)));
      s_axil_awvalid_i = aw_offered;
      s_axil_wvalid_i = w_offered;
      s_axil_arvalid_i = ar_offered;
      s_axis_x_tvalid_i = x_offered;
      {{s_axil_awprot_i, s_axil_arprot_i}} = 6'd0;
      s_axil_awaddr_i = aw_offered ? address : $random(pauses);
      s_axil_araddr_i = ar_offered ? address : $random(pauses);
      s_axil_wdata_i = w_offered ? data : $random(pauses);
      s_axil_wstrb_i = w_offered ? 4'hf : $random(pauses);
      {{s_axis_x_tdata_i, s_axis_x_tlast_i}} = x_offered ? x_beats[x_next] : $random(pauses);
      s_axil_bready_i = !pause_operands || ($random(pauses) & 1);
      s_axil_rready_i = !pause_operands || ($random(pauses) & 1);
      m_axis_x_tready_i = !pause_results || (($random(pauses) & 3) == 0);
    end
  endtask

  // Answers before requests: none may come in the cycle that takes its request.
  task host_transfers;
    begin
      if (s_axil_bvalid_o === 1'b1 && s_axil_bready_i && b_left && !aw_left && !w_left) begin
        if (s_axil_bresp_o !== 2'd0) begin
          if (wrong < {shown}) $display("{word} refused %0d %0d", host_next, s_axil_bresp_o);
          wrong = wrong + 1;
        end
        b_left = 0; still = 0; host_next = host_next + 1;
      end
      if (s_axil_rvalid_o === 1'b1 && s_axil_rready_i && r_left && !ar_left) begin
        if (s_axil_rresp_o !== 2'd0 || s_axil_rdata_o !== data) begin
          if (wrong < {shown}) $display("{word} register %0d %h %h", host_next, s_axil_rdata_o, data);
          wrong = wrong + 1;
        end
        r_left = 0; still = 0; host_next = host_next + 1;
      end
      if (aw_offered && s_axil_awready_o === 1'b1) begin aw_left = 0; aw_offered = 0; still = 0; end
      if (w_offered && s_axil_wready_o === 1'b1) begin w_left = 0; w_offered = 0; still = 0; end
      if (ar_offered && s_axil_arready_o === 1'b1) begin ar_left = 0; ar_offered = 0; still = 0; end
    end
  endtask

  task result_transfer;
    begin
      if (taken >= beats_end) begin
        if (wrong < {shown}) $display("{word} extra %0d %0d", taken, $signed(m_axis_x_tdata_o));
        wrong = wrong + 1;
      end else begin
        {{number, number_last}} = y_beats[taken];
        if (m_axis_x_tdata_o !== number) begin
          if (wrong < {shown})
            $display("{word} mismatch %0d %0d %0d", taken, $signed(m_axis_x_tdata_o), $signed(number));
          wrong = wrong + 1;
        end
        if (m_axis_x_tlast_o !== number_last) begin
          if (wrong < {shown}) $display("{word} framing %0d %b %b", taken, m_axis_x_tlast_o, number_last);
          wrong = wrong + 1;
        end
      end
      taken = taken + 1;
      still = 0;
    end
  endtask

  // One cycle: inputs settle after the falling edge, transfers are read before the rising one.
  task cycle;
    begin
      fetch;
      drive;
      #4;
      if (waiting && m_axis_x_tvalid_o !== 1'b1) begin
        $display("{word} dropped %0d", taken);
        wrong = wrong + 1;
      end
      waiting = 0;
      if (m_axis_x_tvalid_o === 1'b1 && m_axis_x_tready_i) result_transfer;
      else if (m_axis_x_tvalid_o === 1'b1) waiting = 1;
      else if (m_axis_x_tvalid_o !== 1'b0) begin
        if (wrong < {shown}) $display("{word} unknown %0d", taken);
        wrong = wrong + 1;
      end
      host_transfers;
      if (x_offered && s_axis_x_tready_o === 1'b1) begin x_next = x_next + 1; x_offered = 0; still = 0; end
      #1 clk_i = 1'b1;
      #5 clk_i = 1'b0;
      still = still + 1;
      if (still > {patience} && !stop) begin
        $display("{word} stall %0d %0d", host_next, taken);
        stop = 1;
      end
      // Enough is known, and a design that offers results for ever would never end.
      if (wrong > {enough}) stop = 1;
    end
  endtask

  task begin_turn;
    begin
      case (turn)
{turns}
      endcase
      still = 0;
    end
  endtask

  task reset;
    begin
      rst_ni = 1'b0;
      {{waiting, aw_left, w_left, b_left, ar_left, r_left, aw_offered, w_offered, ar_offered, x_offered}} = 10'd0;
      {{s_axil_awvalid_i, s_axil_wvalid_i, s_axil_bready_i, s_axil_arvalid_i, s_axil_rready_i}} = 5'd0;
      {{s_axis_x_tvalid_i, m_axis_x_tready_i}} = 2'd0;
      repeat (3) begin
        #5 clk_i = 1'b1;
        #5 clk_i = 1'b0;
      end
      rst_ni = 1'b1;
    end
  endtask

  initial begin
    $readmemh("host.hex", host_commands);
    $readmemh("x.hex", x_beats);
    $readmemh("y.hex", y_beats);
    clk_i = 1'b0;
    pauses = {seed};
    wrong = 0;
    stop = 0;
    reset;
    for (turn = 0; turn <= {last_turn} && !stop; turn = turn + 1) begin
      pause_operands = 0;
      pause_results = 0;
      begin_turn;
      if (turn == {cut_turn}) begin
        reset;
        while (x_next < {cut_beats} && !stop) cycle;
        for (cut = 0; cut < {cut_cycles} && !stop; cut = cut + 1) cycle;
        reset;
        begin_turn;
      end
      pause_operands = (turn == 1 || turn == 3);
      pause_results = (turn >= 2);
      while ((taken < beats_end || x_next < beats_end || host_next < host_end) && !stop) cycle;
      pause_results = 0;
      for (cut = 0; cut < {extra} && !stop; cut = cut + 1) cycle;
    end
    $display("{word} done %0d %0d", taken, wrong + stop);
    $finish;
  end
endmodule
"""
