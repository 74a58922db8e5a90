"""What to build (`DesignSpec`), what any RTL for it must look like (`Contract`), and how to read both from text."""

from __future__ import annotations

from tpugen.spec.contract import Contract, Port, contract_for
from tpugen.spec.custom import AnySpec, CustomSpec, any_spec_from_dict, contract_of
from tpugen.spec.design import (
    AdderSpec,
    AdderUnit,
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
    "AdderSpec",
    "AdderUnit",
    "AnySpec",
    "Contract",
    "CustomSpec",
    "Dataflow",
    "DesignSpec",
    "MacSpec",
    "MultiplierSpec",
    "MultiplierUnit",
    "Port",
    "SystolicArraySpec",
    "any_spec_from_dict",
    "contract_for",
    "contract_of",
    "spec_from_dict",
    "spec_json_schema",
]
