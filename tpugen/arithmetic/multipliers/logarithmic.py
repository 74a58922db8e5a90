"""Multipliers that add logarithms: Mitchell, ALM-LOA, ALM-SOA, ALM-MAA3, DR-ALM, TOSAM.

With l the index of an operand's leading one and x its fraction, the operand is 2^l (1 + x). Its logarithm is taken as
l + x, held as the log word `(l << F) | fraction` with the fraction left-aligned to F bits: one less than the wider
operand has, unless the family keeps fewer. Mitchell and its relatives add two log words and read the sum back as
characteristic and fraction; TOSAM keeps part of the product of the fractions.

A product is 0 where an operand is 0. Results are rounded down.
"""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.multipliers.bits import leading_one
from tpugen.arithmetic.signature import Magnitudes, sign_magnitude

__all__ = ["alm_loa", "alm_maa3", "alm_soa", "dr_alm", "mitchell", "tosam"]

_TOP = 63
"""The top bit of a machine word: mantissas are aligned to it, which leaves one right shift for any exponent."""


def _fraction(x: Magnitudes, leading: Magnitudes, fraction_bits: int) -> Magnitudes:
    """The first `fraction_bits` after the leading one, zeros where the operand ends before; 0 for 0."""
    # Never a shift by 64 or more: the operand moves up to the top bit first, where the leading one falls off.
    after_leading = (x << (_TOP - leading)) << 1
    fraction: Magnitudes = after_leading >> 1 >> (_TOP - fraction_bits)
    return fraction


def _log_word(x: Magnitudes, fraction_bits: int) -> Magnitudes:
    """`(l << F) | fraction`; 0 for 0, as for 1."""
    leading = leading_one(x)
    return (leading << fraction_bits) | _fraction(x, leading, fraction_bits)


def _log_words(a: Magnitudes, b: Magnitudes, *widths_bits: int) -> tuple[Magnitudes, Magnitudes, int]:
    """Both operands' log words and F, the fraction bits of the wider operand."""
    fraction_bits = max(widths_bits) - 1
    return _log_word(a, fraction_bits), _log_word(b, fraction_bits), fraction_bits


def _antilog(log_sum: Magnitudes, fraction_bits: int) -> Magnitudes:
    """`(2^F + X) << (K - F)`, rounded down, of a sum of characteristic K and fraction X."""
    shift = _TOP - (log_sum >> fraction_bits)
    mantissa = log_sum << (_TOP - fraction_bits)
    mantissa |= np.uint64(1 << _TOP)
    mantissa >>= shift
    return mantissa


def _without_zeros(product: Magnitudes, a: Magnitudes, b: Magnitudes) -> Magnitudes:
    """`product`, but 0 where an operand is 0: logarithms know no zero."""
    for operand in (a, b):
        if not operand.all():
            product *= (operand != 0).astype(np.uint64)
    return product


@sign_magnitude
def mitchell(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int) -> Magnitudes:
    """Mitchell's logarithmic multiplier: log words added exactly."""
    first, second, fraction_bits = _log_words(a, b, a_width_bits, b_width_bits)
    return _without_zeros(_antilog(first + second, fraction_bits), a, b)


@sign_magnitude
def alm_loa(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, m: int) -> Magnitudes:
    """Mitchell with a lower-part OR log adder: the low m bits ORed, the AND of their top bits carried."""
    first, second, fraction_bits = _log_words(a, b, a_width_bits, b_width_bits)
    log_sum = _upper(first, m) + _upper(second, m)
    log_sum += _carry(first, m) & _carry(second, m)
    log_sum |= _lower(first, m) | _lower(second, m)
    return _without_zeros(_antilog(log_sum, fraction_bits), a, b)


@sign_magnitude
def alm_soa(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, m: int) -> Magnitudes:
    """Mitchell with a set-one log adder: the low m bits are 1, the AND of the operands' bits m - 1 carried."""
    first, second, fraction_bits = _log_words(a, b, a_width_bits, b_width_bits)
    log_sum = (_upper(first, m) | ((1 << m) - 1)) + _upper(second, m)
    log_sum += _carry(first, m) & _carry(second, m)
    return _without_zeros(_antilog(log_sum, fraction_bits), a, b)


@sign_magnitude
def alm_maa3(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, m: int) -> Magnitudes:
    """Mitchell with a mirror log adder: the low m bits copy b's log word, bit m - 1 of a's is carried."""
    first, second, fraction_bits = _log_words(a, b, a_width_bits, b_width_bits)
    log_sum = (_upper(first, m) + _carry(first, m)) + second
    return _without_zeros(_antilog(log_sum, fraction_bits), a, b)


def _upper(log_word: Magnitudes, m: int) -> Magnitudes:
    return log_word >> m << m


def _lower(log_word: Magnitudes, m: int) -> Magnitudes:
    return log_word & ((1 << m) - 1)


def _carry(log_word: Magnitudes, m: int) -> Magnitudes:
    """Bit m - 1, where it is added when carried: at bit m."""
    return ((log_word >> (m - 1)) & 1) << m


@sign_magnitude
def dr_alm(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, t: int) -> Magnitudes:
    """Dynamic-range approximate log multiplier: t - 1 fraction bits, the last forced to 1; one LSB added."""
    fraction_bits = t - 1
    log_sum = (_dynamic_log_word(a, fraction_bits) + 1) + _dynamic_log_word(b, fraction_bits)
    return _without_zeros(_antilog(log_sum, fraction_bits), a, b)


def _dynamic_log_word(x: Magnitudes, fraction_bits: int) -> Magnitudes:
    """The log word of few fraction bits, the last of them 1 where the leading one's index reaches their number."""
    return _log_word(x, fraction_bits) | (leading_one(x) >= fraction_bits)


@sign_magnitude
def tosam(a: Magnitudes, b: Magnitudes, a_width_bits: int, b_width_bits: int, h: int, t: int) -> Magnitudes:
    """`2^(la + lb) (1 + xa_t + xb_t + xa_h xb_h)`: fractions cut to t and to h bits, a 1 appended to each."""
    # The sum is below 4: with 62 fraction bits it fits the word, and no product has more than 62 bits above its point.
    point = 62
    leading_a, leading_b = leading_one(a), leading_one(b)

    def cut(x: Magnitudes, leading: Magnitudes, bits: int) -> Magnitudes:
        return _fraction(x, leading, bits) << 1 | 1

    mantissa = ((cut(a, leading_a, t) << (point - t - 1)) + (1 << point)) + (cut(b, leading_b, t) << (point - t - 1))
    # The product of the short fractions has 2h + 2 fraction bits. With h = 31 these are two too many; those two are cut
    # again by any shift to the result, because la + lb <= 62.
    spare = point - (2 * h + 2)
    mantissa += (
        (cut(a, leading_a, h) << spare) * cut(b, leading_b, h)
        if spare >= 0
        else (cut(a, leading_a, h) * cut(b, leading_b, h)) >> -spare
    )
    mantissa >>= (point - leading_a) - leading_b
    return _without_zeros(mantissa, a, b)
