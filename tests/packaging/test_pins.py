"""constraints.txt: exact, complete, within the declared ranges, and free of places."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "constraints.txt"

pytestmark = pytest.mark.skipif(not PINS.exists(), reason="only in a checkout")


def pins() -> dict[str, str]:
    lines = [line for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)  # type: ignore[arg-type]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_line_is_an_exact_public_version() -> None:
    for line in PINS.read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line), line


def test_lines_are_sorted_and_unique() -> None:
    names = [line.split("==")[0] for line in PINS.read_text().splitlines() if not line.startswith("#")]
    assert names == sorted(set(names))


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"], "setuptools>=77"]
    found = pins()
    for requirement in map(Requirement, requirements):
        version = found.get(canonical(requirement.name))
        assert version is not None, f"{requirement.name} is not pinned: run .ci/pins.py"
        assert requirement.specifier.contains(version), f"{requirement} against the pin {version}"


def test_the_pins_are_what_is_installed_here() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "pins.py")], capture_output=True, text=True, timeout=60, check=True
    )
    assert made.stdout == PINS.read_text()
