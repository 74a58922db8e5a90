"""The memories against a model of a few lines: every state and every input of the smallest, random ones of others."""

from __future__ import annotations

import itertools
import random
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tpugen.rtl_templates import load_library
from tpugen.verif.lint import lint
from tpugen.verif.memory_mutants import MEMORY_MUTANTS
from tpugen.verif.mutants import apply

FILES = {f"{name}.v": load_library()[name].source for name in ("memory", "sram")}
MACRO_BITS = {"registers": 1 << 20, "macro": 1}


@dataclass(frozen=True)
class Shape:
    depth: int
    width: int
    lanes: int


@dataclass(frozen=True)
class Cycle:
    """What is driven in one cycle."""

    write: int
    write_address: int
    data: int
    read: int
    read_address: int


SMALLEST = Shape(2, 2, 2)
SHAPES = [Shape(3, 4, 1), Shape(5, 12, 3), Shape(16, 7, 7), Shape(64, 33, 1)]


def outputs(shape: Shape, cycles: Iterable[Cycle]) -> Iterator[int | None]:
    """The output after each cycle; None while it was never read, or a word that was never written."""
    words: list[int | None] = [None] * shape.depth
    shown: int | None = None
    lane_bits = shape.width // shape.lanes
    ones = (1 << lane_bits) - 1
    for cycle in cycles:
        if cycle.read:
            shown = words[cycle.read_address]
        if cycle.write == (1 << shape.lanes) - 1:
            words[cycle.write_address] = cycle.data
        elif cycle.write and (before := words[cycle.write_address]) is not None:
            mask = sum(ones << lane * lane_bits for lane in range(shape.lanes) if cycle.write >> lane & 1)
            words[cycle.write_address] = (before & ~mask) | (cycle.data & mask)
        yield shown


def exhaustive(shape: Shape) -> list[Cycle]:
    """Brings the memory into each state (all words, and the output), does each thing to it, and reads every word."""
    every_lane = (1 << shape.lanes) - 1
    values, addresses = range(1 << shape.width), range(shape.depth)
    cycles = []
    for state in itertools.product(values, repeat=shape.depth + 1):
        *words, shown = state
        for inputs in itertools.product(range(1 << shape.lanes), addresses, values, (0, 1), addresses):
            cycles += [Cycle(every_lane, 0, shown, 0, 0), Cycle(0, 0, 0, 1, 0)]
            cycles += [Cycle(every_lane, address, word, 0, 0) for address, word in enumerate(words)]
            cycles.append(Cycle(*inputs))
            cycles.append(Cycle(0, 0, 0, 0, 0))
            cycles += [Cycle(0, 0, 0, 1, address) for address in addresses]
    return cycles


def random_cycles(shape: Shape, count: int) -> list[Cycle]:
    rng = random.Random(shape.depth * 1000 + shape.width)
    every_lane = (1 << shape.lanes) - 1
    cycles = [Cycle(every_lane, address, rng.getrandbits(shape.width), 0, 0) for address in range(shape.depth)]
    for _ in range(count):
        address = rng.randrange(shape.depth)
        other = address if rng.random() < 0.3 else rng.randrange(shape.depth)
        write = rng.getrandbits(shape.lanes) if rng.random() < 0.7 else 0
        cycles.append(Cycle(write, address, rng.getrandbits(shape.width), rng.getrandbits(1), other))
    return cycles


def differences(files: dict[str, str], shape: Shape, macro_bits: int, cycles: list[Cycle], folder: Path) -> int:
    """How many outputs differ between Verilog and model."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    address_bits = max(1, (shape.depth - 1).bit_length())
    fields = (shape.lanes, address_bits, shape.width, 1, address_bits, 1, shape.width)
    lines, compared = [], 0
    for cycle, shown in zip(cycles, outputs(shape, cycles), strict=True):
        compared += shown is not None
        word = 0
        values = (
            cycle.write,
            cycle.write_address,
            cycle.data,
            cycle.read,
            cycle.read_address,
            shown is not None,
            shown or 0,
        )
        for width, value in zip(fields, values, strict=True):
            word = word << width | value
        lines.append(f"{word:x}")
    assert compared > 0.5 * len(cycles)
    (folder / "cycles.hex").write_text("\n".join(lines) + "\n")
    (folder / "bench.v").write_text(f"""
