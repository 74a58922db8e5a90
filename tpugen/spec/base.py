"""What every kind of spec is made of: field types, and the base class that lists violations between fields."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

__all__ = ["BaseSpec", "ClockMhz", "Frozen"]

ClockMhz = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]


class Frozen(BaseModel):
    """Immutable, without fields of unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BaseSpec(Frozen):
    """Fields that every kind has."""

    signed: Annotated[bool, Field(strict=True)] = True
    clock_mhz: ClockMhz = 100.0

    def _units(self) -> dict[str, tuple[int, ...]]:
        """Operand widths of each unit, by the field that holds it."""
        return {}

    def _problems(self) -> list[str]:
        return [problem for role, widths in self._units().items() for problem in getattr(self, role).problems(*widths)]

    @model_validator(mode="after")
    def _legal_together(self) -> Self:
        problems = self._problems()
        if problems:
            raise PydanticCustomError("together", "{problems}", {"problems": "\n".join(problems)})
        for role, widths in self._units().items():  # the spec says every parameter, so that nothing else has defaults
            object.__setattr__(self, role, getattr(self, role).complete(*widths))
        return self
