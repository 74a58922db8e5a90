"""The dataset: what a record is, which designs it enumerates, and how people ask for them."""

from __future__ import annotations

from tpugen.dataset.classes import choose_sample, classes_of
from tpugen.dataset.contract_text import contract_text, module_header
from tpugen.dataset.descriptions import VOICES, describe
from tpugen.dataset.enumeration import core_specs, dataset_specs
from tpugen.dataset.identity import record_id, spec_digest
from tpugen.dataset.modules import library_modules_for
from tpugen.dataset.records import DesignRecord, generate_records, record_for
from tpugen.dataset.splits import SPLITS, Split, group_of, split_of

__all__ = [
    "SPLITS",
    "VOICES",
    "DesignRecord",
    "Split",
    "choose_sample",
    "classes_of",
    "contract_text",
    "core_specs",
    "dataset_specs",
    "describe",
    "generate_records",
    "group_of",
    "library_modules_for",
    "module_header",
    "record_for",
    "record_id",
    "spec_digest",
    "split_of",
]
