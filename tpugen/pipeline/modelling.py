"""The performance model on a run that was measured, or on a design that was not built yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.errors import RequestError
from tpugen.pipeline.measured_arrays import measured_design
from tpugen.pipeline.request import understand
from tpugen.results import DesignMeasurement, GemmReport
from tpugen.spec import DesignSpec, PimTileSpec, TpuSpec, contract_for

if TYPE_CHECKING:
    from tpugen.model.systolic import ArrayShape
    from tpugen.model.systolic.gemm import Gemm, GemmRuns
    from tpugen.model.systolic.mapping import Design

__all__ = ["model_gemm"]

_CLOCK_MHZ = 100.0
"""Clock of an array that is only a size: that of PIM-LLM's (arXiv 2504.01994)."""


def model_gemm(
    gemms: Sequence[str] = (),
    *,
    network: str | None = None,
    batch: int = 1,
    run: str | None = None,
    request: str | DesignSpec | Mapping[str, Any] | None = None,
    array: ArrayShape | None = None,
    clock_mhz: float | None = None,
    cycle_model: str | None = None,
    sram_kib: float | None = None,
    runs: Path | None = None,
) -> GemmReport:
    """What a design gives on GEMMs.

    Args:
        gemms: `MxKxN` texts.
        network: A convolutional network by name, or a SCALE-Sim topology file: its layers as GEMMs through im2col, M
            output pixels, K elements of a window, N filters.
        batch: Images of the network.
        run: A run whose measurements are used (clock, area, power), or
        request: a design that was not measured: its clock is assumed, energy is not known, or
        array: an array of any size and dataflow (`best` chooses GEMM by GEMM), likewise.
        clock_mhz: Overrides the clock of `request`, or is the array's (100 MHz if None); a run's clock is what it was
            timed for.
        cycle_model: Name of the cycle model, if not the contract's formula.
        sram_kib: SRAM beside the array, a third for each operand; with it DRAM traffic is counted.
            These two and `network` are of arrays: tensor units and PIM tiles run plain products, on their own memories.
        runs: Where runs are kept, if not in the usual place.

    Raises:
        RequestError: none or several of `run`, `request` and `array`; a GEMM that cannot be read; a design that runs
            none.
        UnknownNameError: no such run or cycle model.
    """
    from tpugen.model import DEFAULT_CYCLE_MODEL, evaluate, parse_gemm
    from tpugen.model.systolic import SramSizes
    from tpugen.model.systolic.evaluation import report_gemms
    from tpugen.model.systolic.mapping import shape_of

    given = [name for name, value in (("a run", run), ("a request", request), ("an array", array)) if value is not None]
    if len(given) != 1:
        raise RequestError(
            "the model needs a design" + (f", one; found {' and '.join(given)}" if given else ""),
            hint="name a measured run with --run RUN, or give --text TEXT, --spec FILE, "
            "or an array with --rows R --cols C",
        )
    products = [parse_gemm(text) for text in gemms]
    layers = [] if network is None else _layers(network, batch)
    design: Design
    if run is not None:
        if clock_mhz is not None:
            raise RequestError("a run has the clock it was timed for; it cannot be changed here")
        design, measured, _ = measured_design(run, runs)
    elif array is not None:
        design, measured = array, _unmeasured(str(array), _CLOCK_MHZ if clock_mhz is None else clock_mhz)
    else:
        assert request is not None  # noqa: S101 - for the type checker; checked above
        design = understand(request, clock_mhz=clock_mhz).spec
        measured = _unmeasured(contract_for(design).module, design.clock_mhz)
    if isinstance(design, TpuSpec | PimTileSpec):
        if network is not None or cycle_model is not None or sram_kib is not None:
            raise RequestError(
                f"--network, --cycle-model and --sram-kib are for arrays; the design is a {design.kind}",
                hint="give products MxKxN alone; `tpugen model llm --design RUN` puts a language model on a TPU",
            )
        return _products(design, products, measured)
    sram = None if sram_kib is None else SramSizes.shared(sram_kib * 1024)
    result = evaluate(design, [*products, *layers], measured, cycle_model=cycle_model or DEFAULT_CYCLE_MODEL, sram=sram)
    shape = shape_of(design)
    return report_gemms(result, shape.rows, shape.cols, shape.dataflow)


def _products(design: TpuSpec | PimTileSpec, products: Sequence[Gemm], measured: DesignMeasurement) -> GemmReport:
    """Products on an accelerator with memories and a sequence of its own."""
    from tpugen.model.accelerators import evaluate_products
    from tpugen.model.systolic.evaluation import report_gemms

    dataflow = "os" if isinstance(design, TpuSpec) else None
    return report_gemms(evaluate_products(design, products, measured), design.rows, design.cols, dataflow)


def _layers(network: str, batch: int) -> list[GemmRuns]:
    """The layers of a network as GEMMs; the groups of a convolution are as many of the same shape."""
    from tpugen.model.systolic.gemm import Gemm, GemmRuns
    from tpugen.model.workloads import find_network

    runs = []
    for layer in find_network(network).layers:
        filters, window, pixels = layer.product
        runs.append(GemmRuns(Gemm(pixels * batch, window, filters), layer.groups, layer.name))
    return runs


def _unmeasured(name: str, clock_mhz: float) -> DesignMeasurement:
    return DesignMeasurement(
        design=name, technology="none", clock_mhz=clock_mhz, area_um2=None, power_mw=None, origin="assumed"
    )
