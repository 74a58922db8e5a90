"""Measured runs as arrays of the performance model, carried to another technology where that is asked for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.pipeline.folder import find_run
from tpugen.pipeline.measure_steps import measurement
from tpugen.pipeline.result import load_result
from tpugen.results import DesignMeasurement, SynthesisResult, TimingResult
from tpugen.spec import DesignSpec, MacSpec, PimLlmSpec, PimTileSpec, SystolicArraySpec, TpuSpec, spec_from_dict
from tpugen.storage import read_json

if TYPE_CHECKING:
    from tpugen.model.systems import MeasuredArray
    from tpugen.model.systolic import SystolicEngine
    from tpugen.model.workloads import OperatorTable
    from tpugen.results.systems import ScalingRecord

__all__ = ["check_widths", "measured_array", "measured_design", "scaled_design", "scaling_words"]


def measured_design(run: str, runs: Path | None = None) -> tuple[DesignSpec, DesignMeasurement, list[str]]:
    """Spec and measurements of a run, and notes on them.

    Args:
        run: Id or folder of a run.
        runs: Where runs are kept, if not in the usual place.

    Raises:
        UnknownNameError: no such run.
        RequestError: it was not measured, or is no design of tpugen's own.
    """
    folder = find_run(run, runs)
    result = load_result(folder)
    if result.area_um2 is None or result.fmax_mhz is None:
        raise RequestError(
            f"run {folder.name} was not measured: its verdict is {result.verdict}",
            hint=f"finish it with `tpugen resume {folder.name}`",
        )
    spec = spec_from_dict(result.spec)
    design, note = measurement(folder, result.module, spec)
    return spec, design, [f"run {folder.name}: {note}"] if note else []


def scaled_design(design: DesignMeasurement, target: str) -> tuple[DesignMeasurement, ScalingRecord]:
    """The design carried to another technology; its numbers then count as assumed.

    Args:
        design: As measured; its technology must be a registered one, so that its size and supply are known.
        target: `45nm` or `45nm@1.0V`.

    Raises:
        RequestError: the technology's size is not known, or the target cannot be read.
        UnknownNameError: the technology's library is not found any more.
    """
    from tpugen.flows.technology import find_technology
    from tpugen.model.scaling import parse_target, scaling_between

    target_nm, target_v = parse_target(target)
    technology = find_technology(design.technology)
    if technology.process_nm is None:
        raise RequestError(
            f"the feature size of technology {design.technology!r} is not known, so nothing can be scaled from it",
            hint="measure the design with a registered technology (`tpugen doctor` lists them)",
        )
    record = scaling_between(
        technology.name, technology.process_nm, technology.nominal_voltage_v, target_nm, target_v
    )  # fmt: skip
    clock_mhz = design.clock_mhz / record.delay_factor
    # Energy per cycle times the new cycles per second.
    power_mw = None if design.power_mw is None else design.power_mw * record.energy_factor / record.delay_factor
    return (
        design.model_copy(
            update={
                "technology": f"{technology.name} scaled to {target_nm:g} nm at {target_v:g} V",
                "clock_mhz": clock_mhz,
                "power_mw": power_mw,
                "area_um2": None if design.area_um2 is None else design.area_um2 * record.area_factor,
                "origin": "assumed",
            }
        ),
        record,
    )


def measured_array(
    run: str, *, scale_to: str | None = None, runs: Path | None = None
) -> tuple[MeasuredArray, DesignSpec, ScalingRecord | None, list[str]]:
    """A run as a systolic array of the model, its spec, the scaling if any was asked for, and notes.

    Args:
        run: Id or folder of a run of a systolic array or a MAC.
        scale_to: Another technology, e.g. `45nm`; None: as measured.
        runs: Where runs are kept, if not in the usual place.

    Raises:
        UnknownNameError: no such run.
        RequestError: it was not measured, runs no matrix products, or cannot be scaled.
    """
    from tpugen.model.systems import MeasuredArray

    spec, design, notes = measured_design(run, runs)
    if isinstance(spec, PimLlmSpec | PimTileSpec):
        raise RequestError(
            f"run {run} is a {spec.kind}, no array",
            hint="use `tpugen model llm --design RUN`" if spec.kind == "pim_llm" else "name a tpu or an array",
        )
    record = None
    if scale_to is not None:
        design, record = scaled_design(design, scale_to)
        notes.append(scaling_words(record))
    engine = _engine(spec, design, find_run(run, runs))
    if design.power_mw is None:
        notes.append(f"run {run}: power was not measured, so energy is not known")
    named = f"{design.design}, run {find_run(run, runs).name}"
    settings = {"design": named, "technology": f"{design.technology} ({design.origin})"}
    return MeasuredArray(engine, settings), spec, record, notes


def scaling_words(record: ScalingRecord) -> str:
    """What was scaled by what, in a sentence."""
    return (
        f"scaled from {record.technology} ({record.process_nm:g} nm, {record.voltage_v:g} V) to "
        f"{record.target_process_nm:g} nm at {record.target_voltage_v:g} V: area x {record.area_factor:.4g}, "
        f"delay x {record.delay_factor:.4g}, energy x {record.energy_factor:.4g}; {record.source}"
    )


def _engine(spec: DesignSpec, design: DesignMeasurement, root: Path) -> SystolicEngine:
    """A systolic array or a MAC, or the array of a tensor unit with its memories, whose area is the cards'."""
    from tpugen.model.cards import weakest_origin
    from tpugen.model.systolic import SystolicEngine

    if not isinstance(spec, TpuSpec):
        return SystolicEngine.from_measurement(spec, design)
    from tpugen.model.accelerators import TensorUnitEngine, UnitMemories

    macros = SynthesisResult.model_validate(read_json(root / "synth" / "synthesis.json")).macros
    if not macros:
        return TensorUnitEngine.from_run(spec, design)
    timing = TimingResult.model_validate(read_json(root / "sta" / "timing.json"))
    speed = design.clock_mhz / timing.clock_mhz
    powers_mw = [power.dynamic_mw * speed + power.leakage_mw for power in timing.macro_power]
    memories = UnitMemories(
        area_um2=math.fsum(macro.area_um2 for macro in macros),
        power_w=math.fsum(powers_mw) * 1e-3,
        area_origin=weakest_origin(macro.origin for macro in macros),
        power_origin=weakest_origin(power.origin for power in timing.macro_power),
    )
    return TensorUnitEngine.from_run(spec, design, memories)


