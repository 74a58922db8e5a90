"""The hybrid accelerator's model: components that add up, and the simulated layer's own cycles."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.accelerator_runs import HYBRID, blocks, simulation

from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.errors import RequestError
from tpugen.model.accelerators import HybridDesign, block_role, hybrid_design, hybrid_point, scaled
from tpugen.model.accelerators.design import Block
from tpugen.model.cards import load_card
from tpugen.model.workloads import LanguageModel, find_language_model
from tpugen.results import DesignMeasurement
from tpugen.results.accelerators import AcceleratorSimulation, BlockMeasurement, WorkloadPoint
from tpugen.results.systems import ScalingRecord
from tpugen.spec import PimLlmSpec

_O = Operator
SPEC = PimLlmSpec.model_validate(HYBRID)
OPT = find_language_model("opt-6.7b")


def measured(clock_mhz: float = 100.0) -> DesignMeasurement:
    return DesignMeasurement(
        design="pim_llm", technology="nangate45", clock_mhz=clock_mhz, area_um2=1.7e6, power_mw=170.0
    )


def design(spec: PimLlmSpec = SPEC, *, clock_mhz: float = 100.0, power: bool = True) -> HybridDesign:
    return hybrid_design(
        "a-run", spec, measured(clock_mhz), blocks(spec, power=power), spec.clock_mhz, simulation(spec)
    )  # fmt: skip


def small(**changes: int | bool) -> LanguageModel:
    sizes = {"layers": 1, "d_model": 64, "heads": 4, "kv_heads": 4, "head_dim": 16, "d_ff": 128, **changes}
    return LanguageModel(
        "small", "test", gated=bool(sizes.pop("gated", False)), vocabulary=int(sizes.pop("vocabulary", 0)),
        context_max=0, tied_embeddings=True, source="this test", **sizes,  # type: ignore[arg-type]
    )  # fmt: skip


@st.composite
def models(draw: st.DrawFn) -> LanguageModel:
    kv_heads, group = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 4]))
    heads, head_dim = kv_heads * group, draw(st.sampled_from([2, 16, 48, 100]))
    return small(
        layers=draw(st.integers(1, 40)), d_model=heads * head_dim, heads=heads, kv_heads=kv_heads, head_dim=head_dim,
        d_ff=draw(st.integers(2, 3000)), gated=draw(st.booleans()), vocabulary=draw(st.integers(1, 60_000)),
    )  # fmt: skip


def check_sums(point: WorkloadPoint) -> None:
    """Every total is the sum of its named parts, however they are grouped."""
    result = point.result
    energies = [part.energy_mj for part in result.components]
    assert None not in energies
    assert result.energy_mj is not None and result.tokens_per_j is not None and result.area_mm2 is not None
    assert result.latency_ms == math.fsum(part.latency_ms for part in result.components)
    assert result.energy_mj == math.fsum(energy for energy in energies if energy is not None)
    assert result.area_mm2 == math.fsum(part.area_mm2 for part in result.areas)
    for parts in (result.operators, result.engines):
        assert math.isclose(sum(part.latency_ms for part in parts), result.latency_ms, rel_tol=1e-9)
        assert math.isclose(sum(part.energy_mj or 0.0 for part in parts), result.energy_mj, rel_tol=1e-9)
    assert math.isclose(sum(engine.area_mm2 or 0.0 for engine in result.engines), result.area_mm2, rel_tol=1e-9)
    assert sum(engine.macs for engine in result.engines) == result.macs == sum(o.macs for o in result.operators)
    assert all(part.energy_mj is not None and part.energy_mj >= 0 for part in (*result.components, *point.standby))
    assert math.isclose(result.tokens_per_s * result.latency_ms, 1e3 * result.tokens)
    idle = math.fsum(part.energy_mj or 0.0 for part in point.standby)
    assert point.always_on_tokens_per_j is not None
    assert math.isclose(point.always_on_tokens_per_j * (result.energy_mj + idle), 1e3 * result.tokens)


@settings(deadline=None, max_examples=25)
@given(model=models(), context=st.integers(1, 300), batch=st.integers(1, 3), lm_head=st.booleans())
def test_components_add_up(model: LanguageModel, context: int, batch: int, lm_head: bool) -> None:
    check_sums(hybrid_point(design(), model, context, batch=batch, lm_head=lm_head))


@pytest.mark.parametrize("position", [0, 7, 15])
def test_the_runs_own_layer_takes_the_simulated_cycles(position: int) -> None:
    point = hybrid_point(design(), small(), position + 1)
    spec = SPEC.model_copy(update={"context": position + 1})
    counted = {item.name: item.simulated_cycles for item in simulation(spec).operators}
    assert {item.name: round(item.latency_ms * 1e5) for item in point.result.operators} == counted
    assert math.isclose(point.result.latency_ms * 1e5, sum(counted.values()))


def test_the_runs_own_layer_takes_the_measured_energy() -> None:
    """One token of the simulated layer: every block's average power times the time, less what it takes while idle."""
    run = design()
    point = hybrid_point(run, small(), 16)
    seconds = point.result.latency_ms * 1e-3
    powers = blocks(SPEC)
    average_mj = sum((b.register_mw or 0) + (b.logic_mw or 0) + (b.leakage_mw or 0) for b in powers) * seconds
    digital = [p for p in point.result.components if p.origin == "measured"]
    idle = [p for p in point.standby if p.name in ("clocked registers", "leakage of logic")]
    found = sum(part.energy_mj or 0.0 for part in (*digital, *idle))
    assert math.isclose(found, average_mj, rel_tol=1e-9)


