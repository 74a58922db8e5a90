"""Measures tpugen's figures on this machine and writes them to benchmarks/results/.

    .venv/bin/python benchmarks/run.py [--name NAME] [--only FIGURE ...] [--repeats N]

Each figure is measured by running the command that a user would run, in an empty folder with an empty cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TPUGEN = Path(sys.executable).with_name("tpugen")

DEMO = "4x4 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz"
LARGE = "16x16 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz"
PEER = "4x4 output-stationary systolic array, signed int8, 18-bit accumulators, 500 MHz"
TPU_ARRAY = "32x32 output-stationary systolic array, signed int8, 32-bit accumulators, 500 MHz"
TPU_UNITS = {
    "multiplier": {"family": "exact", "structure": "booth_radix4"},
    "adder": {"family": "exact", "structure": "brent_kung"},
}
LAYER = (
    "hybrid PIM-LLM accelerator for a ternary decoder layer, d=64, 4 heads, d_ff=128, context 16, 8-bit activations, "
    "8x8 array, 64x64 crossbars, 6-bit ADCs"
)
NANGATE45 = ("TPUGEN_LIBERTY_NANGATE45", "TPUGEN_LIBERTY_DIR")


@dataclass
class Figure:
    """One measured figure.

    Attributes:
        name: Stable identifier.
        what: One line for the table.
        unit: Unit of `value` and `target`.
        target: What is to be reached.
        at_most: Whether smaller is better.
        value: What was measured: the median of `samples`.
        samples: Every measurement.
        command: What was run.
        note: Why it was not measured, or what else belongs to it.
    """

    name: str
    what: str
    unit: str
    target: float
    at_most: bool = True
    value: float | None = None
    samples: list[float] = field(default_factory=list)
    command: str = ""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None where nothing was measured."""
        if self.value is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


