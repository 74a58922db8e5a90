"""Verilator as a simulator: Verilog to C++ to a program, for many vectors through combinational RTL.

Unlike `verilator --build` this compiles one translation unit with chosen optimisation and links a runtime that is
compiled once and kept, so that a small model is built in about a second.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError
from tpugen.flows.process import DEFAULT_LIMITS, Completed, Limits, run
from tpugen.flows.tools import CXX, VERILATOR
from tpugen.paths import cache_dir
from tpugen.results import ToolVersion
from tpugen.storage import whole_folder

__all__ = ["PREFIX", "Toolchain", "build", "compile_command", "toolchain", "unity_text", "verilate", "verilate_command"]

PREFIX = "Vunits"
"""Class of the model: its header is `Vunits.h`."""

_MODEL_FOLDER = "model"
_RUNTIME_SOURCES = ("verilated.cpp", "verilated_threads.cpp")
_DEFINES = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TRACE=0", "VM_TRACE_FST=0", "VM_TRACE_VCD=0")


@dataclass(frozen=True)
class Toolchain:
    """What builds programs from Verilog.

    Attributes:
        verilator: Verilator.
        cxx: The C++ compiler.
        include: Folder of Verilator's C++ headers.
        runtime: Object files of Verilator's runtime.
    """

    verilator: ToolVersion
    cxx: ToolVersion
    include: Path
    runtime: tuple[Path, ...]


def verilate_command(executable: str, files: Sequence[Path], top: str) -> list[str]:
    """Verilog to C++, all warnings on but none fatal; undriven bits become random: pure."""
    random = ["--x-assign", "unique", "--x-initial", "unique"]
    # One file for the whole model, its functions split: compilers take longer than linear time for long functions.
    split = ["--output-split", "0", "--output-split-cfuncs", "500"]
    # Loops over bits and columns fold into constants: a fifth of the code, and the compiler's time goes by that.
    unroll = ["--unroll-count", "4096", "--unroll-stmts", "1000000"]
    model = ["--prefix", PREFIX, "--Mdir", _MODEL_FOLDER, "--top-module", top]
    language = ["--default-language", "1364-2005"]
    options = [*language, *random, *split, *unroll, *model]
    return [executable, "--cc", "-Wall", "-Wno-fatal", *options, *map(str, files)]


def compile_command(
    chain: Toolchain, source: Path, program: Path, optimisation: str = "-O1", include: Path | None = None
) -> list[str]:
    """C++ to a program: pure.

    Args:
        chain: What to build with.
        source: The translation unit of `unity_text`.
        program: What to write.
        optimisation: Level: `-O0` compiles faster, `-O1` runs ten times faster.
        include: Folder of the model's headers.
    """
    folders = [chain.include, chain.include / "vltstd", *([include] if include else [])]
    return [
        chain.cxx.path, optimisation, "-w", *(f"-D{name}" for name in _DEFINES), *(f"-I{folder}" for folder in folders),
        "-o", str(program), str(source), *map(str, chain.runtime), "-pthread",
    ]  # fmt: skip


def unity_text(main: str, model_files: Sequence[str]) -> str:
    """The main program and the whole model as one translation unit: headers are read once."""
    return main + "".join(f'#include "{name}"\n' for name in model_files)


def verilate(chain: Toolchain, files: Sequence[Path], top: str, folder: Path, limits: Limits) -> Completed:
    """Translate; the model's files are in `folder/model`, warnings and errors in the answer (`verilator.parse`)."""
    return run(verilate_command(chain.verilator.path, files, top), cwd=folder, limits=limits, log=folder)


def build(chain: Toolchain, main: str, folder: Path, limits: Limits = DEFAULT_LIMITS) -> Path:
    """Compile what `verilate` left in `folder` with a main program.

    Raises:
        ToolFailedError: the compiler refused it.
        ToolLimitError: it reached a limit.
    """
    model = folder / _MODEL_FOLDER
    source, program = folder / "program.cpp", folder / "program"
    source.write_text(unity_text(main, sorted(path.name for path in model.glob("*.cpp"))), encoding="utf-8")
    done = run(compile_command(chain, source, program, include=model), cwd=folder, limits=limits, log=folder)
    if done.returncode != 0:
        raise ToolFailedError(f"{chain.cxx.name} could not compile the simulation of {folder}\n{done.tail()}")
    return program


def toolchain(kept: Path | None = None) -> Toolchain:
    """Find the tools, and compile Verilator's runtime unless that was done before.

    Args:
        kept: Where runtimes are kept; default in tpugen's cache folder.

    Raises:
        ToolError: Verilator or the C++ compiler is missing, too old or broken.
    """
    verilator, cxx = VERILATOR.require(), CXX.require()
    asked = run([verilator.path, "--getenv", "VERILATOR_ROOT"], cwd=Path(tempfile.gettempdir()))
    include = Path(asked.stdout.strip()) / "include"
    sources = [include / name for name in _RUNTIME_SOURCES]
    if not all(path.is_file() for path in sources):
        raise ToolFailedError(
            f"Verilator's runtime is not where `{verilator.path} --getenv VERILATOR_ROOT` says: {sources[0]}",
            hint=VERILATOR.fix,
        )
    identity = "\0".join([*(f"{tool.path} {tool.version}" for tool in (verilator, cxx)), str(include), *_DEFINES])
    folder = (kept or cache_dir() / "verilator-runtime") / hashlib.sha256(identity.encode()).hexdigest()[:16]
    chain = Toolchain(verilator, cxx, include, tuple(folder / f"{path.stem}.o" for path in sources))
    if not folder.is_dir():
        _compile_runtime(chain, sources, folder)
    return chain


def _compile_runtime(chain: Toolchain, sources: Sequence[Path], folder: Path) -> None:
    with whole_folder(folder) as temporary:
        for source in sources:
            command = [
                chain.cxx.path, "-O0", "-w", *(f"-D{name}" for name in _DEFINES), f"-I{chain.include}",
                f"-I{chain.include / 'vltstd'}", "-c", str(source), "-o", f"{source.stem}.o",
            ]  # fmt: skip
            done = run(command, cwd=temporary, log=temporary)
            if done.returncode != 0:
                raise ToolFailedError(f"{chain.cxx.name} could not compile {source}\n{done.tail()}")
