"""A GGUF file loaded by llama.cpp: replies piece by piece, within limits that hold while the prompt is read as well.

The evaluated prompt stays in memory: the next prompt is read from the first token that differs. Imported only where a
model file is used.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tpugen.errors import ChatModelError, ChatModelNameError

__all__ = ["GPU_LAYERS_VARIABLE", "THREADS_VARIABLE", "LlamaRuntime", "Piece", "load_runtime", "physical_cores"]

THREADS_VARIABLE = "TPUGEN_LLAMA_THREADS"
GPU_LAYERS_VARIABLE = "TPUGEN_LLAMA_GPU_LAYERS"

_PROMPT_STEP_TOKENS = 128  # between two looks at the clock; as fast as llama.cpp's own 512
_PROGRESS_INTERVAL_S = 0.5
_CPUS = Path("/sys/devices/system/cpu")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Piece:
    """A piece of a reply; the last one has `finish` and counts.

    Attributes:
        text: Maybe empty.
        finish: `stop`, `length` or `time`.
        prompt_tokens: With the chat template's own; of those, what was evaluated before is not evaluated again.
        reply_tokens: Sampled, the end mark included.
    """

    text: str
    finish: str | None = None
    prompt_tokens: int = 0
    reply_tokens: int = 0


class LlamaRuntime:
    """One loaded model; one reply at a time, others wait.

    Args:
        llama: The loaded `llama_cpp.Llama`.
        name: Of its file, for messages.
    """

    def __init__(self, llama: Any, name: str) -> None:
        self.llama = llama
        self.name = name
        self._lock = threading.Lock()
        self._eval = llama.eval
        self._deadline = float("inf")
        self._evaluations = 0
        self._prompt_tokens = 0
        self._on_prompt: Callable[[int, int], None] | None = None
        llama.eval = self._eval_within_limits

    def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        temperature: float,
        max_tokens: int,
        timeout_s: float,
        seed: int,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
        on_prompt: Callable[[int, int], None] | None = None,
    ) -> Iterator[Piece]:
        """The reply, piece by piece.

        Args:
            messages: With `role` and `content`, in OpenAI's words.
            temperature: Of the sampling.
            max_tokens: Limit of the reply; the context window is another.
            timeout_s: Wall-clock limit of prompt and reply.
            seed: Of the sampling.
            stop: Texts that end the reply.
            schema: JSON schema that the reply will follow.
            on_prompt: Told how many tokens of how many were read, at most twice a second.

        Raises:
            ChatModelError: a prompt beyond the context window, or one that takes longer to read than `timeout_s`.
        """
        with self._lock:
            started = time.monotonic()
            self._deadline = started + timeout_s
            self._evaluations = self._prompt_tokens = 0
            self._on_prompt = on_prompt
            finish = "length"
            try:
                stream = self.llama.create_chat_completion(
                    messages=list(messages),
                    temperature=temperature,
                    max_tokens=max_tokens,
                    stop=list(stop),
                    seed=seed,
                    # llama.cpp makes a grammar of the schema; what it cannot express becomes "any JSON object".
                    response_format=None if schema is None else {"type": "json_object", "schema": dict(schema)},
                    stream=True,
                )
                for chunk in stream:
                    choice = chunk["choices"][0]
                    finish = choice.get("finish_reason") or finish
                    text = choice["delta"].get("content") or ""
                    if text:
                        yield Piece(text)
                    if time.monotonic() > self._deadline:
                        finish = "time"
                        break
            except _PromptTimeoutError:
                raise ChatModelError(
                    f"model file {self.name} read its prompt for more than {timeout_s:g} s",
                    hint="allow more time (--chat-timeout), retrieve fewer modules, or use a smaller model",
                ) from None
            except ValueError as error:  # llama.cpp's word for a prompt beyond the context window
                raise ChatModelError(
                    f"model file {self.name} refused the prompt: {str(error).splitlines()[0]}",
                    hint="retrieve fewer modules, or use a model with a larger context window",
                ) from error
            finally:
                self._deadline = float("inf")
                self._on_prompt = None
            yield Piece("", finish, self._prompt_tokens, max(1, self._evaluations))

    def _eval_within_limits(self, tokens: Sequence[int]) -> None:
        """Stands for `Llama.eval`: a long prompt is evaluated step by step, with a look at the clock between.

        Control also comes back to Python between steps, so that Ctrl-C is heard.
        """
        if self._evaluations == 0:
            self._read_prompt(tokens)
            self._prompt_tokens = int(self.llama.n_tokens)
        else:
            self._eval(tokens)
        self._evaluations += 1

    def _read_prompt(self, tokens: Sequence[int]) -> None:
        """The last token goes alone, as it does when all before it is in memory: sums are then the same to the bit."""
        told = time.monotonic()
        alone = max(0, len(tokens) - 1)
        for begin in (*range(0, alone, _PROMPT_STEP_TOKENS), alone):
            if time.monotonic() > self._deadline:
                raise _PromptTimeoutError
            end = len(tokens) if begin == alone else min(begin + _PROMPT_STEP_TOKENS, alone)
            self._eval(tokens[begin:end])
            if self._on_prompt is not None and time.monotonic() - told >= _PROGRESS_INTERVAL_S:
                told = time.monotonic()
                self._on_prompt(end, len(tokens))


class _PromptTimeoutError(Exception):
    """The time was over while the prompt was read."""


def load_runtime(path: Path, context_tokens: int) -> LlamaRuntime:
    """Load the weights, once per process, file and settings.

    Raises:
        ChatModelNameError: llama-cpp-python is missing, the file is no model that it can load, or a variable that sets
            threads or layers holds no number.
    """
    threads = _number(THREADS_VARIABLE, physical_cores(), least=1)
    return _load(path, context_tokens, threads, _number(GPU_LAYERS_VARIABLE, 0, least=-1))


@cache
def _load(path: Path, context_tokens: int, threads: int, gpu_layers: int) -> LlamaRuntime:
    try:
        from llama_cpp import Llama
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its shared library does not load
        raise ChatModelNameError(
            f"GGUF files need llama-cpp-python, which cannot be imported: {str(error).splitlines()[0]}",
            hint="pip install 'tpugen[local]' (builds llama.cpp; needs a C++ compiler and some minutes)",
        ) from error
    try:
        llama = Llama(
            model_path=str(path),
            n_ctx=context_tokens,
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=gpu_layers,
            verbose=False,
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise ChatModelNameError(
            f"llama.cpp cannot load {path}: {str(error).splitlines()[0]}",
            hint="use a complete GGUF file of a chat model that this llama.cpp knows",
        ) from error
    return LlamaRuntime(llama, path.name)


def physical_cores() -> int:
    """Cores that this process may use: second threads of a core count once, and a container's limit holds."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = {_text(_CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list") or f"cpu {cpu}" for cpu in allowed}
    quota, _, period = _text(_CGROUP_LIMIT).partition(" ")
    limit = max(1, round(int(quota) / int(period))) if quota.isdigit() and period.isdigit() and int(period) else None
    return max(1, len(siblings) if limit is None else min(limit, len(siblings)))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _number(variable: str, default: int, *, least: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise ChatModelNameError(f"{variable} is {text!r}; a whole number of at least {least} is expected")
    return number
