"""The composer: only what the design uses, clean under three tools for any legal spec."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tpugen.rtl_templates import instantiated_modules, load_library
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


@st.composite
def accelerators(draw: st.DrawFn) -> DesignSpec:
    """Small accelerators, shapes that do not divide array and crossbars among them."""
    kind = draw(st.sampled_from(["tpu", "pim_tile", "pim_llm"]))
    array = {
        "rows": draw(st.integers(2, 18)),
        "cols": draw(st.integers(1, 4)),
        "operand_depth": draw(st.integers(2, 20)),
    }
    if kind == "tpu":
        return spec_from_dict(
            {
                "kind": kind,
                **array,
                "multiplier_width_bits": draw(st.integers(1, 32)),
                "unsigned_activations": draw(st.booleans()),
            }
        )
    crossbars = {
        "kind": kind,
        "crossbar_rows": draw(st.integers(2, 12)),
        "crossbar_cols": draw(st.integers(2, 12)),
        "adc_bits": draw(st.integers(2, 10)),
        "columns_per_adc": draw(st.integers(1, 14)),
        "zero_skipping": draw(st.booleans()),
        "faults": {"stuck_off": draw(st.integers(0, 9)), "seed": draw(st.integers(0, 2**32 - 1))},
        "noise": {"sigma": draw(st.integers(0, 300)), "seed": draw(st.integers(0, 2**32 - 1))},
    }
    if kind == "pim_tile":
        return spec_from_dict(
            {
                **crossbars,
                "rows": draw(st.integers(1, 30)),
                "cols": draw(st.integers(1, 30)),
                "activation_width_bits": draw(st.integers(2, 12)),
                "input_lanes": draw(st.integers(1, 5)),
                "output_lanes": draw(st.integers(1, 5)),
            }
        )
    kv_heads = draw(st.integers(1, 2))
    heads = kv_heads * draw(st.integers(1, 2))
    return spec_from_dict(
        {
            **crossbars,
            **array,
            "d": heads * draw(st.integers(2, 4)),
            "heads": heads,
            "kv_heads": kv_heads,
            "d_ff": draw(st.integers(2, 20)),
            "context": draw(st.integers(1, 9)),
            "gated": draw(st.booleans()),
            "norm": draw(st.sampled_from(["rms_norm", "layer_norm"])),
            "activation": draw(st.sampled_from(["gelu", "relu2"])),
        }
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(design=specs())
def test_any_legal_spec_composes_clean(design: DesignSpec, tmp_path_factory: pytest.TempPathFactory) -> None:
    check_clean(design, tmp_path_factory)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(design=accelerators())
def test_any_legal_accelerator_composes_clean(design: DesignSpec, tmp_path_factory: pytest.TempPathFactory) -> None:
    check_clean(design, tmp_path_factory)


def check_clean(design: DesignSpec, tmp_path_factory: pytest.TempPathFactory) -> None:
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


@pytest.mark.parametrize("kind", ["tpu", "pim_tile", "pim_llm"])
def test_an_accelerator_is_its_library_module_with_every_parameter_fixed(kind: str) -> None:
    design = spec_from_dict({"kind": kind})
    *support, top = compose(design)
    assert {file.writer for file in support} <= {"library", "composer"}
    assert instantiated_modules(top.text) == [kind]
    for parameter in load_library()[kind].card.parameters:
        assert f".{parameter.name} " in top.text
    used = {name for file in (*support, top) for name in instantiated_modules(file.text)}
    assert {file.name.removesuffix(".v") for file in support} == used


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
