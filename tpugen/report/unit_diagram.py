"""Data paths drawn as schematics: one processing element of an array, a MAC, an adder, a multiplier."""

from __future__ import annotations

from markupsafe import Markup

from tpugen.report import svg
from tpugen.rtl_templates.operand_codes import shared_operands
from tpugen.spec import AdderSpec, AdderUnit, ArithmeticSpec, MacSpec, MultiplierSpec, MultiplierUnit, SystolicArraySpec

__all__ = ["element_diagram", "unit_diagram", "unit_name"]


def unit_diagram(spec: ArithmeticSpec) -> Markup:
    """The schematic of a design that is one unit; for an array, of one processing element."""
    match spec:
        case AdderSpec():
            return _operator(
                "+", spec.adder, ("a_i", spec.width_bits, "act"), ("b_i", spec.width_bits, "wgt"),
                result=("sum_o", spec.width_bits + 1), noun="adder",
            )  # fmt: skip
        case MultiplierSpec():
            product = spec.activation_width_bits + spec.weight_width_bits
            return _operator(
                "×", spec.multiplier, ("activation_i", spec.activation_width_bits, "act"),
                ("weight_i", spec.weight_width_bits, "wgt"), result=("product_o", product), noun="multiplier",
            )  # fmt: skip
        case MacSpec():
            return _mac(spec)
        case SystolicArraySpec():
            return element_diagram(spec)


def unit_name(unit: AdderUnit | MultiplierUnit) -> str:
    """Family with its parameters, e.g. `drum (k = 4)`, or with its structure, e.g. `exact (dadda)`."""
    if unit.structure:
        return f"{unit.family} ({unit.structure.replace('_', '-')})"
    if not unit.parameters:
        return unit.family
    return f"{unit.family} ({', '.join(f'{name} = {value}' for name, value in sorted(unit.parameters.items()))})"


def _short_name(unit: AdderUnit | MultiplierUnit) -> str:
    return unit.structure or unit.family


def _travelling(spec: SystolicArraySpec) -> dict[str, tuple[str, int]]:
    """What passes from element to element as activation and as weight: name and width; codes where the edge recodes."""
    shared = shared_operands(spec)
    if shared is None:
        return {"activation": ("activation", spec.activation_width_bits), "weight": ("weight", spec.weight_width_bits)}
    return {
        "activation": ("act. code", shared.activation.code_width_bits),
        "weight": ("weight code", shared.weight.code_width_bits),
    }


def _bus_across(x: float, y: float, width_bits: int) -> list[Markup]:
    """The slash and number that mark a horizontal wire as a bus."""
    return [
        svg.line(x - 3, y + 5, x + 3, y - 5, class_="slash"),
        svg.text(x, y - 8, str(width_bits), class_="label", anchor="middle", size=10.5),
    ]


def _bus_down(x: float, y: float, width_bits: int) -> list[Markup]:
    return [
        svg.line(x - 5, y + 3, x + 5, y - 3, class_="slash"),
        svg.text(x + 9, y + 4, str(width_bits), class_="label", size=10.5),
    ]


def _register(x: float, y: float, color: str) -> list[Markup]:
    """A register centred at (x, y), with its clock mark."""
    return [
        svg.rect(x - 12, y - 17, 24, 34, class_=f"cell {color}", radius=3),
        svg.path(f"M{x - 5:g} {y + 17:g} L{x:g} {y + 10:g} L{x + 5:g} {y + 17:g}", class_="mark"),
    ]


def _function(x: float, y: float, sign: str, name: str, *, above: bool = False) -> list[Markup]:
    at = y - 23 if above else y + 30
    shown = [] if name == "exact" else [svg.text(x, at, name, class_="muted", anchor="middle", size=10)]
    return [
        svg.circle(x, y, 16, class_="unit"),
        svg.text(x, y + 6, sign, class_="label strong", anchor="middle", size=18),
        *shown,
    ]


def _node(x: float, y: float, color: str) -> Markup:
    return svg.circle(x, y, 3, class_=f"node {color}")


def element_diagram(spec: SystolicArraySpec) -> Markup:
    """One processing element of an array."""
    if spec.dataflow == "output_stationary":
        body = _element_output_stationary(spec)
        words = "Activation and weight pass through registers; their product is added to the sum kept here."
    else:
        body = _element_operand_stationary(spec)
        words = "One operand stays, in two banks; its product with the streaming one joins the partial sum from above."
    frame = svg.rect(72, 38, 316, 226, class_="frame", radius=10)
    return svg.document([frame, *body], width=460, height=302, title="One processing element", description=words)


