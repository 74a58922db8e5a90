"""Commands that run tools on RTL that is already there, and retrieval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.embedders import MissingEmbedder

from tpugen.cli.main import run
from tpugen.retrieval import Retriever

SPEC = {"kind": "multiplier", "activation_width_bits": 3, "weight_width_bits": 4}


@pytest.fixture
def rtl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The RTL of a small multiplier in the working folder, and its spec beside it."""
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_text(json.dumps(SPEC))
    assert run(["rtl", "--spec", "s.json", "--out", "rtl"]) == 0
    return capsys.readouterr().out.split()


def test_sound_rtl_passes_every_gate(rtl: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["verify", *rtl, "--spec", "s.json", "--json", "--out", "gates"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert [(s["step"], s["verdict"]) for s in result["steps"]] == [
        (gate, "pass") for gate in ("sandbox", "contract", "lint", "simulate")
    ]
    assert (result["verdict"], result["folder"]) == ("pass", str(tmp_path / "gates"))
    assert Path("gates/simulate/simulation.json").is_file()
    assert [line.split()[0] for line in captured.err.splitlines()] == ["sandbox", "contract", "lint", "simulate"]
    assert run(["verify", *rtl, "--spec", "s.json", "--out", "gates"]) == 2
    assert (
        capsys.readouterr().err == "tpugen: --out gates: not an empty folder\n  choose a folder that is new or empty\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "gate"),
    [
        ("product_o", "result_o", "contract"),
        ("endmodule", '  initial $display("%d", $fopen("/etc/passwd"));\nendmodule', "sandbox"),
        ("endmodule", "  assign product_o = ~product_o;\nendmodule", "lint"),
    ],
)
def test_broken_rtl_is_refused_by_the_gate_in_charge(
    rtl: list[str], capsys: pytest.CaptureFixture[str], old: str, new: str, gate: str
) -> None:
    top = Path(rtl[-1])
    top.write_text(top.read_text().replace(old, new))
    assert run(["verify", *rtl, "--spec", "s.json", "--json", "--quiet"]) == 1
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    gates = [step["step"] for step in result["steps"]]
    after = len(gates) - gates.index(gate) - 1
    assert [step["verdict"] for step in result["steps"]] == ["pass"] * gates.index(gate) + ["fail"] + [
        "skipped"
    ] * after
    assert {f["gate"] for f in result["findings"] if f["severity"] == "error"} == {gate}
    assert captured.err == ""
    assert run(["verify", *rtl, "--spec", "s.json", "--quiet"]) == 1
    assert "verdict  fail" in capsys.readouterr().out


def test_wrong_arithmetic_is_refused_by_the_simulation(rtl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "assign product_o = activation_i + weight_i;"
    header = Path(rtl[-1]).read_text().partition(");")[0]
    Path("wrong.v").write_text(f"{header});\n  {wrong}\nendmodule\n")
    assert run(["verify", "wrong.v", "--spec", "s.json", "--json", "--quiet"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "fail"
    assert [s["step"] for s in result["steps"] if s["verdict"] == "fail"] in (["lint"], ["simulate"])


def test_gates_up_to_a_chosen_one(rtl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *rtl, "--spec", "s.json", "--until", "contract", "--json"]) == 0
    assert [s["step"] for s in json.loads(capsys.readouterr().out)["steps"]] == ["sandbox", "contract"]


def test_two_files_of_one_name_are_refused(rtl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path("copy") / Path(rtl[-1]).name
    copy.parent.mkdir()
    copy.write_text(Path(rtl[-1]).read_text())
    assert run(["verify", *rtl, str(copy), "--spec", "s.json"]) == 2
    assert capsys.readouterr().err == (
        f"tpugen: two files are called {copy.name}\n  rename one: messages speak of file names\n"
    )


def test_synthesis_of_a_request_and_of_its_files_agree(rtl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "--spec", "s.json", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    files = [argument for path in rtl for argument in ("--rtl", path)]
    assert run(["synth", *files, "--top", Path(rtl[-1]).stem, "--json", "--out", "synth"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert first["synthesis"]["area_um2"] == second["synthesis"]["area_um2"] > 0
    assert first["timing"]["power"]["activity_source"] == "default"
    assert Path("synth/synth/netlist.v").is_file()
    assert run(["synth", "--spec", "s.json"]) == 0
    assert capsys.readouterr().out.startswith("module      multiplier_s3xs4\n")


def test_synthesis_knows_a_clocked_design(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("reg.v").write_text(
        "// module delay: a comment; with a semicolon\n"
        "module delay (\n  /// clock; rising edge\n  input wire clk_i,\n  input wire rst_ni,\n"
        "  input wire d_i,\n  output reg q_o\n);\n"
        "  reg middle_q;\n"
        "  always @(posedge clk_i or negedge rst_ni)\n    if (!rst_ni) {q_o, middle_q} <= 2'b00;\n"
        "    else {q_o, middle_q} <= {~middle_q, d_i};\nendmodule\n"
    )
    assert run(["synth", "--rtl", "reg.v", "--top", "delay", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["synthesis"]["flip_flops"] == 2
    # The path from flop to flop is there: timed with a clock, it has a setup time to lose.
    assert report["timing"]["fmax_mhz"] < 1000 / report["timing"]["critical_path_ns"]


def test_synthesis_refuses_hostile_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.v").write_text('module bad (input wire a_i);\n  initial $system("true");\nendmodule\n')
    assert run(["synth", "--rtl", "bad.v", "--top", "bad"]) == 1
    assert capsys.readouterr().err.startswith("tpugen: the sandbox refuses these sources:\n  bad.v:2: error [sandbox/")


def test_a_small_multiplier_is_proved(rtl: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "--spec", "s.json", "--json", "--quiet", "--out", "mine"]) == 0
    result = json.loads(capsys.readouterr().out)
    steps = {step["step"]: step for step in result["steps"]}
    assert (steps["prove"]["verdict"], steps["prove"]["summary"]) == ("pass", "equal to the reference for every input")
    assert (steps["model"]["verdict"], result["gops"]) == ("skipped", None)


def test_retrieval_says_what_and_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("tpugen.retrieval.Retriever", lambda corpus, **_: Retriever(corpus, embedder=MissingEmbedder()))
    assert run(["retrieve", "output-stationary processing element", "--count", "3", "--json"]) == 0
    captured = capsys.readouterr()
    hits = json.loads(captured.out)["results"]
    assert len(hits) >= 3
    assert all(set(hit) == {"name", "kind", "score", "why"} for hit in hits)
    assert captured.err == "retrieval by words only (BM25): no torch here\n"
    assert run(["retrieve", "adder"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["name", "score", "why"]
