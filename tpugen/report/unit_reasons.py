"""Why a unit may cost more than the exact one: one sentence or two on each family's structure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tpugen.dataset.unit_grid import Role

__all__ = ["REASONS"]

_SEGMENT = (
    "Each operand is made positive, its leading one found, and its segment shifted down; the product is shifted "
    "back and given its sign. All that is paid for by a core of fewer bits, and at 8 bits a core of this size "
    "saves less than that costs."
)
_LOG = (
    "There is no multiplier inside, but two leading-one detectors with normalising shifters, a log adder and an "
    "antilog shifter of the product's full width; their size hardly depends on the parameter, and an exact 8x8 "
    "multiplier is small."
)
_POWERS = (
    "Two leading-one detectors with rounding, three shifters of the product's width and two adders take the "
    "place of the partial products; an 8x8 array has only eight of those."
)
_BLOCKS = (
    "The blocks are exact on most inputs and are summed exactly, so the adders behind them stay; cutting the "
    "array into blocks keeps the synthesiser from compressing all partial products in one tree, and the signs "
    "are taken off and put back around it."
)
_LOW_PART = (
    "The exact upper part keeps its carry chain; what replaces the low full adders is little more than what "
    "they cost, and the carry into the upper part has to be made all the same."
)

REASONS: Mapping[tuple[Role, str], str] = MappingProxyType(
    {
        **{("multiplier", name): _SEGMENT for name in ("drum", "dsm", "letam")},
        **{("multiplier", name): _LOG for name in ("mitchell", "alm_loa", "alm_soa", "alm_maa3", "dr_alm")},
        **{("multiplier", name): _POWERS for name in ("roba", "ilm")},
        **{("multiplier", name): _BLOCKS for name in ("udm", "eim")},
        ("multiplier", "ssm"): (
            "Two fixed segments need no leading-one detector, only a choice, but the signs are taken off and "
            "put back, and a core of nearly the operands' width saves little."
        ),
        ("multiplier", "tosam"): (
            "Beside the small product of the truncated fractions there are two leading-one detectors, two "
            "normalising shifters, an adder of the fractions and a shifter of the product's width."
        ),
        ("multiplier", "bam"): (
            "With few partial products left out, what is saved at the array's low end does not pay for taking "
            "the signs off and putting them back."
        ),
        ("multiplier", "asm"): (
            "Every nibble of the second operand selects among four multiples of the first, which have to be "
            "made, and the selection and its shift cost more than the partial products that they replace."
        ),
        ("multiplier", "rad"): (
            "The high-radix digit needs an encoder and a selection of shifted multiples, the rest a Booth "
            "encoding of its own: at 8 bits that is more logic than the few partial products that are saved."
        ),
        **{
            ("adder", name): _LOW_PART
            for name in (
                "loa", "loawa", "approx5", "heaa", "oloca", "m_heaa", "hoeraa", "hoaaned", "herloa", "m_herloa", "seta",
                "lzta", "ldca",
            )
        },
    }
)  # fmt: skip
"""By role and family."""
