"""What the simulation of a tensor unit says beyond its verdict: cycles of every job at full speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tpugen.arithmetic.tpu import job_cycles
from tpugen.results import AcceleratorSimulation
from tpugen.results.accelerators import OperatorMeasurement
from tpugen.spec import TpuSpec
from tpugen.verif.tpu_steps import JOB_TAG

__all__ = ["tpu_simulation"]


def tpu_simulation(spec: TpuSpec, observed: Sequence[Mapping[str, Any]]) -> AcceleratorSimulation:
    """The jobs whose cycle counters were read, in order.

    Args:
        spec: The unit.
        observed: The bench's `observed` events.
    """
    operators = []
    for event in observed:
        tag = str(event["tag"])
        if event["test"] not in ("full_rate", "sizes") or not tag.startswith(JOB_TAG):
            continue
        size = tag.removeprefix(JOB_TAG)
        m, k, n = (int(word) for word in size.split(" x "))
        operators.append(
            OperatorMeasurement(
                name="job",
                shape=size,
                simulated_cycles=int(event["value"]) & 0xFFFFFFFF,
                model_cycles=job_cycles(spec.shape, m, k, n),
            )
        )
    return AcceleratorSimulation(tokens=len(operators), operators=operators)
