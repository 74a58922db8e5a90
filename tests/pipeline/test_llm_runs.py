"""Runs whose RTL a chat model wrote: gated by the real tools, never blurred with the composer's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.embedders import MissingEmbedder
from support.replies import (
    combinational_loop_reply,
    endless_loop_reply,
    fopen_reply,
    good_reply,
    no_code_reply,
    wrong_ports_reply,
)
from support.scripted_chat import Answer, ScriptedChat, Slow, Status

from tpugen.cli.main import run
from tpugen.errors import ChatModelError
from tpugen.pipeline import Event, GenerateOptions, RunResult, generate
from tpugen.results import Manifest
from tpugen.retrieval import Retriever
from tpugen.spec import MacSpec

SPEC = MacSpec(activation_width_bits=4, weight_width_bits=4, accumulator_width_bits=12)

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gates of the same reply are done once for this file."""
    return tmp_path_factory.mktemp("llm-cache")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(cache))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tpugen.retrieval.Retriever", lambda *_, **__: Retriever(embedder=MissingEmbedder()))
    monkeypatch.setattr("tpugen.writers.conversation.RetryPolicy.wait_s", lambda _self, _attempt: 0.0)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedChat]:
    """A chat model whose answers the test appends; its key is a secret that must not turn up anywhere."""
    with ScriptedChat() as server:
        monkeypatch.setenv("TPUGEN_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-12345")
        yield server


def written_by(
    chat: ScriptedChat, *answers: Answer, repairs: int = 0, fallback: bool = False, use_cache: bool = False
) -> RunResult:
    chat.answers.extend(answers)
    options = GenerateOptions(
        chat_model="scripted", candidates=1, repairs=repairs, fallback="composer" if fallback else None,
        out=Path("mine"), use_cache=use_cache,
    )  # fmt: skip
    return generate(SPEC, options=options)


def manifest() -> Manifest:
    return Manifest.model_validate_json(Path("mine/manifest.json").read_text())


def secret_is_nowhere() -> bool:
    return not [f for f in Path("mine").rglob("*") if f.is_file() and b"sk-very-secret-12345" in f.read_bytes()]


def test_good_rtl_passes_and_says_who_wrote_it(chat: ScriptedChat) -> None:
    result = written_by(chat, good_reply(SPEC))
    assert result.verdict == "pass"
    assert (result.writer, result.chat_model) == ("llm", "scripted")
    records = manifest().provenance
    assert (records[-1].writer, records[-1].model, records[-1].attempt) == ("llm", "scripted", 1)
    assert {record.writer for record in records[:-1]} <= {"library", "composer"}
    assert manifest().retrieved
    for name in ("prompt.md", "reply.md", "exchange.json", "findings.json", "simulate/result.json"):
        assert (Path("mine/llm/attempt-1") / name).is_file(), name
    assert secret_is_nowhere()


def test_a_refused_attempt_is_repaired_from_its_findings(chat: ScriptedChat) -> None:
    result = written_by(chat, wrong_ports_reply(SPEC), good_reply(SPEC), repairs=1)
    assert result.verdict == "pass"
    assert manifest().provenance[-1].attempt == 2
    assert "wrong_name" in chat.prompts[1]
    assert json.loads(Path("mine/llm/attempt-1/contract/result.json").read_text())["verdict"] == "fail"
    assert not Path("mine/llm/attempt-1/simulate").exists()


BAD_REPLIES = {
    "wrong ports": (wrong_ports_reply, "contract"),
    "$fopen": (fopen_reply, "sandbox"),
    "endless loop": (endless_loop_reply, None),
    "combinational loop": (combinational_loop_reply, "lint"),
}


@pytest.mark.parametrize("name", BAD_REPLIES)
def test_bad_rtl_fails_the_run(chat: ScriptedChat, name: str) -> None:
    reply, gate = BAD_REPLIES[name]
    result = written_by(chat, reply(SPEC))
    assert result.verdict == "fail"
    assert result.files == []
    assert not Path("mine/rtl").exists()
    verdicts = {step.step: step.verdict for step in result.steps}
    assert verdicts["write"] == "fail"
    assert {verdicts[step] for step in ("sandbox", "contract", "lint", "simulate", "synth", "sta", "model")} == {
        "skipped"
    }
    first = result.findings[0]
    assert first.message == "no attempt of the chat model scripted passed the gates"
    gates = {finding.gate for finding in result.findings[1:] if finding.severity == "error"}
    assert gates
    assert gate is None or gate in gates
    assert Path(str(result.report)).is_file()


def test_the_composer_steps_in_where_asked_and_the_run_says_so(chat: ScriptedChat) -> None:
    result = written_by(chat, fopen_reply(SPEC), fallback=True)
    assert result.verdict == "pass"
    assert (result.writer, result.chat_model) == ("composer", "scripted")
    assert "llm" not in {record.writer for record in manifest().provenance}
    (warning,) = [finding for finding in result.findings if finding.rule == "fallback"]
    assert warning.message == (
        "no attempt of the chat model scripted passed the gates; the composer wrote the RTL instead"
    )
    assert "the composer wrote the RTL instead" in Path(str(result.report)).read_text()


