"""Bench of clocked designs that are compared in every cycle: one trigger, one read and one write a cycle.

The harness drives the inputs just after a rising edge from `drive_next`; the bench looks at the outputs at the falling
edge, when everything combinational has settled.
"""

from __future__ import annotations

import time
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge
from cocotb.utils import get_sim_time

from tpugen.verif.benches.reporting import BenchError, care_digits, known_digits, load_plan, report

PLAN = load_plan()
_KEPT = 64
"""Cycles from the first wrong one on whose outputs are kept for the finding."""


async def _run(dut: Any, test: dict[str, Any]) -> int:
    """Drive and compare all cycles of a test; returns how many were compared."""
    drive = [int(value, 16) for value in test["drive"]]
    expected = [int(value, 16) for value in test["expected"]]
    care = [int(value, 16) for value in test["care"]]
    falling = FallingEdge(dut.clk)
    compared = 0
    wrong: list[int] = []
    kept: list[str] = []
    for cycle, bits in enumerate(drive):
        dut.drive_next.value = bits
        await falling
        if not care[cycle] and not wrong:
            continue
        sample = str(dut.sample.value)
        if wrong and len(kept) < _KEPT:
            kept.append(sample)
        if not care[cycle]:
            continue
        compared += 1
        digits = care_digits(sample, care[cycle])
        if not digits.isdigit() or int(digits, 2) != expected[cycle] & care[cycle]:
            if not wrong:
                kept.append(sample)
            wrong.append(cycle)
    if wrong:
        first = care_digits(kept[0], care[wrong[0]])
        raise BenchError(
            "wrong-result" if first.isdigit() else "x-output",
            f"{len(wrong):,} of {compared:,} cycles are wrong",
            cycle=wrong[0],
            wrong=wrong[:8],
            samples=kept,
            got=format(int(known_digits(kept[0]), 2), "x"),
            checked=compared,
        )
    return compared


def _make(test: dict[str, Any]) -> Any:
    async def body(dut: Any) -> None:
        begin = time.perf_counter()
        report("start", test=test["name"])
        await FallingEdge(dut.clk)
        dut.dump.value = int(test["waves"])
        begin_ns = get_sim_time("ns")
        try:
            checked = await _run(dut, test)
        except BenchError as failure:
            report("fail", test=test["name"], seconds=round(time.perf_counter() - begin, 3), **failure.details)
            raise
        finally:
            dut.dump.value = 0
        if test["waves"]:
            report("window", begin_ns=begin_ns, end_ns=get_sim_time("ns"))
        report("pass", test=test["name"], checked=checked, seconds=round(time.perf_counter() - begin, 3))

    body.__name__ = body.__qualname__ = test["name"]
    body.__doc__ = test["meaning"]
    return cocotb.test(name=test["name"])(body)


for _test in PLAN["tests"]:
    globals()[f"test_{_test['name']}"] = _make(_test)
del _test
