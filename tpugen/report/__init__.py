"""The run, shown: `report.html` from a run folder, and tables for a terminal. It computes nothing new."""

from __future__ import annotations

from tpugen.report.page import write_report

__all__ = ["write_report"]