@pytest.mark.parametrize("answers", [[Status(500)] * 8, [Status(429)] * 8, [no_code_reply()]])
def test_a_chat_model_that_fails_ends_the_run_with_exit_code_4(chat: ScriptedChat, answers: list[Answer]) -> None:
    with pytest.raises(ChatModelError) as caught:
        written_by(chat, *answers)
    assert caught.value.exit_code == 4
    assert manifest().verdict == "error"
    assert manifest().error == str(caught.value)
    assert not Path("mine/rtl").exists()
    assert secret_is_nowhere()


def test_the_composer_steps_in_for_a_chat_model_that_cannot_be_reached(chat: ScriptedChat) -> None:
    result = written_by(chat, *[Status(500)] * 8, fallback=True)
    assert result.verdict == "pass"
    (warning,) = [finding for finding in result.findings if finding.rule == "fallback"]
    assert warning.message.startswith("the chat model scripted failed: ")
    assert warning.message.endswith("; the composer wrote the RTL instead")


def test_the_same_request_is_not_asked_twice(chat: ScriptedChat, tmp_path: Path) -> None:
    assert written_by(chat, good_reply(SPEC), use_cache=True).verdict == "pass"
    asked = len(chat.requests)
    events: list[Event] = []
    options = GenerateOptions(chat_model="scripted", candidates=1, repairs=0, out=tmp_path / "again")
    again = generate(SPEC, options=options, observer=events.append)
    assert again.verdict == "pass"
    assert len(chat.requests) == asked
    assert {step.step: step.cached for step in again.steps}["write"]
    assert Path("again/llm/attempt-1/reply.md").is_file()


def test_the_command_line_says_4(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.answers.extend([Status(500)] * 8)
    Path("s.json").write_text(SPEC.model_dump_json())
    assert run(["generate", "--spec", "s.json", "--model", "scripted", "--out", "mine", "--no-cache"]) == 4
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "sk-very-secret-12345" not in captured.err
    assert captured.out == ""


def test_no_key_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TPUGEN_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    Path("s.json").write_text(SPEC.model_dump_json())
    assert run(["generate", "--spec", "s.json", "--model", "gpt-none", "--quiet"]) == 4
    assert capsys.readouterr().err == (
        "tpugen: no key for model 'gpt-none': OPENAI_API_KEY is not set\n"
        "  set OPENAI_API_KEY, or TPUGEN_BASE_URL for a server of your own, or use --model gguf:PATH for a model file\n"
    )


def test_a_chat_model_that_does_not_answer_ends_the_run(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.answers.extend([Slow(30)] * 8)
    Path("spec.json").write_text(SPEC.model_dump_json())
    command = ["generate", "--spec", "spec.json", "--model", "scripted", "--chat-timeout", "1", "--out", "mine"]
    assert run([*command, "--no-cache"]) == 4
    said = capsys.readouterr().err
    assert "did not answer in time (2 tries)\n  allow more time (--chat-timeout), or use a faster model\n" in said
    assert "Traceback" not in said
    assert manifest().verdict == "error"


def test_rules_and_chat_model_read_the_request_and_differ(
    chat: ScriptedChat, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for once more, the model insists; the rules read the width from the text, so they win, and all say so."""
    read = {"kind": "mac", "activation_width_bits": 5, "weight_width_bits": 4, "accumulator_width_bits": 12}
    sentence = "a signed MAC of 4-bit activations and 4-bit weights with a 12-bit accumulator"
    chat.answers.extend([json.dumps(read), json.dumps(read), good_reply(SPEC)])
    command = ["generate", sentence, "--model", "scripted", "--spec-by", "both", "--repairs", "0", "--out", "mine"]
    assert run([*command, "--no-cache"]) == 0
    assert len(chat.requests) == 3
    document = json.loads(Path("mine/spec.json").read_text())
    assert document["spec"]["activation_width_bits"] == 4
    (item,) = document["reading"]["disagreements"]
    assert (item["field"], item["rules"], item["model"], item["settled"]) == ("activation_width_bits", 4, 5, "rules")
    assert Path("mine/reading/exchanges.sqlite").is_file() and Path("mine/llm/exchanges.sqlite").is_file()
    assert "read differently" in Path("mine/report.html").read_text()
    assert "read differently" in capsys.readouterr().out


def test_a_budget_ends_a_run_with_words(chat: ScriptedChat, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.json").write_text(SPEC.model_dump_json())
    command = ["generate", "--spec", "s.json", "--model", "scripted", "--budget", "0", "--out", "mine", "--no-cache"]
    assert run(command) == 4
    said = capsys.readouterr().err
    assert "is used up" in said and "--budget" in said and "Traceback" not in said
    assert chat.requests == []
    assert manifest().verdict == "error"


def test_a_budget_that_cannot_be_read_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.json").write_text(SPEC.model_dump_json())
    assert run(["generate", "--spec", "s.json", "--model", "scripted", "--budget", "some"]) == 2
    assert "budget 'some' cannot be read" in capsys.readouterr().err
