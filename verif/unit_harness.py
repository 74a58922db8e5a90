"""Texts and file formats of mass checks: many units side by side on shared operands, and programs that drive them.

Operands and results travel in binary files of 64-bit little-endian words, one column after the other, each value in
as many words as it needs. Icarus reads and writes hexadecimal text instead, one line a vector, where `x` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tpugen.arithmetic.integers import INT64_SAFE_BITS, IntArray
from tpugen.flows.verilated import PREFIX
from tpugen.rtl_templates.instances import instance
from tpugen.verif.unit_configurations import UnitConfiguration

__all__ = [
    "HARNESS",
    "TESTBENCH",
    "Column",
    "harness_text",
    "main_text",
    "operand_widths",
    "read_binary",
    "read_text",
    "testbench_text",
    "write_binary",
    "write_text",
]

HARNESS = "unit_harness"
TESTBENCH = "unit_testbench"


@dataclass(frozen=True)
class Column:
    """What one unit gave for a block of vectors.

    Attributes:
        values: Results as unsigned bits, shape (N,); int64, or Python integers beyond 62 bits.
        unknown: Bits as text, where a simulator with four states gave an `x` or `z`, by index; `values` holds 0 there.
    """

    values: IntArray
    unknown: dict[int, str]


def operand_widths(configurations: Sequence[UnitConfiguration]) -> tuple[int, int]:
    """Widths of the shared operands: the widest of any unit."""
    pairs = [configuration.operand_widths_bits for configuration in configurations]
    return max(a for a, _ in pairs), max(b for _, b in pairs)


def harness_text(configurations: Sequence[UnitConfiguration]) -> str:
    """A module with every unit on the low bits of the operands; result i is port `unit<i>_o`."""
    a_width, b_width = operand_widths(configurations)
    ports = [f"  input  wire [{a_width - 1}:0] a_i", f"  input  wire [{b_width - 1}:0] b_i"]
    ports += [f"  output wire [{unit.result_width_bits - 1}:0] unit{i}_o" for i, unit in enumerate(configurations)]
    bodies = []
    for index, unit in enumerate(configurations):
        first, second, result = unit.ports
        a, b = (width - 1 for width in unit.operand_widths_bits)
        nets = {first: f"a_i[{a}:0]", second: f"b_i[{b}:0]", result: f"unit{index}_o"}
        parameters = {name: str(value) for name, value in unit.verilog_parameters.items()}
        bodies.append(instance(unit.module, f"u_unit{index}", nets, parameters))
    return f"module {HARNESS} (\n" + ",\n".join(ports) + "\n);\n\n" + "\n\n".join(bodies) + "\n\nendmodule\n"


def _words(width_bits: int) -> int:
    return -(-width_bits // 64)


_MAIN = """\
#include "{prefix}.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

template <class T> static void load(T& port, const uint64_t* words) {{ port = static_cast<T>(*words); }}
template <std::size_t N> static void load(VlWide<N>& port, const uint64_t* words) {{
  std::memcpy(port.data(), words, 4 * N);
}}
template <class T> static void save(const T& port, uint64_t* words) {{ *words = port; }}
template <std::size_t N> static void save(const VlWide<N>& port, uint64_t* words) {{
  std::memcpy(words, port.data(), 4 * N);
}}

