"""The stored record: one row of the dataset's tables, with everything known of a design but the text of its RTL."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.evidence import Evidence
from tpugen.dataset.records import DesignRecord
from tpugen.dataset.splits import Split, group_of, split_of
from tpugen.dataset.unit_errors import UnitErrors, errors_of
from tpugen.spec import AdderSpec, DesignSpec, spec_from_dict

__all__ = ["LICENCE", "Cost", "DatasetRecord", "dataset_record"]

LICENCE = "Apache-2.0"
"""Licence of every record and of the RTL that is rendered for it."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cost(_Row):
    """Area, power and delay of a design in one technology.

    Attributes:
        technology: Name of the technology library.
        clock_mhz: Clock of `power_mw`.
        area_um2: Cell area.
        power_mw: Power at that clock, every element at work.
        delay_ns: Longest path through the arithmetic.
        origin: `measured`: synthesised, timed and simulated as it is. `composed`: from measured units.
        scope: `design`: all of it. `arithmetic`: multipliers and accumulation adders alone, without registers, operand
            recoding at the edge, skew and control; exact MACs then count both units, which the RTL merges.
        note: From which measured units a composed figure was scaled; empty where none was.
    """

    technology: str
    clock_mhz: float
    area_um2: float
    power_mw: float
    delay_ns: float
    origin: Literal["measured", "composed"]
    scope: Literal["design", "arithmetic"]
    note: str = ""


class DatasetRecord(_Row):
    """One row.

    Attributes:
        id: Stable identifier: the module's name, then the first eight hex digits of the spec's hash.
        kind: Kind of the design.
        module: Name of the top module.
        spec: The whole spec as JSON.
        signed: Whether numbers are two's complement.
        rows: Rows of an array.
        cols: Columns of an array.
        dataflow: Which operand of an array rests.
        width_bits: Operand width of an adder.
        activation_width_bits: Width of activations.
        weight_width_bits: Width of weights.
        accumulator_width_bits: Width of accumulators.
        multiplier: Family of the multiplier.
        multiplier_structure: Circuit structure of an exact multiplier, where one is asked for.
        multiplier_parameters: Its parameters, as JSON.
        adder: Family of the adder, or of the accumulation adder.
        adder_structure: Circuit structure of an exact adder, where one is asked for.
        adder_parameters: Its parameters, as JSON.
        shared_pre_approximation: Whether operands are recoded once at an array's edge.
        clock_mhz: Target clock.
        description_research: A request in the words of research papers' templates.
        description_terse: A request in as few words as do.
        description_engineering: A request as a specification says it.
        description_casual: A request as people talk.
        contract: The contract as text: Verilog header, meaning of ports, behaviour, latency.
        library_modules: Library modules that the top module instantiates itself.
        dependencies: Those and everything below them, dependencies first.
        rtl_sha256: Hash of the rendered RTL.
        rtl_command: The command that renders it.
        verification: Why the record is held to be right.
        multiplier_error: Error of the multiplier; None where there is none.
        adder_error: Error of the adder, likewise.
        costs: Area, power and delay by technology.
        group: Designs of one group are neighbours and share a split.
        split: `train`, `validation` or `test`.
        licence: Licence of the record.
    """

    id: str
    kind: str
    module: str
    spec: str
    signed: bool
    rows: int | None
    cols: int | None
    dataflow: str | None
    width_bits: int | None
    activation_width_bits: int | None
    weight_width_bits: int | None
    accumulator_width_bits: int | None
    multiplier: str | None
    multiplier_structure: str | None
    multiplier_parameters: str | None
    adder: str | None
    adder_structure: str | None
    adder_parameters: str | None
    shared_pre_approximation: bool
    clock_mhz: float
    description_research: str
    description_terse: str
    description_engineering: str
    description_casual: str
    contract: str
    library_modules: tuple[str, ...]
    dependencies: tuple[str, ...]
    rtl_sha256: str
    rtl_command: str
    verification: Evidence
    multiplier_error: UnitErrors | None
    adder_error: UnitErrors | None
    costs: tuple[Cost, ...]
    group: str
    split: Split
    licence: str = LICENCE

    def design(self) -> DesignSpec:
        """The design of the record."""
        return spec_from_dict(json.loads(self.spec))


def dataset_record(
    record: DesignRecord, *, rtl_sha256: str, verification: Evidence, costs: tuple[Cost, ...]
) -> DatasetRecord:
    """The row of a record.

    Args:
        record: What follows from the spec alone.
        rtl_sha256: Hash of its rendered RTL.
        verification: What speaks for it.
        costs: Its area, power and delay.
    """
    spec = record.spec
    adder_width: Any = spec.width_bits if isinstance(spec, AdderSpec) else getattr(spec, "accumulator_width_bits", None)
    multiplier, adder = getattr(spec, "multiplier", None), getattr(spec, "adder", None)
    widths: list[Any] = [getattr(spec, name, None) for name in ("activation_width_bits", "weight_width_bits")]
    return DatasetRecord(
        id=record.id,
        kind=spec.kind,
        module=record.module,
        spec=json.dumps(spec.model_dump(mode="json"), sort_keys=True),
        signed=spec.signed,
        rows=getattr(spec, "rows", None),
        cols=getattr(spec, "cols", None),
        dataflow=getattr(spec, "dataflow", None),
        width_bits=getattr(spec, "width_bits", None),
        activation_width_bits=widths[0],
        weight_width_bits=widths[1],
        accumulator_width_bits=getattr(spec, "accumulator_width_bits", None),
        **_unit_columns("multiplier", multiplier),
        **_unit_columns("adder", adder),
        shared_pre_approximation=getattr(spec, "shared_pre_approximation", False),
        clock_mhz=spec.clock_mhz,
        **{f"description_{voice}": text for voice, text in record.descriptions.items()},
        contract=record.contract,
        library_modules=record.library_modules,
        dependencies=record.dependencies,
        rtl_sha256=rtl_sha256,
        rtl_command=f"tpugen dataset show {record.id} --rtl",
        verification=verification,
        multiplier_error=None if multiplier is None else errors_of(multiplier, spec.signed, *widths),
        adder_error=None if adder is None else errors_of(adder, spec.signed, adder_width),
        costs=costs,
        group=group_of(spec),
        split=split_of(spec),
    )


def _unit_columns(role: str, unit: Any) -> dict[str, Any]:
    return {
        role: unit.family if unit else None,
        f"{role}_structure": unit.structure if unit else None,
        f"{role}_parameters": json.dumps(unit.parameters, sort_keys=True) if unit else None,
    }
