"""Hypothesis strategies for legal specs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family
from tpugen.spec import DesignSpec, spec_from_dict
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
