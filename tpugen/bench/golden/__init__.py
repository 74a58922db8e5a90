"""A second opinion on every design of the suites: formulas of the literature in plain Python integers.

Nothing here comes from `tpugen.arithmetic` or `tpugen.verif`: the units are written anew from their published
definitions, one pair of operands at a time, and what they say is compared with the RTL by a Verilog test bench of its
own. A mistake that models, library and gates share is found here.
"""

from __future__ import annotations

from tpugen.bench.golden.check import golden_check

__all__ = ["golden_check"]
