"""Mass checks of arithmetic units: they find planted faults, and the library passes a share of the full check."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.errors import ToolFailedError
from tpugen.verif.unit_configurations import (
    UnitConfiguration,
    every_parameter,
    full_corpus,
    quick_corpus,
    some_parameters,
    units,
)
from tpugen.verif.unit_equivalence import UnitCheck, check_units, rtl_of
from tpugen.verif.unit_harness import harness_text
from tpugen.verif.unit_simulators import SimulatorName
from tpugen.verif.unit_vectors import VectorPlan, corners, vectors_for

needs_verilator = pytest.mark.skipif(
    shutil.which("verilator") is None or shutil.which("g++") is None, reason="needs Verilator and a C++ compiler"
)
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")

ALL_LINTERS = ("icarus", "verilator", "yosys")


@pytest.fixture(scope="module")
def kept_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(autouse=True)
def _one_runtime(kept_runtime: Path, monkeypatch: pytest.MonkeyPatch, _private_user_folders: None) -> None:
    """Verilator's runtime is compiled once, not once a test."""
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(kept_runtime))


def unit(role: str, family: str, widths: tuple[int, ...], signed: bool = True, **parameters: int) -> UnitConfiguration:
    return UnitConfiguration.model_validate(
        {"role": role, "family": family, "widths_bits": widths, "signed": signed, "parameters": parameters}
    )


# --- what is checked --------------------------------------------------------------------------------------------------


def test_the_full_corpus_has_every_legal_parameter_at_8_bits_and_every_family_everywhere() -> None:
    corpus = {configuration.name: configuration for configuration in full_corpus()}
    for families, widths in ((ADDERS, (8,)), (MULTIPLIERS, (8, 8))):
        for family in families.values():
            for signed in (True, False):
                for parameters in every_parameter(family, widths):
                    for structure in (None, *family.structures):
                        wanted = UnitConfiguration(
                            role=family.role, family=family.name, structure=structure, widths_bits=widths,
                            signed=signed, parameters=parameters,
                        )  # fmt: skip
                        assert wanted.name in corpus
    assert not [name for name, configuration in corpus.items() if configuration.problems()]
    widths_of = {
        (configuration.role, configuration.family, configuration.widths_bits) for configuration in corpus.values()
    }
    for name in MULTIPLIERS:
        assert ("multiplier", name, (32, 7)) in widths_of
        assert ("multiplier", name, (8, 16)) in widths_of
    for name in ADDERS:
        assert ("adder", name, (128,)) in widths_of
        assert ("adder", name, (48,)) in widths_of
    assert ("multiplier", "drum", (3, 5)) in widths_of
    assert {configuration.family for configuration in quick_corpus()} == {*ADDERS, *MULTIPLIERS}


def test_some_parameters_are_both_ends_and_the_default() -> None:
    values = [parameters["k"] for parameters in some_parameters(MULTIPLIERS["drum"], (16, 8))]
    low, high = MULTIPLIERS["drum"].parameters[0].bounds(16, 8)
    assert values[0] == low
    assert values[-1] == high
    assert MULTIPLIERS["drum"].parameters[0].default_for(16, 8) in values
    assert len(values) >= 3
    at_two_bits = list(some_parameters(MULTIPLIERS["drum"], (2, 2)))
    assert at_two_bits == [{"k": 2}]
    assert list(some_parameters(MULTIPLIERS["rad"], (3, 3))) == []


def test_names_tell_units_apart() -> None:
    corpus = full_corpus()
    assert len({configuration.name for configuration in corpus}) == len(corpus)
    assert unit("multiplier", "drum", (8, 5), k=4).name == "multiplier drum 8x5 signed k=4"
    booth = UnitConfiguration(
        role="multiplier", family="exact", structure="booth_radix4", widths_bits=(4, 4), signed=False
    )
    assert (booth.name, booth.module) == ("multiplier exact/booth_radix4 4x4 unsigned", "multiplier_booth_radix4")
    assert unit("adder", "loa", (8,), k=2).result_width_bits == 9


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_few_pairs_are_all_run() -> None:
    vectors = vectors_for(3, 5, VectorPlan())
    pairs = set(zip(vectors.a.tolist(), vectors.b.tolist(), strict=True))
    assert vectors.exhaustive
    assert pairs == {(a, b) for a in range(8) for b in range(32)}
    assert vectors_for(8, 8, VectorPlan()).a.size == 65536


