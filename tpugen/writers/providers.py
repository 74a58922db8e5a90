"""Chat models by name, through LangChain: OpenAI-compatible endpoints, other providers, GGUF files in this process.

A provider is a name's prefix and a factory in `_PROVIDERS`; a name without a known prefix is a model of the
OpenAI-compatible endpoint. Keys come from the environment and go nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tpugen.errors import ChatModelNameError
from tpugen.writers.redaction import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = [
    "DEFAULT_SETTINGS",
    "ChatSettings",
    "chat_model",
    "endpoint_in_words",
    "is_recorded",
    "model_identity",
    "runs_in_process",
]

_BASE_URL_VARIABLES = ("TPUGEN_BASE_URL", "OPENAI_BASE_URL")
_KEY_VARIABLE = "OPENAI_API_KEY"
_OPENAI_HOST = "api.openai.com"
_GGUF_MAGIC = b"GGUF"
_IN_PROCESS = ("gguf", "local", "recorded")
_FINGERPRINT_BYTES = 1 << 20


@dataclass(frozen=True)
class ChatSettings:
    """How a chat model is asked.

    Attributes:
        temperature: Sampling temperature, sent with each request; None leaves it to the provider.
        max_reply_tokens: A reply is cut off after so many tokens.
        timeout_s: Wall-clock limit of one request.
        context_tokens: Context window of a model that runs in this process.
        seed: Sampling seed, for models that take one; a request may ask for another.
    """

    temperature: float | None = 0.2
    max_reply_tokens: int = 4096
    timeout_s: float = 600.0
    context_tokens: int = 8192
    seed: int = 1


DEFAULT_SETTINGS = ChatSettings()


def chat_model(name: str, settings: ChatSettings = DEFAULT_SETTINGS) -> BaseChatModel:
    """The LangChain chat model of that name.

    Args:
        name: `gguf:PATH` or `local:PATH` for a GGUF file in this process; `langchain:PROVIDER:NAME` for any provider
            that LangChain has an installed integration for; `recorded:PATH` for replies recorded earlier (see
            `recorded_model`); anything else is a model of the OpenAI-compatible endpoint at `TPUGEN_BASE_URL`, else
            `OPENAI_BASE_URL`, else OpenAI itself.
        settings: Temperature and limits.

    Raises:
        ChatModelNameError: an empty name, no key for OpenAI, a base URL that is none, a file that is no GGUF or holds
            no recorded replies, or the package for GGUF files is not installed.
    """
    if not name.strip():
        raise ChatModelNameError("no chat model is named", hint="name one: --model NAME or --model gguf:PATH")
    prefix, separator, rest = name.partition(":")
    if separator and prefix in _PROVIDERS:
        return _PROVIDERS[prefix](rest, settings)
    return _openai_compatible(name, settings)


def endpoint_in_words(name: str) -> str:
    """Where a model of that name is asked, for messages: `model NAME at HOST:PORT`, or `model file PATH`."""
    prefix, separator, rest = name.partition(":")
    if separator and prefix == "langchain":
        provider, _, model = rest.partition(":")
        return f"model {model!r} of {provider}"
    if separator and prefix == "recorded":
        return f"recorded replies of {rest}"
    if separator and prefix in _PROVIDERS:
        return f"model file {rest}"
    url = _base_url()
    return f"model {name!r} at {_host(url) if url else _OPENAI_HOST}"


def is_recorded(name: str) -> bool:
    """Whether a name stands for replies that were recorded earlier."""
    return name.startswith("recorded:")


def runs_in_process(name: str) -> bool:
    """Whether a model of that name runs (or is replayed) in this process, and so costs no money."""
    prefix, separator, _ = name.partition(":")
    return bool(separator) and prefix in _IN_PROCESS


def model_identity(name: str) -> str:
    """What tells a model from others wherever it is asked: name and endpoint, or a fingerprint of its file.

    Raises:
        ChatModelNameError: a model file that is not there or cannot be read.
    """
    prefix, separator, rest = name.partition(":")
    if separator and prefix in ("gguf", "local"):
        return _file_identity(_gguf_path(rest))
    if separator and prefix in _PROVIDERS:
        return name
    return f"{name} at {_host(_base_url() or '') or _OPENAI_HOST}"


def _file_identity(path: Path) -> str:
    """Name, size and a hash of both ends: the whole of many gigabytes would take too long to read."""
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINT_BYTES))
            file.seek(max(0, size - _FINGERPRINT_BYTES))
            digest.update(file.read(_FINGERPRINT_BYTES))
    except OSError as error:
        raise ChatModelNameError(f"model file {str(path)!r} cannot be read: {error.strerror}") from error
    return f"{path.name}, {size} bytes, sha256 of both ends {digest.hexdigest()[:16]}"


def _base_url() -> str | None:
    return next((os.environ[name] for name in _BASE_URL_VARIABLES if os.environ.get(name)), None)


def _host(url: str) -> str:
    """Host and port; user and password of a URL are nobody's business."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def _openai_compatible(name: str, settings: ChatSettings) -> BaseChatModel:
    url = _base_url()
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise ChatModelNameError(
            f"the chat model's base URL {_host(url)!r} is no http or https URL",
            hint=f"set {_BASE_URL_VARIABLES[0]}, e.g. http://127.0.0.1:8080/v1",
        )
    key = os.environ.get(_KEY_VARIABLE)
    if not key and (url is None or _host(url) == _OPENAI_HOST):
        raise ChatModelNameError(
            f"no key for model {name!r}: {_KEY_VARIABLE} is not set",
            hint=f"set {_KEY_VARIABLE}, or {_BASE_URL_VARIABLES[0]} for a server of your own, "
            "or use --model gguf:PATH for a model file",
        )
    from pydantic import SecretStr

    # The client's advice on refused schemas is for its own callers; here another form is asked for.
    warnings.filterwarnings("ignore", message=r"This model does not support OpenAI's structured output|Invalid schema")
    return _initialise(
        name,
        "openai",
        settings,
        base_url=url,
        api_key=SecretStr(key or "none"),
        use_responses_api=False,  # servers of one's own speak chat completions
    )


