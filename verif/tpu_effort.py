"""Which jobs a tensor unit is tried on, by its size: simulation costs time per element and cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tpugen.spec import TpuSpec

__all__ = ["JobSize", "TpuEffort", "tpu_effort"]

_SMALL_ELEMENTS = 64
_LARGE_ELEMENTS = 4096
_LONGEST_CHUNKED = 2000
"""Beats of A that the jobs with K beyond the operand memories may take; deeper memories are left out of that."""


class JobSize(NamedTuple):
    """C of M x N, over K."""

    m: int
    k: int
    n: int


@dataclass(frozen=True)
class TpuEffort:
    """What is tried.

    Attributes:
        full_rate: The job whose waves are kept.
        sizes: Jobs at full speed, from one element to several tiles; those beyond the operand memories last.
        small: A job within the array, for what does not depend on sizes.
        posts: Random post-processings besides the corners.
        queued: Jobs whose operands are queued at once.
        stalls: Who pauses, one test each.
        resets: Moments at which a reset comes.
        chunked: Whether a job with K beyond the operand memories is among the sizes.
    """

    full_rate: JobSize
    sizes: tuple[JobSize, ...]
    small: JobSize
    posts: int
    queued: int
    stalls: tuple[str, ...]
    resets: int
    chunked: bool


def tpu_effort(spec: TpuSpec) -> TpuEffort:
    """The effort for a unit."""
    rows, cols, depth = spec.rows, spec.cols, spec.operand_depth
    elements = rows * cols
    inner = min(depth, max(4, rows // 2))
    sizes = [JobSize(1, 1, 1), JobSize(rows + 1, inner, cols + 1), JobSize(rows, 1, 2 * cols)]
    if elements <= _LARGE_ELEMENTS:
        sizes += [JobSize(2 * rows + 1, min(depth, 3), cols), JobSize(rows, inner + 1, 3 * cols - 1)]
        sizes.append(JobSize(max(1, rows - 1), min(depth, rows + cols), max(1, cols - 1)))
    chunked = depth + 1 <= _LONGEST_CHUNKED
    if depth <= _LONGEST_CHUNKED:
        sizes.append(JobSize(2, depth, 1))
    if chunked:
        sizes.append(JobSize(rows + 1, depth + 1, 1))
    if 3 * depth <= _LONGEST_CHUNKED // 4:
        sizes += [JobSize(rows + 1, 2 * depth, cols + 1), JobSize(2, 3 * depth - 1, cols + 1)]
    small = elements <= _SMALL_ELEMENTS
    return TpuEffort(
        full_rate=JobSize(2 * rows, min(depth, rows + cols), 2 * cols),
        sizes=tuple(sizes),
        small=JobSize(min(3, rows), min(3, depth), min(4, cols + 1)),
        posts=8 if small else 3,
        queued=3,
        stalls=("sources", "result", "host", "all") if small else ("all",),
        resets=6 if small else 3,
        chunked=chunked,
    )
