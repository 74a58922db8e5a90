"""`tpugen model llm` and `tpugen model sweep`."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from tpugen.cli.main import run

LLM = ["model", "llm", "--model", "opt-6.7b", "--context", "4096", "--system"]


def test_a_model_on_the_hybrid_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LLM, "pim-llm", "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert captured.err == ""
    assert {"tokens_per_s", "tokens_per_j", "latency_ms", "gops", "gops_per_w", "components", "energy_mj", "area_mm2",
            "accounting", "schedule", "origins"} <= set(result)  # fmt: skip
    assert (result["accounting"], result["schedule"], result["workload"]) == ("consistent", "sequential", "real")
    assert set(result["components"][0]) == {"name", "operator", "engine", "latency_ms", "energy_mj", "origin"}
    for total in ("latency_ms", "energy_mj"):
        assert result[total] == math.fsum(part[total] for part in result["components"])
    assert {part["origin"] for part in result["components"]} <= {"measured", "published", "assumed"}
    assert result["tokens_per_s"] == pytest.approx(1e3 / result["latency_ms"])
    assert result["gops"] == pytest.approx(result["macs"] / result["latency_ms"] / 1e6)


@pytest.mark.parametrize(
    ("model", "context", "printed"),
    [("gpt2-350m", "128", "18.72"), ("gpt2-350m", "4096", "6.95"), ("opt-1.3b", "1024", "2.31"),
     ("opt-6.7b", "1024", "0.47")],
)  # fmt: skip
def test_published_figures(model: str, context: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["model", "llm", "--model", model, "--context", context, "--system", "tpu-llm", "--as-published"]
    assert run([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert f"{result['tokens_per_s']:.2f}" == printed
    assert (result["accounting"], result["workload"]) == ("as_published", "as_published")


def test_a_table_says_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LLM, "pim-llm", "--as-published"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert "accounting  as_published" in lines
    (tokens_per_s,) = (line.split()[1] for line in lines if line.startswith("tokens/s "))
    assert f"{float(tokens_per_s):.2f}" == "2.33"
    assert any(line.startswith("scores") and "4096 x 128 x 1" in line for line in lines)
    assert captured.err.startswith("workload as_published, accounting as_published, schedule sequential, memory none; ")
    assert "note: accounting as_published: the energy of attention is charged for one layer" in captured.err


def test_components_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LLM, "tpu-llm", "--memory", "lpddr4", "--csv"]) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert {row["engine"] for row in rows} == {"tpu", "memory"}
    assert {row["operator"] for row in rows} >= {"query", "down", "scores", "mix"}
    assert "accounting consistent" in captured.err


def test_a_sweep_as_csv_json_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    sweep = ["model", "sweep", "--model", "opt-1.3b,gpt2-774m", "--context", "128", "--context", "256,512",
             "--array", "32x32,64", "--dataflow", "os,best", "--system", "tpu-llm"]  # fmt: skip
    assert run([*sweep, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 2 * 3 * 2 * 2
    assert run([*sweep, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [float(row["tokens_per_s"]) for row in rows] == [point["tokens_per_s"] for point in result["points"]]
    assert list(rows[0]) == list(result["points"][0])
    assert run(sweep) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + len(rows)
    assert "accounting consistent" in captured.err


def test_the_published_grid_is_the_default_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "sweep", "--as-published", "--csv"]) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(captured.out)))
    assert len(rows) == 7 * 6 * 2
    assert "accounting as_published" in captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "opt-6.8b"], "no language model 'opt-6.8b' is known"),
        (["--model", "opt-6.7b", "--context", "5000"], "context 5000 of opt-6.7b"),
        (["--model", "opt-6.7b", "--context", "0"], "contexts: 0"),
        (["--model", "opt-6.7b", "--system", "tpullm"], "no system is called 'tpullm'"),
        (["--model", "opt-6.7b", "--json", "--csv"], "--json and --csv both say what to print"),
        (["--model", "opt-6.7b", "--dataflow", "zs"], "no dataflow is called 'zs'"),
        (["--model", "opt-6.7b", "--design", "nope"], "no run is called 'nope'"),
        (["--model", "opt-6.7b", "--batch", "-1"], "batch: -1"),
        (["--model", "opt-6.7b", "--set", "tpu.clock"], "'tpu.clock': expected NAME=VALUE"),
        (["--model", "opt-6.7b", "--set", "tpu.clock=1", "--set", "tpu.clock=2"], "tpu.clock is given twice"),
        (["--model", "opt-6.7b", "--card", "tpu=nope"], "'nope' is not known"),
    ],
)
def test_wrong_requests_end_with_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    defaults = [] if "--context" in arguments else ["--context", "128"]
    assert run(["model", "llm", *arguments, *defaults]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--context", "many"], "many: expected whole numbers"),
        (["--array", "big"], "cannot read 'big' as an array"),
        (["--model", ","], "',': names nothing"),
    ],
)
def test_wrong_sweeps_end_with_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["model", "sweep", *arguments])
    captured = capsys.readouterr()
    assert (code, words in captured.err) == (2, True)


def test_a_config_json_and_a_system_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {"model_type": "llama", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 8,
              "num_key_value_heads": 2, "intermediate_size": 512, "vocab_size": 1000,
              "max_position_embeddings": 512}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    system = tmp_path / "mine.toml"
    system.write_text(
        '[engines.a]\nkind = "systolic"\nrows = 16\ncols = 16\ncycle_model = "tpugen"\n'
        '[placement]\nprojection = "a"\nattention = "a"\n'
    )
    arguments = ["model", "llm", "--model", str(tmp_path / "config.json"), "--context", "100", "--system", str(system)]
    assert run([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["system"] == "mine"
    assert {operator["name"] for operator in result["operators"]} >= {"gate", "scores"}
