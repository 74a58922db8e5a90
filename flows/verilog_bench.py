"""Simulations whose bench is Verilog as well: the commands that build one and run it, in the folder of its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tpugen.flows.tools import ICARUS, VERILATOR, VVP

__all__ = ["BENCH_PROGRAM", "bench_commands", "icarus_commands"]

BENCH_PROGRAM = "bench.vvp"
"""What Icarus compiles to, in that folder."""


def icarus_commands(top: str, files: Sequence[str]) -> list[list[str]]:
    """Compile with Icarus, then run.

    Args:
        top: Name of the bench.
        files: Verilog files, the bench among them, as the folder that both run in sees them.

    Raises:
        ToolError: Icarus is missing or too old.
    """
    build = [ICARUS.require().path, "-g2005", "-o", BENCH_PROGRAM, "-s", top, *files]
    return [build, [VVP.require().path, "-n", BENCH_PROGRAM]]


def bench_commands(simulator: Literal["icarus", "verilator"], top: str, files: Sequence[str]) -> list[list[str]]:
    """The same with either simulator.

    Raises:
        ToolError: it is missing or too old.
    """
    if simulator == "icarus":
        return icarus_commands(top, files)
    # Warnings are the lint gate's affair; benches are not written for them.
    build = [VERILATOR.require().path, "--binary", "--timing", "-Wno-fatal", "-Wno-lint", "-Wno-style"]
    return [[*build, "--top-module", top, *files], [f"obj_dir/V{top}"]]
