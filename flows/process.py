"""Runs outside tools: bounded, isolated, logged, and never left behind.

Every tool gets

- a process group of its own below a supervisor (`_supervisor`), killed as a whole on time-out, on Ctrl-C and when this
  process dies, by SIGKILL too; processes that leave the group are found and killed as well,
- limits on wall-clock time, CPU time, address space and the size of any file that it writes,
- an environment of a few harmless variables: no keys, no tokens, no proxies, and a private temporary folder,
- write access to the folder that it runs in and to its temporary folder alone, and no signals to other processes,
  where the kernel has Landlock (Linux 5.13; signals 6.12). Reading is not restricted: tools live anywhere.
- no network, where the kernel lets an ordinary process enter an empty network namespace (user namespaces enabled, the
  default of Debian and most distributions; not inside many containers). Where it does not, the tool runs with the
  network of its parent, without TCP where Landlock can forbid that (Linux 6.7); the other protections hold all the
  same.

Output goes to files that the file-size limit covers, so that a tool that never stops talking cannot fill memory.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import ToolFailedError, ToolLimitError, ToolMissingError
from tpugen.storage import storage_error, storage_errors

__all__ = ["DEFAULT_LIMITS", "Completed", "Limits", "clean_environment", "run"]

_SUPERVISOR = Path(__file__).with_name("_supervisor.py")
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SOURCE_DATE_EPOCH")
_OUTPUT_KEPT_BYTES = 32 * 2**20
_MEMORY_WORDS = ("bad_alloc", "out of memory", "cannot allocate memory", "memoryerror", "memory exhausted")
_FULL_DISK_WORDS = ("no space left on device", "disk quota exceeded")
_FILE_SIZE_WORDS = ("file size limit exceeded", "file too large")


@dataclass(frozen=True)
class Limits:
    """What one tool may use.

    Attributes:
        wall_s: Wall-clock time in seconds.
        cpu_s: CPU time of each process in seconds.
        memory_mb: Address space of each process in MiB.
        file_mb: Size of each file that it writes in MiB (its output included).
    """

    wall_s: float = 600.0
    cpu_s: float = 1200.0
    memory_mb: int = 8192
    file_mb: int = 2048


DEFAULT_LIMITS = Limits()
"""Generous for the designs that tpugen builds, tight enough to contain a tool that hangs."""


@dataclass(frozen=True)
class Completed:
    """A tool that ended by itself.

    Attributes:
        argv: The command.
        returncode: Exit status; negative signal number when a signal ended it.
        stdout: Standard output (of more than 32 MiB, the beginning and the end).
        stderr: Standard error, likewise.
        seconds: Wall-clock time.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    def tail(self, lines: int = 8) -> str:
        """The last lines it said: for messages."""
        text = self.stderr.strip() or self.stdout.strip()
        return "\n".join(text.splitlines()[-lines:])


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that tools get: a short allow list plus `extra`."""
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment.setdefault("LC_ALL", "C.UTF-8")
    environment["PYTHONUSERBASE"] = site.getuserbase()
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment.update(extra or {})
    return environment


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    limits: Limits = DEFAULT_LIMITS,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    network: bool = False,
) -> Completed:
    """Run a tool to its end.

    Args:
        argv: Executable and arguments; never through a shell.
        cwd: Folder that it runs in; must exist.
        limits: What it may use.
        log: Folder for `command.txt` and `log.txt` (both appended to), or the path of the log file itself, with
            `command.txt` beside it.
        env: Variables added to the clean environment.
        stdin: Text for its standard input; without it, standard input is empty.
        network: Leave it the network (for tools that talk to a local server).

    Returns:
        How it ended, whatever the exit status.

    Raises:
        ToolLimitError: a limit was reached; everything it started is gone.
        ToolMissingError: the executable is not there or cannot be executed.
        StorageError: the log or the temporary folder cannot be written, or the disk of `cwd` is full.
    """
    command = tuple(str(part) for part in argv)
    log_file, command_file = _log_paths(log)
    if command_file is not None:
        _append(command_file, f"cd {shlex.quote(str(cwd))} && {shlex.join(command)}\n")
    temporary = Path(tempfile.gettempdir())
    with storage_errors("use the temporary folder", temporary, hint="free some space there, or set TMPDIR"):
        scratch = Path(tempfile.mkdtemp(prefix="tpugen-"))
        try:
            completed, verdict, timed_out = _supervise(command, cwd, limits, env, stdin, scratch, network)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    if log_file is not None:
        _append(log_file, _log_entry(completed, timed_out))
    _refuse_full_disk(completed, cwd)
    _raise_for_limits(completed, verdict, timed_out, limits)
    return completed


def _log_paths(log: Path | None) -> tuple[Path | None, Path | None]:
    if log is None:
        return None, None
    if log.is_dir():
        return log / "log.txt", log / "command.txt"
    return log, log.parent / "command.txt"


def _refuse_full_disk(completed: Completed, cwd: Path) -> None:
    """Few tools notice that what they write is cut off, and those that do may say it below many other words."""
    usage = shutil.disk_usage(cwd)
    said = completed.stderr[-20_000:].lower() if completed.returncode else ""
    if (usage.total and not usage.free) or any(word in said for word in _FULL_DISK_WORDS):
        tool = Path(completed.argv[0]).name
        raise storage_error(f"trust what {tool} wrote in", cwd, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def _append(path: Path, text: str) -> None:
    with storage_errors("write", path), path.open("a", encoding="utf-8", errors="replace") as handle:
        handle.write(text)


def _log_entry(completed: Completed, timed_out: bool) -> str:
    end = "stopped: time limit" if timed_out else f"exit status {completed.returncode}"
    said = f"{completed.stdout}{completed.stderr}"
    return f"$ {shlex.join(completed.argv)}\n{said}\n[{end}, {completed.seconds:.2f} s]\n"


def _supervise(
    command: tuple[str, ...],
    cwd: Path,
    limits: Limits,
    env: Mapping[str, str] | None,
    stdin: str | None,
    scratch: Path,
    network: bool,
) -> tuple[Completed, dict[str, float | None], bool]:
    """Start the supervisor, wait, end it on time-out or interruption."""
    work = scratch / "tmp"
    work.mkdir()
    environment = {**clean_environment(), "TMPDIR": str(work), "HOME": str(work), **(env or {})}
    read_end, write_end = os.pipe()
    job = {
        "argv": command,
        "env": environment,
        "network": network,
        "parent": os.getpid(),
        "report_fd": write_end,
        "scratch": str(scratch),
        "writable": [str(cwd.resolve()), str(work)],
        "limits": {
            "RLIMIT_CPU": max(1, int(limits.cpu_s)),
            "RLIMIT_AS": limits.memory_mb * 2**20,
            "RLIMIT_FSIZE": limits.file_mb * 2**20,
            "RLIMIT_CORE": 0,
        },
    }
    (scratch / "stdin").write_text(stdin or "", encoding="utf-8")
    start = time.monotonic()
    timed_out = False
    with (
        (scratch / "stdin").open("rb") as source,
        (scratch / "stdout").open("wb") as out,
        (scratch / "stderr").open("wb") as err,
    ):
        with storage_errors("run a tool in", cwd):
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), json.dumps(job)],
                cwd=cwd, stdin=source, stdout=out, stderr=err, pass_fds=(write_end,), start_new_session=True,
            )  # fmt: skip
        os.close(write_end)
        try:
            supervisor.wait(timeout=limits.wall_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            # Also on Ctrl-C and on any other exception: nothing is left running.
            if supervisor.poll() is None:
                _end(supervisor)
    seconds = time.monotonic() - start
    with os.fdopen(read_end, "rb") as pipe:
        report = pipe.read()
    verdict: dict[str, float | None] = json.loads(report) if report else {"returncode": -signal.SIGKILL}
    completed = Completed(
        argv=command,
        returncode=int(verdict["returncode"] or 0),
        stdout=_read_output(scratch / "stdout"),
        stderr=_read_output(scratch / "stderr"),
        seconds=seconds,
    )
    return completed, verdict, timed_out


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    """Ask the supervisor to kill everything below it; insist after five seconds."""
    supervisor.terminate()
    try:
        supervisor.wait(timeout=5)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()


def _read_output(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as handle:
        if size <= _OUTPUT_KEPT_BYTES:
            data = handle.read()
        else:
            half = _OUTPUT_KEPT_BYTES // 2
            head = handle.read(half)
            handle.seek(size - half)
            data = head + f"\n[... {size - 2 * half} bytes left out ...]\n".encode() + handle.read()
    return data.decode("utf-8", errors="replace")


def _raise_for_limits(
    completed: Completed, verdict: Mapping[str, float | None], timed_out: bool, limits: Limits
) -> None:
    tool = Path(completed.argv[0]).name
    hint = "the design may hang the tool; raise the limit if it is only large"
    if timed_out:
        raise ToolLimitError(f"{tool} was stopped: it ran longer than {limits.wall_s:g} s", hint=hint)
    exec_errno = verdict.get("exec_errno")
    if exec_errno is not None:
        reason = os.strerror(int(exec_errno))
        raise ToolMissingError(f"cannot execute {completed.argv[0]}: {reason}", hint="tpugen doctor lists all tools")
    code = completed.returncode
    if code == 0:
        return
    said = (completed.stderr[-20_000:] + completed.stdout[-20_000:]).lower()
    if code == -signal.SIGXFSZ or code == 128 + signal.SIGXFSZ or any(word in said for word in _FILE_SIZE_WORDS):
        raise ToolLimitError(f"{tool} was stopped: it wrote a file larger than {limits.file_mb} MiB", hint=hint)
    if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU) or (verdict.get("cpu_s") or 0.0) >= limits.cpu_s:
        raise ToolLimitError(f"{tool} was stopped: it used more than {limits.cpu_s:g} s of CPU time", hint=hint)
    if any(word in said for word in _MEMORY_WORDS):
        raise ToolLimitError(f"{tool} was stopped: it needed more than {limits.memory_mb} MiB of memory", hint=hint)
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        raise ToolFailedError(f"{tool} was ended by {name}\n{completed.tail()}".rstrip())
