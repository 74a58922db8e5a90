"""Operand codes: families that recode each operand on its own, so that an array can do it once at its edge.

Such a multiplier is two encoders and a core. In every processing element (the default) they stand together as
`multiplier_<family>`; with shared pre-approximation the encoders stand at the array's edge, codes travel instead of
operands, and each element holds the core alone: the same gates on the same bits, so the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tpugen.rtl_templates.instances import instance
from tpugen.spec import DesignSpec, SystolicArraySpec

__all__ = ["EXAMPLE_CODE", "OperandCode", "SharedOperands", "shared_operands"]


@dataclass(frozen=True)
class OperandCode:
    """The code of one operand.

    Attributes:
        encoder: Library module; ports `operand_i`, `code_o`; parameters `Width`, `Signed` and `parameters`.
        parameters: The encoder's own parameters, the same for both operands.
        width_bits: Width of the operand.
        code_width_bits: Width of its code.
    """

    encoder: str
    parameters: Mapping[str, int]
    width_bits: int
    code_width_bits: int

    def encoder_instance(self) -> str:
        """The encoder of one lane of `operand_encoders`."""
        return instance(
            self.encoder,
            "u_encoder",
            {
                "operand_i": "operand_i[lane*OperandWidth +: OperandWidth]",
                "code_o": "code_o[lane*CodeWidth +: CodeWidth]",
            },
            {"Width": "OperandWidth", "Signed": "Signed", **_texts(self.parameters)},
            indent=6,
        )


@dataclass(frozen=True)
class SharedOperands:
    """Both operands' codes and the core that multiplies them.

    Attributes:
        core: Library module; ports `activation_code_i`, `weight_code_i`, `product_o`; parameters `ActivationWidth`,
            `WeightWidth` (of the operands), `Signed` and `parameters`.
    """

    activation: OperandCode
    weight: OperandCode
    core: str
    parameters: Mapping[str, int]

    def core_instance(self, activation_code: str, weight_code: str) -> str:
        """The core in a processing element; the operands' own widths are this design's."""
        return instance(
            self.core,
            "u_core",
            {"activation_code_i": activation_code, "weight_code_i": weight_code, "product_o": "product"},
            {
                "ActivationWidth": str(self.activation.width_bits),
                "WeightWidth": str(self.weight.width_bits),
                "Signed": "Signed",
                **_texts(self.parameters),
            },
        )


@dataclass(frozen=True)
class _Recipe:
    encoder: str
    core: str
    encoder_parameters: Callable[[Mapping[str, int]], dict[str, int]]
    core_parameters: Callable[[Mapping[str, int]], dict[str, int]]
    code_width_bits: Callable[[int, Mapping[str, int]], int]


def _clog2(value: int) -> int:
    """Verilog's $clog2."""
    return (value - 1).bit_length()


def _segments(bits: Callable[[Mapping[str, int]], int], *, forced_one: bool) -> _Recipe:
    """Code: {sign, shift, segment}."""
    return _Recipe(
        "segment_encoder",
        "segment_core",
        lambda p: {"SegmentWidth": bits(p), "ForcedOne": int(forced_one)},
        lambda p: {"SegmentWidth": bits(p)},
        lambda n, p: 1 + _clog2(n) + bits(p),
    )


def _logarithms(core: str, core_parameters: Callable[[Mapping[str, int]], dict[str, int]] = dict) -> _Recipe:
    """Code: {sign, nonzero, index of the leading one, all bits after it}."""
    return _Recipe("log_encoder", core, lambda _: {}, core_parameters, lambda n, _: 1 + _clog2(n) + n)


def _short_logarithms(
    core: str,
    fraction_bits: Callable[[Mapping[str, int]], int],
    core_parameters: Callable[[Mapping[str, int]], dict[str, int]],
    *,
    forced_one: bool,
) -> _Recipe:
    """Code: {sign, nonzero, index of the leading one, first bits after it}."""
    return _Recipe(
        "short_log_encoder",
        core,
        lambda p: {"FractionWidth": fraction_bits(p), "ForcedOne": int(forced_one)},
        core_parameters,
        lambda n, p: 2 + _clog2(n) + fraction_bits(p),
    )


def _tosam_fraction_bits(p: Mapping[str, int]) -> int:
    return max(p["h"], p["t"], 1)


def _rounding(*, three_down: bool) -> _Recipe:
    """Code: {nearest power lies above, log code}."""
    return _Recipe(
        "rounding_encoder",
        "rounding_core",
        lambda _: {"ThreeDown": int(three_down)},
        lambda _: {},
        lambda n, _: 2 + _clog2(n) + n,
    )


_RECIPES: Mapping[str, _Recipe] = {
    "drum": _segments(lambda p: p["k"], forced_one=True),
    "dsm": _segments(lambda p: p["k"], forced_one=False),
    "letam": _segments(lambda p: p["t"] + 1, forced_one=True),
    "mitchell": _logarithms("mitchell_core"),
    "alm_loa": _logarithms("alm_loa_core", lambda p: {"M": p["m"]}),
    "alm_soa": _logarithms("alm_soa_core", lambda p: {"M": p["m"]}),
    "alm_maa3": _logarithms("alm_maa3_core", lambda p: {"M": p["m"]}),
    "dr_alm": _short_logarithms("dr_alm_core", lambda p: p["t"] - 1, lambda p: {"T": p["t"]}, forced_one=True),
    "tosam": _short_logarithms(
        "tosam_core",
        _tosam_fraction_bits,
        lambda p: {"FractionWidth": _tosam_fraction_bits(p), "H": p["h"], "T": p["t"]},
        forced_one=False,
    ),
    "ssm": _Recipe(  # code: {sign, top, segment}
        "static_segment_encoder",
        "static_segment_core",
        lambda p: {"SegmentWidth": p["m"]},
        lambda p: {"SegmentWidth": p["m"]},
        lambda n, p: 2 + p["m"],
    ),
    "roba": _rounding(three_down=True),
    "ilm": _rounding(three_down=False),
}


def shared_operands(spec: DesignSpec) -> SharedOperands | None:
    """The codes of a design with shared pre-approximation; None of any other."""
    if not isinstance(spec, SystolicArraySpec) or not spec.shared_pre_approximation:
        return None
    parameters = spec.multiplier.parameters
    recipe = _RECIPES[spec.multiplier.family]

    def code(width_bits: int) -> OperandCode:
        return OperandCode(
            recipe.encoder,
            recipe.encoder_parameters(parameters),
            width_bits,
            recipe.code_width_bits(width_bits, parameters),
        )

    return SharedOperands(
        code(spec.activation_width_bits), code(spec.weight_width_bits), recipe.core, recipe.core_parameters(parameters)
    )


def _texts(parameters: Mapping[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}


EXAMPLE_CODE = OperandCode("segment_encoder", {"SegmentWidth": 4, "ForcedOne": 1}, 8, 8)
"""DRUM with 4 bits at 8: what the library shows of `operand_encoders`."""
