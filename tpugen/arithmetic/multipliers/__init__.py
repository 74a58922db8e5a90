"""Bit-accurate multipliers, one function per family; names are the registry's."""

from __future__ import annotations

from tpugen.arithmetic.multipliers.segments import drum, dsm, letam
from tpugen.arithmetic.multipliers.arrays import exact

__all__ = ["drum", "dsm", "exact", "letam"]
