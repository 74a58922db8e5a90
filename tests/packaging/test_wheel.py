"""The wheel: built from a clean copy, holds what it must and nothing else, and works in an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tpugen", "rtl_templates", "dataset", "retrieval", "verif", "flows")
FILES = ("pyproject.toml", "README.md", "LICENSE")

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="only in a checkout")


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in a copy so that no build product of the checkout gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(source),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=folder, env=clean_environment()
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's content and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120, env=clean_environment())
    return target


def run_installed(installed: Path, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder` where `tpugen` is the installed wheel and the checkout is not on the path.

    Dependencies come from this environment; its own `tpugen` is shadowed by the folder that stands first.
    """
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": str(installed), "TPUGEN_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_owns_a_single_import_name(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tpugen"}


def mapped(path: Path) -> str:
    """Where a source file of a room lies in the wheel."""
    relative = path.relative_to(ROOT).as_posix()
    return relative if relative.startswith("tpugen/") else f"tpugen/{relative}"


def test_it_holds_every_file_of_every_room(names: list[str]) -> None:
    kept = {"__pycache__", "parser.out", "parsetab.py"}
    expected = {
        mapped(path)
        for room in FOLDERS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and not kept & set(path.parts) and path.name not in kept
    }
    missing = sorted(expected - set(names))
    assert not missing, f"not in the wheel (see package-data and packages in pyproject.toml): {missing}"


def test_it_holds_nothing_else(names: list[str]) -> None:
    known = {mapped(path) for room in FOLDERS for path in (ROOT / room).rglob("*") if path.is_file()}
    assert sorted(name for name in names if ".dist-info/" not in name and name not in known) == []


@pytest.mark.parametrize("kind", ["py.typed", ".v", ".v.j2", ".toml"])
def test_it_holds_data_of_each_kind(names: list[str], kind: str) -> None:
    assert any(name.endswith(kind) for name in names)


def test_it_holds_prompts_and_report_templates(names: list[str]) -> None:
    for folder in ("tpugen/writers/prompts/", "tpugen/report/templates/"):
        assert [name for name in names if name.startswith(folder) and not name.endswith(".py")], folder


def test_it_declares_licence_and_command(wheel: Path, names: list[str]) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    text = archive.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (entries,) = (name for name in names if name.endswith("entry_points.txt"))
    assert "tpugen = tpugen.cli.main:main" in archive.read(entries).decode()


def test_it_writes_rtl_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    code = """
import pathlib, sys, tpugen, tpugen.flows, tpugen.rtl_templates, tpugen.verif
from tpugen.spec import contract_for, spec_from_dict
from tpugen.writers.composer import compose
for module in list(sys.modules.values()):
    if module.__name__.partition('.')[0] == 'tpugen':
        print('from', pathlib.Path(module.__file__))
spec = spec_from_dict({'kind': 'systolic_array', 'rows': 3, 'cols': 2, 'dataflow': 'weight_stationary'})
files = compose(spec)
pathlib.Path('rtl').mkdir()
for file in files:
    pathlib.Path('rtl', file.name).write_text(file.text)
print('top', contract_for(spec).module)
"""
    done = run_installed(installed, tmp_path, code)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    origins = [Path(rest) for word, rest in lines if word == "from"]
    assert len(origins) > 10
    assert all(path.is_relative_to(installed) for path in origins)
    (top,) = (rest for word, rest in lines if word == "top")
    assert (tmp_path / "rtl" / f"{top}.v").exists()
    sources = sorted(str(path) for path in (tmp_path / "rtl").iterdir())
    elaborate = ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", top, *sources]
    checked = subprocess.run(elaborate, capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.slow
def test_it_generates_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tpugen.cli.main import main\n"
        "sys.argv = ['tpugen', 'generate', '2x2 int4 output-stationary array', '--json', '--out', 'run']\n"
        "sys.exit(main())"
    )
    done = run_installed(installed, tmp_path, code)
    assert done.returncode == 0, done.stderr[-3000:]
    assert '"verdict": "pass"' in done.stdout
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
