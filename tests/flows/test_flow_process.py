from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tpugen.errors import StorageError, ToolFailedError, ToolLimitError, ToolMissingError
from tpugen.flows.process import Limits, clean_environment, run

HINT = "\n  the design may hang the tool; raise the limit if it is only large"
PYTHON = sys.executable


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_returns_output_and_status(tmp_path: Path) -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)
    assert done.argv == ("sh", "-c", "echo out; echo err >&2; exit 3")
    assert done.seconds > 0


def test_stdin_is_the_text_or_empty(tmp_path: Path) -> None:
    assert run(["cat"], cwd=tmp_path, stdin="hello").stdout == "hello"
    assert run(["cat"], cwd=tmp_path).stdout == ""


def test_logs_command_and_output(tmp_path: Path) -> None:
    log = tmp_path / "step"
    log.mkdir()
    run(["sh", "-c", "echo 'one two'"], cwd=tmp_path, log=log)
    run(["echo", "again"], cwd=tmp_path, log=log)
    assert (log / "command.txt").read_text() == (
        f"cd {tmp_path} && sh -c 'echo '\"'\"'one two'\"'\"''\ncd {tmp_path} && echo again\n"
    )
    text = (log / "log.txt").read_text()
    assert "one two\n" in text
    assert "$ echo again\nagain\n" in text
    assert "exit status 0" in text


def test_log_may_be_a_file(tmp_path: Path) -> None:
    run(["echo", "x"], cwd=tmp_path, log=tmp_path / "a.log")
    assert "$ echo x\nx\n" in (tmp_path / "a.log").read_text()
    assert (tmp_path / "command.txt").is_file()


def test_wall_clock_limit(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ToolLimitError) as caught:
        run(["sleep", "60"], cwd=tmp_path, limits=Limits(wall_s=0.5))
    assert str(caught.value) == "sleep was stopped: it ran longer than 0.5 s" + HINT
    assert time.monotonic() - start < 15


def test_cpu_limit(tmp_path: Path) -> None:
    with pytest.raises(ToolLimitError) as caught:
        run([PYTHON, "-c", "while True: pass"], cwd=tmp_path, limits=Limits(wall_s=60, cpu_s=1))
    assert str(caught.value) == f"{Path(PYTHON).name} was stopped: it used more than 1 s of CPU time" + HINT


def test_memory_limit(tmp_path: Path) -> None:
    with pytest.raises(ToolLimitError) as caught:
        run([PYTHON, "-c", "x = bytearray(10**10)"], cwd=tmp_path, limits=Limits(memory_mb=400))
    assert str(caught.value) == f"{Path(PYTHON).name} was stopped: it needed more than 400 MiB of memory" + HINT


def test_file_size_limit_also_covers_the_output(tmp_path: Path) -> None:
    with pytest.raises(ToolLimitError) as caught:
        run(["yes"], cwd=tmp_path, limits=Limits(wall_s=60, file_mb=1))
    assert str(caught.value) == "yes was stopped: it wrote a file larger than 1 MiB" + HINT
    with pytest.raises(ToolLimitError):
        run(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=4"], cwd=tmp_path, limits=Limits(wall_s=60, file_mb=1))
    assert (tmp_path / "big").stat().st_size <= 2**20


def test_signals_are_named(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError) as caught:
        run(["sh", "-c", "echo last words; kill -SEGV $$"], cwd=tmp_path)
    assert str(caught.value) == "sh was ended by SIGSEGV\nlast words"
    assert not isinstance(caught.value, ToolLimitError)


def test_missing_executable(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError) as caught:
        run(["/nowhere/tool"], cwd=tmp_path)
    assert str(caught.value) == (
        "cannot execute /nowhere/tool: No such file or directory\n  tpugen doctor lists all tools"
    )


def test_unwritable_log_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        run(["true"], cwd=tmp_path, log=tmp_path / "missing" / "log.txt")


def test_a_full_disk_is_named_with_the_log_that_did_not_fit(tmp_path: Path) -> None:
    """The kernel takes nothing that is written to /dev/full."""
    (tmp_path / "log.txt").symlink_to("/dev/full")
    with pytest.raises(StorageError) as caught:
        run(["true"], cwd=tmp_path, log=tmp_path)
    assert str(caught.value) == (
        f"cannot write {tmp_path / 'log.txt'}: the disk is full\n  free some space, or choose another folder with --out"
    )


def test_a_tool_that_found_no_space_and_gave_it_back_is_believed(tmp_path: Path) -> None:
    """As GNU as does: the object file that did not fit is gone when it ends."""
    said = "x.s: Fatal error: can't write 8 bytes to section .text: 'No space left on device'"
    with pytest.raises(StorageError) as caught:
        run(["sh", "-c", f'echo "{said}" >&2; exit 1'], cwd=tmp_path)
    assert str(caught.value) == (
        f"cannot trust what sh wrote in {tmp_path}: the disk is full\n"
        "  free some space, or choose another folder with --out"
    )
    assert run(["sh", "-c", f'echo "{said}" >&2'], cwd=tmp_path).returncode == 0


def test_a_temporary_folder_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StorageError) as caught:
        run(["true"], cwd=tmp_path)
    assert str(caught.value) == (
        f"cannot use the temporary folder {tmp_path / 'gone'}: No such file or directory\n"
        "  free some space there, or set TMPDIR"
    )


