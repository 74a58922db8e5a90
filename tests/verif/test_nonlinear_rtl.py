"""The RTL of the non-linear units against their models: every unit, every number where possible, every fault."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tpugen.arithmetic import nonlinear
from tpugen.arithmetic.nonlinear.latency import UNITS, unit_cycles
from tpugen.arithmetic.nonlinear.softmax import exponent_parts
from tpugen.errors import UnknownNameError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.verif.lint import lint
from tpugen.verif.mutants import Mutant, apply
from tpugen.verif.nonlinear_mutants import NONLINEAR_MUTANTS
from tpugen.verif.nonlinear_streams import CONFIGURATIONS, DRIVEN, configured, driven, scenarios_for
from tpugen.verif.stream_units import Outcome, Scenario, StreamChannel, StreamUnit, run_scenarios

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
LIBRARY = load_library()
PASS_THROUGH = StreamUnit(
    "saturating_adder",
    (StreamChannel("operand", {"a_i": 16, "b_i": 16, "operand_last_i": 1}),),
    StreamChannel("result", {"result_o": 16, "result_last_o": 1}),
)
ONE_BEAT = Scenario("one", {"operand": [(1, 2, 1)]}, [(3, 1)], cycles=2)


def rtl(module: str) -> dict[str, str]:
    return {name: LIBRARY[name].source for name in dependency_closure([module])}


def problems(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.name}: {problem}" for outcome in outcomes for problem in outcome.problems]


# ---------------------------------------------------------------------------------------------------------------------
# Every unit


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_unit_follows_its_model(name: str, tmp_path: Path) -> None:
    """Bit for bit, cycle for cycle: alone, back to back, with pauses, after resets in mid-stream, too long."""
    module = CONFIGURATIONS[name][0]
    scenarios = scenarios_for(name, seed=7)
    outcomes = run_scenarios(configured(name), scenarios, rtl(module), tmp_path, seed=3)
    assert problems(outcomes) == []
    for scenario, outcome in zip(scenarios, outcomes, strict=True):
        if scenario.cut_after is None:
            assert outcome.checked == len(scenario.expected) > 0
    assert sum(outcome.cycles is not None and outcome.cycles > 0 for outcome in outcomes) > 12
    assert sum(scenario.cycles is not None for scenario in scenarios) >= 4


@pytest.mark.parametrize("max_length", [2, 5, 64])
@pytest.mark.parametrize("module", [name for name in DRIVEN if DRIVEN[name].two_passes])
def test_latency_is_the_formula_of_card_and_model(module: str, max_length: int, tmp_path: Path) -> None:
    what, rng = driven(module), np.random.default_rng(max_length)
    scenarios = []
    for length in {1, 2, max_length}:
        beats, expected = what.make(rng, length)
        scenarios.append(Scenario(str(length), beats, expected, cycles=unit_cycles(module, length, max_length)))
    outcomes = run_scenarios(what.unit(module, max_length), scenarios, rtl(module), tmp_path)
    assert problems(outcomes) == []
    formula = LIBRARY[module].card.latency.removesuffix(" cycles")
    for scenario in scenarios:
        text = formula.replace("length", scenario.name).replace("$clog2(MaxLength)", str((max_length - 1).bit_length()))
        assert re.fullmatch(r"[\d+* ]+", text)
        assert eval(text) == scenario.cycles


def test_every_streaming_unit_is_driven_and_has_a_latency() -> None:
    streaming = {
        name
        for name, module in LIBRARY.items()
        if module.room == "nonlinear"
        and {"operand_valid_i", "result_valid_o"} <= {port.name for port in module.card.ports}
    }
    assert streaming == set(DRIVEN) == set(UNITS)
    with pytest.raises(UnknownNameError, match="no non-linear unit is called 'tanh'"):
        driven("tanh")


@pytest.mark.parametrize("max_length", [2, 3, 4096])
def test_units_are_clean_at_other_lengths(max_length: int, tmp_path: Path) -> None:
    """At lengths other than the default one, all in one module."""
    files = []
    names = [name for name in DRIVEN if DRIVEN[name].two_passes]
    for name in dependency_closure(names):
        files.append(tmp_path / f"{name}.v")
        files[-1].write_text(LIBRARY[name].source)
    header, body = [], []
    for name in names:
        card = LIBRARY[name].card
        nets = {port.name: f"{name}_{port.name}" for port in card.ports}
        for port in card.ports:
            width = eval(port.width.replace("$clog2(MaxLength)", str((max_length - 1).bit_length())))
            header.append(f"  {port.direction} wire [{width - 1}:0] {nets[port.name]}")
        connections = ", ".join(f".{port} ({net})" for port, net in nets.items())
        body.append(f"  {name} #(.MaxLength ({max_length})) u_{name} ({connections});")
    top = tmp_path / "all_units.v"
    top.write_text("module all_units (\n" + ",\n".join(header) + "\n);\n" + "\n".join(body) + "\nendmodule\n")
    assert lint([*files, top], "all_units", tmp_path) == []


# ---------------------------------------------------------------------------------------------------------------------
# Every number


def stream(module: str, columns: list[np.ndarray], expected: np.ndarray, folder: Path, **settings: object) -> list[str]:
    """Problems of one long vector without pauses; `settings` replace parts of the unit."""
    unit = configured(module)
    parts = {"module": unit.module, "sinks": unit.sinks, "source": unit.source, "parameters": {}, **settings}
    last = (np.arange(expected.size) == expected.size - 1).astype(int)
    beats = np.stack([*columns, last], axis=-1).tolist()
    results = np.stack([expected, last], axis=-1).tolist()
    scenario = Scenario("all", {"operand": beats}, results, cycles=unit_cycles(module, expected.size, 16384))
    outcomes = run_scenarios(StreamUnit(**parts), [scenario], rtl(module), folder)  # type: ignore[arg-type]
    assert outcomes[0].checked == expected.size or outcomes[0].problems
    return problems(outcomes)


def test_gelu_of_every_number(tmp_path: Path) -> None:
    for part, values in enumerate(np.split(np.arange(-(2**15), 2**15), 4)):
        assert stream("gelu", [values], nonlinear.gelu(values), tmp_path / str(part)) == []


def test_power_of_every_fraction(tmp_path: Path) -> None:
    scores = np.arange(-4096, 4097)
    ceilings, powers = exponent_parts(scores, 1, 0)
    unit = configured("softmax_powers")
    last = (np.arange(scores.size) == scores.size - 1).astype(int)
    beats = np.stack([scores, np.ones_like(scores), np.zeros_like(scores), last], axis=-1).tolist()
    results = np.stack([ceilings, powers, last], axis=-1).tolist()
    outcomes = run_scenarios(unit, [Scenario("all", {"operand": beats}, results)], rtl("softmax_powers"), tmp_path)
    assert problems(outcomes) == []
    assert outcomes[0].checked == scores.size


def test_every_sum_of_two_numbers_of_four_bits(tmp_path: Path) -> None:
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(-8, 8), np.arange(-8, 8)))
    sinks = (StreamChannel("operand", {"a_i": 4, "b_i": 4, "operand_last_i": 1}),)
    source = StreamChannel("result", {"result_o": 4, "result_last_o": 1})
    expected = nonlinear.saturating_add(a, b, width_bits=4)
    assert (
        stream("saturating_adder", [a, b], expected, tmp_path, sinks=sinks, source=source, parameters={"Width": 4})
        == []
    )


@pytest.mark.parametrize(
    ("accumulator", "multiplier", "output", "signed"),
    [(32, 16, 16, 1), (32, 32, 8, 0), (8, 1, 32, 1), (20, 7, 3, 1), (31, 32, 32, 0), (8, 5, 2, 1), (12, 1, 4, 0)],
)
def test_requantise_in_other_formats(
    accumulator: int, multiplier: int, output: int, signed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(accumulator)
    count, reach = 3000, 1 << (accumulator - 1)
    values = rng.integers(-reach, reach, count)
    values[: count // 10] = rng.choice([-reach, reach - 1, 0, 1, -1], count // 10)
    factors = rng.integers(0, 1 << rng.integers(1, multiplier + 1, count))
    shifts = rng.integers(0, min(63, accumulator + multiplier + 4), count)
    offsets = np.where(rng.random(count) < 0.5, 0, rng.integers(-(2**15), 2**15, count))
    sinks = {
        "accumulator_i": accumulator,
        "multiplier_i": multiplier,
        "shift_i": 6,
        "zero_point_i": 16,
        "operand_last_i": 1,
    }
    parameters = {
        "AccumulatorWidth": accumulator, "MultiplierWidth": multiplier, "OutputWidth": output, "Signed": signed,
    }  # fmt: skip
    expected = nonlinear.requantise(values, factors, shifts, zero_point=offsets, width_bits=output, signed=bool(signed))
    found = stream(
        "requantise", [values, factors, shifts, offsets], expected, tmp_path,
        sinks=(StreamChannel("operand", sinks),),
        source=StreamChannel("result", {"result_o": output, "result_last_o": 1}),
        parameters=parameters,
    )  # fmt: skip
    assert found == []


@pytest.mark.parametrize("width", [2, 8, 21, 24])
def test_means_over_sums_of_other_widths(width: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(width)
    sums = rng.integers(0, 1 << rng.integers(1, width + 1, 2000))
    reach = np.minimum(128 * sums + 3, (1 << 31) - 1)
    operands = rng.integers(-reach, reach + 1)
    operands[:200] = rng.choice([-(2**31), 2**31 - 1, 64, -64], 200)
    sinks = (StreamChannel("operand", {"operand_i": 32, "sum_i": width, "operand_last_i": 1}),)
    expected = nonlinear.weighted_mean(operands, sums)
    parameters = {"SumWidth": width}
    assert stream("weighted_mean", [operands, sums], expected, tmp_path, sinks=sinks, parameters=parameters) == []


def test_weights_of_every_exponent(tmp_path: Path) -> None:
    """Each exponent from the greatest down to where nothing is left, in long rows, and the least there is."""
    beats, results = [], []
    for below in np.array_split(np.arange(10 * 4096), 3):
        scores = np.concatenate([[0], -below, [-(2**31)]])
        weights, total = nonlinear.softmax_weights(scores, 1, 0)
        last = (np.arange(scores.size) == scores.size - 1).astype(int)
        beats += np.stack([scores, np.ones_like(scores), np.zeros_like(scores), last], axis=-1).tolist()
        results += np.stack([weights, last, np.cumsum(weights)], axis=-1).tolist()
        assert results[-1] == [0, 1, total]
    unit = driven("softmax_weights").unit("softmax_weights", 16384)
    outcomes = run_scenarios(unit, [Scenario("all", {"operand": beats}, results)], rtl("softmax_weights"), tmp_path)
    assert problems(outcomes) == []
    assert outcomes[0].checked == len(results) == 10 * 4096 + 6
    assert {weight for weight, _, _ in results} == set(range(256))


@pytest.mark.parametrize("norm", ["rms_norm", "layer_norm"])
@pytest.mark.parametrize(("gain_fraction", "output_fraction"), [(0, 15), (15, 0), (7, 3)])
def test_norms_in_other_formats(norm: str, gain_fraction: int, output_fraction: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(gain_fraction)
    formats = {"gain_fraction_bits": gain_fraction, "output_fraction_bits": output_fraction}
    beats: dict[str, list[list[int]]] = {"operand": [], "gain": []}
    expected: list[list[int]] = []
    for length in (16, 3, 9, 16, 16, 16, 16):
        reach = 1 << int(rng.integers(2, 16))
        x, g, b = (rng.integers(-reach, reach, length) for reach in (reach, 2 ** int(rng.integers(1, 16)), 2**15))
        biases = () if norm == "rms_norm" else (b,)
        got = getattr(nonlinear, norm)(x, g, *biases, **formats)
        last = (np.arange(length) == length - 1).astype(int)
        beats["operand"] += np.stack([x, last], axis=-1).tolist()
        beats["gain"] += np.stack([g, *biases, np.full(length, gain_fraction)], axis=-1).tolist()
        expected += np.stack([got, last], axis=-1).tolist()
    unit = driven(norm).unit(norm, 16)
    parameters = {**unit.parameters, "OutputFraction": output_fraction}
    formatted = StreamUnit(norm, unit.sinks, unit.source, parameters, unit.flags)
    outcomes = run_scenarios(formatted, [Scenario("formats", beats, expected)], rtl(norm), tmp_path)
    assert problems(outcomes) == []


# ---------------------------------------------------------------------------------------------------------------------
# Every fault


def _judge(mutant: Mutant | None, carrier: str, folder: Path) -> list[str]:
    files = {f"{name}.v": text for name, text in rtl(CONFIGURATIONS[carrier][0]).items()}
    changed = files if mutant is None else apply(mutant, files)
    sources = {name.removesuffix(".v"): text for name, text in changed.items()}
    found = problems(run_scenarios(configured(carrier), scenarios_for(carrier), sources, folder, stop=True))
    shutil.rmtree(folder)
    return found


@pytest.mark.parametrize("mutant", NONLINEAR_MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.fault}")
def test_every_fault_fits_the_library(mutant: Mutant) -> None:
    files = {f"{name}.v": text for name, text in rtl(CONFIGURATIONS[mutant.design][0]).items()}
    assert apply(mutant, files) != files


def test_the_faults_reach_every_module_of_the_room_and_are_all_different() -> None:
    own = {name for name, module in LIBRARY.items() if module.room == "nonlinear"}
    # `requantise` is wiring alone; what it wires has faults of its own. `memory` lives in another room.
    assert {mutant.module for mutant in NONLINEAR_MUTANTS} == own - {"requantise"} | {"memory"}
    assert len({(m.module, m.found, m.replaced) for m in NONLINEAR_MUTANTS}) == len(NONLINEAR_MUTANTS) >= 60


@pytest.mark.slow
def test_every_fault_is_found(tmp_path: Path) -> None:
    carriers = dict.fromkeys(mutant.design for mutant in NONLINEAR_MUTANTS)
    jobs: list[tuple[Mutant | None, str]] = [(None, carrier) for carrier in carriers]
    jobs += [(mutant, mutant.design) for mutant in NONLINEAR_MUTANTS]

    def judge(job: tuple[int, tuple[Mutant | None, str]]) -> str | None:
        index, (mutant, carrier) = job
        found = _judge(mutant, carrier, tmp_path / str(index))
        if mutant is None:
            return f"{carrier} without a fault: {found[0]}" if found else None
        if not found:
            return f"{mutant.module}: {mutant.fault}: survived"
        refused = "Icarus refused" in found[0]
        return f"{mutant.module}: {mutant.fault}: does not compile: {found[0]}" if refused else None

    with ThreadPoolExecutor(2) as pool:
        assert [said for said in pool.map(judge, enumerate(jobs)) if said] == []


# ---------------------------------------------------------------------------------------------------------------------
# The bench itself


def _broken(sources: Mapping[str, str], module: str, found: str, replaced: str) -> dict[str, str]:
    assert sources[module].count(found) == 1
    return {**sources, module: sources[module].replace(found, replaced)}


@pytest.mark.parametrize(
    ("module", "found", "replaced", "words"),
    [
        ("saturating_adder", "endmodule", "endmodul", "one: Icarus refused the design"),
        ("saturating_adder", ".advance_o (operand_ready_o)", ".advance_o ()", "unknown-ready"),
        ("saturating_adder", "{a_i[Width-1], a_i} +", "{a_i[Width-1], a_i} -", "one: cycle 3: wrong at beat 0"),
        ("stream_tokens", "!valid_o || ready_i", "1'b0", "stuck at beat 0"),
        ("token_line", "line_q <= {Width{1'b0}};", "line_q <= {Width{1'b1}};", "valid-in-reset"),
        ("saturating_adder", "reg  [Width-1:0] result_q;", "reg [Width-1:0] result_q; initial while (1) ;",
         "one: vvp was stopped: it ran longer than 2 s"),
    ],
)  # fmt: skip
def test_the_bench_says_what_is_wrong(
    module: str, found: str, replaced: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tpugen.verif.stream_units._LIMITS", _short_limits())
    sources = _broken(rtl("saturating_adder"), module, found, replaced)
    said = problems(run_scenarios(PASS_THROUGH, [ONE_BEAT], sources, tmp_path))
    assert any(words in text for text in said), said


def _short_limits() -> object:
    from tpugen.flows.process import Limits

    return Limits(wall_s=2, cpu_s=2, memory_mb=2_000, file_mb=10)


def test_the_bench_watches_what_must_outlast_its_beat(tmp_path: Path) -> None:
    keeping = replace(PASS_THROUGH, kept=("result_o",))
    two = Scenario("two", {"operand": [(1, 2, 0), (3, 4, 1)]}, [(3, 0), (7, 1)], stalls={"operand": 0.8})
    said = problems(run_scenarios(keeping, [two], rtl("saturating_adder"), tmp_path))  # it passes noise on
    assert len(said) == 1
    assert "not-kept" in said[0]


def test_the_bench_compares_latency_and_counts(tmp_path: Path) -> None:
    late = Scenario("late", ONE_BEAT.beats, ONE_BEAT.expected, cycles=3)
    more = Scenario("more", {"operand": [(1, 2, 0), (3, 4, 1)]}, [(3, 0)])
    less = Scenario("less", ONE_BEAT.beats, [(3, 1), (4, 1)])
    said = problems(run_scenarios(PASS_THROUGH, [ONE_BEAT, late, more, less], rtl("saturating_adder"), tmp_path))
    assert [text.split(":")[0] for text in said] == ["late", "more", "less"]
    assert said[0] == "late: took 2 cycles instead of 3"
    assert "extra at beat 1: got 10007" in said[1]
    assert "stuck at beat 1" in said[2]
