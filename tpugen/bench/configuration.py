"""What a run of the benchmark is: every choice that decides its result, and what it runs on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tpugen.bench.external import ExternalProblem, load_external
from tpugen.bench.problems import SUITES, Problem, load_suite, prompts_hash
from tpugen.errors import RequestError, UnknownNameError
from tpugen.storage import sha256_json

__all__ = ["AnyProblem", "BenchConfiguration", "Ground", "all_problems", "choose_problems", "published_model"]

AnyProblem = Problem | ExternalProblem

_TEMPERATURE = 0.2


class BenchConfiguration(BaseModel):
    """Choices of one run.

    Attributes:
        suites: Names of tpugen's own suites, or paths of folders of the VerilogEval kind.
        problems: Only these; empty: all.
        limit: At most so many problems of each suite, drawn evenly over it.
        samples: Samples a problem, n of pass@k.
        writer: `composer`, `llm`, or `reference`: a suite's own solutions, which shows that the suite works.
        model: The chat model, of the writer or of the reading.
        mode: Whether the model writes the top level over the library, or every module.
        reply: In compose mode, whether the model writes what follows the header, or the whole top module.
        candidates: How many times the model may start afresh for one sample.
        repairs: How many times each candidate may be mended.
        retrieval: Whether library modules and similar designs are shown.
        examples: How many similar designs are shown.
        temperature: Sampling temperature; None leaves it to the provider.
        spec_by: Who reads the prompt: `rules`, `llm`, `both` reconciled; `given`: nobody, the spec is handed over.
        seed: Seed of sampling, and of the stimulus of gates and golden check.
        chat_timeout_s: Limit of one request to the model.
        max_reply_tokens: A reply is cut off after so many tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suites: tuple[str, ...] = tuple(SUITES)
    problems: tuple[str, ...] = ()
    limit: int | None = Field(default=None, ge=1)
    samples: int = Field(default=1, ge=1, le=1000)
    writer: Literal["composer", "llm", "reference"] = "composer"
    model: str | None = None
    mode: Literal["compose", "full"] = "compose"
    reply: Literal["body", "module"] = "body"
    candidates: int = Field(default=1, ge=1, le=100)
    repairs: int = Field(default=3, ge=0, le=50)
    retrieval: bool = True
    examples: int = Field(default=1, ge=0, le=10)
    temperature: float | None = Field(default=_TEMPERATURE, ge=0, le=2)
    spec_by: Literal["rules", "llm", "both", "given"] = "rules"
    seed: int = Field(default=1, ge=0, lt=2**30)
    chat_timeout_s: float = Field(default=600.0, gt=0, le=86_400)
    max_reply_tokens: int = Field(default=4096, ge=16)

    @model_validator(mode="after")
    def _consistent(self) -> BenchConfiguration:
        asks = self.writer == "llm" or self.spec_by in ("llm", "both")
        if asks and not self.model:
            who = "the llm writer" if self.writer == "llm" else f"--spec-by {self.spec_by}"
            raise RequestError(f"{who} needs a chat model, and none is named", hint="name one with --model NAME")
        if self.model and not asks:
            raise RequestError(
                f"chat model {self.model!r} is named, but nothing asks it: the {self.writer} writes, and "
                f"{'nobody reads' if self.spec_by == 'given' else 'rules read'} the prompts",
                hint="leave out --model, or let it write (leave out --writer) or read (--spec-by llm)",
            )
        return self

    def facts(self) -> dict[str, Any]:
        """What decides the result, as plain data: choices that the writer does not use are left out."""
        data = self.model_dump(mode="json")
        data["model"] = published_model(self.model)
        data["suites"] = [name if name in SUITES else Path(name).name for name in self.suites]
        if self.writer != "llm":
            for name in ("mode", "reply", "candidates", "repairs", "retrieval", "examples"):
                del data[name]
        if self.model is None:
            for name in ("model", "temperature", "chat_timeout_s", "max_reply_tokens"):
                del data[name]
        return data

    @property
    def name(self) -> str:
        """A short name: who wrote, how, and what sets the run apart from the defaults."""
        if self.writer != "llm":
            words: list[str] = [self.writer]
        else:
            words = [re.sub(r"\.gguf$", "", (published_model(self.model) or "").rpartition(":")[2]), self.mode]
            words += [f"{self.candidates} candidates"] if self.candidates > 1 else []
            words += [f"{self.repairs} repairs"] if self.repairs != 1 else ["1 repair"]
            words += [] if self.retrieval else ["no retrieval"]
            words += [f"{self.examples} examples"] if self.retrieval and self.examples != 1 else []
            words += ["whole modules"] if self.reply == "module" and self.mode == "compose" else []
            words += [f"temperature {self.temperature}"] if self.temperature != _TEMPERATURE else []
        words += [] if self.spec_by == "rules" else [f"spec by {self.spec_by}"]
        return ", ".join(words)

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", self.name).strip("-")[:60]