class Bench:
    """A folder with an empty cache in which commands are timed."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.folder = Path(tempfile.mkdtemp(prefix="tpugen-bench-"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")},
            "TPUGEN_CACHE_DIR": str(self.folder / "cache"),
            "TPUGEN_RUNS_DIR": str(self.folder / "runs"),
            "NO_COLOR": "1",
        }

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_exc: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments: str) -> tuple[float, str]:
        """Seconds and standard output of one `tpugen` command, which must succeed."""
        before = time.perf_counter()
        done = subprocess.run(
            [str(TPUGEN), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - before
        if done.returncode != 0:
            sys.exit(f"`tpugen {' '.join(arguments)}` ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return seconds, done.stdout

    def sample(self, figure: Figure, *arguments: str) -> None:
        """Median over repeats of a quick command, after one run that warms the file cache."""
        self.run(*arguments)
        figure.samples = [round(self.run(*arguments)[0], 4) for _ in range(self.repeats)]
        figure.value = round(statistics.median(figure.samples), 4)
        figure.command = shown(arguments)

    def once(self, figure: Figure, *arguments: str) -> dict[str, object]:
        """One long command with `--json`; its seconds, and what it printed."""
        seconds, text = self.run(*arguments, "--json")
        figure.value = round(seconds, 2)
        figure.samples = [figure.value]
        figure.command = shown(arguments)
        reply: dict[str, object] = json.loads(text)
        if reply.get("verdict") != "pass":
            sys.exit(f"`{figure.command}` did not pass: {reply.get('verdict')}")
        return reply


def shown(arguments: tuple[str, ...]) -> str:
    """The command as a user would type it."""
    return " ".join(["tpugen", *(f'"{word}"' if " " in word else word for word in arguments)])


def start_up(bench: Bench) -> list[Figure]:
    """Time until `--help` and `spec` have answered."""
    by_help = Figure("help", "`tpugen --help`, warm", "s", 0.5)
    bench.sample(by_help, "--help")
    by_spec = Figure("spec", "`tpugen spec`, warm", "s", 0.5)
    bench.sample(by_spec, "spec", LARGE, "--json")
    return [by_help, by_spec]


def demo(bench: Bench) -> list[Figure]:
    """The job of `make demo`, set-up not included."""
    figure = Figure("demo", "4x4 INT8 array, all gates (`make demo` after set-up)", "s", 60)
    bench.once(figure, "generate", DEMO, "--out", "demo")
    return [figure]


def large(bench: Bench) -> list[Figure]:
    """A 16x16 array, first from nothing, then from the cache."""
    first = Figure("array-16x16", "16x16 INT8 array, all gates", "s", 180)
    bench.once(first, "generate", LARGE)
    again = Figure("array-16x16-cached", "the same again, from the cache", "s", 3)
    bench.once(again, "generate", LARGE)
    return [first, again]


def peer(bench: Bench) -> list[Figure]:
    """The array that published work reports: 32,208 um2 at 2.51 ns in the same library (arXiv 2503.05951)."""
    area = Figure("nangate45-area", "4x4 INT8, 18-bit accumulators, nangate45: area", "um2", 32208 / 2)
    period = Figure("nangate45-period", "4x4 INT8, 18-bit accumulators, nangate45: shortest clock period", "ns", 2.0)
    if not any(os.environ.get(name) for name in NANGATE45):
        area.note = period.note = f"not measured: set {' or '.join(NANGATE45)} to the library"
        return [area, period]
    seconds = Figure("nangate45", "", "s", 0)
    reply = bench.once(seconds, "generate", PEER, "--technology", "nangate45")
    for figure in (area, period):
        figure.command = seconds.command
    area.value = float(str(reply["area_um2"]))
    period.value = round(1e3 / float(str(reply["fmax_mhz"])), 4)
    area.samples, period.samples = [area.value], [period.value]
    area.note = f"power {reply['power_mw']} mW at 500 MHz with activity from simulation"
    return [area, period]


def tpu_array(bench: Bench) -> list[Figure]:
    """The TPU's array at its largest usual size: area of a processing element, and the clock it closes.

    As the TPU has it, and with other units of the same function, by which it could be smaller.
    """
    area = Figure("tpu-array-pe", "32x32 INT8 array, 32-bit accumulators, nangate45, 500 MHz: a PE", "um2", 1000)
    whole = Figure("tpu-array", "the same with all skew, drain and control: by PE", "um2", 1000)
    period = Figure("tpu-array-period", "the same: shortest clock period", "ns", 2.0)
    other = Figure("tpu-array-pe-booth", "the same with radix-4 Booth and Brent-Kung units: a PE", "um2", 1000)
    figures = [area, whole, period, other]
    if not any(os.environ.get(name) for name in NANGATE45):
        for figure in figures:
            figure.note = f"not measured: set {' or '.join(NANGATE45)} to the library"
        return figures
    measured = []
    for name, units in (("plain", {}), ("booth", TPU_UNITS)):
        spec = bench.folder / f"{name}.json"
        spec.write_text(json.dumps({**json.loads(bench.run("spec", TPU_ARRAY, "--json")[1])["spec"], **units}))
        arguments = ("synth", "--spec", str(spec), "--technology", "nangate45", "--json")
        seconds, text = bench.run(*arguments)
        reply = json.loads(text)
        elements = [share for share in reply["synthesis"]["areas"] if share["module"] == "pe_output_stationary"]
        measured.append(
            {
                "pe": round(sum(share["area_um2"] for share in elements) / 1024, 1),
                "whole": round(reply["synthesis"]["area_um2"] / 1024, 1),
                "period": round(1e3 / reply["timing"]["fmax_mhz"], 4),
                "seconds": round(seconds, 1),
            }
        )
    plain, booth = measured
    values = (plain["pe"], plain["whole"], plain["period"], booth["pe"])
    for figure, value in zip(figures, values, strict=True):
        figure.value, figure.samples = value, [value]
        figure.command = f'tpugen synth "{TPU_ARRAY}" --technology nangate45'
    other.command = "tpugen synth --spec FILE --technology nangate45"
    area.note = f"{plain['seconds']} s; skew and drain registers are the rest of the array's area"
    other.note = f"by PE of the whole array {booth['whole']} um2, shortest period {booth['period']} ns"
    return figures


def decoder_layer(bench: Bench) -> list[Figure]:
    """A layer of the hybrid accelerator, 16 tokens: time of its simulation, and whether the model knows its cycles."""
    seconds = Figure("layer-simulation", "64-wide decoder layer, 16 tokens, Verilator, build and all tests", "s", 120)
    difference = Figure("layer-cycles", "operators whose simulated cycles differ from the model's", "", 0)
    bench.run("rtl", LAYER, "--out", "layer")
    spec = bench.folder / "layer.json"
    spec.write_text(json.dumps(json.loads(bench.run("spec", LAYER, "--json")[1])["spec"]))
    sources = sorted(str(path.relative_to(bench.folder)) for path in (bench.folder / "layer").rglob("*.v"))
    command = ("verify", *sources, "--spec", "layer.json", "--until", "simulate", "--out", "verified", "--json")
    _, text = bench.run(*command)
    simulation = json.loads((bench.folder / "verified" / "simulate" / "simulation.json").read_text())
    step = next(step for step in json.loads(text)["steps"] if step["step"] == "simulate")
    operators = simulation["accelerator"]["operators"] + simulation["accelerator"]["first"]
    seconds.value = round(step["seconds"], 1)
    seconds.note = f"{simulation['accelerator']['tokens']} tokens, {simulation['results_checked']:,} results compared"
    difference.value = sum(item["simulated_cycles"] != item["model_cycles"] for item in operators)
    difference.note = f"{len(operators)} operators, at the first and the last position"
    for figure in (seconds, difference):
        figure.samples = [] if figure.value is None else [figure.value]
        figure.command = "tpugen verify layer/*.v --spec layer.json --until simulate"
    return [seconds, difference]


def error_metrics(bench: Bench) -> list[Figure]:
    """Error metrics over all pairs: the slowest unit of 8 bits on one core, the slowest family of 16 bits on all."""
    from tpugen.arithmetic.catalogue import choices_of, legal_settings
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error
    from tpugen.arithmetic.error_sweep import measure_band
    from tpugen.arithmetic.error_units import legal_unit

    at_8 = Figure("errors-8-bit", "error metrics over all pairs of the slowest 8-bit unit, one core", "ms", 50)
    at_16 = Figure("errors-16-bit", "error metrics over all 2^32 pairs of the slowest 16-bit family", "s", 180)
    at_8.command = "multiplier_error(FAMILY, 8, 8, parameters=...), adder_error(FAMILY, 8, parameters=...)"
    slowest = (0.0, "", "")
    for family in choices_of():
        operands = 1 if family.role == "adder" else 2
        for signed in (False, True):
            for setting in legal_settings(family, (8,) * operands):
                samples = []
                for _ in range(3):
                    before = time.perf_counter()
                    if family.role == "adder":
                        adder_error(family.name, 8, signed=signed, parameters=setting)
                    else:
                        multiplier_error(family.name, 8, 8, signed=signed, parameters=setting)
                    samples.append(round(1e3 * (time.perf_counter() - before), 3))
                if at_8.value is None or statistics.median(samples) > at_8.value:
                    at_8.value, at_8.samples = statistics.median(samples), samples
                    at_8.note = f"{family.role} {family.name} {setting}, {'signed' if signed else 'unsigned'}"
        for setting in legal_settings(family, (16,) * operands, "default"):
            unit = legal_unit(family.role, family.name, (16,) * operands, True, setting)
            before = time.perf_counter()
            measure_band(unit, 30_000, 16)
            slowest = max(slowest, (time.perf_counter() - before, family.name, family.role))
    command = ("arith", "error", slowest[1], "--role", slowest[2], "--width", "16", "--signed", "--exhaustive")
    seconds, text = bench.run(*command, "--no-cache", "--json")
    if json.loads(text)["pairs"] != 1 << 32:
        sys.exit(f"`{shown(command)}` did not try all pairs")
    at_16.value, at_16.command = round(seconds, 1), shown(command)
    at_16.samples = [at_16.value]
    return [at_8, at_16]


def unit_checks(bench: Bench) -> list[Figure]:
    """Every adder and multiplier at 8 bits, every legal parameter, all operand pairs, RTL against model."""
    figure = Figure("units-8-bit", "all units at 8 bits, all parameters, all 65,536 pairs, three linters", "s", 300)
    reply = bench.once(figure, "verify", "units", "--width", "8", "--quiet")
    figure.note = f"{reply['units']} units, {reply['vectors']} vectors"
    return [figure]


def retrieval(bench: Bench) -> list[Figure]:
    """Search of the whole dataset on held-back paraphrases: does it find, how fast, and how long the index takes."""
    command = ("bench", "retrieval", "--corpus", "dataset", "--quiet", "--json")
    reply = json.loads(bench.run(*command)[1])
    modes = {mode["mode"]: mode for mode in reply["modes"]}
    best = modes["fused+spec"]
    found = Figure("retrieval-recall", "recall@5 on held-back paraphrases, whole dataset", "", 0.98, at_most=False)
    query = Figure("retrieval-query", "a query, warm: embedding, searches, fusion, dependencies; median", "ms", 20)
    index = Figure("retrieval-index", "index of the whole dataset, built and written", "s", 300)
    found.value, query.value, index.value = best["recall_at_5"], best["median_ms"], reply["index_seconds"]
    for figure in (found, query, index):
        assert figure.value is not None
        figure.samples, figure.command = [figure.value], shown(command)
    by_mode = ", ".join(f"{name} {mode['recall_at_5']:.3f}" for name, mode in modes.items())
    found.note = f"{best['queries']} queries, {reply['documents']} documents; recall@5: {by_mode}"
    query.note = f"95 % below {best['p95_ms']} ms; reading the request as a spec: {reply['reading_ms']} ms"
    index.note = f"making the documents took {reply['corpus_seconds']} s, opening the index {reply['open_seconds']} s"
    return [found, query, index]


def sweeps(bench: Bench) -> list[Figure]:
    """Language models on systems, over whole arrays of points; records included, imports not."""
    from tpugen import model_sweep

    grid = Figure("sweep-published", "7 models x 6 contexts x 2 systems of the paper", "ms", 50)
    grid.command = "tpugen.model_sweep(as_published=True)"
    points = len(model_sweep(as_published=True).points)
    for _ in range(bench.repeats):
        before = time.perf_counter()
        model_sweep(as_published=True)
        grid.samples.append(round(1e3 * (time.perf_counter() - before), 2))
    grid.value, grid.note = statistics.median(grid.samples), f"{points} points"

    large = Figure("sweep-100k", "100,800 points: models x contexts x systems x arrays x dataflows", "s", 10)
    axes = 'systems=("tpu-llm", "pim-llm"), arrays=("16x16", "32x32", "128x128"), dataflows=("os", "ws", "is", "best")'
    large.command = f"tpugen.model_sweep(contexts=range(1, 601), {axes})"
    before = time.perf_counter()
    points = len(
        model_sweep(
            contexts=range(1, 601),
            systems=("tpu-llm", "pim-llm"),
            arrays=("16x16", "32x32", "128x128"),
            dataflows=("os", "ws", "is", "best"),
        ).points
    )
    large.value, large.note = round(time.perf_counter() - before, 2), f"{points} points"
    large.samples = [large.value]
    return [grid, large]


def against_scalesim(_bench: Bench) -> list[Figure]:
    """Cycles and traffic of one OPT-6.7B layer: the vectorised model against part of it in the `scalesim` package."""
    from scalesim_speed import SHAPES, measure

    figure = Figure(
        "scalesim", "cycles and SRAM counts of an OPT-6.7B layer: times faster than scalesim", "x", 1e5, False
    )
    samples, seconds, simulated = measure()
    ours = statistics.median(samples)
    figure.value, figure.command = float(f"{seconds / ours:.3g}"), "benchmarks/scalesim_speed.py"
    figure.samples = [figure.value]
    figure.note = (
        f"model {1e6 * ours:.0f} us for {len(SHAPES)} shapes; scalesim {seconds:.0f} s (processor) for {simulated} "
        "only: a lower bound; both counts are equal"
    )
    return [figure]


FIGURES: dict[str, Callable[[Bench], list[Figure]]] = {
    "start-up": start_up,
    "demo": demo,
    "array-16x16": large,
    "nangate45": peer,
    "tpu-array": tpu_array,
    "decoder-layer": decoder_layer,
    "units": unit_checks,
    "error-metrics": error_metrics,
    "retrieval": retrieval,
    "sweeps": sweeps,
    "scalesim": against_scalesim,
}


def first_match(pattern: str, path: str) -> str:
    """Group 1 of a pattern in a file, or `unknown`."""
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else "unknown"


def machine() -> dict[str, object]:
    """The machine: processor, cores, memory, system."""
    memory_kib = first_match(r"^MemTotal:\s+(\d+)", "/proc/meminfo")
    return {
        "processor": first_match(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory_kib) / 2**20, 1) if memory_kib.isdigit() else None,
        "system": first_match(r'^PRETTY_NAME="([^"]+)"', "/etc/os-release"),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def tools() -> dict[str, str]:
    """Versions of tpugen and the outside tools."""
    from tpugen import __version__
    from tpugen.flows.tools import ALL_TOOLS

    versions = {"tpugen": __version__}
    for tool in ALL_TOOLS:
        versions[tool.name] = tool.probe().version or "not found"
    return versions


def cell(figure: Figure) -> str:
    """A row of the table."""
    value = "-" if figure.value is None else f"{figure.value:,g} {figure.unit}"
    sign = "<=" if figure.at_most else ">="
    verdict = {True: "yes", False: "**no**", None: figure.note}[figure.reached]
    return (
        f"| {figure.what} | {value} | {sign} {figure.target:,g} {figure.unit} | {verdict} | `{figure.command or '-'}` |"
    )


def table(report: dict[str, object], figures: list[Figure]) -> str:
    """The report as Markdown."""
    where, versions = report["machine"], report["tools"]
    assert isinstance(where, dict)
    assert isinstance(versions, dict)
    return "\n".join(
        [
            f"# {report['name']}",
            "",
            f"Measured on {report['date_utc']} by `benchmarks/run.py` (medians where repeated).",
            "",
            f"Machine: {where['processor']}, {where['cores']} cores, {where['memory_gib']} GiB, {where['system']}, "
            f"Linux {where['kernel']}, Python {where['python']}.",
            "",
            "Tools: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
            "",
            "| figure | measured | to reach | reached | command |",
            "|---|---|---|---|---|",
            *map(cell, figures),
            "",
        ]
    )


def main() -> int:
    """Measure, write, print the table; exit code 1 if a measured figure misses its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="local", help="name of the result")
    parser.add_argument("--only", nargs="+", choices=list(FIGURES), default=list(FIGURES), help="measure these alone")
    parser.add_argument("--repeats", type=int, default=9, help="how often quick commands are run (median counts)")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    for name in chosen.only:
        sys.stderr.write(f"measuring {name}\n")
        with Bench(chosen.repeats) as bench:
            figures += FIGURES[name](bench)
    report: dict[str, object] = {
        "name": chosen.name,
        "date_utc": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "tools": tools(),
        "figures": [{**asdict(figure), "reached": figure.reached} for figure in figures],
    }
    text = table(report, figures)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{chosen.name}.json").write_text(json.dumps(report, indent=2) + "\n")
    (RESULTS / f"{chosen.name}.md").write_text(text)
    sys.stdout.write(text)
    return 1 if any(figure.reached is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
