"""Bench of every design with valid/ready channels: one trigger, one read and one write a cycle.

The harness drives the design's inputs just after a rising edge from `drive_next`; the bench wakes at the falling edge,
when everything combinational has settled, sees what the next rising edge will transfer, and prepares the cycle after.
"""

from __future__ import annotations

import random
import time
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge
from cocotb.utils import get_sim_time

from tpugen.verif.benches.reporting import (
    BenchError,
    care_digits,
    known_digits,
    load_plan,
    report,
    test_seed,
    write_trace,
)
from tpugen.verif.plan import TRACE_FILE

PLAN = load_plan()
OUT = PLAN["out_beat"]["name"]
_RESET_CYCLES = 3


class _Pauser:
    """Bursty random pauses of one channel."""

    def __init__(self, stall: dict[str, Any] | None, rng: random.Random) -> None:
        self.first = int(stall["first"]) if stall else 0
        self.start = float(stall["start"]) if stall else 0.0
        self.stop = float(stall["stop"]) if stall else 1.0
        self._rng = rng
        self._paused = False

    def step(self) -> bool:
        """Whether the channel pauses in the coming cycle."""
        if self.first > 0:
            self.first -= 1
            return True
        if self.start > 0.0:
            self._paused = self._rng.random() >= self.stop if self._paused else self._rng.random() < self.start
        return self._paused


class _Driver:
    """Source of one sink channel of the design: holds valid and payload until taken."""

    def __init__(self, sink: dict[str, Any], phase: dict[str, Any], rng: random.Random) -> None:
        self.name: str = sink["name"]
        self.valid_bit: int = 1 << sink["valid"]
        self.ready = int(sink["ready"])
        self.offset = int(sink["beat"]["offset"])
        self.width = int(sink["beat"]["width_bits"])
        self.beats: list[int] = [int(beat, 16) << self.offset for beat in phase["sinks"].get(self.name, [])]
        self.sent = 0
        self.offering = False
        self.rng = rng if phase["garbage"] else None
        self.pauser = _Pauser(phase["stalls"].get(self.name), rng)

    def next_bits(self) -> int:
        """Bits of the drive vector for the coming cycle."""
        if not self.offering and self.sent < len(self.beats):
            self.offering = not self.pauser.step()
        if self.offering:
            return self.valid_bit | self.beats[self.sent]
        return self.rng.getrandbits(self.width) << self.offset if self.rng else 0

    def taken(self) -> None:
        """The beat on offer was transferred."""
        self.sent += 1
        self.offering = False


class _Runner:
    """Runs the phases of one test."""

    def __init__(self, dut: Any, test: dict[str, Any]) -> None:
        self.dut = dut
        self.test = test
        self.rng = random.Random(test_seed(PLAN["seed"], test["name"]))  # noqa: S311 - stimulus, not secrets
        self.top = int(PLAN["sample_bits"]) - 1
        beat = PLAN["out_beat"]
        # The sample string has its most significant bit first.
        self.beat_slice = slice(self.top - beat["offset"] - beat["width_bits"] + 1, self.top - beat["offset"] + 1)
        self.valid_at = self.top - int(PLAN["out_valid"])
        self.ready_at = {sink["name"]: self.top - int(sink["ready"]) for sink in PLAN["sinks"]}
        self.out_ready_bit = 1 << int(PLAN["out_ready"])
        self.cycle = 0
        self.checked = 0
        self.phase: int | None = None  # none while reset is asserted
        self.trace: list[dict[str, Any]] = []
        self.falling = FallingEdge(dut.clk)

    async def tick(self, drive: int) -> str:
        """Prepare the coming cycle's inputs, go to its middle and sample the outputs."""
        self.dut.drive_next.value = drive
        await self.falling
        self.cycle += 1
        sample = str(self.dut.sample.value)
        if PLAN["trace"]:
            place = {"test": self.test["name"], "phase": self.phase}
            self.trace.append({**place, "drive": format(drive, "x"), "sample": sample})
        return sample

    def fail(self, rule: str, message: str, **details: Any) -> BenchError:
        return BenchError(rule, f"cycle {self.cycle}: {message}", cycle=self.cycle, **details)

    async def reset(self) -> None:
        """Assert reset, check that it empties the design at once, release it."""
        for index in range(_RESET_CYCLES):
            sample = await self.tick(0 if index % 2 else self.out_ready_bit)
            if index >= PLAN["reset_grace"] and sample[self.valid_at] != "0":
                raise self.fail(
                    "reset",
                    f"the result channel's valid is {sample[self.valid_at]} while rst_ni is low; an asynchronous "
                    "active-low reset must clear it at once",
                )

    async def run(self) -> None:
        for index, phase in enumerate(self.test["phases"]):
            if index == 0 or self.test["phases"][index - 1]["reset"]:
                self.phase = None
                await self.reset()
            self.phase = index
            await _PhaseRunner(self, phase, index).run()


