"""What to build (`DesignSpec`), what any RTL for it must look like (`Contract`), and how to read both from text."""

from __future__ import annotations

from tpugen.spec.accelerators import CellFaults, PimLlmSpec, PimTileSpec, ReadNoise, TpuSpec
from tpugen.spec.contract import Contract, Port, contract_for
from tpugen.spec.custom import AnySpec, CustomSpec, any_spec_from_dict, contract_of
from tpugen.spec.design import (
    AcceleratorSpec,
    AdderSpec,
    AdderUnit,
    ArithmeticSpec,
    Dataflow,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
    spec_from_dict,
    spec_json_schema,
)

__all__ = [
    "AcceleratorSpec",
    "AdderSpec",
    "AdderUnit",
    "AnySpec",
    "ArithmeticSpec",
    "CellFaults",
    "Contract",
    "CustomSpec",
    "Dataflow",
    "DesignSpec",
    "MacSpec",
    "MultiplierSpec",
    "MultiplierUnit",
    "PimLlmSpec",
    "PimTileSpec",
    "Port",
    "ReadNoise",
    "SystolicArraySpec",
    "TpuSpec",
    "any_spec_from_dict",
    "contract_for",
    "contract_of",
    "spec_from_dict",
    "spec_json_schema",
]
