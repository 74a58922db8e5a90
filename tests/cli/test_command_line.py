"""The command line without tools: usage, errors, exit codes, output rules, speed of import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tpugen import __version__
from tpugen.cli.main import run
from tpugen.errors import TpugenError
from tpugen.spec import spec_json_schema

TEXT = "signed 4-bit MAC with 16-bit accumulator, 100 MHz"
HEAVY = ("numpy", "cocotb", "pyverilog", "torch", "langchain_core", "matplotlib", "faiss", "sentence_transformers")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TPUGEN_RUNS_DIR", raising=False)


def write(path: str, content: object) -> str:
    Path(path).write_text(content if isinstance(content, str) else json.dumps(content))
    return path


USAGE_ERRORS = {
    "no request": (["generate"], "give the request as TEXT or as --spec FILE; found neither"),
    "two requests": (["generate", TEXT, "--spec", "x.json"], "give the request as TEXT or as --spec FILE; found both"),
    "no such file": (
        ["spec", "--spec", "none.json"],
        "none.json: no such file\n  write one with `tpugen spec TEXT --json > FILE`",
    ),
    "llm without a model": (
        ["generate", TEXT, "--writer", "llm"],
        "the llm writer needs a chat model, and none is named\n"
        "  name one with --model NAME, or leave out --writer to use the composer",
    ),
    "composer with a model": (
        ["generate", TEXT, "--writer", "composer", "--model", "m"],
        "chat model 'm' is named, but the composer was asked to write\n"
        "  leave out --writer composer, or leave out --model",
    ),
    "fallback without a model": (
        ["generate", TEXT, "--fallback", "composer"],
        "--fallback says what to do when a chat model fails, and no chat model is named\n"
        "  name one with --model NAME, or leave out --fallback",
    ),
    "unknown command": (["sing"], "No such command 'sing'.\n  see `tpugen --help`"),
    "unknown option": (
        ["generate", "--colour"],
        "No such option: --colour (Possible options: --out, --technology)\n  see `tpugen generate --help`",
    ),
    "unknown gate": (
        ["verify", "x.v", "--text", TEXT, "--until", "smell"],
        "no gate is called 'smell'\n  gates in order: sandbox, contract, lint, simulate",
    ),
    "no such RTL": (
        ["verify", "none.v", "--text", TEXT],
        "none.v: no such file\n  name the Verilog sources of the design",
    ),
    "synth of nothing": (["synth"], "give one of TEXT, --spec FILE or --rtl FILE; found none"),
    "synth of two": (
        ["synth", TEXT, "--rtl", "a.v"],
        "give one of TEXT, --spec FILE or --rtl FILE; found TEXT and --rtl",
    ),
    "rtl without top": (
        ["synth", "--rtl", "a.v"],
        "--rtl and --top belong together: name the top module of the files",
    ),
    "model of nothing": (
        ["model", "gemm", "4x4x4"],
        "the model needs a design\n  name a measured run with --run RUN, or give --text TEXT, --spec FILE, "
        "or an array with --rows R --cols C",
    ),
    "empty search": (["retrieve", "  "], "there is nothing to look for: the text is empty"),
    "one run to compare": (
        ["runs", "compare", "x"],
        "a comparison needs two runs or more\n  tpugen runs compare RUN RUN ...",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", USAGE_ERRORS)
def test_wrong_use_exits_2_says_why_and_makes_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = USAGE_ERRORS[name]
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err == f"tpugen: {words}\n"
    assert captured.out == ""
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", [["runs", "show"], ["resume"], ["report"], ["model", "gemm", "4x4x4", "--run"]])
def test_an_unknown_run_exits_2(command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run([*command, "nothing"]) == 2
    assert capsys.readouterr().err == (
        f"tpugen: no run is called 'nothing': looked for a run folder of that path, and in {tmp_path / 'runs'}\n"
        "  `tpugen runs list` shows the runs; `latest` names the newest\n"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "s.json is not JSON: "),
        ("[1]", "s.json holds no spec: expected a JSON object with the field `kind`"),
        ({"kind": "toaster"}, "kind: found 'toaster'; legal: adder, multiplier, mac, systolic_array"),
        ({"kind": "systolic_array", "rows": 0}, "rows: 0 is not legal; legal: 1..256; 8 would work"),
        ({"kind": "systolic_array", "rows": 100000}, "rows: 100000 is not legal; legal: 1..256; 8 would work"),
        ({"kind": "adder", "width_bits": 1}, "width_bits: 1 is not legal; legal: 2..32; 8 would work"),
        ({"kind": "adder", "width_bits": 64}, "width_bits: 64 is not legal; legal: 2..32; 8 would work"),
        (
            {"kind": "mac", "accumulator_width_bits": 8},
            "accumulator_width_bits: 8 cannot hold one 8x8-bit product; legal range 16..128; 32 would work",
        ),
        ({"kind": "adder", "colour": "red"}, "colour: no such field (value 'red'); remove it"),
    ],
)
@pytest.mark.parametrize("command", ["spec", "rtl", "generate", "synth"])
def test_an_illegal_spec_exits_2(command: str, content: object, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--spec", write("s.json", content)]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""
    assert [p.name for p in Path().iterdir()] == ["s.json"]


HINT = (
    "  ask for an adder, a multiplier, a MAC, a systolic array, a TPU, a PIM tile or a PIM-LLM accelerator, e.g. "
    '"8x8 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz"\n'
)
BAD_SENTENCES = {
    "": f"the request is empty\n{HINT}",
    "  \n ": f"the request is empty\n{HINT}",
    "please make me a sandwich": f'no design that can be built was found in "please make me a sandwich"\n{HINT}',
    "a systolic array with 0 rows and 4 columns": (
        "the spec is not legal (1 violation):\n  - rows: 0 is not legal; legal: 1..256; 8 would work\n"
    ),
    "100000x4 systolic array": (
        "the spec is not legal (1 violation):\n  - rows: 100000 is not legal; legal: 1..256; 8 would work\n"
    ),
    "64-bit adder": (
        "the spec is not legal (1 violation):\n  - width_bits: 64 is not legal; legal: 2..32; 8 would work\n"
    ),
    "8-bit MAC with 10-bit accumulator": (
        "the spec is not legal (1 violation):\n  - accumulator_width_bits: 10 cannot hold one 8x8-bit product; "
        "legal range 16..128; 32 would work\n"
    ),
    "signed uint8 4x4 systolic array": (
        'the request says two things about signed: signed in "signed" (characters 1-6), unsigned in "uint8" '
        "(characters 8-12)\n  say only one of them\n"
    ),
    "8-bit multiplier, DRUM k=9": (
        "the spec is not legal (1 violation):\n  - multiplier.k: 9 is outside 2..8 for drum at 8 bits; 4 would work\n"
    ),
}


@pytest.mark.parametrize("sentence", BAD_SENTENCES)
def test_a_sentence_that_cannot_be_built_exits_2(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", sentence]) == 2
    assert capsys.readouterr() == ("", f"tpugen: {BAD_SENTENCES[sentence]}")
    assert list(Path().iterdir()) == []


def test_an_approximate_design_is_read_modelled_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "4x4 systolic array with the DRUM approximate multiplier"
    assert run(["spec", sentence, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"]["multiplier"] == {"family": "drum", "k": 4}
    assert run(["model", "gemm", "8x8x8", "--text", sentence, "--json"]) == 0
    capsys.readouterr()
    assert run(["rtl", sentence]) == 0
    assert "multiplier_drum #(" in capsys.readouterr().out


def test_a_number_outside_its_range_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", TEXT, "--repairs", "99"]) == 2
    assert capsys.readouterr().err.endswith("\n  see `tpugen generate --help`\n")
    assert list(Path().iterdir()) == []


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tpugen {__version__}\n"
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in (
        "generate",
        "spec",
        "rtl",
        "verify",
        "synth",
        "model",
        "retrieve",
        "runs",
        "resume",
        "report",
        "doctor",
    ):
        assert f" {command} " in out


@pytest.mark.parametrize("arguments", [[], ["runs"], ["model"]])
def test_nothing_asked_shows_help_and_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert "Usage: tpugen" in captured.out + captured.err


def test_schema_is_the_published_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == spec_json_schema()


def test_spec_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "--spec", write("s.json", {"kind": "mac", "clock_mhz": 50}), "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert set(document) == {"spec", "assumptions", "not_understood"}
    assert document["spec"]["clock_mhz"] == 50
    assert captured.err == ""
    assert run(["spec", "--spec", write("again.json", document), "--json"]) == 0  # its own output is a spec file
    assert json.loads(capsys.readouterr().out)["spec"] == document["spec"]


def test_rtl_is_printed_or_written(capsys: pytest.CaptureFixture[str]) -> None:
    spec = write("s.json", {"kind": "adder", "width_bits": 4})
    assert run(["rtl", "--spec", spec]) == 0
    captured = capsys.readouterr()
    assert "module adder_s4" in captured.out
    assert run(["rtl", "--spec", spec, "--out", "rtl"]) == 0
    paths = capsys.readouterr().out.split()
    assert paths
    assert "module adder_s4" in Path(paths[-1]).read_text()
    assert run(["rtl", "--spec", spec, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["module"] == "adder_s4"
    assert [file["name"] for file in document["files"]] == [Path(path).name for path in paths]
    assert run(["rtl", "--spec", spec, "--out", spec]) == 2
    assert capsys.readouterr().err == "tpugen: --out s.json: a file of that name exists\n  name a folder\n"


def test_model_of_an_unbuilt_design(capsys: pytest.CaptureFixture[str]) -> None:
    spec = write("s.json", {"kind": "systolic_array", "rows": 4, "cols": 4})
    assert run(["model", "gemm", "4x16x4", "8x8x8", "--spec", spec, "--clock-mhz", "200", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["design"]["origin"] == "assumed"
    assert result["design"]["clock_mhz"] == 200
    assert result["gemms"][0]["cycles"] == 16 + 4 + 4 + 1
    assert result["total"]["cycles"] == sum(gemm["cycles"] for gemm in result["gemms"])
    assert result["total"]["gops_per_w"] is None
    assert run(["model", "gemm", "4x16x4", "--spec", spec]) == 0
    assert "not measured" in capsys.readouterr().out


def test_no_runs_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["runs", "list"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "no runs yet; `tpugen generate TEXT` makes one\n")


def test_the_unexpected_is_short_and_its_details_are_in_a_file_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-12345")

    def explode(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("with sk-very-secret-12345 inside")

    monkeypatch.setattr("tpugen.pipeline.runs.list_runs", explode)
    assert run(["runs", "list"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    first, second = captured.err.splitlines()
    assert first.startswith("tpugen: unexpected ZeroDivisionError: with ")
    (log,) = Path(os.environ["TPUGEN_CACHE_DIR"]).glob("logs/error-*.log")
    assert second == f"  details are in {log}; please report them"
    assert "Traceback" in log.read_text()
    assert "sk-very-secret-12345" not in log.read_text() + captured.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TpugenError("broken", hint="mend it")])
def test_errors_and_interrupts_become_exit_codes(
    error: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr("tpugen.pipeline.runs.list_runs", fail)
    code = run(["runs", "list"])
    expected = {
        KeyboardInterrupt: (130, "tpugen: interrupted; to go on: `tpugen resume RUN`, or the same command again\n"),
        TpugenError: (3, "tpugen: broken\n  mend it\n"),
    }
    assert (code, capsys.readouterr().err) == expected[type(error)]


def tpugen(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tpugen.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_a_reader_that_goes_away_is_no_error() -> None:
    spec = write("s.json", {"kind": "systolic_array", "rows": 64, "cols": 64})
    command = f"{sys.executable} -m tpugen.cli.main rtl --spec {spec} --json | head -c 10; echo rc ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].endswith("rc 0")
    assert done.stderr == ""


def test_stdin_is_a_request() -> None:
    done = tpugen("spec", "-", "--json", input=TEXT)
    assert json.loads(done.stdout)["spec"]["kind"] == "mac"


@pytest.mark.parametrize("arguments", [["--help"], ["spec", TEXT], ["generate", "--help"], ["runs", "list"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from tpugen.cli.main import run; code = run(sys.argv[1:])\n"
        f"print(code, [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_importing_tpugen_imports_next_to_nothing() -> None:
    program = "import sys, tpugen; print([n for n in ('pydantic', 'typer', 'tpugen.pipeline') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_everything_public_is_there() -> None:
    import tpugen as package

    assert sorted(package.__all__) == dir(package)
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_the_default_technology_is_the_one_of_the_flows() -> None:
    import inspect

    from tpugen.cli.generate import generate
    from tpugen.pipeline import GenerateOptions

    assert inspect.signature(generate).parameters["technology"].default == GenerateOptions().technology
