"""The tensor unit's RTL behind AXI models, against its model: every byte, every cycle, every violation."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.rtl_checks import assert_clean_under_three_tools, assert_refused_by_name, write_sources

from tpugen.arithmetic.tpu import Activation, PostProcessing, Register, TpuShape, job_cycles
from tpugen.errors import DesignFailedError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.mutants import Mutant, apply
from tpugen.verif.tpu_bench import Script, TpuJob, play, tpu_parameters
from tpugen.verif.tpu_mutants import TPU_MUTANTS, random_job, tpu_script

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

SOURCES = {name: load_library()[name].source for name in dependency_closure(["tpu"])}

SHAPES = {
    "3x2": TpuShape(3, 2, 4, unsigned_activations=True),
    "2x2": TpuShape(2, 2, 2, multiplier_width_bits=31),
    "4x4": TpuShape(4, 4, 5),
    "tall": TpuShape(17, 1, 3),
    "flat": TpuShape(2, 5, 16, multiplier_width_bits=32, unsigned_activations=True),
}


def _posts(rng: np.random.Generator, shape: TpuShape) -> PostProcessing:
    return PostProcessing(
        int(rng.integers(0, 1 << int(rng.integers(1, shape.multiplier_width_bits + 1)))),
        int(rng.integers(0, 40)),
        int(rng.integers(-128, 128)),
        Activation(int(rng.integers(0, 3))),
        int(rng.integers(0, 32)),
        bool(rng.random() < 0.5),
    )


def _random(shape: TpuShape, rng: np.random.Generator, greatest: tuple[int, int, int]) -> TpuJob:
    m, k, n = (int(rng.integers(1, size + 1)) for size in greatest)
    bias = int(rng.choice([0, 50, 70000, 2**31 - 1])) if rng.random() < 0.6 else None
    unsigned = shape.unsigned_activations and bool(rng.random() < 0.5)
    return random_job(rng, m, k, n, _posts(rng, shape), bias=bias, unsigned=unsigned)


def test_full_speed_random_stalls_and_violations(tmp_path: Path) -> None:
    """Five shapes side by side: random jobs at full speed, cycle for cycle, then under back-pressure on every port."""
    scripts = []
    for seed, shape in enumerate(SHAPES.values()):
        rng = np.random.default_rng(seed)
        script = tpu_script(shape, seed)
        for _ in range(4):
            job = _random(shape, rng, (2 * shape.rows + 1, 3 * shape.depth, 2 * shape.cols + 1))
            script.pace(1.0)
            script.job(job, cycles=job_cycles(shape, *job.sizes))
        for chance in (0.8, 0.4):
            script.pace(chance)
            script.job(_random(shape, rng, (2 * shape.rows + 1, 2 * shape.depth + 1, 2 * shape.cols + 1)))
        for stream in ("a", "b", "bias", "result"):  # one that is slow on its own
            script.pace(1.0)
            script.pause(stream, 0.2)
            script.job(_random(shape, rng, (shape.rows + 1, shape.depth + 1, 2 * shape.cols + 1)))
        scripts.append(script)
    problems = play(scripts, [SOURCES] * len(scripts), tmp_path / "bench")
    assert dict(zip(SHAPES, problems, strict=True)) == {name: [] for name in SHAPES}


def test_latency_formula_is_met(tmp_path: Path) -> None:
    """The card's formula is the model's, and the cycle counter agrees at every K up to five chunks."""
    shapes = [TpuShape(3, 2, 4), TpuShape(2, 3, 2), TpuShape(17, 2, 8)]
    scripts = []
    for shape in shapes:
        script = Script(shape)
        rng = np.random.default_rng(shape.rows)
        for k in range(1, min(5 * shape.depth, 17) + 1):
            m, n = int(rng.integers(1, 3 * shape.rows)), int(rng.integers(1, 4 * shape.cols))
            script.job(random_job(rng, m, k, n), cycles=job_cycles(shape, m, k, n))
        scripts.append(script)
    assert play(scripts, [SOURCES] * len(scripts), tmp_path / "bench") == [[], [], []]


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (40, 5, 3), (8, 256, 8), (9, 257, 70), (100, 700, 33)])
def test_the_card_says_the_formula(m: int, k: int, n: int) -> None:
    card = load_library()["tpu"].card.latency
    match = re.fullmatch(r"(.+) cycles from start to the last row, T = (.+) tiles, one every P = (.+)", card)
    assert match is not None
    values = {"M": m, "K": k, "N": n, "Rows": 20, "Cols": 6, "Depth": 64, "max": max, "min": min}
    values["ceil"] = lambda quotient: -(-quotient // 1)
    total, tiles, period = (part.replace("(Rows-1)/16", "((Rows-1)//16)") for part in match.groups())
    choice = re.fullmatch(r"max\(K if K <= Depth else (.+), (.+)\)", period)
    assert choice is not None
    values["P"] = eval(f"max(K if K <= Depth else {choice[1]}, {choice[2]})", values)
    values["T"] = eval(tiles, values)
    assert eval(total, values) == job_cycles(TpuShape(20, 6, 64), m, k, n)


@pytest.mark.parametrize("seed", range(2))
def test_reset_at_any_moment(seed: int, tmp_path: Path) -> None:
    shape = TpuShape(3, 2, 4)
    rng = np.random.default_rng(seed)
    script = Script(shape, seed)
    for cut in range(1 + seed, 40, 4):
        for job in (random_job(rng, 5, 6, 3, bias=9), random_job(rng, 4, 3, 3, PostProcessing(1, 7), bias=900)):
            script.setup(job)
            for stream, beats in job.streams(shape).items():
                script.send(stream, beats)
            script.start()
            script.cycles(cut)
            script.reset()
        script.job(random_job(rng, 2, 5, 3, bias=9))
    assert play([script], [SOURCES], tmp_path / "bench") == [[]]


def test_a_judge_refuses_wrong_results_and_silence(tmp_path: Path) -> None:
    script = Script(TpuShape(2, 2, 2))
    script.job(random_job(np.random.default_rng(1), 2, 2, 2), cycles=18)
    mute = Script(TpuShape(2, 2, 2))
    mute.start(refused=True)
    mute.write(Register.CONTROL, 0)
    silent = {**SOURCES, "tpu": SOURCES["tpu"].replace(".s_axil_bvalid_o  (s_axil_bvalid_o)", ".s_axil_bvalid_o  ()")}
    wrong = Script(TpuShape(2, 2, 2))
    wrong.steps, wrong.expected = script.steps, [*script.expected]
    frames = next(index for index, expected in enumerate(wrong.expected) if "frames" in expected)
    wrong.expected[frames] = {"frames": [], "unsent": {"a": 0, "b": 0, "bias": 0}}
    found = play([script, wrong, mute], [SOURCES, SOURCES, silent], tmp_path / "bench")
    assert [problem.split(":")[1] for problem in found[0]] == [" value is 17, not 18"]
    assert any("frames is" in problem for problem in found[1])
    assert "the bench ended after 0 of 2 steps" in found[2]


def test_designs_that_do_not_compile_are_refused(tmp_path: Path) -> None:
    broken = {**SOURCES, "tpu": SOURCES["tpu"].replace("endmodule", "")}
    with pytest.raises(DesignFailedError, match="Icarus refused the tensor unit"):
        play([Script(TpuShape())], [broken], tmp_path / "bench")


# -- the text of the RTL --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_odd_shapes_are_clean_under_three_tools(name: str, tmp_path: Path) -> None:
    files = write_sources(SOURCES, tmp_path)
    assert_clean_under_three_tools("tpu", tpu_parameters(SHAPES[name]), files, tmp_path)


ILLEGAL = [("Rows", 1), ("Rows", 257), ("Cols", 0), ("Depth", 1), ("Depth", 8193), ("MultiplierWidth", 0),
           ("MultiplierWidth", 33), ("UnsignedActivations", 2)]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_illegal_parameters_are_refused_by_name(name: str, value: int, tmp_path: Path) -> None:
    parameters = {"Rows": 2, "Cols": 2, "Depth": 4, name: value}
    assert_refused_by_name("tpu", parameters, write_sources(SOURCES, tmp_path), tmp_path)


# -- mutants --------------------------------------------------------------------------------------------------------


def test_the_list_reaches_every_module_and_repeats_nothing() -> None:
    assert {mutant.module for mutant in TPU_MUTANTS} == {
        name for name, module in load_library().items() if module.room == "tpu"
    }
    assert len({(m.module, m.found, m.replaced) for m in TPU_MUTANTS}) == len(TPU_MUTANTS) >= 50
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    for mutant in TPU_MUTANTS:
        assert apply(mutant, files) != files


@pytest.mark.slow
def test_every_mutant_dies(tmp_path: Path) -> None:
    """A sound unit passes beside them."""
    files = {f"{name}.v": text for name, text in SOURCES.items()}
    jobs: list[Mutant | None] = [None, *TPU_MUTANTS]
    designs = [
        {name.removesuffix(".v"): text for name, text in (apply(job, files) if job else files).items()} for job in jobs
    ]
    found = play([tpu_script()] * len(jobs), designs, tmp_path / "bench", stop=True)
    assert found[0] == []
    survived = [job.fault for job, problems in zip(jobs, found, strict=True) if job and not problems]
    assert survived == []