def _langchain(rest: str, settings: ChatSettings) -> BaseChatModel:
    """Any provider that LangChain has an integration for: `langchain:PROVIDER:NAME`."""
    provider, _, name = rest.partition(":")
    if not provider or not name:
        raise ChatModelNameError(
            f"'langchain:{rest}' does not name a provider and a model",
            hint="write --model langchain:PROVIDER:NAME, e.g. langchain:anthropic:claude-sonnet-4-5",
        )
    return _initialise(name, provider, settings)


def _initialise(name: str, provider: str, settings: ChatSettings, **options: Any) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(
            name,
            model_provider=provider,
            max_tokens=settings.max_reply_tokens,
            timeout=settings.timeout_s,
            max_retries=0,  # retries are counted, bounded and told of in `conversation`
            **options,
        )
    except ImportError as error:
        raise ChatModelNameError(
            f"LangChain's integration for {provider!r} is not installed",
            hint=f"pip install langchain-{provider.replace('_', '-')}",
        ) from error
    except Exception as error:
        # Integrations refuse with many types: an unknown provider, no key, an option that they do not have.
        first_line = redact(str(error)).partition("\n")[0]
        raise ChatModelNameError(
            f"LangChain cannot start model {name!r} of provider {provider!r}: {first_line}",
            hint="check the provider's name and that its key is set in the environment",
        ) from error
    return model


def _gguf_path(path_text: str) -> Path:
    """The model file.

    Raises:
        ChatModelNameError: not there, not readable, or no GGUF file.
    """
    path = Path(path_text).expanduser()
    if not path.is_file():
        raise ChatModelNameError(
            f"no model file {path_text!r}" if path_text else "the model name 'gguf:' lacks a path",
            hint="give the path of a GGUF file: --model gguf:/path/to/model.gguf",
        )
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except OSError as error:
        raise ChatModelNameError(f"model file {path_text!r} cannot be read: {error.strerror}") from error
    if magic != _GGUF_MAGIC:
        raise ChatModelNameError(
            f"{path_text!r} is no GGUF file: it begins with {magic!r}, expected {_GGUF_MAGIC!r}",
            hint="convert the model with llama.cpp's convert_hf_to_gguf.py, or download a .gguf file",
        )
    return path


def _gguf(path_text: str, settings: ChatSettings) -> BaseChatModel:
    from tpugen.writers.llama_cpp_model import LlamaCppChatModel

    return LlamaCppChatModel.load(_gguf_path(path_text).resolve(), settings)


def _recorded(path_text: str, _settings: ChatSettings) -> BaseChatModel:
    from tpugen.writers.recorded_model import RecordedChatModel

    return RecordedChatModel.load(path_text)


_PROVIDERS: Mapping[str, Callable[[str, ChatSettings], BaseChatModel]] = MappingProxyType(
    {"gguf": _gguf, "local": _gguf, "langchain": _langchain, "recorded": _recorded}
)
