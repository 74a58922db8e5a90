"""Hypothesis strategies for legal specs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family
from tpugen.spec import DesignSpec, spec_from_dict
from tpugen.spec.accelerators import most_positions
from tpugen.spec.design import ACCUMULATOR_WIDTH_MAX_BITS

WIDTHS = st.integers(2, 32)
CLOCKS = st.floats(0.001, 10_000, allow_nan=False)


@st.composite
def units(draw: st.DrawFn, families: dict[str, Family], *widths_bits: int) -> dict[str, Any]:
    """A family that is legal at these widths, with some of its parameters or one of its structures."""
    legal = sorted(name for name, family in families.items() if not family.problems({}, *widths_bits))
    family = draw(st.sampled_from(legal))
    unit: dict[str, Any] = {"family": family}
    for parameter in families[family].parameters:
        if draw(st.booleans()):
            unit[parameter.name] = draw(st.integers(*parameter.bounds(*widths_bits)))
    if families[family].structures and draw(st.booleans()):
        unit["structure"] = draw(st.sampled_from(families[family].structures))
    return unit


@st.composite
def spec_data(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a legal spec of any kind."""
    kind = draw(st.sampled_from(["adder", "multiplier", "mac", "systolic_array"]))
    data: dict[str, Any] = {"kind": kind, "signed": draw(st.booleans()), "clock_mhz": draw(CLOCKS)}
    if kind == "adder":
        width = draw(WIDTHS)
        return {**data, "width_bits": width, "adder": draw(units(dict(ADDERS), width))}
    activation, weight = draw(WIDTHS), draw(WIDTHS)
    data.update(activation_width_bits=activation, weight_width_bits=weight)
    data["multiplier"] = draw(units(dict(MULTIPLIERS), activation, weight))
    if kind == "multiplier":
        return data
    accumulator = draw(st.integers(activation + weight, ACCUMULATOR_WIDTH_MAX_BITS))
    data.update(accumulator_width_bits=accumulator, adder=draw(units(dict(ADDERS), accumulator)))
    if kind == "systolic_array":
        flow = draw(st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"]))
        data.update(rows=draw(st.integers(1, 256)), cols=draw(st.integers(1, 256)), dataflow=flow)
        if MULTIPLIERS[data["multiplier"]["family"]].shares_operand_codes:
            data["shared_pre_approximation"] = draw(st.booleans())
    return data


def specs() -> st.SearchStrategy[DesignSpec]:
    """Legal specs of any kind."""
    return spec_data().map(spec_from_dict)


ADC_BITS = st.integers(2, 10)


@st.composite
def accelerator_data(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a legal accelerator."""
    kind = draw(st.sampled_from(["tpu", "pim_tile", "pim_llm"]))
    data: dict[str, Any] = {"kind": kind, "clock_mhz": draw(CLOCKS)}
    if kind != "pim_tile":
        data |= {
            "rows": draw(st.integers(2, 256)),
            "cols": draw(st.integers(1, 256)),
            "operand_depth": draw(st.integers(2, 8192)),
        }
    if kind == "tpu":
        return data | {
            "multiplier_width_bits": draw(st.integers(1, 32)),
            "unsigned_activations": draw(st.booleans()),
        }
    data |= {
        "weights": draw(st.sampled_from(["ternary", "binary"])),
        "crossbar_rows": draw(st.integers(2, 1024)),
        "crossbar_cols": draw(st.integers(2, 1024)),
        "adc_bits": draw(ADC_BITS),
        "columns_per_adc": draw(st.integers(1, 1024)),
        "zero_skipping": draw(st.booleans()),
        "faults": {"stuck_off": draw(st.integers(0, 30_000)), "stuck_on": draw(st.integers(0, 30_000))},
        "noise": {"sigma": draw(st.integers(0, 16_383)), "seed": draw(st.integers(0, 2**32 - 1))},
    }
    if kind == "pim_tile":
        return data | {
            "rows": draw(st.integers(1, 300)),
            "cols": draw(st.integers(1, 300)),
            "activation_width_bits": draw(st.integers(2, 12)),
            "result_width_bits": draw(st.integers(32, 64)),
            "input_lanes": draw(st.integers(1, 256)),
            "output_lanes": draw(st.integers(1, 256)),
        }
    kv_heads = draw(st.integers(1, 8))
    heads = kv_heads * draw(st.integers(1, 8))
    d_head = draw(st.integers(2, 32))
    return data | {
        "d": heads * d_head,
        "heads": heads,
        "kv_heads": kv_heads,
        "d_ff": draw(st.integers(2, 2048)),
        "context": draw(st.integers(1, min(most_positions(d_head, kv_heads, data["cols"]), 16_384))),
        "gated": draw(st.booleans()),
        "norm": draw(st.sampled_from(["rms_norm", "layer_norm"])),
        "activation": draw(st.sampled_from(["gelu", "relu2"])),
    }


@st.composite
def key_value_texts(draw: st.DrawFn, kind: str, values: dict[str, Any]) -> str:
    """A request that lists fields with their values, in any order."""
    equals, between = draw(st.sampled_from(["=", " = ", ": "])), draw(st.sampled_from([", ", "; ", " ", "\n"]))
    fields = draw(st.permutations(list(values)))
    return f"{kind}: {between.join(f'{name}{equals}{str(values[name]).lower()}' for name in fields)}"


def accelerator_specs() -> st.SearchStrategy[Any]:
    """Legal specs of whole accelerators."""
    return accelerator_data().map(spec_from_dict)


def any_specs() -> st.SearchStrategy[Any]:
    """Legal specs of designs made of arithmetic units, and of whole accelerators."""
    return st.one_of(specs(), accelerator_specs())
