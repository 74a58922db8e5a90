"""The record: one legal design, what people would call it, its contract and the library modules it is built from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.contract_text import contract_text
from tpugen.dataset.descriptions import describe_all
from tpugen.dataset.enumeration import core_specs
from tpugen.dataset.identity import record_id, spec_digest
from tpugen.dataset.modules import library_modules_for
from tpugen.rtl_templates import design_sources
from tpugen.spec import DesignSpec, contract_for

__all__ = ["DesignRecord", "generate_records", "record_for"]


class DesignRecord(BaseModel):
    """One design of the dataset. Records are generated from the spec, never stored by the thousand.

    Attributes:
        id: Stable identifier: the contract's module name, then the first eight hex digits of the spec's hash.
        spec: The design.
        descriptions: What people would write to ask for it, by voice (`research`, `terse`, `engineering`, `casual`).
        module: Name of the top module.
        contract: The contract as text: Verilog header, behaviour, latency.
        library_modules: Library modules that a top level for this spec instantiates itself.
        dependencies: Those and everything below them, dependencies first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    spec: DesignSpec
    descriptions: dict[str, str]
    module: str
    contract: str
    library_modules: tuple[str, ...]
    dependencies: tuple[str, ...]


def record_for(spec: DesignSpec) -> DesignRecord:
    """The record of a spec: a pure function of the spec and the library."""
    contract = contract_for(spec)
    digest = spec_digest(spec)
    modules = library_modules_for(spec)
    return DesignRecord(
        id=record_id(contract.module, digest),
        spec=spec,
        descriptions=describe_all(spec, digest),
        module=contract.module,
        contract=contract_text(contract),
        library_modules=modules,
        dependencies=tuple(design_sources(spec, modules)),
    )


def generate_records(specs: Iterable[DesignSpec] | None = None) -> Iterator[DesignRecord]:
    """Records of `specs`, by default of `core_specs()`, one after the other."""
    for spec in core_specs() if specs is None else specs:
        yield record_for(spec)