def check_widths(run: str, spec: DesignSpec, table: OperatorTable, rows: list[bool]) -> list[str]:
    """Refuses operators whose operands are wider than the design's.

    Returns:
        Notes on operators whose sums may be wider than the design's accumulators.

    Args:
        run: As the user named it.
        spec: Of the design.
        table: The workload.
        rows: Which operators run on the design.

    Raises:
        RequestError: names the operator, its widths and the design's.
    """
    if not isinstance(spec, MacSpec | SystolicArraySpec | TpuSpec):
        return []
    here = table.select(rows)
    overflowing = []
    for index, name in enumerate(here.names):
        found = (int(here.vector_bits[index].max()), int(here.matrix_bits[index].max()))
        taken = (spec.activation_width_bits, spec.weight_width_bits)
        if here.count[index].any() and (found[0] > taken[0] or found[1] > taken[1]):
            raise RequestError(
                f"--design {run}: operator {name!r} has {found[0]}-bit vectors and a {found[1]}-bit matrix; the design "
                f"takes {taken[0]}-bit activations and {taken[1]}-bit weights",
                hint="measure a wider design, or narrow the operands: --activation-bits, --weight-bits, --kv-bits",
            )
        # The largest magnitude of a sum of K products, and its sign.
        needed = sum(found) + math.ceil(math.log2(int(here.k[index].max())))
        if here.count[index].any() and needed > spec.accumulator_width_bits:
            overflowing.append(f"{name} ({needed} bits)")
    if not overflowing:
        return []
    return [
        f"run {run} has {spec.accumulator_width_bits}-bit accumulators; sums that may need more: "
        f"{', '.join(overflowing)}"
    ]
