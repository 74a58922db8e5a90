"""The composer: only what the design uses, clean under three tools for any legal spec."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tpugen.rtl_templates import instantiated_modules
from tpugen.spec import DesignSpec, contract_for, spec_from_dict
from tpugen.writers.composer import compose
from tpugen.writers.files import write_files


def spec(**fields: object) -> DesignSpec:
    return spec_from_dict({"kind": "systolic_array", **fields})


@st.composite
def specs(draw: st.DrawFn) -> DesignSpec:
    kind = draw(st.sampled_from(["adder", "multiplier", "mac", "systolic_array"]))
    width = st.integers(2, 32)
    fields: dict[str, object] = {"kind": kind, "signed": draw(st.booleans())}
    if kind == "adder":
        return spec_from_dict({**fields, "width_bits": draw(width)})
    activation, weight = draw(width), draw(width)
    fields |= {"activation_width_bits": activation, "weight_width_bits": weight}
    if kind != "multiplier":
        fields["accumulator_width_bits"] = draw(st.integers(activation + weight, 128))
    if kind == "systolic_array":
        fields |= {
            "rows": draw(st.integers(1, 19)),
            "cols": draw(st.integers(1, 4)),
            "dataflow": draw(st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"])),
        }
    return spec_from_dict(fields)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(design=specs())
def test_any_legal_spec_composes_clean(design: DesignSpec, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("rtl")
    files = compose(design)
    contract = contract_for(design)
    assert files[-1].name == f"{contract.module}.v"
    paths = [path.name for path in write_files(files, folder)]
    for command in (
        ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", contract.module, *paths],
        ["verilator", "--lint-only", "-Wall", "--top-module", contract.module, *paths],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": 3, "cols": 5},
        {"dataflow": "weight_stationary"},
        {"dataflow": "input_stationary"},
        {"rows": 1, "cols": 1},
    ],
)
def test_holds_only_what_the_design_uses(fields: dict[str, object]) -> None:
    files = {file.name.removesuffix(".v"): file for file in compose(spec(**fields))}
    used = {name for file in files.values() for name in instantiated_modules(file.text)}
    top = list(files)[-1]
    assert set(files) - {top} == used
    assert not any("`define" in file.text or "`ifdef" in file.text for file in files.values())


def test_provenance() -> None:
    writers = {file.name: file.writer for file in compose(spec())}
    assert writers["array_output_stationary.v"] == "library"
    assert writers["pe_output_stationary.v"] == "composer"
    assert writers["systolic_array_os_8x8_s8xs8_acc32.v"] == "composer"


def test_is_deterministic() -> None:
    assert compose(spec(rows=5)) == compose(spec(rows=5))


def test_dataflow_decides_which_operand_rests() -> None:
    weights = {file.name: file.text for file in compose(spec(dataflow="weight_stationary"))}
    inputs = {file.name: file.text for file in compose(spec(dataflow="input_stationary"))}
    assert ".weight_i     (stationary_q)" in weights["pe_operand_stationary.v"]
    assert ".activation_i (stationary_q)" in inputs["pe_operand_stationary.v"]
