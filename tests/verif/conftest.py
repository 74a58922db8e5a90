"""Fixtures of the verification tests: designs on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tpugen.spec import DesignSpec
from tpugen.writers.composer import compose


@pytest.fixture
def composed(tmp_path: Path) -> Callable[[DesignSpec], list[Path]]:
    """Writes the composer's files for a spec and returns their paths."""

    def write(spec: DesignSpec) -> list[Path]:
        folder = tmp_path / "rtl"
        folder.mkdir(exist_ok=True)
        paths = []
        for file in compose(spec):
            paths.append(folder / file.name)
            paths[-1].write_text(file.text)
        return paths

    return write


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes one Verilog text to `design.v` and returns its path in a list."""

    def write(text: str, name: str = "design.v") -> list[Path]:
        path = tmp_path / name
        path.write_text(text)
        return [path]

    return write


@pytest.fixture
def shared_parser_tables(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One cache for all tests that ask for it: building the parser's tables takes a second."""
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "parser-cache"))
