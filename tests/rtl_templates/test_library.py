"""The Verilog library: cards tell the truth, every module is clean under three tools, closures are closed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.rtl_checks import assert_clean_under_three_tools, assert_refused_by_name, write_sources

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.errors import UnknownNameError
from tpugen.rtl_templates import dependency_closure, instantiated_modules, load_library
from tpugen.rtl_templates.library import ROOMS, library_folder

LIBRARY = load_library()

_PARAMETER = re.compile(r"^\s*parameter integer (\w+) = (\w+),?$", re.MULTILINE)
_PORT = re.compile(r"^\s*(input|output)\s+wire\s+(?:\[(.+?):0\]\s+)?(\w+),?$", re.MULTILINE)


def _header(source: str) -> str:
    return source[: source.index("\n);")]


def _width(upper: str | None) -> str:
    """`N-1` -> `N`, `Width` -> `Width+1`, nothing -> `1`."""
    if upper is None or upper == "":
        return "1"
    return upper.removesuffix("-1") if upper.endswith("-1") else f"{upper}+1"


def _written(name: str, folder: Path) -> list[str]:
    """A module with its dependencies, as files."""
    return write_sources({used: LIBRARY[used].source for used in dependency_closure([name])}, folder)


def test_every_verilog_file_has_a_card_and_every_card_a_file() -> None:
    stems = {
        path.name.split(".")[0]
        for room in ROOMS
        for path in (library_folder() / room).iterdir()
        if path.name.endswith((".v", ".v.j2"))
    }
    cards = {path.stem for room in ROOMS for path in (library_folder() / room).glob("*.toml")}
    assert stems == cards == set(LIBRARY)


@pytest.mark.parametrize("name", LIBRARY)
def test_card_matches_the_module(name: str) -> None:
    module = LIBRARY[name]
    header = _header(module.source)
    assert re.search(rf"^module {name}\b", module.source, re.MULTILINE)
    assert [(p.name, p.default) for p in module.card.parameters] == _PARAMETER.findall(header)
    ports = [(name, direction, _width(upper)) for direction, upper, name in _PORT.findall(header)]
    assert [(p.name, p.direction, p.width) for p in module.card.ports] == ports
    assert ports, "a module without ports"
    assert module.source.startswith(f"/// {module.card.summary}\n")


@pytest.mark.parametrize("name", LIBRARY)
def test_style(name: str) -> None:
    source = LIBRARY[name].source
    assert source.count("endmodule") == 1
    assert source.endswith("endmodule\n")
    for number, line in enumerate(source.splitlines(), 1):
        assert len(line) <= 120, f"{name}:{number} is {len(line)} columns wide"
        assert line == line.rstrip(), f"{name}:{number} ends in blanks"
        assert "\t" not in line, f"{name}:{number} holds a tab"
        assert not re.search(r"\b(logic|always_ff|always_comb|typedef|enum)\b", line.split("//")[0])


@pytest.mark.parametrize("name", LIBRARY)
def test_each_module_is_clean_alone(name: str, tmp_path: Path) -> None:
    """Icarus (2005), Verilator -Wall and Yosys take the module with its dependencies, at default parameters."""
    files = _written(name, tmp_path)
    # Verilator does not unroll a recursive top: such a module is linted inside the one that uses it.
    recursive = re.search(rf"^\s+{name} #\(", LIBRARY[name].source, re.MULTILINE) is not None
    assert_clean_under_three_tools(name, {}, files, tmp_path, without="verilator" if recursive else None)


def test_closure_has_dependencies_first() -> None:
    order = dependency_closure(["array_output_stationary", "array_operand_stationary"])
    assert len(order) == len(set(order))
    for position, name in enumerate(order):
        assert set(LIBRARY[name].dependencies) <= set(order[:position])


def test_closure_of_an_unknown_module() -> None:
    with pytest.raises(UnknownNameError) as caught:
        dependency_closure(["flux_capacitor"])
    assert caught.value.message == "the library holds no module 'flux_capacitor'"
    assert "array_output_stationary" in (caught.value.hint or "")


def test_a_recursive_module_does_not_depend_on_itself() -> None:
    assert LIBRARY["carry_save_tree"].dependencies == ()
    assert "carry_save_tree #(" in LIBRARY["carry_save_tree"].source


def test_comments_and_checks_are_no_dependencies() -> None:
    text = (
        "// fifo #(\n"
        "module thing (input wire a_i);\n"
        "  /* ram u_ram ( */\n"
        "  tpugen_error_never u_error ();\n"
        "  real_one #(.W (1)) u_x (.a_i (a_i));\n"
        "  other_one u_y (.a_i (a_i));\n"
        "endmodule\n"
    )
    assert instantiated_modules(text) == ["real_one", "other_one"]


ILLEGAL = [
    ("array_output_stationary", {"Rows": 0}),
    ("array_output_stationary", {"Cols": 257}),
    ("array_operand_stationary", {"Rows": 257}),
    ("multiply_add_exact", {"ActivationWidth": 33}),
    ("multiply_add_exact", {"WeightWidth": 1}),
    ("multiply_add_exact", {"AddendWidth": 15}),
    ("partial_products", {"Signed": 2}),
    ("carry_save_tree", {"Rows": 65}),
    ("adder_exact", {"Width": 129}),
    ("sign_extend", {"OutputWidth": 8}),
    ("token_line", {"Stages": 0}),
    ("multiplier_mitchell", {"ActivationWidth": 33}),
    ("multiplier_roba", {"WeightWidth": 1}),
    ("multiplier_ilm", {"Signed": 2}),
    ("multiplier_alm_loa", {"M": 0}),
    ("multiplier_alm_soa", {"M": 8}),
    ("multiplier_alm_maa3", {"M": 5, "WeightWidth": 5}),
    ("multiplier_dr_alm", {"T": 1}),
    ("multiplier_dr_alm", {"T": 9}),
    ("multiplier_tosam", {"H": 8}),
    ("multiplier_tosam", {"T": 8}),
    ("multiplier_tosam", {"H": -1}),
    ("tosam_core", {"T": 5}),
    ("short_log_encoder", {"ForcedOne": 2}),
    ("rounding_encoder", {"ThreeDown": 2}),
    ("log_words", {"FractionWidth": 6}),
    ("mantissa_shifter", {"MantissaWidth": 24}),
    ("multiplier_ssm", {"M": 0}),
    ("multiplier_ssm", {"M": 6, "WeightWidth": 5}),
    ("multiplier_udm", {"ActivationWidth": 33}),
    ("multiplier_eim", {"WeightWidth": 1}),
    ("multiplier_asm", {"ActivationWidth": 1}),
    ("multiplier_bam", {"Vbl": 15}),
    ("multiplier_bam", {"Vbl": -1}),
    ("multiplier_bam", {"Hbl": 8}),
    ("multiplier_rad", {"K": 3}),
    ("multiplier_rad", {"K": 9}),
    ("multiplier_rad", {"WeightWidth": 3}),
    ("booth_rows", {"Digits": 18}),
    ("booth_rows", {"Offset": 16}),
    ("booth_rows", {"Width": 8}),
    ("partial_product_columns", {"MultiplierWidth": 33}),
    ("partial_product_columns", {"Eager": 2}),
    ("requantise", {"AccumulatorWidth": 65}),
    ("requantise", {"AccumulatorWidth": 7}),
    ("requantise", {"MultiplierWidth": 0}),
    ("requantise", {"OutputWidth": 33}),
    ("requantise", {"Signed": 2}),
    ("absmax_quantise", {"MaxLength": 1}),
    ("softmax", {"MaxLength": 16385}),
    ("rms_norm", {"OutputFraction": 16}),
    ("layer_norm", {"OutputFraction": -1}),
    ("saturating_adder", {"Width": 1}),
    ("gain_scale", {"ElementWidth": 49}),
    ("divide_rounded", {"Width": 61}),
    ("divide_rounded", {"QuotientWidth": 17}),
    ("reciprocal_root", {"DenominatorWidth": 65}),
    ("reciprocal_root", {"NumeratorWidth": 39}),
    ("reciprocal_root", {"Steps": 64}),
    ("vector_reader", {"Length": 1}),
    ("operator_counters", {"Operators": 33}),
    ("decoder_sequencer", {"Gated": 2}),
    ("layer_settings", {"Matrices": 9}),
    ("program_address", {"Words": 0}),
    ("program_address", {"CrossbarRows": 1}),
    ("norm_stage", {"LayerNorm": 2}),
    ("hidden_stage", {"SquaredRelu": -1}),
    ("hidden_stage", {"Gated": 2}),
    ("pim_llm", {"Heads": 3}),
    ("pim_llm", {"KvHeads": 3}),
    ("pim_llm", {"D": 1}),
    ("pim_llm", {"FeedForward": 16385}),
    ("pim_llm", {"Context": 0}),
    ("memory", {"Depth": 1}),
    ("memory", {"Depth": 1048577, "Width": 1}),
    ("memory", {"Width": 8, "Lanes": 3}),
    ("memory", {"Lanes": 0}),
    ("memory", {"MacroBits": 0}),
    ("sram", {"Depth": 1}),
    ("sram", {"Width": 8, "Lanes": 16}),
]
ILLEGAL += [
    (f"multiplier_{name}", illegal)
    for name in ("ssm", "udm", "eim", "asm", "bam", "rad", *MULTIPLIERS["exact"].structures)
    for illegal in ({"ActivationWidth": 33}, {"WeightWidth": 33}, {"Signed": 2})
]
ILLEGAL += [
    (f"adder_{name}", illegal)
    for name, family in ADDERS.items()
    for k in family.parameters
    for illegal in ({"K": k.minimum - 1}, {"K": 8}, {"Width": 129}, {"Signed": 2})
]
ILLEGAL += [
    (f"adder_{structure}", illegal)
    for structure in ("exact", *ADDERS["exact"].structures)
    for illegal in ({"Width": 0}, {"Width": 129}, {"Signed": 2})
]


@pytest.mark.parametrize(("name", "parameters"), ILLEGAL)
def test_illegal_parameters_are_refused_by_name(name: str, parameters: dict[str, int], tmp_path: Path) -> None:
    """Elaboration stops at an undefined module whose name says what is wrong."""
    assert_refused_by_name(name, parameters, _written(name, tmp_path), tmp_path)
