"""The parts of which requests are put together: operands, units, dataflows, in several wordings.

Each part states its facts in full, in words that `tpugen.spec.language` reads back.
"""

from __future__ import annotations

from tpugen.dataset.accelerator_sentences import accelerator_parts
from tpugen.dataset.identity import pick
from tpugen.spec import (
    AcceleratorSpec,
    AdderUnit,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)

__all__ = ["parts_of"]

_LETTERS = {"output_stationary": "OS", "weight_stationary": "WS", "input_stationary": "IS"}
_STAY = {
    "output_stationary": ("outputs stay in place", "the outputs stay put", "keep the outputs in place"),
    "weight_stationary": ("weights stay in place", "the weights stay put", "keep the weights in place"),
    "input_stationary": ("inputs stay in place", "the inputs stay put", "keep the inputs in place"),
}


def parts_of(spec: DesignSpec, digest: str, voice: str) -> dict[str, str]:
    """Every part that a sentence about the design may use, by the name of its placeholder.

    Args:
        spec: The design.
        digest: Its `spec_digest`, by which wordings are chosen.
        voice: The voice: each voice chooses by itself.
    """
    if isinstance(spec, AcceleratorSpec):
        return accelerator_parts(spec)
    sign = "signed" if spec.signed else "unsigned"
    parts = {
        "sign": sign,
        "units": _units(spec, digest, voice),
        "all_units": _all_units(spec, digest, voice),
    }
    if isinstance(spec, MultiplierSpec | MacSpec | SystolicArraySpec):
        activation, weight = spec.activation_width_bits, spec.weight_width_bits
        parts |= {
            "a": str(activation),
            "w": str(weight),
            "ops": pick(digest, f"{voice} operands", _operands(activation, weight, sign)),
            "long_ops": pick(digest, f"{voice} long operands", _long_operands(activation, weight, sign)),
        }
    else:
        parts["n"] = str(spec.width_bits)
    if isinstance(spec, MacSpec | SystolicArraySpec):
        parts["acc"] = str(spec.accumulator_width_bits)
    if isinstance(spec, SystolicArraySpec):
        parts |= {
            "rows": str(spec.rows),
            "cols": str(spec.cols),
            "size": pick(digest, f"{voice} size", (f"{spec.rows}x{spec.cols}", f"{spec.rows} x {spec.cols}")),
            "df": _LETTERS[spec.dataflow],
            "dataflow": spec.dataflow.replace("_", "-"),
            "stationary": spec.dataflow.replace("_", " "),
            "stay": pick(digest, f"{voice} stay", _STAY[spec.dataflow]),
            "macs": str(spec.rows * spec.cols),
        }
    return parts


def _operands(activation: int, weight: int, sign: str) -> tuple[str, ...]:
    if activation == weight:
        return (
            f"{'int' if sign == 'signed' else 'uint'}{activation}",
            f"{sign} W{weight}A{activation}",
            f"{activation}-bit {sign} operands",
        )
    return (
        f"{sign} W{weight}A{activation}",
        f"{activation}-bit {sign} activations and {weight}-bit {sign} weights",
        f"{sign} {activation}-bit activations, {weight}-bit weights",
    )


def _long_operands(activation: int, weight: int, sign: str) -> tuple[str, ...]:
    number = "two's complement" if sign == "signed" else "unsigned"
    return (
        f"{sign} {activation}-bit activations and {sign} {weight}-bit weights",
        f"{activation}-bit {sign} activations and {weight}-bit {sign} weights",
        f"{number} activations of {activation} bits and weights of {weight} bits",
        f"{activation}-bit activations and {weight}-bit weights, both {sign}",
    )


# -- units --------------------------------------------------------------------------------------------------------


def _units(spec: DesignSpec, digest: str, voice: str) -> str:
    """The units that are not simply exact, and shared pre-approximation, after a comma; empty where there are none."""
    form = pick(digest, f"{voice} units", range(_FORMS))
    named = [
        _unit(unit, role, form)
        for role in ("multiplier", "adder")
        if (unit := getattr(spec, role, None)) is not None and (unit.family != "exact" or unit.structure)
    ]
    if getattr(spec, "shared_pre_approximation", False):
        named.append(pick(digest, f"{voice} shared", _SHARED))
    return f", {', '.join(named)}" if named else ""


def _all_units(spec: DesignSpec, digest: str, voice: str) -> str:
    """Every unit, the exact ones too: `DRUM (k=4) multiplier and exact adder`."""
    form = pick(digest, f"{voice} all units", range(_FORMS))
    units = [_unit(unit, role, form) for role in ("multiplier", "adder") if (unit := getattr(spec, role, None))]
    shared = " with shared pre-approximation" if getattr(spec, "shared_pre_approximation", False) else ""
    return " and ".join(units) + shared


_SHARED = (
    "shared pre-approximation",
    "with shared pre-approximation",
    "pre-approximation shared at the array's edge",
    "operand encoding done at the array's edge",
)

_FORMS = 4


def _unit(unit: AdderUnit | MultiplierUnit, role: str, form: int) -> str:
    """`DRUM (k=4) multiplier`, `DRUM(4) multiplier`, `DRUM multiplier with k = 4`, `DRUM multiplier (k=4)`."""
    name = unit.structure.replace("_", "-") if unit.structure else unit.families[unit.family].title
    stated = ", ".join(f"{key}={value}" for key, value in unit.parameters.items())
    if not stated:
        return f"{name} {role}"
    if unit.family == "rad" and form < 2:  # `RAD64` and `RAD(64)` speak of the radix, not of k
        form += 2
    return (
        f"{name} ({stated}) {role}",
        f"{name}({','.join(str(value) for value in unit.parameters.values())}) {role}",
        f"{name} {role} with {' and '.join(f'{key} = {value}' for key, value in unit.parameters.items())}",
        f"{name} {role} ({stated})",
    )[form]
