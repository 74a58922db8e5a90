"""The outside tools: where they are, whether their version is accepted, and how to mend it when not.

Each tool is looked for in its environment variable first (`TPUGEN_YOSYS=/opt/oss-cad-suite/bin/yosys`), then on `PATH`.
What was found is asked for its version once per process and per executable.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tpugen.errors import ToolError, ToolFailedError, ToolMissingError, ToolVersionError
from tpugen.flows.process import Limits, run
from tpugen.results import ToolVersion

__all__ = ["ALL_TOOLS", "CXX", "ICARUS", "OPENSTA", "VERILATOR", "VVP", "YOSYS", "Tool", "ToolStatus"]

_PROBE_LIMITS = Limits(wall_s=30.0, cpu_s=30.0, memory_mb=4096, file_mb=16)


@dataclass(frozen=True)
class ToolStatus:
    """What `doctor` shows of a tool.

    Attributes:
        name: The tool's name.
        found: Path of the executable, if there is one.
        version: Its version, if it told one.
        accepted: The accepted range, e.g. `>= 0.23`.
        fix: What to do, if it is missing, broken or of the wrong version; None when all is well.
    """

    name: str
    found: str | None
    version: str | None
    accepted: str
    fix: str | None

    @property
    def ok(self) -> bool:
        """Whether it was found in an accepted version."""
        return self.fix is None


@dataclass(frozen=True)
class Tool:
    """An outside tool.

    Attributes:
        name: The name people use.
        executable: What is looked for on PATH.
        variable: Environment variable that overrides it.
        package: Debian and Ubuntu package.
        version_arguments: Arguments that make it print its version.
        version_pattern: Regular expression whose group 1 is the version.
        minimum: Lowest accepted version; None where any will do.
    """

    name: str
    executable: str
    variable: str
    package: str
    version_arguments: tuple[str, ...]
    version_pattern: str
    minimum: tuple[int, ...] | None = None
    minimum_text: str = field(default="")

    @property
    def accepted(self) -> str:
        """The accepted range in words."""
        return "any" if self.minimum is None else f">= {self.minimum_text}"

    @property
    def fix(self) -> str:
        """The command or variable that provides it."""
        return f"install it (Debian, Ubuntu: sudo apt install {self.package}) or set {self.variable} to its path"

    def find(self) -> str:
        """Path of the executable.

        Raises:
            ToolMissingError: neither the variable nor PATH leads to one.
        """
        override = os.environ.get(self.variable)
        if override:
            path = shutil.which(str(Path(override).expanduser()))
            if path is None:
                raise ToolMissingError(
                    f"{self.name} was not found: {self.variable} is {override!r}, which is not an executable file",
                    hint=f"correct {self.variable}, or unset it to search PATH",
                )
            return str(Path(path).absolute())
        path = shutil.which(self.executable)
        if path is None:
            raise ToolMissingError(
                f"{self.name} was not found: no {self.executable!r} on PATH ({os.environ.get('PATH', '')})",
                hint=self.fix,
            )
        return str(Path(path).absolute())

    def require(self) -> ToolVersion:
        """The tool, in an accepted version.

        Raises:
            ToolMissingError: not found.
            ToolVersionError: too old.
            ToolFailedError: it does not tell its version.
        """
        path = self.find()
        version = self._version(path)
        if self.minimum is not None and _numbers(version) < self.minimum:
            raise ToolVersionError(
                f"{self.name} {version} at {path} is too old: {self.accepted} is needed",
                hint=f"install a newer one, or set {self.variable} to its path",
            )
        return ToolVersion(name=self.name, path=path, version=version)

    def probe(self) -> ToolStatus:
        """What is there, without an exception."""
        try:
            tool = self.require()
        except ToolVersionError as error:
            path = self.find()
            return ToolStatus(self.name, path, self._version(path), self.accepted, error.hint)
        except ToolMissingError as error:
            return ToolStatus(self.name, None, None, self.accepted, error.hint)
        except ToolError as error:
            return ToolStatus(self.name, self.find(), None, self.accepted, f"{error.message}; {self.fix}")
        return ToolStatus(self.name, tool.path, tool.version, self.accepted, None)

    def _version(self, path: str) -> str:
        status = Path(path).stat()
        key = (path, status.st_mtime_ns, status.st_size, self.version_arguments)
        if key not in _versions:
            _versions[key] = self._ask_version(path)
        return _versions[key]

    def _ask_version(self, path: str) -> str:
        done = run([path, *self.version_arguments], cwd=Path(tempfile.gettempdir()), limits=_PROBE_LIMITS)
        match = re.search(self.version_pattern, done.stdout + done.stderr)
        if match is None:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise ToolFailedError(
                f"{self.name} at {path} did not tell its version: `{' '.join([path, *self.version_arguments])}` ended "
                f"with status {done.returncode} and said {said[0] if said else 'nothing'!r}",
                hint=self.fix,
            )
        return match[1]


_versions: dict[tuple[str, int, int, Sequence[str]], str] = {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


ICARUS = Tool(
    "Icarus Verilog", "iverilog", "TPUGEN_IVERILOG", "iverilog",
    ("-V",), r"Icarus Verilog version (\d+(?:\.\d+)*)", (11,), "11",
)  # fmt: skip
"""Compiler: lint and simulation."""

VVP = Tool(
    "Icarus Verilog runtime", "vvp", "TPUGEN_VVP", "iverilog",
    ("-V",), r"runtime version (\d+(?:\.\d+)*)", (11,), "11",
)  # fmt: skip
"""Simulator."""

VERILATOR = Tool(
    "Verilator", "verilator", "TPUGEN_VERILATOR", "verilator",
    ("--version",), r"Verilator (\d+\.\d+)", (5, 6), "5.006",
)  # fmt: skip
"""Lint."""

YOSYS = Tool(
    "Yosys", "yosys", "TPUGEN_YOSYS", "yosys", ("-V",), r"Yosys (\d+\.\d+(?:\+\d+)?)", (0, 23), "0.23"
)  # fmt: skip
"""Lint, proof and synthesis."""

OPENSTA = Tool("OpenSTA", "sta", "TPUGEN_STA", "opensta", ("-version",), r"(\d+\.\d+(?:\.\d+)?)")
"""Timing and power."""

CXX = Tool(
    "C++ compiler", "g++", "TPUGEN_CXX", "g++", ("--version",), r"(?:\) |version )(\d+(?:\.\d+)+)", (9,), "9"
)  # fmt: skip
"""Compiles simulations of arithmetic units; nothing else needs it."""

ALL_TOOLS: tuple[Tool, ...] = (ICARUS, VVP, VERILATOR, YOSYS, OPENSTA)
"""Every outside tool of a run, in the order in which it uses them."""
