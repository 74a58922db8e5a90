"""Everything that was filled in or guessed, with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS
from tpugen.spec.accelerators import PimLlmSpec, PimTileSpec
from tpugen.spec.design import DesignSpec
from tpugen.spec.language.chart import Chart, Node, Statement
from tpugen.spec.language.kinds import KindChoice
from tpugen.spec.language.request import Assumption
from tpugen.spec.language.resolving import Resolution

__all__ = ["assumptions_of"]

_REASONS = {
    "rows": "no size is given",
    "cols": "no size is given",
    "dataflow": "no dataflow is given; output-stationary needs no partial sums from outside",
    "width_bits": "no width is given",
    "activation_width_bits": "no width is given for the activations",
    "weight_width_bits": "no width is given for the weights",
    "accumulator_width_bits": "no accumulator width is given; this one holds 65,536 products without overflow",
    "signed": 'the request says neither "signed" nor "unsigned"',
    "clock_mhz": "no clock is given",
    "multiplier": "no approximate multiplier is named",
    "adder": "no approximate adder is named",
}


_CROSSBAR_REASONS = {
    "weights": "neither ternary nor binary weights are asked for",
    "crossbar_rows": "no size of the crossbars is given",
    "crossbar_cols": "no size of the crossbars is given",
    "adc_bits": "no resolution of the ADCs is given",
    "columns_per_adc": "how many columns share an ADC is not given",
    "zero_skipping": "zero skipping is not asked for",
}

_ACCELERATOR_REASONS = {
    "tpu": {
        "rows": "no size is given",
        "cols": "no size is given",
        "operand_depth": "no depth of the operand memories is given",
        "multiplier_width_bits": "no width of the requantisation's multiplier is given",
        "unsigned_activations": "unsigned activations are not asked for",
        "clock_mhz": "no clock is given",
    },
    "pim_tile": {
        "rows": "the matrix's inputs are not given",
        "cols": "the matrix's outputs are not given",
        "activation_width_bits": "no width is given for the activations",
        "result_width_bits": "no width is given for the results",
        **_CROSSBAR_REASONS,
        "input_lanes": "how many activations enter in a cycle is not given",
        "output_lanes": "how many results leave in a cycle is not given",
        "clock_mhz": "no clock is given",
    },
    "pim_llm": {
        "d": "no width of the residual stream is given",
        "heads": "no number of heads is given",
        "kv_heads": "no number of key heads is given; each query head has one of its own",
        "d_ff": "no width of the feed-forward network is given; four times d",
        "context": "no context is given",
        "gated": "a gated feed-forward network is not asked for",
        "norm": "no norm is named",
        "activation": "no activation function is named",
        "rows": "no size of the array is given",
        "cols": "no size of the array is given",
        "operand_depth": "no depth of the array's operand memories is given",
        **_CROSSBAR_REASONS,
        "clock_mhz": "no clock is given",
    },
}
"""Reasons of whole accelerators; fields that have one legal value, and ideal cells, need none."""


def assumptions_of(chart: Chart, choice: KindChoice, resolution: Resolution, spec: DesignSpec) -> list[Assumption]:
    """The kind where it is a guess, the fields that the request does not state, misspelt words and bounds."""
    said = [*resolution.used, *choice.statements]
    return [
        *_kind_assumption(choice),
        *_field_assumptions(spec, resolution),
        *_corrections(chart, said, spec),
        *_bounds(chart, resolution.used, spec),
        *_remarks(spec, resolution),
    ]


def _remarks(spec: DesignSpec, resolution: Resolution) -> Iterator[Assumption]:
    """ADCs that are wider than need be, or that can clip."""
    if isinstance(spec, PimTileSpec | PimLlmSpec):
        for remark in spec.remarks:
            yield Assumption("adc_bits", spec.adc_bits, remark, stated="adc_bits" in resolution.values)


def _kind_assumption(choice: KindChoice) -> Iterator[Assumption]:
    if choice.reason is not None:
        yield Assumption("kind", choice.kind, choice.reason)


def _field_assumptions(spec: DesignSpec, resolution: Resolution) -> Iterator[Assumption]:
    """One for each field that the request does not state, in the order of the spec's fields."""
    reasons = _ACCELERATOR_REASONS.get(spec.kind, _REASONS)
    for name in [name for name in reasons if name in type(spec).model_fields]:
        value = getattr(spec, name)
        if name in ("multiplier", "adder"):
            if name not in resolution.values:
                yield Assumption(name, value.family, resolution.notes.get(name, reasons[name]))
            yield from _parameter_assumptions(spec, name, resolution)
        elif name in resolution.notes:
            yield Assumption(name, value, resolution.notes[name])
        elif name not in resolution.values:
            yield Assumption(name, value, reasons[name])


