"""The dataset: what a record is, which designs it enumerates, and how people ask for them."""

from __future__ import annotations

from tpugen.dataset.contract_text import contract_text, module_header
from tpugen.dataset.descriptions import VOICES, describe
from tpugen.dataset.enumeration import enumerate_specs
from tpugen.dataset.modules import library_modules_for
from tpugen.dataset.records import DesignRecord, generate_records, record_for

__all__ = [
    "VOICES",
    "DesignRecord",
    "contract_text",
    "describe",
    "enumerate_specs",
    "generate_records",
    "library_modules_for",
    "module_header",
    "record_for",
]
