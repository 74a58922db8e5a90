"""Bench of designs with many channels: plays the steps of a plan and judges every transfer.

The harness wakes it in the middle of a cycle in which something may happen; it sees what the next rising edge will
transfer and prepares the cycle after. What is offered must be known and stay until it is taken, nothing may come that
is not expected, and every wait ends.
"""

from __future__ import annotations

import random
import time
from typing import Any

import cocotb
from cocotb.triggers import ValueChange
from cocotb.utils import get_sim_time

from tpugen.verif.benches.channels import Driver, Monitor, Pauser
from tpugen.verif.benches.reporting import BenchError, care_digits, known_digits, load_plan, report, test_seed

PLAN = load_plan()
_RESET_CYCLES = 3
_LONGEST_SLEEP = 1 << 20


class _Runner:
    """Runs one test."""

    def __init__(self, dut: Any, test: dict[str, Any]) -> None:
        self.dut = dut
        self.test = test
        self.rng = random.Random(test_seed(PLAN["seed"], test["name"]))  # noqa: S311 - stimulus, not secrets
        top = int(PLAN["sample_bits"]) - 1
        wires = PLAN["channels"]
        garbage = bool(test["garbage"])
        self.drivers = [Driver(w, self.rng, top, garbage) for w in wires if w["role"] == "sink"]
        self.monitors = [Monitor(w, self.rng, top) for w in wires if w["role"] == "source"]
        self.channels: dict[str, Any] = {c.name: c for c in (*self.drivers, *self.monitors)}
        self.inputs = {level["name"]: level for level in PLAN["inputs"]}
        self.outputs = {
            level["name"]: slice(top - level["offset"] - level["width_bits"] + 1, top - level["offset"] + 1)
            for level in PLAN["outputs"]
        }
        self.changes: dict[str, list[int]] = {name: [] for name in self.outputs}
        self.seen: dict[str, str] = {}
        self.recording_since: float | None = None
        self.driven = 0
        self.cycle = 0
        self.quiet = 0  # cycles since the last transfer
        self.checked = 0
        self.step: int | None = None
        self.sample = ""
        self.mismatches: list[dict[str, Any]] = []
        self.changed = ValueChange(dut.tick)
        self.cycle_digits = -int(PLAN["sample_bits"])

    # cycles

    async def tick(self, drive: int, asleep: int = 0) -> None:
        """Prepare the coming cycle's inputs, sleep at most `asleep` cycles more, and sample."""
        self.dut.drive_next.value = drive
        if asleep:
            self.dut.asleep.value = min(asleep, _LONGEST_SLEEP)
        await self.changed
        view = str(self.dut.view.value)
        digits = self.cycle_digits
        cycle = int(view[:digits], 2)
        self.quiet += cycle - self.cycle
        self.cycle = cycle
        self.sample = view[digits:]

    async def advance(self, most: int) -> None:
        """Up to `most` cycles, at least one, to the next in which something may happen; judge what it transfers."""
        bits = 1 | self.driven
        for driver in self.drivers:
            bits |= driver.next_bits()
        for monitor in self.monitors:
            bits |= monitor.next_bits()
        await self.tick(bits, most - 1 if most > 1 and self.resting() else 0)
        for driver in self.drivers:
            self.look_at_driver(driver)
        for monitor in self.monitors:
            self.look_at_monitor(monitor)
        for name, place in self.outputs.items():
            if self.seen.get(name) != self.sample[place]:
                self.seen[name] = self.sample[place]
                self.changes[name].append(self.cycle)

    def resting(self) -> bool:
        """Whether the bench's own side stays as it is until something happens."""
        return all(driver.resting() and not driver.garbage for driver in self.drivers) and all(
            monitor.held is None and monitor.ready and monitor.pauser.never for monitor in self.monitors
        )

    def fail(self, rule: str, message: str, **details: Any) -> BenchError:
        return BenchError(rule, f"cycle {self.cycle}: {message}", cycle=self.cycle, step=self.step, **details)

    def look_at_driver(self, driver: Driver) -> None:
        ready = self.sample[driver.ready_at]
        if ready == "1":
            if driver.offering:
                driver.beats.popleft()
                driver.offering = False
                driver.transferred(self.cycle)
                self.quiet = 0
        elif ready != "0":
            raise self.fail("x-output", f"ready of channel {driver.name} is {ready} after reset")

    def look_at_monitor(self, monitor: Monitor) -> None:
        valid = self.sample[monitor.valid_at]
        beat = self.sample[monitor.beat_at]
        if monitor.held is not None and (valid != "1" or beat != monitor.held):
            what = "valid fell" if valid != "1" else "the payload changed"
            raise self.fail(
                "handshake",
                f"{what} on channel {monitor.name} while it waited for ready",
                channel=monitor.name,
                got=beat,
                held=monitor.held,
            )
        monitor.held = None
        if valid == "0":
            return
        if valid != "1":
            raise self.fail("x-output", f"valid of channel {monitor.name} is {valid} after reset")
        expected = monitor.expected[0] if monitor.expected else None
        care = expected[1] if expected else monitor.whole
        if not care_digits(beat, care).isdigit():
            place = {} if expected is None else {"step": expected[3], "beat": expected[4]}
            raise self.unknown(monitor.name, beat, place)
        if not monitor.ready:
            monitor.held = beat
            return
        monitor.transferred(self.cycle)
        self.quiet = 0
        self.check(monitor, int(known_digits(beat), 2))

    def unknown(self, channel: str, beat: str, place: dict[str, int]) -> BenchError:
        error = self.fail(
            "x-output", f"bits of a beat on channel {channel} are unknown (x or z)", channel=channel, got=beat
        )
        error.details.update(place)
        return error

    def check(self, monitor: Monitor, got: int) -> None:
        if not monitor.expected:
            raise self.fail(
                "extra-result",
                f"a beat came on channel {monitor.name} where none was expected",
                channel=monitor.name,
                got=format(got, "x"),
            )
        expected, care, tag, step, beat = monitor.expected.popleft()
        self.checked += 1
        if tag is not None:
            report("observed", test=self.test["name"], tag=tag, value=got)
        if (got ^ expected) & care:
            self.mismatches.append(
                {
                    "cycle": self.cycle,
                    "step": step,
                    "beat": beat,
                    "channel": monitor.name,
                    "got": format(got, "x"),
                    "expected": format(expected, "x"),
                }
            )

    # ends

    def open_queues(self, names: list[str]) -> bool:
        drivers, monitors = self.drivers, self.monitors
        if names:
            drivers = [driver for driver in drivers if driver.name in names]
            monitors = [monitor for monitor in monitors if monitor.name in names]
        return any(driver.beats for driver in drivers) or any(monitor.expected for monitor in monitors)

    def raise_mismatches(self) -> None:
        if not self.mismatches:
            return
        first = self.mismatches[0]
        raise BenchError(
            "wrong-result",
            f"cycle {first['cycle']}: {len(self.mismatches)} of {self.checked} beats checked so far are wrong",
            wrong=len(self.mismatches),
            **first,
        )

    def stuck(self, what: str) -> BenchError:
        self.raise_mismatches()
        sending = [f"{d.name} ({len(d.beats)} beats not taken)" for d in self.drivers if d.beats]
        missing = [f"{m.name} ({len(m.expected)} beats missing)" for m in self.monitors if m.expected]
        nearest = next((m.expected[0] for m in self.monitors if m.expected), None)
        error = self.fail(
            "stuck",
            f"no beat moved for {self.quiet} cycles while {what}; channels still offering: "
            f"{', '.join(sending) or 'none'}; still owing: {', '.join(missing) or 'none'}",
        )
        if nearest is not None:
            channel = next(m.name for m in self.monitors if m.expected)
            error.details.update(awaited_step=nearest[3], awaited_beat=nearest[4], channel=channel)
        return error

    async def drain(self, limit: int, names: list[str]) -> None:
        """Until the queues of these channels are empty; without names, of all."""
        self.quiet = 0
        while self.open_queues(names):
            if self.quiet > limit:
                raise self.stuck("the test waited")
            await self.advance(limit - self.quiet + 1)
        self.raise_mismatches()

    # steps

    async def reset(self) -> None:
        """Assert reset, check that it empties the design at once, release it."""
        for driver in self.drivers:
            driver.beats.clear()
            driver.offering = False
        for monitor in self.monitors:
            monitor.expected.clear()
            monitor.held = None
        self.raise_mismatches()
        takes = sum(monitor.ready_bit for monitor in self.monitors)
        for index in range(_RESET_CYCLES):
            await self.tick(0 if index % 2 else takes)
            for monitor in self.monitors:
                valid = self.sample[monitor.valid_at]
                if valid != "0":
                    raise self.fail(
                        "reset",
                        f"valid of channel {monitor.name} is {valid} while rst_ni is low; an asynchronous active-low "
                        "reset must clear it at once",
                        channel=monitor.name,
                    )
        self.quiet = 0

    async def do_reset(self, step: dict[str, Any]) -> None:
        await self.reset()

    async def do_send(self, step: dict[str, Any]) -> None:
        self.channels[step["channel"]].beats.extend(int(beat, 16) for beat in step["beats"])

    async def do_expect(self, step: dict[str, Any]) -> None:
        monitor = self.channels[step["channel"]]
        cares, tags = step["care"], step["tags"]
        for number, beat in enumerate(step["beats"]):
            care = monitor.whole if cares is None else int(cares[number], 16)
            tag = None if tags is None else tags[number]
            monitor.expected.append((int(beat, 16), care, tag, self.step or 0, number))

    async def do_wait(self, step: dict[str, Any]) -> None:
        await self.drain(int(step["limit"]), step["channels"])

    async def do_idle(self, step: dict[str, Any]) -> None:
        end = self.cycle + int(step["cycles"])
        while self.cycle < end:
            await self.advance(end - self.cycle)

    async def do_until(self, step: dict[str, Any]) -> None:
        place, limit = self.outputs[step["level"]], int(step["limit"])
        self.quiet = 0
        await self.advance(1)
        while (now := self.sample[place]) != format(step["value"], f"0{place.stop - place.start}b"):
            if self.quiet > limit:
                raise self.stuck(f"{step['level']} was {now}, not {step['value']}")
            await self.advance(limit - self.quiet + 1)
        self.raise_mismatches()

    async def do_pace(self, step: dict[str, Any]) -> None:
        for name, channel in self.channels.items():
            channel.pauser = Pauser(step["stalls"].get(name), self.rng)

    async def do_drive(self, step: dict[str, Any]) -> None:
        level = self.inputs[step["level"]]
        mask = ((1 << level["width_bits"]) - 1) << level["offset"]
        self.driven = (self.driven & ~mask) | int(step["value"]) << level["offset"]

    async def do_look(self, step: dict[str, Any]) -> None:
        await self.advance(1)
        got = self.sample[self.outputs[step["level"]]]
        care = (1 << len(got)) - 1 if step["care"] is None else int(step["care"])
        digits = care_digits(got, care)
        if not digits.isdigit():
            raise self.fail("x-output", f"{step['level']} is {got}", level=step["level"], got=got)
        self.checked += 1
        if int(digits, 2) != int(step["value"]) & care:
            raise self.fail(
                "wrong-status",
                f"{step['level']} is {int(known_digits(got), 2)}, expected {step['value']}",
                level=step["level"],
                got=got,
            )

    async def do_mark(self, step: dict[str, Any]) -> None:
        for channel in self.channels.values():
            channel.moved.clear()
        for changes in self.changes.values():
            changes.clear()

    async def do_measure(self, step: dict[str, Any]) -> None:
        moments = {name: channel.moved for name, channel in self.channels.items()} | self.changes
        cycles = [moments[name][number] for name, number in (step["begin"], step["end"])]
        measured = cycles[1] - cycles[0] + 1 + int(step["offset"])
        expected = step["expected"]
        if step["tag"] is not None:
            report("observed", test=self.test["name"], tag=step["tag"], value=measured)
        if step["latency"]:
            report("latency", test=self.test["name"], measured=measured, expected=expected)
        if expected is not None and measured != expected:
            raise self.fail(
                "latency",
                f"{step['name']} took {measured} cycles; the contract says {expected}",
                measured=measured,
                expected=expected,
            )

    async def do_record(self, step: dict[str, Any]) -> None:
        self.record(on=bool(step["on"]))

    def record(self, *, on: bool) -> None:
        """Begin or end the stretch whose waves are kept."""
        if on == (self.recording_since is not None):
            return
        self.dut.dump.value = int(on)
        now = get_sim_time("ns")
        if self.recording_since is not None:
            report("window", begin_ns=self.recording_since, end_ns=now)
        self.recording_since = now if on else None

    async def run(self) -> None:
        await self.reset()
        for number, step in enumerate(self.test["steps"]):
            self.step = number
            await getattr(self, f"do_{step['do']}")(step)
        self.step = None
        await self.drain(int(PLAN["idle_limit"]), [])
        self.record(on=False)
        end = self.cycle + int(PLAN["settle"])
        while self.cycle < end:
            await self.advance(end - self.cycle)


def _make(test: dict[str, Any]) -> Any:
    async def body(dut: Any) -> None:
        begin = time.perf_counter()
        report("start", test=test["name"])
        runner = _Runner(dut, test)
        await runner.changed
        if get_sim_time("ns") == 0:  # what was unknown has got its first value: no tick
            await runner.changed
        start = get_sim_time("ns")
        spent = {"checked": 0, "cycles": 0, "seconds": 0.0}

        def counts() -> dict[str, float]:
            spent["checked"] = runner.checked
            spent["cycles"] = round((get_sim_time("ns") - start) / 10)
            spent["seconds"] = round(time.perf_counter() - begin, 3)
            return spent

        try:
            await runner.run()
        except BenchError as failure:
            report("fail", **{**counts(), "test": test["name"], **failure.details})
            raise
        finally:
            dut.dump.value = 0
        report("pass", test=test["name"], **counts())

    body.__name__ = body.__qualname__ = test["name"]
    body.__doc__ = test["meaning"]
    return cocotb.test(name=test["name"])(body)


for _test in PLAN["tests"]:
    globals()[f"test_{_test['name']}"] = _make(_test)
del _test
