"""tpugen: one sentence to accelerator RTL that is proved, measured, and judged on the workload it is for."""

from __future__ import annotations

__version__ = "0.1.0"
