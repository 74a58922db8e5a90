"""One record of the dataset, made when it is asked for."""

from __future__ import annotations

from tpugen.dataset.classes import classes_of
from tpugen.dataset.evidence import EvidenceBook, verified_sample
from tpugen.dataset.rows import DatasetRecord
from tpugen.pipeline.dataset_rtl import digests_of, find_spec
from tpugen.pipeline.dataset_shards import build_row

__all__ = ["show_record"]


def show_record(identifier: str) -> DatasetRecord:
    """The row of a record as `tpugen dataset build` makes it today.

    Raises:
        UnknownNameError: the dataset holds no such record.
    """
    spec = find_spec(identifier)
    sample = verified_sample()
    designs = sample.designs if sample else ()
    wanted = set(classes_of(spec))
    near = [row for row in designs if row.id == identifier or wanted & set(row.classes)]
    return build_row(spec, EvidenceBook(near, digests_of(row.id for row in near).get))
