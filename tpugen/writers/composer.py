"""The composer: RTL from the library for a spec, deterministic, without a chat model.

It takes the library modules that the design uses, renders those that name the design's arithmetic units, and writes a
top module that fixes every parameter and carries the contract's ports.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import assert_never

from tpugen.rtl_templates import design_sources, instantiated_modules, load_library
from tpugen.rtl_templates.accelerators import accelerator_parameters
from tpugen.rtl_templates.instances import instance, unit_parameters
from tpugen.rtl_templates.operand_codes import SharedOperands, shared_operands
from tpugen.rtl_templates.rendering import render_top
from tpugen.spec import (
    AcceleratorSpec,
    AdderSpec,
    AdderUnit,
    Contract,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
    contract_for,
)
from tpugen.writers.files import RtlFile

__all__ = ["compose", "library_files"]


def compose(spec: DesignSpec) -> list[RtlFile]:
    """The design's files, dependencies first and the top module last."""
    contract = contract_for(spec)
    top = RtlFile(
        name=f"{contract.module}.v",
        text=render_top(contract=contract, summary=_summary(spec), body=_body(spec, contract)),
        writer="composer",
    )
    return [*library_files(spec, instantiated_modules(top.text)), top]


def library_files(spec: DesignSpec, names: Iterable[str], replaced: Container[str] = ()) -> list[RtlFile]:
    """The library modules `names` and everything below them as files, dependencies first; see `design_sources`."""
    library = load_library()
    return [
        RtlFile(f"{name}.v", text, "composer" if library[name].is_template else "library")
        for name, text in design_sources(spec, names, replaced).items()
    ]


def _summary(spec: DesignSpec) -> list[str]:
    number = "signed" if spec.signed else "unsigned"
    match spec:
        case AdderSpec():
            return [f"{spec.width_bits}-bit {number} adder ({_unit(spec.adder)})."]
        case MultiplierSpec():
            return [
                f"{spec.activation_width_bits}x{spec.weight_width_bits}-bit {number} multiplier "
                f"({_unit(spec.multiplier)})."
            ]
        case MacSpec():
            kind = "multiply-accumulate unit"
        case SystolicArraySpec():
            kind = f"{spec.rows}x{spec.cols} {spec.dataflow.replace('_', '-')} systolic array"
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            return _accelerator_summary(spec)
        case _:
            assert_never(spec)
    return [
        f"{kind[0].upper()}{kind[1:]}: {number} {spec.activation_width_bits}-bit activations, "
        f"{spec.weight_width_bits}-bit weights,",
        f"{spec.accumulator_width_bits}-bit accumulators; multiplier {_unit(spec.multiplier)}, "
        f"adder {_unit(spec.adder)}.",
    ]


def _accelerator_summary(spec: AcceleratorSpec) -> list[str]:
    match spec:
        case TpuSpec():
            return [
                f"Tensor unit: {spec.rows}x{spec.cols} output-stationary array, int8 operands, 32-bit accumulators,",
                f"operand memories of two banks of {spec.operand_depth} slices, requantisation, AXI4 ports.",
            ]
        case PimTileSpec():
            width = spec.activation_width_bits
            first = f"PIM tile: {spec.rows}x{spec.cols} {spec.weights} matrix times vectors of {width}-bit activations,"
        case PimLlmSpec():
            first = (
                f"Decoder layer of {spec.weights} weights: d = {spec.d}, {spec.heads} query heads, "
                f"{spec.kv_heads} key heads, d_ff = {spec.d_ff}, context {spec.context}; {spec.rows}x{spec.cols} array,"
            )
        case _:
            assert_never(spec)
    skipping = ", zero planes skipped" if spec.zero_skipping else ""
    crossbars = f"{spec.crossbar_rows}x{spec.crossbar_cols} differential crossbars, {spec.adc_bits}-bit ADCs"
    return [first, f"{crossbars} of {spec.columns_per_adc} columns each{skipping}."]


def _unit(unit: AdderUnit | MultiplierUnit) -> str:
    """Family or structure, with parameters: `drum, k = 4`."""
    return ", ".join([unit.structure or unit.family, *(f"{name} = {value}" for name, value in unit.parameters.items())])