def _parameter_assumptions(spec: DesignSpec, role: str, resolution: Resolution) -> Iterator[Assumption]:
    unit = getattr(spec, role)
    family = (ADDERS if role == "adder" else MULTIPLIERS)[unit.family]
    widths = [
        getattr(spec, name) for name in ("width_bits", "activation_width_bits", "weight_width_bits")
        if hasattr(spec, name)
    ]  # fmt: skip
    width = getattr(spec, "accumulator_width_bits", min(widths)) if role == "adder" else min(widths)
    for parameter in family.parameters:
        name = f"{role}.{parameter.name}"
        if name in resolution.notes:
            yield Assumption(name, unit.parameters[parameter.name], resolution.notes[name])
        elif name not in resolution.values:
            reason = f"{family.title}'s {parameter.meaning} is not given; its default at {width} bits"
            yield Assumption(name, unit.parameters[parameter.name], reason)


def _corrections(chart: Chart, said: Sequence[Statement], spec: DesignSpec) -> Iterator[Assumption]:
    """Misspelt words, told beside the value that they led to."""
    for index, word in sorted(chart.corrections.items()):
        for statement in said:
            if statement.first <= index <= statement.last:
                name = _spec_field(statement.field, spec)
                reason = f'"{chart.tokens[index].text}" is read as "{word}"'
                yield Assumption(name, _value(spec, name), reason, stated=True)
                break


_MODIFIER_REASONS = {
    "QUAL": "is read as exactly this value",
    "FIXED": "is built as integers; the scaling stays outside",
}


def _bounds(chart: Chart, used: Sequence[Statement], spec: DesignSpec) -> Iterator[Assumption]:
    """Bounds ("at least") and fixed point, told beside the value that they stand at."""
    for node in chart.modifiers:
        nearest = _nearest(node, used) if node.symbol in _MODIFIER_REASONS else None
        if nearest is None and node.symbol == "FIXED":
            nearest = Statement("operand_width", None, node.first, node.last)
        if nearest is not None:
            name = _spec_field(nearest.field, spec)
            written = chart.written(node.first, node.last)
            yield Assumption(name, _value(spec, name), f'"{written}" {_MODIFIER_REASONS[node.symbol]}', stated=True)


def _nearest(node: Node, statements: Sequence[Statement]) -> Statement | None:
    def distance(statement: Statement) -> int:
        if statement.first <= node.first <= statement.last:
            return 0
        return min(abs(statement.first - node.last), abs(node.first - statement.last))

    counted = [
        item
        for item in statements
        if (item.field.endswith("width_bits") or item.field in ("operand_width", "input_width"))
        or (node.symbol == "QUAL" and item.field not in ("dataflow", "signed", "signed_by_type"))
    ]
    best = min(counted, key=distance, default=None)
    return best if best is not None and distance(best) <= 4 else None


def _spec_field(topic: str, spec: DesignSpec) -> str:
    """The spec's field that a topic led to."""
    role = topic.split(".", maxsplit=1)[0]
    if role in type(spec).model_fields:
        return topic
    candidates = {
        "operand_width": ("activation_width_bits", "width_bits"),
        "input_width": ("activation_width_bits", "width_bits"),
        "activation_width_bits": ("width_bits",), "weight_width_bits": ("width_bits",),
        "output_width": ("accumulator_width_bits",),
        "adder_width": ("width_bits", "accumulator_width_bits"),
        "size_pair": ("rows", "activation_width_bits", "width_bits"),
        "operand_pair": ("activation_width_bits", "width_bits"), "matrix_pair": ("rows",), "pe_count": ("rows",),
        "square": ("rows",), "signed_by_type": ("signed",), "coefficient": ("multiplier", "adder"),
        "parameter": ("multiplier", "adder"), "described_parameter": ("multiplier", "adder"),
    }  # fmt: skip
    return next((name for name in candidates.get(topic, ()) if name in type(spec).model_fields), "kind")


def _value(spec: DesignSpec, name: str) -> bool | int | float | str:
    role, _, parameter = name.partition(".")
    value = getattr(spec, role)
    if role in ("faults", "noise"):
        return int(getattr(value, parameter))
    if role in ("multiplier", "adder"):
        return int(value.parameters[parameter]) if parameter in value.parameters else value.structure or value.family
    result: bool | int | float | str = value
    return result