class _PhaseRunner:
    """One phase: drivers, monitor, protocol checks, latency."""

    def __init__(self, runner: _Runner, phase: dict[str, Any], index: int) -> None:
        self.runner = runner
        self.phase = phase
        self.index = index
        rng = runner.rng
        self.drivers = [_Driver(sink, phase, rng) for sink in PLAN["sinks"]]
        self.sink_pauser = _Pauser(phase["stalls"].get(OUT), rng)
        self.expected = [int(beat, 16) for beat in phase["expected"]]
        whole = (1 << int(PLAN["out_beat"]["width_bits"])) - 1
        self.care = [int(bits, 16) for bits in phase["care"]] if phase["care"] else [whole] * len(self.expected)
        self.received: list[int] = []
        self.mismatches: list[tuple[int, int]] = []
        self.first_cycle: int | None = None
        self.last_cycle: int | None = None
        self.idle = 0
        self.waited = 0
        self.held: str | None = None
        self.offered = 0  # what the drivers put on the wires for the cycle that is being sampled
        self.ready = False

    def next_drive(self) -> int:
        bits = 1  # rst_ni
        for driver in self.drivers:
            bits |= driver.next_bits()
        self.ready = not self.sink_pauser.step()
        return bits | self.runner.out_ready_bit if self.ready else bits

    async def run(self) -> None:
        runner, phase = self.runner, self.phase
        cut = phase["reset"]
        start = runner.cycle
        settle = int(PLAN["settle"])
        dumping = bool(runner.test["waves"])
        runner.dut.dump.value = int(dumping)
        begin_ns = get_sim_time("ns")
        while True:
            sample = await runner.tick(self.next_drive())
            transfers = self.step_sinks(sample)
            transfers |= self.step_result(sample)
            self.idle = 0 if transfers else self.idle + 1
            if cut and (self.waited >= cut["cycles"] if cut["waiting"] else runner.cycle - start >= cut["cycles"]):
                return
            if len(self.received) >= len(self.expected) and all(d.sent == len(d.beats) for d in self.drivers):
                if dumping:
                    dumping = False
                    runner.dut.dump.value = 0
                    report("window", begin_ns=begin_ns, end_ns=get_sim_time("ns"))
                settle -= 1
                if settle <= 0:
                    break
            elif self.idle > PLAN["idle_limit"]:
                raise self.stuck()
        self.finish()

    def step_sinks(self, sample: str) -> bool:
        moved = False
        for driver in self.drivers:
            ready = sample[self.runner.ready_at[driver.name]]
            if ready == "1":
                if driver.offering:
                    driver.taken()
                    moved = True
                    if self.first_cycle is None:
                        self.first_cycle = self.runner.cycle
            elif ready != "0":
                raise self.runner.fail("x-output", f"ready of channel {driver.name} is {ready} after reset")
        return moved

    def step_result(self, sample: str) -> bool:
        valid = sample[self.runner.valid_at]
        beat = sample[self.runner.beat_slice]
        if self.held is not None and (valid != "1" or beat != self.held):
            what = "valid fell" if valid != "1" else "the payload changed"
            raise self.runner.fail(
                "handshake",
                f"{what} on channel {OUT} while it waited for ready",
                got=beat,
                held=self.held,
                phase=self.index,
                beat=len(self.received),
            )
        self.held = None
        if valid == "0":
            self.waited = 0
            return False
        if valid != "1":
            raise self.runner.fail("x-output", f"valid of channel {OUT} is {valid} after reset")
        number = len(self.received)
        if not (care_digits(beat, self.care[number]) if number < len(self.care) else beat).isdigit():
            raise self.runner.fail(
                "x-output",
                "bits of a valid result are unknown (x or z)",
                phase=self.index,
                beat=len(self.received),
                got=beat,
            )
        if not self.ready:
            self.held = beat
            self.waited += 1
            return False
        self.waited = 0
        self.check(int(known_digits(beat), 2))
        return True

    def check(self, got: int) -> None:
        number = len(self.received)
        self.last_cycle = self.runner.cycle
        self.received.append(got)
        if number >= len(self.expected):
            raise self.runner.fail(
                "extra-result",
                f"result {number + 1} came where only {len(self.expected)} were expected",
                phase=self.index,
                beat=number,
                got=format(got, "x"),
            )
        self.runner.checked += 1
        if (got ^ self.expected[number]) & self.care[number]:
            self.mismatches.append((number, self.runner.cycle))

    def stuck(self) -> BenchError:
        if self.mismatches:
            return self.mismatch()
        waiting = [f"{d.name} ({d.sent} of {len(d.beats)} beats taken)" for d in self.drivers if d.sent < len(d.beats)]
        return self.runner.fail(
            "stuck",
            f"no beat moved for {self.idle} cycles: {len(self.received)} of {len(self.expected)} results came; "
            f"channels still offering: {', '.join(waiting) or 'none'}",
            phase=self.index,
        )

    def mismatch(self) -> BenchError:
        number, cycle = self.mismatches[0]
        return BenchError(
            "wrong-result",
            f"cycle {cycle}: {len(self.mismatches)} of {len(self.received)} result beats are wrong",
            cycle=cycle,
            phase=self.index,
            beat=number,
            wrong=len(self.mismatches),
            got=format(self.received[number], "x"),
        )

    def finish(self) -> None:
        if self.mismatches:
            raise self.mismatch()
        if self.first_cycle is None or self.last_cycle is None:
            return
        measured = self.last_cycle - self.first_cycle + 1
        expected = self.phase["expected_cycles"]
        if self.phase["measure"]:
            report("latency", measured=measured, expected=expected)
        if expected is not None and measured != expected:
            raise self.runner.fail(
                "latency",
                f"{measured} cycles from the first operand beat to the last result beat, both counted; "
                f"the contract says {expected}",
                phase=self.index,
                measured=measured,
                expected=expected,
            )


def _make(test: dict[str, Any]) -> Any:
    async def body(dut: Any) -> None:
        begin = time.perf_counter()
        report("start", test=test["name"])
        runner = _Runner(dut, test)
        await runner.falling
        try:
            await runner.run()
        except BenchError as failure:
            report(
                "fail",
                test=test["name"],
                checked=runner.checked,
                cycles=runner.cycle,
                seconds=round(time.perf_counter() - begin, 3),
                **failure.details,
            )
            raise
        finally:
            dut.dump.value = 0
        if runner.trace:
            write_trace(TRACE_FILE, runner.trace)
        report(
            "pass",
            test=test["name"],
            checked=runner.checked,
            cycles=runner.cycle,
            seconds=round(time.perf_counter() - begin, 3),
        )

    body.__name__ = body.__qualname__ = test["name"]
    body.__doc__ = test["meaning"]
    return cocotb.test(name=test["name"])(body)


for _test in PLAN["tests"]:
    globals()[f"test_{_test['name']}"] = _make(_test)
del _test
