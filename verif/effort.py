"""How much to simulate, by size of the design: simulation costs time per element and cycle."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Effort", "effort_for"]


@dataclass(frozen=True)
class Effort:
    """How much to simulate: a cycle of a large array costs tens of milliseconds.

    Attributes:
        tiles: Tiles of the full-rate test.
        random_tiles: Tiles of random length in a test.
        longest: Longest tile, where a test does not need a longer one.
        corner_tiles: Tiles of corner operands.
        resets: Moments at which a reset comes.
        threes: Whether each length is also driven three times back to back.
        stalls: Who pauses, one test each.
        single_channels: Whether each channel also pauses alone.
        essentials: Whether only one test of each sort is affordable.
    """

    tiles: int
    random_tiles: int
    longest: int
    corner_tiles: int
    resets: int
    threes: bool = False
    stalls: tuple[str, ...] = ("sources", "result", "all")
    single_channels: bool = False
    essentials: bool = False

    def lengths(self, rows: int, cols: int) -> list[int]:
        """Lengths to measure, from 1 to beyond the array where that is affordable."""
        if self.threes:
            chosen = [1, 2, 3, rows - 1, rows, rows + 1, rows + cols + 3, 2 * rows + cols - 1, 2 * rows + cols]
        elif rows * cols <= _BEYOND_ELEMENTS:
            chosen = [1, rows, rows + cols + 3]
        else:
            chosen = [1]
        return sorted({length for length in chosen if length >= 1})


_BEYOND_ELEMENTS = 1024
_ESSENTIAL_ELEMENTS = 4096


def effort_for(elements: int) -> Effort:
    """The effort for an array of `elements` processing elements."""
    if elements <= 64:
        return Effort(
            tiles=6,
            random_tiles=30 if elements <= 16 else 16,
            longest=40,
            corner_tiles=4,
            resets=4,
            threes=True,
            single_channels=True,
        )
    if elements <= 256:
        return Effort(tiles=3, random_tiles=8, longest=24, corner_tiles=4, resets=3)
    if elements <= _BEYOND_ELEMENTS:
        return Effort(tiles=2, random_tiles=4, longest=16, corner_tiles=2, resets=2, stalls=("all",))
    if elements > _ESSENTIAL_ELEMENTS:
        return Effort(tiles=2, random_tiles=2, longest=4, corner_tiles=1, resets=1, essentials=True)
    return Effort(tiles=2, random_tiles=2, longest=8, corner_tiles=2, resets=1, stalls=("all",))