@pytest.mark.parametrize("width", [9, 32, 48, 64, 128])
def test_corners_hold_what_breaks_units(width: int) -> None:
    found = set(corners(width).tolist())
    assert {0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1} <= found
    assert {1 << bit for bit in range(width)} <= found
    assert {int(("01" * width)[-width:], 2), int(("10" * width)[-width:], 2)} <= found


@pytest.mark.parametrize(("a_width", "b_width"), [(16, 8), (32, 32), (48, 48), (128, 128)])
def test_random_operands_are_seeded_fit_and_have_every_magnitude(a_width: int, b_width: int) -> None:
    plan = VectorPlan(random=20_000, random_wide=20_000, seed=7)
    vectors, again, other = (
        vectors_for(a_width, b_width, plan),
        vectors_for(a_width, b_width, plan),
        vectors_for(a_width, b_width, VectorPlan(random=20_000, random_wide=20_000, seed=8)),
    )
    first, second = corners(a_width), corners(b_width)
    assert vectors.a.size == first.size * second.size + 20_000
    assert vectors.a.tolist() == again.a.tolist()
    assert vectors.b.tolist() != other.b.tolist()
    pairs = set(zip(vectors.a.tolist(), vectors.b.tolist(), strict=True))
    assert {(a, b) for a in first.tolist() for b in second.tolist()} <= pairs
    for values, width in ((vectors.a, a_width), (vectors.b, b_width)):
        drawn = values[-20_000:].tolist()
        assert 0 <= min(drawn) <= max(drawn) < 1 << width
        lengths = {value.bit_length() for value in drawn}
        assert lengths >= set(range(1, width + 1))  # leading ones everywhere
        assert {((1 << width) - 1 - value).bit_length() for value in drawn} >= set(range(1, width))  # small negatives
        ones = np.array([[value >> bit & 1 for bit in range(width)] for value in drawn[:2000]]).mean(axis=0)
        assert ones.min() > 0.2
        assert ones.max() < 0.8


# --- planted faults ---------------------------------------------------------------------------------------------------

