"""How people ask for a design, in several voices; each names every fact that tells the design from its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)

__all__ = ["VOICES", "describe"]

_DATAFLOW_LETTERS = {"output_stationary": "OS", "weight_stationary": "WS", "input_stationary": "IS"}


def describe(spec: DesignSpec, voice: str) -> str:
    """One sentence or two that ask for `spec` in `voice`.

    Args:
        spec: The design.
        voice: One of `VOICES`.

    Raises:
        KeyError: no such voice.
    """
    sentence, chosen = _WRITERS[voice](spec), _chosen_units(spec)
    return f"{sentence.removesuffix('.')}, {chosen}" if chosen and voice != "research" else sentence


def _number(spec: DesignSpec) -> str:
    return "signed" if spec.signed else "unsigned"


def _widths(spec: MultiplierSpec | MacSpec | SystolicArraySpec) -> str:
    activation, weight = spec.activation_width_bits, spec.weight_width_bits
    if activation == weight:
        return f"{'int' if spec.signed else 'uint'}{activation}"
    return f"{_number(spec)} W{weight}A{activation}"


def _unit(unit: AdderUnit | MultiplierUnit) -> str:
    """`DRUM (k=4)`, `kogge-stone`, `exact`."""
    parameters = ", ".join(f"{name}={value}" for name, value in unit.parameters.items())
    title = unit.structure.replace("_", "-") if unit.structure else unit.families[unit.family].title
    return f"{title} ({parameters})" if parameters else title


def _units(spec: DesignSpec) -> str:
    units = {role: getattr(spec, role, None) for role in ("multiplier", "adder")}
    return " and ".join(f"{_unit(unit)} {role}" for role, unit in units.items() if unit is not None)


def _chosen_units(spec: DesignSpec) -> str:
    """The units that are not simply exact, and shared pre-approximation; empty where there are none."""
    parts = []
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and (unit.family != "exact" or unit.structure):
            parts.append(f"{_unit(unit)} {role}")
    if getattr(spec, "shared_pre_approximation", False):
        parts.append("shared pre-approximation")
    return ", ".join(parts)


def _dataflow(spec: SystolicArraySpec) -> str:
    return spec.dataflow.replace("_", "-")


def _terse(spec: DesignSpec) -> str:
    match spec:
        case AdderSpec():
            return f"{spec.width_bits}-bit {_number(spec)} adder"
        case MultiplierSpec():
            return f"{spec.activation_width_bits}x{spec.weight_width_bits} {_number(spec)} multiplier"
        case MacSpec():
            return f"{_widths(spec)} MAC, acc {spec.accumulator_width_bits}"
        case SystolicArraySpec():
            return (
                f"{spec.rows}x{spec.cols} {_DATAFLOW_LETTERS[spec.dataflow]} array, {_widths(spec)}, "
                f"acc {spec.accumulator_width_bits}"
            )


def _engineering(spec: DesignSpec) -> str:
    match spec:
        case AdderSpec():
            return f"A combinational {_number(spec)} adder of two {spec.width_bits}-bit operands with the carry kept."
        case MultiplierSpec():
            return (
                f"A combinational {_number(spec)} multiplier, {spec.activation_width_bits}-bit activations by "
                f"{spec.weight_width_bits}-bit weights, full product."
            )
        case MacSpec():
            return (
                f"A {_number(spec)} multiply-accumulate unit for dot products, {spec.activation_width_bits}-bit "
                f"activations, {spec.weight_width_bits}-bit weights, {spec.accumulator_width_bits}-bit accumulator, "
                "valid/ready handshakes."
            )
        case SystolicArraySpec():
            return (
                f"A {_dataflow(spec)} systolic array of {spec.rows} rows by {spec.cols} columns with {_number(spec)} "
                f"{spec.activation_width_bits}-bit activations, {spec.weight_width_bits}-bit weights and "
                f"{spec.accumulator_width_bits}-bit accumulators at {spec.clock_mhz:g} MHz."
            )


def _casual(spec: DesignSpec) -> str:
    match spec:
        case AdderSpec():
            return f"I need something that adds two {_number(spec)} {spec.width_bits} bit numbers"
        case MultiplierSpec():
            return (
                f"just multiply {_number(spec)} {spec.activation_width_bits} bit numbers with "
                f"{spec.weight_width_bits} bit ones please"
            )
        case MacSpec():
            return f"a {_widths(spec)} mac unit please, {spec.accumulator_width_bits} bits to accumulate in"
        case SystolicArraySpec():
            macs = spec.rows * spec.cols
            return (
                f"matrix unit, {spec.rows} by {spec.cols}, so {macs} MACs per cycle, {_widths(spec)}, "
                f"{_dataflow(spec).split('-')[0]}s stay put, {spec.accumulator_width_bits} bit accumulators"
            )


def _research(spec: DesignSpec) -> str:
    match spec:
        case AdderSpec():
            what, inputs = "an adder", f"{spec.width_bits} bits of integer"
        case MultiplierSpec() | MacSpec() | SystolicArraySpec():
            inputs = f"{spec.activation_width_bits} dataflow as input and input weights {spec.weight_width_bits} bits"
            what = {"multiplier": "a multiplier", "mac": "a MAC unit"}.get(spec.kind, "")
            if isinstance(spec, SystolicArraySpec):
                what = f"{spec.rows}x{spec.cols} {_dataflow(spec)} systolic array"
    shared = " with shared pre-approximation" if getattr(spec, "shared_pre_approximation", False) else ""
    return (
        f"This is the Verilog file that contains the design of {what} implementation. "
        f"It contains the {_units(spec)}{shared}. It has the support of {inputs}, {_number(spec)}."
    )


_WRITERS: Mapping[str, Callable[[DesignSpec], str]] = MappingProxyType(
    {"terse": _terse, "engineering": _engineering, "casual": _casual, "research": _research}
)

VOICES: tuple[str, ...] = tuple(_WRITERS)
"""Names of the voices."""
