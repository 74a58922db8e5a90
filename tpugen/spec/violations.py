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


_KINDS = ("adder", "multiplier", "mac", "systolic_array", "tpu", "pim_tile", "pim_llm")

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
    "kind": (", ".join(_KINDS), "systolic_array"),
    "operand_depth": ("2..8192", "256"),
    "multiplier_width_bits": ("1..32", "32"),
    "unsigned_activations": ("true or false", "false"),
    "result_width_bits": ("4..64", "32"),
    "weights": ("ternary, binary", "ternary"),
    "crossbar_rows": ("2..1024", "128"),
    "crossbar_cols": ("2..1024", "128"),
    "adc_bits": ("2..16", "8"),
    "columns_per_adc": ("1..1024", "8"),
    "zero_skipping": ("true or false", "false"),
    "input_lanes": ("1..256", "1"),
    "output_lanes": ("1..256", "1"),
    "faults": ("stuck_off and stuck_on, 0..65536, and a seed", "{}"),
    "faults.stuck_off": ("0..65536", "0"),
    "faults.stuck_on": ("0..65536", "0"),
    "faults.seed": ("0..4294967295", "0"),
    "noise": ("sigma, 0..16383, and a seed", "{}"),
    "noise.sigma": ("0..16383", "0"),
    "noise.seed": ("0..4294967295", "0"),
    "d": ("2..16384", "64"),
    "heads": ("1..1024", "4"),
    "kv_heads": ("1..1024, a divisor of heads", "1"),
    "d_ff": ("2..16384", "256"),
    "context": ("1..16384", "64"),
    "gated": ("true or false", "false"),
    "norm": ("rms_norm, layer_norm", "rms_norm"),
    "activation": ("gelu, relu2", "gelu"),
}

_TENSOR_UNIT = {"rows": ("2..256", "8"), "signed": ("true", "true"), "activation_width_bits": ("8", "8")}

_RANGES_OF_KIND: dict[str, dict[str, tuple[str, str]]] = {
    "tpu": {**_TENSOR_UNIT, "weight_width_bits": ("8", "8"), "accumulator_width_bits": ("32", "32")},
    "pim_tile": {
        "rows": ("1..65536", "128"),
        "cols": ("1..65536", "128"),
        "signed": ("true", "true"),
        "activation_width_bits": ("2..16", "8"),
    },
    "pim_llm": {**_TENSOR_UNIT, "input_lanes": ("1", "1"), "output_lanes": ("1", "1")},
}
"""Where a kind's range of a field differs."""


def _describe(detail: ErrorDetails) -> str:
    kind = detail["type"]
    path = [str(part) for part in detail["loc"]]
    # The first part of a discriminated union's location is the kind's own name.
    ranges = _RANGES
    if path and path[0] in _KINDS:
        ranges = {**_RANGES, **_RANGES_OF_KIND.get(path[0], {})}
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
    if field in ranges:
        legal, works = ranges[field]
        return f"{field}: {_short(detail['input'])} is not legal; legal: {legal}; {works} would work"
    return f"{field or 'spec'}: {detail['msg']}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
