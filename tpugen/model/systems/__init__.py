"""Systems: which operator runs on which engine, in what order, and who is charged for what."""

from __future__ import annotations

from tpugen.model.systems.breakdown import Breakdown, break_down
from tpugen.model.systems.build import ArrayOptions, MeasuredArray, build_system, load_memory, load_system
from tpugen.model.systems.description import (
    SystemDescription,
    SystolicSection,
    built_in_systems,
    read_system,
    with_constants,
)
from tpugen.model.systems.evaluation import AreaShare, CostPart, SystemCosts, evaluate_system
from tpugen.model.systems.system import (
    ACCOUNTINGS,
    SCHEDULES,
    Engine,
    PlacedEngine,
    PublishedAccounting,
    System,
    SystemMemory,
)
from tpugen.model.systems.vector import VectorEngine

__all__ = [
    "ACCOUNTINGS",
    "SCHEDULES",
    "AreaShare",
    "ArrayOptions",
    "Breakdown",
    "CostPart",
    "Engine",
    "MeasuredArray",
    "PlacedEngine",
    "PublishedAccounting",
    "System",
    "SystemCosts",
    "SystemDescription",
    "SystemMemory",
    "SystolicSection",
    "VectorEngine",
    "break_down",
    "build_system",
    "built_in_systems",
    "evaluate_system",
    "load_memory",
    "load_system",
    "read_system",
    "with_constants",
]