ADDER = """\
module adder_loa #(
  parameter integer Width = 8,
  parameter integer Signed = 1,
  parameter integer K = 4
) (
  input  wire [Width-1:0] a_i,
  input  wire [Width-1:0] b_i,
  output wire [Width:0]   sum_o
);
  wire a_sign = (Signed != 0) && a_i[Width-1];
  wire b_sign = (Signed != 0) && b_i[Width-1];
  wire carry  = a_i[K-1] && b_i[K-1];
  assign sum_o[Width:K] = {a_sign, a_i[Width-1:K]} + {b_sign, b_i[Width-1:K]} + {{(Width-K){1'b0}}, carry};
  assign sum_o[K-1:0]   = a_i[K-1:0] | b_i[K-1:0];
endmodule
"""
MULTIPLIER = """\
module multiplier_exact #(
  parameter integer ActivationWidth = 8,
  parameter integer WeightWidth = 8,
  parameter integer Signed = 1
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);
  localparam integer ProductWidth = ActivationWidth + WeightWidth;
  wire a_sign = (Signed != 0) && activation_i[ActivationWidth-1];
  wire b_sign = (Signed != 0) && weight_i[WeightWidth-1];
  wire [ProductWidth-1:0] a = {{WeightWidth{a_sign}}, activation_i};
  wire [ProductWidth-1:0] b = {{ActivationWidth{b_sign}}, weight_i};
  assign product_o = (a * b) << 0;
endmodule
"""
FAULTS = {
    "dropped carry": (ADDER, "a_i[K-1] && b_i[K-1]", "1'b0 && a_i[K-1] && b_i[K-1]"),
    "carry from the wrong bit": (ADDER, "a_i[K-1] && b_i[K-1]", "a_i[K-1] && b_i[0]"),
    "lost top bit": (ADDER, "assign sum_o[Width:K] =", "assign sum_o[Width] = a_sign;\n  assign sum_o[Width-1:K] ="),
    "wrong shift": (MULTIPLIER, "<< 0", "<< 1"),
    "forced zero": (MULTIPLIER, "(a * b)", "((weight_i == {WeightWidth{1'b1}}) ? {ProductWidth{1'b0}} : a * b)"),
    "unsigned core used signed": (MULTIPLIER, "(Signed != 0) && activation_i", "(Signed > 1) && activation_i"),
    "most negative operand": (MULTIPLIER, "(Signed != 0) && weight_i[WeightWidth-1]",
                              "(Signed != 0) && weight_i[WeightWidth-1] && (|weight_i[WeightWidth-2:0])"),
    "one pair of all": (MULTIPLIER, "<< 0",
                        "^ {{(ProductWidth-1){1'b0}}, (activation_i == {ActivationWidth{1'b1}}) && (&weight_i)}"),
}  # fmt: skip
VICTIMS = (
    unit("adder", "loa", (5,), k=2),
    unit("adder", "loa", (5,), signed=False, k=2),
    unit("multiplier", "exact", (5, 4)),
    unit("multiplier", "exact", (4, 5), signed=False),
)


def planted(text: str, found: str, replaced: str) -> dict[str, str]:
    assert text.count(found) == 1
    name = "adder_loa" if text is ADDER else "multiplier_exact"
    return {name: text.replace(found, replaced)}


@pytest.mark.parametrize("simulator", [pytest.param("verilator", marks=needs_verilator), "icarus"])
@needs_icarus
def test_units_without_a_fault_pass(simulator: SimulatorName, tmp_path: Path) -> None:
    sources = {"adder_loa": ADDER, "multiplier_exact": MULTIPLIER}
    checks = check_units(VICTIMS, tmp_path, simulator=simulator, sources=sources)
    assert [check.verdict for check in checks] == ["pass"] * 4, [check.findings for check in checks]
    assert [check.vectors for check in checks] == [1024, 1024, 512, 512]
    assert all(check.exhaustive for check in checks)


@pytest.mark.parametrize("fault", FAULTS)
@needs_icarus
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    checks = check_units(VICTIMS, tmp_path, simulator="icarus", sources=planted(*FAULTS[fault]))
    hit = {check.unit.role for check in checks if check.mismatch_count}
    assert hit == {"adder" if FAULTS[fault][0] is ADDER else "multiplier"}


@needs_verilator
def test_the_compiled_simulation_finds_the_same_faults_as_icarus(tmp_path: Path) -> None:
    for index, fault in enumerate(("wrong shift", "one pair of all", "unsigned core used signed")):
        sources = planted(*FAULTS[fault])
        fast, slow = (
            check_units(VICTIMS, tmp_path / f"{index}{name}", simulator=name, sources=sources)
            for name in ("verilator", "icarus")
        )
        assert [check.mismatches for check in fast] == [check.mismatches for check in slow]
        assert [check.mismatch_count for check in fast] == [check.mismatch_count for check in slow]


@needs_verilator
def test_a_mismatch_says_operands_expected_and_got(tmp_path: Path) -> None:
    (check,) = check_units([VICTIMS[2]], tmp_path, sources=planted(*FAULTS["one pair of all"]))
    assert check.verdict == "fail"
    assert check.mismatch_count == 1
    (mismatch,) = check.mismatches
    assert (mismatch.a, mismatch.b, mismatch.expected, mismatch.got) == (-1, -1, 1, 0)
    assert mismatch.bits == "000000000"
    assert [finding.one_line() for finding in check.findings] == [
        "multiplier_exact.v:1: error [units/mismatch] multiplier exact 5x4 signed: 1 of 512 results differ from the "
        "model: -1 x -1: expected 1, got 0 (0b000000000)"
    ]


