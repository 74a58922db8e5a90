"""The run, shown: `report.html` from a run folder. It computes nothing new."""

from __future__ import annotations

from tpugen.report.page import write_report

__all__ = ["write_report"]
