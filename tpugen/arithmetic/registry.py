"""The registry of adder and multiplier families: one table that specs, cards, CLI and tests read.

Canonical names and parameters follow the literature (TPU-Gen, arXiv 2503.05951; APTPU, Elbtity et al., TCAS-I 2022).
This module imports no NumPy, so that reading a sentence stays fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tpugen.errors import UnknownNameError

__all__ = [
    "ADDERS",
    "MULTIPLIERS",
    "Family",
    "Parameter",
    "adder_family",
    "multiplier_family",
]


@dataclass(frozen=True)
class Parameter:
    """One integer parameter of a family.

    Attributes:
        name: Field name in specs, e.g. `k`.
        meaning: What it sets, in one phrase.
        minimum: Smallest legal value.
        maximum: Largest legal value as an expression of the width `n` (the narrower operand): `n`, `n-1`, `2n`, ...
        default: Default as such an expression.
    """

    name: str
    meaning: str
    minimum: int
    maximum: str
    default: str

    def bounds(self, width_bits: int) -> tuple[int, int]:
        """Legal range for operands of `width_bits`, both ends included (never empty)."""
        return self.minimum, max(self.minimum, _evaluate(self.maximum, width_bits))

    def default_for(self, width_bits: int) -> int:
        """Default value for operands of `width_bits`, within `bounds`."""
        low, high = self.bounds(width_bits)
        return min(max(_evaluate(self.default, width_bits), low), high)


_EXPRESSIONS: Mapping[str, tuple[int, int, int]] = {
    # expression: (multiplier, divisor, offset), value = multiplier * n // divisor + offset
    "n": (1, 1, 0),
    "n-1": (1, 1, -1),
    "n-2": (1, 1, -2),
    "2n": (2, 1, 0),
    "n/2": (1, 2, 0),
    "n/4": (1, 4, 0),
}


def _evaluate(expression: str, width_bits: int) -> int:
    if expression.isdigit():
        return int(expression)
    multiplier, divisor, offset = _EXPRESSIONS[expression]
    return multiplier * width_bits // divisor + offset


@dataclass(frozen=True)
class Family:
    """One family of adders or multipliers.

    Attributes:
        name: Canonical name, as in specs, CLI and file names.
        role: `adder` or `multiplier`.
        title: The literature's spelling.
        summary: What it does, in one sentence.
        parameters: Its parameters, in order; a sentence's bare coefficient sets the first.
        synonyms: Other spellings, lower case.
        available: Whether this version's library holds proved RTL for it.
    """

    name: str
    role: Literal["adder", "multiplier"]
    title: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    synonyms: tuple[str, ...] = field(default=())
    available: bool = False


_K_LOW = Parameter("k", "inexact low bits", 1, "n-1", "n/2")
_K2_LOW = Parameter("k", "inexact low bits", 2, "n-1", "n/2")
_K4_LOW = Parameter("k", "inexact low bits", 4, "n-1", "n/2")


def _adder(
    name: str,
    title: str,
    summary: str,
    parameters: tuple[Parameter, ...] = (_K_LOW,),
    synonyms: tuple[str, ...] = (),
    *,
    available: bool = False,
) -> Family:
    return Family(name, "adder", title, summary, parameters, synonyms, available)


def _multiplier(
    name: str,
    title: str,
    summary: str,
    parameters: tuple[Parameter, ...] = (),
    synonyms: tuple[str, ...] = (),
    *,
    available: bool = False,
) -> Family:
    return Family(name, "multiplier", title, summary, parameters, synonyms, available)


_ADDERS = (
    _adder("exact", "exact", "Exact sum.", (), ("accurate", "precise"), available=True),
    _adder(
        "loa",
        "LOA",
        "Lower-part OR adder with carry-in from the AND of the top low bit.",
        synonyms=("lower-part or", "lower part or"),
    ),
    _adder("loawa", "LOAWA", "Lower-part OR adder without AND: no carry into the exact part."),
    _adder("approx5", "APPROX5", "Approximate mirror adder 5: low bits copy b.", synonyms=("ama5", "approx-5")),
    _adder("heaa", "HEAA", "Hardware-efficient approximate adder."),
    _adder("oloca", "OLOCA", "Optimised lower-part constant-OR adder.", (_K2_LOW,)),
    _adder("m_heaa", "M-HEAA", "Modified HEAA.", (_K2_LOW,), ("mheaa", "m-heaa")),
    _adder("hoeraa", "HOERAA", "Hardware-optimised and error-reduced approximate adder.", (_K2_LOW,)),
    _adder("hoaaned", "HOAANED", "Hardware-optimised adder with near-normal error distribution.", (_K2_LOW,)),
    _adder("herloa", "HERLOA", "Hybrid error-reduction lower-part OR adder.", (_K2_LOW,)),
    _adder("m_herloa", "M-HERLOA", "Modified HERLOA: lowest bits constant one.", (_K4_LOW,), ("mherloa", "m-herloa")),
    _adder("seta", "SETA", "Simple and efficient truncation-based adder.", (_K2_LOW,)),
    _adder("lzta", "LZTA", "Lower-part zero-truncation adder."),
    _adder("ldca", "LDCA", "Low-delay constant adder.", (_K2_LOW,)),
)

_MULTIPLIERS = (
    _multiplier("exact", "exact", "Exact product.", (), ("accurate", "precise"), available=True),
    _multiplier("mitchell", "Mitchell", "Logarithmic multiplier (Mitchell, 1962).", synonyms=("mitchell log", "log")),
    _multiplier(
        "alm_loa",
        "ALM-LOA",
        "Mitchell with a lower-part OR log adder.",
        (Parameter("m", "ORed low bits of the log sum", 1, "n-1", "n/2"),),
        ("alm-loa",),
    ),
    _multiplier(
        "alm_soa",
        "ALM-SOA",
        "Mitchell with a set-one log adder.",
        (Parameter("m", "low bits of the log sum set to one", 1, "n-1", "n/2"),),
        ("alm-soa",),
    ),
    _multiplier(
        "alm_maa3",
        "ALM-MAA3",
        "Mitchell with a mirror log adder.",
        (Parameter("m", "copied low bits of the log sum", 1, "n-1", "n/2"),),
        ("alm-maa3", "alm-maa"),
    ),
    _multiplier(
        "drum",
        "DRUM",
        "Dynamic range unbiased multiplier: k bits from the leading one, last forced to one.",
        (Parameter("k", "accurate bits", 2, "n", "n/2"),),
    ),
    _multiplier(
        "dsm",
        "DSM",
        "Dynamic segment method: DRUM without the forced one.",
        (Parameter("k", "segment bits", 2, "n", "n/2"),),
    ),
    _multiplier("roba", "RoBA", "Rounding-based approximate multiplier."),
    _multiplier("ilm", "ILM", "Improved logarithmic multiplier: nearest powers of two."),
    _multiplier("udm", "UDM", "Underdesigned multiplier of 2x2 blocks (Kulkarni).", synonyms=("kulkarni",)),
    _multiplier(
        "bam",
        "BAM",
        "Broken-array multiplier: partial products left of the break lines are kept.",
        (
            Parameter("vbl", "vertical break level", 0, "2n", "n/2"),
            Parameter("hbl", "horizontal break level", 0, "n", "0"),
        ),
        ("broken array", "broken-array"),
    ),
    _multiplier(
        "asm", "ASM", "Alphabet-set multiplier with alphabet {1, 3, 5, 7}.", synonyms=("alphabet set", "alphabet-set")
    ),
    _multiplier("eim", "EIM", "Error-tolerant inexact multiplier of 4x4 blocks."),
    _multiplier(
        "dr_alm",
        "DR-ALM",
        "Dynamic-range approximate log multiplier.",
        (Parameter("t", "log bits kept", 2, "n", "n/2"),),
        ("dr-alm", "dralm"),
    ),
    _multiplier("ssm", "SSM", "Static segment method.", (Parameter("m", "segment bits", 1, "n", "n/2"),)),
    _multiplier(
        "tosam",
        "TOSAM",
        "Truncation- and rounding-based scalable approximate multiplier.",
        (
            Parameter("h", "fraction bits multiplied", 0, "n-2", "2"),
            Parameter("t", "fraction bits added", 0, "n-1", "n/2"),
        ),
    ),
    _multiplier(
        "letam",
        "LETAM",
        "Low-energy truncation-based approximate multiplier.",
        (Parameter("t", "bits after the leading one", 1, "n-1", "n/2"),),
    ),
    _multiplier(
        "rad",
        "RAD",
        "Hybrid high-radix encoded signed multiplier.",
        (Parameter("k", "bits in the high-radix digit", 4, "n", "n/2"),),
        ("rad256", "rad1024", "rad64"),
    ),
)

ADDERS: Mapping[str, Family] = {family.name: family for family in _ADDERS}
"""Adder families by canonical name."""

MULTIPLIERS: Mapping[str, Family] = {family.name: family for family in _MULTIPLIERS}
"""Multiplier families by canonical name."""


def adder_family(name: str) -> Family:
    """Adder family by canonical name.

    Raises:
        UnknownNameError: no such family; the message lists those that exist.
    """
    return _lookup(ADDERS, name, "adder")


def multiplier_family(name: str) -> Family:
    """Multiplier family by canonical name.

    Raises:
        UnknownNameError: no such family; the message lists those that exist.
    """
    return _lookup(MULTIPLIERS, name, "multiplier")


def _lookup(table: Mapping[str, Family], name: str, role: str) -> Family:
    try:
        return table[name]
    except KeyError:
        raise UnknownNameError(f"no {role} family is called {name!r}", hint=f"known: {', '.join(table)}") from None
