"""Bit-accurate multipliers, one function per family; names are the registry's."""

from __future__ import annotations

from tpugen.arithmetic.multipliers.arrays import bam, exact, rad
from tpugen.arithmetic.multipliers.blocks import asm, eim, udm
from tpugen.arithmetic.multipliers.logarithmic import alm_loa, alm_maa3, alm_soa, dr_alm, mitchell, tosam
from tpugen.arithmetic.multipliers.rounding import ilm, roba
from tpugen.arithmetic.multipliers.segments import drum, dsm, letam, ssm

__all__ = [
    "alm_loa",
    "alm_maa3",
    "alm_soa",
    "asm",
    "bam",
    "dr_alm",
    "drum",
    "dsm",
    "eim",
    "exact",
    "ilm",
    "letam",
    "mitchell",
    "rad",
    "roba",
    "ssm",
    "tosam",
    "udm",
]
