"""Carrying a measured design to another technology: first-order scaling, done only when it is asked for.

With s = target feature size / source feature size, and V the supplies (Dennard et al., "Design of Ion-Implanted
MOSFET's with Very Small Physical Dimensions", IEEE JSSC 9(5), 1974, table I, with the supplies as they are instead of
scaled by s):

- area scales with s^2, as both sides of every shape do;
- delay scales with s: the capacitance of a gate goes with s, its current per volt hardly changes;
- energy scales with s (V'/V)^2: C V^2.

Below 45 nm wires and leakage no longer follow, and library styles differ by more than these rules say: the result is
an estimate and counts as assumed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from tpugen.errors import RequestError
from tpugen.results.systems import ScalingRecord

__all__ = ["NOMINAL_VOLTAGE_V", "SCALING_SOURCE", "parse_target", "scaling_between"]

SCALING_SOURCE = (
    "first order (Dennard et al., IEEE JSSC 9(5), 1974): area s^2, delay s, energy s*(V'/V)^2; an estimate, assumed"
)

NOMINAL_VOLTAGE_V: Mapping[float, float] = MappingProxyType(
    {500: 5.0, 350: 3.3, 250: 2.5, 180: 1.8, 130: 1.2, 90: 1.2, 65: 1.1, 45: 1.1, 32: 1.0, 28: 0.9, 22: 0.8, 16: 0.8,
     14: 0.8, 10: 0.75, 7: 0.7}
)  # fmt: skip
"""Usual core supply by feature size in nm, where the target names none (at 45 nm that of the Nangate library)."""

_TARGET = re.compile(r"\s*(?P<nm>\d+(?:\.\d+)?)\s*(?:nm)?\s*(?:@\s*(?P<volts>\d+(?:\.\d+)?)\s*[vV]?\s*)?", re.ASCII)


def parse_target(text: str) -> tuple[float, float]:
    """Feature size in nm and supply in volts from `45nm` or `45nm@1.0V`.

    Raises:
        RequestError: anything else, or a size whose usual supply is not known.
    """
    found = _TARGET.fullmatch(text)
    if found is None or float(found["nm"]) <= 0 or (found["volts"] is not None and float(found["volts"]) <= 0):
        raise RequestError(
            f"cannot read {text[:40]!r} as a technology to scale to; expected a feature size in nm, with the supply "
            "where it is not the usual one",
            hint="for example 45nm, or 45nm@1.0V",
        )
    process_nm = float(found["nm"])
    if found["volts"] is not None:
        return process_nm, float(found["volts"])
    if process_nm not in NOMINAL_VOLTAGE_V:
        known = ", ".join(f"{size:g}" for size in NOMINAL_VOLTAGE_V)
        raise RequestError(
            f"the usual supply at {process_nm:g} nm is not known; it is at {known} nm",
            hint=f"name it: {process_nm:g}nm@VOLTS",
        )
    return process_nm, NOMINAL_VOLTAGE_V[process_nm]


def scaling_between(
    technology: str, process_nm: float, voltage_v: float, target_nm: float, target_v: float
) -> ScalingRecord:
    """The factors from one technology to another.

    Args:
        technology: Name of the one that the design was measured in.
        process_nm: Its feature size.
        voltage_v: Its supply.
        target_nm: Feature size of the other.
        target_v: Supply of the other.

    Raises:
        RequestError: a size or a supply is not a number above 0.
    """
    for name, value in (("feature size", process_nm), ("supply", voltage_v), ("target feature size", target_nm),
                        ("target supply", target_v)):  # fmt: skip
        if not (math.isfinite(value) and value > 0):
            raise RequestError(f"scaling from {technology}: {name} is {value}; expected a number above 0")
    size = target_nm / process_nm
    return ScalingRecord(
        technology=technology,
        process_nm=process_nm,
        voltage_v=voltage_v,
        target_process_nm=target_nm,
        target_voltage_v=target_v,
        area_factor=size**2,
        delay_factor=size,
        energy_factor=size * (target_v / voltage_v) ** 2,
        source=SCALING_SOURCE,
    )
