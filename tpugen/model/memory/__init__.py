"""Memories: capacity, bandwidth, energy, and the time that compute waits for them."""

from __future__ import annotations

from tpugen.model.memory.memory import MEMORY_FIELDS, Memory, load_memory_card
from tpugen.model.memory.traffic import Holding, MemoryCosts, MemoryTraffic, memory_costs, memory_traffic

__all__ = [
    "MEMORY_FIELDS",
    "Holding",
    "Memory",
    "MemoryCosts",
    "MemoryTraffic",
    "load_memory_card",
    "memory_costs",
    "memory_traffic",
]
