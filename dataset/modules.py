"""Which library modules the top level of a spec instantiates itself."""

from __future__ import annotations

from typing import assert_never

from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec

__all__ = ["library_modules_for"]


def library_modules_for(spec: DesignSpec) -> tuple[str, ...]:
    """Names of the library modules that a top level for `spec` is written over; what is below them is not listed."""
    match spec:
        case AdderSpec():
            return (f"adder_{spec.adder.family}",)
        case MultiplierSpec():
            return (f"multiplier_{spec.multiplier.family}",)
        case MacSpec():
            return ("mac_unit",)
        case SystolicArraySpec(dataflow="output_stationary"):
            return ("array_output_stationary",)
        case SystolicArraySpec():
            return ("array_operand_stationary",)
        case _:
            assert_never(spec)
