"""The chat-model writer against a scripted model over HTTP: repair sequence, provenance, log, secrets, limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.replies import (
    combinational_loop_reply,
    endless_loop_reply,
    fenced,
    fopen_reply,
    good_reply,
    no_code_reply,
    truncated_reply,
    wrong_ports_reply,
)
from support.scripted_chat import Answer, Pieces, Raw, Reset, ScriptedChat, Slow, Status

from tpugen.dataset import module_header
from tpugen.errors import (
    BudgetExhaustedError,
    ChatModelError,
    ChatModelNameError,
    ChatModelReplyError,
    StorageError,
    ToolMissingError,
)
from tpugen.findings import Finding
from tpugen.retrieval import Retriever
from tpugen.spec import SystolicArraySpec, contract_for
from tpugen.writers.attempts import LlmOutcome, WriterEvent
from tpugen.writers.budget import NO_BUDGET, Budget
from tpugen.writers.composer import compose
from tpugen.writers.conversation import RetryPolicy
from tpugen.writers.files import RtlFile
from tpugen.writers.llm import LlmWriter
from tpugen.writers.providers import ChatSettings
from tpugen.writers.session import ChatSession, SessionEvent
from tpugen.writers.settings import WriterSettings
from tpugen.writers.task import WritingTask

pytestmark = pytest.mark.network

SPEC = SystolicArraySpec(rows=4, cols=4)
TOP = contract_for(SPEC).module
REQUEST = "a 4x4 output-stationary array, int8"
KEY = "sk-very-secret-0123456789"


def _error(message: str, **more: object) -> Finding:
    return Finding.model_validate({"severity": "error", "gate": "contract", "rule": "x", "message": message} | more)


class Bench:
    """Runs a writer against a script, with a gate that passes exactly the composer's text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, retriever: Retriever) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        self.monkeypatch = monkeypatch
        self.retriever = retriever
        self.log = tmp_path / "llm"
        self.events: list[WriterEvent] = []
        self.said: list[SessionEvent] = []
        self.judged: list[list[RtlFile]] = []
        self.chat: ScriptedChat

    def gate(self, files: list[RtlFile]) -> list[Finding]:
        self.judged.append(files)
        if files[-1].text.strip() == _good_text():
            return [Finding(severity="info", gate="lint", rule="fine", message="nothing to say")]
        return [_error(f"refused {len(self.judged)}", file=files[-1].name, line=1, hint="read the header")]

    def write(
        self,
        *answers: Answer,
        repairs: int = 3,
        request: str = REQUEST,
        gate: Callable[[list[RtlFile]], list[Finding]] | None = None,
        timeout_s: float = 10.0,
        budget: Budget = NO_BUDGET,
        **choices: Any,
    ) -> LlmOutcome:
        settings = WriterSettings(repairs=repairs, **{"reply": "module", **choices})
        with ScriptedChat(*answers) as self.chat:
            self.monkeypatch.setenv("TPUGEN_BASE_URL", self.chat.base_url)
            session = ChatSession(
                "test-model",
                settings=ChatSettings(timeout_s=timeout_s),
                retries=RetryPolicy(tries=3, base_s=0.01),
                budget=budget,
                on_event=self.said.append,
            )
            writer = LlmWriter(session, self.retriever, settings)
            return writer.write(WritingTask.for_spec(SPEC, request), gate or self.gate, self.log, self.events.append)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def _good_text() -> str:
    text = compose(SPEC)[-1].text
    return text[text.index("module ") :].strip()


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return Retriever(cache_folder=tmp_path_factory.mktemp("index"))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, retriever: Retriever) -> Bench:
    return Bench(monkeypatch, tmp_path, retriever)


def test_a_good_reply_passes_at_once(bench: Bench):
    outcome = bench.write(good_reply(SPEC))
    assert outcome.passed and outcome.attempts == 1
    assert [finding.rule for finding in outcome.findings] == ["fine"]
    assert bench.kinds() == ["retrieved", "asking", "reply", "passed"]
    assert str(bench.events[-1]) == "attempt 1 of at most 4: passed"
    writers = {file.name: file.writer for file in outcome.files}
    assert writers[f"{TOP}.v"] == "llm"
    assert writers["array_output_stationary.v"] == "library"
    assert writers["pe_output_stationary.v"] == "composer"
    top = outcome.files[-1]
    assert (top.model, top.attempt) == ("test-model", 1)


