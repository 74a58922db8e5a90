"""How the chat-model writer goes about its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DEFAULT_WRITER_SETTINGS", "ReplyStyle", "WriterSettings", "WritingMode"]

WritingMode = Literal["compose", "full"]
ReplyStyle = Literal["body", "module"]

_TEMPERATURE_STEP = 0.2
_TEMPERATURE_LIMIT = 1.0


@dataclass(frozen=True)
class WriterSettings:
    """Choices of the chat-model writer.

    Attributes:
        mode: `compose`: the model writes the top level over library modules; `full`: it writes every module.
        reply: In compose mode, `body`: the contract gives the header and the model writes what follows it; `module`:
            the model copies the header as well. In full mode the model writes whole modules.
        candidates: How many times it may start afresh, at least 1; the first that passes ends the search.
        repairs: How many times each candidate may be mended from the gates' findings, at least 0.
        temperature: Sampling temperature of the first candidate; None leaves it to the provider.
        retrieval: Whether library modules and similar designs are shown.
        examples: How many similar designs are shown with the top level that they have.
        k: How many documents are retrieved by rank.
        source_budget_tokens: Tokens of library source in the prompt, on top of headers.
    """

    mode: WritingMode = "compose"
    reply: ReplyStyle = "body"
    candidates: int = 1
    repairs: int = 3
    temperature: float | None = 0.2
    retrieval: bool = True
    examples: int = 1
    k: int = 5
    source_budget_tokens: int = 1500

    def __post_init__(self) -> None:
        for name, least in (("candidates", 1), ("repairs", 0), ("examples", 0), ("k", 1), ("source_budget_tokens", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; at least {least} is expected")

    @property
    def body_only(self) -> bool:
        """Whether the model is asked for what follows the top module's header."""
        return self.mode == "compose" and self.reply == "body"

    def candidate_temperature(self, candidate: int) -> float | None:
        """Temperature of candidate `candidate` (from 1): each starts warmer than the one before it, up to 1."""
        if self.temperature is None:
            return None
        return max(self.temperature, min(_TEMPERATURE_LIMIT, self.temperature + _TEMPERATURE_STEP * (candidate - 1)))


DEFAULT_WRITER_SETTINGS = WriterSettings()
