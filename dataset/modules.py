"""Which library modules the top level of a spec instantiates itself."""

from __future__ import annotations

from typing import assert_never

from tpugen.spec import (
    AdderSpec,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    SystolicArraySpec,
    TpuSpec,
)

__all__ = ["library_modules_for"]


def library_modules_for(spec: DesignSpec) -> tuple[str, ...]:
    """Names of the library modules that a top level for `spec` is written over; what is below them is not listed."""
    match spec:
        case AdderSpec():
            return (spec.adder.module,)
        case MultiplierSpec():
            return (spec.multiplier.module,)
        case MacSpec():
            return ("mac_unit",)
        case SystolicArraySpec():
            form = "output" if spec.dataflow == "output_stationary" else "operand"
            encoders = ("operand_encoders",) if spec.shared_pre_approximation else ()
            return (*encoders, f"array_{form}_stationary")
        case TpuSpec() | PimTileSpec() | PimLlmSpec():
            return (spec.kind,)
        case _:
            assert_never(spec)