@settings(deadline=None, max_examples=15)
@given(model=models(), context=st.integers(1, 200), clock=st.floats(50, 900), faster=st.floats(1.01, 4))
def test_time_follows_the_clock(model: LanguageModel, context: int, clock: float, faster: float) -> None:
    slow = hybrid_point(design(clock_mhz=clock), model, context)
    fast = hybrid_point(design(clock_mhz=clock * faster), model, context)
    assert math.isclose(fast.result.tokens_per_s, slow.result.tokens_per_s * faster)
    assert fast.result.area_mm2 == slow.result.area_mm2
    assert fast.result.tokens_per_j is not None and slow.result.tokens_per_j is not None
    assert fast.result.tokens_per_j > slow.result.tokens_per_j  # leakage has less time


@settings(deadline=None, max_examples=15)
@given(model=models(), context=st.integers(20, 400), more=st.integers(1, 400))
def test_longer_contexts_take_more(model: LanguageModel, context: int, more: int) -> None:
    """From where softmax no longer waits for the array's drain."""
    near, far = (hybrid_point(design(), model, length).result for length in (context, context + more))
    assert far.latency_ms >= near.latency_ms
    assert (far.energy_mj or 0) > (near.energy_mj or 0)
    assert far.area_mm2 is not None and near.area_mm2 is not None and far.area_mm2 >= near.area_mm2
    assert far.macs > near.macs


def test_macs_of_a_known_model() -> None:
    """4 d^2 + 2 d d_ff weights a layer, and 2 d l for attention."""
    result = hybrid_point(design(), OPT, 1024).result
    assert result.macs == 32 * (4 * 4096**2 + 2 * 4096 * 16384) + 32 * 2 * 4096 * 1024
    assert {o.name for o in result.operators} == {o.name.lower() for o in Operator} - {"gate"}


def test_events_of_crossbars_and_memories_are_counted() -> None:
    """W_Q of one layer of 300 x 300 on crossbars of 128 x 128: 9 of them, 8 planes, 8 turns of the ADCs each."""
    model = small(d_model=300, heads=3, kv_heads=3, head_dim=100)
    result = hybrid_point(design(), model, 40).result
    figures = {part.name: part for part in result.components if part.operator == "query" and part.engine == "tiles"}
    from tpugen.model.macros import crossbar_macro

    macro = crossbar_macro(
        load_card("rram-45nm"), rows=128, cols=128, adc_bits=6, columns_per_adc=8, program_weights=16
    )
    assert figures["ADCs"].energy_mj == pytest.approx(9 * 8 * 8 * macro.energy_pj["conversion"] * 1e-9)
    assert figures["cells and drivers"].energy_mj == pytest.approx(9 * 8 * macro.energy_pj["sample"] * 1e-9)
    assert figures["ADCs"].origin == macro.origins["energy"]
    read = [p for p in result.components if (p.engine, p.name, p.operator) == ("memories", "keys", "scores")]
    # 3 heads, 2 tiles of 32 positions, 100 words of 32 bytes each; the card's energy of a bit.
    bit_pj = load_card("sram-45nm").value("read_energy", "pJ/bit")
    assert read[0].energy_mj == pytest.approx(3 * 2 * 100 * 256 * bit_pj * 1e-9)


