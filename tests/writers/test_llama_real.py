"""A real model file in process: `TPUGEN_TEST_GGUF=/path/model.gguf pytest -m llm tests/writers/test_llama_real.py`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tpugen.errors import ChatModelError
from tpugen.writers.budget import Budget
from tpugen.writers.conversation import Message
from tpugen.writers.exchange_store import ExchangeStore
from tpugen.writers.providers import ChatSettings
from tpugen.writers.session import ChatSession

pytestmark = [pytest.mark.llm, pytest.mark.timeout(1800)]

LONG = Message("system", "You answer in one line of Verilog. " + "Signals end in _i or _o. " * 40)


@pytest.fixture(scope="module")
def model_name() -> str:
    path = os.environ.get("TPUGEN_TEST_GGUF")
    if not path:
        pytest.skip("TPUGEN_TEST_GGUF does not name a GGUF file")
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed (pip install 'tpugen[local]')")
    return f"gguf:{path}"


def _human(text: str) -> list[Message]:
    return [LONG, Message("human", text)]


def test_a_common_beginning_of_prompts_is_read_once(model_name: str):
    session = ChatSession(model_name, settings=ChatSettings(max_reply_tokens=8))
    first = session.ask(_human("Declare an 8-bit wire named a."), purpose="first")
    second = session.ask(_human("Declare a 4-bit register named b."), purpose="second")
    assert first.prompt_tokens is not None and first.prompt_tokens > 250
    assert abs(second.prompt_tokens - first.prompt_tokens) < 10  # type: ignore[operator]
    assert second.seconds < first.seconds / 2


def test_the_same_seed_gives_the_same_reply_and_another_another(model_name: str):
    session = ChatSession(model_name, settings=ChatSettings(max_reply_tokens=24))
    messages = [Message("human", "Invent a name for a chip. Answer with two words.")]
    replies = [session.ask(messages, purpose="p", temperature=1.5, seed=seed).text for seed in (1, 1, 2, 3, 4)]
    assert replies[0] == replies[1] and len(set(replies)) > 2


def test_a_schema_is_kept_to(model_name: str):
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "integer"}, "kind": {"$ref": "#/$defs/kind"}},
        "required": ["rows", "kind"],
        "additionalProperties": False,
        "$defs": {"kind": {"enum": ["array", "mac"]}},
    }
    session = ChatSession(model_name, settings=ChatSettings(max_reply_tokens=60))
    reply = session.ask([Message("human", "Describe a systolic array with 4 rows.")], purpose="p", schema=schema)
    value = json.loads(reply.text)
    assert set(value) == {"rows", "kind"} and value["kind"] in ("array", "mac")


def test_limits_hold_while_it_reads_and_while_it_writes(model_name: str, tmp_path: Path):
    log = ExchangeStore(tmp_path / "exchanges.sqlite")
    session = ChatSession(model_name, settings=ChatSettings(timeout_s=0.5), log=log)
    started = time.monotonic()
    with pytest.raises(ChatModelError, match=r"read its prompt for more than 0\.5 s"):
        session.ask([Message("human", f"{started} " + "wire [7:0] x; " * 400)], purpose="long")
    assert time.monotonic() - started < 60
    session.settings = ChatSettings()
    session.ask([Message("human", "Count from 1 to 1000, one number a line.")], purpose="warm", stop=["3"])
    session.budget = Budget(seconds=session.spending.seconds + 6)
    reply = session.ask([Message("human", "Count from 1 to 1000, one number a line.")], purpose="write")
    assert reply.cut_off and reply.text and reply.prompt_tokens and reply.reply_tokens
    assert [exchange.cut_off for exchange in log.all()] == [False, True]
