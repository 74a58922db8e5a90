"""Units of measurement that technology cards may use, and how they convert."""

from __future__ import annotations

from tpugen.errors import RequestError

__all__ = ["UNITS", "accepted_units", "convert", "dimension_of"]

_AREA_UM2 = {"um2": 1.0, "mm2": 1e6, "nm2": 1e-6}
_BITS = {"bit": 1.0, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "byte": 8.0}
_BYTES = {"KB": 8e3, "MB": 8e6, "GB": 8e9, "KiB": 8.0 * 2**10, "MiB": 8.0 * 2**20, "GiB": 8.0 * 2**30}

UNITS: dict[str, tuple[str, float]] = {
    unit: (dimension, factor)
    for dimension, units in {
        "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15},
        "energy": {"J": 1.0, "mJ": 1e-3, "uJ": 1e-6, "nJ": 1e-9, "pJ": 1e-12, "fJ": 1e-15},
        "power": {"W": 1.0, "mW": 1e-3, "uW": 1e-6, "nW": 1e-9},
        "area": _AREA_UM2,
        "area per bit": {"um2/bit": 1.0, "um2/byte": 1 / 8, "mm2/MB": 1e6 / 8e6, "mm2/MiB": 1e6 / (8.0 * 2**20)},
        "frequency": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
        "sample rate": {"S/s": 1.0, "kS/s": 1e3, "MS/s": 1e6, "GS/s": 1e9},
        "data rate": {
            "bit/s": 1.0, "Mbit/s": 1e6, "Gbit/s": 1e9, "byte/s": 8.0, "MB/s": 8e6, "GB/s": 8e9, "TB/s": 8e12,
        },
        "energy per bit": {
            "J/bit": 1.0, "pJ/bit": 1e-12, "fJ/bit": 1e-15, "nJ/bit": 1e-9, "pJ/byte": 1e-12 / 8, "nJ/byte": 1e-9 / 8,
        },
        "data": _BITS | _BYTES,
        "resistance": {"ohm": 1.0, "kohm": 1e3, "Mohm": 1e6},
        "capacitance": {"F": 1.0, "pF": 1e-12, "fF": 1e-15},
        "voltage": {"V": 1.0, "mV": 1e-3},
        "length": {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9},
        "count": {"1": 1.0},
    }.items()
    for unit, factor in units.items()
}  # fmt: skip
"""Unit: its dimension, and the factor to the dimension's base unit (SI; area in um2, data in bits)."""


def dimension_of(unit: str) -> str | None:
    """What a unit measures, or None for a unit that is not known."""
    return UNITS[unit][0] if unit in UNITS else None


def accepted_units(dimension: str) -> tuple[str, ...]:
    """All units of a dimension."""
    return tuple(unit for unit, (name, _) in UNITS.items() if name == dimension)


def convert(value: float, unit: str, into: str) -> float:
    """A value in another unit of the same dimension.

    Raises:
        RequestError: The units are not known or measure different things.
    """
    if unit == into:
        return value
    if unit not in UNITS or into not in UNITS or UNITS[unit][0] != UNITS[into][0]:
        wanted = dimension_of(into)
        expected = f"one of {', '.join(accepted_units(wanted))}" if wanted else f"one of {', '.join(UNITS)}"
        raise RequestError(f"a value in {unit!r} cannot be read in {into!r}; expected {expected}")
    return value * (UNITS[unit][1] / UNITS[into][1])
