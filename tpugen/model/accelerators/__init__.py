"""Whole accelerators that a run measured: language models on the hybrid, matrix products on a tensor unit or a tile."""

from __future__ import annotations

from tpugen.model.accelerators.design import Block, BlockRole, HybridDesign, block_role, hybrid_design, scaled
from tpugen.model.accelerators.hybrid import HybridCosts, evaluate_hybrid
from tpugen.model.accelerators.passes import LayerPass, model_passes, workload_shape
from tpugen.model.accelerators.products import evaluate_products
from tpugen.model.accelerators.references import PUBLISHED_CONTEXTS, published_points
from tpugen.model.accelerators.results import hybrid_point
from tpugen.model.accelerators.tensor_unit import TensorUnitEngine, UnitMemories

__all__ = [
    "PUBLISHED_CONTEXTS",
    "Block",
    "BlockRole",
    "HybridCosts",
    "HybridDesign",
    "LayerPass",
    "TensorUnitEngine",
    "UnitMemories",
    "block_role",
    "evaluate_hybrid",
    "evaluate_products",
    "hybrid_design",
    "hybrid_point",
    "model_passes",
    "published_points",
    "scaled",
    "workload_shape",
]
