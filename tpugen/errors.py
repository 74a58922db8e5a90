"""Every exception that tpugen raises on purpose.

The tree, with the exit code that the command line gives::

    TpugenError
    +-- RequestError                2  the request is wrong
    |   +-- SpecError                  a design outside the legal ranges
    |   +-- LanguageError              a sentence that asks for nothing buildable
    |   |   +-- ContradictionError     a sentence that asks for two things at once
    |   |   +-- NothingFoundError      a sentence in which no design is recognised at all
    |   +-- UnknownNameError           a technology, module, run or family of that name is not known
    +-- DesignFailedError           1  a gate refused the design
    +-- ToolError                   3  a tool is missing or broke
    |   +-- ToolMissingError
    |   +-- ToolVersionError
    |   +-- ToolFailedError
    |   |   +-- ToolLimitError         wall-clock, CPU, memory or file-size limit reached
    |   +-- LibraryFileError           a Liberty file that cannot be read
    +-- ChatModelError              4  the chat model failed
    |   +-- ChatModelNameError         no such model or provider, or no key for it
    |   +-- ChatModelReplyError        a reply that holds no usable code
    |   +-- BudgetExhaustedError       the limit on tokens, time or money is reached
    +-- StorageError                3  disk full, folder not writable, cache damaged
        +-- RunLockedError             another process works on this run

Messages say what was found, where, what was expected and what to do.
"""

from __future__ import annotations

__all__ = [
    "BudgetExhaustedError",
    "ChatModelError",
    "ChatModelNameError",
    "ChatModelReplyError",
    "ContradictionError",
    "DesignFailedError",
    "LanguageError",
    "LibraryFileError",
    "NothingFoundError",
    "RequestError",
    "RunLockedError",
    "SpecError",
    "StorageError",
    "ToolError",
    "ToolFailedError",
    "ToolLimitError",
    "ToolMissingError",
    "ToolVersionError",
    "TpugenError",
    "UnknownNameError",
]


class TpugenError(Exception):
    """Root of the tree: catch this to catch everything that tpugen raises on purpose.

    Args:
        message: What was found, where, and what was expected.
        hint: What to do about it; printed on a line of its own.
    """

    exit_code: int = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  {self.hint}"


class RequestError(TpugenError):
    """The request is wrong: nothing was started."""

    exit_code = 2


class SpecError(RequestError):
    """A design outside the legal ranges; the message lists every violation."""


class LanguageError(RequestError):
    """A sentence from which no buildable design can be read."""


class ContradictionError(LanguageError):
    """A sentence that asks for two things that cannot both hold; both places are quoted."""


class NothingFoundError(LanguageError):
    """A sentence in which no design is recognised; another reader may find one."""


class UnknownNameError(RequestError):
    """A name (technology, module, run, family, model) that is not registered."""


class DesignFailedError(TpugenError):
    """A gate refused the design."""

    exit_code = 1


class ToolError(TpugenError):
    """An outside tool is missing or broke."""

    exit_code = 3


class ToolMissingError(ToolError):
    """The executable was not found."""


class ToolVersionError(ToolError):
    """The executable is older or newer than the accepted range."""


class ToolFailedError(ToolError):
    """The tool ran and ended badly."""


class ToolLimitError(ToolFailedError):
    """The tool reached a wall-clock, CPU, memory or file-size limit and was ended."""


class LibraryFileError(ToolError):
    """A Liberty file that does not exist, cannot be read or holds no usable cells."""


class ChatModelError(TpugenError):
    """The chat model failed: time-out, refusal, rate limit, server error."""

    exit_code = 4


class ChatModelNameError(ChatModelError):
    """No such model or provider, or its key is not set."""


class ChatModelReplyError(ChatModelError):
    """The reply holds no usable Verilog."""


class BudgetExhaustedError(ChatModelError):
    """The budget of tokens, time or money is used up: the chat model is not asked again."""


class StorageError(TpugenError):
    """A file could not be written or read back."""

    exit_code = 3


class RunLockedError(StorageError):
    """Another process is working on this run."""
