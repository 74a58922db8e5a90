"""Approximate multipliers, one pair of operands at a time, from their published definitions.

All are unsigned cores on magnitudes, whose sign is put back afterwards, except the exact multiplier and RAD. With l the
index of an operand's leading one, its fraction is what follows the leading one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["MULTIPLIERS", "multiply"]


def _log_word(x: int, fraction_bits: int) -> int:
    """`(l << F) | fraction`, the fraction left-aligned and cut to F bits."""
    leading = x.bit_length() - 1
    rest = x - (1 << leading)
    aligned = rest << fraction_bits >> leading
    return (leading << fraction_bits) | aligned


def _antilog(log_sum: int, fraction_bits: int) -> int:
    """`1.X << K`, rounded down, of a word of characteristic K and fraction X."""
    characteristic, fraction = divmod(log_sum, 1 << fraction_bits)
    return ((1 << fraction_bits) + fraction) << characteristic >> fraction_bits


def _logarithmic(add: Callable[[int, int, int], int]) -> Callable[..., int]:
    """Mitchell's multiplier with any adder of log words."""

    def core(a: int, b: int, a_bits: int, b_bits: int, m: int = 0) -> int:
        if a == 0 or b == 0:
            return 0
        fraction_bits = max(a_bits, b_bits) - 1
        return _antilog(add(_log_word(a, fraction_bits), _log_word(b, fraction_bits), m), fraction_bits)

    return core


def _log_add(low: Callable[[int, int, int], int], carry: Callable[[int, int, int], int]) -> Callable[..., int]:
    """An adder of log words that is inexact in its low m bits."""

    def add(x: int, y: int, m: int) -> int:
        return (((x >> m) + (y >> m) + carry(x, y, m)) << m) + (low(x, y, m) & ((1 << m) - 1))

    return add


def _both_tops(x: int, y: int, m: int) -> int:
    return x >> (m - 1) & y >> (m - 1) & 1


def _dr_alm(a: int, b: int, a_bits: int, b_bits: int, t: int) -> int:
    if a == 0 or b == 0:
        return 0
    total = 1
    for x in (a, b):
        word = _log_word(x, t - 1)
        total += word | 1 if x.bit_length() - 1 >= t - 1 else word
    return _antilog(total, t - 1)


def _segment(x: int, bits: int, forced: int) -> int:
    """The first `bits` from the leading one; where some are cut, the last of them is ORed with `forced`."""
    cut = x.bit_length() - bits
    return x if cut <= 0 else (x >> cut | forced) << cut


def _static(x: int, width: int, m: int) -> int:
    """The low m bits where they hold all of x, else the top m."""
    return x if x < 1 << m else x >> (width - m) << (width - m)


def _nearest_power(x: int) -> int:
    """The nearest power of two, at the half-way point the greater."""
    power = 1 << (x.bit_length() - 1)
    return 2 * power if 2 * x >= 3 * power else power


def _roba(a: int, b: int, a_bits: int, b_bits: int) -> int:
    if a == 0 or b == 0:
        return 0
    ra, rb = (2 if x == 3 else _nearest_power(x) for x in (a, b))
    return ra * b + rb * a - ra * rb


def _ilm(a: int, b: int, a_bits: int, b_bits: int) -> int:
    if a == 0 or b == 0:
        return 0
    pa, pb = _nearest_power(a), _nearest_power(b)
    return pa * pb + (a - pa) * pb + (b - pb) * pa


def _udm(a: int, b: int, a_bits: int, b_bits: int) -> int:
    total = 0
    for i in range(0, a_bits, 2):
        for j in range(0, b_bits, 2):
            x, y = a >> i & 3, b >> j & 3
            total += (7 if x == y == 3 else x * y) << (i + j)
    return total


def _bam(a: int, b: int, a_bits: int, b_bits: int, vbl: int, hbl: int) -> int:
    return sum(
        1 << (i + j) for i in range(a_bits) for j in range(hbl, b_bits) if i + j >= vbl and a >> i & 1 and b >> j & 1
    )


def _asm(a: int, b: int, a_bits: int, b_bits: int) -> int:
    snapped = {9: 8, 11: 10, 13: 12, 15: 14}
    nibbles = [b >> i & 15 for i in range(0, b_bits, 4)]
    return a * sum(snapped.get(nibble, nibble) << 4 * i for i, nibble in enumerate(nibbles))


