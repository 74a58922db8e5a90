"""`ParsedRequest`: what a sentence was read as, with everything that was assumed and everything that was not used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tpugen.spec.design import DesignSpec

__all__ = ["Assumption", "ParsedRequest"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that the request does not state in so many words.

    Attributes:
        field: Field of the spec, with a dot below units: `clock_mhz`, `adder.k`.
        value: The value used.
        reason: Why, in plain words.
        stated: The request does state the value, and this tells only how it was read (a misspelt word, "about").
    """

    field: str
    value: bool | int | float | str
    reason: str
    stated: bool = False


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A sentence, read.

    Attributes:
        spec: What to build.
        assumptions: Every value that was filled in or read with a guess, in the order of the spec's fields.
        not_understood: Parts of the request that were not used, as written, in their order.
        gemms: Matrix products that the request names as its workload: (M, K, N).
    """

    spec: DesignSpec
    assumptions: list[Assumption] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    gemms: list[tuple[int, int, int]] = field(default_factory=list)

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data: `spec`, `assumptions`, `not_understood`, `gemms`."""
        return {
            "spec": self.spec.model_dump(mode="json"),
            "assumptions": [
                {"field": item.field, "value": item.value, "reason": item.reason} for item in self.assumptions
            ],
            "not_understood": list(self.not_understood),
            "gemms": [list(gemm) for gemm in self.gemms],
        }
