"""Language models on systems: options, measured designs, sweeps."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import tpugen
from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.cards import load_card
from tpugen.pipeline.llm_modelling import model_llm
from tpugen.pipeline.sweep_modelling import PUBLISHED_CONTEXTS, PUBLISHED_MODELS, SWEEP_POINTS_MAX, model_sweep
from tpugen.results import GateRecord, Manifest, PowerResult, SynthesisResult, TimingResult
from tpugen.results.systems import LlmResult, SweepResult
from tpugen.spec import contract_for, spec_from_dict

SPEC = {"kind": "systolic_array", "dataflow": "output_stationary", "rows": 16, "cols": 8, "clock_mhz": 200.0}


def measured_run(runs: Path, *, slack_ns: float = 0.5, power: bool = True, technology: str = "osu018") -> str:
    """The parts of a run's folder that the performance model reads."""
    spec = spec_from_dict(SPEC)
    folder = runs / "20260101T000000Z-array"
    manifest = Manifest(
        run_id=folder.name,
        created_utc="2026-01-01T00:00:00Z",
        tpugen_version=tpugen.__version__,
        command=["tpugen"],
        request=None,
        spec=spec.model_dump(mode="json"),
        module=contract_for(spec).module,
        contract_sha256="0" * 64,
        writer="composer",
        seed=1,
        technology=technology,
        steps=[GateRecord(step=step, verdict="pass", summary="") for step in ("spec", "synth", "sta")],
        verdict="pass",
    )
    watts = PowerResult(
        total_mw=50, internal_mw=30, switching_mw=19, leakage_mw=1, activity_source="simulation", clock_mhz=200
    )
    timing = TimingResult(
        clock_mhz=200, worst_slack_ns=slack_ns, fmax_mhz=1e3 / (5 - slack_ns), critical_path_ns=5 - slack_ns,
        critical_path=[], power=watts if power else None,
    )  # fmt: skip
    synthesis = SynthesisResult(
        technology=technology, mode="flat", area_um2=2e6, cells=1000, flip_flops=100, areas=[], netlist="n.v", seconds=1
    )
    for name, value in (("synth/synthesis", synthesis), ("sta/timing", timing), ("manifest", manifest)):
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value.model_dump_json())
    (folder / "spec.json").write_text(json.dumps({"spec": SPEC}))
    (folder / "request.json").write_text("{}")
    return folder.name


def test_the_default_is_the_real_model_and_every_engine_pays() -> None:
    result = model_llm("gpt2-350m", 1024)
    assert (result.system, result.workload, result.accounting, result.schedule, result.memory) == (
        *("pim-llm", "real", "consistent", "sequential", "none"),
    )
    shapes = {operator.name: (operator.m, operator.k) for operator in result.operators}
    assert shapes["up"] == (4096, 1024)
    assert result.notes == ["no memory: operands are always there in time, and moving them costs no energy"]
    published = model_llm("gpt2-350m", 1024, as_published=True)
    assert (published.workload, published.accounting) == ("as_published", "as_published")
    assert {o.name: (o.m, o.k) for o in published.operators}["up"] == (1024, 1024)
    assert any("is charged for one layer instead of all" in note for note in published.notes)


def test_both_accountings_of_the_same_run() -> None:
    published = model_llm("opt-6.7b", 4096, as_published=True)
    consistent = model_llm("opt-6.7b", 4096, as_published=True, accounting="consistent")
    assert published.latency_ms == consistent.latency_ms
    attention = [
        math.fsum(part.energy_mj or math.nan for part in result.components if part.operator in ("scores", "mix"))
        for result in (published, consistent)
        for result in [result.model_copy(update={"components": [c for c in result.components if c.energy_mj]})]
    ]
    assert attention[1] == pytest.approx(32 * attention[0])
    assert published.energy_mj is not None
    assert consistent.energy_mj == pytest.approx(published.energy_mj + 31 * attention[0])


def test_api_result_goes_to_json_and_back() -> None:
    result = tpugen.model_llm("llama-2-70b", 512, batch=2, memory="hbm2", nonlinear=True, phase="prefill")
    assert isinstance(result, LlmResult)
    assert LlmResult.model_validate_json(result.model_dump_json()) == result
    assert result.tokens == 1024
    assert {engine.kind for engine in result.engines} == {"crossbar", "systolic", "vector", "memory"}


