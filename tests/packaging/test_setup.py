"""The set-up script: on machines that lack things, faked by a PATH of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "setup.sh"
UTILITIES = ("sh", "cat", "cut", "dirname", "env", "find", "rm", "sed", "sha256sum", "sort", "tr", "flock")
TOOLS = ("iverilog", "vvp", "verilator", "yosys", "sta", "g++")
VENV_PACKAGE = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="only in a checkout")


class Machine:
    """A checkout and a PATH with exactly the commands that a test puts there; every one leaves a trace in `log`."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "checkout"
        (self.project / ".ci").mkdir(parents=True)
        shutil.copy(SCRIPT, self.project / ".ci")
        for name in ("tpugen", "rtl_templates", "dataset", "retrieval", "verif", "flows"):
            (self.project / name).mkdir()
        (self.project / "pyproject.toml").write_text("# project\n")
        (self.project / "constraints.txt").write_text("# pins\n")
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "log"
        self.log.touch()
        for name in UTILITIES:
            (self.bin / name).symlink_to(shutil.which(name) or f"/missing/{name}")
        self.command("id", "echo 1000")

    def command(self, name: str, body: str = "") -> None:
        """Put a command on PATH; `body` is shell."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.log}\n{body}\n')
        path.chmod(0o755)

    def python(
        self, version: str = "3.11", *, ensurepip: bool = True, library: bool = True, shared: bool = True
    ) -> None:
        """Put a `python3` on PATH that answers the script's questions and makes environments of the same kind."""
        major, minor = version.split(".")
        new = int(major) == 3 and int(minor) >= 11
        self.command(
            "python3",
            f"""case "$*" in
            --version) echo "Python {version}.0" ;;
            *version_info\\ \\<*) exit {0 if new else 1} ;;
            *ensurepip*) exit {0 if ensurepip else 1} ;;
            *-venv*) echo python{version}-venv ;;
            *Py_ENABLE_SHARED*) exit {0 if shared else 1} ;;
            *libpython*) echo libpython{version} ;;
            -) exit {0 if library else 1} ;;
            *"-m venv"*) {shutil.which("mkdir")} -p .venv/bin && {shutil.which("cp")} "$0" .venv/bin/python
                printf '#!/bin/sh\\nexit 0\\n' >.venv/bin/tpugen && {shutil.which("chmod")} +x .venv/bin/tpugen ;;
            esac""",
        )

    def tools(self, *absent: str) -> None:
        """Put every outside tool on PATH but the absent ones."""
        for name in TOOLS:
            if name not in absent:
                self.command(name)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up."""
        return subprocess.run(
            [str(self.bin / "sh"), ".ci/setup.sh"],
            cwd=self.project,
            env={"PATH": str(self.bin), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_the_right_to_install_it_names_the_packages(machine: Machine) -> None:
    machine.python(ensurepip=False, library=False)
    machine.command("apt-get")
    done = machine.run()
    wanted = ["iverilog", "verilator", "yosys", "opensta", "g++", "libpython3.11", "python3.11-venv"]
    if not Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib").exists():
        wanted.insert(4, "qflow-tech-osu018")
    assert done.returncode == 3
    assert done.stderr == (
        f"setup: missing, and neither root nor sudo to install them with: {' '.join(wanted)}\n"
        f"       ask whoever looks after this machine for: apt-get install {' '.join(wanted)}\n"
    )
    assert "apt-get" not in machine.log.read_text()


def test_only_what_is_missing_is_asked_for(machine: Machine) -> None:
    machine.python()
    machine.tools("sta")
    machine.command("apt-get")
    assert "apt-get install opensta" in machine.run().stderr.replace(" qflow-tech-osu018", "")


def test_a_tool_named_by_its_variable_is_not_missing(machine: Machine, tmp_path: Path) -> None:
    machine.python()
    machine.tools("sta", "yosys")
    machine.command("apt-get")
    elsewhere = tmp_path / "my-sta"
    elsewhere.write_text("#!/bin/sh\n")
    elsewhere.chmod(0o755)
    said = machine.run(TPUGEN_STA=str(elsewhere)).stderr
    assert "yosys" in said
    assert "opensta" not in said


def test_without_apt_it_says_so(machine: Machine) -> None:
    machine.python()
    machine.tools("verilator")
    done = machine.run()
    assert done.returncode == 3
    assert "there is no apt-get to install them with" in done.stderr
    assert "verilator" in done.stderr


def test_sudo_without_a_password_is_used(machine: Machine) -> None:
    machine.python()
    machine.tools("yosys")
    machine.command("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    machine.command("true")
    machine.command("dpkg")
    machine.command("apt-cache", 'echo "  Candidate: 1.0"')
    # The first try finds stale lists; after an update the package comes.
    tool = machine.bin / "yosys"
    machine.command(
        "apt-get",
        f"""case "$*" in
        *update*) : >{machine.log}.updated ;;
        *install*)
            [ -e {machine.log}.updated ] || exit 100
            printf '#!/bin/sh\\n' >{tool}; {shutil.which("chmod")} +x {tool} ;;
        esac""",
    )
    done = machine.run()
    if "qflow-tech-osu018" in done.stderr:
        pytest.skip("the technology library of qflow-tech-osu018 is not on this machine")
    assert done.returncode == 0, done.stderr
    trace = machine.log.read_text().splitlines()
    assert [line for line in trace if line.startswith("dpkg")] == ["dpkg --configure -a"]
    apt = [line for line in trace if line.startswith("apt-get")]
    assert [line.split()[5] for line in apt] == ["install", "update", "install"]
    assert all("--no-install-recommends yosys" in line for line in apt if "install" in line.split())


def test_a_package_that_apt_does_not_offer_is_named(machine: Machine) -> None:
    machine.python()
    machine.tools("sta")
    for name in ("apt-get", "dpkg"):
        machine.command(name)
    machine.command("id", "echo 0")
    machine.command("apt-cache", '[ "$2" = opensta ] || echo "  Candidate: 1.0"')
    done = machine.run()
    assert done.returncode == 3
    assert "apt does not offer on this system: opensta\n" in done.stderr
    assert "universe" in done.stderr


@pytest.mark.parametrize("version", ["3.9", "3.10"])
def test_an_old_python_is_refused(machine: Machine, version: str) -> None:
    machine.python(version)
    done = machine.run()
    assert done.returncode == 3
    assert f"tpugen needs Python 3.11 or newer; found: Python {version}.0" in done.stderr


def test_a_python_without_shared_library_is_refused(machine: Machine) -> None:
    machine.python(shared=False, library=False)
    machine.tools()
    done = machine.run()
    assert done.returncode == 3
    assert "was built without a shared library, which cocotb needs in the simulator" in done.stderr


def test_no_python_at_all_is_said(machine: Machine) -> None:
    done = machine.run()
    assert done.returncode == 3
    assert "found: no python3 on PATH" in done.stderr


def test_a_wrong_python_variable_is_refused(machine: Machine) -> None:
    machine.python()
    done = machine.run(PYTHON="/nowhere/python3")
    assert done.returncode == 3
    assert "PYTHON=/nowhere/python3 is not a Python 3.11 or newer" in done.stderr


@pytest.fixture
def complete(machine: Machine) -> Machine:
    """A machine on which every outside tool is there."""
    machine.python()
    machine.tools()
    if not Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib").exists():
        pytest.skip("the technology library of qflow-tech-osu018 is not on this machine")
    return machine


def pip_calls(machine: Machine) -> list[str]:
    return [line for line in machine.log.read_text().splitlines() if "-m pip" in line]


def test_set_up_twice_calls_pip_once(complete: Machine) -> None:
    assert complete.run().returncode == 0
    first = pip_calls(complete)
    assert any("--editable .[dev]" in call for call in first)
    assert all("--constraint constraints.txt" in call for call in first)
    again = complete.run()
    assert (again.returncode, again.stderr) == (0, "setup: ready\n")
    assert pip_calls(complete) == first


def test_a_new_file_relinks_and_a_new_pin_reinstalls(complete: Machine) -> None:
    complete.run()
    before = len(pip_calls(complete))
    (complete.project / "flows" / "new.py").touch()
    assert "files came or went" in complete.run().stderr
    (relinked,) = pip_calls(complete)[before:]
    assert "--no-deps" in relinked
    (complete.project / "constraints.txt").write_text("# other pins\n")
    assert "installing Python packages" in complete.run().stderr
    assert len(pip_calls(complete)) > before + 1
    assert complete.run().stderr == "setup: ready\n"


def test_an_edited_file_needs_no_set_up(complete: Machine) -> None:
    source = complete.project / "flows" / "a.py"
    source.write_text("1\n")
    complete.run()
    source.write_text("2\n")
    assert complete.run().stderr == "setup: ready\n"


def test_pip_that_fails_leaves_no_stamp(complete: Machine) -> None:
    complete.run()
    python = complete.project / ".venv" / "bin" / "python"
    good = python.read_text()
    python.write_text(good.replace('case "$*" in', 'case "$*" in\n*"-m pip install"*) exit 1 ;;', 1))
    (complete.project / "constraints.txt").write_text("# other pins\n")
    for _ in range(2):
        done = complete.run()
        assert done.returncode == 3
        assert "pip could not install what is missing" in done.stderr
    python.write_text(good)
    assert complete.run().returncode == 0


def test_a_half_made_environment_is_made_again(complete: Machine) -> None:
    (complete.project / ".venv" / "bin").mkdir(parents=True)
    done = complete.run()
    assert done.returncode == 0, done.stderr
    assert "making the environment .venv" in done.stderr


def test_a_finished_set_up_does_nothing() -> None:
    if not (ROOT / ".venv" / ".files-stamp").exists():
        pytest.skip("this checkout was not set up by `make`")
    for _ in range(2):  # the first may have something to do
        done = subprocess.run(
            [str(SCRIPT)], env=dict(os.environ), capture_output=True, text=True, timeout=300, check=False
        )
    assert done.stderr.splitlines() == ["setup: ready"]
