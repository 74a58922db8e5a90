"""Run folders built by code, with the layout and the types of real ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tpugen.findings import Finding
from tpugen.results import (
    AreaShare,
    DesignMeasurement,
    GateRecord,
    GemmResult,
    Manifest,
    ModelResult,
    PathStage,
    PowerResult,
    ProvenanceRecord,
    SimulationResult,
    SynthesisResult,
    TestRecord,
    TimingResult,
    ToolVersion,
)
from tpugen.spec import contract_for, spec_from_dict

STEPS = ("spec", "write", "sandbox", "contract", "lint", "simulate", "synth", "sta", "model")
SUMMARIES = {
    "spec": "systolic array, 2 assumptions",
    "write": "composer, 9 files, 612 lines",
    "sandbox": "9 files, 28,114 bytes, nothing dangerous",
    "contract": "11 ports",
    "lint": "no finding of iverilog, verilator, yosys",
    "simulate": "14 tests, 4,096 results, seed 1",
    "synth": "osu018: 101,234 um2, 2,345 cells, flat",
    "sta": "slack +1.28 ns at 100 MHz",
    "model": "GEMM 64x64x64: 5,139 cycles",
}
TOOLS = [
    ToolVersion(name="iverilog", path="/usr/bin/iverilog", version="11.0"),
    ToolVersion(name="yosys", path="/usr/bin/yosys", version="0.23"),
    ToolVersion(name="sta", path="/usr/bin/sta", version="2.0.17"),
]
ARRAY = {
    "kind": "systolic_array", "rows": 4, "cols": 4, "dataflow": "output_stationary", "activation_width_bits": 8,
    "weight_width_bits": 8, "accumulator_width_bits": 32,
}  # fmt: skip
RTL = """// A processing element.
module pe #(
  parameter integer W = 8  /* bits */
) (
  input  wire         clk_i,
  input  wire [W-1:0] a_i,
  output reg  [15:0]  q_o
);
  always @(posedge clk_i) q_o <= q_o + a_i * 8'hff;
