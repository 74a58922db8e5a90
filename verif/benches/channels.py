"""Both sides of a channel as a bench plays them: who offers beats, who takes them, and how they pause."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

__all__ = ["Driver", "Monitor", "Pauser"]


class Pauser:
    """Bursty random pauses of one channel."""

    def __init__(self, stall: dict[str, Any] | None, rng: random.Random) -> None:
        self.first = int(stall["first"]) if stall else 0
        self.start = float(stall["start"]) if stall else 0.0
        self.stop = float(stall["stop"]) if stall else 1.0
        self.never = self.first == 0 and self.start == 0.0
        self._rng = rng
        self._paused = False

    def step(self) -> bool:
        """Whether the channel pauses in the coming cycle."""
        if self.never:
            return False
        if self.first > 0:
            self.first -= 1
            return True
        self._paused = self._rng.random() >= self.stop if self._paused else self._rng.random() < self.start
        return self._paused


class Channel:
    """What both sides have in common: its place, its pauses, its transfers since the last mark."""

    def __init__(self, wires: dict[str, Any], rng: random.Random) -> None:
        self.name: str = wires["name"]
        self.rng = rng
        self.offset = int(wires["beat"]["offset"])
        self.width = int(wires["beat"]["width_bits"])
        self.pauser = Pauser(None, rng)
        self.moved: list[int] = []
        self.count = 0

    def transferred(self, cycle: int) -> None:
        """A beat moved."""
        self.count += 1
        self.moved.append(cycle)


class Driver(Channel):
    """Source of a sink channel of the design: holds valid and payload until taken."""

    def __init__(self, wires: dict[str, Any], rng: random.Random, top: int, garbage: bool) -> None:
        super().__init__(wires, rng)
        self.valid_bit = 1 << int(wires["valid"])
        self.ready_at = top - int(wires["ready"])
        self.garbage = garbage
        self.beats: deque[int] = deque()
        self.offering = False

    def next_bits(self) -> int:
        """Bits of the drive vector for the coming cycle."""
        if not self.offering and self.beats:
            self.offering = not self.pauser.step()
        if self.offering:
            return self.valid_bit | self.beats[0] << self.offset
        return self.rng.getrandbits(self.width) << self.offset if self.garbage else 0

    def resting(self) -> bool:
        """Whether the coming cycles bring no change from this side."""
        return self.offering or not self.beats


class Monitor(Channel):
    """Taker of a source channel of the design."""

    def __init__(self, wires: dict[str, Any], rng: random.Random, top: int) -> None:
        super().__init__(wires, rng)
        self.valid_at = top - int(wires["valid"])
        self.ready_bit = 1 << int(wires["ready"])
        self.beat_at = slice(top - self.offset - self.width + 1, top - self.offset + 1)
        self.whole = (1 << self.width) - 1
        self.expected: deque[tuple[int, int, str | None, int, int]] = deque()
        self.ready = False
        self.held: str | None = None

    def next_bits(self) -> int:
        """Bits of the drive vector for the coming cycle."""
        self.ready = not self.pauser.step()
        return self.ready_bit if self.ready else 0
