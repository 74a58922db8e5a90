"""One plain line of a design, in the words of the field: what is embedded of a record."""

from __future__ import annotations

from typing import assert_never

from tpugen.spec import (
    AcceleratorSpec,
    AdderSpec,
    AdderUnit,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)

__all__ = ["summary_of"]


def summary_of(spec: DesignSpec) -> str:
    """For example `8x8 weight-stationary systolic array, signed 8-bit, 32-bit accumulators, DRUM k=4 multiplier`.

    Short, because the time to embed it grows with its length; exact units are not named, because most have them.
    """
    sign = "signed" if spec.signed else "unsigned"
    match spec:
        case AdderSpec():
            parts = [f"{spec.width_bits}-bit {sign} adder"]
        case MultiplierSpec():
            parts = [f"{spec.activation_width_bits}x{spec.weight_width_bits}-bit {sign} multiplier"]
        case MacSpec():
            parts = ["multiply-accumulate unit, dot product", *_operands(spec, sign)]
        case SystolicArraySpec():
            flow = spec.dataflow.replace("_", "-")
            parts = [f"{spec.rows}x{spec.cols} {flow} systolic array, matrix multiply", *_operands(spec, sign)]
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            return ", ".join(_accelerator(spec))
        case _:
            assert_never(spec)
    parts += [
        f"{_unit(unit)} {role}"
        for role in ("multiplier", "adder")
        if (unit := getattr(spec, role, None)) is not None and (unit.family != "exact" or unit.structure)
    ]
    if getattr(spec, "shared_pre_approximation", False):
        parts.append("shared pre-approximation")
    return ", ".join(parts)


def _accelerator(spec: AcceleratorSpec) -> list[str]:
    match spec:
        case TpuSpec():
            unsigned = ["unsigned activations"] if spec.unsigned_activations else []
            return [
                f"{spec.rows}x{spec.cols} TPU, tensor processing unit with AXI ports, int8",
                f"{spec.operand_depth}-deep operand buffers, requantisation",
                *unsigned,
            ]
        case PimTileSpec():
            own = [f"{spec.rows}x{spec.cols} {spec.weights} PIM tile, matrix vector product in memory"]
        case PimLlmSpec():
            own = [
                f"PIM-LLM, hybrid accelerator of a {spec.weights} decoder layer, d {spec.d}, {spec.heads} heads",
                f"{spec.kv_heads} KV heads, {'gated ' if spec.gated else ''}FFN {spec.d_ff}, context {spec.context}",
                f"{spec.rows}x{spec.cols} array",
            ]
        case _:
            assert_never(spec)
    skipping = ["zero skipping"] if spec.zero_skipping else []
    return [*own, f"{spec.crossbar_rows}x{spec.crossbar_cols} crossbars", f"{spec.adc_bits}-bit ADCs", *skipping]


def _operands(spec: MacSpec | SystolicArraySpec, sign: str) -> list[str]:
    activation, weight = spec.activation_width_bits, spec.weight_width_bits
    widths = f"{activation}-bit" if activation == weight else f"{activation}-bit activations {weight}-bit weights"
    return [f"{sign} {widths}", f"{spec.accumulator_width_bits}-bit accumulators"]


def _unit(unit: AdderUnit | MultiplierUnit) -> str:
    if unit.structure:
        return unit.structure.replace("_", "-")
    parameters = " ".join(f"{name}={value}" for name, value in unit.parameters.items())
    return f"{unit.families[unit.family].title} {parameters}".rstrip()
