"""Runs with a contract of the user's own: a chat model writes, the same gates judge, the folder holds all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.custom_designs import EXAMPLES, RTL, WRONG, example
from support.replies import fenced
from support.scripted_chat import ScriptedChat

from tpugen.cli.main import run
from tpugen.errors import RequestError
from tpugen.pipeline import GenerateOptions, generate, resume, verify_files
from tpugen.pipeline.custom import CustomRequest, read_custom
from tpugen.spec import CustomSpec

pytestmark = pytest.mark.network

NAME = "saturating_accumulator"
FILES = ["--contract", str(EXAMPLES / f"{NAME}.v"), "--reference", str(EXAMPLES / f"{NAME}.py")]


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedChat]:
    with ScriptedChat() as server:
        monkeypatch.setenv("TPUGEN_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield server


def options(**changes: object) -> GenerateOptions:
    given = {"chat_model": "scripted", "retrieval": False, "repairs": 1, "candidates": 1, "out": Path("mine")}
    return GenerateOptions.model_validate(given | changes)


def request(name: str = NAME) -> CustomRequest:
    return CustomRequest(example(name), "a running sum of 8-bit samples that saturates")


def test_a_wrong_first_reply_is_mended_from_its_finding_and_the_report_shows_the_design(chat: ScriptedChat) -> None:
    chat.answers.extend([fenced(WRONG[NAME][0].of(RTL[NAME])), fenced(RTL[NAME])])
    result = generate(request(), options=options())
    assert (result.verdict, result.writer, result.module) == ("pass", "llm", NAME)
    assert result.cycles == result.expected_cycles == 1
    assert result.area_um2 is not None
    assert result.power_mw is not None
    lines = {line.step: line for line in result.steps}
    assert (lines["model"].verdict, lines["sta"].verdict) == ("skipped", "pass")
    assert "activity: simulation" in lines["sta"].summary

    first, second = chat.prompts
    assert "output wire signed [11:0] sum_o" in first
    assert "self.sum = max(LOW, min(HIGH, wide))" in first  # the reference is shown
    assert "expected 2047 (12'h7ff)" in second
    assert "saturate there, not wrap" in second

    page = Path("mine/report.html").read_text(encoding="utf-8")
    for words in (
        "a running sum of 8-bit samples",
        f"{NAME}.py",
        "def step",
        "start a new sum",
        "Waveform excerpt",
        "is the first out of reset",
        "1,509 results compared with saturating_accumulator.py",
    ):
        assert words in page, words
    stored = json.loads(Path("mine/spec.json").read_text(encoding="utf-8"))
    assert stored["spec"]["kind"] == "custom"
    assert stored["spec"]["reference"] == (EXAMPLES / f"{NAME}.py").read_text(encoding="utf-8")

    again = resume("mine")  # everything is kept: no reply is left in the script
    assert again.verdict == "pass"
    assert len(chat.requests) == 2


def test_a_run_is_started_again_from_its_spec_alone(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.json").write_text(json.dumps({"spec": example("relu_drain").model_dump(mode="json")}), encoding="utf-8")
    chat.answers.append(fenced(RTL["relu_drain"]))
    arguments = ["--model", "scripted", "--no-retrieval", "--out", "again", "--quiet", "--json"]
    assert run(["generate", "--spec", "spec.json", *arguments]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["verdict"], result["module"], result["clock_mhz"]) == ("pass", "relu_drain", 200.0)
    assert "Clips negative results to zero" in chat.prompts[0]  # the contract's sentences stand for a request


def test_attempts_that_all_fail_fail_the_run(chat: ScriptedChat) -> None:
    chat.answers.append(fenced(WRONG[NAME][1].of(RTL[NAME])))
    result = generate(request(), options=options(repairs=0))
    assert result.verdict == "fail"
    assert result.first_failure is not None
    assert result.first_failure.step == "write"
    assert {"wrong-result", "no-attempt-passed"} <= {finding.rule for finding in result.findings}
    assert Path("mine/report.html").is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chat_model": None}, "no library module covers it: a chat model has to write it"),
        ({"fallback": "composer"}, "the composer cannot write saturating_accumulator"),
        ({"mode": "compose"}, "there is nothing to compose it from"),
        ({"gemms": ("8x8x8",)}, "--gemm 8x8x8: a matrix product does not run on saturating_accumulator"),
        ({"clock_mhz": 0.0}, "clock_mhz: 0 is not legal"),
    ],
)
def test_what_does_not_go_with_a_contract_is_refused_before_anything_is_started(
    changes: dict[str, object], message: str, chat: ScriptedChat
) -> None:
    with pytest.raises(RequestError) as caught:
        generate(request(), options=options(**changes))
    assert message in str(caught.value)
    assert not Path("mine").exists()
    assert chat.requests == []


def test_a_wrong_reference_is_said_before_any_model_is_asked(chat: ScriptedChat) -> None:
    one = example(NAME)
    text = one.reference.replace("min(HIGH, wide)", "wide")
    wrong = CustomSpec.from_texts(one.contract, text, reference_name="sum.py")
    with pytest.raises(
        RequestError, match=r"sum\.py:11: step\(.*returned sum_o = 2\d+, which does not fit its 12 signed"
    ):
        generate(wrong, options=options())
    assert chat.requests == []
    assert not Path("mine").exists()


def test_verify_judges_rtl_by_contract_and_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"{NAME}.v"
    path.write_text(RTL[NAME].lstrip(), encoding="utf-8")
    assert run(["verify", str(path), *FILES, "--until", "lint", "--quiet"]) == 0
    assert "verdict  pass" in capsys.readouterr().out
    path.write_text(RTL[NAME].replace("sum_o,", "total_o,").replace("assign sum_o", "assign total_o"), encoding="utf-8")
    assert run(["verify", str(path), *FILES, "--until", "contract", "--quiet"]) == 1
    assert "port sum_o is missing from saturating_accumulator: running sum" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", *FILES[:2]], "--contract FILE is given without --reference FILE; they belong together"),
        (["generate", *FILES[2:], "a sum"], "--reference FILE is given without --contract FILE"),
        (["generate", *FILES, "--spec", "spec.json"], "--spec and --contract both say what to build"),
        (["generate", *FILES], "a chat model has to write it"),
        (["verify", "x.v", *FILES[:2]], "--contract FILE is given without --reference FILE"),
        (["verify", "x.v", "--contract", "none.v", "--reference", "none.py"], "none.v: no such file"),
    ],
)
def test_half_a_request_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_reference_that_fails_ends_verify_with_code_2(tmp_path: Path) -> None:
    one = example(NAME)
    wrong = CustomSpec.from_texts(one.contract, one.reference.replace("HIGH, LOW = 2047", "HIGH, LOW = 5000"))
    path = tmp_path / f"{NAME}.v"
    path.write_text(RTL[NAME].lstrip(), encoding="utf-8")
    with pytest.raises(RequestError, match="does not fit its 12 signed bits"):
        verify_files([path], wrong)


def test_a_request_is_read_from_files() -> None:
    read = read_custom(EXAMPLES / f"{NAME}.v", EXAMPLES / f"{NAME}.py", "  a sum \n", clock_mhz=250.0)
    assert (read.text, read.spec.clock_mhz, read.spec.contract_name) == ("a sum", 250.0, f"{NAME}.v")
