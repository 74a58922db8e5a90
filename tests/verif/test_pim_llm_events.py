"""What the performance model counts of the hybrid accelerator's macros is what its RTL does, event for event."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape, tile_shapes
from tpugen.arithmetic.tpu import TpuShape
from tpugen.model.accelerators.work import crossbars_of, layer_memories
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.pim_llm_run import run_script
from tpugen.verif.pim_llm_scenarios import tokens_script
from tpugen.verif.pim_llm_script import Design

CROSSBARS = CrossbarOptions(crossbar_rows=16, crossbar_cols=16, adc_bits=5, columns_per_adc=2)
DESIGNS = {
    # Several tiles of positions, operands that fit their banks.
    "heads": (LayerShape(12, 3, 10, 5), TpuShape(3, 2, 8, unsigned_activations=True)),
    # Groups of heads in one tile, products longer than a bank; a gate; norms with biases.
    "groups": (
        LayerShape(16, 4, 12, 6, kv_heads=2, gated=True, norm="layer_norm"),
        TpuShape(2, 3, 4, unsigned_activations=True),
    ),
    # A group of two tiles; one column of tiles, whose operand is sent once.
    "wide group": (LayerShape(12, 6, 8, 4, kv_heads=1), TpuShape(4, 5, 16, unsigned_activations=True)),
}
NAMES = {
    "u_keys": "keys",
    "u_values": "values",
    "u_queries": "queries",
    "u_scores": "scores",
    "u_weights": "attention weights",
    "u_sums": "sums of weights",
    "u_rows": "context",
    "u_a_memory": "operands A",
    "u_b_memory": "operands B",
    "u_residual": "residual stream",
    "u_quantise": "quantiser",
    "u_hidden": "gate",
}
COUNTED = """
  integer events;
  initial events = $fopen("events.txt", "a");
  always @(posedge clk_i) begin
    if (read_i) begin $fdisplay(events, "read %m %0d %0d", Depth, Width); $fflush(events); end
    if (|write_i) begin $fdisplay(events, "write %m %0d %0d", Depth, Width); $fflush(events); end
  end

  genvar l;
"""
CROSSBAR_COUNTED = """
  integer events;
  initial events = $fopen("events.txt", "a");
  always @(posedge clk_i) begin
    if (sample_i) begin $fdisplay(events, "sample"); $fflush(events); end
    if (convert_i) begin $fdisplay(events, "conversion"); $fflush(events); end
  end

  localparam integer ColumnBits"""


def memory_name(instance: str) -> str:
    """The model's name of an instance of `memory`."""
    path = instance.split(".")
    if "u_norm" in path:
        return "norm" if path[-1] == "u_buffer" else "gains"
    if path[-1] == "u_buffer" and "u_softmax" in path:
        return "exponents"
    return next(NAMES[part] for part in reversed(path) if part in NAMES)


@pytest.mark.parametrize("name", DESIGNS)
def test_events_of_macros(name: str, tmp_path: Path) -> None:
    shape, array = DESIGNS[name]
    sources = {module: load_library()[module].source for module in dependency_closure(["pim_llm"])}
    assert "  genvar l;\n" in sources["memory"]
    sources["memory"] = sources["memory"].replace("  genvar l;\n", COUNTED, 1)
    assert sources["crossbar"].count("\n  localparam integer ColumnBits") == 1
    sources["crossbar"] = sources["crossbar"].replace("\n  localparam integer ColumnBits", CROSSBAR_COUNTED)
    script = tokens_script(Design(shape, array, CROSSBARS), shape.context, seed=1)
    assert run_script(script, sources, tmp_path) == []
    simulated: Counter[tuple[str, str]] = Counter()
    sizes = {}
    for line in (tmp_path / "events.txt").read_text().splitlines():
        if " " not in line:
            simulated["crossbars", line] += 1
            continue
        found = re.fullmatch(r"(read|write) (\S+) (\d+) (\d+)", line.replace("\\", "").replace("] .", "]."))
        assert found is not None, line
        memory = memory_name(found.group(2))
        simulated[memory, found.group(1)] += 1
        sizes[memory] = (int(found.group(3)), int(found.group(4)))
    counted: Counter[tuple[str, str]] = Counter()
    for position in range(shape.context):
        for memory in layer_memories(shape, array, position):
            counted[memory.name, "read"] += sum(memory.reads.values())
            counted[memory.name, "write"] += sum(memory.writes.values())
            if memory.name in sizes:
                assert sizes[memory.name] == (memory.depth, memory.width_bits), memory.name
    planes = 8 * sum(map(crossbars_of, tile_shapes(shape, CROSSBARS).values())) * shape.context
    counted["crossbars", "sample"] = planes
    counted["crossbars", "conversion"] = planes * CROSSBARS.columns_per_adc
    del simulated["gains", "write"]  # the host's, before the first token
    assert simulated == +counted
