"""The result of a run as a file: what samples came to, and all that is needed to know what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from tpugen import __version__
from tpugen.bench.configuration import AnyProblem, BenchConfiguration, Ground, published_model
from tpugen.bench.summary import candidate_ladder, ended, problem_rows, repair_ladder, tally
from tpugen.errors import RequestError, StorageError
from tpugen.report.bench_data import BenchResult, SampleRow
from tpugen.storage import read_json, sha256_json, write_json_atomic

__all__ = ["RESULT_FILE", "Key", "read_result", "write_result"]

RESULT_FILE = "result.json"

Key = tuple[str, int]
"""A problem's id and the number of a sample of it."""


def read_result(path: Path) -> BenchResult:
    """The result in a run's folder, or of a result file.

    Raises:
        RequestError: there is none, or it is of another format.
    """
    file = path / RESULT_FILE if path.is_dir() else path
    if not file.is_file():
        raise RequestError(
            f"{path} holds no result of the benchmark", hint="make one with `tpugen bench run --out DIR`"
        )
    try:
        return BenchResult.model_validate(read_json(file))
    except (ValidationError, StorageError) as error:
        words = (
            error.message if isinstance(error, StorageError) else f"{error.error_count()} fields are not as expected"
        )
        raise RequestError(f"{file} is no result of the benchmark: {words}") from None


def write_result(
    folder: Path,
    configuration: BenchConfiguration,
    ground: Ground,
    problems: Sequence[AnyProblem],
    rows: dict[Key, SampleRow],
    total: int,
    stopped: str | None,
) -> BenchResult:
    """Sum up the samples that are there and write `result.json`.

    Args:
        folder: The run's folder.
        configuration: Its choices.
        ground: What it stands on.
        problems: Its problems, in order.
        rows: The samples that are there.
        total: How many there are to be.
        stopped: Why some are not, in words.

    Raises:
        StorageError: the disk refused.
    """
    from tpugen.pipeline.identity import machine_summary

    order = {problem.id: index for index, problem in enumerate(problems)}
    samples = sorted(rows.values(), key=lambda row: (order[row.problem], row.sample))
    asks = configuration.model is not None
    result = BenchResult(
        name=configuration.name,
        configuration=configuration.facts(),
        identity=sha256_json(ground.identity(configuration)),
        tpugen_version=__version__,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine_summary(),
        endpoint=_endpoint(configuration.model),
        problems_sha256=ground.problems_sha256,
        prompts_sha256=ground.prompts_sha256,
        library_sha256=ground.library_sha256,
        judged_by=sorted({sample.judged_by for sample in samples}),
        finished=len(rows) == total,
        stopped=None if len(rows) == total else stopped,
        total=tally("all", samples),
        suites=[
            tally(name, [s for s in samples if s.suite == name]) for name in dict.fromkeys(s.suite for s in samples)
        ],
        kinds=[tally(name, [s for s in samples if s.kind == name]) for name in dict.fromkeys(s.kind for s in samples)],
        repairs=repair_ladder(samples, configuration.repairs) if configuration.writer == "llm" else [],
        candidates=candidate_ladder(samples, configuration.candidates) if configuration.writer == "llm" else [],
        ended=ended(samples),
        golden_refused=sum(sample.simulated and sample.golden is False for sample in samples),
        seconds=round(sum(sample.seconds for sample in samples), 3),
        prompt_tokens=sum(sample.prompt_tokens for sample in samples),
        reply_tokens=sum(sample.reply_tokens for sample in samples),
        cost_usd=_total_cost(samples) if asks else 0.0,
        problems=problem_rows(samples, {problem.id: problem.prompt for problem in problems}),
        samples=samples,
    )
    write_json_atomic(folder / RESULT_FILE, result.model_dump(mode="json"))
    return result


def _endpoint(model: str | None) -> str | None:
    if model is None:
        return None
    from tpugen.writers.providers import endpoint_in_words

    return endpoint_in_words(published_model(model) or "")


def _total_cost(samples: Sequence[SampleRow]) -> float | None:
    costs = [sample.cost_usd for sample in samples]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 6) if len(known) == len(costs) else None
