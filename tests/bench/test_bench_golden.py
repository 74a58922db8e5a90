"""Golden formulas against published figures and the product's models; the golden check against right and wrong RTL."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.bench.golden import check, golden_check
from tpugen.bench.golden.adders import ADDERS as GOLDEN_ADDERS
from tpugen.bench.golden.adders import add
from tpugen.bench.golden.designs import wrap
from tpugen.bench.golden.multipliers import MULTIPLIERS as GOLDEN_MULTIPLIERS
from tpugen.bench.golden.multipliers import multiply
from tpugen.flows.process import Limits
from tpugen.spec import DesignSpec, contract_for, spec_from_dict
from tpugen.writers.composer import compose

SOURCES = Path(__file__).resolve().parents[2] / "tpugen" / "bench" / "golden"
FOREIGN = re.compile(r"tpugen\.(arithmetic|verif|writers|rtl_templates)|numpy")


# -- formulas -------------------------------------------------------------------------------------------------------


def test_it_shares_nothing_with_what_it_checks() -> None:
    for file in SOURCES.glob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert not [name for name in imported if FOREIGN.match(name)]
    assert set(GOLDEN_ADDERS) == set(ADDERS) - {"exact"}
    assert set(GOLDEN_MULTIPLIERS) | {"exact", "rad"} == set(MULTIPLIERS)


@pytest.mark.parametrize(
    ("family", "error_rate", "mean", "worst"),
    [("loa", 0.6836, 2.875, 8), ("heaa", 0.5781, 1.750, 7), ("herloa", 0.5078, 1.156, 7)],
)
def test_published_errors_of_adders(family: str, error_rate: float, mean: float, worst: int) -> None:
    distances = [abs(add(family, a, b, 4) - a - b) for a in range(256) for b in range(256)]
    assert sum(distance > 0 for distance in distances) / 65536 == pytest.approx(error_rate, abs=5e-5)
    assert sum(distances) / 65536 == pytest.approx(mean, abs=5e-4)
    assert max(distances) == worst


@pytest.mark.parametrize(
    ("family", "parameters", "published"),
    [("udm", {}, 0.0328), ("mitchell", {}, 0.0377), ("roba", {}, 0.029), ("drum", {"k": 4}, 0.0589)],
)
def test_published_relative_errors_of_multipliers(family: str, parameters: dict[str, int], published: float) -> None:
    rows = range(1, 256, 1 if family == "udm" else 3)
    errors = [abs(multiply(family, a, b, 8, 8, parameters) - a * b) / (a * b) for a in rows for b in range(1, 256)]
    # UDM's figure is of 8-bit operands; the others are of 16 bits, of which 8 are a little kinder.
    assert sum(errors) / len(errors) == pytest.approx(published, rel=0.02 if family == "udm" else 0.12)


@pytest.mark.parametrize("family", list(MULTIPLIERS))
def test_multipliers_agree_with_the_models(family: str) -> None:
    unit, source = MULTIPLIERS[family], random.Random(family)
    for widths in ((8, 8), (7, 12)):
        for signed in (False, True):
            parameters = {p.name: source.choice(p.values(*widths)) for p in unit.parameters}
            operands = [[source.getrandbits(n) >> source.randrange(n) for _ in range(400)] for n in widths]
            a, b = ([wrap(x, n, signed) for x in row] for row, n in zip(operands, widths, strict=True))
            expected = unit.model(np.array(a), np.array(b), *widths, signed, **parameters).tolist()
            found = [multiply(family, x, y, *widths, parameters) for x, y in zip(a, b, strict=True)]
            assert [wrap(x, sum(widths), signed) for x in found] == expected, (widths, signed, parameters)


@pytest.mark.parametrize("family", list(ADDERS))
def test_adders_agree_with_the_models(family: str) -> None:
    unit, source = ADDERS[family], random.Random(family)
    for width in (8, 13):
        for signed in (False, True):
            parameters = {p.name: source.choice(p.values(width)) for p in unit.parameters}
            a, b = ([wrap(source.getrandbits(width), width, signed) for _ in range(400)] for _ in range(2))
            expected = unit.model(np.array(a), np.array(b), width, signed, **parameters).tolist()
            found = [add(family, x, y, **parameters) for x, y in zip(a, b, strict=True)]
            assert [wrap(x, width + 1, signed) for x in found] == expected


# -- the check ------------------------------------------------------------------------------------------------------

ADDER = spec_from_dict({"kind": "adder", "width_bits": 6, "adder": {"family": "loa", "k": 3}})
MULTIPLIER = spec_from_dict({"kind": "multiplier", "activation_width_bits": 6, "weight_width_bits": 5})
MAC = spec_from_dict({"kind": "mac", "multiplier": {"family": "drum", "k": 3}, "accumulator_width_bits": 20})
OUTPUTS = spec_from_dict({"kind": "systolic_array", "rows": 3, "cols": 2})
WEIGHTS = spec_from_dict({"kind": "systolic_array", "rows": 2, "cols": 3, "dataflow": "weight_stationary"})
INPUTS = spec_from_dict(
    {"kind": "systolic_array", "rows": 3, "cols": 2, "dataflow": "input_stationary", "weight_width_bits": 4,
     "signed": False, "adder": {"family": "seta", "k": 4}}
)  # fmt: skip


def _rules(spec: DesignSpec, texts: dict[str, str], folder: Path) -> list[str]:
    """Rules of what the golden check finds in these files."""
    files = []
    for name, text in texts.items():
        files.append(folder / name)
        files[-1].write_text(text, encoding="utf-8")
    return [finding.rule for finding in golden_check(spec, files, folder / "golden")]


def _composed(spec: DesignSpec) -> dict[str, str]:
    return {file.name: file.text for file in compose(spec)}


def _with_body(spec: DesignSpec, body: str) -> dict[str, str]:
    """A top module with the contract's ports and this body."""
    contract = contract_for(spec)
    ports = ",\n  ".join(port.declaration() for port in contract.ports)
    return {"top.v": f"module {contract.module} (\n  {ports}\n);\n{body}\nendmodule\n"}