def _eim_block(a: int, b: int) -> int:
    p = [[(a >> i & 1) & (b >> j & 1) for j in range(4)] for i in range(4)]
    q = p[3][2] & p[2][3]
    return (
        p[0][0]
        + ((p[0][1] | p[1][0]) << 1)
        + ((p[0][2] | p[1][1] | p[2][0]) << 2)
        + ((p[0][3] | p[1][2] | p[2][1] | p[3][0]) << 3)
        + (((p[0][3] & p[1][2] & p[2][1] & p[3][0]) | p[1][3] | p[2][2]) << 4)
        + (((p[1][3] & p[2][2] & p[3][1]) ^ p[2][3] ^ p[3][2]) << 5)
        + ((q ^ p[3][3]) << 6)
        + ((q & p[3][3]) << 7)
    )


def _eim(a: int, b: int, a_bits: int, b_bits: int) -> int:
    return sum(
        _eim_block(a >> i & 15, b >> j & 15) << (i + j) for i in range(0, a_bits, 4) for j in range(0, b_bits, 4)
    )


def _tosam(a: int, b: int, a_bits: int, b_bits: int, h: int, t: int) -> int:
    if a == 0 or b == 0:
        return 0
    # Every term over the common denominator 2^point, so that the only rounding is the last one, downwards.
    point = t + 1 + 2 * (h + 1)
    total = 1 << point
    product = 1
    for x in (a, b):
        leading = x.bit_length() - 1
        rest = x - (1 << leading)
        total += (((rest << t >> leading) << 1) | 1) << (point - t - 1)
        product *= ((rest << h >> leading) << 1) | 1
    total += product << (point - 2 * (h + 1))
    return total << (a.bit_length() + b.bit_length() - 2) >> point


def _rad(a: int, b: int, k: int) -> int:
    """The weight's low k bits, as two's complement, go to the nearest of 0 and +-2^(k-4..k-1); half way goes up."""
    low = b & ((1 << k) - 1)
    if low >> (k - 1):
        low -= 1 << k
    powers = [1 << (k - 4 + step) for step in range(4)]
    digits = [0, *powers, *(-power for power in powers)]
    digit = min(digits, key=lambda value: (abs(value - low), -value))
    return a * (b - low + digit)


MULTIPLIERS: dict[str, Callable[..., int]] = {
    "mitchell": _logarithmic(lambda x, y, _m: x + y),
    "alm_loa": _logarithmic(_log_add(lambda x, y, _m: x | y, _both_tops)),
    "alm_soa": _logarithmic(_log_add(lambda _x, _y, _m: -1, _both_tops)),
    "alm_maa3": _logarithmic(_log_add(lambda _x, y, _m: y, lambda x, _y, m: x >> (m - 1) & 1)),
    "dr_alm": _dr_alm,
    "drum": lambda a, b, _a_bits, _b_bits, k: _segment(a, k, 1) * _segment(b, k, 1),
    "dsm": lambda a, b, _a_bits, _b_bits, k: _segment(a, k, 0) * _segment(b, k, 0),
    "letam": lambda a, b, _a_bits, _b_bits, t: _segment(a, t + 1, 1) * _segment(b, t + 1, 1),
    "ssm": lambda a, b, a_bits, b_bits, m: _static(a, a_bits, m) * _static(b, b_bits, m),
    "roba": _roba,
    "ilm": _ilm,
    "udm": _udm,
    "bam": _bam,
    "asm": _asm,
    "eim": _eim,
    "tosam": _tosam,
}
"""Unsigned cores `f(a, b, a_bits, b_bits, **parameters)` by canonical name."""


def multiply(family: str, a: int, b: int, a_bits: int, b_bits: int, parameters: Mapping[str, int]) -> int:
    """`a x b` as a multiplier of `family` gives it, before any wrapping.

    Args:
        family: Canonical name.
        a: Activation, a number (negative ones stand for two's complement).
        b: Weight, likewise.
        a_bits: Width of the activation.
        b_bits: Width of the weight.
        parameters: All of the family's parameters.
    """
    if family == "exact":
        return a * b
    if family == "rad":
        return _rad(a, b, **parameters)
    magnitude = MULTIPLIERS[family](abs(a), abs(b), a_bits, b_bits, **parameters)
    return -magnitude if (a < 0) != (b < 0) else magnitude
