"""What to build (`DesignSpec`), what any RTL for it must look like (`Contract`), and how to read both from text."""

from __future__ import annotations

from tpugen.spec.contract import Contract, Port, contract_for
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
    "Contract",
    "Dataflow",
    "DesignSpec",
    "MacSpec",
    "MultiplierSpec",
    "MultiplierUnit",
    "Port",
    "SystolicArraySpec",
    "contract_for",
    "spec_from_dict",
    "spec_json_schema",
]