def _element_output_stationary(spec: SystolicArraySpec) -> list[Markup]:
    (activation, act), (weight, wgt) = _travelling(spec).values()
    acc = spec.accumulator_width_bits
    return [
        svg.arrow([(0, 90), (143, 90)], class_="flow act"),
        svg.arrow([(167, 90), (460, 90)], class_="flow act"),
        svg.arrow([(110, 0), (110, 45)], class_="flow wgt"),
        svg.arrow([(110, 79), (110, 302)], class_="flow wgt"),
        svg.arrow([(196, 90), (196, 134)], class_="flow act"),
        svg.arrow([(110, 150), (180, 150)], class_="flow wgt"),
        svg.arrow([(212, 150), (254, 150)], class_="flow res"),
        svg.arrow([(286, 150), (318, 150)], class_="flow res"),
        svg.arrow([(342, 150), (364, 150), (364, 212), (270, 212), (270, 166)], class_="flow res"),
        svg.arrow([(364, 212), (364, 302)], class_="flow res dashed"),
        _node(196, 90, "act"), _node(110, 150, "wgt"), _node(364, 212, "res"),
        *_register(155, 90, "act"), *_register(110, 62, "wgt"), *_register(330, 150, "res"),
        *_function(196, 150, "×", _short_name(spec.multiplier)),
        *_function(270, 150, "+", _short_name(spec.adder), above=True),
        *_bus_across(40, 90, act), *_bus_across(425, 90, act), *_bus_down(110, 22, wgt), *_bus_down(110, 284, wgt),
        *_bus_across(233, 150, spec.product_width_bits), *_bus_down(364, 284, acc),
        svg.text(0, 112, activation, class_="label act"), svg.text(134, 18, weight, class_="label wgt"),
        svg.text(354, 229, f"sum, {acc} b, stays", class_="label res", size=10.5, anchor="end"),
        svg.text(354, 290, "finished sum", class_="label res", anchor="end"),
    ]  # fmt: skip


def _element_operand_stationary(spec: SystolicArraySpec) -> list[Markup]:
    weights_stay = spec.dataflow == "weight_stationary"
    stay, stream = ("weight", "activation") if weights_stay else ("activation", "weight")
    stay_class, stream_class = ("wgt", "act") if weights_stay else ("act", "wgt")
    (stay, stay_bits), (stream, stream_bits) = _travelling(spec)[stay], _travelling(spec)[stream]
    acc = spec.accumulator_width_bits
    return [
        svg.arrow([(0, 90), (143, 90)], class_=f"flow {stream_class}"),
        svg.arrow([(167, 90), (460, 90)], class_=f"flow {stream_class}"),
        svg.arrow([(110, 302), (110, 251)], class_=f"flow {stay_class}"),
        svg.arrow([(110, 217), (110, 0)], class_=f"flow {stay_class}"),
        svg.arrow([(110, 150), (143, 150)], class_=f"flow {stay_class}"),
        svg.arrow([(167, 150), (194, 150)], class_=f"flow {stay_class}"),
        svg.arrow([(210, 90), (210, 134)], class_=f"flow {stream_class}"),
        svg.arrow([(226, 150), (268, 150)], class_="flow res"),
        svg.arrow([(284, 0), (284, 134)], class_="flow res"),
        svg.arrow([(300, 150), (322, 150)], class_="flow res"),
        svg.arrow([(346, 150), (368, 150), (368, 302)], class_="flow res"),
        _node(210, 90, stream_class), _node(110, 150, stay_class),
        *_register(155, 90, stream_class), *_register(155, 150, stay_class),
        *_register(110, 234, stay_class), *_register(334, 150, "res"),
        *_function(210, 150, "×", _short_name(spec.multiplier)), *_function(284, 150, "+", _short_name(spec.adder)),
        *_bus_across(40, 90, stream_bits), *_bus_across(425, 90, stream_bits),
        *_bus_down(110, 18, stay_bits), *_bus_down(110, 286, stay_bits),
        *_bus_down(284, 22, acc), *_bus_down(368, 284, acc), *_bus_across(247, 150, spec.product_width_bits),
        svg.text(0, 112, stream, class_=f"label {stream_class}"),
        svg.text(132, 291, stay, class_=f"label {stay_class}"),
        svg.text(130, 238, "next tile", class_="muted", size=10),
        svg.text(155, 183, "this tile", class_="muted", size=10, anchor="middle"),
        svg.text(318, 18, "partial sum", class_="label res"),
        svg.text(358, 290, "partial sum", class_="label res", anchor="end"),
    ]  # fmt: skip