def test_a_folder_to_run_in_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^cannot run a tool in .*/gone: No such file or directory"):
        run(["true"], cwd=tmp_path / "gone")


def test_environment_holds_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "LD_PRELOAD"):
        monkeypatch.setenv(name, "secret-value")
    assert "secret-value" not in clean_environment().values()
    shown = run(["env"], cwd=tmp_path, env={"EXTRA": "1"}).stdout
    assert "secret-value" not in shown
    assert "EXTRA=1" in shown


def test_temporary_folder_is_private_and_removed(tmp_path: Path) -> None:
    place = run(["sh", "-c", "touch $TMPDIR/left; echo $TMPDIR"], cwd=tmp_path).stdout.strip()
    assert place
    assert not Path(place).exists()


def test_no_network_where_the_kernel_allows(tmp_path: Path) -> None:
    probe = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this kernel does not let an ordinary process enter a network namespace")
    links = run(["cat", "/proc/net/dev"], cwd=tmp_path).stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]
    code = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    said = run([PYTHON, "-c", code], cwd=tmp_path).stderr.lower()
    assert "unreachable" in said or "permission denied" in said


def landlock_version() -> int:
    return int(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1))


def test_nothing_is_written_outside_the_folder_where_the_kernel_allows(tmp_path: Path) -> None:
    if landlock_version() < 3:
        pytest.skip("this kernel has no Landlock that covers truncation")
    inside = tmp_path / "inside"
    inside.mkdir()
    # Not below /tmp: there, tools may write into files that exist.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as away:
        kept = Path(away, "kept.txt")
        kept.write_text("kept")
        (inside / "link").symlink_to(kept)
        code = (
            f"echo x > {away}/new; echo x > {kept}; echo x >> link; rm {kept}; mkdir {away}/d; mv {kept} .; "
            f"echo x > /tmp/{tmp_path.name}-escaped; echo x > mine; mkdir d; mv mine d/; echo x > $TMPDIR/mine; "
            f"echo x > /dev/null; cat {kept}"
        )
        done = run(["sh", "-c", code], cwd=inside)
        assert done.stdout == "kept"
        assert done.stderr.lower().count("permission denied") == 7
        assert [path.name for path in Path(away).iterdir()] == ["kept.txt"]
        assert kept.read_text() == "kept"
    assert not Path(f"/tmp/{tmp_path.name}-escaped").exists()
    assert (inside / "d" / "mine").is_file()


def test_no_signal_reaches_other_processes_where_the_kernel_allows(tmp_path: Path) -> None:
    if landlock_version() < 6:
        pytest.skip("this kernel's Landlock does not cover signals")
    other = subprocess.Popen(["sleep", "60"])
    try:
        assert run(["sh", "-c", f"kill -9 {other.pid}"], cwd=tmp_path).returncode != 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_processes_left_behind_are_killed(tmp_path: Path) -> None:
    code = "sleep 300 & echo $!; setsid sleep 300 & echo $!"
    pids = [int(text) for text in run(["sh", "-c", code], cwd=tmp_path).stdout.split()]
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


def test_time_out_kills_the_grandchildren(tmp_path: Path) -> None:
    code = (
        f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 300' & "
        f"setsid sh -c 'echo $$ > {tmp_path}/pid2; exec sleep 300' & wait"
    )
    with pytest.raises(ToolLimitError):
        run(["sh", "-c", code], cwd=tmp_path, limits=Limits(wall_s=1.5))
    for name in ("pid", "pid2"):
        assert not alive(int((tmp_path / name).read_text()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_orphan_when_the_parent_dies(tmp_path: Path, number: int) -> None:
    code = (
        "from pathlib import Path\nfrom tpugen.flows.process import run\n"
        f"tool = 'setsid sleep 300 & echo $! $$ > {tmp_path}/pids; sleep 300'\n"
        f"run(['sh', '-c', tool], cwd=Path({str(tmp_path)!r}))\n"
    )
    parent = subprocess.Popen([PYTHON, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        assert wait_for(lambda: (tmp_path / "pids").is_file() and (tmp_path / "pids").read_text().endswith("\n"))
        pids = [int(text) for text in (tmp_path / "pids").read_text().split()]
        assert all(alive(pid) for pid in pids)
        os.kill(parent.pid, number)
        parent.communicate(timeout=20)
        assert wait_for(lambda: not any(alive(pid) for pid in pids))
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait()


def test_supervisor_script_is_part_of_the_package() -> None:
    import tpugen.flows.process as module

    assert module._SUPERVISOR.is_file()