// program OPERANDS RESULTS COUNT SEED
int main(int argc, char** argv) {{
  if (argc != 5) return 2;
  const std::size_t count = std::strtoull(argv[3], nullptr, 10);
  std::vector<uint64_t> a(count * {a_words}), b(count * {b_words});
  std::FILE* operands = std::fopen(argv[1], "rb");
  if (operands == nullptr || std::fread(a.data(), 8 * {a_words}, count, operands) != count ||
      std::fread(b.data(), 8 * {b_words}, count, operands) != count) {{
    std::perror(argv[1]);
    return 3;
  }}
  VerilatedContext context;
  context.randReset(2);
  context.randSeed(static_cast<int>(std::strtoul(argv[4], nullptr, 10)));
  {prefix} units{{&context}};
{columns}
  for (std::size_t i = 0; i < count; ++i) {{
    load(units.a_i, &a[i * {a_words}]);
    load(units.b_i, &b[i * {b_words}]);
    units.eval();
{saves}
  }}
  std::FILE* results = std::fopen(argv[2], "wb");
  if (results == nullptr) {{
    std::perror(argv[2]);
    return 3;
  }}
  bool written = true;
{writes}
  if (std::fclose(results) != 0 || !written) {{
    std::perror(argv[2]);
    return 3;
  }}
  return 0;
}}
"""


def main_text(configurations: Sequence[UnitConfiguration]) -> str:
    """The C++ program around the model that Verilator made of `harness_text`."""
    a_width, b_width = operand_widths(configurations)
    words = [_words(unit.result_width_bits) for unit in configurations]
    numbered = list(enumerate(words))
    return _MAIN.format(
        prefix=PREFIX,
        a_words=_words(a_width),
        b_words=_words(b_width),
        columns="\n".join(f"  std::vector<uint64_t> r{i}(count * {n});" for i, n in numbered),
        saves="\n".join(f"    save(units.unit{i}_o, &r{i}[i * {n}]);" for i, n in numbered),
        writes="\n".join(
            f"  written = written && std::fwrite(r{i}.data(), 8 * {n}, count, results) == count;" for i, n in numbered
        ),
    )


def testbench_text(configurations: Sequence[UnitConfiguration], operands: str, results: str) -> str:
    """The same for Icarus: reads `operands`, writes `results`, both text."""
    a_width, b_width = operand_widths(configurations)
    wires = [f"  wire [{unit.result_width_bits - 1}:0] result{i};" for i, unit in enumerate(configurations)]
    nets = {"a_i": "a", "b_i": "b", **{f"unit{i}_o": f"result{i}" for i in range(len(configurations))}}
    form = " ".join(["%b"] * len(configurations))
    values = ", ".join(f"result{i}" for i in range(len(configurations)))
    return "\n".join(
        [
            f"module {TESTBENCH};",
            f"  reg [{a_width - 1}:0] a;",
            f"  reg [{b_width - 1}:0] b;",
            *wires,
            "  integer operands, results;",
            "",
            instance(HARNESS, "u_harness", nets),
            "",
            "  initial begin",
            f'    operands = $fopen("{operands}", "r");',
            f'    results = $fopen("{results}", "w");',
            '    while ($fscanf(operands, "%h %h\\n", a, b) == 2) begin',
            "      #1;",
            f'      $fdisplay(results, "{form}", {values});',
            "    end",
            "    $fclose(results);",
            "    $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )


def write_binary(path: Path, a: IntArray, b: IntArray, configurations: Sequence[UnitConfiguration]) -> None:
    """Operands for the compiled program."""
    widths = operand_widths(configurations)
    with path.open("wb") as stream:
        for values, width in zip((a, b), widths, strict=True):
            stream.write(_to_words(values, _words(width)).tobytes())


def _to_words(values: IntArray, words: int) -> IntArray:
    """Shape (N, words) of uint64."""
    if values.dtype != object:
        low = values.astype("<u8").reshape(-1, 1)
        return np.pad(low, ((0, 0), (0, words - 1)))
    mask = (1 << 64) - 1
    return np.stack([((values >> (64 * word)) & mask).astype("<u8") for word in range(words)], axis=1)


def read_binary(path: Path, count: int, configurations: Sequence[UnitConfiguration]) -> list[Column]:
    """What the compiled program wrote, one column per unit.

    Raises:
        ValueError: the file has another size.
    """
    words = np.fromfile(path, dtype="<u8")
    columns, start = [], 0
    for unit in configurations:
        needed = _words(unit.result_width_bits)
        columns.append(Column(_from_words(words[start : start + count * needed], needed, unit.result_width_bits), {}))
        start += count * needed
    if words.size != start:
        raise ValueError(f"{path} holds {words.size} words instead of {start}")
    return columns


def _from_words(words: IntArray, per_value: int, width_bits: int) -> IntArray:
    if width_bits <= INT64_SAFE_BITS:
        return words.astype(np.int64)
    table = words.reshape(-1, per_value)
    total = np.zeros(table.shape[0], dtype=object)
    for word in range(per_value):
        column = np.empty(table.shape[0], dtype=object)
        column[:] = table[:, word].tolist()
        total += column << (64 * word)
    return total


def write_text(path: Path, a: IntArray, b: IntArray) -> None:
    """Operands for the Icarus testbench."""
    lines = (f"{first:x} {second:x}" for first, second in zip(a.tolist(), b.tolist(), strict=True))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def read_text(path: Path, count: int, configurations: Sequence[UnitConfiguration]) -> list[Column]:
    """What the Icarus testbench wrote, one column per unit.

    Raises:
        ValueError: the file has another number of lines.
    """
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    if len(rows) != count:
        raise ValueError(f"{path} holds {len(rows)} lines instead of {count}")
    columns = []
    for unit, texts in zip(configurations, zip(*rows, strict=True), strict=True):
        unknown = {index: text for index, text in enumerate(texts) if not set(text) <= {"0", "1"}}
        values = [0 if index in unknown else int(text, 2) for index, text in enumerate(texts)]
        wide = unit.result_width_bits > INT64_SAFE_BITS
        column = np.empty(count, dtype=object if wide else np.int64)
        column[:] = values
        columns.append(Column(column, unknown))
    return columns
