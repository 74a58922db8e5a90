"""Building the dataset: rows true to their designs, shards that resume, a folder that `datasets` loads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tpugen.arithmetic.error_metrics import adder_error, multiplier_error
from tpugen.dataset import SPLITS, record_for
from tpugen.dataset.costs import unit_cost
from tpugen.dataset.evidence import EvidenceBook
from tpugen.dataset.rows import DatasetRecord
from tpugen.dataset.tables import arrow_schema, read_parquet
from tpugen.dataset.unit_errors import SAMPLES, errors_of
from tpugen.errors import RequestError, StorageError, UnknownNameError
from tpugen.model.unit_estimate import estimate_arithmetic
from tpugen.pipeline.dataset_build import BuildProgress, BuildSummary, build_dataset
from tpugen.pipeline.dataset_costs import costs_of, technologies
from tpugen.pipeline.dataset_rtl import find_spec, rtl_digest
from tpugen.pipeline.dataset_shards import build_row
from tpugen.pipeline.dataset_show import show_record
from tpugen.pipeline.dataset_stats import damage, dataset_stats
from tpugen.pipeline.executor import WorkResult
from tpugen.spec import AdderSpec, AdderUnit, DesignSpec, MultiplierSpec, MultiplierUnit, SystolicArraySpec
from tpugen.storage import sha256_text
from tpugen.writers.composer import compose

ROWS, CHUNK = 90, 30


class HereExecutor:
    """Runs items in this process; after `limit` of them comes Ctrl-C."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit

    def run(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[WorkResult[Any, Any]]:
        for index, item in enumerate(items):
            if index == self.limit:
                raise KeyboardInterrupt
            yield WorkResult(index, item, value=function(item))


def build(out: Path, stop_after: int | None = None, **options: Any) -> tuple[BuildSummary, list[BuildProgress]]:
    heard: list[BuildProgress] = []
    settings = {"limit": ROWS, "chunk": CHUNK, **options}
    summary = build_dataset(out, executor=HereExecutor(stop_after), observer=heard.append, **settings)
    return summary, heard


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildSummary]:
    out = tmp_path_factory.mktemp("dataset") / "designs"
    return out, build(out)[0]


def rows_of(out: Path) -> list[dict[str, Any]]:
    return [row for shard in sorted((out / "data").glob("*.parquet")) for row in read_parquet(shard)]


def test_every_row_is_true_to_its_design(built: tuple[Path, BuildSummary]) -> None:
    out, summary = built
    rows = [DatasetRecord.model_validate(row) for row in rows_of(out)]
    assert len(rows) == summary.rows == ROWS == sum(summary.splits.values())
    assert {"adder", "multiplier", "mac", "systolic_array"} < set(summary.kinds), "and accelerators, which stand last"
    for row in rows:
        spec = row.design()
        record = record_for(spec)
        assert (row.id, row.kind, row.module, row.contract) == (record.id, spec.kind, record.module, record.contract)
        assert row.dependencies == record.dependencies
        assert row.description_casual == record.descriptions["casual"]
        assert row.rtl_sha256 == rtl_digest(spec)
        assert row.verification.how in ("proved", "simulated", "equivalent-by-class")
        assert row.verification.representatives
        assert row.licence == "Apache-2.0"
        for name in ("rows", "cols", "accumulator_width_bits", "width_bits", "dataflow"):
            assert getattr(row, name) == getattr(spec, name, None)


def test_json_lines_hold_the_same_rows(built: tuple[Path, BuildSummary]) -> None:
    out, _ = built
    for shard in (out / "data").glob("*.parquet"):
        lines = gzip.decompress((out / "jsonl" / f"{shard.stem}.jsonl.gz").read_bytes()).decode().splitlines()
        assert [json.loads(line) for line in lines] == read_parquet(shard)


