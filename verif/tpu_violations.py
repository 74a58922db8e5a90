"""What hosts and streams may do wrong to a tensor unit: it ends in a status bit, and the next job is right."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.tpu import PostProcessing, Register, Status
from tpugen.verif.tpu_bench import TpuJob
from tpugen.verif.tpu_steps import TpuSteps
from tpugen.verif.transactions import Idle, Look, Step, TransactionTest, Wait

__all__ = ["aborts", "host_violations", "stream_violations"]

_ALL = 0xFFFFFFFF
_UNKNOWN_ADDRESS = 0x3C
_UNKNOWN_WRITES = (0x28, int(Register.CYCLES), int(Register.SHAPE), _UNKNOWN_ADDRESS)
_BUSY_CYCLES = 20


def host_violations(unit: TpuSteps) -> TransactionTest:
    """Illegal jobs, addresses without a register, changes and starts while a job runs."""
    host = unit.host
    steps: list[Step] = []
    job = unit.job(unit.effort.small, PostProcessing(1, 3, -1), bias=5)
    illegal: list[tuple[Register, int]] = [(Register.SIZE_M, 0), (Register.SIZE_K, 0), (Register.SIZE_N, 0)]
    for register, value in [*illegal, (Register.CONFIG, 3 << 1)]:
        what = f"start of a job with {register.name} = {value}"
        steps += [*unit.setup(job), *host.write(register, value)]
        steps += host.write(Register.CONTROL, 1, refused=True, words=what)
        steps += host.read(Register.STATUS, Status.ILLEGAL_JOB, words=f"STATUS after the {what}")
        steps.append(Look("interrupt_o", 1, words=f"the interrupt after the {what}"))
        steps += host.write(Register.STATUS, Status.ILLEGAL_JOB)
    for address in _UNKNOWN_WRITES:
        what = f"write to 0x{address:02X}, where nothing can be written"
        steps += host.write(address, 1, refused=True, words=what)
        steps += host.read(Register.STATUS, Status.UNKNOWN_ADDRESS, words=f"STATUS after the {what}")
        steps += host.write(Register.STATUS, _ALL)
    what = f"read of 0x{_UNKNOWN_ADDRESS:02X}, where no register is"
    steps += host.read(_UNKNOWN_ADDRESS, 0, care=0, refused=True, words=what)
    steps += host.read(Register.STATUS, Status.UNKNOWN_ADDRESS, words=f"STATUS after the {what}")
    steps += host.write(Register.STATUS, _ALL)
    steps += _while_busy(unit, job)
    return TransactionTest("host_violations", "illegal starts, unknown addresses, changes while a job runs", steps)


def _while_busy(unit: TpuSteps, job: TpuJob) -> list[Step]:
    """A job that waits for its B; the host writes what it must not."""
    host = unit.host
    streams = job.streams(unit.shape)
    refusals = Status.CHANGED_WHILE_BUSY | Status.STARTED_WHILE_BUSY
    steps = [*unit.setup(job), *unit.send("a", streams["a"]), *unit.start(), Idle(_BUSY_CYCLES)]
    steps += host.read(Register.STATUS, Status.BUSY, words="STATUS of a job that waits for B")
    steps.append(Look("interrupt_o", 0, words="the interrupt of a job that waits for B"))
    for register in (Register.SIZE_K, Register.CONFIG, Register.MULTIPLIER, Register.RESCALE):
        steps += host.write(register, 9, refused=True, words=f"write of {register.name} while a job runs")
    steps += host.write(Register.CONTROL, 1, refused=True, words="start while a job runs")
    steps += host.read(Register.STATUS, Status.BUSY | refusals, words="STATUS after changes and a start while busy")
    for stream in ("b", "bias"):
        steps += unit.send(stream, streams[stream])
    steps += [unit.results(job), *unit.finish(Status.DONE | refusals)]
    kept = [(int(register), value) for register, value in job.registers().items()]
    return [*steps, *host.reads(kept, words="settings after refused changes")]


def stream_violations(unit: TpuSteps) -> TransactionTest:
    """`tlast` too early and not at all, on every stream at once."""
    rows, cols = unit.shape.rows, unit.shape.cols
    job = unit.job_of(rows, 2, 2 * cols, bias=500)
    a, b, bias = job.a.copy(), job.b.copy(), np.array(job.bias)
    a[:, 1:], b[1:, cols:], bias[cols:] = 0, 0, 0
    cut = TpuJob(a, b, job.post, bias)
    streams = job.streams(unit.shape)
    steps = unit.setup(job)
    # What was cut, and the next job already behind it.
    for name, beats in {"a": 1, "b": 3, "bias": 1}.items():
        steps += unit.send(name, streams[name][:beats], streams[name])
    early = Status.A_EARLY | Status.B_EARLY | Status.BIAS_EARLY
    words = "results of a job whose streams all ended early: what is missing counts as zeros"
    steps += [*unit.start(), unit.results(cut, words), Wait(unit.limit, ("m_axis",)), *unit.settle(Status.DONE | early)]
    steps += [*unit.start(), unit.results(job), *unit.finish()]
    # Two jobs in one packet: the first ends without tlast, the second is right.
    following = unit.job_of(rows + 1, 2, cols, bias=5)
    then = following.streams(unit.shape)
    for name, data in streams.items():
        steps += unit.send(name, data + then[name])
    missing = Status.A_MISSING | Status.B_MISSING | Status.BIAS_MISSING
    words = "results of a job whose streams did not end with tlast"
    steps += [*unit.start(), unit.results(job, words), Wait(unit.limit, ("m_axis",))]
    steps += unit.settle(Status.DONE | missing)
    steps += [*unit.setup(following), *unit.start(), unit.results(following), *unit.finish()]
    return TransactionTest("stream_violations", "tlast too early and tlast missing, on every stream", steps)


def aborts(unit: TpuSteps) -> TransactionTest:
    """The host gives a job up: what has not come is zero; the next job is right."""
    job = unit.job_of(2, 2, 2, bias=99)
    zeros = TpuJob(np.zeros_like(job.a), job.b, PostProcessing(wide=True))
    steps = [*unit.setup(job), *unit.send("b", job.streams(unit.shape)["b"]), *unit.start(), Idle(_BUSY_CYCLES)]
    steps += unit.host.read(Register.STATUS, Status.BUSY, words="STATUS of a job that waits for A")
    steps += unit.host.write(Register.CONTROL, 2, words="abort")
    words = "results of a job that was aborted before A and biases came"
    steps += [unit.results(zeros, words), *unit.finish(Status.DONE | Status.ABORTED)]
    steps += unit.run(unit.job(unit.effort.small, bias=1000), timed=True)
    return TransactionTest("aborts", "a job that is aborted, and one after it", steps)
