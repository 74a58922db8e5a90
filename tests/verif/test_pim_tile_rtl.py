"""The PIM tile's RTL against its model: every value, every cycle, under stalls, faults, noise and resets."""

from __future__ import annotations

import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rtl_checks import assert_clean_under_three_tools, assert_refused_by_name, write_sources

from tpugen.arithmetic.crossbar import TileShape, matrix_vector, store
from tpugen.arithmetic.crossbar_cells import Faults, Noise
from tpugen.errors import DesignFailedError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.mutants import Mutant, apply
from tpugen.verif.pim_mutants import PIM_MUTANTS, PIM_STIMULI, tile_stimulus
from tpugen.verif.pim_tile_bench import Pace, Stimulus, programming, run_tile
from tpugen.verif.pim_tile_check import judge
from tpugen.verif.pim_tile_harness import tile_parameters

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

SOURCES = {name: load_library()[name].source for name in dependency_closure(["pim_tile"])}

SHAPES = {
    "one block": TileShape(8, 8, 8, 8, adc_bits=5, columns_per_adc=4),
    "one ADC a column": TileShape(9, 5, 4, 3, adc_bits=4, columns_per_adc=1, zero_skipping=True),
    "one ADC a crossbar": TileShape(5, 7, 6, 5, adc_bits=4, columns_per_adc=8, output_lanes=3),
    "least": TileShape(1, 1, 2, 2, adc_bits=2, columns_per_adc=2, activation_width_bits=2),
    "wide ADC": TileShape(13, 6, 5, 4, adc_bits=12, columns_per_adc=3, input_lanes=4),
    "whole vectors in one beat": TileShape(6, 5, 4, 4, adc_bits=3, columns_per_adc=2, input_lanes=9, output_lanes=8),
    "wide activations": TileShape(7, 4, 4, 4, adc_bits=4, columns_per_adc=2, activation_width_bits=12),
    "faults and noise": TileShape(
        9, 7, 4, 4, adc_bits=4, columns_per_adc=3, zero_skipping=True, input_lanes=2,
        faults=Faults(0xFFFFFFFF, 4000, 4000), noise=Noise(0x80000000, 900),
    ),
}  # fmt: skip


def _problems(stimulus: Stimulus, folder: Path) -> list[str]:
    return judge(stimulus, run_tile(stimulus, SOURCES, folder))


@pytest.mark.parametrize("shape", SHAPES)
def test_rtl_is_the_model(shape: str, tmp_path: Path) -> None:
    """Eager and halting surroundings: values, counts, read-back, errors, and the cycle of every result."""
    tile = SHAPES[shape]
    assert _problems(tile_stimulus(tile, seed=1, cycles=900), tmp_path / "eager") == []
    halting = tile_stimulus(tile, seed=2, pace=Pace(0.5, 0.4, 0.6, 0.5), cycles=2200)
    assert _problems(halting, tmp_path / "halting") == []