module bench;
  reg clk = 1'b0;
  reg [{sum(fields) - 1}:0] cycles [0:{len(lines) - 1}];
  reg [{shape.lanes - 1}:0] write; reg [{address_bits - 1}:0] write_address, read_address;
  reg [{shape.width - 1}:0] data, expected; reg read, compare;
  wire [{shape.width - 1}:0] shown;
  integer at, wrong;
  memory #(.Depth ({shape.depth}), .Width ({shape.width}), .Lanes ({shape.lanes}), .MacroBits ({macro_bits})) u_dut (
    .clk_i (clk), .write_i (write), .write_address_i (write_address), .data_i (data),
    .read_i (read), .read_address_i (read_address), .data_o (shown)
  );
  initial begin
    $readmemh("cycles.hex", cycles);
    wrong = 0;
    for (at = 0; at < {len(lines)}; at = at + 1) begin
      {{write, write_address, data, read, read_address, compare, expected}} = cycles[at];
      #1 clk = 1'b1;
      #1 clk = 1'b0;
      if (compare && shown !== expected) wrong = wrong + 1;
    end
    $display("wrong %0d", wrong);
  end
endmodule
""")
    done = subprocess.run(
        ["iverilog", "-g2005", "-o", "bench.vvp", "-s", "bench", "bench.v", *files], cwd=folder, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return int(said.split()[1])


@pytest.mark.parametrize("kind", MACRO_BITS)
def test_every_state_and_input_of_the_smallest(kind: str, tmp_path: Path) -> None:
    cycles = exhaustive(SMALLEST)
    assert len(cycles) == 64 * 128 * 8
    assert differences(FILES, SMALLEST, MACRO_BITS[kind], cycles, tmp_path) == 0


@pytest.mark.parametrize("kind", MACRO_BITS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_random_cycles(shape: Shape, kind: str, tmp_path: Path) -> None:
    assert differences(FILES, shape, MACRO_BITS[kind], random_cycles(shape, 2000), tmp_path) == 0


@pytest.mark.parametrize(("macro_bits", "macro"), [(60, True), (61, False), (1, True), (59, True)])
def test_the_limit_between_registers_and_macro(macro_bits: int, macro: bool, tmp_path: Path) -> None:
    """5 words of 12 bits are a macro from a limit of 60 bits down: then a broken macro shows."""
    broken = {**FILES, "sram.v": FILES["sram.v"].replace("assign data_o = data_q;", "assign data_o = ~data_q;")}
    assert broken != FILES
    shape = SHAPES[1]
    assert (differences(broken, shape, macro_bits, random_cycles(shape, 50), tmp_path) > 0) == macro


@pytest.mark.parametrize(
    "mutant", MEMORY_MUTANTS, ids=lambda mutant: f"{mutant.design} {mutant.module}: {mutant.fault}"
)
def test_every_mutant_dies(mutant, tmp_path: Path) -> None:
    shape = SHAPES[1]
    assert differences(apply(mutant, FILES), shape, MACRO_BITS[mutant.design], random_cycles(shape, 400), tmp_path) > 0


@pytest.mark.parametrize("kind", MACRO_BITS)
def test_both_kinds_are_clean(kind: str, tmp_path: Path) -> None:
    """Under the three linters, with words that divide into lanes; the macro is a black box of the right widths."""
    parameters = f".Depth (6), .Width (12), .Lanes (3), .MacroBits ({MACRO_BITS[kind]})"
    ports = "clk_i write_i write_address_i data_i read_i read_address_i data_o"
    connections = ", ".join(f".{port} ({port})" for port in ports.split())
    (tmp_path / "store.v").write_text(
        "module store (\n  input wire clk_i,\n  input wire [2:0] write_i,\n  input wire [2:0] write_address_i,\n"
        "  input wire [11:0] data_i,\n  input wire read_i,\n  input wire [2:0] read_address_i,\n"
        f"  output wire [11:0] data_o\n);\n  memory #({parameters}) u_memory ({connections});\nendmodule\n"
    )
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert lint([tmp_path / name for name in ("store.v", *FILES)], "store", tmp_path / "lint") == []
