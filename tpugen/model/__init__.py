"""The performance model: what a measured design is worth on a workload.

First floor: matrix products (GEMMs) on a MAC or a systolic array. Cycles come from the latency formula of the design's
contract, which simulation proved; time, throughput and energy follow from the measured clock and power. One operation
is one multiply-accumulate (MAC) everywhere.
"""

from __future__ import annotations

from tpugen.model.systolic.cycles import CYCLE_MODELS, DEFAULT_CYCLE_MODEL, CycleModel, find_cycle_model
from tpugen.model.systolic.evaluation import evaluate
from tpugen.model.systolic.gemm import GEMM_SIZE_MAX, Gemm, parse_gemm, parse_gemms
from tpugen.model.systolic.mapping import Mapping, map_gemm

__all__ = [
    "CYCLE_MODELS",
    "DEFAULT_CYCLE_MODEL",
    "GEMM_SIZE_MAX",
    "CycleModel",
    "Gemm",
    "Mapping",
    "evaluate",
    "find_cycle_model",
    "map_gemm",
    "parse_gemm",
    "parse_gemms",
]