def test_retrieved_modules_with_reasons_are_handed_back(bench: Bench):
    outcome = bench.write(good_reply(SPEC))
    assert outcome.retrieved == tuple(hit.name for hit in outcome.hits)
    assert {"array_output_stationary", "pe_output_stationary", "skew_buffer"} <= set(outcome.retrieved)
    reasons = {hit.name: hit.why for hit in outcome.hits}
    assert reasons["array_output_stationary"].needed_by_spec
    assert any(why.dense_rank == 1 for why in reasons.values())


def test_the_first_prompt_holds_rules_contract_modules_and_request(bench: Bench):
    bench.write(good_reply(SPEC))
    system, user = bench.chat.messages(0)
    assert system["role"] == "system" and "Verilog-2005" in system["content"]
    for part in (REQUEST, module_header(contract_for(SPEC)), "module array_output_stationary #("):
        assert part in user["content"]


def test_findings_are_fed_back_until_the_gates_pass(bench: Bench):
    outcome = bench.write(wrong_ports_reply(SPEC), combinational_loop_reply(SPEC), good_reply(SPEC))
    assert outcome.passed and outcome.attempts == 3
    assert [attempt.passed for attempt in outcome.history] == [False, False, True]
    assert bench.kinds()[1:] == ["asking", "reply", "refused"] * 2 + ["asking", "reply", "passed"]
    first, second, third = (bench.chat.messages(number) for number in range(3))
    assert [len(messages) for messages in (first, second, third)] == [2, 4, 4]
    assert second[:2] == first and third[:2] == first
    assert second[2]["role"] == "assistant" and "wrong_name" in second[2]["content"]
    assert "[contract/x] refused 1" in second[3]["content"] and "To mend it: read the header" in second[3]["content"]
    assert f"At {TOP}.v line 1: `module {TOP} (`" in second[3]["content"]
    # The last attempt only: the conversation does not grow.
    assert "refused 2" in third[3]["content"] and "refused 1" not in third[3]["content"]
    assert "wrong_name" not in third[2]["content"]


@pytest.mark.parametrize(
    "reply",
    [wrong_ports_reply, fopen_reply, endless_loop_reply, combinational_loop_reply],
    ids=lambda reply: reply.__name__,
)
def test_bad_code_goes_to_the_gates_and_repairs_are_bounded(bench: Bench, reply: Callable[..., str]):
    outcome = bench.write(*[reply(SPEC)] * 9, repairs=2)
    assert not outcome.passed and outcome.attempts == 3
    assert len(bench.judged) == len(bench.chat.requests) == 3
    assert outcome.findings[0].message == "refused 3"
    assert outcome.files[-1].attempt == 3
    assert bench.kinds()[-1] == "refused"


def test_no_repairs_means_one_attempt(bench: Bench):
    assert bench.write(wrong_ports_reply(SPEC), repairs=0).attempts == 1
    with pytest.raises(ValueError, match="repairs is -1; at least 0 is expected"):
        WriterSettings(repairs=-1)


def test_a_reply_without_code_is_fed_back_and_not_gated(bench: Bench):
    outcome = bench.write(no_code_reply(), truncated_reply(SPEC), good_reply(SPEC))
    assert outcome.passed and outcome.attempts == 3 and len(bench.judged) == 1
    second, third = bench.chat.messages(1), bench.chat.messages(2)
    assert second[2]["content"] == no_code_reply()
    assert "[reply/no-code] the reply holds 15 words and no Verilog module" in second[3]["content"]
    assert "[reply/reply-truncated]" in third[3]["content"]


def test_replies_without_code_at_the_end_are_the_models_failure(bench: Bench):
    with pytest.raises(ChatModelReplyError) as caught:
        bench.write(no_code_reply(), "", "```python\npass\n```", repairs=2)
    place = bench.chat.base_url.removeprefix("http://").removesuffix("/v1")
    assert caught.value.message == (
        f"model 'test-model' at {place} gave no usable Verilog in any of its 3 replies: "
        "the reply holds 3 words and no Verilog module"
    )
    assert caught.value.exit_code == 4 and str(bench.log) in str(caught.value.hint)
    assert bench.judged == []


def test_another_module_name_is_told_before_any_gate(bench: Bench):
    outcome = bench.write(fenced("module array (input wire clk_i);\nendmodule"), good_reply(SPEC))
    assert outcome.passed and len(bench.judged) == 1
    assert f"the reply defines array; the top module {TOP} is missing" in bench.chat.prompts[1]