def test_every_layer_has_tiles_and_a_cache_of_its_own() -> None:
    one, four = (hybrid_point(design(), small(layers=layers), 300).result for layers in (1, 4))
    area = {(part.engine, part.name): part.area_mm2 for part in one.areas}
    for part in four.areas:
        own = part.engine == "tiles" or part.name in ("keys", "values")
        assert part.area_mm2 == pytest.approx(area[part.engine, part.name] * (4 if own else 1)), part


def test_a_gate_that_was_not_built_is_like_the_up_matrix() -> None:
    result = hybrid_point(design(), small(gated=True), 16).result
    energy = {o.name: o.energy_mj for o in result.operators}
    assert energy["gate"] and energy["up"]
    assert any("no gate, the model has a gate" in note for note in result.notes)


def test_power_that_was_not_measured_leaves_energy_unknown() -> None:
    point = hybrid_point(design(power=False), OPT, 128)
    assert point.result.energy_mj is None and point.result.tokens_per_j is None
    assert point.always_on_tokens_per_j is None
    assert point.result.tokens_per_s == hybrid_point(design(), OPT, 128).result.tokens_per_s
    assert "the power of its blocks was not measured" in " ".join(point.result.notes)


def test_blocks_that_were_not_measured_leave_energy_and_area_unknown() -> None:
    result = hybrid_point(replace(design(), blocks=()), OPT, 128).result
    assert result.energy_mj is None and result.area_mm2 is None
    assert result.tokens_per_s == hybrid_point(design(), OPT, 128).result.tokens_per_s


def test_skipped_planes_are_said_to_be_counted() -> None:
    spec = PimLlmSpec.model_validate({**HYBRID, "zero_skipping": True})
    assert any("every plane counts as read" in note for note in hybrid_point(design(spec), OPT, 128).result.notes)


def test_totals_say_their_weakest_origin() -> None:
    result = hybrid_point(design(), OPT, 128).result
    for field, parts in (("latency_ms", "latency_ms"), ("energy_mj", "energy_mj")):
        used = {part.origin for part in result.components if getattr(part, parts)}
        assert result.origins[field] == min(used, key=["assumed", "published", "measured"].index)
    assert {part.origin for part in result.components if part.engine == "vector"} == {"measured"}


def test_prefill_is_the_sum_of_its_tokens() -> None:
    model = small(layers=3)
    whole = hybrid_point(design(), model, 12, prefill=True).result
    single = [hybrid_point(design(), model, length).result for length in range(1, 13)]
    assert whole.tokens == 12
    assert whole.macs == sum(result.macs for result in single)
    assert whole.latency_ms == pytest.approx(sum(result.latency_ms for result in single))


