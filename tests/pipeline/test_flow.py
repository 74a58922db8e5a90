"""Steps and flows with toy steps: order, keys, cache, resume, failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from tpugen.errors import StorageError, ToolFailedError
from tpugen.findings import Finding
from tpugen.pipeline.cache import StepCache
from tpugen.pipeline.options import Event, GenerateOptions
from tpugen.pipeline.step import Context, Flow, Outcome, Step
from tpugen.results import GateRecord
from tpugen.spec import AdderSpec
from tpugen.storage import read_json


class Toy(Step):
    """Writes a file; counts how often it ran."""

    id: ClassVar[str] = "toy"
    outputs: ClassVar[tuple[str, ...]] = ("product.txt",)

    def __init__(self, value: str = "1", findings: list[Finding] | None = None) -> None:
        self.value, self.findings, self.ran = value, findings or [], 0

    def inputs(self, context: Context) -> dict[str, Any]:
        return {"value": self.value}

    def run(self, context: Context, folder: Path) -> Outcome:
        self.ran += 1
        (folder / "inner.txt").write_text(f"inner {self.value}")
        (context.root / "product.txt").write_text(f"product {self.value}")
        return Outcome(f"value {self.value}", self.findings)

    def command(self, context: Context) -> str | None:
        return "toy --again"


class Later(Toy):
    """Needs the toy."""

    id: ClassVar[str] = "later"
    needs: ClassVar[tuple[str, ...]] = ("toy",)
    outputs: ClassVar[tuple[str, ...]] = ()

    def run(self, context: Context, folder: Path) -> Outcome:
        self.ran += 1
        return Outcome("later")


class Last(Later):
    """Runs whatever happened."""

    id: ClassVar[str] = "last"
    always: ClassVar[bool] = True


REFUSAL = Finding(severity="error", gate="toy", rule="no", message="no good")


def context(root: Path, events: list[Event] | None = None) -> Context:
    root.mkdir(exist_ok=True)
    observer = events.append if events is not None else lambda _event: None
    return Context(root=root, spec=AdderSpec(), options=GenerateOptions(), observer=observer)


def test_a_step_leaves_result_state_command_and_log(tmp_path: Path) -> None:
    (record,) = Flow([Toy()]).run(context(tmp_path))
    assert (record.step, record.verdict, record.summary, record.cached) == ("toy", "pass", "value 1", False)
    names = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert names == {
        "product.txt",
        *(f"toy/{n}" for n in ("inner.txt", "result.json", "state.json", "command.txt", "log.txt")),
    }
    assert GateRecord.model_validate(read_json(tmp_path / "toy/result.json")) == record
    assert (tmp_path / "toy/command.txt").read_text() == "toy --again\n"
    assert (tmp_path / "toy/log.txt").read_text() == "pass: value 1\n"


def test_a_refusal_skips_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    events: list[Event] = []
    steps = [Toy(findings=[REFUSAL]), Later(), Last()]
    records = Flow(steps).run(context(tmp_path, events))
    assert [(r.step, r.verdict) for r in records] == [("toy", "fail"), ("later", "skipped"), ("last", "pass")]
    assert records[1].summary == "not run: toy failed"
    assert [step.ran for step in steps] == [1, 0, 1]
    assert [(e.kind, e.step) for e in events] == [(k, s) for s in ("toy", "later", "last") for k in ("start", "end")]


def test_second_run_comes_from_the_cache_with_every_file(tmp_path: Path) -> None:
    cache = StepCache(tmp_path / "cache")
    first, second = Toy(), Toy()
    Flow([first], cache).run(context(tmp_path / "one"))
    (record,) = Flow([second], cache).run(context(tmp_path / "two"))
    assert (first.ran, second.ran) == (1, 0)
    assert record.cached
    assert read_json(tmp_path / "two/toy/result.json")["cached"] is True
    assert (tmp_path / "two/product.txt").read_text() == "product 1"
    assert (tmp_path / "two/toy/inner.txt").read_text() == "inner 1"


def test_other_inputs_are_done_afresh(tmp_path: Path) -> None:
    cache = StepCache(tmp_path / "cache")
    Flow([Toy("1")], cache).run(context(tmp_path / "one"))
    other = Toy("2")
    (record,) = Flow([other], cache).run(context(tmp_path / "two"))
    assert other.ran == 1
    assert not record.cached
    assert (tmp_path / "two/product.txt").read_text() == "product 2"


def test_refusals_are_never_cached(tmp_path: Path) -> None:
    cache = StepCache(tmp_path / "cache")
    first, second = Toy(findings=[REFUSAL]), Toy(findings=[REFUSAL])
    Flow([first], cache).run(context(tmp_path / "one"))
    Flow([second], cache).run(context(tmp_path / "two"))
    assert (first.ran, second.ran) == (1, 1)


@pytest.mark.parametrize("damage", ["flip", "truncate", "delete", "entry"])
def test_a_damaged_cache_entry_is_removed_and_the_step_done_again(tmp_path: Path, damage: str) -> None:
    cache = StepCache(tmp_path / "cache")
    Flow([Toy()], cache).run(context(tmp_path / "one"))
    (product,) = (tmp_path / "cache").glob("??/*/files/product.txt")
    match damage:
        case "flip":
            product.write_text("product 7")
        case "truncate":
            product.write_text("")
        case "delete":
            product.unlink()
        case "entry":
            product.parents[1].joinpath("entry.json").write_text("{")
    events: list[Event] = []
    again = Toy()
    (record,) = Flow([again], cache).run(context(tmp_path / "two", events))
    assert again.ran == 1
    assert not record.cached
    notes = [event.text for event in events if event.kind == "note"]
    assert notes == ["the cache entry is damaged; it was removed and the step is done again"]
    assert (tmp_path / "two/product.txt").read_text() == "product 1"
    third = Toy()
    Flow([third], cache).run(context(tmp_path / "three"))
    assert third.ran == 0  # the sound entry is back


def test_a_cache_that_cannot_be_written_does_not_harm_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    events: list[Event] = []
    (record,) = Flow([Toy()], StepCache(tmp_path / "file" / "cache")).run(context(tmp_path / "one", events))
    assert record.verdict == "pass"
    (note,) = [event.text for event in events if event.kind == "note"]
    assert note.startswith("the step was not cached: cannot create the folder")


def test_the_cache_is_pruned_oldest_first(tmp_path: Path) -> None:
    import os

    cache = StepCache(tmp_path / "cache")
    for age, value in enumerate("123"):
        Flow([Toy(value)], cache).run(context(tmp_path / value))
        (entry,) = [e.parents[1] for e in (tmp_path / "cache").glob("??/*/files/product.txt")
                    if e.read_text() == f"product {value}"]  # fmt: skip
        os.utime(entry, (1000 + age, 1000 + age))
    size = sum(f.stat().st_size for f in (tmp_path / "cache").rglob("*") if f.is_file())
    assert cache.prune(size) == 0
    assert cache.prune(size - 1) == 1
    left = {p.read_text() for p in (tmp_path / "cache").glob("??/*/files/product.txt")}
    assert left == {"product 2", "product 3"}


def test_finished_steps_of_a_folder_are_kept(tmp_path: Path) -> None:
    Flow([Toy()]).run(context(tmp_path))
    again = Toy()
    Flow([again]).run(context(tmp_path))
    assert again.ran == 0


@pytest.mark.parametrize("victim", ["product.txt", "toy/inner.txt", "toy/result.json", "toy/state.json"])
def test_a_step_with_a_changed_file_is_done_again(tmp_path: Path, victim: str) -> None:
    Flow([Toy()]).run(context(tmp_path))
    (tmp_path / victim).write_text("changed")
    again = Toy()
    Flow([again]).run(context(tmp_path))
    assert again.ran == 1
    assert (tmp_path / "product.txt").read_text() == "product 1"
    assert (tmp_path / "toy/inner.txt").read_text() == "inner 1"


def test_a_refused_step_is_tried_again(tmp_path: Path) -> None:
    Flow([Toy(findings=[REFUSAL])]).run(context(tmp_path))
    again = Toy(findings=[REFUSAL])
    Flow([again]).run(context(tmp_path))
    assert again.ran == 1


def test_nothing_stale_stays_when_a_step_is_done_again(tmp_path: Path) -> None:
    Flow([Toy("1")]).run(context(tmp_path))
    (tmp_path / "toy" / "old.txt").write_text("old")
    Flow([Toy("2")]).run(context(tmp_path))
    assert not (tmp_path / "toy" / "old.txt").exists()


def test_what_a_failed_step_left_of_an_earlier_pass_is_gone(tmp_path: Path) -> None:
    Flow([Toy(), Later()]).run(context(tmp_path))
    assert (tmp_path / "later/state.json").is_file()
    Flow([Toy("2", findings=[REFUSAL]), Later()]).run(context(tmp_path))
    assert {p.name for p in (tmp_path / "later").iterdir()} == {"result.json"}


class Broken(Toy):
    """Breaks after it wrote half of its files."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def run(self, context: Context, folder: Path) -> Outcome:
        (folder / "half.txt").write_text("half")
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ToolFailedError("yosys ended with status 1"), ToolFailedError),
        (OSError(28, "No space left on device"), StorageError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_step_that_broke_has_no_result_and_is_done_again(
    tmp_path: Path, error: BaseException, expected: type[BaseException]
) -> None:
    with pytest.raises(expected):
        Flow([Broken(error)]).run(context(tmp_path))
    assert not (tmp_path / "toy/result.json").exists()
    assert not (tmp_path / "toy/state.json").exists()
    again = Toy()
    Flow([again]).run(context(tmp_path))
    assert again.ran == 1
    assert not (tmp_path / "toy/half.txt").exists()
