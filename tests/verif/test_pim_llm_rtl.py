"""The hybrid accelerator's RTL against the integer layer: every number, every counter, every cycle, every violation."""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.rtl_checks import assert_clean_under_three_tools, write_sources

from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.host import Register, Status, setting_writes, token_writes
from tpugen.arithmetic.nonlinear import requantise
from tpugen.arithmetic.tpu import TpuShape
from tpugen.errors import ToolLimitError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.mutants import Mutant, apply
from tpugen.verif.pim_llm_mutants import LLM_MUTANTS
from tpugen.verif.pim_llm_run import llm_parameters, run_script
from tpugen.verif.pim_llm_scenarios import LLM_DESIGNS, everything, layer_for, tokens_for, tokens_script
from tpugen.verif.pim_llm_script import Design, LlmScript
from tpugen.verif.stream_units import Scenario, StreamChannel, StreamUnit, run_scenarios

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

SOURCES = {name: load_library()[name].source for name in dependency_closure(["pim_llm"])}
OWN = {
    "decoder_sequencer", "hidden_stage", "layer_settings", "norm_stage", "operator_counters", "pim_llm",
    "pim_llm_registers", "program_address", "projection_bank", "projection_scale", "projection_tile",
    "residual_stream", "token_input", "token_status", "vector_path", "vector_reader",
}  # fmt: skip


def _array(rows: int, cols: int, depth: int) -> TpuShape:
    return TpuShape(rows, cols, depth, unsigned_activations=True)


DESIGNS = {
    "least": Design(
        LayerShape(2, 1, 2, 1),
        _array(2, 1, 2),
        CrossbarOptions(crossbar_rows=2, crossbar_cols=2, adc_bits=2, columns_per_adc=1),
    ),
    "heads of one": Design(
        LayerShape(4, 4, 3, 6, kv_heads=2, gated=True),
        _array(3, 2, 2),
        CrossbarOptions(crossbar_rows=3, crossbar_cols=2, adc_bits=4, columns_per_adc=8),
    ),
    "one KV element": Design(
        LayerShape(3, 3, 2, 2, kv_heads=1, activation="relu2"),
        _array(2, 2, 2),
        CrossbarOptions(crossbar_rows=4, crossbar_cols=3, adc_bits=3, columns_per_adc=2),
    ),
    "nothing divides": Design(
        LayerShape(15, 3, 23, 7, norm="layer_norm"),
        _array(4, 6, 3),
        CrossbarOptions(crossbar_rows=7, crossbar_cols=20, adc_bits=4, columns_per_adc=6, zero_skipping=True),
    ),
    "wide ADC, narrow network": Design(
        LayerShape(12, 2, 5, 4, kv_heads=1, activation="relu2"),
        _array(2, 8, 16),
        CrossbarOptions(crossbar_rows=16, crossbar_cols=4, adc_bits=10, columns_per_adc=4),
    ),
    "binary, faults, noise": Design(
        LayerShape(8, 2, 8, 4, gated=True, norm="layer_norm", weights="binary"),
        _array(4, 4, 8),
        CrossbarOptions(
            crossbar_rows=8,
            crossbar_cols=8,
            adc_bits=3,
            columns_per_adc=2,
            faults=Faults(0xFFFFFFFF, 4000, 3000),
            noise=Noise(0x7FFFFFFF, 500),
        ),
    ),
}


def _play(script: LlmScript, folder: Path) -> list[str]:
    return run_script(script, SOURCES, folder)


@pytest.mark.parametrize("name", DESIGNS)
def test_tokens_are_the_models_and_cycles_the_formulas(name: str, tmp_path: Path) -> None:
    """Without pauses: x2, clips, planes, the cycles of every operator."""
    design = DESIGNS[name]
    assert _play(tokens_script(design, min(5, design.shape.context), seed=1), tmp_path) == []


