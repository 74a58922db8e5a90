"""`tpugen arith`: families, errors and tables, in every format, and what is said when the request is wrong."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import psutil
import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.arithmetic.error_metrics import adder_error, multiplier_error
from tpugen.cli.main import run
from tpugen.dataset.costs import all_costs

METRICS = ("er", "med", "nmed", "mred", "max_red", "wce", "bias", "rmse", "variance")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["arith", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


# list, show -----------------------------------------------------------------------------------------------------------


def test_list_has_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(out(capsys, "list", "--json"))
    assert [(e["role"], e["family"]) for e in entries] == [
        *(("adder", name) for name in ADDERS),
        *(("multiplier", name) for name in MULTIPLIERS),
    ]
    drum = next(e for e in entries if e["family"] == "drum")
    assert drum["parameters"] == [{"name": "k", "meaning": "accurate bits", "low": 2, "high": 8, "default": 4}]
    assert drum["shared_pre_approximation"] is True
    rows = csv_rows(out(capsys, "list", "--csv", "--role", "multiplier", "--width", "16", "--weight-width", "6"))
    assert [row["family"] for row in rows] == list(MULTIPLIERS)
    assert {row["family"]: row["parameters"] for row in rows}["bam"] == "vbl 0..20 (3); hbl 0..5 (0)"
    assert rows[0]["structures"] == "array; booth_radix4; wallace; dadda"


def test_list_says_where_no_parameter_is_legal(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out(capsys, "list", "--role", "adder", "--width", "4").splitlines()
    assert lines[0].split() == ["role", "family", "title", "parameters", "structures", "and", "other", "names"]
    assert len(lines) == 1 + len(ADDERS)
    (line,) = (line for line in lines if " m_herloa " in line)
    assert "k (none legal)" in line
    (parameter,) = next(
        e["parameters"]
        for e in json.loads(out(capsys, "list", "--role", "adder", "--width", "4", "--json"))
        if e["family"] == "m_herloa"
    )
    assert (parameter["low"], parameter["high"], parameter["default"]) == (None, None, None)


def test_show_tells_all_about_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "show", "drum", "--width", "6")
    for words in (
        "family                    drum (multiplier)\n",
        "title                     DRUM\n",
        "parameter                 k 2..6 (3): accurate bits\n",
        "shared pre-approximation  optional, off by default",
        "a US patent application, 2025/0045240, covers this structure\n",
        "errors, 6x6 bits, unsigned:\n",
        MULTIPLIERS["drum"].source,
        "definition                Dynamic range unbiased multiplier: ",
    ):
        assert words in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("k = ")] == [
        ["k", "=", str(k)] for k in range(2, 7)
    ]
    text = out(capsys, "show", "exact", "--role", "adder")
    assert "structures   ripple_carry, carry_lookahead, carry_select, kogge_stone, brent_kung\n" in text
    assert "shared pre-approximation" not in text


@pytest.mark.parametrize("family", [*((n, "adder") for n in ADDERS), *((n, "multiplier") for n in MULTIPLIERS)])
def test_show_works_for_every_family(family: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["arith", "show", family[0], "--role", family[1], "--width", "6", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["family"], data["role"]) == family
    assert data["definition"]
    assert data["errors"]
    assert all(row["exhaustive"] and row["width"] == 6 for row in data["errors"])


def test_show_has_the_measured_cost(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in all_costs() if (row.role, row.family, row.widths) == ("multiplier", "drum", (8, 8))]
    assert rows
    lines = out(capsys, "show", "drum").split("\nmeasured cost:\n")[1].splitlines()
    assert lines[0].split() == [
        "unit",
        "operands",
        "technology",
        "area",
        "um2",
        "delay",
        "ns",
        "power",
        "uW",
        "energy",
        "pJ",
    ]
    assert [line.split()[0] for line in lines[1:]] == [row.label for row in rows]
    found = json.loads(out(capsys, "show", "drum", "--json"))["costs"]
    assert [row["area_um2"] for row in found] == [row.area_um2 for row in rows]


def test_show_of_many_settings_says_that_it_shows_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["arith", "show", "bam", "--width", "4"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\nvbl = ") == 7
    assert captured.err == "7 of 28 settings; all: tpugen arith table --family bam --width 4\n"


def test_a_title_names_its_family(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DR-ALM", "dr_alm", "dr-alm", " DR ALM "):
        assert json.loads(out(capsys, "error", name, "--width", "4", "--json"))["family"] == "dr_alm"


# error ----------------------------------------------------------------------------------------------------------------


def test_error_as_json_is_the_api_s_object(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(out(capsys, "error", "drum", "--width", "8", "--param", "k=4", "--json"))
    metrics = multiplier_error("drum", 8, 8, parameters={"k": 4})
    assert found == metrics.model_dump(mode="json")
    assert {*METRICS, "pairs", "exhaustive", "family", "role", "width", "parameters", "signed"} <= found.keys()
    assert (found["pairs"], found["exhaustive"], found["parameters"]) == (65536, True, {"k": 4})
    options = ["--weight-width", "4", "--signed", "--param", "k=3", "--samples", "500", "--seed", "9"]
    found = json.loads(out(capsys, "error", "drum", *options, "--json"))
    metrics = multiplier_error("drum", 8, 4, signed=True, parameters={"k": 3}, samples=500, seed=9)
    assert found == metrics.model_dump(mode="json")


def test_error_as_csv_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = csv_rows(out(capsys, "error", "tosam", "--param", "h=1", "--param", "t=5", "--csv"))
    metrics = multiplier_error("tosam", 8, 8, parameters={"h": 1, "t": 5})
    assert {name: float(row[name]) for name in METRICS} == {name: getattr(metrics, name) for name in METRICS}
    assert (row["parameters"], row["er_half_width"], row["seed"]) == ("h=1 t=5", "", "")
    (row,) = csv_rows(out(capsys, "error", "loa", "--width", "64", "--samples", "1000", "--csv"))
    assert float(row["er_half_width"]) > 0
    assert (row["width"], row["weight_width"], row["pairs"], row["seed"]) == ("64", "", "1000", "1")


def test_error_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out(capsys, "error", "loa", "--param", "k=4").splitlines()
    assert lines == [
        "unit                 LOA adder, 8 bits, unsigned",
        "parameters           k = 4",
        "pairs                65,536 (all)",
        "er                   68.36 %  (error rate)",
        "med                  2.875  (mean error distance)",
        "nmed                 0.5637 %  (normalised mean error distance)",
        "mred                 1.489 %  (mean relative error distance)",
        "max_red              50 %  (largest relative error distance)",
        "wce                  8  (worst-case error distance)",
        "bias                 0.25  (mean error)",
        "rmse                 4  (root mean squared error)",
        "variance             15.94  (variance of the error)",
        "worst case           8 + 8 gives 24, not 16",
        "worst relative case  1 + 1 gives 1, not 2",
        "",
        "distribution of approximate - exact:",
        *lines[16:],
    ]
    assert lines[16].split() == ["error", "pairs", "share"]
    assert [line.split()[:2] for line in lines[17:]] == [
        [str(error), f"{count:,}"]
        for error, count in zip(range(-7, 9), adder_error("loa", 8, parameters={"k": 4}).histogram.counts, strict=True)
    ]
    text = out(capsys, "error", "loa", "--width", "32", "--samples", "2000", "--seed", "3")
    assert "pairs                2,000 (drawn with seed 3)\n" in text
    assert " +- " in text
    assert "half-widths of 95 % intervals" in text


# table ----------------------------------------------------------------------------------------------------------------


def test_table_has_a_row_for_each_family_and_setting(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(out(capsys, "table", "--role", "multiplier", "--width", "5", "--params", "all", "--json"))
    assert {row["family"] for row in rows} == set(MULTIPLIERS)
    assert [row["parameters"] for row in rows if row["family"] == "drum"] == [{"k": k} for k in range(2, 6)]
    assert sum(row["family"] == "bam" for row in rows) == 9 * 5
    drum = next(row for row in rows if row["family"] == "drum" and row["parameters"] == {"k": 3})
    metrics = multiplier_error("drum", 5, 5, parameters={"k": 3})
    assert {name: drum[name] for name in METRICS} == {name: getattr(metrics, name) for name in METRICS}
    assert (drum["pairs"], drum["exhaustive"], drum["signed"], drum["weight_width"]) == (1024, True, False, 5)


def test_table_of_defaults_and_of_chosen_families(capsys: pytest.CaptureFixture[str]) -> None:
    rows = csv_rows(out(capsys, "table", "--width", "6", "--params", "default", "--csv"))
    assert [(row["role"], row["family"]) for row in rows] == [
        *(("adder", name) for name in ADDERS),
        *(("multiplier", name) for name in MULTIPLIERS),
    ]
    lines = out(capsys, "table", "--family", "loa", "--family", "drum", "--width", "4", "--signed").splitlines()
    assert lines[0].split() == ["role", "family", "parameters", *METRICS, "pairs"]
    assert [line.split()[1] for line in lines[1:]] == ["loa"] * 3 + ["drum"] * 3
    rows = json.loads(out(capsys, "table", "--family", "drum", "--width", "12", "--params", "default",
                          "--samples", "100", "--seed", "4", "--json"))  # fmt: skip
    assert [(row["pairs"], row["seed"]) for row in rows] == [(100, 4)]
    assert rows[0]["confidence"]["er"] > 0


def test_table_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["arith", "table", "--role", "adder", "--width", "4", "--params", "default", "--csv"]) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "left out: m_herloa needs wider operands than 4 bits: its k (inexact low bits) is legal from 4 to n-1; "
        "exact would work\n"
    )
    assert "m_herloa" not in captured.out


# Wrong requests -------------------------------------------------------------------------------------------------------

WRONG = {
    "everything at once": (
        ["error", "drum", "--width", "64", "--weight-width", "1", "--param", "k=x", "--param", "z=3", "--samples", "1"],
        "the request is not legal (5 violations):\n"
        "  - param: found 'k=x'; legal: NAME=N with a whole number N; --param k=2 would work\n"
        "  - width: 64 is not legal; legal: 2..32; 8 would work\n"
        "  - weight width: 1 is not legal; legal: 2..32; 8 would work\n"
        "  - multiplier.z: multiplier family 'drum' has no parameter z; it has k\n"
        "  - samples: 1 is not legal; legal: 2..4294967296; 1048576 would work",
    ),
    "parameter out of range": (
        ["error", "drum", "--param", "k=9"],
        "the request is not legal (1 violation):\n"
        "  - multiplier.k: 9 is outside 2..8 for drum at 8 bits; 4 would work",
    ),
    "parameter of another family": (
        ["error", "mitchell", "--param", "k=4"],
        "the request is not legal (1 violation):\n"
        "  - multiplier.k: multiplier family 'mitchell' has no parameter k; it has none",
    ),
    "parameters that cannot be read": (
        ["error", "tosam", "--param", "h", "--param", "=2", "--param", "t=3", "--param", "t=4"],
        "the request is not legal (3 violations):\n"
        "  - param: found 'h'; legal: NAME=N with a whole number N; --param h=2 would work\n"
        "  - param: found '=2'; legal: NAME=N with a whole number N; --param h=2 would work\n"
        "  - param: t is given twice, as 3 and as 4; leave one out",
    ),
    "a parameter where there are none": (
        ["error", "udm", "--param", "4"],
        "the request is not legal (1 violation):\n"
        "  - param: found '4'; legal: NAME=N with a whole number N; udm has no parameters",
    ),
    "an adder's weight": (
        ["error", "loa", "--weight-width", "8", "--width", "1"],
        "the request is not legal (2 violations):\n"
        "  - weight width: both operands of an adder have the same width; leave --weight-width out\n"
        "  - width: 1 is not legal; legal: 2..128; 8 would work",
    ),
    "too many pairs": (
        ["error", "drum", "--width", "20", "--exhaustive"],
        "the request is not legal (1 violation):\n"
        "  - exhaustive: all 2^40 pairs are too many; legal: up to 2^32; samples 1048576 would work",
    ),
    "all and some": (
        ["error", "drum", "--exhaustive", "--samples", "100"],
        "the request is not legal (1 violation):\n"
        "  - samples: all pairs and a sample exclude each other; leave one of them out",
    ),
    "a family too fine for the width": (
        ["error", "m_herloa", "--width", "4"],
        "the request is not legal (1 violation):\n"
        "  - adder.family: m_herloa needs wider operands than 4 bits: its k (inexact low bits) is legal from 4 to n-1; "
        "exact would work",
    ),
    "a name of both roles": (
        ["error", "exact"],
        "both roles have a family 'exact'\n  say which: --role adder or --role multiplier",
    ),
    "a misspelt family": (["show", "drumm"], "no family is called 'drumm'\n  closest: drum, dr_alm"),
    "another name of a family": (["show", "kulkarni"], "no family is called 'kulkarni'\n  closest: udm"),
    "a family of the other role": (
        ["error", "drum", "--role", "adder"],
        "no adder family is called 'drum'\n  drum is a family of multipliers",
    ),
    "an unknown role": (["list", "--role", "divider"], "no role is called 'divider'\n  known: adder, multiplier"),
    "a family of nothing": (
        ["error", "zzzzzz", "--role", "adder"],
        f"no adder family is called 'zzzzzz'\n  known: {', '.join(ADDERS)}",
    ),
    "two formats": (["table", "--json", "--csv"], "--json and --csv exclude each other\n  leave one of them out"),
    "unknown settings": (["table", "--params", "some"], "--params some: no such choice\n  choose all or default"),
    "a width for the table": (
        ["table", "--width", "40", "--role", "multiplier"],
        "the request is not legal (2 violations):\n"
        "  - width: 40 is not legal; legal: 2..32; 8 would work\n"
        "  - weight width: 40 is not legal; legal: 2..32; 8 would work",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_exits_2_and_says_everything_that_is_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = WRONG[name]
    assert run(["arith", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"tpugen: {words}\n"
    assert captured.out == ""


# Long sweeps ----------------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_a_sweep_at_once_and_keeps_what_is_finished(tmp_path: Path) -> None:
    cache = Path(os.environ["TPUGEN_CACHE_DIR"]) / "arithmetic"
    request = ["arith", "error", "drum", "--width", "14", "--weight-width", "13", "--exhaustive", "--json"]
    command = [sys.executable, "-m", "tpugen.cli.main", *request]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list(cache.rglob("band-*.json")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None, f"it ended before it could be interrupted: {process.communicate()}"
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers alike
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines()[0] == "what was finished is kept: the same command goes on with it"
    assert "Traceback" not in stderr
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
    finished = {path.name: path.stat().st_mtime_ns for path in cache.rglob("band-*.json")}
    assert 1 <= len(finished) < 8
    resumed = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True).stdout)
    assert resumed["pairs"] == 1 << 27
    assert resumed == multiplier_error("drum", 14, 13, exhaustive=True).model_dump(mode="json")
    assert [path.name for path in cache.rglob("*.json")] == ["whole.json"]
