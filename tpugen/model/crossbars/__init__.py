"""Analog crossbars: matrix-vector products with weights that sit still as conductances."""

from __future__ import annotations

from tpugen.model.crossbars.engine import CrossbarEngine

__all__ = ["CrossbarEngine"]
