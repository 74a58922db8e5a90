"""`tpugen model gemm`: sizes and arrays as options, formats, keys, and requests that cannot be met."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tpugen.cli.main import run
from tpugen.model.systolic import array_cycles, array_traffic
from tpugen.model.workloads import find_network

ARRAY = ["--rows", "16", "--cols", "8"]
SIZES = ["-m", "100", "-k", "50", "-n", "30"]
HINT = "  name a measured run with --run RUN, or give --text TEXT, --spec FILE, or an array with --rows R --cols C"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TPUGEN_RUNS_DIR", raising=False)


def modelled(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["model", "gemm", *arguments, "--json"]) == 0
    reply: dict[str, object] = json.loads(capsys.readouterr().out)
    return reply


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("cycle_model", ["tpugen", "scalesim-3.0.0", "scalesim-paper"])
def test_keys_of_an_array(dataflow: str, cycle_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    reply = modelled(capsys, *SIZES, *ARRAY, "--dataflow", dataflow, "--cycle-model", cycle_model)
    cycles = int(array_cycles(cycle_model, dataflow, 100, 50, 30, 16, 8))
    traffic = array_traffic(dataflow, 100, 50, 30, 16, 8)
    writes = traffic.ofmap_writes_reported if cycle_model == "scalesim-3.0.0" else traffic.ofmap_writes
    assert reply["cycles"] == cycles
    assert reply["utilization"] == 150_000 / (cycles * 128)
    assert reply["mapping_efficiency"] == traffic.mapping_efficiency
    assert reply["sram_reads"] == traffic.sram_reads
    assert reply["sram_writes"] == writes
    assert reply["sram_writes_counted"] == traffic.ofmap_writes
    assert (reply["rows"], reply["cols"], reply["dataflow"], reply["cycle_model"]) == (16, 8, dataflow, cycle_model)
    assert reply["latency_us"] == cycles / 100
    assert reply["energy_uj"] is reply["dram_reads"] is None


def test_sizes_as_options_and_as_words_are_one_workload(capsys: pytest.CaptureFixture[str]) -> None:
    both = modelled(capsys, "8x8x8", *SIZES, *ARRAY)
    words = modelled(capsys, "8x8x8", "100x50x30", *ARRAY)
    assert both == words
    assert both["cycles"] == sum(gemm["cycles"] for gemm in both["gemms"])  # type: ignore[attr-defined]


def test_the_best_dataflow_is_named_gemm_by_gemm(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["1000x8x8", "8x1000x8", "8x8x1000", "--rows", "8", "--cols", "8", "--cycle-model", "scalesim-3.0.0"]
    best = modelled(capsys, *arguments, "--dataflow", "best")
    assert [gemm["dataflow"] for gemm in best["gemms"]] == ["ws", "os", "is"]  # type: ignore[attr-defined]
    assert best["dataflow"] == "best"
    for name in ("os", "ws", "is"):
        assert modelled(capsys, *arguments, "--dataflow", name)["cycles"] >= best["cycles"]  # type: ignore[operator]


def test_sram_brings_dram_traffic(capsys: pytest.CaptureFixture[str]) -> None:
    reply = modelled(capsys, "100x50x30", *ARRAY, "--sram-kib", "1024")
    assert (reply["dram_reads"], reply["dram_writes"]) == (100 * 50 + 50 * 30, 100 * 30)
    small = modelled(capsys, "100x50x30", *ARRAY, "--sram-kib", "1")
    assert small["dram_reads"] == small["sram_reads"]


def test_csv_has_a_line_per_gemm(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", "8x8x8", "9x9x9", *ARRAY, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["m"] for row in rows] == ["8", "9"]
    assert rows[0]["energy_uj"] == ""
    assert rows[0]["cycles"] == str(array_cycles("tpugen", "os", 8, 8, 8, 16, 8))


def test_the_table_says_what_the_counts_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", "8x8x8", *ARRAY, "--cycle-model", "scalesim-3.0.0"]) == 0
    captured = capsys.readouterr()
    head, line, total = captured.out.splitlines()
    assert head.split() == ["GEMM", "dataflow", "cycles", "utilised", "mapped", "SRAM", "reads", "SRAM", "writes", "us",
                            "GOPS", "uJ"]  # fmt: skip
    assert line.split()[:2] == ["8x8x8", "os"]
    assert total.startswith("total")
    assert captured.err == (
        "cycle model scalesim-3.0.0; clock 100 MHz (assumed)\n"
        "SRAM writes as SCALE-Sim 3.0.0 reports them: rows + columns more per tile than the array writes\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*ARRAY], "no GEMM was given\n  give MxKxN, e.g. 64x128x256, or -m 64 -k 128 -n 256, or --network resnet-18"),
        (["-m", "3", *ARRAY], "-k and -n missing; a GEMM has -m, -k and -n"),
        (["8x8x8"], "the model needs a design\n" + HINT),
        (["8x8x8", *ARRAY, "--run", "a"], "the model needs a design, one; found a run and an array\n" + HINT),
        (["8x8x8", "--rows", "4"], "--cols is missing; an array has --rows and --cols"),
        (["8x8x8", "--cols", "4"], "--rows is missing; an array has --rows and --cols"),
        (["8x8x8", "--dataflow", "os"],
         "--dataflow is that of an array with --rows and --cols\n  a run or a design has its own"),
        (["8x8x8", "--rows", "0", "--cols", "4"],
         "array: rows=0; expected a whole number in 1..65536\n  for example 32 rows and 32 columns"),
        (["-m", "0", "-k", "-3", "-n", "5", *ARRAY],
         "GEMM 0x-3x5: M=0, K=-3 outside the whole numbers 1..2147483647\n"
         "  write a GEMM as MxKxN, three positive whole numbers, e.g. 64x128x256 (M=64, K=128, N=256)"),
        (["8x8x8", *ARRAY, "--dataflow", "sw"],
         "no dataflow is called 'sw'\n  did you mean ws? known dataflows: os, ws, is, best"),
        (["8x8x8", *ARRAY, "--cycle-model", "rtl"],
         "no cycle model is called 'rtl'\n  known cycle models: tpugen, scalesim-3.0.0, scalesim-paper"),
        (["8x8x8", *ARRAY, "--sram-kib", "0"],
         "SRAM: the capacity is 0 bytes; expected more than 0"),
        (["8x8x8", *ARRAY, "--clock-mhz", "0"], "design '16x8 os array': clock is 0.0 MHz; expected a number above 0"),
        (["8x8x8", *ARRAY, "--json", "--csv"], "--json and --csv exclude each other\n  leave one of them out"),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_met(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", *arguments]) == 2
    assert capsys.readouterr() == ("", f"tpugen: {message}\n")


def test_a_network_is_the_sum_of_its_layers(capsys: pytest.CaptureFixture[str]) -> None:
    network = find_network("mobilenet-v1")
    reply = modelled(capsys, "--network", "mobilenet-v1", "--batch", "2", *ARRAY, "--cycle-model", "scalesim-3.0.0")
    layers = reply["gemms"]
    assert isinstance(layers, list)
    assert [layer["name"] for layer in layers] == [layer.name for layer in network.layers]
    assert reply["macs"] == 2 * network.macs
    for layer, found in zip(network.layers, layers, strict=True):
        filters, window, pixels = layer.product
        alone = int(array_cycles("scalesim-3.0.0", "os", 2 * pixels, window, filters, 16, 8))
        assert (found["count"], found["cycles"]) == (layer.groups, layer.groups * alone)
        assert found["utilization"] == pytest.approx(
            layer.groups * 2 * pixels * window * filters / found["cycles"] / 128
        )
    assert reply["cycles"] == sum(found["cycles"] for found in layers)


def test_layers_are_named_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", "--network", "mobilenet-v1", *ARRAY]) == 0
    assert "depthwise13 49x9x1 (1024 times)" in capsys.readouterr().out


def test_an_unknown_network_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", "--network", "resnet", *ARRAY]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tpugen: no network 'resnet' is known")
    assert "resnet-18" in error


def test_products_on_a_tensor_unit(capsys: pytest.CaptureFixture[str]) -> None:
    """Cycles of a job by the formula of the documentation; operands are in the unit's own memories."""
    reply = modelled(capsys, "64x64x64", "5x3x2", "--text", "a TPU with a 16x16 int8 array, operand depth 32")
    gemms = reply["gemms"]
    assert isinstance(gemms, list)
    # 16 tiles, each of 64 products deep, buffers of 32: min(K, 32) + 15 P + K + Rows + 15/16 + Cols + 9.
    assert [gemm["cycles"] for gemm in gemms] == [32 + 15 * 64 + 64 + 16 + 0 + 16 + 9, 3 + 0 + 3 + 16 + 0 + 16 + 9]
    assert (reply["rows"], reply["cols"], reply["dataflow"], reply["sram_reads"]) == (16, 16, "os", None)
    assert run(["model", "gemm", "8x8x8", "--text", "a TPU with a 16x16 int8 array"]) == 0
    assert "SRAM" not in capsys.readouterr().out


def test_vectors_through_a_tile(capsys: pytest.CaptureFixture[str]) -> None:
    request = "ternary PIM tile 64x32, 64x32 crossbars, 8 columns per ADC"
    one, four = (modelled(capsys, f"{count}x64x32", "--text", request)["cycles"] for count in (1, 4))
    # The first result 8 * 8 + 5 cycles after the last of 64 activations, then 32; the next vector follows when the
    # converters are free: max(8 * 8 + 3 + 32, 7 * 8 + 1 + 64).
    assert (one, four) == (64 + 8 * 8 + 4 + 32, 64 + 8 * 8 + 4 + 32 + 3 * (7 * 8 + 1 + 64))
    assert run(["model", "gemm", "4x64x33", "--text", request]) == 2
    assert "the tile holds a matrix of 64x32" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [("--network", "lenet-5"), ("--sram-kib", "64"), ("--cycle-model", "scalesim-3.0.0")]
)
def test_accelerators_run_plain_products(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "gemm", "8x8x8", "--text", "a TPU with a 16x16 int8 array", *option]) == 2
    assert "are for arrays; the design is a tpu" in capsys.readouterr().err
