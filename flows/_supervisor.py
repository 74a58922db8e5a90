"""Runs one tool under limits and outlives nothing: started by `tpugen.flows.process` as a script of its own.

A separate small interpreter instead of a `preexec_fn`: it is safe whatever threads the parent has, it can stay between
parent and tool, and it is the reaper of every process that the tool leaves behind. When the parent dies (even by
SIGKILL) the kernel sends it SIGTERM; when it dies itself, the kernel kills the tool.

Argument 1 is a JSON object (see `process._supervise`); the verdict goes as JSON to the file descriptor it names.
It imports nothing but the standard library's fastest modules, because it starts with every tool.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import time
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38

# Landlock, linux/landlock.h. System calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_WRITE_FILE = 1 << 1
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))  # remove and make files and folders of every kind
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FILE_CHANGES = _WRITE_FILE | _TRUNCATE  # what a rule on a file, not a folder, may allow
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")


def _set_limits(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # A process that ignores SIGXCPU is killed a few seconds later.
        top = soft + 5 if name == "RLIMIT_CPU" and hard == resource.RLIM_INFINITY else soft
        resource.setrlimit(kind, (soft, top))


def _leave_network(libc: ctypes.CDLL) -> None:
    """Enter an empty network namespace where the kernel allows it; go on with the network where it does not."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNET) == 0:
        return
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        except OSError:
            return
        try:
            os.write(descriptor, text.encode())
        except OSError:
            pass
        finally:
            os.close(descriptor)


def _confine(libc: ctypes.CDLL, writable: list[str], *, network: bool) -> None:
    """Let the tool write below `writable` alone, by Landlock, where the kernel has it; go on without where not.

    Later versions of Landlock also keep it from TCP (unless `network`) and from signals to processes of others.
    """
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    files = _CHANGES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    sockets = _TCP if version >= 4 and not network else 0
    attributes = struct.pack("=QQQ", files, sockets, _SCOPES if version >= 6 else 0)
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(length), 0)
    if ruleset < 0:
        return
    rights = [(path, files) for path in writable] + [(path, files & _FILE_CHANGES) for path in _DEVICES]
    # The C library makes files without a name there (Icarus's waveform writer uses them): no right to make names.
    rights.append(("/tmp", _WRITE_FILE))  # noqa: S108
    for path, allowed in rights:
        try:
            descriptor = os.open(path, os.O_PATH)
        except OSError:
            continue
        rule = struct.pack("=Qi", allowed, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
        os.close(descriptor)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _children() -> list[int]:
    """Processes whose parent is this one: the tool and whatever was orphaned below it."""
    found = []
    own = str(os.getpid())
    for entry in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double the start-up time
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:  # noqa: PTH123 - pathlib would double the start-up time
                fields = stat.read().rsplit(b")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[1].decode() == own:
            found.append(int(entry))
    return found


def _end_everything(group: int) -> None:
    """Kill the tool's process group, then every orphan, until no child is left."""
    while True:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        left = _children()
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _start(job: dict[str, object], libc: ctypes.CDLL) -> tuple[int, int]:
    """Fork the tool; returns its pid and the read end of a pipe that carries an error of `exec`, if any."""
    read_end, write_end = os.pipe()
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        os.close(write_end)
        return pid, read_end
    try:
        os.setpgid(0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != supervisor:
            os._exit(127)
        if not job["network"]:
            _leave_network(libc)
        _confine(libc, job["writable"], network=bool(job["network"]))  # type: ignore[arg-type]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        _set_limits(job["limits"])  # type: ignore[arg-type]
        argv = job["argv"]
        os.execvpe(argv[0], argv, job["env"])  # type: ignore[index,arg-type]  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(write_end, f"{error.errno}".encode())
    finally:
        os._exit(127)


def main() -> None:
    """Supervise one tool and report how it ended."""
    job = json.loads(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    state: dict[str, int] = {}

    def stop(*_: object) -> None:
        if "pid" in state:
            _end_everything(state["pid"])
        if os.getppid() != job["parent"]:
            # Nobody is left to tidy up after this run.
            import shutil

            shutil.rmtree(job["scratch"], ignore_errors=True)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != job["parent"]:
        stop()

    pid, error_pipe = _start(job, libc)
    state["pid"] = pid
    exec_error = os.read(error_pipe, 32).decode()
    _, status, usage = os.wait4(pid, 0)
    _end_everything(pid)
    everything = resource.getrusage(resource.RUSAGE_CHILDREN)
    verdict = {
        "returncode": os.waitstatus_to_exitcode(status),
        "exec_errno": int(exec_error) if exec_error else None,
        "cpu_s": everything.ru_utime + everything.ru_stime,
        "peak_mb": max(usage.ru_maxrss, everything.ru_maxrss) / 1024,
    }
    os.write(job["report_fd"], json.dumps(verdict).encode())


if __name__ == "__main__":
    main()