def test_options_change_what_they_name() -> None:
    plain = model_llm("opt-1.3b", 512, system="tpu-llm")
    assert model_llm("opt-1.3b", 512, system="tpu-llm", clock_mhz=200).latency_ms == pytest.approx(plain.latency_ms / 2)
    ours = model_llm("opt-1.3b", 512, system="tpu-llm", cycle_model="tpugen")
    assert ours.latency_ms < plain.latency_ms  # tiles follow each other without a gap
    large = model_llm("opt-1.3b", 512, system="tpu-llm", rows=64, cols=64, dataflow="best")
    assert large.latency_ms < plain.latency_ms
    assert large.engines[0].settings["array"] == "64 x 64"
    wide = model_llm("opt-1.3b", 512, system="tpu-llm", memory="lpddr4", weight_bits=8)
    narrow = model_llm("opt-1.3b", 512, system="tpu-llm", memory="lpddr4", weight_bits=2)
    energies = [part.energy_mj or 0.0 for r in (wide, narrow) for part in r.engines if part.name == "memory"]
    assert energies[0] > 2 * energies[1]


def test_a_measured_design_stands_in_for_the_array(tmp_path: Path) -> None:
    run = measured_run(tmp_path)
    result = model_llm("opt-1.3b", 512, system="tpu-llm", design=run, runs=tmp_path)
    (array,) = (engine for engine in result.engines if engine.kind == "systolic")
    assert array.settings["array"] == "16 x 8"
    assert array.settings["cycle model"].startswith("tpugen ")
    assert array.settings["clock"] == "200 MHz (measured)"
    assert array.area_mm2 == 2.0
    assert result.origins["latency_ms"] == "measured"
    assert result.origins["energy_mj"] == "measured"
    assert result.energy_mj == pytest.approx(50 * result.latency_ms / 1e3)  # mW times ms is uJ
    assert result.scaling is None
    # A product of 512 x 64 in 32 tiles of 16 x 1, each of 64 steps back to back on tpugen's arrays.
    scores = next(operator for operator in result.operators if operator.name == "scores")
    spec = spec_from_dict(SPEC)
    from tpugen.model import Gemm, find_cycle_model

    cycles = find_cycle_model("tpugen").cycles(spec, Gemm(1, 64, 512)) * scores.count
    assert scores.latency_ms == pytest.approx(cycles / 200e3)


def test_a_design_that_misses_its_clock_runs_at_what_it_reaches(tmp_path: Path) -> None:
    run = measured_run(tmp_path, slack_ns=-1.25)
    result = model_llm("opt-1.3b", 512, system="tpu-llm", design=run, runs=tmp_path)
    assert result.engines[0].settings["clock"] == "160 MHz (measured)"
    assert any("judged at 160.0 MHz" in note for note in result.notes)


def test_unmeasured_power_is_not_known(tmp_path: Path) -> None:
    run = measured_run(tmp_path, power=False)
    result = model_llm("opt-1.3b", 512, system="pim-llm", design=run, runs=tmp_path)
    assert (result.energy_mj, result.tokens_per_j, result.gops_per_w) == (None, None, None)
    assert f"run {run}: power was not measured, so energy is not known" in result.notes


def test_scaling_only_when_asked_and_said(tmp_path: Path) -> None:
    run = measured_run(tmp_path)
    plain = model_llm("opt-1.3b", 512, system="tpu-llm", design=run, runs=tmp_path)
    scaled = model_llm("opt-1.3b", 512, system="tpu-llm", design=run, scale_to="45nm@0.9V", runs=tmp_path)
    assert scaled.scaling is not None
    assert (scaled.scaling.delay_factor, scaled.scaling.area_factor, scaled.scaling.energy_factor) == (
        *(1 / 4, 1 / 16, 1 / 16),
    )
    assert scaled.latency_ms == pytest.approx(plain.latency_ms / 4)
    assert scaled.energy_mj == pytest.approx((plain.energy_mj or math.nan) / 16)
    assert scaled.engines[0].area_mm2 == pytest.approx(2 / 16)
    assert scaled.origins["latency_ms"] == "assumed"
    assert any("scaled from osu018 (180 nm, 1.8 V) to 45 nm at 0.9 V: area x 0.0625" in note for note in scaled.notes)