UNDRIVEN = MULTIPLIER.replace("assign product_o = (a * b) << 0", "assign product_o[ProductWidth-2:0] = a * b")


@needs_verilator
def test_an_undriven_bit_is_refused_by_the_tools_and_random_in_simulation(tmp_path: Path) -> None:
    (check,) = check_units([VICTIMS[2]], tmp_path, sources={"multiplier_exact": UNDRIVEN})
    assert check.verdict == "fail"
    assert "verilator-undriven" in {finding.rule for finding in check.findings}


@needs_icarus
def test_an_undriven_bit_is_unknown_under_icarus(tmp_path: Path) -> None:
    (check,) = check_units([VICTIMS[2]], tmp_path, simulator="icarus", sources={"multiplier_exact": UNDRIVEN})
    assert check.mismatch_count == 512
    assert check.mismatches[0].got is None
    assert check.mismatches[0].one_line(check.unit) == "0 x 0: expected 0, got unknown bits (0bz00000000)"


@needs_verilator
def test_a_unit_that_tools_refuse_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    broken = MULTIPLIER.replace("a_sign = (Signed", "a_sign = (Singed")
    checks = check_units(VICTIMS, tmp_path, sources={"multiplier_exact": broken})
    assert [check.verdict for check in checks] == ["pass", "pass", "fail", "fail"]
    for check in checks[2:]:
        assert check.vectors == 0
        assert any("Singed" in finding.message and check.unit.name in finding.message for finding in check.findings)


@needs_verilator
def test_a_warning_refuses_only_the_units_that_it_is_about(tmp_path: Path) -> None:
    narrow = ADDER.replace("a_i[K-1:0] | b_i[K-1:0]", "a_i[Width-1:0] | b_i[Width-1:0]")
    checks = check_units(VICTIMS, tmp_path, sources={"adder_loa": narrow})
    assert [check.verdict for check in checks] == ["fail", "fail", "pass", "pass"]
    assert all(check.mismatch_count == 0 and check.vectors == 1024 for check in checks[:2])  # simulated all the same
    assert {finding.rule for finding in checks[0].findings} == {"verilator-width"}


@needs_verilator
@pytest.mark.skipif(shutil.which("yosys") is None, reason="needs Yosys")
def test_other_linters_refuse_units_too(tmp_path: Path) -> None:
    latch = ADDER.replace(
        "assign sum_o[K-1:0]   = a_i[K-1:0] | b_i[K-1:0];",
        "assign sum_o[K-1:0]   = a_i[K-1:0] | b_i[K-1:0] | {K{held && !held}};\n  wire held = a_sign ? b_sign : held;",
    )
    (check,) = check_units(VICTIMS[:1], tmp_path, sources={"adder_loa": latch}, linters=ALL_LINTERS)
    assert {finding.rule for finding in check.findings} == {"yosys-combinational-loop"}


def test_units_that_do_not_exist_or_are_illegal_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("tpugen.arithmetic.multipliers.drum")
    missing = UnitConfiguration(role="adder", family="exact", structure="abacus", widths_bits=(4,), signed=True)
    checks = check_units(
        [missing, unit("multiplier", "dsm", (4, 4), k=9), unit("multiplier", "drum", (4, 4), k=2)],
        tmp_path,
        simulator="icarus",
    )
    assert [check.verdict for check in checks] == ["fail"] * 3
    assert [check.findings[0].rule for check in checks] == ["no-rtl", "illegal", "no-model"]
    assert checks[0].findings[0].message == "adder exact/abacus 4 signed: the library holds no module 'adder_abacus'"
    assert "9 is outside 2..4" in checks[1].findings[0].message
    assert checks[2].findings[0].message == (
        "multiplier drum 4x4 signed k=2: there is no model of multiplier family 'drum'"
    )


