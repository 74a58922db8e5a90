"""Typed results that rooms hand to each other and that a run folder stores as JSON.

Gates and the model return them, the pipeline writes them, the report and the CLI read them back: one definition.
Units are in the names. `None` means "not measured", never zero.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tpugen.findings import Finding
from tpugen.results.accelerators import AcceleratorSimulation, BlockMeasurement, MacroUse
from tpugen.results.macros import MacroPower

__all__ = [
    "AcceleratorSimulation",
    "AreaShare",
    "BlockMeasurement",
    "DesignMeasurement",
    "GateRecord",
    "GemmReport",
    "GemmResult",
    "MacroPower",
    "MacroUse",
    "Manifest",
    "ModelResult",
    "PathStage",
    "PowerResult",
    "ProvenanceRecord",
    "SimulationResult",
    "SynthesisResult",
    "TestRecord",
    "TimingResult",
    "ToolVersion",
    "Verdict",
]

Verdict = Literal["pass", "fail", "skipped"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToolVersion(_Record):
    """A tool as it was found."""

    name: str
    path: str
    version: str


class ProvenanceRecord(_Record):
    """Who wrote an RTL file. `writer`: `composer` (rendered for this design), `library` (verbatim) or `llm`."""

    file: str
    writer: Literal["composer", "library", "llm"]
    sha256: str
    model: str | None = None
    attempt: int | None = None


class GateRecord(_Record):
    """Verdict of one step of a run, as stored in `<step>/result.json`.

    Attributes:
        step: `spec`, `write`, `sandbox`, `contract`, `lint`, `simulate`, `prove`, `error`, `synth`, `sta`,
            `model`, `report`.
        summary: One line for the terminal, e.g. `14 tests, 4,096 results, seed 1`.
    """

    step: str
    verdict: Verdict
    summary: str
    findings: list[Finding] = Field(default_factory=list)
    seconds: float = 0.0
    cached: bool = False
    tools: list[ToolVersion] = Field(default_factory=list)


class TestRecord(_Record):
    """One test of the bench."""

    __test__ = False  # not a pytest class

    name: str
    passed: bool
    seconds: float
    message: str | None = None


class SimulationResult(_Record):
    """What the simulation gate measured.

    Attributes:
        measured_cycles: Cycles of the latency test, from first operand beat to last result beat, both counted.
        expected_cycles: The contract's formula for the same stimulus.
        results_checked: Result beats compared with the golden model.
        waveform: Path of the wave dump (FST or VCD) relative to the run folder, if any.
        activity: Path of the switching activity (JSON) relative to the run folder, if any.
        accelerator: Cycles of every operator, clipping and more, of a whole accelerator.
    """

    verdict: Verdict
    simulator: str
    seed: int
    tests: list[TestRecord]
    findings: list[Finding] = Field(default_factory=list)
    measured_cycles: int | None = None
    expected_cycles: int | None = None
    results_checked: int = 0
    waveform: str | None = None
    activity: str | None = None
    accelerator: AcceleratorSimulation | None = Field(default=None, exclude_if=lambda value: value is None)


class AreaShare(_Record):
    """Area of one module of the hierarchy: `area_um2` is the total over all its instances, children not included."""

    module: str
    instances: int
    area_um2: float
    cells: int


class SynthesisResult(_Record):
    """What synthesis measured.

    Attributes:
        mode: `flat`, or `hierarchical` (each distinct module once).
        area_um2: Of the standard cells; macros are beside it.
        netlist: Path of the mapped netlist relative to the run folder.
        macros: Black boxes that stay in the netlist, with the area of their cards.
    """

    technology: str
    mode: Literal["flat", "hierarchical"]
    area_um2: float
    sequential_area_um2: float | None = None
    cells: int
    flip_flops: int
    areas: list[AreaShare]
    netlist: str
    seconds: float
    macros: list[MacroUse] = Field(default_factory=list, exclude_if=lambda value: not value)


class PathStage(_Record):
    """One stage of the critical path, from launch to capture."""

    pin: str
    cell: str | None
    delay_ns: float
    arrival_ns: float


class PowerResult(_Record):
    """Power in mW, split as OpenSTA does; `activity_source` says where the switching activity came from."""

    total_mw: float
    internal_mw: float
    switching_mw: float
    leakage_mw: float
    by_group_mw: dict[str, float] = Field(default_factory=dict)
    activity_source: Literal["simulation", "default"]
    annotated_pins: int = 0
    clock_mhz: float


class TimingResult(_Record):
    """Timing at the spec's clock. Combinational designs are timed between virtual-clock registers.

    Attributes:
        blocks: Area and power of the top's blocks, of whole accelerators.
        macro_power: Of the black boxes, from cards; `power` is that of the standard cells alone.
    """

    clock_mhz: float
    worst_slack_ns: float
    fmax_mhz: float
    critical_path_ns: float
    critical_path: list[PathStage]
    power: PowerResult | None = None
    blocks: list[BlockMeasurement] = Field(default_factory=list, exclude_if=lambda value: not value)
    macro_power: list[MacroPower] = Field(default_factory=list, exclude_if=lambda value: not value)


class DesignMeasurement(_Record):
    """A measured design as the performance model takes it in; each number names its origin."""

    design: str
    technology: str
    clock_mhz: float
    area_um2: float | None
    power_mw: float | None
    origin: Literal["measured", "published", "assumed"] = "measured"


class GemmResult(_Record):
    """One GEMM C[M,N] = A[M,K] x B[K,N] on the design. One operation is one MAC.

    Attributes:
        name: Of the layer that it is, if it is one.
        count: How often it runs; MACs, tiles, cycles, time, energy and traffic are of all of them.
        dataflow: `os`, `ws`, `is` or `mac`; None of the total of several GEMMs that differ in it.
        sram_reads: Elements of A and B that the array reads.
        sram_writes: Elements of C that it writes, partial sums included; under the cycle model `scalesim-3.0.0` as
            that package reports them (for `os` it adds R + C per fold).
        sram_writes_counted: The same without what the package adds.
        dram_reads: Elements read from DRAM, where the size of the SRAM was given.
        dram_writes: Elements written to DRAM, likewise.
    """

    m: int
    k: int
    n: int
    macs: int
    tiles: int
    cycles: int
    utilization: float
    mapping_efficiency: float
    latency_us: float
    gops: float
    gops_per_w: float | None
    energy_uj: float | None
    name: str | None = None
    count: int = 1
    dataflow: str | None = None
    sram_reads: int | None = None
    sram_writes: int | None = None
    sram_writes_counted: int | None = None
    dram_reads: int | None = None
    dram_writes: int | None = None


class ModelResult(_Record):
    """A workload on the design: totals are the sums of the GEMMs, run one after the other."""

    cycle_model: str
    design: DesignMeasurement
    gemms: list[GemmResult]
    total: GemmResult


class GemmReport(ModelResult):
    """What `tpugen model gemm` says: a `ModelResult` with the total's figures at the top, and the array.

    Attributes:
        rows: Of the array, or of the matrix of a PIM tile.
        dataflow: Of the array; `best` where it was chosen GEMM by GEMM; None of a PIM tile.
        utilization: MACs over cycles times elements of the array; of a PIM tile the time in which its converters work.
        sram_reads: Of memory beside the array, and so on; None of designs with memories of their own.
    """

    rows: int
    cols: int
    dataflow: str | None
    macs: int
    cycles: int
    utilization: float
    mapping_efficiency: float
    latency_us: float
    gops: float
    gops_per_w: float | None
    energy_uj: float | None
    sram_reads: int | None
    sram_writes: int | None
    sram_writes_counted: int | None
    dram_reads: int | None
    dram_writes: int | None


class Manifest(_Record):
    """`manifest.json` of a run: everything needed to tell, compare and repeat it."""

    schema_version: int = 1
    run_id: str
    created_utc: str
    tpugen_version: str
    command: list[str]
    request: str | None
    spec: dict[str, object]
    module: str
    contract_sha256: str
    writer: str
    chat_model: str | None = None
    seed: int
    technology: str
    retrieved: list[str] = Field(default_factory=list)
    provenance: list[ProvenanceRecord] = Field(default_factory=list)
    tools: list[ToolVersion] = Field(default_factory=list)
    git: str | None = None
    machine: str | None = None
    steps: list[GateRecord] = Field(default_factory=list)
    verdict: Literal["pass", "fail", "running", "interrupted", "error"] = "running"
    error: str | None = None
    seconds: float = 0.0