def test_code_that_once_was_judged_then_prose_is_a_failed_design_not_a_failed_model(bench: Bench):
    outcome = bench.write(wrong_ports_reply(SPEC), no_code_reply(), repairs=1)
    assert not outcome.passed
    assert outcome.files[-1].attempt == 1
    assert [finding.rule for finding in outcome.findings] == ["no-code"]


def test_a_model_that_repeats_itself_is_asked_at_a_higher_temperature(bench: Bench):
    same = wrong_ports_reply(SPEC)
    bench.write(same, same, same, same, same, repairs=4)
    assert [request["temperature"] for request in bench.chat.requests] == pytest.approx([0.2, 0.2, 0.5, 0.8, 1.0])


def test_a_model_that_repeats_itself_no_longer_sees_its_own_code(bench: Bench):
    same = wrong_ports_reply(SPEC)
    bench.write(same, same, same, repairs=2)
    first, second, third = (bench.chat.messages(number) for number in range(3))
    assert [message["role"] for message in first] == ["system", "user"]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
    assert [message["role"] for message in third] == ["system", "user"]
    assert third[1]["content"].startswith(first[1]["content"].rstrip())
    assert "# Mistakes to avoid\nAn earlier answer to this was refused. " in third[1]["content"]
    assert second[3]["content"].startswith("Your code did not pass. ")


def test_the_model_may_write_several_modules(bench: Bench):
    top = _good_text().replace("array_output_stationary", "my_array")
    mine = (
        "module my_array #(parameter integer Rows = 1) (input wire clk_i);\n  skew_buffer u_s (.x (clk_i));\nendmodule"
    )
    outcome = bench.write(fenced(f"{mine}\n\n{top}"), repairs=0)
    assert {file.name: file.writer for file in outcome.files} == {
        "delay_line.v": "library", "skew_buffer.v": "library", "my_array.v": "llm", f"{TOP}.v": "llm",
    }  # fmt: skip
    assert outcome.files[-1].name == f"{TOP}.v"


def test_every_exchange_is_kept(bench: Bench):
    bench.write(wrong_ports_reply(SPEC), good_reply(SPEC))
    assert sorted(path.name for path in bench.log.iterdir()) == ["attempt-1", "attempt-2"]
    for number, passed in ((1, False), (2, True)):
        folder = bench.log / f"attempt-{number}"
        assert sorted(path.name for path in folder.iterdir()) == [
            "exchange.json", "findings.json", "prompt.md", "reply.md",
        ]  # fmt: skip
        exchange = json.loads((folder / "exchange.json").read_text())
        assert exchange["passed"] is passed
        assert exchange["modules"] == [TOP]
        assert (exchange["chat_model"], exchange["model"]) == ("test-model", "scripted-model")
        assert exchange["prompt_tokens"] == 100 and exchange["reply_tokens"] > 10
        assert exchange["seconds"] >= 0 and exchange["tries"] == 1 and exchange["temperature"] == 0.2
        assert exchange["findings"] == json.loads((folder / "findings.json").read_text())
    assert (bench.log / "attempt-1" / "reply.md").read_text() == wrong_ports_reply(SPEC)
    prompt = (bench.log / "attempt-2" / "prompt.md").read_text()
    assert [f"<!-- {role} -->" in prompt for role in ("system", "human", "ai")] == [True] * 3
    assert "refused 1" in prompt


def test_the_exchange_is_kept_even_if_a_gate_breaks(bench: Bench):
    def broken(_files: list[RtlFile]) -> list[Finding]:
        raise ToolMissingError("no yosys")

    with pytest.raises(ToolMissingError):
        bench.write(good_reply(SPEC), gate=broken)
    assert (bench.log / "attempt-1" / "reply.md").read_text() == good_reply(SPEC)
    assert json.loads((bench.log / "attempt-1" / "exchange.json").read_text())["model"] == "scripted-model"


