"""The README's commands, run as written, against the output that it shows (see docs/session.py)."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def session() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_session", ROOT / "docs" / "session.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_session"] = module
    spec.loader.exec_module(module)
    return module


SAMPLE = """
```console
$ tpugen spec "2x2"  # exit 2
tpugen: no

$ tpugen doctor
Yosys   0.23   ok
...
done in ... s
```
"""


def test_commands_are_read_with_exit_code_and_output(session: ModuleType) -> None:
    first, second = session.commands(SAMPLE)
    assert (first.words, first.exit_code, first.shown) == (["tpugen", "spec", "2x2"], 2, "tpugen: no")
    assert (second.line, second.exit_code) == ("tpugen doctor", 0)


@pytest.mark.parametrize(
    ("real", "missing"),
    [
        ("Yosys 0.33 ok\nmore\nand more\ndone in 1.25 s\n", None),
        ("Yosys 0.33   ok\n\ndone in two s", None),
        ("Yosys 0.33 old\ndone in 1 s", "Yosys   0.23   ok"),
        ("Yosys 0.33 ok\nmore", "done in ... s"),
        ("Yosys 0.33 ok\ndone in 1 s\nand then", "(nothing; but then came: and then)"),
    ],
)
def test_output_is_compared_with_numbers_masked(session: ModuleType, real: str, missing: str | None) -> None:
    assert session.matches(session.commands(SAMPLE)[1].shown, real) == missing


def test_real_output_is_written_into_the_blocks(session: ModuleType) -> None:
    first, second = session.commands(SAMPLE)
    outcomes = [
        session.Outcome(first, 2, "tpugen: still no\n", None),
        session.Outcome(second, 0, "run /tmp/x/runs/a\n", None),
    ]
    assert session.written(f"# T\n{SAMPLE}end\n", outcomes, Path("/tmp/x")) == (
        '# T\n\n```console\n$ tpugen spec "2x2"  # exit 2\ntpugen: still no\n\n'
        "$ tpugen doctor\nrun .../runs/a\n```\nend\n"
    )


def test_commands_that_are_not_run_stay(session: ModuleType) -> None:
    text = "```console\n$ make demo\n$ make test\n```\n"
    assert session.written(text, [], Path("/tmp/x")) == text


def test_the_readme_shows_commands_with_their_output(session: ModuleType) -> None:
    shown = session.commands(README.read_text())
    assert {"make demo", "make test"} <= {command.line for command in shown}
    ours = [command for command in shown if command.words[0] == "tpugen"]
    assert len(ours) >= 3
    assert [command.line for command in ours if not command.shown] == []


def test_every_make_target_in_the_readme_exists(session: ModuleType) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = README.read_text()
    named = set(re.findall(r"`make ([a-z-]+)`", text))
    named |= {command.words[1] for command in session.commands(text) if command.words[0] == "make"}
    assert {"demo", "test"} <= named <= targets


def test_every_command_in_the_table_exists() -> None:
    named = set(re.findall(r"^\| `tpugen ([a-z]+)", README.read_text(), re.MULTILINE))
    assert named >= {"generate", "spec", "doctor"}
    reference = (ROOT / "docs" / "cli.md").read_text()
    assert {name for name in named if f"## tpugen {name}\n" not in reference} == set()


@pytest.mark.slow
def test_the_readme_session_is_real(session: ModuleType, tmp_path: Path) -> None:
    wrong = [
        f"$ {outcome.command.line}\nexit {outcome.exit_code}; shown: {outcome.problem}\n{outcome.output}"
        for outcome in session.run(README.read_text(), tmp_path)
        if outcome.problem is not None
    ]
    assert not wrong, "\n".join(wrong)
