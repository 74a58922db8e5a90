"""What the simulation of a PIM tile says beyond its verdict: cycles, bit planes read, conversions that clipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tpugen.findings import Finding
from tpugen.results import AcceleratorSimulation
from tpugen.results.accelerators import ClippingRecord, OperatorMeasurement
from tpugen.spec import PimTileSpec, contract_for
from tpugen.verif.pim_tile_plan import RANDOM_TESTS, VECTOR_TAG
from tpugen.verif.pim_tile_steps import VECTOR_RESULT
from tpugen.verif.transaction_ports import BeatPacker

__all__ = ["adc_notes", "pim_tile_simulation"]


def pim_tile_simulation(spec: PimTileSpec, observed: Sequence[Mapping[str, Any]]) -> AcceleratorSimulation:
    """Cycles of the vectors at full speed, clipping of all random ones.

    Args:
        spec: The tile.
        observed: The bench's `observed` events.
    """
    shape, packer = spec.shape, BeatPacker(contract_for(spec))
    operators = []
    planes = clips = vectors = 0
    for event in observed:
        tag, value = str(event["tag"]), int(event["value"])
        if tag.startswith(VECTOR_TAG):
            count = int(tag.removeprefix(VECTOR_TAG))
            model = (count - 1) * shape.period_cycles(shape.activation_width_bits)
            model += shape.vector_cycles(shape.activation_width_bits)
            operators.append(
                OperatorMeasurement(
                    name="vector",
                    shape=f"{count} of {spec.rows} x {spec.cols}",
                    simulated_cycles=value,
                    model_cycles=model,
                )
            )
        elif tag == VECTOR_RESULT and event["test"] in RANDOM_TESTS:
            ports = packer.ports("result", value)
            planes += ports["result_planes_o"]
            clips += ports["result_clips_o"]
            vectors += 1
    record = ClippingRecord(
        name="tile",
        conversions=planes * shape.block_rows * shape.cols,
        clipped=clips,
        planes_read=planes,
        planes=vectors * shape.activation_width_bits,
    )
    return AcceleratorSimulation(tokens=vectors, operators=operators, clipping=[record])


def adc_notes(
    adc_bits: int, lossless_bits: int, crossbar_rows: int, noisy: bool, clipping: Sequence[ClippingRecord]
) -> list[Finding]:
    """What a user should know of the resolution: how often it clips, or that less would do.

    Args:
        adc_bits: Resolution of an ADC, sign included.
        lossless_bits: Resolution at which no sum of a whole crossbar can clip.
        crossbar_rows: Word lines of a crossbar.
        noisy: Whether reads are noisy.
        clipping: By matrix.
    """
    conversions = sum(record.conversions for record in clipping)
    clipped = sum(record.clipped for record in clipping)
    if clipped:
        worst = max(clipping, key=lambda record: record.clipped / max(1, record.conversions))
        where = "" if len(clipping) == 1 else f", most in {worst.name} ({_share(worst.clipped, worst.conversions)})"
        message = (
            f"the {adc_bits}-bit ADCs clipped {clipped:,} of {conversions:,} conversions of random vectors "
            f"({_share(clipped, conversions)}){where}; {lossless_bits} bits never clip with {crossbar_rows} rows"
        )
        hint = f"adc_bits = {lossless_bits} or fewer crossbar_rows clip less; the model counts with the clipping."
        return [_note("adc-clipping", message, hint)]
    if adc_bits > lossless_bits and not noisy:
        message = f"the ADCs have {adc_bits} bits, of which sums of {crossbar_rows} rows need {lossless_bits} at most"
        return [_note("adc-wider-than-needed", message, f"adc_bits = {lossless_bits} gives the same results.")]
    return []


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.2g} %"


def _note(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity="info", gate="simulate", rule=rule, message=message, hint=hint)
