"""A GGUF file as a LangChain chat model, in this process through llama.cpp. Imported only where it is used."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from tpugen.errors import ChatModelError, ChatModelNameError

if TYPE_CHECKING:
    from tpugen.writers.providers import ChatSettings

__all__ = ["LlamaCppChatModel"]

_DEFAULT_TEMPERATURE = 0.2
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LlamaCppChatModel(BaseChatModel):
    """Chat completions by llama.cpp, token by token, so that the wall-clock limit holds within a reply.

    Attributes:
        llama: The loaded `llama_cpp.Llama`.
        path: The GGUF file.
    """

    llama: Any
    path: Path
    max_reply_tokens: int = 4096
    timeout_s: float = 600.0
    seed: int = 1

    @classmethod
    def load(cls, path: Path, settings: ChatSettings) -> LlamaCppChatModel:
        """Load the weights (once per process and file).

        Raises:
            ChatModelNameError: llama-cpp-python is missing, or the file is no model that it can load.
        """
        return cls(
            llama=_load(path, settings.context_tokens, settings.seed),
            path=path,
            max_reply_tokens=settings.max_reply_tokens,
            timeout_s=settings.timeout_s,
            seed=settings.seed,
        )

    @property
    def _llm_type(self) -> str:
        return "llama-cpp"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        deadline = time.monotonic() + self.timeout_s
        parts: list[str] = []
        finish = "length"
        try:
            stream = self.llama.create_chat_completion(
                messages=[{"role": _ROLES.get(item.type, "user"), "content": item.text} for item in messages],
                temperature=kwargs.get("temperature", _DEFAULT_TEMPERATURE),
                max_tokens=self.max_reply_tokens,
                stop=stop or [],
                seed=self.seed,
                stream=True,
            )
            for chunk in stream:
                choice = chunk["choices"][0]
                parts.append(choice["delta"].get("content") or "")
                finish = choice.get("finish_reason") or finish
                if time.monotonic() > deadline:
                    raise ChatModelError(
                        f"model file {self.path.name} wrote for more than {self.timeout_s:g} s",
                        hint="allow more time, or use a smaller or faster model",
                    )
        except ValueError as error:  # llama.cpp's word for a prompt beyond the context window
            raise ChatModelError(
                f"model file {self.path.name} refused the prompt: {str(error).splitlines()[0]}",
                hint="retrieve fewer modules, or use a model with a larger context window",
            ) from error
        return self._result("".join(parts), finish, messages)

    def _result(self, text: str, finish: str, messages: list[BaseMessage]) -> ChatResult:
        prompt_tokens = self._count("".join(item.text for item in messages))
        reply_tokens = self._count(text)
        message = AIMessage(
            content=text,
            response_metadata={"finish_reason": finish, "model_name": self.path.name},
            usage_metadata={
                "input_tokens": prompt_tokens,
                "output_tokens": reply_tokens,
                "total_tokens": prompt_tokens + reply_tokens,
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _count(self, text: str) -> int:
        return len(self.llama.tokenize(text.encode(), add_bos=False))


@cache
def _load(path: Path, context_tokens: int, seed: int) -> Any:
    try:
        from llama_cpp import Llama
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its shared library does not load
        raise ChatModelNameError(
            f"GGUF files need llama-cpp-python, which cannot be imported: {str(error).splitlines()[0]}",
            hint="pip install 'tpugen[local]' (builds llama.cpp; needs a C++ compiler and some minutes)",
        ) from error
    try:
        return Llama(model_path=str(path), n_ctx=context_tokens, seed=seed, verbose=False)
    except (ValueError, OSError, RuntimeError) as error:
        raise ChatModelNameError(
            f"llama.cpp cannot load {path}: {str(error).splitlines()[0]}",
            hint="use a complete GGUF file of a chat model that this llama.cpp knows",
        ) from error
