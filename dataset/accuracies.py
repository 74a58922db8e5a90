"""What arithmetic units do to a network's accuracy: computed once for every unit and kept as data.

`data/unit_accuracy.json` says which command made it. Nothing here computes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tpugen.dataset.table_files import read_table
from tpugen.dataset.unit_grid import Role
from tpugen.storage import write_text_atomic

__all__ = [
    "ACCURACIES_FILE",
    "AccuracyTable",
    "NetworkAccuracy",
    "all_accuracies",
    "network_accuracy_of",
    "read_accuracy_table",
    "write_accuracy_table",
]

ACCURACIES_FILE = Path(__file__).resolve().parent / "data" / "unit_accuracy.json"
"""The table that comes with tpugen."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkAccuracy(_Record):
    """Accuracy of the digits network with one choice of units, on images that training never saw.

    Attributes:
        width_bits: Width of activations and of weights.
        accumulator_width_bits: Width of the accumulation adder.
        multiplier: Family of the multiplier.
        multiplier_parameters: All of its parameters.
        adder: Family of the accumulation adder.
        adder_parameters: All of its parameters.
        accuracy: Share of test images whose digit is found.
        exact_accuracy: The same with exact units of the same widths.
        float_accuracy: The same in floating point.
        loss: `exact_accuracy - accuracy`: what the units' error costs; below zero where it happens to help.
        agreement: Share of test images with the same answer as with exact units.
        test_images: Number of test images.
        network: Fingerprint of the trained network.
        split_seed: Seed of the split and of training.
    """

    width_bits: int
    accumulator_width_bits: int
    multiplier: str
    multiplier_parameters: dict[str, int]
    adder: str
    adder_parameters: dict[str, int]
    accuracy: float
    exact_accuracy: float
    float_accuracy: float
    loss: float
    agreement: float
    test_images: int
    network: str
    split_seed: int


class AccuracyTable(_Record):
    """All rows of a file, and the command that makes them."""

    command: str
    units: tuple[NetworkAccuracy, ...]


def read_accuracy_table(path: Path) -> AccuracyTable:
    """A table from its file.

    Raises:
        StorageError: not there, not readable, or not such a table.
    """
    return read_table(path, AccuracyTable, "table of accuracies")


def write_accuracy_table(rows: Iterable[NetworkAccuracy], path: Path, *, command: str) -> Path:
    """Write a table whole or not at all, one row a line.

    Raises:
        StorageError: the disk refused.
    """
    lines = ",\n".join(json.dumps(row.model_dump(mode="json")) for row in rows)
    return write_text_atomic(path, f'{{\n "command": {json.dumps(command)},\n "units": [\n{lines}\n ]\n}}\n')


@cache
def all_accuracies() -> tuple[NetworkAccuracy, ...]:
    """Every row of the table that comes with tpugen; none where it was left out."""
    return read_accuracy_table(ACCURACIES_FILE).units if ACCURACIES_FILE.is_file() else ()


def network_accuracy_of(
    role: Role, family: str, parameters: Mapping[str, int], width_bits: int
) -> NetworkAccuracy | None:
    """The kept accuracy with one unit, the other one exact; None where there is none.

    Args:
        role: `adder` (the accumulation adder) or `multiplier`.
        family: Canonical name.
        parameters: All of the family's.
        width_bits: Width of activations and of weights.
    """
    wanted = dict(parameters)
    for row in all_accuracies():
        mine = (row.adder, row.adder_parameters) if role == "adder" else (row.multiplier, row.multiplier_parameters)
        other = row.multiplier if role == "adder" else row.adder
        if row.width_bits == width_bits and mine == (family, wanted) and other == "exact":
            return row
    return None
