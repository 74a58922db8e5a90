"""What a caller may choose about a run, and what is heard while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tpugen.errors import RequestError
from tpugen.flows.technology import DEFAULT_TECHNOLOGY
from tpugen.results import GateRecord
from tpugen.writers.budget import Budget, Prices

__all__ = ["DEFAULT_TECHNOLOGY", "Event", "GenerateOptions", "Observer", "SynthesisMode", "silent"]

SynthesisMode = Literal["auto", "flat", "hierarchical"]


class GenerateOptions(BaseModel):
    """Choices of one run; the defaults need no network, no key and no PDK.

    Attributes:
        writer: `composer` (deterministic) or `llm`; left out: `llm` where `chat_model` is given, else `composer`.
        chat_model: Name of the chat model that writes, e.g. `gpt-4.1` or `local:/models/coder.gguf`.
        fallback: `composer`: if the chat model fails, the composer writes instead, and the report says so.
        mode: `compose`: the chat model writes the top level over library modules; `full`: it writes every module. Left
            out: `compose`, and `full` for a contract of the user's own.
        reply: In compose mode, whether the model writes the `body` under the contract's header or the whole `module`.
        candidates: How many times the chat model may start afresh; the first that passes ends the search.
        repairs: How many times each candidate may be mended from the gates' findings.
        retrieval: Whether the chat model is shown library modules and similar designs.
        examples: How many similar designs it is shown.
        spec_by: Who reads the request: `rules`, the chat model (`llm`) or `both`; left out: the rules, and the chat
            model as well where they did not understand every word.
        budget: What the chat model may cost, e.g. `20000 tokens, 10 min, 0.50 usd`.
        prices: What it costs: US dollars for a million tokens of input and of output, e.g. `0.4,1.6`.
        chat_timeout_s: How long one request to the chat model may take; it is asked again a few times.
        seed: Seed of the bench's stimulus.
        technology: Name of a technology library or path of a Liberty file.
        clock_mhz: Target clock in MHz; overrides the request's.
        gemms: Workload for the model as `MxKxN` texts; left out: one GEMM of the design's natural size.
        workloads: Language models by name, or paths of config.json files, that the design is judged on: a `pim_llm` as
            the whole system, a `tpu` or a systolic array as the array of PIM-LLM.
        synthesis_mode: `flat`, `hierarchical` (each distinct module once), or `auto`.
        waves: Keep the waveform of the simulation.
        use_cache: Take steps whose inputs did not change from the cache.
        out: The run's folder; left out: a new one in `runs_folder`.
        runs_folder: Where runs are kept; left out: `TPUGEN_RUNS_DIR`, else `runs` in the working folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    writer: Literal["composer", "llm"] | None = None
    chat_model: str | None = None
    fallback: Literal["composer"] | None = None
    mode: Literal["compose", "full"] | None = None
    reply: Literal["body", "module"] = "body"
    candidates: int = Field(default=2, ge=1, le=100)
    repairs: int = Field(default=3, ge=0, le=50)
    retrieval: bool = True
    examples: int = Field(default=1, ge=0, le=10)
    spec_by: Literal["rules", "llm", "both"] | None = None
    budget: str | None = None
    prices: str | None = None
    chat_timeout_s: float = Field(default=600.0, gt=0, le=86_400)
    seed: int = Field(default=1, ge=0, lt=2**31)
    technology: str = DEFAULT_TECHNOLOGY
    clock_mhz: float | None = None
    gemms: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    synthesis_mode: SynthesisMode = "auto"
    waves: bool = True
    use_cache: bool = True
    out: Path | None = None
    runs_folder: Path | None = None

    @model_validator(mode="after")
    def _consistent(self) -> GenerateOptions:
        if self.writer == "llm" and not self.chat_model:
            raise RequestError(
                "the llm writer needs a chat model, and none is named",
                hint="name one with --model NAME, or leave out --writer to use the composer",
            )
        if self.writer == "composer" and self.chat_model:
            raise RequestError(
                f"chat model {self.chat_model!r} is named, but the composer was asked to write",
                hint="leave out --writer composer, or leave out --model",
            )
        if self.fallback and not self.chat_model:
            raise RequestError(
                "--fallback says what to do when a chat model fails, and no chat model is named",
                hint="name one with --model NAME, or leave out --fallback",
            )
        if self.budget is not None:
            Budget.parse(self.budget)
        if self.prices is not None:
            Prices.parse(self.prices)
        return self

    @property
    def chosen_writer(self) -> Literal["composer", "llm"]:
        """Who writes the RTL."""
        return "llm" if self.chat_model else "composer"

    def identity(self) -> dict[str, object]:
        """What decides the run's results, as plain data: everything but folders and the use of the cache."""
        return self.model_dump(mode="json", exclude={"out", "runs_folder", "use_cache"})


@dataclass(frozen=True)
class Event:
    """One thing that happened in a run.

    Attributes:
        kind: `run` (the folder is made), `start` and `end` of a step, `note`, or `progress`, which comes often and is
            worth a place on a terminal that is alive, not a line.
        step: The step's id; empty for `run`.
        record: The verdict (`end` only).
        text: The folder (`run`) or a sentence (`note`, `progress`).
    """

    kind: Literal["run", "start", "end", "note", "progress"]
    step: str = ""
    record: GateRecord | None = None
    text: str = ""


Observer = Callable[[Event], None]


def silent(_event: Event) -> None:
    """The observer that says nothing."""