def _mac(spec: MacSpec) -> Markup:
    act, wgt, acc = spec.activation_width_bits, spec.weight_width_bits, spec.accumulator_width_bits
    body = [
        svg.rect(132, 16, 360, 242, class_="frame", radius=10),
        svg.arrow([(106, 60), (188, 60)], class_="flow act"),
        svg.arrow([(212, 60), (260, 60), (260, 94)], class_="flow act"),
        svg.arrow([(106, 110), (188, 110)], class_="flow wgt"),
        svg.arrow([(212, 110), (244, 110)], class_="flow wgt"),
        svg.arrow([(276, 110), (322, 110)], class_="flow res"),
        svg.arrow([(354, 110), (392, 110)], class_="flow res"),
        svg.arrow([(416, 110), (526, 110)], class_="flow res"),
        svg.arrow([(444, 110), (444, 168), (338, 168), (338, 126)], class_="flow res"),
        _node(444, 110, "res"),
        *_register(200, 60, "act"), *_register(200, 110, "wgt"), *_register(404, 110, "res"),
        *_function(260, 110, "×", _short_name(spec.multiplier)),
        *_function(338, 110, "+", _short_name(spec.adder), above=True),
        *_bus_across(160, 60, act), *_bus_across(160, 110, wgt), *_bus_across(299, 110, spec.product_width_bits),
        *_bus_across(472, 110, acc),
        svg.text(100, 64, "activation_i", class_="label act", anchor="end"),
        svg.text(100, 114, "weight_i", class_="label wgt", anchor="end"),
        svg.text(532, 114, "result_o", class_="label res"),
        svg.text(391, 185, f"sum, {acc} b", class_="label res", anchor="middle", size=10.5),
        svg.rect(170, 202, 290, 38, class_="unit", radius=6),
        svg.text(315, 225, "valid / ready / last", class_="label", anchor="middle"),
        svg.arrow([(106, 212), (170, 212)], class_="flow ctl"), svg.arrow([(106, 230), (170, 230)], class_="flow ctl"),
        svg.text(100, 215, "operand_valid_i", class_="muted", anchor="end", size=10),
        svg.text(100, 233, "operand_last_i", class_="muted", anchor="end", size=10),
        svg.arrow([(460, 221), (526, 221)], class_="flow ctl"),
        svg.text(532, 224, "result_valid_o", class_="muted", size=10),
    ]  # fmt: skip
    return svg.document(
        body, width=624, height=264, title="Multiply-accumulate unit",
        description="The product of activation and weight is added to a sum register; the last pair of a dot product "
        "sends the sum out.",
    )  # fmt: skip


def _operator(
    sign: str, unit: AdderUnit | MultiplierUnit, first: tuple[str, int, str], second: tuple[str, int, str],
    *, result: tuple[str, int], noun: str,
) -> Markup:  # fmt: skip
    body = [
        svg.rect(190, 14, 130, 132, class_="frame", radius=10),
        svg.arrow([(100, 52), (190, 52)], class_=f"flow {first[2]}"),
        svg.arrow([(100, 108), (190, 108)], class_=f"flow {second[2]}"),
        svg.arrow([(320, 80), (410, 80)], class_="flow res"),
        *_bus_across(145, 52, first[1]), *_bus_across(145, 108, second[1]), *_bus_across(365, 80, result[1]),
        svg.circle(255, 72, 26, class_="unit"),
        svg.text(255, 81, sign, class_="label strong", anchor="middle", size=26),
        svg.text(255, 124, svg.fit(unit_name(unit), 122, 11), class_="muted", anchor="middle"),
        svg.text(94, 56, first[0], class_=f"label {first[2]}", anchor="end"),
        svg.text(94, 112, second[0], class_=f"label {second[2]}", anchor="end"),
        svg.text(416, 84, result[0], class_="label res"),
    ]  # fmt: skip
    return svg.document(
        body, width=490, height=160, title=f"Combinational {noun}",
        description=f"{first[0]} of {first[1]} bits and {second[0]} of {second[1]} bits give {result[0]} of "
        f"{result[1]} bits; family {unit_name(unit)}.",
    )  # fmt: skip
