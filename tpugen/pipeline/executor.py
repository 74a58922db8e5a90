"""Many designs at once: one interface, behind which a local process pool works.

Work items are independent: pure functions of an item whose result is a value (for designs: a run folder). Nothing else
in the code knows where they run, so a cluster can take the place of the pool.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from types import FrameType
from typing import Generic, Protocol, TypeVar

from tpugen.errors import TpugenError

__all__ = ["Executor", "LocalExecutor", "WorkResult", "run_many"]

Item = TypeVar("Item")
Value = TypeVar("Value")

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class WorkResult(Generic[Item, Value]):
    """One finished item: its value, or the error that ended it."""

    index: int
    item: Item
    value: Value | None = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None


class Executor(Protocol):
    """Where work items run."""

    def run(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[WorkResult[Item, Value]]:
        """Yield results as items finish, in any order; an item's error does not end the others."""
        ...


_busy = False
"""Whether this worker is inside a work item."""


def _start_worker() -> None:
    """Ctrl-C is the parent's business; SIGTERM ends the item at work; a worker never outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_worker)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        os._exit(1)  # the parent died before the line above


def _end_worker(_signal: int, _frame: FrameType | None) -> None:
    if not _busy:
        os._exit(0)
    raise KeyboardInterrupt  # unwinds the item, so that its tools are ended and its manifest is written


def _work(function: Callable[[Item], Value], item: Item) -> Value:
    global _busy  # noqa: PLW0603 - one worker process does one item at a time
    _busy = True
    try:
        return function(item)
    except KeyboardInterrupt:
        os._exit(130)
    finally:
        _busy = False


class LocalExecutor:
    """A pool of processes on this machine.

    Args:
        jobs: Processes; default: usable CPUs.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = max(1, jobs or len(os.sched_getaffinity(0)))

    def run(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[WorkResult[Item, Value]]:
        """Yield results as they finish. Items are drawn as needed, so `items` may be long.

        A worker that dies (killed, out of memory) costs the items that were running: they are tried once more, one at
        a time, so that the one at fault is told from its neighbours. Closing the iterator, or Ctrl-C, ends the workers;
        what was yielded before stays valid.
        """
        queue = enumerate(items)
        while True:
            suspects = yield from self._pool(function, queue)
            if not suspects:
                return
            for suspect in suspects:
                lost = yield from self._pool(function, iter([suspect]), jobs=1)
                for index, item in lost:
                    error = TpugenError(f"the worker process of item {index} died", hint="it may be out of memory")
                    yield WorkResult(index, item, error=error)

    def _pool(
        self, function: Callable[[Item], Value], queue: Iterator[tuple[int, Item]], jobs: int | None = None
    ) -> Generator[WorkResult[Item, Value], None, list[tuple[int, Item]]]:
        """Work until the queue is empty, or a worker dies: then return the items that were running."""
        jobs = jobs or self.jobs
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_start_worker)
        running: dict[Future[Value], tuple[int, Item]] = {}
        lost: list[tuple[int, Item]] = []
        try:
            while True:
                if not lost:
                    for index, item in islice(queue, jobs - len(running)):
                        try:
                            running[pool.submit(_work, function, item)] = (index, item)
                        except BrokenProcessPool:
                            lost.append((index, item))
                if not running:
                    return lost
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    index, item = running.pop(future)
                    try:
                        yield WorkResult(index, item, value=future.result())
                    except BrokenProcessPool:
                        lost.append((index, item))
                    except Exception as error:  # an item's error is its result
                        yield WorkResult(index, item, error=error)
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        if process.is_alive():
            process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def run_many(
    items: Iterable[Item],
    function: Callable[[Item], Value],
    jobs: int | None = None,
    *,
    executor: Executor | None = None,
) -> Iterator[WorkResult[Item, Value]]:
    """Apply a function to many items and yield results as they finish.

    Args:
        items: Picklable items.
        function: A picklable function of one item.
        jobs: Processes of the local pool; default: usable CPUs.
        executor: Where to run instead of the local pool.
    """
    return (executor or LocalExecutor(jobs)).run(function, items)
