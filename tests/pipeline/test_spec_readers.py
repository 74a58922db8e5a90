"""Who reads a sentence, and what holds where the rules and a chat model differ: over a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from support.scripted_chat import Answer, ScriptedChat, Status

from tpugen.errors import (
    ChatModelError,
    ChatModelReplyError,
    ContradictionError,
    LanguageError,
    NothingFoundError,
    RequestError,
    SpecError,
)
from tpugen.pipeline import Understanding, understand
from tpugen.spec import AdderSpec, SystolicArraySpec, spec_from_dict
from tpugen.writers.session import ChatSession

pytestmark = pytest.mark.network

Ask = Callable[..., tuple[Understanding, ScriptedChat]]
CHERISHED = "8x8 int8 array, weights cherished in the cells"
WEIGHTS = '{"kind": "systolic_array", "rows": 8, "cols": 8, "dataflow": "weight_stationary"}'


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    chats: list[ScriptedChat] = []

    def understood(text: str, reader: str | None, *answers: Answer) -> tuple[Understanding, ScriptedChat]:
        chat = ScriptedChat(*answers)
        chats.append(chat.__enter__())
        monkeypatch.setenv("TPUGEN_BASE_URL", chat.base_url)
        try:
            return understand(text, reader=reader, session=ChatSession("m")), chat  # type: ignore[arg-type]
        finally:
            asked.extend(chat.prompts)

    asked: list[str] = []
    understood.asked = asked  # type: ignore[attr-defined]
    yield understood
    for chat in chats:
        chat.__exit__()


def test_what_the_rules_understand_costs_no_exchange(ask: Ask) -> None:
    found, chat = ask("4x6 int8 weight-stationary array at 200 MHz", None)
    assert chat.requests == []
    assert (found.read_by, found.disagreements) == ("rules", [])
    assert [reading["by"] for reading in found.readings] == ["rules"]


def test_words_that_are_not_understood_call_the_model(ask: Ask) -> None:
    insisting = '{"dataflow": "weight_stationary", "dataflow_quote": "weights cherished in the cells"}'
    found, chat = ask(CHERISHED, None, WEIGHTS, insisting)
    assert len(chat.requests) == 2
    assert found.spec == SystolicArraySpec(dataflow="weight_stationary")
    assert found.read_by == "both"
    assert found.not_understood == []
    (settled,) = found.disagreements
    assert settled["settled"] == "model"
    assert (settled["rules"], settled["model"], settled["value"]) == (
        "output_stationary", "weight_stationary", "weight_stationary",
    )  # fmt: skip
    assert {item["field"]: item["reason"] for item in found.assumptions}["dataflow"] == (
        'the chat model reads "weights cherished in the cells" so'
    )
    by_rules, by_model = found.readings
    assert by_rules["stated"]["rows"] == 8 and "dataflow" not in by_rules["stated"]
    assert (by_model["model"], by_model["exchanges"]) == ("scripted-model", 2)
    json.dumps([found.readings, found.disagreements])


def test_agreement_needs_one_exchange(ask: Ask) -> None:
    found, chat = ask("8x8 int8 array", "both", '{"kind": "systolic_array", "rows": 8, "cols": 8}')
    assert len(chat.requests) == 1
    assert found.disagreements == []
    assert found.spec == SystolicArraySpec()


def test_a_hallucinating_model_changes_nothing(ask: Ask) -> None:
    wild = '{"kind": "systolic_array", "rows": 64, "clock_mhz": 900, "multiplier_family": "drum", "multiplier_k": 6}'
    again = '{"rows": 64, "rows_quote": "", "clock_mhz": 900, "clock_mhz_quote": "int8", "multiplier_family": "drum"}'
    found, _ = ask("8x8 int8 array, zorblax", None, wild, again)
    assert found.spec == SystolicArraySpec()
    assert [(item["field"], item["settled"]) for item in found.disagreements] == [
        ("rows", "rules"), ("clock_mhz", "rules"), ("multiplier_family", "rules"),
    ]  # fmt: skip
    assert found.not_understood == ["zorblax"]
    assert not found.clock_asked


def test_a_clock_that_the_model_found_in_the_words_is_asked_for(ask: Ask) -> None:
    text = "8x8 int8 array ticking 300 million times a second"
    assert "clock_mhz" in {item["field"] for item in understand(text).assumptions}
    again = '{"clock_mhz": 300, "clock_mhz_quote": "300 million times a second"}'
    found, _ = ask(text, None, '{"kind": "systolic_array", "clock_mhz": 300}', again)
    assert (found.spec.clock_mhz, found.clock_asked) == (300.0, True)


def test_a_useless_reading_leaves_the_rules(ask: Ask) -> None:
    found, chat = ask(CHERISHED, "both", "no JSON here", "none here either")
    assert len(chat.requests) == 2
    assert found.spec == SystolicArraySpec()
    assert found.readings[1]["problem"] == "the reply holds 3 words and no JSON object"
    assert found.not_understood == ["cherished"]


def test_a_failing_model_stops_only_who_asked_for_it(ask: Ask) -> None:
    refused = [Status(400, "no")] * 4
    found, _ = ask(CHERISHED, None, *refused)
    assert found.spec == SystolicArraySpec()
    assert found.read_by == "rules"
    assert "refused the request (HTTP 400)" in found.readings[1]["problem"]
    for reader in ("both", "llm"):
        with pytest.raises(ChatModelError, match=r"refused the request \(HTTP 400\)"):
            ask(CHERISHED, reader, *refused)


def test_contradictions_and_illegal_values_are_not_handed_on(ask: Ask) -> None:
    for text, error in (
        ("signed uint8 adder", ContradictionError),
        ("300x300 systolic array", SpecError),
        ("8x8 array in bfloat16", LanguageError),
        ("an adder tree", LanguageError),
        ("", LanguageError),
        (" \n", LanguageError),
    ):
        for reader in (None, "both"):
            with pytest.raises(error):
                ask(text, reader, WEIGHTS)
    assert ask.asked == []  # type: ignore[attr-defined]


def test_where_the_rules_find_nothing_the_models_words_must_stand_in_the_request(ask: Ask) -> None:
    text = "sums of 12 bits without signs, please"
    with pytest.raises(NothingFoundError):
        understand(text)
    found, _ = ask(text, None, '{"kind": "adder", "width_bits": 12, "clock_mhz": 700}')
    assert found.spec == AdderSpec(width_bits=12)
    assert found.read_by == "both"
    assert [(item["field"], item["settled"]) for item in found.disagreements] == [
        ("kind", "model"), ("width_bits", "model"), ("clock_mhz", "rules"),
    ]  # fmt: skip
    assert found.readings[0]["problem"].startswith("no design that can be built was found in")
    narrow = (
        '{"kind": "systolic_array", "activation_width_bits": 4, "weight_width_bits": 4, "accumulator_width_bits": 12}'
    )
    with pytest.raises(NothingFoundError, match="what the chat model reads in it is not legal"):
        ask("something with matrices in 12 bits", "both", narrow)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ('{"kind": "none"}', "the chat model was asked as well: the model finds nothing in the request"),
        (
            '{"kind": "adder", "width_bits": 8}',
            "the chat model was asked as well: the request has no word for the adder",
        ),
    ],
)
def test_an_invented_design_is_refused(ask: Ask, reply: str, message: str) -> None:
    with pytest.raises(NothingFoundError, match="make me a sandwich") as caught:
        ask("make me a sandwich", None, reply)
    assert message in caught.value.message


def test_a_failing_model_leaves_the_rules_refusal(ask: Ask) -> None:
    with pytest.raises(NothingFoundError):
        ask("make me a sandwich", None, *[Status(400, "no")] * 4)
    with pytest.raises(ChatModelError):
        ask("make me a sandwich", "both", *[Status(400, "no")] * 4)


def test_the_model_alone(ask: Ask) -> None:
    reply = '{"kind": "systolic_array", "rows": 4, "cols": 2, "unsupported": ["with ReLU", "made up"]}'
    found, _ = ask("4x2 int8 array with ReLU for a 8x16x4 GEMM", "llm", reply)
    assert found.spec == SystolicArraySpec(rows=4, cols=2)
    assert found.read_by == "llm"
    assert found.not_understood == ["with ReLU"]
    assert found.gemms == ("8x16x4",)
    assumed = {item["field"] for item in found.assumptions}
    assert {"dataflow", "signed", "clock_mhz"} <= assumed
    assert not assumed & {"kind", "rows", "cols"}


def test_the_model_alone_must_be_legal(ask: Ask) -> None:
    bad = '{"kind": "systolic_array", "rows": 300}'
    with pytest.raises(ChatModelReplyError, match="rows: 300 is not legal") as caught:
        ask("300x300 array", "llm", bad, bad)
    assert caught.value.exit_code == 4
    with pytest.raises(NothingFoundError, match="the chat model finds nothing"):
        ask("hello", "llm", '{"kind": "none"}')


def test_readers_need_their_model() -> None:
    for reader in ("llm", "both"):
        with pytest.raises(RequestError) as caught:
            understand("8x8 array", reader=reader)  # type: ignore[arg-type]
        assert caught.value.message == f"--spec-by {reader} needs a chat model, and none is named"
    with pytest.raises(RequestError, match="expected one of rules, llm, both"):
        understand("8x8 array", reader="oracle")  # type: ignore[arg-type]


def test_a_spec_needs_no_reader(ask: Ask) -> None:
    found, chat = ask("8x8 int8 array", "rules")
    assert chat.requests == []
    assert found.read_by == "rules"
    given = understand(spec_from_dict({"kind": "mac"}), reader="rules")
    assert (given.read_by, given.readings) == ("given", [])
