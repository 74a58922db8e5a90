"""The README's commands, run as written, against the output that it shows.

A ```console block holds commands (`$ ...`), each followed by the output shown for it. Output is compared with numbers
masked and spacing collapsed, because areas and times differ with tool versions; a line of `...` stands for any lines,
`...` within a line for anything. A comment `# exit N` after a command says that it ends with N.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass(frozen=True)
class Command:
    """One command of the README, and the output it shows."""

    line: str
    exit_code: int
    shown: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)


def commands(text: str) -> list[Command]:
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            code = EXIT.search(line)
            found.append(Command(EXIT.sub("", line), int(code[1]) if code else 0, shown.strip("\n")))
    return found


def normal(line: str) -> str:
    """A line with numbers masked and spacing and drawn lines collapsed."""
    line = re.sub(r"[─━═╌-]{3,}", "---", line)
    line = re.sub(r"\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def matches(shown: str, real: str) -> str | None:
    """None if `real` looks like `shown`, else the first line shown that was not found where it should be."""
    lines = [normal(line) for line in real.splitlines() if line.strip()]
    at, gap = 0, False
    for raw in shown.splitlines():
        if not raw.strip():
            continue
        want = normal(raw)
        if want == "...":
            gap = True
            continue
        pattern = re.compile(".*?".join(map(re.escape, want.split("..."))))
        while gap and at < len(lines) and not pattern.fullmatch(lines[at]):
            at += 1
        if at >= len(lines) or not pattern.fullmatch(lines[at]):
            return raw
        at, gap = at + 1, False
    return None if gap or at == len(lines) else f"(nothing; but then came: {lines[at]})"


SAMPLE = """
```console
$ tpugen spec "2x2" # exit 2
tpugen: no

$ tpugen doctor
Yosys   0.23   ok
...
done in ... s
```
"""


def test_commands_are_read_with_exit_code_and_output() -> None:
    first, second = commands(SAMPLE)
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
def test_output_is_compared_with_numbers_masked(real: str, missing: str | None) -> None:
    assert matches(commands(SAMPLE)[1].shown, real) == missing


def test_the_readme_shows_commands_with_their_output() -> None:
    shown = commands(README.read_text())
    assert {"make demo", "make test"} <= {command.line for command in shown}
    ours = [command for command in shown if command.words[0] == "tpugen"]
    assert len(ours) >= 3
    assert [command.line for command in ours if not command.shown] == []


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", README.read_text()))
    named |= {command.words[1] for command in commands(README.read_text()) if command.words[0] == "make"}
    assert named <= targets


def test_every_command_in_the_table_exists() -> None:
    named = set(re.findall(r"^\| `tpugen ([a-z]+)", README.read_text(), re.MULTILINE))
    assert named >= {"generate", "spec", "doctor"}
    reference = (ROOT / "docs" / "cli.md").read_text()
    assert {name for name in named if f"## tpugen {name}\n" not in reference} == set()


@pytest.mark.slow
def test_the_readme_session_is_real(tmp_path: Path) -> None:
    """In order and in one folder, as a reader would: later commands use earlier runs."""
    folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "COLUMNS": "120"}
    wrong = []
    for command in commands(README.read_text()):
        if command.words[0] == "make":
            continue
        assert command.words[0] == "tpugen", f"the README shows a command that this test cannot run: {command.line}"
        done = subprocess.run(
            command.words,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        missing = matches(command.shown, done.stdout)
        if done.returncode != command.exit_code or missing is not None:
            wrong.append(f"$ {command.line}\nexit {done.returncode}, line shown: {missing}\n{done.stdout}")
    assert not wrong, "\n".join(wrong)
