"""`DesignSpec`: a frozen, typed, legal description of what to build.

A discriminated union on `kind`. Construction checks every field at once: `spec_from_dict` raises one `SpecError` that
lists all violations, each with the field, the value found, the legal range and a value that would work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.errors import NotAvailableError, SpecError
from tpugen.spec.violations import describe_violations

__all__ = [
    "ACCUMULATOR_WIDTH_MAX_BITS",
    "OPERAND_WIDTH_MAX_BITS",
    "OPERAND_WIDTH_MIN_BITS",
    "SIZE_MAX",
    "AdderSpec",
    "AdderUnit",
    "Dataflow",
    "DesignSpec",
    "MacSpec",
    "MultiplierSpec",
    "MultiplierUnit",
    "SystolicArraySpec",
    "default_accumulator_width_bits",
    "require_available",
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
ClockMhz = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Unit(BaseModel):
    """A family name with its parameters beside it; parameters left out take the family's defaults."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[int, Field(strict=True)]] = Field(init=False)

    family: str = "exact"
    families: ClassVar[Mapping[str, Family]]
    role: ClassVar[str]

    @property
    def parameters(self) -> dict[str, int]:
        """The stated parameters by name."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _known(self) -> Self:
        _check_family(self.families, self.family, self.parameters, self.role)
        return self


class AdderUnit(_Unit):
    """An adder family with its parameters, e.g. `{"family": "loa", "k": 4}`."""

    families: ClassVar[Mapping[str, Family]] = ADDERS
    role: ClassVar[str] = "adder"


class MultiplierUnit(_Unit):
    """A multiplier family with its parameters, e.g. `{"family": "drum", "k": 4}`."""

    families: ClassVar[Mapping[str, Family]] = MULTIPLIERS
    role: ClassVar[str] = "multiplier"


def _check_family(families: Mapping[str, Family], name: str, parameters: Mapping[str, int], role: str) -> None:
    family = families.get(name)
    if family is None:
        raise PydanticCustomError(
            "family",
            "no {role} family is called '{name}'; known: {known}",
            {"role": role, "name": name, "known": ", ".join(families)},
        )
    known = [parameter.name for parameter in family.parameters]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise PydanticCustomError(
            "family_parameter",
            "{role} family '{name}' has no parameter {unknown}; it has {known}",
            {"role": role, "name": name, "unknown": ", ".join(unknown), "known": ", ".join(known) or "none"},
        )


def _range_problem(unit: AdderUnit | MultiplierUnit, width_bits: int, role: str) -> str | None:
    family = unit.families[unit.family]
    for parameter in family.parameters:
        if parameter.name not in unit.parameters:
            continue
        low, high = parameter.bounds(width_bits)
        value = unit.parameters[parameter.name]
        if not low <= value <= high:
            return (
                f"{role}.{parameter.name}: {value} is outside {low}..{high} for {unit.family} "
                f"at {width_bits} bits; {parameter.default_for(width_bits)} would work"
            )
    return None


class _Spec(_Frozen):
    """Fields that every kind has."""

    signed: Annotated[bool, Field(strict=True)] = True
    clock_mhz: ClockMhz = 100.0

    def _problems(self) -> list[str]:
        return []

    @model_validator(mode="after")
    def _legal_together(self) -> Self:
        problems = self._problems()
        if problems:
            raise PydanticCustomError("together", "{problems}", {"problems": "\n".join(problems)})
        return self


class AdderSpec(_Spec):
    """A combinational adder: two operands of `width_bits`, a sum of `width_bits + 1`."""

    kind: Literal["adder"] = "adder"
    width_bits: OperandWidth = 8
    adder: AdderUnit = AdderUnit()

    def _problems(self) -> list[str]:
        problem = _range_problem(self.adder, self.width_bits, "adder")
        return [problem] if problem else []


class MultiplierSpec(_Spec):
    """A combinational multiplier: product of `activation_width_bits + weight_width_bits`."""

    kind: Literal["multiplier"] = "multiplier"
    activation_width_bits: OperandWidth = 8
    weight_width_bits: OperandWidth = 8
    multiplier: MultiplierUnit = MultiplierUnit()

    def _problems(self) -> list[str]:
        narrower = min(self.activation_width_bits, self.weight_width_bits)
        problem = _range_problem(self.multiplier, narrower, "multiplier")
        return [problem] if problem else []


class _Accumulating(_Spec):
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

    def _problems(self) -> list[str]:
        problems = []
        if self.accumulator_width_bits < self.product_width_bits:
            suggestion = default_accumulator_width_bits(self.activation_width_bits, self.weight_width_bits)
            problems.append(
                f"accumulator_width_bits: {self.accumulator_width_bits} cannot hold one "
                f"{self.activation_width_bits}x{self.weight_width_bits}-bit product; legal range "
                f"{self.product_width_bits}..{ACCUMULATOR_WIDTH_MAX_BITS}; {suggestion} would work"
            )
        narrower = min(self.activation_width_bits, self.weight_width_bits)
        for problem in (
            _range_problem(self.multiplier, narrower, "multiplier"),
            _range_problem(self.adder, self.accumulator_width_bits, "adder"),
        ):
            if problem:
                problems.append(problem)
        return problems


class MacSpec(_Accumulating):
    """A multiply-accumulate unit: a dot product of any length, operands under valid/ready."""

    kind: Literal["mac"] = "mac"


class SystolicArraySpec(_Accumulating):
    """A systolic array of `rows` x `cols` processing elements."""

    kind: Literal["systolic_array"] = "systolic_array"
    rows: Size = 8
    cols: Size = 8
    dataflow: Dataflow = "output_stationary"


DesignSpec = Annotated[
    AdderSpec | MultiplierSpec | MacSpec | SystolicArraySpec,
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
        raise SpecError(describe_violations(error)) from None


def spec_json_schema() -> dict[str, Any]:
    """The JSON schema of `DesignSpec`: what `tpugen spec --schema` prints and chat models fill."""
    return _adapter().json_schema()


def require_available(spec: DesignSpec) -> None:
    """Refuse a spec whose families this version has no RTL for.

    Raises:
        NotAvailableError: naming the family and those that are available.
    """
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None and not unit.families[unit.family].available:
            available = ", ".join(name for name, family in unit.families.items() if family.available)
            raise NotAvailableError(
                f"{role} family {unit.family!r} is known, but this version's library holds no RTL for it",
                hint=f"available {role} families: {available}",
            )
