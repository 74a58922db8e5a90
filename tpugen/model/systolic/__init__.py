"""Systolic arrays: cycles, utilisation and traffic of matrix products, and what they cost."""

from __future__ import annotations

from tpugen.model.systolic.arrays import array_cycles, array_utilization, best_dataflow
from tpugen.model.systolic.constants import EventEnergy, PowerEnergy, area_from_card, energy_from_card
from tpugen.model.systolic.cycles import CYCLE_MODELS, DEFAULT_CYCLE_MODEL, CycleModel, find_cycle_model
from tpugen.model.systolic.dataflows import BEST, CHOICES, CODES, DATAFLOWS, dataflow_code, dataflow_name, dataflow_of
from tpugen.model.systolic.dram import DramTraffic, ElementWidths, SramSizes, dram_traffic
from tpugen.model.systolic.engine import SystolicEngine
from tpugen.model.systolic.mapping import ArrayShape
from tpugen.model.systolic.traffic import ArrayTraffic, array_traffic, gemm_traffic

__all__ = [
    "BEST",
    "CHOICES",
    "CODES",
    "CYCLE_MODELS",
    "DATAFLOWS",
    "DEFAULT_CYCLE_MODEL",
    "ArrayShape",
    "ArrayTraffic",
    "CycleModel",
    "DramTraffic",
    "ElementWidths",
    "EventEnergy",
    "PowerEnergy",
    "SramSizes",
    "SystolicEngine",
    "area_from_card",
    "array_cycles",
    "array_traffic",
    "array_utilization",
    "best_dataflow",
    "dataflow_code",
    "dataflow_name",
    "dataflow_of",
    "dram_traffic",
    "energy_from_card",
    "find_cycle_model",
    "gemm_traffic",
]
