"""All operand pairs of a unit, in bands of rows: on several processors, and kept on disk as they finish.

An interrupted sweep loses the bands at work and no more: the next sweep of the same unit takes the finished ones from
the cache folder. Kept results belong to the code that made them: another version of the models starts afresh.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from tpugen.arithmetic.error_sums import TILE_PAIRS, ErrorSums, Tally
from tpugen.arithmetic.error_units import PAIRS_AT_ONCE, ErrorUnit
from tpugen.errors import StorageError, TpugenError
from tpugen.paths import cache_dir
from tpugen.storage import read_json, sha256_json, sha256_text, write_json_atomic

__all__ = ["BAND_PAIRS", "Progress", "measure_band", "sweep"]

BAND_PAIRS = 1 << 24
"""Pairs in a band: about half a second of work, the most that an interruption can cost a processor."""

_TILE_COLUMNS = 256
_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 1 << 25

Band = tuple[int, int]
"""Its first row, and how many."""

Progress = Callable[[int, int], None]
"""Called with the pairs that are done and the pairs in all."""


def measure_band(unit: ErrorUnit, first_row: int, rows: int) -> ErrorSums:
    """The sums over all pairs whose first operand is one of `rows` values, from the `first_row`-th on."""
    columns = 1 << unit.operand_widths_bits[1]
    tile_columns = min(columns, _TILE_COLUMNS)
    tile_rows = min(rows, TILE_PAIRS // tile_columns)
    low_a, low_b = unit.lowest(0), unit.lowest(1)
    tally = Tally(unit)
    for row in range(first_row, first_row + rows, tile_rows):
        last = min(row + tile_rows, first_row + rows)
        a = np.arange(low_a + row, low_a + last, dtype=np.int64)[:, None]
        for column in range(0, columns, tile_columns):
            b = np.arange(low_b + column, low_b + column + tile_columns, dtype=np.int64)[None, :]
            tally.add(a, b)
    return tally.sums()


def sweep(
    unit: ErrorUnit, *, processes: int | None = None, progress: Progress | None = None, keep: bool = True
) -> ErrorSums:
    """The sums over all pairs.

    Args:
        unit: What is measured.
        processes: How many work; default: usable processors.
        progress: Told how far the sweep is.
        keep: Whether finished bands are kept, and taken from earlier sweeps.
    """
    width_a, width_b = unit.operand_widths_bits
    rows = 1 << width_a
    if unit.pairs <= PAIRS_AT_ONCE:
        return measure_band(unit, 0, rows)
    height = max(1, BAND_PAIRS >> width_b)
    bands = [(first, min(height, rows - first)) for first in range(0, rows, height)]
    shelf = _Shelf(unit) if keep else None
    if shelf and (whole := shelf.load("whole")):
        return whole
    done = {band: found for band in bands if shelf and (found := shelf.load(f"band-{band[0]}"))}
    tell = progress or (lambda _done, _all: None)
    finished = sum(part.pairs for part in done.values())
    tell(finished, unit.pairs)
    todo = [band for band in bands if band not in done]
    jobs = min(processes or len(os.sched_getaffinity(0)), len(todo))
    with closing(_work(unit, todo, jobs)) as results:
        for band, part in results:
            done[band] = part
            if shelf:
                shelf.keep(f"band-{band[0]}", part)
            finished += part.pairs
            tell(finished, unit.pairs)
    total = ErrorSums.total(done[band] for band in bands)
    if shelf:
        shelf.keep("whole", total)
        shelf.clear_bands()
    return total


def _work(unit: ErrorUnit, bands: list[Band], jobs: int) -> Generator[tuple[Band, ErrorSums]]:
    """Bands with their sums, as they finish. Closing the iterator, or Ctrl-C, ends the workers."""
    if jobs <= 1:
        _keep_freed_memory()
        for band in bands:
            yield band, measure_band(unit, *band)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_start_worker)
    queue = iter(bands)
    running: dict[Future[ErrorSums], Band] = {}
    try:
        while True:
            for band in islice(queue, 2 * jobs - len(running)):  # one waits behind each that is at work
                running[pool.submit(measure_band, unit, *band)] = band
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield running.pop(future), future.result()
    except BrokenProcessPool:
        raise TpugenError(
            "a worker process of the sweep died",
            hint="it may be out of memory; what was finished is kept, and a sweep with fewer processes goes on with it",
        ) from None
    finally:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Ctrl-C is the parent's business, and a worker never outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _keep_freed_memory()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        os._exit(1)  # the parent died before the line above


def _keep_freed_memory() -> None:
    """Have the C library keep the memory of arrays that were freed; a sweep takes twice as long without.

    A tile's arrays are just large enough for glibc to ask the system for each of them anew.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


@cache
def _code_hash() -> str:
    """Hash of the code that results come from."""
    folder = Path(__file__).parent
    files = sorted(folder.rglob("*.py"))
    return sha256_json([(str(file.relative_to(folder)), sha256_text(file.read_text("utf-8"))) for file in files])


class _Shelf:
    """The cache folder of one unit's sweep."""

    def __init__(self, unit: ErrorUnit) -> None:
        key = sha256_json([_code_hash(), BAND_PAIRS, unit.role, unit.family, unit.widths_bits, unit.signed,
                           unit.parameters])  # fmt: skip
        self._folder = cache_dir() / "arithmetic" / f"{unit.role}-{unit.family}-{key[:24]}"

    def load(self, name: str) -> ErrorSums | None:
        """What is kept under a name; None where nothing is, or what is there is damaged."""
        path = self._folder / f"{name}.json"
        if not path.is_file():
            return None
        try:
            return ErrorSums.from_json(read_json(path))
        except (StorageError, KeyError, TypeError, ValueError):
            return None  # it is measured again and written over

    def keep(self, name: str, sums: ErrorSums) -> None:
        """Keep sums under a name."""
        write_json_atomic(self._folder / f"{name}.json", sums.to_json())

    def clear_bands(self) -> None:
        """Remove the bands, once the whole is kept."""
        for path in [*self._folder.glob("band-*.json"), *self._folder.glob(".tmp-*")]:
            path.unlink(missing_ok=True)
