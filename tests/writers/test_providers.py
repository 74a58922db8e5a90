"""Chat models by name."""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tpugen.errors import ChatModelError, ChatModelNameError
from tpugen.writers.conversation import Message, ask
from tpugen.writers.llama_runtime import physical_cores
from tpugen.writers.providers import ChatSettings, chat_model, endpoint_in_words, model_identity
from tpugen.writers.session import ChatSession


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
    """The part of `llama_cpp.Llama` that is used; a word is a token, and evaluated prompts are kept like its own."""

    loaded: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, model_path: str, **settings: Any) -> None:
        if "broken" in model_path:
            raise ValueError("Failed to load model from file")
        self.loaded.append(settings)
        self.asked: dict[str, Any] = {}
        self.n_tokens = 0
        self.evaluated: list[int] = []

    def eval(self, tokens: Sequence[str]) -> None:
        self.evaluated.append(len(tokens))
        self.n_tokens += len(tokens)
        if "slowly" in tokens:
            time.sleep(0.05)

    def create_chat_completion(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked = asked
        prompt = " ".join(message["content"] for message in asked["messages"]).split()
        if len(prompt) > 5000:
            raise ValueError(f"Requested tokens ({len(prompt)}) exceed context window of 5000")
        self.n_tokens = 0
        self.eval(prompt)
        for number in range(min(asked["max_tokens"], 1000 if "endless" in prompt or "tardy" in prompt else 3)):
            text = f"{number} " if "tardy" in prompt else ("one ", "two ", "three")[number % 3]
            yield {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
            self.eval(["word"])
            if "tardy" in prompt:
                time.sleep(0.02)
        yield {"choices": [{"delta": {}, "finish_reason": "stop" if asked["max_tokens"] > 3 else "length"}]}


@pytest.fixture
def _fake_llama(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("llama_cpp")
    module.Llama = FakeLlama  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "llama_cpp", module)


def _file(folder: Path, name: str = "m.gguf", content: bytes = b"GGUF....") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _gguf(tmp_path: Path, name: str = "m.gguf", **settings: Any) -> Any:
    return chat_model(f"gguf:{_file(tmp_path, name)}", ChatSettings(**settings))


@pytest.mark.usefixtures("_fake_llama")
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_file_answers_in_process(tmp_path: Path, stream: bool):
    model = _gguf(tmp_path, max_reply_tokens=50, seed=7)
    messages = [Message("system", "be brief"), Message("human", "count")]
    reply = ask(model, messages, where="m", temperature=0.5, stream=stream)
    assert reply.text == "one two three"
    assert (reply.model, reply.prompt_tokens, reply.reply_tokens, reply.cut_off) == ("m.gguf", 3, 4, False)
    asked = model.runtime.llama.asked
    assert asked["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "count"}]
    assert (asked["temperature"], asked["max_tokens"], asked["seed"]) == (0.5, 50, 7)
    assert asked["response_format"] is None and asked["stop"] == []


@pytest.mark.usefixtures("_fake_llama")
def test_each_request_to_a_model_file_may_differ(tmp_path: Path):
    session = ChatSession(f"gguf:{_file(tmp_path)}", settings=ChatSettings(max_reply_tokens=2))
    messages = [Message("human", "count")]
    reply = session.ask(messages, purpose="p", seed=99, schema={"type": "object"}, stop=["END"])
    asked = session.model.runtime.llama.asked  # type: ignore[attr-defined]
    assert (asked["seed"], asked["max_tokens"], asked["stop"]) == (99, 2, ["END"])
    assert asked["response_format"] == {"type": "json_object", "schema": {"type": "object"}}
    assert reply.cut_off and reply.text == "one two " and reply.cost_usd == 0.0


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_is_loaded_once_on_all_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    FakeLlama.loaded.clear()
    assert _gguf(tmp_path, "once.gguf").runtime is _gguf(tmp_path, "once.gguf").runtime
    monkeypatch.setenv("TPUGEN_LLAMA_THREADS", "3")
    monkeypatch.setenv("TPUGEN_LLAMA_GPU_LAYERS", "-1")
    _gguf(tmp_path, "once.gguf", context_tokens=99)
    first, second = FakeLlama.loaded
    assert first["n_threads"] == first["n_threads_batch"] == physical_cores() <= len(os.sched_getaffinity(0))
    assert (first["n_ctx"], first["n_gpu_layers"]) == (8192, 0)
    assert (second["n_threads"], second["n_gpu_layers"], second["n_ctx"]) == (3, -1, 99)


@pytest.mark.usefixtures("_fake_llama")
@pytest.mark.parametrize("value", ["0", "many", "-2", "1.5"])
def test_a_number_of_threads_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("TPUGEN_LLAMA_THREADS", value)
    with pytest.raises(ChatModelNameError) as caught:
        _gguf(tmp_path)
    assert caught.value.message == f"TPUGEN_LLAMA_THREADS is {value!r}; a whole number of at least 1 is expected"


@pytest.mark.usefixtures("_fake_llama")
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_file_keeps_to_the_time_while_it_writes(tmp_path: Path, stream: bool):
    started = time.monotonic()
    reply = ask(_gguf(tmp_path), [Message("human", "tardy")], where="m", timeout_s=0.2, stream=stream)
    assert time.monotonic() - started < 5
    words = reply.text.split()
    assert reply.cut_off and words == [str(number) for number in range(len(words))] and len(words) <= 11
    assert (reply.prompt_tokens, reply.reply_tokens) == (1, len(words))


@pytest.mark.usefixtures("_fake_llama")
def test_a_model_file_keeps_to_the_time_while_it_reads(tmp_path: Path):
    model = _gguf(tmp_path, "reader.gguf")
    messages = [Message("human", "slowly " * 1280)]
    with pytest.raises(ChatModelError, match=r"model file reader\.gguf read its prompt for more than 0\.12 s"):
        ask(model, messages, where="m", timeout_s=0.12)
    assert len(model.runtime.llama.evaluated) <= 4 and set(model.runtime.llama.evaluated) <= {128}  # of ten steps
    assert ask(model, messages, where="m").text == "one two three"  # and the next request is not hurt


@pytest.mark.usefixtures("_fake_llama")
def test_how_far_a_prompt_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tpugen.writers.llama_runtime._PROGRESS_INTERVAL_S", 0.0)
    lines: list[str] = []
    session = ChatSession(f"gguf:{_file(tmp_path, 'told.gguf')}", on_event=lambda event: lines.append(str(event)))
    session.ask([Message("human", "word " * 300)], purpose="p")
    assert lines[1:-1] == [f"p: reads the prompt, {read} of 300 tokens" for read in (128, 256, 299, 300)]


@pytest.mark.usefixtures("_fake_llama")
def test_a_prompt_beyond_the_context_window(tmp_path: Path):
    with pytest.raises(ChatModelError, match=r"m\.gguf refused the prompt: Requested tokens \(9000\) exceed") as caught:
        ask(_gguf(tmp_path), [Message("human", "word " * 9000)], where="m")
    assert "larger context window" in str(caught.value.hint)


@pytest.mark.usefixtures("_fake_llama")
def test_a_reply_that_is_given_up_leaves_the_model_free(tmp_path: Path):
    model = _gguf(tmp_path, max_reply_tokens=1000)
    reply = ask(model, [Message("human", "endless")], where="m", stream=True)
    assert reply.looped and len(reply.text) < 2000
    assert ask(model, [Message("human", "count")], where="m").text == "one two three"


def test_a_model_is_known_by_its_file_wherever_it_lies(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    first, copy, other = _file(tmp_path), _file(tmp_path / "elsewhere"), _file(tmp_path, "n.gguf", b"GGUF other")
    assert model_identity(f"gguf:{first}") == model_identity(f"local:{copy}") != model_identity(f"gguf:{other}")
    with pytest.raises(ChatModelNameError, match="no model file"):
        model_identity("gguf:/no/such/file")


def test_a_model_is_known_by_its_name_and_endpoint(monkeypatch: pytest.MonkeyPatch):
    assert model_identity("m") == "m at api.openai.com"
    monkeypatch.setenv("TPUGEN_BASE_URL", "http://user:password@127.0.0.1:8080/v1")
    assert model_identity("m") == "m at 127.0.0.1:8080"
    assert model_identity("langchain:openai:m") == "langchain:openai:m"


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