def test_the_datasets_library_loads_it(
    built: tuple[Path, BuildSummary], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    out, summary = built
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == summary.splits
    assert set(loaded) == set(SPLITS)
    assert list(loaded["train"].features) == arrow_schema().names
    first = loaded["test"][0]
    assert first["split"] == "test"
    assert DatasetRecord.model_validate(first).design()
    # The card's front matter says the same of the features as the files do.
    builder = datasets.load_dataset_builder(str(out), cache_dir=str(tmp_path / "cache"))
    assert builder.info.features == loaded["train"].features
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == summary.splits
    assert "malformed" not in caplog.text


def test_the_card_says_what_is_there(built: tuple[Path, BuildSummary]) -> None:
    out, summary = built
    card = (out / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert f"| train | {summary.splits['train']:,} |" in card
    assert "at least 0.7." in card
    assert "{" not in card.partition("\n---\n")[2]
    for name in DatasetRecord.model_fields:
        assert f"| `{name}` | " in card


def test_an_interrupted_build_goes_on_and_keeps_what_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "designs"
    with pytest.raises(KeyboardInterrupt):
        build(out, stop_after=2)
    finished = {path: path.stat().st_mtime_ns for path in (out / "data").glob("*.parquet")}
    assert len(finished) == 2
    assert dataset_stats(out).problems[0].startswith("manifest.json is missing")
    (out / "data" / ".tmp-1-left").write_text("half")
    summary, heard = build(out)
    assert summary.kept == 2
    assert [progress.kept for progress in heard[:3]] == [True, True, False]
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not list(out.rglob(".tmp-*"))
    # A damaged shard is made again, byte for byte; the others stay.
    damaged = next(iter(finished))
    sound = damaged.read_bytes()
    damaged.write_bytes(sound[:-9])
    assert f"data/{damaged.name} is not what was built" in damage(out)
    again, _ = build(out)
    assert again.kept == len(again.shards) - 1
    assert damaged.read_bytes() == sound
    # Other options give other shards; those of before do not stay beside them.
    small, _ = build(out, chunk=CHUNK * 10, form="parquet")
    assert {path.name for path in (out / "data").iterdir()} == {f"{split}-00000-of-00001.parquet" for split in SPLITS}
    assert not list((out / "jsonl").iterdir())
    assert small.kept == 2, "one shard of validation and of test, as before"


def test_a_sound_dataset_has_no_problems(built: tuple[Path, BuildSummary]) -> None:
    out, summary = built
    stats = dataset_stats(out)
    assert stats.problems == []
    assert (stats.rows, stats.splits, stats.kinds) == (summary.rows, summary.splits, summary.kinds)
    assert stats.verification == summary.verification


def test_more_designs_are_verified_on_demand(tmp_path: Path) -> None:
    summary, _ = build(tmp_path / "designs", limit=5, verify=1)
    before = sum(build(tmp_path / "other", limit=5)[0].verification.get(how, 0) for how in ("proved", "simulated"))
    assert sum(summary.verification.get(how, 0) for how in ("proved", "simulated")) == before + 1


def test_wrong_folders_and_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RequestError, match=r"--out .*file: a file of that name exists"):
        build(tmp_path / "file")
    with pytest.raises(RequestError, match=r"--out .*: the folder holds something else"):
        build(tmp_path)
    for name, value in (("limit", 0), ("chunk", -1)):
        with pytest.raises(RequestError, match=f"--{name} {value}: at least 1"):
            build(tmp_path / "new", **{name: value})
    with pytest.raises(RequestError, match="holds no Parquet shards of a dataset"):
        dataset_stats(tmp_path)
    (tmp_path / "no.parquet").write_text("no")
    with pytest.raises(StorageError, match=r"no\.parquet is no shard of the dataset"):
        read_parquet(tmp_path / "no.parquet")


def test_a_record_is_found_by_its_identifier() -> None:
    spec = SystolicArraySpec(rows=5, cols=3)
    name = record_for(spec).id
    assert find_spec(name) == spec
    shown = show_record(name)
    assert shown.design() == spec
    assert shown.verification.how != "none"
    with pytest.raises(UnknownNameError) as caught:
        find_spec(name[:-8] + "00000000")
    assert caught.value.message == f"the dataset holds no record '{name[:-8]}00000000'"
    assert name in (caught.value.hint or "")


def test_the_digest_is_that_of_the_files() -> None:
    spec = AdderSpec()
    lines = "".join(f"{file.name} {sha256_text(file.text)}\n" for file in compose(spec))
    assert rtl_digest(spec) == sha256_text(lines)


def test_errors_are_those_of_the_models() -> None:
    found = errors_of(MultiplierUnit(family="drum", k=4), True, 8, 8)
    real = multiplier_error("drum", 8, 8, signed=True, parameters={"k": 4})
    assert (found.er, found.nmed, found.wce, found.pairs) == (real.er, real.nmed, real.wce, 1 << 16)
    assert found.exhaustive
    wide = errors_of(AdderUnit(family="loa", k=8), False, 24)
    assert (wide.pairs, wide.exhaustive) == (SAMPLES, False)
    assert abs(wide.er - adder_error("loa", 24, parameters={"k": 8}).er) < 2 * wide.er_ci95
    assert errors_of(AdderUnit(), True, 8).er == 0
    assert errors_of(AdderUnit(), True, 8).exhaustive


def costs(spec: DesignSpec) -> dict[str, Any]:
    return {cost.technology: cost for cost in costs_of(spec)}


def test_costs_are_measured_or_composed_and_say_so() -> None:
    assert set(technologies()) >= {"osu018", "nangate45"}
    measured = costs(MultiplierSpec(multiplier={"family": "drum", "k": 4}))["osu018"]
    row = unit_cost("multiplier", "drum", (8, 8), True, {"k": 4}, "osu018")
    assert row is not None
    assert (measured.origin, measured.scope, measured.note) == ("measured", "design", "")
    assert measured.area_um2 == pytest.approx(row.area_um2, rel=1e-4)
    assert measured.power_mw == pytest.approx(row.power_uw * 1e-3, rel=1e-3)
    assert measured.delay_ns == pytest.approx(row.delay_ns, rel=1e-4)
    scaled = costs(MultiplierSpec(activation_width_bits=12, weight_width_bits=12))["osu018"]
    assert scaled.origin == "composed"
    assert scaled.note.startswith("multiplier scaled by ")
    small, large = (unit_cost("multiplier", "exact", (n, n), True, {}, "osu018") for n in (8, 16))
    assert small is not None
    assert large is not None
    assert small.area_um2 < scaled.area_um2 < large.area_um2
    assert small.delay_ns < scaled.delay_ns < large.delay_ns
    spec = SystolicArraySpec(rows=4, cols=3, multiplier={"family": "drum", "k": 4})
    array, model = costs(spec)["nangate45"], estimate_arithmetic(spec, "nangate45")
    assert (array.origin, array.scope) == ("composed", "arithmetic")
    assert array.area_um2 == pytest.approx(model.area_um2, rel=1e-4)
    assert array.power_mw == pytest.approx(model.power_mw, rel=1e-4)


def test_a_row_without_evidence_says_so() -> None:
    row = build_row(AdderSpec(), EvidenceBook([], lambda _name: None))
    assert (row.verification.how, row.verification.representatives) == ("none", ())
    assert row.verification.classes == ("adder/signed/adder_exact",)
    assert row.multiplier is None
    assert row.multiplier_error is None
