"""Many items: results as they finish, errors kept apart, workers that die, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tpugen.pipeline.executor import run_many


def square(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number * number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_every_item_gives_its_value_or_its_error() -> None:
    results = sorted(run_many([1, -2, 3], square, 2), key=lambda r: r.index)
    assert [(r.index, r.item, r.value, r.ok) for r in results] == [
        (0, 1, 1, True),
        (1, -2, None, False),
        (2, 3, 9, True),
    ]
    assert str(results[1].error) == "-2 is negative"


def test_no_items_no_results() -> None:
    assert list(run_many([], square, 2)) == []


def test_a_worker_that_dies_costs_its_own_item_only() -> None:
    results = {r.item: r for r in run_many(range(5), die_at_three, 2)}
    assert {item: r.value for item, r in results.items() if r.ok} == {0: 0, 1: 1, 2: 2, 4: 4}
    assert str(results[3].error) == "the worker process of item 3 died\n  it may be out of memory"


def test_items_are_drawn_as_needed() -> None:
    drawn: list[int] = []

    def items():
        for number in range(1000):
            drawn.append(number)
            yield number

    stream = run_many(items(), square, 1)
    assert next(stream).value == 0
    stream.close()
    assert len(drawn) < 5


SWEEP = """
import sys, time
from pathlib import Path
from tpugen.pipeline.executor import run_many

def work(folder):
    Path(folder).joinpath("started").touch()
    try:
        time.sleep(60)
    finally:
        Path(folder).joinpath("unwound").touch()

if __name__ == "__main__":
    list(run_many([sys.argv[1]], work, 1))
"""


def _started(tmp_path: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, psutil.Process(process.pid).children(recursive=True)


def test_ctrl_c_ends_the_workers_and_their_items_unwind(tmp_path: Path) -> None:
    process, workers = _started(tmp_path)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    _, alive = psutil.wait_procs(workers, 10)
    assert alive == []
    assert (tmp_path / "unwound").exists()


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    process, workers = _started(tmp_path)
    process.kill()
    process.wait(20)
    _, alive = psutil.wait_procs(workers, 10)
    assert alive == []
