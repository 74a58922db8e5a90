"""The composer: RTL from the library for a spec, deterministic, without a chat model.

It takes the library modules that the design uses, renders those that name the design's arithmetic units, and writes a
top module that fixes every parameter and carries the contract's ports.
"""

from __future__ import annotations

from typing import assert_never

from tpugen.rtl_templates import Units, instantiated_modules, load_library, render_module, units_for
from tpugen.rtl_templates.rendering import instance, render_top
from tpugen.spec import (
    AdderSpec,
    Contract,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    SystolicArraySpec,
    contract_for,
)
from tpugen.spec.design import require_available
from tpugen.writers.files import RtlFile

__all__ = ["compose"]


def compose(spec: DesignSpec) -> list[RtlFile]:
    """The design's files, dependencies first and the top module last.

    Raises:
        NotAvailableError: a family that this version's library holds no RTL for.
    """
    require_available(spec)
    contract = contract_for(spec)
    top = RtlFile(
        name=f"{contract.module}.v",
        text=render_top(contract=contract, summary=_summary(spec), body=_body(spec, contract)),
        writer="composer",
    )
    return [*_used_modules(top.text, units_for(spec)), top]


def _used_modules(top_text: str, units: Units) -> list[RtlFile]:
    library = load_library()
    files: dict[str, RtlFile] = {}

    def visit(name: str) -> None:
        if name in files:
            return
        module = library[name]
        text = render_module(name, units) if module.is_template else module.source
        for dependency in instantiated_modules(text):
            visit(dependency)
        files[name] = RtlFile(f"{name}.v", text, "composer" if module.is_template else "library")

    for name in instantiated_modules(top_text):
        visit(name)
    return list(files.values())


def _summary(spec: DesignSpec) -> list[str]:
    number = "signed" if spec.signed else "unsigned"
    match spec:
        case AdderSpec():
            return [f"{spec.width_bits}-bit {number} adder ({spec.adder.family})."]
        case MultiplierSpec():
            return [
                f"{spec.activation_width_bits}x{spec.weight_width_bits}-bit {number} multiplier "
                f"({spec.multiplier.family})."
            ]
        case MacSpec():
            kind = "multiply-accumulate unit"
        case SystolicArraySpec():
            kind = f"{spec.rows}x{spec.cols} {spec.dataflow.replace('_', '-')} systolic array"
        case _:
            assert_never(spec)
    return [
        f"{kind[0].upper()}{kind[1:]}: {number} {spec.activation_width_bits}-bit activations, "
        f"{spec.weight_width_bits}-bit weights,",
        f"{spec.accumulator_width_bits}-bit accumulators; multiplier {spec.multiplier.family}, "
        f"adder {spec.adder.family}.",
    ]


def _body(spec: DesignSpec, contract: Contract) -> str:
    ports = {port.name: port.name for port in contract.ports}
    signed = str(int(spec.signed))
    match spec:
        case AdderSpec():
            parameters = {"Width": str(spec.width_bits), "Signed": signed}
            return instance(f"adder_{spec.adder.family}", "u_adder", ports, parameters)
        case MultiplierSpec():
            parameters = {**_operand_widths(spec), "Signed": signed}
            return instance(f"multiplier_{spec.multiplier.family}", "u_multiplier", ports, parameters)
        case MacSpec():
            parameters = {
                **_operand_widths(spec),
                "AccumulatorWidth": str(spec.accumulator_width_bits),
                "Signed": signed,
            }
            return instance("mac_unit", "u_mac", ports, parameters)
        case SystolicArraySpec(dataflow="output_stationary"):
            parameters = {
                **_size(spec),
                **_operand_widths(spec),
                "AccumulatorWidth": str(spec.accumulator_width_bits),
                "Signed": signed,
            }
            return instance("array_output_stationary", "u_array", ports, parameters)
        case SystolicArraySpec():
            return _operand_stationary_body(spec, contract)
        case _:
            assert_never(spec)


def _operand_widths(spec: MultiplierSpec | MacSpec | SystolicArraySpec) -> dict[str, str]:
    return {"ActivationWidth": str(spec.activation_width_bits), "WeightWidth": str(spec.weight_width_bits)}


def _size(spec: SystolicArraySpec) -> dict[str, str]:
    return {"Rows": str(spec.rows), "Cols": str(spec.cols)}


def _operand_stationary_body(spec: SystolicArraySpec, contract: Contract) -> str:
    """The array speaks of resting and streaming operands, the contract of weights and activations."""
    widths = {"weight": spec.weight_width_bits, "activation": spec.activation_width_bits}
    stationary, stream = ("weight", "activation") if spec.dataflow == "weight_stationary" else ("activation", "weight")
    ports = {
        port.name.replace(f"{stationary}_", "stationary_").replace(f"{stream}_", "stream_"): port.name
        for port in contract.ports
    }
    parameters = {
        **_size(spec),
        "StationaryWidth": str(widths[stationary]),
        "StreamWidth": str(widths[stream]),
        "AccumulatorWidth": str(spec.accumulator_width_bits),
        "Signed": str(int(spec.signed)),
    }
    return instance("array_operand_stationary", "u_array", ports, parameters)
