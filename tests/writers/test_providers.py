"""Chat models by name."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tpugen.errors import ChatModelError, ChatModelNameError
from tpugen.writers.conversation import Message, ask
from tpugen.writers.providers import ChatSettings, chat_model, endpoint_in_words


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TPUGEN_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_no_name():
    with pytest.raises(ChatModelNameError, match="no chat model is named"):
        chat_model("  ")


def test_openai_without_a_key():
    with pytest.raises(ChatModelNameError) as caught:
        chat_model("gpt-x")
    assert caught.value.message == "no key for model 'gpt-x': OPENAI_API_KEY is not set"
    assert "TPUGEN_BASE_URL" in str(caught.value.hint) and "gguf:PATH" in str(caught.value.hint)


@pytest.mark.network  # LangChain's client probes the socket options that it may set
def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    model: Any = chat_model("qwen2.5-coder:1.5b", ChatSettings(max_reply_tokens=77, timeout_s=5))
    assert model.model_name == "qwen2.5-coder:1.5b"
    assert model.openai_api_key.get_secret_value() == "none"
    assert (model.max_tokens, model.request_timeout, model.max_retries) == (77, 5, 0)


@pytest.mark.network
def test_the_projects_own_variable_goes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("TPUGEN_BASE_URL", "http://127.0.0.1:2/v1")
    model: Any = chat_model("m")
    assert model.openai_api_base == "http://127.0.0.1:2/v1"
    assert endpoint_in_words("m") == "model 'm' at 127.0.0.1:2"


def test_a_base_url_that_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TPUGEN_BASE_URL", "localhost:8080")
    with pytest.raises(ChatModelNameError, match="is no http or https URL"):
        chat_model("m")


@pytest.mark.network
def test_keys_do_not_show_in_representations(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key-value")
    monkeypatch.setenv("TPUGEN_BASE_URL", "http://127.0.0.1:1/v1")
    assert "secret-key-value" not in repr(chat_model("m"))


@pytest.mark.parametrize("prefix", ["gguf", "local"])
def test_a_model_file_that_is_not_there(tmp_path: Path, prefix: str):
    with pytest.raises(ChatModelNameError) as caught:
        chat_model(f"{prefix}:{tmp_path}/none.gguf")
    assert caught.value.message == f"no model file '{tmp_path}/none.gguf'"


def test_a_model_name_without_path():
    with pytest.raises(ChatModelNameError, match="lacks a path"):
        chat_model("gguf:")


def test_a_file_that_is_no_model(tmp_path: Path):
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ChatModelNameError, match="is no GGUF file: it begins with b'hell'"):
        chat_model(f"gguf:{tmp_path}/text.gguf")


def test_without_llama_cpp_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    (tmp_path / "m.gguf").write_bytes(b"GGUF....")
    with pytest.raises(ChatModelNameError, match="GGUF files need llama-cpp-python") as caught:
        chat_model(f"gguf:{tmp_path}/m.gguf")
    assert "pip install 'tpugen[local]'" in str(caught.value.hint)


class FakeLlama:
    """The part of `llama_cpp.Llama` that is used."""

    def __init__(self, model_path: str, **settings: Any) -> None:
        if "broken" in model_path:
            raise ValueError("Failed to load model from file")
        self.settings = settings
        self.asked: dict[str, Any] = {}

    def create_chat_completion(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked = asked
        if any("long prompt" in message["content"] for message in asked["messages"]):
            raise ValueError("Requested tokens (9000) exceed context window of 8192")
        for text in ("one ", "two ", "three"):
            yield {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
        yield {"choices": [{"delta": {}, "finish_reason": "stop"}]}

    def tokenize(self, text: bytes, add_bos: bool = True) -> list[int]:
        assert add_bos is False
        return list(range(len(text.split())))


@pytest.fixture
def _fake_llama(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("llama_cpp")
    module.Llama = FakeLlama  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llama_cpp", module)


def _gguf(tmp_path: Path, name: str = "m.gguf", **settings: Any) -> Any:
    (tmp_path / name).write_bytes(b"GGUF....")
    return chat_model(f"gguf:{tmp_path / name}", ChatSettings(**settings))


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_answers_in_process(tmp_path: Path):
    model = _gguf(tmp_path, max_reply_tokens=50, seed=7)
    reply = ask(model, [Message("system", "be brief"), Message("human", "count")], where="m", temperature=0.5)
    assert reply.text == "one two three"
    assert (reply.model, reply.prompt_tokens, reply.reply_tokens, reply.cut_off) == ("m.gguf", 2, 3, False)
    asked = model.llama.asked
    assert asked["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "count"}]
    assert (asked["temperature"], asked["max_tokens"], asked["seed"]) == (0.5, 50, 7)


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_is_loaded_once(tmp_path: Path):
    assert _gguf(tmp_path).llama is _gguf(tmp_path).llama


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_keeps_to_the_time(tmp_path: Path):
    with pytest.raises(ChatModelError, match=r"model file m\.gguf wrote for more than 0 s"):
        ask(_gguf(tmp_path, timeout_s=0.0), [Message("human", "count")], where="m")


@pytest.mark.usefixtures("_fake_llama")
def test_a_prompt_beyond_the_context_window(tmp_path: Path):
    with pytest.raises(ChatModelError, match=r"m\.gguf refused the prompt: Requested tokens \(9000\) exceed") as caught:
        ask(_gguf(tmp_path), [Message("human", "long prompt")], where="m")
    assert "larger context window" in str(caught.value.hint)


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_that_does_not_load(tmp_path: Path):
    with pytest.raises(ChatModelNameError, match=r"llama\.cpp cannot load .*: Failed to load model"):
        _gguf(tmp_path, "broken.gguf")


@pytest.mark.network
def test_another_provider_through_langchain(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    model: Any = chat_model("langchain:openai:some-model")
    assert (type(model).__name__, model.model_name) == ("ChatOpenAI", "some-model")
    assert endpoint_in_words("langchain:openai:some-model") == "model 'some-model' of openai"


def test_a_provider_without_its_integration():
    with pytest.raises(ChatModelNameError) as caught:
        chat_model("langchain:anthropic:some-model")
    assert caught.value.message == "LangChain's integration for 'anthropic' is not installed"
    assert caught.value.hint == "pip install langchain-anthropic"


def test_a_provider_that_langchain_does_not_know():
    with pytest.raises(ChatModelNameError) as caught:
        chat_model("langchain:crystal_ball:some-model")
    assert caught.value.message.startswith("LangChain cannot start model 'some-model' of provider 'crystal_ball': ")


@pytest.mark.parametrize("name", ["langchain:", "langchain:openai", "langchain::x"])
def test_a_provider_without_a_model(name: str):
    with pytest.raises(ChatModelNameError, match="does not name a provider and a model"):
        chat_model(name)
