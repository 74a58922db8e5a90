"""Turns pydantic's validation errors into tpugen's words: field, value, legal range, a value that would work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

__all__ = ["describe_violations"]


def describe_violations(details: Sequence[ErrorDetails]) -> str:
    """All violations of one spec, one a line, under a heading that counts them."""
    lines = [line for detail in details for line in _describe(detail).split("\n")]
    noun = "violation" if len(lines) == 1 else "violations"
    return f"the spec is not legal ({len(lines)} {noun}):\n" + "\n".join(f"  - {line}" for line in lines)


# Ranges of fields, for messages: pydantic reports only the bound that was broken.
_RANGES: dict[str, tuple[str, str]] = {
    "rows": ("1..256", "8"),
    "cols": ("1..256", "8"),
    "width_bits": ("2..32", "8"),
    "activation_width_bits": ("2..32", "8"),
    "weight_width_bits": ("2..32", "8"),
    "accumulator_width_bits": ("product width..128", "32"),
    "clock_mhz": ("above 0, up to 10000", "100"),
    "signed": ("true or false", "true"),
    "shared_pre_approximation": ("true or false", "false"),
    "dataflow": ("output_stationary, weight_stationary, input_stationary", "output_stationary"),
    "kind": ("adder, multiplier, mac, systolic_array", "systolic_array"),
}


def _describe(detail: ErrorDetails) -> str:
    kind = detail["type"]
    path = [str(part) for part in detail["loc"]]
    # The first part of a discriminated union's location is the kind's own name.
    if path and path[0] in ("adder", "multiplier", "mac", "systolic_array"):
        path = path[1:]
    field = ".".join(path)
    if kind == "together":
        return str(detail["msg"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        legal, works = _RANGES["kind"]
        found = (
            repr(detail["input"].get("kind", "nothing")) if isinstance(detail["input"], dict) else repr(detail["input"])
        )
        return f"kind: found {found}; legal: {legal}; {works} would work"
    if kind == "extra_forbidden":
        return f"{field}: no such field (value {_short(detail['input'])}); remove it"
    if kind == "missing":
        return f"{field}: missing"
    if field in _RANGES:
        legal, works = _RANGES[field]
        return f"{field}: {_short(detail['input'])} is not legal; legal: {legal}; {works} would work"
    return f"{field or 'spec'}: {detail['msg']}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
