"""What a bench drives into a design of the user's own, and what the user's reference expects: runs in the worker.

Stimulus is random with many corner values, in bursts so that counters fill up and sums reach their ends; the user's own
`stimulus` is driven besides. Everything follows from the job and its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tpugen.verif._reference_worker import Outputs, Reference, ReferenceFault, Values, port_range

__all__ = ["tests"]

_EXHAUSTIVE_BITS = 16
_VECTORS, _ACTIVITY_VECTORS = 2_000, 256
_CYCLES = {"random": 400, "bursts": 700, "resets": 400}
_BEATS = 200
_RESET_CYCLES = 3
_PATIENCE_BEATS = 10_000
_PROBES = 24


def tests(reference: Reference, job: Mapping[str, Any]) -> dict[str, Any]:
    """The tests of a job, by its `mode`: `combinational`, `pipelined`, `cycles` or `beats`."""
    return _Maker(reference, job).make()


class _Maker:
    def __init__(self, reference: Reference, job: Mapping[str, Any]) -> None:
        self.reference = reference
        self.job = job
        self.inputs: list[dict[str, Any]] = job["inputs"]
        self.outputs: list[dict[str, Any]] = job["outputs"]
        self.seed = str(job["seed"])

    def make(self) -> dict[str, Any]:
        match self.job["mode"]:
            case "combinational":
                return {"tests": self._combinational()}
            case "beats":
                return {"tests": _Beats(self).tests()}
            case _:
                return {"tests": self._cycles(), "latency": self._answer_time()}

    # values

    def rng(self, name: str) -> random.Random:
        return random.Random(f"{self.seed}/{name}")  # noqa: S311 - stimulus, not secrets

    def corners(self, port: Mapping[str, Any]) -> list[int]:
        low, high = port_range(port)
        return sorted({low, high, 0, min(1, high), *((-1,) if low < 0 else ()), high // 2 + 1 if high > 1 else high})

    def value(self, port: Mapping[str, Any], rng: random.Random) -> int:
        if rng.random() < 0.3:
            return rng.choice(self.corners(port))
        return rng.randint(*port_range(port))

    def draw(self, rng: random.Random) -> Values:
        return {port["name"]: self.value(port, rng) for port in self.inputs}

    def filled(self, entries: Iterable[Values], rng: random.Random) -> list[Values]:
        """The user's entries; ports that they leave out get random values."""
        return [self.draw(rng) | entry for entry in entries]

    def bursts(self, rng: random.Random, count: int) -> list[Values]:
        """Stretches in which each port holds, moves between corners, or is drawn afresh: sums reach their ends."""
        made: list[Values] = []
        while len(made) < count:
            length = rng.randint(1, 40)
            ways = {port["name"]: rng.choice(("hold", "hold", "corner", "draw")) for port in self.inputs}
            shares = {port["name"]: rng.choice((0.05, 0.5, 0.95)) for port in self.inputs if port["width_bits"] == 1}
            held = {port["name"]: rng.choice(self.corners(port)) for port in self.inputs}
            for _ in range(length):
                entry: Values = {}
                for port in self.inputs:
                    name, low = port["name"], port_range(port)[0]
                    if name in shares:
                        one = 1 if low == 0 else -1
                        entry[name] = one if rng.random() < shares[name] else 0
                    elif ways[name] == "hold":
                        entry[name] = held[name]
                    else:
                        entry[name] = (
                            rng.choice(self.corners(port)) if ways[name] == "corner" else self.value(port, rng)
                        )
                made.append(entry)
        return made[:count]

    # packing

    def packed(self, values: Mapping[str, int]) -> int:
        return sum((values[port["name"]] & ((1 << port["width_bits"]) - 1)) << port["offset"] for port in self.inputs)

    def expected(self, outputs: Outputs) -> tuple[int, int]:
        """Bits of the outputs, and which of them count."""
        bits = care = 0
        for port in self.outputs:
            value = outputs.get(port["name"])
            if value is not None:
                mask = (1 << port["width_bits"]) - 1
                bits |= (value & mask) << port["offset"]
                care |= mask << port["offset"]
        return bits, care

    # combinational

    def _combinational(self) -> list[dict[str, Any]]:
        total = sum(port["width_bits"] for port in self.inputs)
        whole = total <= _EXHAUSTIVE_BITS
        rng, count = self.rng("random"), _ACTIVITY_VECTORS if whole else _VECTORS
        cases: list[tuple[str, str, list[Values], bool]] = [
            ("corners", "corner values of every input", self._corner_vectors(), False),
            ("random", "seeded random inputs", [self.draw(rng) for _ in range(count)], True),
        ]
        own = self.filled(self.reference.stimulus(self.seed), self.rng("stimulus"))
        if own:
            cases.append(("stimulus", "the reference's own stimulus", own, False))
        if whole:
            cases.append(
                ("exhaustive", "every value of the inputs", [self._unpacked(n) for n in range(1 << total)], False)
            )
        made = []
        for name, meaning, vectors, waves in cases:
            pairs = [self.expected(self.reference.function(values)) for values in vectors]
            made.append(
                {
                    "name": name,
                    "meaning": meaning,
                    "waves": waves,
                    "drive": [format(self.packed(values), "x") for values in vectors],
                    "expected": [format(bits, "x") for bits, _ in pairs],
                    "care": [format(care, "x") for _, care in pairs],
                }
            )
        return made

    def _corner_vectors(self) -> list[Values]:
        rng = self.rng("corners")
        return [{port["name"]: rng.choice(self.corners(port)) for port in self.inputs} for _ in range(300)]

    def _unpacked(self, number: int) -> Values:
        values = {}
        for port in self.inputs:
            width = port["width_bits"]
            bits = number >> port["offset"] & ((1 << width) - 1)
            values[port["name"]] = bits - (1 << width) if port["signed"] and bits >> (width - 1) else bits
        return values

    # cycle by cycle

    def _cycles(self) -> list[dict[str, Any]]:
        user = self.filled(self.reference.stimulus(self.seed), self.rng("stimulus"))
        random_values, burst_values = self.rng("random"), self.rng("bursts")
        parts: list[tuple[str, str, list[tuple[bool, Values]]]] = [
            ("random", "random inputs in every cycle",
             [(False, self.draw(random_values)) for _ in range(_CYCLES["random"])]),
            ("bursts", "inputs that hold or move between their ends for many cycles",
             [(False, values) for values in self.bursts(burst_values, _CYCLES["bursts"])]),
        ]  # fmt: skip
        if user:
            parts.append(("stimulus", "the reference's own stimulus", [(False, values) for values in user]))
        if not self.job["reset"]:
            joined = [entry for _, _, entries in parts for entry in entries]
            return [self._cycle_test("all", "random inputs, bursts and the reference's own stimulus", joined)]
        rng = self.rng("resets")
        resets = [(rng.random() < 0.06, values) for values in self.bursts(rng, _CYCLES["resets"])]
        parts.append(("resets", "resets at random moments, and what comes after them", resets))
        start = [(True, self.draw(self.rng("start"))) for _ in range(_RESET_CYCLES)]
        return [self._cycle_test(name, meaning, [*start, *entries]) for name, meaning, entries in parts]

    def _cycle_test(self, name: str, meaning: str, entries: list[tuple[bool, Values]]) -> dict[str, Any]:
        follow = self._pipelined if self.job["mode"] == "pipelined" else self._follow
        entries, outputs = follow(entries)
        pairs = [self.expected(found) for found in outputs]
        return {
            "name": name,
            "meaning": meaning,
            "waves": name in ("random", "all"),
            "drive": [format(self.packed(values) | (not reset), "x") for reset, values in entries],
            "expected": [format(bits, "x") for bits, _ in pairs],
            "care": [format(care, "x") for _, care in pairs],
        }

    def _pipelined(self, entries: list[tuple[bool, Values]]) -> tuple[list[tuple[bool, Values]], list[Outputs]]:
        """What comes out `latency` edges after it went in; nothing is said of results that a reset may have cut."""
        latency = int(self.job["latency"])
        found: list[Outputs] = []
        for cycle in range(len(entries)):
            source = cycle - latency
            cut = source < 0 or any(reset for reset, _ in entries[source : cycle + 1])
            found.append({} if cut else self.reference.function(entries[source][1]))
        return entries, found

    def _follow(self, entries: list[tuple[bool, Values]]) -> tuple[list[tuple[bool, Values]], list[Outputs]]:
        """What a class with `step` says, cycle by cycle. A channel's source holds valid and payload until ready."""
        reference, at_once = self.reference, bool(self.job["asynchronous"])
        first = reference.reset()
        known = not self.job["reset"]  # before its first reset a design may be in any state
        last: Outputs = first if known else {}
        done: list[tuple[bool, Values]] = []
        found: list[Outputs] = []
        for reset, values in entries:
            if reset and at_once:
                last, known = reference.reset(), True
            if done and not reset and not done[-1][0]:
                self._hold(values, done[-1][1], found[-1])
            present = reference.present(last, values) if known else {}
            if known and not reset and done and not done[-1][0] and (missing := reference.missing(present)):
                raise ReferenceFault(
                    f"nothing says what {missing} is; give it in `step` or `outputs`", reference._line()
                )
            done.append((reset, values))
            found.append(present)
            if reset:
                last, known = reference.reset(), True
            else:
                last = reference.step(values)
        return done, found

    def _hold(self, values: Values, before: Values, outputs: Outputs) -> None:
        for sink in self.job["sinks"]:
            if before[sink["valid"]] and outputs.get(sink["ready"]) == 0:
                for name in (sink["valid"], *sink["payload"]):
                    values[name] = before[name]

    def _answer_time(self) -> int | None:
        """Edges after which the outputs first answer a change of the inputs, tried at many moments."""
        if self.job["mode"] != "cycles":
            return None
        rng, shortest = self.rng("probe"), None
        for _ in range(_PROBES):
            entries = [(False, values) for values in self.bursts(rng, 40)]
            moment = rng.randint(1, 20)
            changed = [(reset, dict(values)) for reset, values in entries]
            changed[moment] = (False, self.draw(rng))
            start = [(True, self.draw(self.rng("start")))] if self.job["reset"] else []
            one, other = (self._follow([*start, *copy])[1][len(start) :] for copy in (entries, changed))
            differs = next((n for n, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]), None)
            if differs is not None:
                shortest = differs - moment if shortest is None else min(shortest, differs - moment)
        return shortest