@needs_icarus
def test_a_result_that_the_port_cannot_carry_is_a_mismatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is one too wide: its bits are right modulo the port's width, its numbers are not."""
    import tpugen.arithmetic.adders as adders

    exact = adders.exact
    monkeypatch.setattr(adders, "exact", lambda a, b, width, signed: exact(a, b, width, signed) + (2 << width))
    (check,) = check_units([unit("adder", "exact", (4,))], tmp_path, simulator="icarus")
    assert check.mismatch_count == 256


@needs_icarus
def test_a_simulation_that_breaks_is_no_verdict(tmp_path: Path) -> None:
    ending = ADDER.replace("endmodule", "  initial #5 $finish;\nendmodule")
    with pytest.raises((ToolFailedError, ValueError)):
        check_units(VICTIMS[:1], tmp_path, simulator="icarus", sources={"adder_loa": ending})


def test_the_harness_puts_narrow_units_on_the_low_bits() -> None:
    text = harness_text([unit("adder", "loa", (5,), k=2), unit("multiplier", "drum", (8, 3), signed=False, k=2)])
    assert "input  wire [7:0] a_i" in text
    assert "input  wire [4:0] b_i" in text
    assert ".a_i   (a_i[4:0])," in text
    assert ".weight_i     (b_i[2:0])," in text
    assert "output wire [10:0] unit1_o" in text
    assert set(rtl_of(unit("adder", "loa", (5,), k=2))) == {"adder_loa", "upper_part_adder"}


# --- the library ------------------------------------------------------------------------------------------------------


def explain(checks: list[UnitCheck]) -> str:
    return "\n".join(finding.one_line() for check in checks for finding in check.findings)


SMALL = [*units("adder", (5,), every=True), *units("multiplier", (5, 4), every=True)]
EIGHT = [*units("adder", (8,), every=False), *units("multiplier", (8, 8), every=False)]


@needs_verilator
@pytest.mark.parametrize("share", range(4))
def test_every_unit_agrees_with_its_model_at_5_by_4_bits(share: int, tmp_path: Path) -> None:
    """All families and structures, all legal parameters, signed and unsigned, all operand pairs, all linters."""
    chosen = SMALL[share::4]
    checks = check_units(chosen, tmp_path, linters=ALL_LINTERS)
    assert all(check.verdict == "pass" for check in checks), explain(checks)
    assert all(check.exhaustive and check.vectors in (512, 1024) for check in checks)


@needs_verilator
@pytest.mark.parametrize("share", range(3))
def test_every_family_agrees_with_its_model_at_8_bits(share: int, tmp_path: Path) -> None:
    """Both ends and the default of every parameter, all 65,536 pairs."""
    checks = check_units(EIGHT[share::3], tmp_path)
    assert all(check.verdict == "pass" for check in checks), explain(checks)
    assert all(check.exhaustive and check.vectors == 65536 for check in checks)


@needs_verilator
def test_wide_unequal_units_agree_on_a_million_vectors(tmp_path: Path) -> None:
    chosen = [unit("multiplier", "drum", (24, 7), signed=signed, k=5) for signed in (True, False)]
    checks = check_units(chosen, tmp_path)
    assert all(check.verdict == "pass" for check in checks), explain(checks)
    assert all(check.vectors > 1_000_000 and not check.exhaustive for check in checks)


@needs_verilator
def test_every_adder_agrees_at_the_width_of_wide_accumulators(tmp_path: Path) -> None:
    chosen = [*units("adder", (128,), every=False, signs=[True])][::3]
    checks = check_units(chosen, tmp_path, plan=VectorPlan(random_wide=1000))
    assert all(check.verdict == "pass" for check in checks), explain(checks)


@needs_icarus
def test_icarus_agrees_too(tmp_path: Path) -> None:
    chosen = [*units("adder", (3,), every=True), *units("multiplier", (3, 4), every=False)]
    checks = check_units(chosen, tmp_path, simulator="icarus")
    assert all(check.verdict == "pass" for check in checks), explain(checks)