def published_model(name: str | None) -> str | None:
    """A model's name fit for publication: of a file, its name without the folders it lies in."""
    if name is None:
        return None
    prefix, separator, rest = name.partition(":")
    if separator and prefix in ("gguf", "local", "recorded"):
        return f"{prefix}:{Path(rest).name}"
    return name


@dataclass(frozen=True)
class Ground:
    """What a run stands on, by content.

    Attributes:
        problems_sha256: Over ids and prompts of the problems chosen.
        prompts_sha256: Over tpugen's prompt files.
        library_sha256: Over the RTL library.
        model: What tells the model from others: name and endpoint, or a fingerprint of its file.
    """

    problems_sha256: str
    prompts_sha256: str
    library_sha256: str
    model: str | None

    @classmethod
    def of(cls, problems: list[AnyProblem], model: str | None) -> Ground:
        """The ground under a run over these problems.

        Raises:
            ChatModelNameError: a model file that is not there.
        """
        from tpugen.pipeline.identity import code_fingerprint

        rooms = code_fingerprint(["rtl_templates", "writers.prompts"])
        identity = None
        if model is not None:
            from tpugen.writers.providers import model_identity

            identity = sha256_json(model_identity(model))
        return cls(
            problems_sha256=prompts_hash((problem.id, problem.prompt) for problem in problems),
            prompts_sha256=rooms["writers.prompts"],
            library_sha256=rooms["rtl_templates"],
            model=identity,
        )

    def identity(self, configuration: BenchConfiguration) -> dict[str, Any]:
        """Everything that a sample may depend on, as plain data; runs that differ in it do not share a folder."""
        data: dict[str, Any] = {
            "configuration": configuration.facts(),
            "problems_sha256": self.problems_sha256,
            "library_sha256": self.library_sha256,
        }
        if configuration.model is not None:
            data |= {"prompts_sha256": self.prompts_sha256, "model": self.model}
        return data


def choose_problems(configuration: BenchConfiguration) -> list[AnyProblem]:
    """The problems of a run, in the order of its suites.

    Raises:
        UnknownNameError: no such suite or problem.
        RequestError: a suite that cannot be read, an id that two suites share, a writer that a suite has no use for.
    """
    chosen: dict[str, AnyProblem] = {}
    wanted = set(configuration.problems)
    for name in configuration.suites:
        suite = all_problems([name])
        _check_writer(configuration.writer, name, own=name in SUITES)
        if wanted:
            suite = [problem for problem in suite if problem.id in wanted]
        for problem in _drawn(suite, configuration.limit):
            if problem.id in chosen:
                raise RequestError(f"two suites have a problem {problem.id!r}", hint="run them one by one")
            chosen[problem.id] = problem
    missing = sorted(wanted - set(chosen)) if configuration.limit is None else []
    if missing or not chosen:
        raise UnknownNameError(
            f"no problem is called {', '.join(missing) or 'so'} in {', '.join(configuration.suites)}",
            hint="`tpugen bench list --suite NAME` names them",
        )
    return list(chosen.values())


def all_problems(suites: Sequence[str]) -> list[AnyProblem]:
    """Every problem of some suites.

    Raises:
        UnknownNameError: no such suite.
        RequestError: a suite that cannot be read.
    """
    return [problem for name in suites for problem in (load_suite(name) if name in SUITES else _external(name))]


def _external(name: str) -> list[ExternalProblem]:
    path = Path(name).expanduser()
    if not path.is_dir():
        load_suite(name)  # says that there is no such suite
    return load_external(path)


def _check_writer(writer: str, suite: str, *, own: bool) -> None:
    if own and writer == "reference":
        raise RequestError(
            f"suite {suite} has no solutions of its own to hand in", hint="--writer composer writes its designs"
        )
    if not own and writer == "composer":
        raise RequestError(
            f"the composer knows tpugen's own designs alone; suite {suite} asks for others",
            hint="name a chat model with --model NAME, or see that the suite works with --writer reference",
        )


def _drawn(problems: list[AnyProblem], limit: int | None) -> list[AnyProblem]:
    """At most `limit` of them, evenly over the list."""
    if limit is None or limit >= len(problems):
        return problems
    return [problems[index * len(problems) // limit] for index in range(limit)]
