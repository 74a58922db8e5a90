"""Contracts of adders, multipliers and multiply-accumulate units; what designs say of their arithmetic units."""

from __future__ import annotations

from tpugen.spec.contract_parts import (
    CLOCK_PORTS,
    Channel,
    Contract,
    number_words,
    port_in,
    port_out,
    widths_name,
)
from tpugen.spec.design import AdderSpec, ArithmeticSpec, MacSpec, MultiplierSpec
from tpugen.spec.latency import latency_for

__all__ = [
    "OPERAND_CHANNEL",
    "adder_contract",
    "arithmetic_sentences",
    "mac_contract",
    "multiplier_contract",
    "unit_suffix",
]


def unit_suffix(spec: ArithmeticSpec) -> str:
    """Families with parameters, and structures; nothing for exact units whose structure is left open."""
    parts = []
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and (unit.family != "exact" or unit.structure):
            name = unit.structure or unit.family
            parts.append(name + "".join(f"_{key}{value}" for key, value in sorted(unit.parameters.items())))
    if getattr(spec, "shared_pre_approximation", False):
        parts.append("shared")
    return "".join(f"_{part}" for part in parts)


def arithmetic_sentences(spec: ArithmeticSpec) -> tuple[str, ...]:
    """What approximate units do and in which order they are used; nothing where all is exact."""
    sentences = []
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and unit.family != "exact":
            family = unit.families[unit.family]
            parameters = ", ".join(f"{name} = {value}" for name, value in unit.parameters.items())
            sentences.append(
                f"The {role} is approximate: {family.title} ({parameters or 'no parameters'}). {family.summary}"
            )
    if getattr(spec, "multiplier", None) is not None and spec.signed and spec.multiplier.family not in ("exact", "rad"):  # type: ignore[union-attr]
        sentences.append(
            "Signed products are made from magnitudes; the sign is the exclusive or of the operands' signs."
        )
    if not isinstance(spec, AdderSpec | MultiplierSpec) and spec.adder.family != "exact":
        order = {
            "mac": "adder(accumulator, product), in the order of the operand pairs, from an accumulator of 0.",
            "output_stationary": "adder(accumulator, product), slice by slice, from an accumulator of 0.",
        }.get(
            getattr(spec, "dataflow", "mac"),
            "adder(partial sum, product), row 0 first, from a partial sum of 0; then adder(row result, partial sum "
            "of the earlier fold). Unused rows add their zero products too.",
        )
        sentences.append(f"Sums are formed as {order}")
    return tuple(sentences)


def adder_contract(spec: AdderSpec) -> Contract:
    """The contract of an adder."""
    width = spec.width_bits
    letter = "s" if spec.signed else "u"
    return Contract(
        module=f"adder_{letter}{width}{unit_suffix(spec)}",
        ports=(
            port_in("a_i", width, f"first operand, {number_words(spec.signed)}"),
            port_in("b_i", width, f"second operand, {number_words(spec.signed)}"),
            port_out("sum_o", width + 1, f"sum, {number_words(spec.signed)}, never overflows"),
        ),
        channels=(),
        behaviour=(
            f"sum_o = a_i + b_i as {number_words(spec.signed)} numbers, combinational.",
            *arithmetic_sentences(spec),
        ),
        latency=latency_for(spec),
    )


def _range_of_product(spec: MultiplierSpec) -> str:
    """An approximate unit may overestimate the square of the most negative operand beyond the port."""
    exact = spec.multiplier.family == "exact"
    return "never overflows" if exact else f"modulo 2^{spec.activation_width_bits + spec.weight_width_bits}"


def multiplier_contract(spec: MultiplierSpec) -> Contract:
    """The contract of a multiplier."""
    a_width, w_width = spec.activation_width_bits, spec.weight_width_bits
    return Contract(
        module=f"multiplier_{widths_name(a_width, w_width, spec.signed)}{unit_suffix(spec)}",
        ports=(
            port_in("activation_i", a_width, f"first operand, {number_words(spec.signed)}"),
            port_in("weight_i", w_width, f"second operand, {number_words(spec.signed)}"),
            port_out(
                "product_o", a_width + w_width, f"product, {number_words(spec.signed)}, {_range_of_product(spec)}"
            ),
        ),
        channels=(),
        behaviour=(
            f"product_o = activation_i * weight_i as {number_words(spec.signed)} numbers, combinational.",
            *arithmetic_sentences(spec),
        ),
        latency=latency_for(spec),
    )


OPERAND_CHANNEL = Channel(
    name="operand",
    role="sink",
    valid="operand_valid_i",
    ready="operand_ready_o",
    payload=("activation_i", "weight_i"),
    last="operand_last_i",
)


def mac_contract(spec: MacSpec) -> Contract:
    """The contract of a multiply-accumulate unit."""
    acc = spec.accumulator_width_bits
    return Contract(
        module=(
            f"mac_{widths_name(spec.activation_width_bits, spec.weight_width_bits, spec.signed)}_acc{acc}"
            f"{unit_suffix(spec)}"
        ),
        ports=(
            *CLOCK_PORTS,
            port_in("operand_valid_i", 1, "an operand pair is offered"),
            port_out("operand_ready_o", 1, "the operand pair is taken"),
            port_in("operand_last_i", 1, "this pair is the last of its dot product"),
            port_in("activation_i", spec.activation_width_bits, f"activation, {number_words(spec.signed)}"),
            port_in("weight_i", spec.weight_width_bits, f"weight, {number_words(spec.signed)}"),
            port_out("result_valid_o", 1, "a dot product is offered"),
            port_in("result_ready_i", 1, "the dot product is taken"),
            port_out("result_o", acc, f"dot product, {number_words(spec.signed)}, modulo 2^{acc}"),
        ),
        channels=(
            OPERAND_CHANNEL,
            Channel(
                name="result", role="source", valid="result_valid_o", ready="result_ready_i", payload=("result_o",)
            ),
        ),
        behaviour=(
            "Accumulates activation_i * weight_i over the operand pairs of one dot product; the pair with "
            "operand_last_i ends it.",
            f"Products are {'sign' if spec.signed else 'zero'}-extended to {acc} bits; the sum wraps modulo 2^{acc}.",
            "Each dot product gives one result; the next may begin in the next cycle.",
            "While a result waits (result_valid_o and not result_ready_i) the unit holds.",
            *arithmetic_sentences(spec),
        ),
        latency=latency_for(spec),
    )