@pytest.mark.parametrize("name", DESIGNS)
def test_pauses_change_nothing(name: str, tmp_path: Path) -> None:
    """Every port halts at random; constants are so great that numbers saturate."""
    design = DESIGNS[name]
    script = tokens_script(design, min(4, design.shape.context), seed=2, louder=2, paces=(0.5, 0.7, 0.4))
    assert _play(script, tmp_path) == []


@pytest.mark.parametrize("seed", range(3))
def test_random_designs(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    kv_heads, group, width = rng.randint(1, 3), rng.randint(1, 3), rng.randint(2, 4)
    shape = LayerShape(
        d=kv_heads * group * width,
        heads=kv_heads * group,
        d_ff=rng.randint(2, 20),
        context=4,
        kv_heads=kv_heads,
        gated=rng.random() < 0.5,
        norm=rng.choice(("rms_norm", "layer_norm")),
        activation=rng.choice(("gelu", "relu2")),
        weights=rng.choice(("ternary", "binary")),
    )
    crossbars = CrossbarOptions(
        crossbar_rows=rng.randint(2, 12),
        crossbar_cols=rng.randint(2, 20),
        adc_bits=rng.randint(2, 7),
        columns_per_adc=rng.randint(1, 5),
        zero_skipping=rng.random() < 0.5,
        faults=Faults(rng.getrandbits(32), rng.choice((0, 3000)), rng.choice((0, 2000))),
        noise=Noise(rng.getrandbits(32), rng.choice((0, 300))),
    )
    design = Design(shape, _array(rng.randint(2, 5), rng.randint(1, 5), rng.randint(2, 9)), crossbars)
    assert _play(tokens_script(design, 3, seed=seed, louder=seed % 2), tmp_path) == []


@pytest.mark.parametrize("name", LLM_DESIGNS)
def test_a_host_that_does_everything(name: str, tmp_path: Path) -> None:
    """Registers, cells, violations, aborts, resets, pauses: all reported, never a hang, and the next token is right."""
    assert _play(everything(LLM_DESIGNS[name]), tmp_path) == []


def test_the_small_designs_clip_and_skip() -> None:
    """What the counters are compared with is not nothing."""
    counted = {}
    for name, design in {"clip": DESIGNS["binary, faults, noise"], "skip": LLM_DESIGNS["gated"]}.items():
        layer = layer_for(design, louder=1)
        script = LlmScript(design, layer)
        traces = [script.expect(x) for x in tokens_for(design, layer, 4)]
        counted[name] = [product for trace in traces for product in trace.products.values()]
    assert sum(int(product.clips) for product in counted["clip"]) > 10
    assert any(int(product.planes) < 8 for product in counted["skip"])


@pytest.mark.parametrize("part", range(2))
def test_an_abort_or_a_reset_at_any_moment(part: int, tmp_path: Path) -> None:
    """A cut in every few cycles of a token; the next token at its position is right, with its cycles."""
    design = LLM_DESIGNS["plain" if part == 0 else "gated"]
    layer = layer_for(design)
    script = LlmScript(design, layer)
    tokens = tokens_for(design, layer, 2)
    script.program()
    script.token(tokens[0])
    cycles = operator_cycles(design.shape, design.array, design.crossbars, 1)
    whole = sum(cycles.values()) - 2 * design.shape.d
    for cut in range(part, whole - 120, 29):
        script.send(tokens[1])
        script.pause(8)
        script.writes(token_writes(script.state.length))
        script.pause(design.shape.d + cut)
        if cut % 2:
            script.abort(script.state.length)
        else:
            script.reset()
            script.writes(setting_writes(layer))
        script.token(tokens[0], position=0)
    assert _play(script, tmp_path) == []


def test_the_judge_finds_what_is_wrong(tmp_path: Path) -> None:
    """Answers, results, the interrupt, waits in vain and beats that nobody takes: none goes unseen."""
    design = DESIGNS["least"]
    script = tokens_script(design, 1)
    script.results[-1] = (script.results[-1][0], script.results[-1][1] ^ 1)
    script.read(Register.LENGTH, 5)
    script.write(Register.STATUS, 0, refused=True)
    script.wait(50)
    script.send([1, 2])
    problems = _play(script, tmp_path)
    assert len(problems) == 5
    assert any("(0, 1) instead of (0, 5)" in problem for problem in problems)
    assert any("in vain" in problem for problem in problems)
    assert "results: 2 of 2, wrong are [1]" in problems
    assert any("beats of x that nobody took" in problem for problem in problems)
    assert Status.BUSY == 1


@pytest.mark.parametrize("name", ["least", "nothing divides", "one KV element"])
def test_odd_designs_are_clean_under_three_tools(name: str, tmp_path: Path) -> None:
    files = write_sources(SOURCES, tmp_path)
    parameters = llm_parameters(DESIGNS[name])
    assert_clean_under_three_tools("pim_llm", parameters, files, tmp_path, read="read_verilog -DSYNTHESIS")


def test_scaled_products_wait_for_whoever_takes_them(tmp_path: Path) -> None:
    """In the layer nobody lets them wait; the unit stands it all the same."""
    rng = np.random.default_rng(7)
    products, scales, constants, shifts = (
        rng.integers(low, high, 60) for low, high in ((-(1 << 20), 1 << 20), (0, 1 << 16), (0, 1 << 16), (20, 44))
    )
    last = (np.arange(60) % 7 == 6).astype(int)
    expected = np.stack([requantise(products, scales * constants, shifts, width_bits=16), last], axis=-1).tolist()
    payload = {"operand_i": 32, "scale_i": 16, "multiplier_i": 16, "shift_i": 6, "operand_last_i": 1}
    unit = StreamUnit(
        "projection_scale",
        (StreamChannel("operand", payload),),
        StreamChannel("result", {"result_o": 16, "result_last_o": 1}),
    )
    beats = {"operand": np.stack([products, scales, constants, shifts, last], axis=-1).tolist()}
    scenarios = [
        Scenario("eager", beats, expected, cycles=60 + 6),
        Scenario("halting", beats, expected, stalls={"operand": 0.4, "result": 0.6}),
        Scenario("cut", beats, expected, stalls={"result": 0.5}, cut_after=40),
    ]
    sources = {name: load_library()[name].source for name in dependency_closure(["projection_scale"])}
    outcomes = run_scenarios(unit, scenarios, sources, tmp_path)
    assert [outcome.problems for outcome in outcomes] == [(), (), ()]
    assert [outcome.checked for outcome in outcomes][:2] == [60, 60]


# ---------------------------------------------------------------------------------------------------------------------
# Every fault


def _found(mutant: Mutant | None, script: LlmScript, folder: Path) -> list[str]:
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    changed = files if mutant is None else apply(mutant, files)
    sources = {name.removesuffix(".v"): text for name, text in changed.items()}
    try:
        return run_script(script, sources, folder, stop=True)
    except ToolLimitError as error:  # it ran for ever; what does not compile is no mutant and fails the test
        return [error.message]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("mutant", LLM_MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.fault}")
def test_every_fault_fits_the_library(mutant: Mutant) -> None:
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    assert apply(mutant, files) != files


def test_the_faults_reach_every_module_and_are_all_different() -> None:
    assert {mutant.module for mutant in LLM_MUTANTS} == OWN
    assert len({(m.module, m.found, m.replaced) for m in LLM_MUTANTS}) == len(LLM_MUTANTS) >= 40


@pytest.mark.slow
def test_every_fault_is_found(tmp_path: Path) -> None:
    scripts = {name: everything(design) for name, design in LLM_DESIGNS.items()}
    with ThreadPoolExecutor(2) as pool:
        found = list(
            pool.map(
                lambda pair: _found(pair[1], scripts[pair[1].design], tmp_path / str(pair[0])), enumerate(LLM_MUTANTS)
            )
        )
    missed = [f"{m.module}: {m.fault}" for m, problems in zip(LLM_MUTANTS, found, strict=True) if not problems]
    assert missed == []
