"""Whole runs with the real tools: the road, the cache, interruption, resume, locks, a full disk.

One small MAC is built once for this file; tests that need a run of their own make it in their own folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from tpugen.results import Manifest
from tpugen.storage import TEMPORARY_PREFIX

SPEC = {"kind": "mac", "activation_width_bits": 4, "weight_width_bits": 4, "accumulator_width_bits": 12}
STEPS = ["spec", "write", "sandbox", "contract", "lint", "simulate", "synth", "sta", "model", "report"]
TOOLS = {"IVERILOG": "iverilog", "VVP": "vvp", "VERILATOR": "verilator", "YOSYS": "yosys", "STA": "sta"}
VERSION_ARGUMENTS = {"-V", "--version", "-version"}


@dataclass(frozen=True)
class Bench:
    """A folder with a spec, a cache and tools that tell what they were called with."""

    folder: Path
    environment: dict[str, str]

    @property
    def spec(self) -> Path:
        return self.folder / "spec.json"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tpugen.cli.main", *arguments]

    def tpugen(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env={**self.environment, **more}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def tool_calls(self) -> list[str]:
        """What the tools were called with since the last time, questions for their version left out."""
        log = self.folder / "calls.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if not set(line.split()[1:]) & VERSION_ARGUMENTS]


def make_bench(folder: Path) -> Bench:
    (folder / "spec.json").write_text(json.dumps(SPEC))
    environment = {**os.environ, "TPUGEN_CACHE_DIR": str(folder / "cache"), "NO_COLOR": "1"}
    environment.pop("TPUGEN_RUNS_DIR", None)
    for variable, name in TOOLS.items():
        wrapper = folder / "tools" / name
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/calls.txt\nexec /usr/bin/{name} "$@"\n')
        wrapper.chmod(0o755)
        environment[f"TPUGEN_{variable}"] = str(wrapper)
    return Bench(folder, environment)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with an empty cache."""
    return make_bench(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, dict[str, object], list[str]]]:
    """A finished run: its bench, what it printed, and what tools it called."""
    bench = make_bench(tmp_path_factory.mktemp("done"))
    finished = bench.tpugen("generate", "--spec", "spec.json", "--json")
    assert finished.returncode == 0, finished.stderr
    yield bench, json.loads(finished.stdout), bench.tool_calls()


def manifest_of(run: Path) -> Manifest:
    return Manifest.model_validate_json((run / "manifest.json").read_text())


def test_a_run_passes_and_says_what_it_measured(done: tuple[Bench, dict[str, object], list[str]]) -> None:
    bench, result, calls = done
    assert result["verdict"] == "pass"
    for name in ("area_um2", "power_mw", "fmax_mhz", "cycles", "gops", "gops_per_w"):
        assert isinstance(result[name], int | float), name
        assert result[name] > 0, name
    assert result["cycles"] == result["expected_cycles"]
    files = result["files"]
    assert isinstance(files, list)
    assert files
    assert all(Path(file).is_file() for file in files)
    assert Path(str(result["run"])).parent == bench.folder / "runs"
    assert {call.split()[0] for call in calls} >= {"verilator", "yosys", "sta"}


def test_the_run_folder_holds_everything(done: tuple[Bench, dict[str, object], list[str]]) -> None:
    run = Path(str(done[1]["run"]))
    for name in (
        "manifest.json", "spec.json", "contract.json", "report.html", "simulate/simulation.json",
        "synth/synthesis.json", "sta/timing.json", "model/model.json",
        *(f"{step}/{name}" for step in STEPS for name in ("result.json", "log.txt")),
    ):  # fmt: skip
        assert (run / name).is_file(), name
    simulation = json.loads((run / "simulate/simulation.json").read_text())
    for name in (simulation["waveform"], simulation["activity"]):
        assert (run / name).is_file(), name
    assert (run / json.loads((run / "synth/synthesis.json").read_text())["netlist"]).is_file()
    manifest = manifest_of(run)
    assert [step.step for step in manifest.steps] == STEPS
    assert {tool.name for tool in manifest.tools} >= {"Icarus Verilog", "Verilator", "Yosys", "OpenSTA"}
    assert not list(run.rglob(f"{TEMPORARY_PREFIX}*"))
    assert "key" not in json.dumps(manifest.command)