def test_operands_must_fit_the_design(tmp_path: Path) -> None:
    run = measured_run(tmp_path)
    with pytest.raises(RequestError) as caught:
        model_llm("opt-1.3b", 512, system="pim-llm", design=run, kv_bits=16, runs=tmp_path)
    assert caught.value.message == (
        f"--design {run}: operator 'scores' has 8-bit vectors and a 16-bit matrix; the design takes 8-bit activations "
        "and 8-bit weights"
    )


def test_a_system_file_may_name_a_run(tmp_path: Path) -> None:
    run = measured_run(tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text(
        f'[engines.a]\nkind = "systolic"\ndesign = "{run}"\n[engines.b]\nkind = "systolic"\nrows = 8\n'
        '[placement]\nprojection = "a"\nattention = "b"\ndwon = "b"\n'
    )
    result = model_llm("opt-1.3b", 512, system=path, runs=tmp_path)
    arrays = {engine.name: engine.settings["array"] for engine in result.engines}
    assert arrays == {"a": "16 x 8", "b": "8 x 32"}
    assert "system mine places 'dwon', which is no operator of the workload; did you mean down?" in result.notes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale_to": "45nm"}, "--scale-to 45nm: there is no measured design to scale"),
        ({"phase": "dream"}, "no phase is called 'dream'"),
        ({"memory": "tape"}, "technology card 'tape' is not known"),
        ({"accounting": "creative"}, "accounting 'creative' is not known"),
        ({"rows": 0}, "rows: "),
        ({"clock_mhz": -1.0}, "clock_mhz: "),
        ({"dataflow": "nope"}, "no dataflow is called 'nope'"),
        ({"batch": 0}, "batch: 0; accepted"),
        ({"weight_bits": 0}, "weight_bits=0"),
        ({"memory": "sram-45nm"}, "weights and cache take "),
    ],
)
def test_wrong_options_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        model_llm("opt-6.7b", 512, system="tpu-llm", **changes)  # type: ignore[arg-type]
    assert message in caught.value.message


def test_measured_designs_keep_their_shape(tmp_path: Path) -> None:
    run = measured_run(tmp_path)
    with pytest.raises(RequestError, match="rows, clock_mhz are what the run has and cannot be changed"):
        model_llm("opt-1.3b", 512, design=run, rows=4, clock_mhz=5, runs=tmp_path)
    with pytest.raises(UnknownNameError):
        model_llm("opt-1.3b", 512, design="no-such-run", runs=tmp_path)


# -- sweeps -----------------------------------------------------------------------------------------------------------


