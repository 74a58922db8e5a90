"""`DesignSpec`: a frozen, typed, legal description of what to build.

A discriminated union on `kind`. Construction checks every field at once: `spec_from_dict` raises one `SpecError` that
lists all violations, each with the field, the value found, the legal range and a value that would work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.errors import SpecError
from tpugen.spec.accelerators import PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.base import BaseSpec
from tpugen.spec.violations import describe_violations

__all__ = [
    "ACCUMULATOR_WIDTH_MAX_BITS",
    "OPERAND_WIDTH_MAX_BITS",
    "OPERAND_WIDTH_MIN_BITS",
    "SIZE_MAX",
    "AcceleratorSpec",
    "AdderSpec",
    "AdderUnit",
    "ArithmeticSpec",
    "Dataflow",
    "DesignSpec",
    "MacSpec",
    "MultiplierSpec",
    "MultiplierUnit",
    "SystolicArraySpec",
    "default_accumulator_width_bits",
    "spec_from_dict",
    "spec_json_schema",
]

OPERAND_WIDTH_MIN_BITS = 2
OPERAND_WIDTH_MAX_BITS = 32
ACCUMULATOR_WIDTH_MAX_BITS = 128
SIZE_MAX = 256

Dataflow = Literal["output_stationary", "weight_stationary", "input_stationary"]

OperandWidth = Annotated[int, Field(ge=OPERAND_WIDTH_MIN_BITS, le=OPERAND_WIDTH_MAX_BITS, strict=True)]
Size = Annotated[int, Field(ge=1, le=SIZE_MAX, strict=True)]


class _Unit(BaseModel):
    """A family name with its parameters beside it; a spec fills in the parameters left out with the family's defaults.

    Attributes:
        family: Canonical name.
        structure: Circuit structure of an exact unit; None leaves the choice to tpugen.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[int, Field(strict=True)]] = Field(init=False)

    family: str = "exact"
    structure: str | None = None
    families: ClassVar[Mapping[str, Family]]
    role: ClassVar[str]

    @property
    def parameters(self) -> dict[str, int]:
        """The parameters by name."""
        return dict(self.__pydantic_extra__)

    @property
    def module(self) -> str:
        """Library module that is this unit, e.g. `multiplier_drum` or `adder_kogge_stone`."""
        return f"{self.role}_{self.structure or self.family}"

    def complete(self, *widths_bits: int) -> Self:
        """This unit with every parameter stated."""
        parameters = self.families[self.family].complete(self.parameters, *widths_bits)
        return type(self).model_validate({"family": self.family, "structure": self.structure, **parameters})

    def problems(self, *widths_bits: int) -> list[str]:
        """What is illegal about this unit at these operand widths."""
        return self.families[self.family].problems(self.parameters, *widths_bits)

    @model_validator(mode="after")
    def _known(self) -> Self:
        _check_family(self.families, self)
        return self

    @model_serializer(mode="wrap")
    def _without_unset_structure(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if self.structure is None:
            data.pop("structure", None)
        return data


class AdderUnit(_Unit):
    """An adder family with its parameters, e.g. `{"family": "loa", "k": 4}`."""

    families: ClassVar[Mapping[str, Family]] = ADDERS
    role: ClassVar[str] = "adder"


class MultiplierUnit(_Unit):
    """A multiplier family with its parameters, e.g. `{"family": "drum", "k": 4}`."""

    families: ClassVar[Mapping[str, Family]] = MULTIPLIERS
    role: ClassVar[str] = "multiplier"


def _check_family(families: Mapping[str, Family], unit: _Unit) -> None:
    family = families.get(unit.family)
    if family is None:
        raise PydanticCustomError(
            "family",
            "no {role} family is called '{name}'; known: {known}",
            {"role": unit.role, "name": unit.family, "known": ", ".join(families)},
        )
    known = [parameter.name for parameter in family.parameters]
    unknown = sorted(set(unit.parameters) - set(known))
    if unknown:
        raise PydanticCustomError(
            "family_parameter",
            "{role} family '{name}' has no parameter {unknown}; it has {known}",
            {
                "role": unit.role,
                "name": family.name,
                "unknown": ", ".join(unknown),
                "known": ", ".join(known) or "none",
            },
        )
    if unit.structure is not None and unit.structure not in family.structures:
        raise PydanticCustomError(
            "family_structure",
            "{role} family '{name}' has no structure '{structure}'; it has {known}",
            {
                "role": unit.role,
                "name": family.name,
                "structure": unit.structure,
                "known": ", ".join(family.structures) or "none",
            },
        )


class AdderSpec(BaseSpec):
    """A combinational adder: two operands of `width_bits`, a sum of `width_bits + 1`."""

    kind: Literal["adder"] = "adder"
    width_bits: OperandWidth = 8
    adder: AdderUnit = AdderUnit()

    def _units(self) -> dict[str, tuple[int, ...]]:
        return {"adder": (self.width_bits,)}


class MultiplierSpec(BaseSpec):
    """A combinational multiplier: product of `activation_width_bits + weight_width_bits`."""

    kind: Literal["multiplier"] = "multiplier"
    activation_width_bits: OperandWidth = 8
    weight_width_bits: OperandWidth = 8
    multiplier: MultiplierUnit = MultiplierUnit()

    def _units(self) -> dict[str, tuple[int, ...]]:
        return {"multiplier": (self.activation_width_bits, self.weight_width_bits)}


class _Accumulating(BaseSpec):
    activation_width_bits: OperandWidth = 8
    weight_width_bits: OperandWidth = 8
    accumulator_width_bits: Annotated[int, Field(ge=1, le=ACCUMULATOR_WIDTH_MAX_BITS, strict=True)] = 32
    multiplier: MultiplierUnit = MultiplierUnit()
    adder: AdderUnit = AdderUnit()

    @model_validator(mode="before")
    @classmethod
    def _default_accumulator(cls, data: Any) -> Any:
        """Without a stated accumulator, one that holds 65,536 products (see `default_accumulator_width_bits`)."""
        if not isinstance(data, Mapping) or "accumulator_width_bits" in data:
            return data
        widths = (data.get("activation_width_bits", 8), data.get("weight_width_bits", 8))
        if all(isinstance(width, int) for width in widths):
            return {**data, "accumulator_width_bits": default_accumulator_width_bits(*widths)}
        return data

    @property
    def product_width_bits(self) -> int:
        """Width of one full product."""
        return self.activation_width_bits + self.weight_width_bits

    def _units(self) -> dict[str, tuple[int, ...]]:
        return {
            "multiplier": (self.activation_width_bits, self.weight_width_bits),
            "adder": (self.accumulator_width_bits,),
        }

    def _problems(self) -> list[str]:
        problems = []
        if self.accumulator_width_bits < self.product_width_bits:
            suggestion = default_accumulator_width_bits(self.activation_width_bits, self.weight_width_bits)
            problems.append(
                f"accumulator_width_bits: {self.accumulator_width_bits} cannot hold one "
                f"{self.activation_width_bits}x{self.weight_width_bits}-bit product; legal range "
                f"{self.product_width_bits}..{ACCUMULATOR_WIDTH_MAX_BITS}; {suggestion} would work"
            )
        return problems + super()._problems()


class MacSpec(_Accumulating):
    """A multiply-accumulate unit: a dot product of any length, operands under valid/ready."""

    kind: Literal["mac"] = "mac"


class SystolicArraySpec(_Accumulating):
    """A systolic array of `rows` x `cols` processing elements.

    With `shared_pre_approximation`, operands are recoded once at the array's edge instead of in every element (a US
    patent application, 2025/0045240, covers this structure); results are the same, bit for bit.
    """

    kind: Literal["systolic_array"] = "systolic_array"
    rows: Size = 8
    cols: Size = 8
    dataflow: Dataflow = "output_stationary"
    shared_pre_approximation: Annotated[bool, Field(strict=True)] = False

    def _problems(self) -> list[str]:
        problems = super()._problems()
        family = MULTIPLIERS[self.multiplier.family]
        if self.shared_pre_approximation and not family.shares_operand_codes:
            able = ", ".join(name for name, other in MULTIPLIERS.items() if other.shares_operand_codes)
            problems.append(
                f"shared_pre_approximation: multiplier family '{family.name}' does not recode its operands one by one, "
                f"so there is nothing to share; false would work, or one of: {able}"
            )
        return problems


ArithmeticSpec: TypeAlias = AdderSpec | MultiplierSpec | MacSpec | SystolicArraySpec
"""Designs made of arithmetic units, one family each for products and sums."""

AcceleratorSpec: TypeAlias = TpuSpec | PimTileSpec | PimLlmSpec
"""Whole accelerators."""

DesignSpec = Annotated[
    ArithmeticSpec | AcceleratorSpec,
    Field(discriminator="kind"),
]
"""Any design: the union over `kind`."""


def default_accumulator_width_bits(activation_width_bits: int, weight_width_bits: int) -> int:
    """Product width plus 16 guard bits (65,536 products never overflow), rounded up to a multiple of 8."""
    return -(-(activation_width_bits + weight_width_bits + 16) // 8) * 8


@cache
def _adapter() -> TypeAdapter[DesignSpec]:
    return TypeAdapter(DesignSpec)


def spec_from_dict(data: Mapping[str, Any]) -> DesignSpec:
    """A spec from plain data, e.g. parsed JSON.

    Args:
        data: Must hold `kind`; other fields take their defaults.

    Raises:
        SpecError: lists every violation.
    """
    try:
        return _adapter().validate_python(dict(data))
    except ValidationError as error:
        raise SpecError(describe_violations([*error.errors(), *_behind(data, error)])) from None


def _behind(data: Mapping[str, Any], error: ValidationError) -> list[ErrorDetails]:
    """Violations between fields that pydantic did not reach, because single fields were illegal."""
    illegal = {part for detail in error.errors() for part in detail["loc"][:2]}
    if "kind" in illegal or any(detail["type"] == "together" for detail in error.errors()):
        return []
    try:
        _adapter().validate_python({name: value for name, value in data.items() if name not in illegal})
    except ValidationError as second:
        return [detail for detail in second.errors() if detail["type"] == "together"]
    return []


def spec_json_schema() -> dict[str, Any]:
    """The JSON schema of `DesignSpec`: what `tpugen spec --schema` prints and chat models fill."""
    return _adapter().json_schema()