class _Beats:
    """Tests of a design with valid/ready channels, of which the reference knows the beats."""

    def __init__(self, maker: _Maker) -> None:
        self.maker = maker
        self.reference = maker.reference
        self.sinks: list[dict[str, Any]] = maker.job["sinks"]
        self.latency: int | None = maker.job["latency"]

    def tests(self) -> list[dict[str, Any]]:
        draw = self._drawn
        own = self.maker.filled(self.reference.stimulus(self.maker.seed), self.maker.rng("stimulus"))
        names = [sink["name"] for sink in self.sinks]
        out = self.maker.job["source"]
        light, heavy = {"start": 0.3, "stop": 0.5}, {"start": 0.25, "stop": 0.15}
        sources, result = dict.fromkeys(names, light), {out: heavy}
        made = [
            self.test("latency", "the first result, alone and without a pause", [self._first()]),
            self.test("full_rate", "random beats without a pause", [{"beats": draw("full", _BEATS)}], waves=True),
            self.test("bursts", "beats that hold or move between their ends",
                      [{"beats": self.maker.bursts(self.maker.rng("bursts"), _BEATS)}]),
        ]  # fmt: skip
        if own:
            made.append(self.test("stimulus", "the reference's own stimulus", [{"beats": own}]))
        mixed = (own or self.maker.bursts(self.maker.rng("mixed"), _BEATS))[:_BEATS]
        made += [
            self.test("stall_sources", "every source pauses at random", [{"beats": mixed, "stalls": sources}]),
            self.test("stall_result", f"channel {out} is held back at random", [{"beats": mixed, "stalls": result}]),
            self.test("stall_all", "every channel pauses at random",
                      [{"beats": mixed, "stalls": {**sources, out: light}}]),
            self.test("long_wait", f"channel {out} is shut for 80 cycles",
                      [{"beats": mixed[:80], "stalls": {out: {"first": 80, "start": 0.0, "stop": 1.0}}}]),
        ]  # fmt: skip
        if len(names) > 1:
            made += [
                self.test(f"stall_only_{name}", f"only channel {name} pauses, in bursts",
                          [{"beats": mixed, "stalls": {name: heavy}}])
                for name in names
            ]  # fmt: skip
        if self.maker.job["reset"]:
            made.append(
                self.test("resets", "resets while beats are on their way, clean beats after each", self._resets())
            )
        return made

    def _drawn(self, name: str, count: int) -> list[Values]:
        rng = self.maker.rng(name)
        return [self.maker.draw(rng) for _ in range(count)]

    def _first(self) -> dict[str, Any]:
        """Beats up to the one that gives the first result."""
        rng = self.maker.rng("latency")
        own = self.maker.filled(self.reference.stimulus(self.maker.seed), rng)
        if self.reference.form == "beat":
            self.reference.reset()
        beats: list[Values] = []
        while True:
            beats.append(own.pop(0) if own else self.maker.draw(rng))
            if self.reference.beat(dict(beats[-1])) is not None:
                break
            if len(beats) >= _PATIENCE_BEATS:
                raise ReferenceFault(
                    f"beat() gave no result for {len(beats):,} beats; a `stimulus(rng)` can drive beats that do",
                    self.reference._line(),
                )
        cycles = None if self.latency is None else len(beats) + self.latency
        return {"beats": beats, "measure": True, "expected_cycles": cycles}

    def _resets(self) -> list[dict[str, Any]]:
        phases: list[dict[str, Any]] = []
        for number, (cycles, waiting) in enumerate(((2, True), (7, False), (1, False), (15, False))):
            stalls = {self.maker.job["source"]: {"first": 10_000_000, "start": 0.0, "stop": 1.0}} if waiting else {}
            cut = {"beats": self._drawn(f"cut{number}", 60), "stalls": stalls}
            phases += [
                {**cut, "reset": {"cycles": cycles, "waiting": waiting}},
                {"beats": self._drawn(f"clean{number}", 30)},
            ]
        return phases

    def test(self, name: str, meaning: str, phases: Sequence[dict[str, Any]], *, waves: bool = False) -> dict[str, Any]:
        made, fresh = [], True
        for phase in phases:
            if fresh and self.reference.form == "beat":
                self.reference.reset()
            made.append(self._phase(phase))
            fresh = phase.get("reset") is not None
        return {"name": name, "meaning": meaning, "phases": made, "waves": waves}

    def _phase(self, phase: dict[str, Any]) -> dict[str, Any]:
        expected, care, origins = [], [], []
        for number, values in enumerate(phase["beats"]):
            result = self.reference.beat(dict(values))
            if result is not None:
                bits, mask = self.maker.expected(result)
                expected.append(format(bits, "x"))
                care.append(format(mask, "x"))
                origins.append(number)
        ports = {port["name"]: port for port in self.maker.inputs}
        pack: Callable[[dict[str, Any], Values], int] = lambda sink, values: sum(  # noqa: E731
            (values[item["name"]] & ((1 << ports[item["name"]]["width_bits"]) - 1)) << item["offset"]
            for item in sink["fields"]
        )
        return {
            "sinks": {
                sink["name"]: [format(pack(sink, values), "x") for values in phase["beats"]] for sink in self.sinks
            },
            "expected": expected,
            "care": care,
            "origins": origins,
            "stalls": phase.get("stalls", {}),
            "expected_cycles": phase.get("expected_cycles"),
            "measure": phase.get("measure", False),
            "garbage": not phase.get("measure", False),
            "reset": phase.get("reset"),
        }