@pytest.mark.parametrize("seed", range(4))
def test_random_shapes(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    tile = TileShape(
        rows=rng.randint(2, 20),
        cols=rng.randint(1, 14),
        crossbar_rows=rng.randint(2, 9),
        crossbar_cols=rng.randint(2, 9),
        adc_bits=rng.randint(2, 6),
        columns_per_adc=rng.randint(1, 6),
        activation_width_bits=rng.randint(3, 9),
        zero_skipping=rng.random() < 0.5,
        input_lanes=rng.randint(1, 4),
        output_lanes=rng.randint(1, 4),
        noise=Noise(seed, rng.choice((0, 300))),
    )
    pace = Pace(rng.uniform(0.2, 1), rng.uniform(0.2, 1), rng.uniform(0.2, 1), rng.uniform(0.2, 1))
    assert _problems(tile_stimulus(tile, seed=seed, pace=pace, cycles=3000), tmp_path) == []


def test_lossless_tile_multiplies(tmp_path: Path) -> None:
    """Without the model between: what leaves the tile is the matrix times the vector."""
    tile = TileShape(20, 10, 8, 4, adc_bits=5, columns_per_adc=2)
    rng = np.random.default_rng(5)
    weights, vectors = rng.integers(-1, 2, (20, 10)), rng.integers(-128, 128, (5, 20))
    stimulus = Stimulus(
        tile, (tuple(map(tuple, vectors.tolist())),), programming(tile, weights.tolist(), 4), cycles=600
    )
    trace = run_tile(stimulus, SOURCES, tmp_path)
    values = [value for result in trace.results for value in result.values or ()]
    assert values == (vectors @ weights).ravel().tolist()
    assert all(result.clips == 0 for result in trace.results)


@pytest.mark.parametrize("shape", ["one block", "one ADC a column", "one ADC a crossbar", "whole vectors in one beat"])
def test_latency_formulas_are_met(shape: str, tmp_path: Path) -> None:
    tile = SHAPES[shape]
    rng = np.random.default_rng(1)
    weights = rng.integers(-1, 2, (tile.rows, tile.cols))
    vectors = np.repeat(rng.integers(-128, 128, (1, tile.rows)), 4, axis=0)
    vectors[-1] = 5  # two planes where zero planes are skipped
    epoch = tuple(map(tuple, vectors.tolist()))
    stimulus = Stimulus(tile, (epoch,), programming(tile, weights.tolist(), 4), cycles=800)
    trace = run_tile(stimulus, SOURCES, tmp_path)
    planes = matrix_vector(store(tile, weights), vectors).planes.tolist()
    assert planes[-1] == (2 if tile.zero_skipping else 8)
    taken = [[trace.activations[v * tile.input_beats + b] for b in range(tile.input_beats)] for v in range(4)]
    left = [[r.cycle for r in trace.results[v * tile.output_beats : (v + 1) * tile.output_beats]] for v in range(4)]
    assert left[0][0] - taken[0][-1] == tile.first_result_cycles(planes[0])
    assert left[0][-1] - taken[0][0] + 1 == tile.vector_cycles(planes[0])
    assert left[2][0] - left[1][0] == tile.period_cycles(planes[1])


def test_a_long_input_sets_the_period(tmp_path: Path) -> None:
    tile = TileShape(30, 2, 16, 2, adc_bits=6, columns_per_adc=1)
    weights = np.ones((30, 2), dtype=int)
    vectors = tuple(tuple(range(v, v + 30)) for v in range(4))
    trace = run_tile(Stimulus(tile, (vectors,), programming(tile, weights.tolist(), 4)), SOURCES, tmp_path)
    starts = [result.cycle for result in trace.results[::2]]
    assert starts[2] - starts[1] == tile.period_cycles(8) == 30 + 8
    assert [result.values for result in trace.results[::2]] == [(sum(vector),) for vector in vectors]


@pytest.mark.parametrize("cut", range(0, 60, 4))
def test_reset_at_any_moment(cut: int, tmp_path: Path) -> None:
    """Cells outlive reset, everything else starts anew."""
    tile = TileShape(6, 5, 4, 4, adc_bits=3, columns_per_adc=2, zero_skipping=True, noise=Noise(3, 300))
    stimulus = tile_stimulus(tile, seed=cut, pace=Pace(activation=0.9, result=0.7), cycles=520)
    first = max(run_tile(replace(stimulus, cycles=160), SOURCES, tmp_path / "probe").commands.values(), default=0)
    assert 40 < first < 160
    # Not while a word is on its way back: that answer is lost.
    stimulus = replace(
        tile_stimulus(
            tile,
            seed=cut,
            pace=Pace(activation=0.9, result=0.7),
            reset_cycles=(110 + cut,),
            cycles=520,
        ),
        commands=tuple(command for command in stimulus.commands if command.after == 0),
    )
    assert _problems(stimulus, tmp_path / "cut") == []


@pytest.mark.skipif(shutil.which("verilator") is None or shutil.which("g++") is None, reason="needs Verilator and g++")
@pytest.mark.parametrize("name", ["odd", "faulty"])
def test_verilator_agrees_with_icarus(name: str, tmp_path: Path) -> None:
    """Transfer by transfer, faults and noise included."""
    stimulus = PIM_STIMULI[name]
    verilated = run_tile(stimulus, SOURCES, tmp_path / "verilator", simulator="verilator")
    assert verilated == run_tile(stimulus, SOURCES, tmp_path / "icarus")
    assert judge(stimulus, verilated) == []


def test_a_judge_refuses_unknown_bits_and_silence(tmp_path: Path) -> None:
    stimulus = PIM_STIMULI["plain"]
    trace = run_tile(stimulus, SOURCES, tmp_path)
    assert judge(stimulus, trace) == []
    trace.results[3] = replace(trace.results[3], values=None)
    assert any("values=None" in problem for problem in judge(stimulus, trace))
    trace.results.clear()
    trace.offers.clear()
    assert any("never offered" in problem for problem in judge(stimulus, trace))


def test_designs_that_do_not_compile_are_refused(tmp_path: Path) -> None:
    broken = {**SOURCES, "pim_tile": SOURCES["pim_tile"].replace("endmodule", "")}
    with pytest.raises(DesignFailedError, match="iverilog refused the tile"):
        run_tile(PIM_STIMULI["plain"], broken, tmp_path)


# -- the text of the RTL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["least", "one ADC a crossbar", "whole vectors in one beat", "faults and noise"])
def test_odd_shapes_are_clean_under_three_tools(shape: str, tmp_path: Path) -> None:
    files = write_sources(SOURCES, tmp_path)
    assert_clean_under_three_tools("pim_tile", tile_parameters(SHAPES[shape], 3), files, tmp_path)


def test_crossbars_are_black_boxes_for_synthesis(tmp_path: Path) -> None:
    files = write_sources(SOURCES, tmp_path)
    script = (
        f"read_verilog {' '.join(files)}; hierarchy -check -top pim_tile -chparam Rows 5 -chparam Cols 6 "
        "-chparam CrossbarRows 4 -chparam CrossbarCols 4; synth -flatten; stat"
    )
    done = subprocess.run(["yosys", "-p", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    statistics = done.stdout[done.stdout.rindex("Printing statistics") :]
    boxes = [line for line in statistics.splitlines() if "crossbar" in line]
    assert sum(int(line.split()[-1]) for line in boxes) == 4
    assert "$_DFF" in statistics
    assert "$mem" not in statistics


ILLEGAL = [
    ("Rows", 0), ("Cols", 0), ("CrossbarRows", 1), ("CrossbarRows", 1025), ("CrossbarCols", 1),
    ("CrossbarCols", 1025), ("AdcBits", 1), ("AdcBits", 17), ("ColumnsPerAdc", 1025), ("ActivationWidth", 1),
    ("ActivationWidth", 17), ("ResultWidth", 15), ("ResultWidth", 65), ("InputLanes", 257), ("OutputLanes", 257),
    ("ZeroSkipping", 2), ("ProgramWeights", 1025), ("StuckOff", -1), ("StuckOn", 65537), ("NoiseSigma", 16384),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_illegal_parameters_are_refused_by_name(name: str, value: int, tmp_path: Path) -> None:
    small = {"Rows": 4, "Cols": 4, "CrossbarRows": 4, "CrossbarCols": 4, "ColumnsPerAdc": 2}
    assert_refused_by_name("pim_tile", {**small, name: value}, write_sources(SOURCES, tmp_path), tmp_path)


# -- mutants --------------------------------------------------------------------------------------------------------


def test_the_list_is_long_reaches_every_module_and_repeats_nothing() -> None:
    assert len(PIM_MUTANTS) >= 60
    assert {mutant.module for mutant in PIM_MUTANTS} == {name for name in SOURCES if "pim" in name or "cross" in name}
    assert len({(mutant.module, mutant.found, mutant.replaced) for mutant in PIM_MUTANTS}) == len(PIM_MUTANTS)


@pytest.mark.slow
def test_sound_tiles_pass_and_every_mutant_dies(tmp_path: Path) -> None:
    files = {f"{name}.v": text for name, text in SOURCES.items()}

    def judged(job: tuple[int, str, Mutant | None]) -> str | None:
        index, design, mutant = job
        text = apply(mutant, files) if mutant else files
        folder = tmp_path / str(index)
        problems = judge(PIM_STIMULI[design], run_tile(PIM_STIMULI[design], text, folder))
        shutil.rmtree(folder)
        if mutant is None:
            return f"{design}: {problems}" if problems else None
        return None if problems else f"{mutant.module}: {mutant.fault}: survived"

    jobs: list[tuple[str, Mutant | None]] = [(design, None) for design in PIM_STIMULI]
    jobs += [(mutant.design, mutant) for mutant in PIM_MUTANTS]
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(judged, [(index, *job) for index, job in enumerate(jobs)])
        problems = [problem for problem in said if problem]
    assert not problems, "\n".join(problems)
