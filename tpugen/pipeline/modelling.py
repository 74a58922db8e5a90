"""The performance model on a run that was measured, or on a design that was not built yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tpugen.errors import RequestError
from tpugen.pipeline.folder import find_run
from tpugen.pipeline.measure_steps import measurement
from tpugen.pipeline.request import understand
from tpugen.pipeline.result import load_result
from tpugen.results import DesignMeasurement, ModelResult
from tpugen.spec import DesignSpec, contract_for, spec_from_dict

__all__ = ["model_gemm"]


def model_gemm(
    gemms: Sequence[str],
    *,
    run: str | None = None,
    request: str | DesignSpec | Mapping[str, Any] | None = None,
    clock_mhz: float | None = None,
    cycle_model: str | None = None,
    runs: Path | None = None,
) -> ModelResult:
    """What a design gives on GEMMs.

    Args:
        gemms: `MxKxN` texts.
        run: A run whose measurements are used (clock, area, power), or
        request: a design that was not measured: its clock is assumed, energy is not known.
        clock_mhz: Overrides the clock of `request`; a run's clock is what it was timed for.
        cycle_model: Name of the cycle model, if not the contract's formula.
        runs: Where runs are kept, if not in the usual place.

    Raises:
        RequestError: neither or both of `run` and `request`; a GEMM that cannot be read; a design that runs none.
        UnknownNameError: no such run or cycle model.
    """
    from tpugen.model import DEFAULT_CYCLE_MODEL, evaluate, parse_gemm

    if (run is None) == (request is None):
        raise RequestError(
            "the model needs a design", hint="name a measured run with --run RUN, or give TEXT or --spec FILE"
        )
    parsed = [parse_gemm(text) for text in gemms]
    if run is not None:
        if clock_mhz is not None:
            raise RequestError("a run has the clock it was timed for; it cannot be changed here")
        folder = find_run(run, runs)
        result = load_result(folder)
        if result.area_um2 is None or result.fmax_mhz is None:
            raise RequestError(
                f"run {folder.name} was not measured: its verdict is {result.verdict}",
                hint=f"finish it with `tpugen resume {folder.name}`",
            )
        spec = spec_from_dict(result.spec)
        design, _ = measurement(folder, result.module, spec)
    else:
        assert request is not None  # noqa: S101 - for the type checker; checked above
        spec = understand(request, clock_mhz=clock_mhz).spec
        design = DesignMeasurement(
            design=contract_for(spec).module,
            technology="none",
            clock_mhz=spec.clock_mhz,
            area_um2=None,
            power_mw=None,
            origin="assumed",
        )
    return evaluate(spec, parsed, design, cycle_model=cycle_model or DEFAULT_CYCLE_MODEL)
