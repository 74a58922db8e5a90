"""Language models on measured accelerators: the model step, `model llm --design`, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.accelerator_runs import HYBRID, TILE, UNIT, measured_run, simulation

from tpugen.errors import RequestError, TpugenError, UnknownNameError
from tpugen.pipeline.accelerator_modelling import (
    DEFAULT_WORKLOADS,
    accelerator_report,
    changed_cards,
    check_workloads,
    hybrid_of_run,
)
from tpugen.pipeline.llm_modelling import model_llm
from tpugen.pipeline.model_step import ModelStep
from tpugen.pipeline.options import GenerateOptions
from tpugen.pipeline.result import load_result
from tpugen.pipeline.step import Context
from tpugen.results import ModelResult
from tpugen.results.accelerators import AcceleratorReport
from tpugen.spec import PimLlmSpec, spec_from_dict

CONFIG = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
    "intermediate_size": 128, "vocab_size": 1000, "max_position_embeddings": 512,
}  # fmt: skip


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    return measured_run(tmp_path / "hybrid", HYBRID)


def run_step(root: Path, spec: dict[str, Any], **options: Any) -> str:
    context = Context(root=root, spec=spec_from_dict(spec), options=GenerateOptions(**options))
    step = ModelStep()
    key = json.dumps(step.inputs(context), sort_keys=True)
    assert json.dumps(step.inputs(context), sort_keys=True) == key
    (root / "model").mkdir(exist_ok=True)
    return step.run(context, root / "model").summary


def report_of(root: Path) -> AcceleratorReport:
    return AcceleratorReport.model_validate_json((root / "model" / "accelerator.json").read_bytes())


def test_the_step_judges_a_hybrid_on_language_models(hybrid: Path) -> None:
    summary = run_step(hybrid, HYBRID, workloads=("gpt2-350m",))
    assert summary.startswith("gpt2-350m at 128: ")
    assert summary.endswith(" tokens/J; 2 more models")
    report = report_of(hybrid)
    models = [(point.result.model, point.result.context) for point in report.points]
    assert models[:4] == [("gpt2-350m", length) for length in (128, 1024, 2048, 4096)]
    assert [name for name, _ in models[4:]] == ["opt-6.7b"] * 4 + ["bitnet-3b"] * 3
    assert not (hybrid / "model" / "model.json").exists()
    spec = spec_from_dict(HYBRID)
    assert report.operators == simulation(spec).operators
    lines = load_result(hybrid).language_models
    assert [line.tokens_per_s for line in lines] == [point.result.tokens_per_s for point in report.points]
    opt = next(line for line in lines if (line.model, line.context) == ("opt-6.7b", 4096))
    assert opt.published_tokens_per_s == 2.33
    assert opt.modelled_tokens_per_s == pytest.approx(2.33, rel=2e-3)
    assert opt.always_on_tokens_per_j is not None and opt.tokens_per_j is not None
    assert opt.always_on_tokens_per_j < opt.tokens_per_j


def test_the_defaults_come_once(hybrid: Path) -> None:
    report = accelerator_report(spec_from_dict(HYBRID), hybrid, ["opt-6.7b"])
    assert [p.result.context for p in report.points if p.result.model == "opt-6.7b"] == [128, 1024, 2048, 4096]
    assert {point.result.model for point in report.points} == set(DEFAULT_WORKLOADS)
    assert any("180 nm, the cards of crossbars and memories are 45 nm" in note for note in report.notes)


def test_the_step_runs_products_on_the_other_kinds(tmp_path: Path) -> None:
    unit, tile = measured_run(tmp_path / "unit", UNIT), measured_run(tmp_path / "tile", TILE)
    summary = run_step(unit, UNIT, gemms=("64x64x64", "5x7x9"), workloads=("opt-1.3b",))
    assert summary.startswith("2 GEMMs: ")
    result = ModelResult.model_validate_json((unit / "model" / "model.json").read_bytes())
    job = next(item for item in simulation(spec_from_dict(UNIT)).operators if item.shape == "64 x 64 x 64")
    assert result.gemms[0].cycles == job.simulated_cycles
    report = report_of(unit)
    assert report.role == "array"
    assert report.points[0].result.system == "pim-llm"
    array = next(engine for engine in report.points[0].result.engines if engine.kind == "systolic")
    assert array.settings["array"] == "32 x 32"
    assert array.settings["design"].endswith("run unit")
    assert run_step(tile, TILE).startswith("GEMM 64x200x96 (assumed): ")
    context = Context(root=unit, spec=spec_from_dict(UNIT), options=GenerateOptions())
    said = [finding.message for finding in ModelStep().run(context, unit / "model").findings]
    assert said == ["energy of products is the standard cells'; macros take 8 mW by their cards"]
    assert not (tile / "model" / "accelerator.json").exists()


def test_a_tensor_unit_stands_for_the_published_array(tmp_path: Path) -> None:
    unit = measured_run(tmp_path / "unit", UNIT)
    published = model_llm("opt-6.7b", 1024)
    ours = model_llm("opt-6.7b", 1024, design=str(unit))
    scores = [next(o for o in result.operators if o.name == "scores") for result in (published, ours)]
    # 32 heads, 32 layers: a job of 1 x 128 x 1024 each, at 100 MHz.
    assert scores[1].latency_ms == pytest.approx(32 * 32 * (128 + 31 * 128 + 128 + 33 + 32 + 9) * 1e-5)
    assert scores[1].latency_ms < scores[0].latency_ms
    assert {part.name for part in ours.areas} >= {"array_area", "memory_area"}
    power, memories = (
        sum(part.energy_mj or 0 for part in ours.components if part.name == name) for name in ("power", "memories")
    )
    busy_ms = sum(part.latency_ms for part in ours.components if part.engine == "tpu")
    assert memories == pytest.approx(busy_ms * 8e-3)
    assert power == pytest.approx(busy_ms * 21e-3)
    assert {part.origin for part in ours.components if part.name == "memories"} == {"assumed"}


def test_design_takes_a_hybrid_as_the_whole_system(hybrid: Path) -> None:
    result = model_llm("opt-6.7b", 1024, design=str(hybrid))
    assert (result.system, result.system_source) == ("pim_llm", "run hybrid")
    step = accelerator_report(spec_from_dict(HYBRID), hybrid, []).points[1].result
    assert result.tokens_per_s == step.tokens_per_s
    assert result.energy_mj == step.energy_mj
    smaller = model_llm("opt-6.7b", 1024, design=str(hybrid), scale_to="45nm")
    assert smaller.scaling is not None
    assert smaller.tokens_per_s == pytest.approx(result.tokens_per_s / smaller.scaling.delay_factor)
    assert smaller.origins["latency_ms"] == "assumed"
    dearer = model_llm("opt-6.7b", 1024, design=str(hybrid), constants={"crossbar.adc_power": "20 mW"})
    assert (dearer.energy_mj or 0) > (result.energy_mj or 0)
    published = model_llm("llama-7b", 1024, design=str(hybrid), as_published=True)
    assert "gate" not in {operator.name for operator in published.operators}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rows": 8, "memory": "lpddr4"}, RequestError, "is a measured pim_llm, the whole system: --memory, --rows"),
        ({"system": "tpu-llm"}, RequestError, "--system cannot be changed"),
        ({"schedule": "overlapped"}, RequestError, "--schedule cannot be changed"),
        ({"weight_bits": 2}, RequestError, "--weight-bits cannot be changed"),
        ({"phase": "both"}, UnknownNameError, "no phase is called 'both'"),
        ({"constants": {"tpu.clock": 1}}, RequestError, "'tpu.clock' names no card of a measured pim_llm"),
        ({"cards": {"tpu": "x"}}, RequestError, "'tpu' names no card"),
        ({"constants": {"memory.nothing": 1}}, RequestError, "no value 'nothing'"),
        ({"scale_to": "tiny"}, RequestError, "tiny"),
    ],
)
def test_what_a_measured_hybrid_refuses(
    hybrid: Path, options: dict[str, Any], error: type[TpugenError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        model_llm("opt-6.7b", 128, design=str(hybrid), **options)
    assert caught.value.hint


def test_a_tile_is_no_array(tmp_path: Path) -> None:
    tile = measured_run(tmp_path / "tile", TILE)
    with pytest.raises(RequestError, match="is a pim_tile, no array") as caught:
        model_llm("opt-6.7b", 128, design=str(tile))
    assert caught.value.hint == "name a tpu or an array"


def test_a_missed_clock_is_judged_at_the_highest_one(tmp_path: Path) -> None:
    late = measured_run(tmp_path / "late", {**HYBRID, "clock_mhz": 400.0}, clock_path_ns=4.0)
    spec = spec_from_dict({**HYBRID, "clock_mhz": 400.0})
    assert isinstance(spec, PimLlmSpec)
    design, notes = hybrid_of_run(late, spec)
    assert design.clock_mhz == pytest.approx(250.0)
    assert "judged at 250.0 MHz" in notes[0]
    met, _ = hybrid_of_run(measured_run(tmp_path / "met", HYBRID), spec_from_dict(HYBRID))  # type: ignore[arg-type]
    powers = [next(b for b in run.blocks if b.name == "u_vectors/u_norm").register_w or 0 for run in (design, met)]
    assert powers[0] == pytest.approx(powers[1] * 250 / 400)  # measured at the spec's clock, judged at another


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ({"kind": "adder"}, {"workloads": ("opt-6.7b",)}, "a language model does not run on kind 'adder'"),
        (TILE, {"workloads": ("opt-6.7b",)}, "a language model does not run on kind 'pim_tile'"),
        (TILE, {"gemms": ("4x4x4",)}, "--gemm 4x4x4: the tile holds a matrix of 200x96"),
        (HYBRID, {"gemms": ("4x4x4",)}, "a pim_llm runs decoder layers, no single matrix products"),
        (HYBRID, {"workloads": ("opt-6.8b",)}, "opt-6.8b"),
    ],
)
def test_workloads_are_checked_before_anything_starts(
    spec: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TpugenError, match=message) as caught:
        check_workloads(spec_from_dict(spec), GenerateOptions(**options))
    assert caught.value.hint


def test_a_config_json_is_a_workload(hybrid: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    check_workloads(spec_from_dict(HYBRID), GenerateOptions(workloads=(str(config),)))
    report = accelerator_report(spec_from_dict(HYBRID), hybrid, [str(config)])
    assert [point.result.context for point in report.points[:1]] == [128]
    assert report.points[0].result.macs == 2 * (4 * 64**2 + 3 * 64 * 128) + 2 * 2 * 64 * 128
    context = Context(root=hybrid, spec=spec_from_dict(HYBRID), options=GenerateOptions(workloads=(str(config),)))
    before = ModelStep().inputs(context)
    config.write_text(json.dumps(CONFIG | {"num_hidden_layers": 3}))
    assert ModelStep().inputs(context) != before


def test_identity_names_the_workloads() -> None:
    assert GenerateOptions(workloads=("opt-6.7b",)).identity()["workloads"] == ["opt-6.7b"]


def test_a_run_without_power_still_gives_time(tmp_path: Path) -> None:
    run = measured_run(tmp_path / "run", HYBRID, power=False)
    report = accelerator_report(spec_from_dict(HYBRID), run, [])
    assert all(point.result.tokens_per_j is None for point in report.points)
    assert all(point.result.tokens_per_s > 0 for point in report.points)


def test_a_liberty_file_by_path_has_no_size(tmp_path: Path) -> None:
    run = measured_run(tmp_path / "run", HYBRID, technology="my_cells")
    report = accelerator_report(spec_from_dict(HYBRID), run, [])
    assert report.technology == "my_cells"
    assert not any("nm" in note for note in report.notes)
    with pytest.raises(TpugenError, match="my_cells"):
        model_llm("opt-6.7b", 128, design=str(run), scale_to="45nm")


def test_cards_are_changed_by_name() -> None:
    cards = changed_cards({"crossbar.adc_power": "3 mW"}, {"memory": "sram-45nm"})
    assert set(cards) == {"rram-45nm", "sram-45nm"}
    assert cards["rram-45nm"].value("adc_power", "mW") == 3
    assert not changed_cards({}, None)


def test_runs_are_found_by_name_below_a_folder(hybrid: Path) -> None:
    assert model_llm("opt-6.7b", 128, design="hyb", runs=hybrid.parent).system_source == "run hybrid"
    shutil.rmtree(hybrid / "sta")
    (hybrid / "manifest.json").write_text(
        (hybrid / "manifest.json").read_text().replace('"step": "sta"', '"step": "other"')
    )
    with pytest.raises(RequestError, match="was not measured"):
        model_llm("opt-6.7b", 128, design=str(hybrid))
