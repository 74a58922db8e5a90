"""What every library module with parameters must stand: three tools without a word, and its own refusals."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tpugen.verif.mutants import Mutant, apply


def write_sources(sources: Mapping[str, str], folder: Path) -> list[str]:
    """Write modules into a folder; the names of the files."""
    for name, text in sources.items():
        (folder / f"{name}.v").write_text(text)
    return [f"{name}.v" for name in sources]


def assert_clean_under_three_tools(
    top: str,
    parameters: Mapping[str, int],
    files: Sequence[str],
    folder: Path,
    *,
    read: str = "read_verilog",
    without: str | None = None,
) -> None:
    """Icarus (2005), Verilator -Wall and Yosys take the module with these parameters.

    Args:
        top: Name of the module.
        parameters: What it is built with; the others keep their defaults.
        files: Names of the Verilog files in `folder`.
        folder: Where the tools run.
        read: Yosys's command that reads the files.
        without: A tool that cannot be asked.
    """
    chosen = " ".join(f"-chparam {name} 32'd{value % 2**32}" for name, value in parameters.items())
    script = f"{read} {' '.join(files)}; hierarchy -check -top {top} {chosen}"
    for command in (
        ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", top,
         *(f"-P{top}.{name}={value}" for name, value in parameters.items()), *files],
        ["verilator", "--lint-only", "-Wall", "--top-module", top,
         *(f"-G{name}={value}" for name, value in parameters.items()), *files],
        ["yosys", "-q", "-e", ".*", "-p", f"{script}; proc; flatten; opt_clean; check -assert"],
    ):  # fmt: skip
        if command[0] == without:
            continue
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        assert "warning" not in output.lower(), output


def assert_refused_by_name(top: str, parameters: Mapping[str, int], files: Sequence[str], folder: Path) -> None:
    """The module does not elaborate, and says so by a name that begins with `tpugen_error_`."""
    settings = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    done = subprocess.run(
        ["iverilog", "-g2005", "-t", "null", "-s", top, *settings, *files],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "tpugen_error_" in done.stdout + done.stderr


def overwrite_with(mutant: Mutant, files: Sequence[Path]) -> None:
    """Put a fault into the files of a composed design."""
    for name, text in apply(mutant, {path.name: path.read_text() for path in files}).items():
        (files[0].parent / name).write_text(text)