def _body(spec: DesignSpec, contract: Contract) -> str:
    ports = {port.name: port.name for port in contract.ports}
    signed = str(int(spec.signed))
    match spec:
        case AdderSpec():
            parameters = {"Width": str(spec.width_bits), "Signed": signed, **unit_parameters(spec.adder)}
            return instance(spec.adder.module, "u_adder", ports, parameters)
        case MultiplierSpec():
            parameters = {**_operand_widths(spec), "Signed": signed, **unit_parameters(spec.multiplier)}
            return instance(spec.multiplier.module, "u_multiplier", ports, parameters)
        case MacSpec():
            parameters = {
                **_operand_widths(spec),
                "AccumulatorWidth": str(spec.accumulator_width_bits),
                "Signed": signed,
            }
            return instance("mac_unit", "u_mac", ports, parameters)
        case SystolicArraySpec():
            return _array_body(spec, ports)
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            return instance(spec.kind, f"u_{spec.kind}", ports, accelerator_parameters(spec))
        case _:
            assert_never(spec)


def _operand_widths(spec: MultiplierSpec | MacSpec | SystolicArraySpec) -> dict[str, str]:
    return {"ActivationWidth": str(spec.activation_width_bits), "WeightWidth": str(spec.weight_width_bits)}


def _array_body(spec: SystolicArraySpec, ports: dict[str, str]) -> str:
    """The array; in front of it the operand encoders, if the design shares them."""
    widths = {"activation": spec.activation_width_bits, "weight": spec.weight_width_bits}
    shared = shared_operands(spec)
    if shared is None:
        return _array_instance(spec, ports, widths)
    coded = {**ports, "activation_i": "activation_code", "weight_i": "weight_code"}
    widths = {"activation": shared.activation.code_width_bits, "weight": shared.weight.code_width_bits}
    return f"{_encoders(spec, shared)}\n\n{_array_instance(spec, coded, widths)}"


def _encoders(spec: SystolicArraySpec, shared: SharedOperands) -> str:
    activations = spec.cols if spec.dataflow == "input_stationary" else spec.rows
    weights = spec.rows if spec.dataflow == "input_stationary" else spec.cols
    lanes = {"activation": (activations, shared.activation), "weight": (weights, shared.weight)}
    texts = []
    for operand, (count, code) in lanes.items():
        texts.append(
            f"  wire [{count * code.code_width_bits - 1}:0] {operand}_code;\n\n"
            + instance(
                "operand_encoders",
                f"u_{operand}_encoders",
                {"operand_i": f"{operand}_i", "code_o": f"{operand}_code"},
                {
                    "Lanes": str(count),
                    "OperandWidth": str(code.width_bits),
                    "CodeWidth": str(code.code_width_bits),
                    "Signed": str(int(spec.signed)),
                },
            )
        )
    return "  // Operands are recoded once here, not in every processing element.\n" + "\n\n".join(texts)


def _array_instance(spec: SystolicArraySpec, ports: dict[str, str], widths: dict[str, int]) -> str:
    """The array module; operand-stationary ones speak of resting and streaming operands."""
    size = {"Rows": str(spec.rows), "Cols": str(spec.cols)}
    sums = {"AccumulatorWidth": str(spec.accumulator_width_bits), "Signed": str(int(spec.signed))}
    if spec.dataflow == "output_stationary":
        operands = {"ActivationWidth": str(widths["activation"]), "WeightWidth": str(widths["weight"])}
        return instance("array_output_stationary", "u_array", ports, {**size, **operands, **sums})
    stationary, stream = ("weight", "activation") if spec.dataflow == "weight_stationary" else ("activation", "weight")
    renamed = {
        name.replace(f"{stationary}_", "stationary_").replace(f"{stream}_", "stream_"): net
        for name, net in ports.items()
    }
    operands = {"StationaryWidth": str(widths[stationary]), "StreamWidth": str(widths[stream])}
    return instance("array_operand_stationary", "u_array", renamed, {**size, **operands, **sums})