def test_keys_are_nowhere(bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    caplog.set_level("DEBUG")
    leaky = f"Your key is {KEY}, Bearer {KEY}.\n{wrong_ports_reply(SPEC)}"
    gate_calls = 0

    def leaky_gate(_files: list[RtlFile]) -> list[Finding]:
        nonlocal gate_calls
        gate_calls += 1
        return [_error(f"the key is {KEY}")]

    bench.write(Status(500, f"bad key {KEY}"), leaky, leaky, request=f"use {KEY}", repairs=1, gate=leaky_gate)
    assert gate_calls == 2
    assert bench.chat.headers[0]["authorization"] == f"Bearer {KEY}"  # it did reach the server
    texts = [path.read_text() for path in bench.log.rglob("*") if path.is_file()]
    texts += [event.message for event in [*bench.events, *bench.said]]
    texts += [caplog.text, *capfd.readouterr()]
    assert len(texts) > 10
    assert all(KEY not in text for text in texts)


def test_faults_on_the_way_are_retried_and_told(bench: Bench):
    outcome = bench.write(Status(429), Reset(), good_reply(SPEC))
    assert outcome.passed and outcome.attempts == 1
    assert outcome.history[0].reply.tries == 3
    assert [event.kind for event in bench.said].count("retry") == 2


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([Status(429)] * 3, ChatModelError, "limits the rate (HTTP 429) (3 tries)"),
        ([Status(500, "boom")] * 3, ChatModelError, "failed (HTTP 500): boom (3 tries)"),
        ([Raw(b"{garbage")] * 3, ChatModelError, "answered with something that is no chat completion"),
        ([Reset()] * 3, ChatModelError, "broke the connection (3 tries)"),
        ([Slow(30)] * 2, ChatModelError, "did not answer in time (2 tries)"),
        ([Status(401)], ChatModelNameError, "refused the key (HTTP 401)"),
        ([Status(404, "no such model")], ChatModelNameError, "is not known there (HTTP 404): no such model"),
    ],
)
def test_a_model_that_fails_is_a_clear_error(bench: Bench, answers: list[Answer], error: type[Exception], words: str):
    with pytest.raises(ChatModelError) as caught:
        bench.write(*answers, timeout_s=0.5)
    assert type(caught.value) is error and words in caught.value.message
    assert caught.value.exit_code == 4
    # The prompt that was being asked is kept; there is no half-written file.
    assert [path.name for path in (bench.log / "attempt-1").iterdir()] == ["prompt.md"]


def test_a_log_folder_that_cannot_be_written(bench: Bench, tmp_path: Path):
    bench.log = tmp_path / "file"
    bench.log.write_text("in the way")
    with pytest.raises(StorageError, match="the exchange with the chat model cannot be written to"):
        bench.write(good_reply(SPEC))
    assert bench.chat.requests == []


def test_replies_that_are_no_text_are_kept_as_escapes(bench: Bench):
    with pytest.raises(ChatModelReplyError):
        bench.write(Pieces(["\ud800 no"]), repairs=0)
    assert (bench.log / "attempt-1" / "reply.md").read_text() in ("\\ud800 no", "� no")
    assert json.loads((bench.log / "attempt-1" / "exchange.json").read_text())["prompt_tokens"] is None


def test_notes_of_retrieval_reach_the_user(bench: Bench, tmp_path: Path):
    from support.embedders import MissingEmbedder

    bench.retriever = Retriever(embedder=MissingEmbedder(), cache_folder=tmp_path)
    assert bench.write(good_reply(SPEC)).passed
    assert bench.events[0].kind == "note"
    assert str(bench.events[0]) == "retrieval by words only (BM25): no torch here"


def test_any_langchain_chat_model_serves(bench: Bench):
    from langchain_core.language_models import FakeListChatModel

    session = ChatSession("fake", model=FakeListChatModel(responses=[good_reply(SPEC)]))
    writer = LlmWriter(session, bench.retriever, WriterSettings(reply="module"))
    outcome = writer.write(WritingTask.for_spec(SPEC, REQUEST), bench.gate, bench.log)
    assert outcome.passed and outcome.files[-1].model == "fake"


def _body() -> str:
    return _good_text().partition(");\n")[2].strip()


def test_the_model_is_asked_for_the_body_under_the_contracts_header(bench: Bench):
    outcome = bench.write(fenced(_body()), reply="body", gate=lambda _files: [])
    assert outcome.passed
    assert outcome.files[-1].text.startswith(f"{module_header(contract_for(SPEC))}\n")
    assert outcome.files[-1].text.split() == (module_header(contract_for(SPEC)) + " " + _body()).split()
    system, user = bench.chat.messages(0)
    assert "what comes after the header, up to and including `endmodule`" in system["content"]
    assert user["content"].rstrip().endswith(f"```verilog\n{module_header(contract_for(SPEC))}\n```")


