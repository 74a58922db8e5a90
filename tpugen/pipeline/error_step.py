"""The step `error`: how wrong the approximate units of a design are, alone and in its dot products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tpugen.pipeline.identity import code_fingerprint
from tpugen.pipeline.model_step import default_gemm
from tpugen.pipeline.step import Context, Outcome, Step
from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    ArithmeticSpec,
    CustomSpec,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
)
from tpugen.storage import write_json_atomic

if TYPE_CHECKING:
    from tpugen.arithmetic.error_records import DotProductError, ErrorMetrics

__all__ = ["ErrorStep", "is_approximate"]

_SIDE = 64
"""Dot products are drawn as a product of matrices with this many rows and columns."""
_LENGTH_MAX = 1024


def is_approximate(spec: DesignSpec) -> bool:
    """Whether any unit of the design is not exact."""
    units = (getattr(spec, role, None) for role in ("multiplier", "adder"))
    return any(unit is not None and unit.family != "exact" for unit in units)


class ErrorStep(Step):
    """Error metrics of the approximate units: all operand pairs where they can be enumerated, else a seeded sample."""

    id: ClassVar[str] = "error"
    needs: ClassVar[tuple[str, ...]] = ("spec",)

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "spec": context.spec.model_dump(mode="json"),
            "length": _length(context),
            "seed": context.options.seed,
            "code": code_fingerprint(["arithmetic", "verif"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.arithmetic.error_records import DesignErrors

        spec, seed = context.spec, context.options.seed
        assert isinstance(spec, ArithmeticSpec)  # noqa: S101 - the flow holds the step for designs with approximate units
        errors = DesignErrors(
            multiplier=_multiplier_error(spec, seed),
            adder=_adder_error(spec, seed),
            dot_product=_dot_products(spec, _length(context), seed),
        )
        write_json_atomic(folder / "error.json", errors.model_dump(mode="json"))
        return Outcome("; ".join(_summary(errors.multiplier, errors.adder, errors.dot_product)))


def _length(context: Context) -> int:
    """Products in a dot product: the K of the workload, if that is not too long to try."""
    assert not isinstance(context.spec, CustomSpec)  # noqa: S101 - the flow holds the step for designs of the library
    gemm = (context.options.gemms or (default_gemm(context.spec),))[0]
    return min(int(gemm.split("x")[1]), _LENGTH_MAX)


def _multiplier_error(spec: ArithmeticSpec, seed: int) -> ErrorMetrics | None:
    from tpugen.arithmetic.error_metrics import multiplier_error

    if isinstance(spec, AdderSpec) or spec.multiplier.family == "exact":
        return None
    widths = (spec.activation_width_bits, spec.weight_width_bits)
    unit = spec.multiplier
    return multiplier_error(unit.family, *widths, signed=spec.signed, parameters=unit.parameters, seed=seed)


def _adder_error(spec: ArithmeticSpec, seed: int) -> ErrorMetrics | None:
    from tpugen.arithmetic.error_metrics import adder_error

    if isinstance(spec, MultiplierSpec) or spec.adder.family == "exact":
        return None
    width = spec.width_bits if isinstance(spec, AdderSpec) else spec.accumulator_width_bits
    return adder_error(spec.adder.family, width, signed=spec.signed, parameters=spec.adder.parameters, seed=seed)


def _dot_products(spec: ArithmeticSpec, length: int, seed: int) -> DotProductError | None:
    """Evenly drawn operands through the golden model, and through that of the exact design."""
    if not isinstance(spec, MacSpec | SystolicArraySpec):
        return None
    from tpugen.arithmetic.dot_product_error import dot_product_error
    from tpugen.verif import golden
    from tpugen.verif.operands import Operands

    operands = Operands(spec.signed, seed)
    a = operands.random(spec.activation_width_bits, _SIDE, length)
    b = operands.random(spec.weight_width_bits, length, _SIDE)
    array = SystolicArraySpec(
        rows=spec.rows if isinstance(spec, SystolicArraySpec) else 1,
        dataflow=spec.dataflow if isinstance(spec, SystolicArraySpec) else "output_stationary",
        activation_width_bits=spec.activation_width_bits,
        weight_width_bits=spec.weight_width_bits,
        accumulator_width_bits=spec.accumulator_width_bits,
        signed=spec.signed,
        multiplier=spec.multiplier,
        adder=spec.adder,
    )
    exact = array.model_copy(update={"multiplier": MultiplierUnit(), "adder": AdderUnit()})
    return dot_product_error(golden.matmul(array, a, b), golden.matmul(exact, a, b), length=length, seed=seed)


def _summary(
    multiplier: ErrorMetrics | None, adder: ErrorMetrics | None, dot_product: DotProductError | None
) -> list[str]:
    parts = []
    for role, metrics in (("multiplier", multiplier), ("adder", adder)):
        if metrics is not None:
            parts.append(f"{role} MRED {100 * metrics.mred:.3g} %, ER {metrics.er:.1%}")
    if dot_product is not None:
        parts.append(f"dot products of {dot_product.length}: relative RMSE {dot_product.relative_rmse:.2%}")
    return parts