def test_the_same_again_starts_no_tool_and_imports_nothing_heavy(
    done: tuple[Bench, dict[str, object], list[str]],
) -> None:
    bench, first, _ = done
    heavy = ("cocotb", "pyverilog", "torch", "langchain_core", "matplotlib")
    program = (
        "import sys; from tpugen.cli.main import run; code = run(sys.argv[1:])\n"
        f"print(code, [name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    again = subprocess.run(
        [sys.executable, "-c", program, "generate", "--spec", "spec.json", "--json"],
        cwd=bench.folder, env=bench.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert again.stderr.splitlines()[-1] == "0 []"
    assert bench.tool_calls() == []
    second = json.loads(again.stdout)
    cached = {step["step"] for step in second["steps"] if step["cached"]}
    assert cached == set(STEPS) - {"spec", "report"}
    assert second["run"] != first["run"]
    for name in ("area_um2", "power_mw", "fmax_mhz", "cycles", "gops", "worst_slack_ns", "cells"):
        assert second[name] == first[name], name
    assert Path(second["report"]).read_text().count(Path(second["run"]).name)


def test_another_seed_does_only_what_depends_on_it(done: tuple[Bench, dict[str, object], list[str]]) -> None:
    bench, _, _ = done
    again = bench.tpugen("generate", "--spec", "spec.json", "--json", "--seed", "2")
    steps = {step["step"]: step["cached"] for step in json.loads(again.stdout)["steps"]}
    assert not steps["simulate"]
    assert all(steps[name] for name in ("write", "sandbox", "contract", "lint", "synth"))
    bench.tool_calls()


def test_no_cache_does_everything_again(bench: Bench) -> None:
    arguments = ("generate", "--spec", "spec.json", "--json", "--no-cache", "--out", "mine")
    result = json.loads(bench.tpugen(*arguments).stdout)
    assert not any(step["cached"] for step in result["steps"])
    assert result["run"] == str(bench.folder / "mine")
    assert not (bench.folder / "cache" / "steps").exists()
    bench.tool_calls()
    assert json.loads(bench.tpugen(*arguments).stdout)["verdict"] == "pass"
    assert any(call.startswith("yosys") for call in bench.tool_calls())


def test_the_same_request_to_the_same_folder_keeps_what_is_there(
    done: tuple[Bench, dict[str, object], list[str]],
) -> None:
    bench, _, _ = done
    arguments = ("generate", "--spec", "spec.json", "--json", "--out", "kept")
    assert bench.tpugen(*arguments).returncode == 0
    times = {step: (bench.folder / "kept" / step / "result.json").stat().st_mtime_ns for step in STEPS[1:-1]}
    assert bench.tpugen(*arguments).returncode == 0
    assert times == {step: (bench.folder / "kept" / step / "result.json").stat().st_mtime_ns for step in STEPS[1:-1]}
    other = bench.tpugen(*arguments, "--seed", "3")
    assert other.returncode == 2
    assert other.stderr.startswith("tpugen: --out kept: the folder holds the run of another request\n")


def test_runs_are_listed_shown_compared_and_drawn(done: tuple[Bench, dict[str, object], list[str]]) -> None:
    bench, first, _ = done
    name = Path(str(first["run"])).name
    listed = json.loads(bench.tpugen("runs", "list", "--json").stdout)
    assert name in [run["run_id"] for run in listed]
    assert bench.tpugen("runs", "list").stdout.splitlines()[1].startswith(name)
    shown = json.loads(bench.tpugen("runs", "show", name, "--json").stdout)
    assert shown == first
    assert bench.tpugen("runs", "show", name).stdout.startswith("verdict     pass\n")
    compared = json.loads(bench.tpugen("runs", "compare", name, name, "--json").stdout)
    area = next(row for row in compared["metrics"] if row["metric"] == "area_um2")
    assert area == {"metric": "area_um2", "values": [first["area_um2"]] * 2, "relative": [1.0, 1.0]}
    assert compared["spec_differences"] == []
    report = Path(str(first["report"]))
    report.unlink()
    assert bench.tpugen("report", name).stdout == f"{report}\n"
    assert report.is_file()
    modelled = json.loads(bench.tpugen("model", "gemm", "1x100x1", "--run", name, "--json").stdout)
    assert modelled["total"]["cycles"] == 102
    assert modelled["design"]["area_um2"] == first["area_um2"]
    workload = ("--model", "opt-125m", "--context", "64", "--activation-bits", "4", "--kv-bits", "4")
    llm = bench.tpugen("model", "llm", *workload, "--system", "tpu-llm", "--design", name, "--json")
    decoded = json.loads(llm.stdout)
    array = next(engine for engine in decoded["engines"] if engine["kind"] == "systolic")
    assert (array["settings"]["array"], array["area_mm2"]) == ("1 x 1", pytest.approx(first["area_um2"] / 1e6))
    assert (decoded["origins"]["latency_ms"], decoded["origins"]["energy_mj"]) == ("measured", "measured")
    assert decoded["energy_mj"] == pytest.approx(first["power_mw"] * decoded["latency_ms"] / 1e3)


def test_a_missed_clock_fails_only_where_it_was_asked_for(done: tuple[Bench, dict[str, object], list[str]]) -> None:
    bench, _, _ = done
    asked = bench.tpugen("generate", "--spec", "spec.json", "--json", "--clock-mhz", "5000")
    assert asked.returncode == 1
    result = json.loads(asked.stdout)
    assert result["verdict"] == "fail"
    verdicts = {step["step"]: step["verdict"] for step in result["steps"]}
    assert (verdicts["sta"], verdicts["model"], verdicts["report"]) == ("fail", "skipped", "pass")
    (finding,) = [f for f in result["findings"] if f["severity"] == "error"]
    assert finding["message"].startswith("the clock that was asked for, 5000 MHz, is missed by ")
    assert finding["hint"].startswith(f"ask for at most {int(result['fmax_mhz'])} MHz")
    assert Path(result["report"]).is_file()


# -- interruption -----------------------------------------------------------------------------------------------------


def wait_until(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def started_run(bench: Bench, step: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run in the folder `mine` that is inside `step`, with its tools."""
    process = bench.start("generate", "--spec", "spec.json", "--out", "mine")
    me = psutil.Process(process.pid)
    previous = STEPS[STEPS.index(step) - 1]
    wait_until((bench.folder / "mine" / previous / "state.json").exists)
    wait_until(partial(me.children, recursive=True))
    return process, me.children(recursive=True)


def no_process_in(folder: Path) -> bool:
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                return False
        except (psutil.Error, OSError):
            continue
    return True


@pytest.mark.parametrize(
    ("step", "number"), [("lint", signal.SIGINT), ("simulate", signal.SIGINT), ("simulate", signal.SIGTERM)]
)
def test_interrupted_runs_say_so_leave_nothing_behind_and_resume(
    bench: Bench, step: str, number: signal.Signals
) -> None:
    process, tools = started_run(bench, step)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "tpugen: interrupted; to go on: `tpugen resume RUN`, or the same command again"
    _, alive = psutil.wait_procs(tools, 5)
    assert alive == []
    wait_until(lambda: no_process_in(bench.folder), 10)
    manifest = manifest_of(bench.folder / "mine")
    assert manifest.verdict == "interrupted"
    assert [record.step for record in manifest.steps] == STEPS[: STEPS.index(step)]
    assert not list((bench.folder / "mine").rglob(f"{TEMPORARY_PREFIX}*"))

    before = (bench.folder / "mine/contract/result.json").stat().st_mtime_ns
    resumed = bench.tpugen("resume", "mine", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["verdict"] == "pass"
    assert (bench.folder / "mine/contract/result.json").stat().st_mtime_ns == before


def test_a_killed_run_leaves_no_process_and_resumes(bench: Bench) -> None:
    process, tools = started_run(bench, "simulate")
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(tools, 10)
    assert alive == []
    wait_until(lambda: no_process_in(bench.folder), 10)
    assert manifest_of(bench.folder / "mine").verdict == "running"
    shown = json.loads(bench.tpugen("runs", "show", "mine", "--json").stdout)
    assert shown["verdict"] == "interrupted"
    # Someone edits an artefact of a finished step meanwhile: it is noticed.
    rtl = sorted((bench.folder / "mine/rtl").glob("*.v"))[0]
    sound = rtl.read_text()
    rtl.write_text(sound + "// edited\n")
    resumed = bench.tpugen("resume", "mine", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert rtl.read_text() == sound


def test_two_runs_at_the_same_time_do_not_clash(bench: Bench) -> None:
    processes = [bench.start("generate", "--spec", "spec.json", "--json") for _ in range(2)]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    results = [json.loads(out) for out, _ in outputs]
    assert results[0]["run"] != results[1]["run"]
    assert results[0]["area_um2"] == results[1]["area_um2"]


def test_two_processes_on_one_folder(bench: Bench) -> None:
    first, _ = started_run(bench, "simulate")
    second = bench.tpugen("generate", "--spec", "spec.json", "--out", "mine")
    resumed = bench.tpugen("resume", "mine")
    assert (second.returncode, resumed.returncode) == (3, 3)
    for late in (second, resumed):
        assert late.stderr == (
            f"tpugen: another tpugen process is working on {bench.folder / 'mine'}\n"
            "  wait until it has ended, or choose another folder with --out\n"
        )
    first.communicate(timeout=200)
    assert first.returncode == 0


# -- tools and disks that are not as they should be -------------------------------------------------------------------


def test_a_missing_tool_is_said_before_anything_is_written(bench: Bench) -> None:
    late = bench.tpugen("generate", "--spec", "spec.json", TPUGEN_YOSYS="/nowhere/yosys")
    assert late.returncode == 3
    assert late.stderr == (
        "tpugen: Yosys was not found: TPUGEN_YOSYS is '/nowhere/yosys', which is not an executable file\n"
        "  correct TPUGEN_YOSYS, or unset it to search PATH\n"
    )
    assert not (bench.folder / "runs").exists()
    sick = bench.tpugen("doctor", "--json", TPUGEN_YOSYS="/nowhere/yosys")
    assert sick.returncode == 3
    (check,) = [c for c in json.loads(sick.stdout)["checks"] if c["name"] == "Yosys"]
    assert (check["status"], check["found"]) == ("missing", None)
    assert check["fix"] == "correct TPUGEN_YOSYS, or unset it to search PATH"


def test_a_too_old_tool_is_said_before_anything_is_written(bench: Bench) -> None:
    old = bench.folder / "old-yosys"
    old.write_text("#!/bin/sh\necho 'Yosys 0.9 (git sha1 1979e0b)'\n")
    old.chmod(0o755)
    late = bench.tpugen("generate", "--spec", "spec.json", TPUGEN_YOSYS=str(old))
    assert late.returncode == 3
    assert late.stderr.startswith(f"tpugen: Yosys 0.9 at {old} is too old: >= 0.23 is needed\n  ")
    assert not (bench.folder / "runs").exists()


def test_technologies_that_are_not_there(bench: Bench) -> None:
    unknown = bench.tpugen("generate", "--spec", "spec.json", "--technology", "tsmc3")
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("tpugen: no technology is called 'tsmc3'; known: osu018")
    (bench.folder / "broken.lib").write_text("this is not a library")
    for name in ("none.lib", "broken.lib"):
        late = bench.tpugen("generate", "--spec", "spec.json", "--technology", name)
        assert late.returncode == 3
        assert name in late.stderr
        assert "Traceback" not in late.stderr
    assert not (bench.folder / "runs").exists()


def test_doctor_is_content_and_never_shows_a_key(bench: Bench) -> None:
    well = bench.tpugen("doctor", "--json", OPENAI_API_KEY="sk-very-secret-12345")
    assert well.returncode == 0, well.stdout
    assert "sk-very-secret-12345" not in well.stdout + well.stderr
    (chat,) = [c for c in json.loads(well.stdout)["checks"] if c["area"] == "chat model"]
    assert (chat["status"], chat["found"]) == ("ok", "api.openai.com, key set")
    assert bench.tpugen("doctor").returncode == 0


def test_a_full_disk_is_said_and_the_run_goes_on_afterwards(bench: Bench) -> None:
    """The kernel refuses every file above 8 KiB, as a full disk would."""
    command = "ulimit -S -f 8; exec " + " ".join(bench.command("generate", "--spec", "spec.json", "--out", "mine"))
    late = subprocess.run(
        ["bash", "-c", command], cwd=bench.folder, env=bench.environment, capture_output=True, text=True, check=False
    )
    assert late.returncode == 3, late.stderr
    assert "Traceback" not in late.stderr
    assert "the file-size limit is reached\n  raise `ulimit -f`, or choose another folder with --out\n" in late.stderr
    assert manifest_of(bench.folder / "mine").verdict == "error"
    assert not list((bench.folder / "mine").rglob(f"{TEMPORARY_PREFIX}*"))
    resumed = bench.tpugen("resume", "mine", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["verdict"] == "pass"


@pytest.fixture(params=[40, 100, 160, 192, 236, 300])
def tiny_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of so many KiB, where this process may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_fills_up_leaves_nothing_half_written(bench: Bench, tiny_disk: Path) -> None:
    late = bench.tpugen("generate", "--spec", "spec.json", "--out", str(tiny_disk / "mine"))
    assert late.returncode == 3, late.stderr
    assert "Traceback" not in late.stderr
    assert "the disk is full\n  free some space, or choose another folder with --out\n" in late.stderr
    for path in (tiny_disk / "mine").rglob("*.json"):
        if path.name in ("manifest.json", "result.json", "state.json"):
            json.loads(path.read_text())
    assert not list((tiny_disk / "mine").rglob(f"{TEMPORARY_PREFIX}*"))
