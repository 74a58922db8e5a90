"""Switching activity of a simulation, as power analysis takes it: toggles and time at one of each bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import StorageError
from tpugen.storage import write_text_atomic

__all__ = ["Activity", "SignalActivity"]


@dataclass(frozen=True)
class SignalActivity:
    """One signal.

    Attributes:
        width_bits: Its width.
        toggles: Changes between 0 and 1 of each bit over the whole simulation, least significant bit first.
        ones: Clock cycles that each bit spent at 1, likewise.
    """

    width_bits: int
    toggles: list[int]
    ones: list[int]

    def __post_init__(self) -> None:
        if len(self.toggles) != self.width_bits or len(self.ones) != self.width_bits:
            raise ValueError(f"{self.width_bits} bits, but {len(self.toggles)} toggles and {len(self.ones)} ones")


@dataclass(frozen=True)
class Activity:
    """The activity of a design.

    Attributes:
        cycles: Clock cycles that were observed.
        signals: By hierarchical path below the top, joined by `.`, as in the RTL: `gen_row[0].gen_col[1].u_pe.acc_q`.
            The top's own ports and signals go by their plain names.
    """

    cycles: int
    signals: dict[str, SignalActivity]

    def bit(self, name: str, index: int) -> tuple[float, float] | None:
        """Toggles per clock cycle and fraction of the time at one of one bit; None if it was not observed."""
        signal = self.signals.get(name)
        if signal is None or index >= signal.width_bits or self.cycles < 1:
            return None
        return signal.toggles[index] / self.cycles, min(1.0, signal.ones[index] / self.cycles)

    def save(self, path: Path) -> Path:
        """Write it as JSON.

        Raises:
            StorageError: the file cannot be written.
        """
        signals = {name: [item.width_bits, item.toggles, item.ones] for name, item in self.signals.items()}
        return write_text_atomic(path, json.dumps({"cycles": self.cycles, "signals": signals}))

    @classmethod
    def load(cls, path: Path) -> Activity:
        """Read what `save` wrote.

        Raises:
            StorageError: the file cannot be read, or is not an activity file.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            signals = {name: SignalActivity(*item) for name, item in data["signals"].items()}
            return cls(int(data["cycles"]), signals)
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(f"{path} is not an activity file: {error}", hint="simulate again") from error