def test_a_whole_module_is_taken_where_the_body_was_asked_for(bench: Bench):
    assert bench.write(good_reply(SPEC), reply="body").passed


def test_a_refused_body_is_shown_as_the_body_that_it_was(bench: Bench):
    wrong = _body().replace(".Rows             (4)", ".Rows             (5)")
    assert wrong != _body()
    outcome = bench.write(fenced(wrong), good_reply(SPEC), reply="body", repairs=1)
    assert outcome.passed
    answer, findings = (message["content"] for message in bench.chat.messages(1)[2:])
    assert answer.startswith("```verilog\narray_output_stationary #(") and "module systolic" not in answer
    assert "Write the complete corrected body again" in findings


def test_a_similar_design_is_shown_and_never_the_one_that_is_asked_for(bench: Bench):
    outcome = bench.write(good_reply(SPEC), examples=3)
    assert len(set(outcome.examples)) == 3 and TOP not in outcome.examples
    prompt = bench.chat.prompts[0]
    assert prompt.count("# A similar design") == 3
    for name in outcome.examples:
        assert f"module {name} (" in prompt
    assert f"shows {', '.join(outcome.examples)}" in str(bench.events[0])
    assert "# A similar design" not in (bench.write(good_reply(SPEC), examples=0), bench.chat.prompts[0])[1]


def test_without_retrieval_no_module_and_no_example_is_shown(bench: Bench):
    outcome = bench.write(good_reply(SPEC), retrieval=False)
    assert outcome.passed and outcome.retrieved == () and outcome.examples == ()
    prompt = bench.chat.prompts[0]
    assert "array_output_stationary" not in prompt and "# A similar design" not in prompt
    assert module_header(contract_for(SPEC)) in prompt


def test_candidates_start_afresh_and_warmer_and_the_first_that_passes_ends_the_search(bench: Bench):
    wrong = [wrong_ports_reply(SPEC).replace("4", digit) for digit in "567"]
    outcome = bench.write(*wrong, good_reply(SPEC), good_reply(SPEC), repairs=1, candidates=3)
    assert outcome.passed and outcome.attempts == 4 and len(bench.chat.requests) == 4
    assert [(attempt.number, attempt.candidate, attempt.repair) for attempt in outcome.history] == [
        (1, 1, 0), (2, 1, 1), (3, 2, 0), (4, 2, 1),
    ]  # fmt: skip
    assert [request["temperature"] for request in bench.chat.requests] == pytest.approx([0.2, 0.2, 0.4, 0.4])
    assert [request["seed"] for request in bench.chat.requests] == [1, 2, 3, 4]
    assert bench.chat.messages(2) == bench.chat.messages(0)
    assert sorted(path.name for path in bench.log.iterdir()) == [f"attempt-{number}" for number in (1, 2, 3, 4)]


def test_in_full_mode_nothing_is_added_to_what_the_model_wrote(bench: Bench):
    outcome = bench.write(good_reply(SPEC), mode="full", source_budget_tokens=6000, gate=lambda _files: [])
    assert [file.name for file in outcome.files] == [f"{TOP}.v"]
    system, user = (message["content"] for message in bench.chat.messages(0))
    assert "Write every module that you instantiate: nothing is added to your code." in system
    assert "# Modules to learn from" in user and f"Write `{TOP}` and every module that it instantiates" in user


def test_a_budget_ends_the_search_and_keeps_what_was_judged(bench: Bench):
    bench.monkeypatch.setattr(ScriptedChat, "prompt_tokens", None)  # budgets go by the length of prompts
    one = bench.write(wrong_ports_reply(SPEC), repairs=0).spending.tokens
    outcome = bench.write(*[wrong_ports_reply(SPEC)] * 9, repairs=8, budget=Budget(tokens=one + 1))
    assert not outcome.passed and outcome.attempts == 1 and len(bench.chat.requests) == 1
    assert outcome.stopped is not None and outcome.findings[0].rule == "budget"
    assert outcome.findings[0].message == outcome.stopped and "is used up" in outcome.stopped
    assert outcome.findings[1].message.startswith("refused ")
    assert outcome.files[-1].name == f"{TOP}.v"


def test_a_budget_of_zero_asks_nothing(bench: Bench):
    with pytest.raises(BudgetExhaustedError, match="is used up"):
        bench.write(good_reply(SPEC), budget=Budget.parse("0"))
    assert bench.chat.requests == [] and bench.judged == []
