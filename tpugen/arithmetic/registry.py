"""The registry of adder and multiplier families: one table that specs, cards, CLI and tests read.

Canonical names and parameters follow the literature (TPU-Gen, arXiv 2503.05951; APTPU, Elbtity et al., TCAS-I 2022).
This module imports no NumPy, so that reading a sentence stays fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from tpugen.errors import UnknownNameError

if TYPE_CHECKING:
    from tpugen.arithmetic.integers import IntArray

__all__ = [
    "ADDERS",
    "MULTIPLIERS",
    "Family",
    "Parameter",
    "Widths",
    "adder_family",
    "multiplier_family",
]


Widths = tuple[int, ...]
"""Operand widths in bits: `(n,)` of an adder, `(a, b)` of a multiplier."""

_TERM = re.compile(r"([+-]?)(\d*)([nwab]?)(?:/(\d+))?")


def _evaluate(expression: str, widths: Widths) -> int:
    """The value of a sum of terms such as `n/2`, `a+b-2`, `4`."""
    letters = {"n": min(widths), "w": max(widths), "a": widths[0], "b": widths[-1], "": 1}
    total = 0
    for sign, factor, letter, divisor in _TERM.findall(expression):
        if factor or letter:
            value = int(factor or 1) * letters[letter] // int(divisor or 1)
            total += -value if sign == "-" else value
    return total


@dataclass(frozen=True)
class Parameter:
    """One integer parameter of a family.

    Attributes:
        name: Field name in specs, e.g. `k`; in Verilog the same with a capital.
        meaning: What it sets, in one phrase.
        minimum: Smallest legal value.
        maximum: Largest legal value: a sum of terms in the operand widths `a` and `b`, the narrower `n`, the wider `w`.
        default: Default as such an expression, moved into the legal range.
    """

    name: str
    meaning: str
    minimum: int
    maximum: str
    default: str

    def bounds(self, *widths_bits: int) -> tuple[int, int]:
        """Legal range at these operand widths, both ends included; empty (low above high) where none is legal."""
        return self.minimum, _evaluate(self.maximum, widths_bits)

    def values(self, *widths_bits: int) -> range:
        """Every legal value at these operand widths."""
        low, high = self.bounds(*widths_bits)
        return range(low, high + 1)

    def default_for(self, *widths_bits: int) -> int:
        """Default at these operand widths, within `bounds` unless these are empty."""
        low, high = self.bounds(*widths_bits)
        return max(min(_evaluate(self.default, widths_bits), high), low)


@dataclass(frozen=True)
class Family:
    """One family of adders or multipliers.

    Attributes:
        name: Canonical name, as in specs, CLI and file names.
        role: `adder` or `multiplier`.
        title: The literature's spelling.
        summary: What it does, in one sentence.
        source: Where it was published.
        parameters: Its parameters, in order; a sentence's bare coefficient sets the first.
        synonyms: Other spellings, lower case.
        structures: Selectable circuit structures of the same function (exact families only).
        shares_operand_codes: Whether each operand is first recoded on its own, so that arrays can do so at their edge.
    """

    name: str
    role: Literal["adder", "multiplier"]
    title: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...] = ()
    synonyms: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    shares_operand_codes: bool = False

    @property
    def model(self) -> Callable[..., IntArray]:
        """The bit-accurate model: `f(a, b, *widths_bits, signed, **parameters)`; loads NumPy."""
        module = import_module(f"tpugen.arithmetic.{self.role}s")
        model: Callable[..., IntArray] = getattr(module, self.name)
        return model

    def complete(self, values: Mapping[str, int], *widths_bits: int) -> dict[str, int]:
        """All parameters: those given, and defaults for the others."""
        return {
            parameter.name: values.get(parameter.name, parameter.default_for(*widths_bits))
            for parameter in self.parameters
        }

    def problems(self, values: Mapping[str, int], *widths_bits: int) -> list[str]:
        """What is illegal about these parameters at these operand widths: one line each, with a value that works."""
        at = f"{'x'.join(str(width) for width in dict.fromkeys(widths_bits))} bits"
        names = ", ".join(parameter.name for parameter in self.parameters) or "none"
        found = [
            f"{self.role}.{name}: {self.role} family '{self.name}' has no parameter {name}; it has {names}"
            for name in values
            if name not in {parameter.name for parameter in self.parameters}
        ]
        for parameter in self.parameters:
            low, high = parameter.bounds(*widths_bits)
            value = values.get(parameter.name)
            if low > high:
                found.append(
                    f"{self.role}.family: {self.name} needs wider operands than {at}: its {parameter.name} "
                    f"({parameter.meaning}) is legal from {low} to {parameter.maximum}; exact would work"
                )
            elif value is not None and not low <= value <= high:
                found.append(
                    f"{self.role}.{parameter.name}: {value} is outside {low}..{high} for {self.name} at {at}; "
                    f"{parameter.default_for(*widths_bits)} would work"
                )
        return found


# A quarter of the width, as APTPU sets its accumulation adders: half would blur whole products.
_K_LOW = Parameter("k", "inexact low bits", 1, "n-1", "n/4")
_K2_LOW = Parameter("k", "inexact low bits", 2, "n-1", "n/4")
_K4_LOW = Parameter("k", "inexact low bits", 4, "n-1", "n/4")


def _adder(
    name: str,
    title: str,
    summary: str,
    source: str,
    parameters: tuple[Parameter, ...] = (_K_LOW,),
    synonyms: tuple[str, ...] = (),
) -> Family:
    return Family(name, "adder", title, summary, source, parameters, synonyms)


def _multiplier(
    name: str,
    title: str,
    summary: str,
    source: str,
    parameters: tuple[Parameter, ...] = (),
    synonyms: tuple[str, ...] = (),
    *,
    shares_operand_codes: bool = False,
) -> Family:
    return Family(
        name, "multiplier", title, summary, source, parameters, synonyms, shares_operand_codes=shares_operand_codes
    )


_APTPU = "Elbtity et al., APTPU, IEEE TCAS-I 2022"
_BALASUBRAMANIAN = (
    "Balasubramanian and Maskell, Hardware Optimized and Error Reduced Approximate Adder, Electronics 2019"
)
_LIU = "Liu et al., Design and Evaluation of Approximate Logarithmic Multipliers, IEEE TCAS-I 2018"
_SEGMENTS = "Narayanamoorthy et al., Energy-Efficient Approximate Multiplication, IEEE TVLSI 2015"

_ADDERS = (
    Family(
        "exact",
        "adder",
        "exact",
        "Exact sum.",
        "textbook",
        synonyms=("accurate", "precise"),
        structures=("ripple_carry", "carry_lookahead", "carry_select", "kogge_stone", "brent_kung"),
    ),
    _adder(
        "loa",
        "LOA",
        "Lower-part OR adder with carry-in from the AND of the top low bit.",
        "Mahdiani et al., Bio-Inspired Imprecise Computational Blocks, IEEE TCAS-I 2010",
        synonyms=("lower-part or", "lower part or"),
    ),
    _adder(
        "loawa",
        "LOAWA",
        "Lower-part OR adder without AND: no carry into the exact part.",
        "Albicocco et al., Imprecise Arithmetic for Low Power Image Processing, Asilomar 2012",
    ),
    _adder(
        "approx5",
        "APPROX5",
        "Approximate mirror adder 5: low bits copy b.",
        "Gupta et al., Low-Power Digital Signal Processing Using Approximate Adders, IEEE TCAD 2013",
        synonyms=("ama5", "approx-5"),
    ),
    _adder(
        "heaa",
        "HEAA",
        "Hardware-efficient approximate adder.",
        "Balasubramanian and Maskell, Hardware Efficient Approximate Adder Design, TENCON 2018",
    ),
    _adder(
        "oloca",
        "OLOCA",
        "Optimised lower-part constant-OR adder.",
        "Dalloo et al., Systematic Design of an Approximate Adder, IEEE TVLSI 2018",
        (_K2_LOW,),
    ),
    _adder("m_heaa", "M-HEAA", "Modified HEAA.", _BALASUBRAMANIAN, (_K2_LOW,), ("mheaa", "m-heaa")),
    _adder("hoeraa", "HOERAA", "Hardware-optimised and error-reduced approximate adder.", _BALASUBRAMANIAN, (_K2_LOW,)),
    _adder(
        "hoaaned",
        "HOAANED",
        "Hardware-optimised adder with near-normal error distribution.",
        "Balasubramanian et al., An Approximate Adder With a Near-Normal Error Distribution, IEEE Access 2021",
        (_K2_LOW,),
    ),
    _adder(
        "herloa",
        "HERLOA",
        "Hybrid error-reduction lower-part OR adder.",
        "Seo et al., Design and Analysis of an Approximate Adder with Hybrid Error Reduction, Electronics 2020",
        (_K2_LOW,),
    ),
    _adder(
        "m_herloa",
        "M-HERLOA",
        "Modified HERLOA: lowest bits constant one.",
        _APTPU,
        (_K4_LOW,),
        ("mherloa", "m-herloa"),
    ),
    _adder("seta", "SETA", "Simple and efficient truncation-based adder.", _APTPU, (_K2_LOW,)),
    _adder("lzta", "LZTA", "Lower-part zero-truncation adder.", _APTPU),
    _adder("ldca", "LDCA", "Low-delay constant adder.", _APTPU, (_K2_LOW,)),
)

_MULTIPLIERS = (
    Family(
        "exact",
        "multiplier",
        "exact",
        "Exact product.",
        "textbook",
        synonyms=("accurate", "precise"),
        structures=("array", "booth_radix4", "wallace", "dadda"),
    ),
    _multiplier(
        "mitchell",
        "Mitchell",
        "Logarithmic multiplier: adds piecewise-linear logarithms.",
        "Mitchell, Computer Multiplication and Division Using Binary Logarithms, IRE Trans. EC 1962",
        synonyms=("mitchell log", "log"),
        shares_operand_codes=True,
    ),
    _multiplier(
        "alm_loa",
        "ALM-LOA",
        "Mitchell with a lower-part OR log adder.",
        _LIU,
        (Parameter("m", "ORed low bits of the log sum", 1, "n-1", "n/2"),),
        ("alm-loa",),
        shares_operand_codes=True,
    ),
    _multiplier(
        "alm_soa",
        "ALM-SOA",
        "Mitchell with a set-one log adder.",
        _LIU,
        (Parameter("m", "low bits of the log sum set to one", 1, "n-1", "n/2"),),
        ("alm-soa",),
        shares_operand_codes=True,
    ),
    _multiplier(
        "alm_maa3",
        "ALM-MAA3",
        "Mitchell with a mirror log adder.",
        _LIU,
        (Parameter("m", "copied low bits of the log sum", 1, "n-1", "n/2"),),
        ("alm-maa3", "alm-maa"),
        shares_operand_codes=True,
    ),
    _multiplier(
        "drum",
        "DRUM",
        "Dynamic range unbiased multiplier: k bits from the leading one, last forced to one.",
        "Hashemi et al., DRUM: A Dynamic Range Unbiased Multiplier for Approximate Applications, ICCAD 2015",
        (Parameter("k", "accurate bits", 2, "n", "n/2"),),
        shares_operand_codes=True,
    ),
    _multiplier(
        "dsm",
        "DSM",
        "Dynamic segment method: DRUM without the forced one.",
        _SEGMENTS,
        (Parameter("k", "segment bits", 2, "n", "n/2"),),
        shares_operand_codes=True,
    ),
    _multiplier(
        "roba",
        "RoBA",
        "Rounding-based approximate multiplier.",
        "Zendegani et al., RoBA Multiplier, IEEE TVLSI 2017",
        shares_operand_codes=True,
    ),
    _multiplier(
        "ilm",
        "ILM",
        "Improved logarithmic multiplier: nearest powers of two.",
        "Ansari et al., An Improved Logarithmic Multiplier for Energy-Efficient Neural Computing, IEEE TC 2021",
        shares_operand_codes=True,
    ),
    _multiplier(
        "udm",
        "UDM",
        "Underdesigned multiplier of 2x2 blocks (Kulkarni).",
        "Kulkarni et al., Trading Accuracy for Power with an Underdesigned Multiplier Architecture, VLSI Design 2011",
        synonyms=("kulkarni",),
    ),
    _multiplier(
        "bam",
        "BAM",
        "Broken-array multiplier: partial products left of the break lines are kept.",
        "Mahdiani et al., Bio-Inspired Imprecise Computational Blocks, IEEE TCAS-I 2010",
        (
            Parameter("vbl", "vertical break level", 0, "a+b-2", "n/2"),
            Parameter("hbl", "horizontal break level", 0, "b-1", "0"),
        ),
        ("broken array", "broken-array"),
    ),
    _multiplier(
        "asm",
        "ASM",
        "Alphabet-set multiplier with alphabet {1, 3, 5, 7}.",
        "Sarwar et al., Multiplier-less Artificial Neurons Exploiting Error Resiliency, DATE 2016",
        synonyms=("alphabet set", "alphabet-set"),
    ),
    _multiplier("eim", "EIM", "Error-tolerant inexact multiplier of 4x4 blocks.", _APTPU),
    _multiplier(
        "dr_alm",
        "DR-ALM",
        "Dynamic-range approximate log multiplier.",
        "Yin et al., Designs of Approximate Logarithmic Multipliers with Dynamic Range, IEEE TSUSC 2021",
        (Parameter("t", "log bits kept", 2, "n", "n/2"),),
        ("dr-alm", "dralm"),
        shares_operand_codes=True,
    ),
    _multiplier(
        "ssm",
        "SSM",
        "Static segment method.",
        _SEGMENTS,
        (Parameter("m", "segment bits", 1, "n", "n/2"),),
        shares_operand_codes=True,
    ),
    _multiplier(
        "tosam",
        "TOSAM",
        "Truncation- and rounding-based scalable approximate multiplier.",
        "Vahdat et al., TOSAM, IEEE TVLSI 2019",
        (
            Parameter("h", "fraction bits multiplied", 0, "n-1", "2"),
            Parameter("t", "fraction bits added", 0, "n-1", "n/2"),
        ),
        shares_operand_codes=True,
    ),
    _multiplier(
        "letam",
        "LETAM",
        "Low-energy truncation-based approximate multiplier.",
        "Vahdat et al., LETAM, Computers & Electrical Engineering 2017",
        (Parameter("t", "bits after the leading one", 1, "n-1", "n/2"),),
        shares_operand_codes=True,
    ),
    _multiplier(
        "rad",
        "RAD",
        "Hybrid high-radix encoded signed multiplier.",
        "Leon et al., Approximate Hybrid High Radix Encoding for Energy-Efficient Inexact Multipliers, IEEE TVLSI 2018",
        (Parameter("k", "bits in the high-radix digit", 4, "b", "n/2"),),
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
