"""A GGUF file as a LangChain chat model, in this process through llama.cpp. Imported only where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from tpugen.writers.llama_runtime import Piece, load_runtime

if TYPE_CHECKING:
    from tpugen.writers.providers import ChatSettings

__all__ = ["LlamaCppChatModel"]

_DEFAULT_TEMPERATURE = 0.2
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LlamaCppChatModel(BaseChatModel):
    """Chat completions by llama.cpp, token by token, so that limits hold within a reply.

    Each request may give `temperature`, `seed`, `max_tokens`, `timeout_s`, `schema` (a JSON schema, which becomes a
    grammar) and `on_prompt`; what it does not give is taken from the attributes.

    Attributes:
        runtime: The loaded model, a `llama_runtime.LlamaRuntime`.
        path: The GGUF file.
    """

    takes_wishes: ClassVar[bool] = True

    runtime: Any
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
            runtime=load_runtime(path, settings.context_tokens),
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
        pieces = list(self._pieces(messages, stop, kwargs))
        message = AIMessage(
            content="".join(piece.text for piece in pieces),
            response_metadata=self._metadata(pieces[-1]),
            usage_metadata=_usage(pieces[-1]),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages, stop, kwargs):
            if piece.finish is None:
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
            else:
                last = AIMessageChunk(content="", usage_metadata=_usage(piece))
                yield ChatGenerationChunk(message=last, generation_info=self._metadata(piece))

    def _pieces(self, messages: list[BaseMessage], stop: list[str] | None, wishes: dict[str, Any]) -> Iterator[Piece]:
        pieces: Iterator[Piece] = self.runtime.reply(
            [{"role": _ROLES.get(item.type, "user"), "content": str(item.text)} for item in messages],
            temperature=wishes.get("temperature", _DEFAULT_TEMPERATURE),
            max_tokens=wishes.get("max_tokens", self.max_reply_tokens),
            timeout_s=wishes.get("timeout_s", self.timeout_s),
            seed=wishes.get("seed", self.seed),
            stop=stop or (),
            schema=wishes.get("schema"),
            on_prompt=wishes.get("on_prompt"),
        )
        return pieces

    def _metadata(self, last: Piece) -> dict[str, Any]:
        return {"finish_reason": last.finish, "model_name": self.path.name}


def _usage(piece: Piece) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=piece.prompt_tokens,
        output_tokens=piece.reply_tokens,
        total_tokens=piece.prompt_tokens + piece.reply_tokens,
    )
