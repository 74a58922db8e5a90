"""The README's commands: run as written, against the output that it shows, or to write that output anew.

    python docs/session.py           exits 1 and says where README.md shows other output than the commands give
    python docs/session.py --write   runs them and puts their real output into README.md

A ```console block holds commands (`$ ...`), each followed by the output shown for it. A comment `# exit N` after a
command says that it ends with N. Output is compared with numbers masked and spacing collapsed, because areas and times
differ with tool versions; a line of `...` stands for any lines, `...` within a line for anything. Commands of `make`
are not run.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+# exit (\d+)$")
TIME_LIMIT_S = 600


@dataclass(frozen=True)
class Command:
    """One command and the output shown for it."""

    line: str
    exit_code: int
    shown: str

    @property
    def words(self) -> list[str]:
        """The command's words, as a shell reads them."""
        return shlex.split(self.line)


@dataclass(frozen=True)
class Outcome:
    """What a command gave; `problem` is None if it is what was shown."""

    command: Command
    exit_code: int
    output: str
    problem: str | None


def _parts(block: str) -> list[str]:
    return re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]


def _command(part: str) -> Command:
    line, _, shown = part.partition("\n")
    code = EXIT.search(line)
    return Command(EXIT.sub("", line), int(code[1]) if code else 0, shown.strip("\n"))


def commands(text: str) -> list[Command]:
    """Every command of the text's console blocks, in order."""
    return [_command(part) for block in BLOCK.findall(text) for part in _parts(block)]


def normal(line: str) -> str:
    """A line with numbers masked, spacing collapsed and drawn lines shortened."""
    line = re.sub(r"[─━═╌-]{3,}", "---", line)
    line = re.sub(r"\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def matches(shown: str, real: str) -> str | None:
    """None if `real` looks like `shown`, else the first line shown that was not found where it should be."""
    lines = [normal(line) for line in real.splitlines() if line.strip()]
    at, gap = 0, False
    for raw in shown.splitlines():
        want = normal(raw)
        if want in ("", "..."):
            gap = gap or want == "..."
            continue
        pattern = re.compile(".*?".join(map(re.escape, want.split("..."))))
        while gap and at < len(lines) and not pattern.fullmatch(lines[at]):
            at += 1
        if at >= len(lines) or not pattern.fullmatch(lines[at]):
            return raw
        at, gap = at + 1, False
    return None if gap or at == len(lines) else f"(nothing; but then came: {lines[at]})"


def run(text: str, folder: Path) -> Iterator[Outcome]:
    """Run a text's `tpugen` commands in order in one folder, so that later ones find earlier runs."""
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "COLUMNS": "120", "NO_COLOR": "1"}
    for command in commands(text):
        if command.words[0] == "make":
            continue
        if command.words[0] != "tpugen":
            raise ValueError(f"README.md shows a command that cannot be run here: {command.line}")
        done = subprocess.run(
            command.words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        problem = matches(command.shown, done.stdout)
        if done.returncode != command.exit_code:
            problem = f"exit {command.exit_code}, but it was {done.returncode}"
        yield Outcome(command, done.returncode, done.stdout, problem)


def written(text: str, outcomes: list[Outcome], folder: Path) -> str:
    """The text with real output in its console blocks; the scratch folder becomes `...`."""
    left = list(outcomes)

    def block(match: re.Match[str]) -> str:
        parts = []
        for part in _parts(match[1]):
            command = _command(part)
            if not left or left[0].command != command:
                parts.append(f"$ {part.rstrip()}")
                continue
            outcome = left.pop(0)
            head = f"$ {command.line}" + (f"  # exit {outcome.exit_code}" if outcome.exit_code else "")
            lines = [line.rstrip() for line in outcome.output.replace(str(folder), "...").strip("\n").splitlines()]
            parts.append("\n".join([head, *lines]))
        # Commands of one block stand together unless output parts them.
        text = "".join(f"{part}\n" + ("\n" if "\n" in part else "") for part in parts)
        return f"```console\n{text.rstrip()}\n```"

    return BLOCK.sub(block, text)


def main() -> int:
    """Check or write; the exit code."""
    parser = argparse.ArgumentParser(description="The README's session.")
    parser.add_argument("--write", action="store_true", help="put the real output into README.md")
    write = parser.parse_args().write
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        os.environ["TPUGEN_CACHE_DIR"] = str(folder / "cache")
        outcomes = list(run(text, folder))
        if write:
            README.write_text(written(text, outcomes, folder), encoding="utf-8")
            return 0
    for outcome in outcomes:
        if outcome.problem is not None:
            sys.stderr.write(f"$ {outcome.command.line}\n  shown: {outcome.problem}\n{outcome.output}\n")
    return 1 if any(outcome.problem is not None for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