def test_the_published_grid() -> None:
    result = model_sweep(as_published=True)
    assert isinstance(result, SweepResult)
    assert len(result.points) == len(PUBLISHED_MODELS) * len(PUBLISHED_CONTEXTS) * 2 == 84
    assert SweepResult.model_validate_json(result.model_dump_json()) == result
    for point in result.points[:: len(result.points) // 7]:
        alone = model_llm(point.model, point.context, system=point.system, as_published=True)
        assert point.tokens_per_s == pytest.approx(alone.tokens_per_s)
        assert point.tokens_per_j == pytest.approx(alone.tokens_per_j)
        assert point.gops == pytest.approx(alone.gops)
        assert point.area_mm2 == pytest.approx(alone.area_mm2)


def test_every_axis_alone_and_together() -> None:
    result = model_sweep(
        ["opt-1.3b", "gpt2-774m"],
        [64, 200],
        systems=["tpu-llm", "pim-llm"],
        arrays=["8x8", "16", "32x4"],
        dataflows=["os", "best", "ws"],
        cycle_models=["tpugen", "scalesim-paper"],
        clocks_mhz=[50.0, 400.0],
        batches=[1, 3],
    )
    assert len(result.points) == 2 * 2 * 2 * 3 * 3 * 2 * 2 * 2
    keys = {(p.system, p.cycle_model, p.model, p.context, p.batch, p.rows, p.cols, p.dataflow, p.clock_mhz)
            for p in result.points}  # fmt: skip
    assert len(keys) == len(result.points)
    assert [p.clock_mhz for p in result.points[:3]] == [50.0, 400.0, 50.0]
    for point in result.points[:: len(result.points) // 11]:
        alone = model_llm(
            point.model, point.context, system=point.system, batch=point.batch, rows=point.rows, cols=point.cols,
            dataflow=point.dataflow, cycle_model=point.cycle_model, clock_mhz=point.clock_mhz,
        )  # fmt: skip
        assert point.latency_ms == pytest.approx(alone.latency_ms)
        assert point.energy_mj == pytest.approx(alone.energy_mj)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models": []}, "the sweep has no models"),
        ({"contexts": [0]}, "contexts: 0; accepted"),
        ({"arrays": ["8y8"]}, "cannot read '8y8' as an array"),
        ({"arrays": ["0x8"]}, "rows: "),
        ({"dataflows": ["nope"]}, "no dataflow is called 'nope'"),
        ({"models": ["opt-6.8b"]}, "no language model 'opt-6.8b' is known"),
        ({"contexts": list(range(1, 2049)), "batches": list(range(1, 200))}, f"accepted: up to {SWEEP_POINTS_MAX:,}"),
    ],
)
def test_wrong_axes_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        model_sweep(**changes)  # type: ignore[arg-type]
    assert message in caught.value.message


# -- constants --------------------------------------------------------------------------------------------------------


def test_constants_of_cards_can_differ(tmp_path: Path) -> None:
    plain = model_llm("opt-1.3b", 512, system="tpu-llm")
    power_mw = load_card("tpu-45nm").value("array_power", "mW")
    twice = model_llm("opt-1.3b", 512, system="tpu-llm", constants={"tpu.array_power": f"{2 * power_mw} mW"})
    half = model_llm("opt-1.3b", 512, system="tpu-llm", constants={"tpu.clock": "50 MHz"})
    assert plain.energy_mj is not None
    assert twice.energy_mj == pytest.approx(2 * plain.energy_mj)
    assert twice.latency_ms == plain.latency_ms
    assert half.latency_ms == pytest.approx(2 * plain.latency_ms)
    assert (plain.origins["latency_ms"], half.origins["latency_ms"]) == ("published", "assumed")
    assert f"array_power = {2 * power_mw} mW" in twice.engines[0].settings.values()
    card = tmp_path / "own.toml"
    source = 'origin = "measured"\nsource = "mine"\n'
    values = {"clock": (400, "MHz"), "array_power": (1, "W"), "array_rows": (8, "1"), "array_columns": (8, "1")}
    card.write_text("".join(f'[{n}]\nvalue = {v}\nunit = "{u}"\n{source}' for n, (v, u) in values.items()))
    own = model_llm("opt-1.3b", 512, system="tpu-llm", cards={"tpu": str(card)})
    assert own.latency_ms == pytest.approx(plain.latency_ms / 4)
    assert own.origins["latency_ms"] == "published"  # the clock was measured, the cycle model is another's


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"constants": {"tpx.clock": 1}}, "'tpx.clock' names no constant of an engine"),
        ({"constants": {"tpu": 1}}, "'tpu' names no constant of an engine"),
        ({"constants": {"tpu.clok": 1}}, "no value 'clok'"),
        ({"constants": {"tpu.clock": "3 mW"}}, "clock: unit 'mW'; expected Hz, kHz, MHz or GHz"),
        ({"constants": {"tpu.clock": 0}}, "clock"),
        ({"constants": {"memory.bandwidth": 1}}, "'memory.bandwidth' names no constant of an engine"),
        ({"cards": {"tpx": "tpu-45nm"}}, "'tpx' names no engine"),
        ({"cards": {"tpu": "lpddr4"}}, "no value"),
    ],
)
def test_wrong_constants_are_named(changes: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        model_llm("opt-1.3b", 512, **changes)  # type: ignore[arg-type]
    assert message in caught.value.message
