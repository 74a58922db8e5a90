"""The generator of the documentation: writes, notices what is stale, and covers what it must."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

import tpugen.errors
from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.rtl_templates import load_library
from tpugen.spec import spec_json_schema

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "generate.py"


@pytest.fixture
def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generator, writing into a folder of its own."""
    for name in ("COLUMNS", "TERMINAL_WIDTH", "TERM", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        monkeypatch.setenv(name, "1")  # the generator changes these: monkeypatch puts them back
    spec = importlib.util.spec_from_file_location("docs_generate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DOCS", tmp_path)
    return module


def test_written_pages_are_not_stale(generate: ModuleType, tmp_path: Path) -> None:
    assert generate.main(["--check"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_an_edited_page_is_stale(generate: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.main([])
    page = tmp_path / "library.md"
    page.write_text(page.read_text().replace("# The RTL library", "# My RTL library"))
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("docs/library.md is stale; run `make docs`\n")
    assert "-# My RTL library" in said


def test_every_module_is_in_the_catalogue(generate: ModuleType) -> None:
    text = generate.library()
    for module in load_library().values():
        assert f"### {module.name}\n" in text
        assert module.card.summary in text


def test_the_pass_matrix_is_of_the_kept_results_and_green(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = generate.pass_matrix()
    for name in MULTIPLIERS:
        assert f"\n| {name} | " in text
    assert f"\n| multiplier | {' | '.join(ADDERS)} |\n" in text
    assert ", 0 fail, " in text
    kept = json.loads(generate.MATRIX_RESULTS.read_text())
    assert kept["failures"] == []
    generate.main([])
    next(iter(kept["table"]["drum"].values()))["failed"] = 1
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(kept))
    monkeypatch.setattr(generate, "MATRIX_RESULTS", changed)
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("docs/pass-matrix.md is stale; run `make docs`\n")


def test_every_error_is_in_the_table(generate: ModuleType) -> None:
    text = generate.errors()
    for name in tpugen.errors.__all__:
        assert f"`{name}` | {getattr(tpugen.errors, name).exit_code} |" in text


def test_every_command_is_in_the_reference(generate: ModuleType) -> None:
    text = generate.cli()
    for command in (
        "generate",
        "spec",
        "rtl",
        "verify",
        "synth",
        "model",
        "retrieve",
        "runs",
        "resume",
        "report",
        "doctor",
    ):
        assert f"## tpugen {command}\n" in text
    assert "\x1b" not in text


def test_the_schema_is_the_spec(generate: ModuleType) -> None:
    assert json.loads(generate.schema()) == spec_json_schema()
