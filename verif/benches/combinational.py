"""Bench of combinational designs: the harness runs batches of vectors, the bench compares them whole."""

from __future__ import annotations

import time
from typing import Any

import cocotb
from cocotb.triggers import Timer, ValueChange
from cocotb.utils import get_sim_time

from tpugen.verif.benches.reporting import BenchError, care_digits, known_digits, load_plan, report

PLAN = load_plan()


async def _run(dut: Any, test: dict[str, Any]) -> int:
    batch, in_bits, out_bits = int(PLAN["batch"]), int(PLAN["drive_bits"]), int(PLAN["sample_bits"])
    drive = [int(value, 16) for value in test["drive"]]
    expected = [int(value, 16) for value in test["expected"]]
    care = [int(value, 16) for value in test["care"]] if test.get("care") else [(1 << out_bits) - 1] * len(drive)
    done = ValueChange(dut.done)
    for first in range(0, len(drive), batch):
        stop = min(first + batch, len(drive))
        digits = "".join(format(value, f"0{in_bits}b") for value in reversed(drive[first:stop]))
        dut.count.value = stop - first
        dut.drive_batch.value = int(digits, 2)
        await Timer(1, unit="ns")
        dut.start.value = 1
        await done
        dut.start.value = 0
        await Timer(1, unit="ns")
        sample = str(dut.sample_batch.value)
        for index in range(first, stop):
            low = len(sample) - (index - first + 1) * out_bits
            got = sample[low : low + out_bits]
            if not care_digits(got, care[index]).isdigit():
                raise BenchError(
                    "x-output", f"vector {index}: outputs are unknown (x or z): {got}", beat=index, got=got
                )
            if int(care_digits(got, care[index]), 2) != expected[index] & care[index]:
                raise BenchError(
                    "wrong-result",
                    f"vector {index}: wrong output",
                    beat=index,
                    got=format(int(known_digits(got), 2), "x"),
                )
    return len(drive)


def _make(test: dict[str, Any]) -> Any:
    async def body(dut: Any) -> None:
        begin = time.perf_counter()
        report("start", test=test["name"])
        dut.dump.value = 0
        dut.start.value = 0
        await Timer(1, unit="ns")
        dut.dump.value = int(test["waves"])
        await Timer(1, unit="ns")
        begin_ns = get_sim_time("ns")
        try:
            checked = await _run(dut, test)
        except BenchError as failure:
            report(
                "fail",
                test=test["name"],
                checked=failure.details["beat"] + 1,
                seconds=round(time.perf_counter() - begin, 3),
                **failure.details,
            )
            raise
        finally:
            dut.dump.value = 0
        if test["waves"]:
            report("window", begin_ns=begin_ns, end_ns=get_sim_time("ns"))
        await Timer(1, unit="ns")
        report("pass", test=test["name"], checked=checked, seconds=round(time.perf_counter() - begin, 3))

    body.__name__ = body.__qualname__ = test["name"]
    body.__doc__ = test["meaning"]
    return cocotb.test(name=test["name"])(body)


for _test in PLAN["tests"]:
    globals()[f"test_{_test['name']}"] = _make(_test)
del _test
