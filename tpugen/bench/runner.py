"""A run of the benchmark: every finished sample is one file; what is there already is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from tpugen import __version__
from tpugen.bench.configuration import AnyProblem, BenchConfiguration, Ground, choose_problems
from tpugen.bench.outcome import Key, write_result
from tpugen.bench.sampling import ChatTools, run_sample
from tpugen.errors import BudgetExhaustedError, ChatModelError, RequestError, StorageError
from tpugen.report.bench_data import BenchResult, SampleRow
from tpugen.storage import make_folder, read_json, remove_unfinished, sha256_json, write_json_atomic

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from tpugen.writers.budget import Budget, Prices

__all__ = ["BenchEvent", "BenchObserver", "default_folder", "run_bench"]

_RUN_FILE = "run.json"
_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class BenchEvent:
    """One thing that happened.

    Attributes:
        kind: `start`, `note` (a sample goes on), `sample` (one ended) or `kept` (it was there already).
        text: What goes on.
        sample: The sample that ended.
        done: Samples that are there.
        total: Samples of the run.
    """

    kind: Literal["start", "note", "sample", "kept"]
    text: str = ""
    sample: SampleRow | None = None
    done: int = 0
    total: int = 0


BenchObserver = Callable[[BenchEvent], None]


def default_folder(configuration: BenchConfiguration, ground: Ground) -> Path:
    """Where a run is kept if nobody says: the same choices give the same folder, so that they go on with it."""
    identity = sha256_json(ground.identity(configuration))
    return Path("bench-results") / f"{configuration.slug}-{identity[:8]}"


def run_bench(
    configuration: BenchConfiguration,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    budget: Budget | None = None,
    prices: Prices | None = None,
    model: BaseChatModel | None = None,
    redo: Sequence[str] = (),
    observer: BenchObserver = lambda _event: None,
) -> tuple[BenchResult, Path]:
    """Run the benchmark, or go on with a run that was interrupted.

    Args:
        configuration: The choices.
        out: The run's folder: new, empty, or one of the same choices; see `default_folder`.
        jobs: Processes, for the composer; a chat model works alone. Default: usable CPUs.
        budget: What the chat model may cost from now on; the run stops cleanly where it ends.
        prices: Of the chat model.
        model: A LangChain chat model to ask instead of the one that the configuration names.
        redo: Stages (`spec`, a gate, `golden`): finished samples that ended there are taken anew.
        observer: Hears what happens.

    Returns:
        The result, also where a budget stopped the run (`stopped` says so), and the run's folder.

    Raises:
        RequestError: a suite, problem or folder that does not fit.
        ChatModelError: the model cannot be asked: unknown, or failing again and again.
        ToolError: a tool is missing or broke.
        StorageError: the disk refused.
    """
    problems = choose_problems(configuration)
    ground = Ground.of(problems, configuration.model)
    folder = out or default_folder(configuration, ground)
    _open(folder, configuration, ground)
    tasks = [(problem, number) for number in range(1, configuration.samples + 1) for problem in problems]
    kept = {_key(task): row for task in tasks if (row := _kept(folder, *task, redo)) is not None}
    observer(BenchEvent("start", str(folder), done=len(kept), total=len(tasks)))
    for row in kept.values():
        observer(BenchEvent("kept", sample=row, done=len(kept), total=len(tasks)))
    todo = [task for task in tasks if _key(task) not in kept]
    rows = dict(kept)
    stopped: str | None = None
    try:
        if configuration.model is None:
            finished = _in_parallel(todo, configuration, folder, jobs)
        else:
            finished = _one_by_one(
                todo, configuration, folder, _tools(configuration, folder, budget, prices, model, observer), observer
            )
        for task, row in finished:
            rows[_key(task)] = row
            write_json_atomic(_file(folder, *task), row.model_dump(mode="json"))
            observer(BenchEvent("sample", sample=row, done=len(rows), total=len(tasks)))
    except BudgetExhaustedError as error:
        stopped = error.message
    except BaseException:
        write_result(folder, configuration, ground, problems, rows, len(tasks), "it was interrupted")
        raise
    return write_result(folder, configuration, ground, problems, rows, len(tasks), stopped), folder


# -- the folder -----------------------------------------------------------------------------------------------------


def _open(folder: Path, configuration: BenchConfiguration, ground: Ground) -> None:
    """Claim a folder for these choices.

    Raises:
        RequestError: something else is in it.
    """
    identity = ground.identity(configuration)
    record = folder / _RUN_FILE
    if record.is_file():
        other = read_json(record)
        found = other.get("identity", {}) if isinstance(other, dict) else {}
        changed = _changed(found, identity)
        if changed:
            raise RequestError(
                f"{folder} holds a run of other choices: {'; '.join(changed)}",
                hint="choose another folder with --out, or leave --out away",
            )
        remove_unfinished(folder)
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise RequestError(f"{folder} is neither empty nor a run of the benchmark", hint="choose another with --out")
    make_folder(folder)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    write_json_atomic(record, {"identity": identity, "created_utc": moment, "tpugen_version": __version__})


def _changed(old: dict[str, object], new: dict[str, object]) -> list[str]:
    """Where two identities differ, `name: old -> new`."""
    flat = [{**data, **(data.get("configuration") or {})} for data in (old, new)]  # type: ignore[dict-item]
    names = sorted((set(flat[0]) | set(flat[1])) - {"configuration"})
    return [
        f"{name}: {flat[0].get(name)} -> {flat[1].get(name)}"
        for name in names
        if flat[0].get(name) != flat[1].get(name)
    ]


def _file(folder: Path, problem: AnyProblem, number: int) -> Path:
    return folder / "samples" / problem.id / f"{number}.json"


def _work_folder(folder: Path, problem: AnyProblem, number: int) -> Path:
    return folder / "work" / problem.id / str(number)


def _kept(folder: Path, problem: AnyProblem, number: int, redo: Sequence[str]) -> SampleRow | None:
    """A finished sample; one that the chat model failed to answer is taken anew, a damaged one as well."""
    file = _file(folder, problem, number)
    if not file.is_file():
        return None
    try:
        row = SampleRow.model_validate(read_json(file))
    except (StorageError, ValidationError):
        return None
    return None if row.ended_at in ("model", *redo) else row


# -- samples --------------------------------------------------------------------------------------------------------

_Task = tuple[AnyProblem, int]


def _key(task: _Task) -> Key:
    """What tells a task from others: its problem's id and the sample's number."""
    problem, number = task
    return problem.id, number


def _in_parallel(
    todo: Sequence[_Task], configuration: BenchConfiguration, folder: Path, jobs: int | None
) -> Iterator[tuple[_Task, SampleRow]]:
    """Without a chat model, samples are independent."""
    from tpugen.pipeline.executor import run_many

    items = [_Item(problem, number, configuration, _work_folder(folder, problem, number)) for problem, number in todo]
    for work in run_many(items, _run_item, jobs):
        if work.error is not None:
            raise work.error
        assert work.value is not None  # noqa: S101 - no error, so a value
        yield (work.item.problem, work.item.number), work.value


@dataclass(frozen=True)
class _Item:
    problem: AnyProblem
    number: int
    configuration: BenchConfiguration
    folder: Path


def _run_item(item: _Item) -> SampleRow:
    return run_sample(item.problem, item.configuration, item.number, item.folder)


def _one_by_one(
    todo: Sequence[_Task],
    configuration: BenchConfiguration,
    folder: Path,
    tools: ChatTools,
    observer: BenchObserver,
) -> Iterator[tuple[_Task, SampleRow]]:
    """One chat model, one sample after the other; a model that fails again and again ends the run."""
    failures = 0
    for problem, number in todo:
        name = problem.id if configuration.samples == 1 else f"{problem.id} #{number}"

        def note(text: str, name: str = name) -> None:
            observer(BenchEvent("note", f"{name}: {text}"))

        row = run_sample(problem, configuration, number, _work_folder(folder, problem, number), tools, note)
        yield (problem, number), row
        failures = failures + 1 if row.ended_at == "model" and not row.attempts else 0
        if failures == _FAILURES_IN_A_ROW:
            raise ChatModelError(
                f"the chat model failed {failures} times in a row, last: {row.error or row.reading.error}",
                hint="mend that and give the same command again: finished samples are kept",
            )


def _tools(
    configuration: BenchConfiguration,
    folder: Path,
    budget: Budget | None,
    prices: Prices | None,
    model: BaseChatModel | None,
    observer: BenchObserver,
) -> ChatTools:
    from tpugen.writers.budget import NO_BUDGET
    from tpugen.writers.exchange_store import ExchangeStore
    from tpugen.writers.providers import ChatSettings
    from tpugen.writers.session import ChatSession

    assert configuration.model is not None  # noqa: S101 - the caller saw to it
    store = ExchangeStore(folder / "exchanges.sqlite")
    session = ChatSession(
        configuration.model,
        settings=ChatSettings(
            temperature=configuration.temperature, timeout_s=configuration.chat_timeout_s, seed=configuration.seed,
            max_reply_tokens=configuration.max_reply_tokens,
        ),
        budget=budget or NO_BUDGET, prices=prices, log=store, cache=store, model=model,
        on_event=lambda event: observer(BenchEvent("note", str(event))),
    )  # fmt: skip
    retriever = None
    if configuration.writer == "llm" and configuration.retrieval:
        from tpugen.retrieval import Retriever

        retriever = Retriever()
    return ChatTools(session, retriever)