TENSOR = spec_from_dict(
    {"kind": "tpu", "rows": 3, "cols": 2, "operand_depth": 4, "multiplier_width_bits": 16, "unsigned_activations": True}
)
TILE = spec_from_dict(
    {"kind": "pim_tile", "rows": 20, "cols": 9, "crossbar_rows": 8, "crossbar_cols": 4, "adc_bits": 3,
     "columns_per_adc": 3, "zero_skipping": True, "input_lanes": 3, "output_lanes": 2}
)  # fmt: skip


@pytest.mark.parametrize("spec", [ADDER, MULTIPLIER, MAC, OUTPUTS, WEIGHTS, INPUTS, TENSOR, TILE], ids=lambda s: s.kind)
def test_right_rtl_passes(spec: DesignSpec, tmp_path: Path) -> None:
    assert _rules(spec, _composed(spec), tmp_path) == []


TOP = "top"


@pytest.mark.parametrize(
    ("spec", "file", "right", "wrong"),
    [
        (TILE, TOP, ".AdcBits         (3)", ".AdcBits         (4)"),
        (TILE, TOP, ".ZeroSkipping    (1)", ".ZeroSkipping    (0)"),
        (TILE, TOP, ".ColumnsPerAdc   (3)", ".ColumnsPerAdc   (4), .NoiseSigma (256)"),
        (TENSOR, "tpu_result_lane.v", "{15'd0, root} * {15'd0, root}", "{15'd0, root} + {15'd0, root}"),
        (TENSOR, "tpu_sequencer.v", "keep_a ? 16'd1 : size_n_i", "size_n_i"),
        (TENSOR, "tpu_result_lane.v", "rectified_q <= rectified;", "rectified_q <= 0;"),
    ],
)
def test_wrong_accelerators_are_refused(spec: DesignSpec, file: str, right: str, wrong: str, tmp_path: Path) -> None:
    texts = _composed(spec)
    name = f"{contract_for(spec).module}.v" if file == TOP else file
    if "NoiseSigma" in wrong:
        texts[name] = texts[name].replace(".NoiseSigma      (0),\n", "")
    assert right in texts[name]
    changed = texts | {name: texts[name].replace(right, wrong)}
    assert {*_rules(spec, changed, tmp_path)} & {"mismatch", "hang", "extra", "unknown"}