def test_the_lm_head_is_one_more_matrix() -> None:
    model = small(vocabulary=1000)
    plain, with_head = (hybrid_point(design(), model, 16, lm_head=head).result for head in (False, True))
    assert with_head.macs == plain.macs + 64 * 1000
    extra = [o for o in with_head.operators if o.role == "head"]
    assert [o.name for o in extra] == ["lm_head_norm", "lm_head"]
    assert with_head.latency_ms == pytest.approx(plain.latency_ms + sum(o.latency_ms for o in extra))
    with pytest.raises(RequestError, match="the vocabulary of small is not known"):
        hybrid_point(design(), small(), 16, lm_head=True)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (small(head_dim=8), "4 heads of 8 are not as wide as the model, 64"),
        (small(d_ff=20_000), "vectors of 20,000 elements; the accelerator's units hold up to 16,384"),
    ],
)
def test_models_that_cannot_be_mapped(model: LanguageModel, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        hybrid_point(design(), model, 16)


def test_contexts_beyond_the_models() -> None:
    with pytest.raises(RequestError, match="context 5000 is beyond the 2048 positions of opt"):
        hybrid_point(design(), OPT, 5000)
    assert hybrid_point(design(), OPT, 5000, beyond_context=True).result.context == 5000


def test_cards_of_the_users_own() -> None:
    card = load_card("rram-45nm").override({"adc_power": "20 mW"})
    before, after = (hybrid_point(design(), OPT, 128, cards=cards).result for cards in ({}, {"rram-45nm": card}))
    adc = [sum(p.energy_mj or 0 for p in result.components if p.name == "ADCs") for result in (before, after)]
    assert adc[1] == pytest.approx(10 * adc[0])


@pytest.mark.parametrize(
    ("name", "module", "role", "matrix", "works", "idles"),
    [
        ("u_projections/gen_matrix[0]/gen_tile/u_tile", "projection_tile", "tiles", "W_Q", _O.QUERY, _O.OUTPUT),
        ("u_projections/gen_matrix[5]/gen_tile/u_tile", "projection_tile__5", "tiles", "W_I", _O.UP, _O.DOWN),
        ("u_projections", "projection_bank", "vector", None, _O.QUANTISE3, _O.LOAD),
        ("u_attention/u_array/u_core", "tpu_core", "array", None, _O.SCORES, _O.SOFTMAX),
        ("u_attention/u_array/u_core/u_array", "array_output_stationary", "array", None, _O.CONTEXT, _O.SOFTMAX),
        ("u_attention", "attention_engine", "attention", None, _O.SOFTMAX, _O.UP),
        ("u_vectors/u_norm", "norm_stage", "vector", None, _O.NORM2, _O.UP),
        ("u_vectors/u_quantise", "absmax_quantise__1", "vector", None, _O.QUANTISE4, _O.LOAD),
        ("", "pim_llm", "control", None, _O.LOAD, None),
    ],
)
def test_what_blocks_do(
    name: str, module: str, role: str, matrix: str | None, works: Operator, idles: Operator | None
) -> None:
    found, of, busy = block_role(name, module)
    assert (found, of) == (role, matrix)
    assert works in busy
    assert idles is None or idles not in busy


def test_gates_power_is_that_of_the_cycles_in_which_they_work() -> None:
    counted = AcceleratorSimulation(
        tokens=1, operators=[], activity_cycles={"scores": 30, "context": 20, "up": 50}, activity_window_cycles=200
    )
    block = BlockMeasurement(
        name="u_core", module="tpu_core", area_um2=1.0, cells=1, flip_flops=1, register_mw=4.0, logic_mw=2.0,
        leakage_mw=1.0,
    )  # fmt: skip
    found = hybrid_design("r", SPEC, measured(200.0), [block], 100.0, counted).blocks[0]
    assert found.logic_w == pytest.approx(2e-3 * 2 / 0.25)  # twice the clock, a quarter of the time
    assert found.register_w == pytest.approx(8e-3)
    assert found.leakage_w == pytest.approx(1e-3)


def test_scaling_leaves_macros_as_they_are() -> None:
    record = ScalingRecord(
        technology="osu018", process_nm=180, voltage_v=1.8, target_process_nm=45, target_voltage_v=1.0,
        area_factor=0.0625, delay_factor=0.5, energy_factor=0.1, source="this test",
    )  # fmt: skip
    smaller = measured(200.0).model_copy(update={"origin": "assumed"})
    before, after = (hybrid_point(run, OPT, 128).result for run in (design(), scaled(design(), record, smaller)))
    assert after.tokens_per_s == pytest.approx(2 * before.tokens_per_s)
    areas = [{part.name: part.area_mm2 for part in result.areas} for result in (before, after)]
    assert areas[1]["periphery"] == pytest.approx(areas[0]["periphery"] / 16)
    assert areas[1]["crossbars"] == areas[0]["crossbars"]
    assert "measured" not in {part.origin for part in after.components}
    periphery = [sum(p.energy_mj or 0 for p in r.components if p.name == "periphery") for r in (before, after)]
    assert periphery[1] == pytest.approx(periphery[0] * 0.1)
    assert after.scaling == record


def test_a_block_without_power_is_not_known() -> None:
    block = Block("b", "vector", None, frozenset(Operator), 1.0)
    assert block.on_w is None
    assert replace(block, register_w=1.0, leakage_w=2.0).on_w == 3.0
