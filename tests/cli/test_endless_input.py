"""Devices and pipes that never end are refused before memory is full."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tpugen.user_files import TEXT_MAX_BYTES, read_bytes

ENDLESS = Path("/dev/zero")
MEMORY_BYTES = 6 * 2**30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spec", "-"], "standard input cannot be read: it holds more than 16 MiB"),
        (["generate", "--spec", "/dev/zero"], "/dev/zero cannot be read: it holds more than 16 MiB"),
        (["synth", "--spec", "/dev/zero"], "/dev/zero cannot be read: it holds more than 16 MiB"),
        (
            ["generate", "8-bit adder", "--technology", "/dev/zero"],
            "cannot read the Liberty file /dev/zero: it holds more than 512 MiB",
        ),
    ],
)
def test_a_command_refuses_what_never_ends(arguments: list[str], message: str, tmp_path: Path) -> None:
    with ENDLESS.open("rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "tpugen.cli.main", *arguments], stdin=endless, capture_output=True, text=True,
            check=False, cwd=tmp_path,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
        )  # fmt: skip
    assert done.stderr.splitlines()[0] == f"tpugen: {message}", done.stderr
    assert done.returncode in (2, 3)


def test_a_file_of_the_greatest_length_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(b"a" * 1000)
    assert read_bytes(path, 1000) == b"a" * 1000
    with pytest.raises(OSError, match="more than 0 MiB"):
        read_bytes(path, 999)
    assert read_bytes(io.BytesIO(b"b")) == b"b"
    assert TEXT_MAX_BYTES == 2**24