def test_a_noisy_tile_has_no_second_opinion_and_that_is_said(tmp_path: Path) -> None:
    (finding,) = golden_check(spec_from_dict({"kind": "pim_tile", "noise": {"sigma": 5}}), [], tmp_path)
    assert (finding.severity, finding.rule) == ("info", "no-second-opinion")
    assert "read noise" in finding.message


def test_another_unit_is_refused(tmp_path: Path) -> None:
    exact = _with_body(ADDER, "assign sum_o = {a_i[5], a_i} + {b_i[5], b_i};")
    assert set(_rules(ADDER, exact, tmp_path)) == {"mismatch"}


def test_one_wrong_pair_of_all_is_refused(tmp_path: Path) -> None:
    body = """wire signed [10:0] right = $signed(activation_i) * $signed(weight_i);
    assign product_o = (activation_i == 6'd37 && weight_i == 5'd19) ? ~right : right;"""
    assert _rules(MULTIPLIER, _with_body(MULTIPLIER, body), tmp_path) == ["mismatch"]


@pytest.mark.parametrize(
    ("spec", "port", "driver"),
    [
        (MAC, "Signed", "0"),
        (MAC, "operand_last_i", "operand_last_i | activation_i[0]"),
        (OUTPUTS, "activation_i", "~activation_i"),
        (OUTPUTS, "result_last_o", ""),
        (OUTPUTS, "result_ready_i", "1'b1"),
        (OUTPUTS, "result_ready_i", "1'b0"),
        (OUTPUTS, "rst_ni", "1'b1"),
        (WEIGHTS, "partial_i", "partial_i << 1"),
        (WEIGHTS, "stream_valid_i", "1'b1"),
        (INPUTS, "stationary_i", "{stationary_i, stationary_i[0]}"),
    ],
)
def test_mutants_are_refused(spec: DesignSpec, port: str, driver: str, tmp_path: Path) -> None:
    """The composer's top level with one connection changed."""
    texts = _composed(spec)
    top = f"{contract_for(spec).module}.v"
    connection = re.search(rf"\.{port}\s*\((\w+)\)", texts[top])
    assert connection is not None, texts[top]
    changed = f".{port} ({driver.replace(port, connection[1])})"
    texts[top] = texts[top].replace(connection[0], changed)
    rules = _rules(spec, texts, tmp_path)
    assert rules and set(rules) <= {"mismatch", "hang", "dropped", "extra", "unknown"}


def test_rtl_cannot_write_its_own_verdict(tmp_path: Path) -> None:
    body = """assign sum_o = 7'd0;
    initial begin $display("golden_0 done 4096 0"); $finish; end"""
    assert _rules(ADDER, _with_body(ADDER, body), tmp_path) == ["no-verdict"]


def test_rtl_that_never_lets_time_pass_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_LIMITS", Limits(wall_s=3.0, cpu_s=3.0, memory_mb=1024, file_mb=8))
    spins = _with_body(ADDER, "reg spin; assign sum_o = {7{spin}}; initial forever spin = ~spin;")
    assert _rules(ADDER, spins, tmp_path) == ["limit"]


def test_rtl_that_does_not_compile_is_a_finding(tmp_path: Path) -> None:
    assert _rules(ADDER, _with_body(ADDER, "assign sum_o = nonsense_i;"), tmp_path) == ["compile"]