endmodule
"""


def write_json(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def store(path: Path, result: Any) -> None:
    write_json(path, result.model_dump(mode="json"))


def record(step: str, verdict: str = "pass", findings: list[Finding] | None = None, **other: Any) -> GateRecord:
    fields = {"summary": SUMMARIES.get(step, ""), "seconds": 0.7, "tools": TOOLS if step == "lint" else [], **other}
    return GateRecord(step=step, verdict=verdict, findings=findings or [], **fields)


def manifest(spec: dict[str, Any], **changes: Any) -> Manifest:
    contract = contract_for(spec_from_dict(spec))
    fields: dict[str, Any] = {
        "run_id": "20261121-101500-example", "created_utc": "2026-11-21T10:15:00+00:00", "tpugen_version": "0.1.0",
        "command": ["tpugen", "generate", "4x4 output-stationary array, signed int8", "--seed", "7"],
        "request": "4x4 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz",
        "spec": spec, "module": contract.module, "contract_sha256": contract.content_hash(), "writer": "composer",
        "seed": 7, "technology": "osu018", "tools": TOOLS, "git": "0123abcd", "machine": "x86_64, 2 cores, 8 GiB",
        "provenance": [
            ProvenanceRecord(file="pe.v", writer="composer", sha256=hashlib.sha256(RTL.encode()).hexdigest()),
        ],
        "steps": [record(step) for step in STEPS], "verdict": "pass", "seconds": 41.3,
    }  # fmt: skip
    return Manifest(**{**fields, **changes})


def critical_path(stages: int, arrival_ns: float) -> list[PathStage]:
    cells = ["DFFPOSX1", "FAX1", "NAND2X1", "OAI21X1", "XOR2X1", "INVX2", "BUFX4", "AOI22X1"]
    weights = [1.0 + 0.37 * ((7 * i) % 5) for i in range(stages)]
    unit, path, arrival = arrival_ns / sum(weights), [], 0.0
    for i, weight in enumerate(weights):
        arrival += weight * unit
        pin = f"u_array/gen_row[0].gen_col[{i % 4}].u_pe/_{1000 + 13 * i}_/Y"
        path.append(PathStage(pin=pin, cell=cells[i % len(cells)], delay_ns=weight * unit, arrival_ns=arrival))
    return path


def timing(clock_mhz: float = 100.0, path_ns: float = 8.72, stages: int = 18, clocked: bool = True) -> TimingResult:
    return TimingResult(
        clock_mhz=clock_mhz, worst_slack_ns=1000 / clock_mhz - path_ns, fmax_mhz=1000 / path_ns,
        critical_path_ns=path_ns, critical_path=critical_path(stages, path_ns - (0.21 if clocked else 0)),
        power=PowerResult(
            total_mw=12.41, internal_mw=7.9, switching_mw=4.47, leakage_mw=0.04,
            by_group_mw={"Sequential": 6.2, "Combinational": 5.21, "Clock": 1.0, "Macro": 0.0},
            activity_source="simulation", annotated_pins=9120, clock_mhz=clock_mhz,
        ),
    )  # fmt: skip


def synthesis(modules: int = 5) -> SynthesisResult:
    names = ["pe_output_stationary", "drain_column", "skew_buffer", "output_stationary_control", "array_top"]
    names += [f"helper_{i}" for i in range(modules - len(names))]
    areas = [
        AreaShare(module=name, instances=16 if not i else 1, area_um2=88_000 / (1 + i) ** 2, cells=2100 // (1 + i))
        for i, name in enumerate(names[:modules])
    ]
    return SynthesisResult(
        technology="osu018", mode="hierarchical", area_um2=sum(a.area_um2 for a in areas), sequential_area_um2=41_020.0,
        cells=sum(a.cells for a in areas), flip_flops=913, areas=areas, netlist="synth/netlist.v", seconds=12.1,
    )  # fmt: skip


def model() -> ModelResult:
    def gemm(m: int, k: int, n: int, cycles: int) -> GemmResult:
        macs = m * k * n
        return GemmResult(
            m=m, k=k, n=n, macs=macs, tiles=-(-m // 4) * -(-n // 4), cycles=cycles, utilization=macs / cycles / 16,
            mapping_efficiency=1.0, latency_us=cycles / 100, gops=macs / cycles / 10, gops_per_w=macs / cycles / 0.12,
            energy_uj=cycles / 100 * 0.0124,
        )  # fmt: skip

    return ModelResult(
        cycle_model="tiles back to back, K + 4 + 4 + 1 cycles per tile",
        design=DesignMeasurement(design="x", technology="osu018", clock_mhz=100.0, area_um2=1e5, power_mw=12.41),
        gemms=[gemm(64, 64, 64, 16_393), gemm(16, 256, 10, 3_081)], total=gemm(80, 64, 64, 20_512),
    )  # fmt: skip


def vcd(spec: dict[str, Any], length: int = 5, *, scope: str = "top") -> str:
    """A VCD of an output-stationary array's ports: reset, one tile of `length` slices, its result rows."""
    contract = contract_for(spec_from_dict(spec))
    rows, cols = spec["rows"], spec["cols"]
    first = length + cols + 2
    codes = {port.name: chr(33 + i) for i, port in enumerate(contract.ports)}
    lines = ["$timescale 1ns $end", f"$scope module {scope} $end"]
    lines += [f"$var wire {port.width_bits} {codes[port.name]} {port.name} $end" for port in contract.ports]
    lines += ["$upscope $end", "$enddefinitions $end"]

    def change(name: str, value: int | None) -> None:
        width = contract.port(name).width_bits
        bits = "x" * width if value is None else f"{value:0{width}b}"
        lines.append(f"{bits}{codes[name]}" if width == 1 else f"b{bits} {codes[name]}")

    for cycle in range(first + rows + 8):
        start = cycle - 3
        lines.append(f"#{cycle * 10}")
        change("clk_i", 1)
        change("rst_ni", int(cycle >= 2))
        change("operand_valid_i", int(0 <= start < length))
        change("operand_ready_o", 1)
        change("operand_last_i", int(start == length - 1))
        active = 0 <= start < length
        change("activation_i", sum(((37 * start + 11 * r) % 256) << 8 * r for r in range(rows)) if active else None)
        change("weight_i", sum(((91 * start + 7 * c + 200) % 256) << 8 * c for c in range(cols)) if active else None)
        leaving = 0 <= start - first < rows
        change("result_valid_o", int(leaving))
        change("result_ready_i", 1)
        change("result_last_o", int(start - first == rows - 1))
        change("result_o", sum(((start * 70_001 - 300_000) % 2**32) << 32 * c for c in range(cols)) if leaving else 0)
        lines.append(f"#{cycle * 10 + 5}")
        change("clk_i", 0)
    return "\n".join(lines) + "\n"


def passing_run(folder: Path, spec: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A whole run; `changes` go to the manifest."""
    spec = spec_from_dict(spec or ARRAY).model_dump(mode="json")
    contract = contract_for(spec_from_dict(spec))
    stored = manifest(spec, **changes)
    store(folder / "manifest.json", stored)
    assumption = {"field": "clock_mhz", "value": 100.0, "reason": "no clock named; 100 MHz is the default"}
    write_json(
        folder / "spec.json",
        {"spec": spec, "assumptions": [assumption], "not_understood": [], "request": stored.request},
    )
    store(folder / "contract.json", contract)
    (folder / "rtl").mkdir()
    (folder / "rtl" / "pe.v").write_text(RTL)
    for gate in stored.steps:
        store(folder / gate.step / "result.json", gate)
    clocked = contract.clocked
    cycles = contract.latency.tile_cycles(5) if clocked else None
    waves = spec.get("dataflow") == "output_stationary"
    store(
        folder / "simulate" / "simulation.json",
        SimulationResult(
            verdict="pass", simulator="Icarus Verilog 11.0", seed=7, results_checked=4096, measured_cycles=cycles,
            expected_cycles=cycles, waveform="simulate/waves.vcd" if waves else None,
            tests=[TestRecord(name=f"test_{name}", passed=True, seconds=0.4) for name in ("corners", "latency")],
        ),
    )  # fmt: skip
    if waves:
        (folder / "simulate" / "waves.vcd").write_text(vcd(spec))
    store(folder / "synth" / "synthesis.json", synthesis())
    store(folder / "sta" / "timing.json", timing(clocked=clocked))
    if clocked:
        store(folder / "model" / "model.json", model())
    return folder
