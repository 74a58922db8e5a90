"""The bench plan of a tensor unit: jobs of every kind through its AXI ports, from the spec and a seed.

What is sent and what must come is `tpugen.arithmetic.tpu`'s; cycles without stalls are its `job_cycles`, asked of the
unit's own counter and measured from outside as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tpugen.arithmetic.tpu import Activation, PostProcessing, Register, shape_word
from tpugen.spec import TpuSpec
from tpugen.verif.plan import Stall
from tpugen.verif.tpu_bench import TpuJob
from tpugen.verif.tpu_effort import tpu_effort
from tpugen.verif.tpu_steps import TpuSteps
from tpugen.verif.tpu_violations import aborts, host_violations, stream_violations
from tpugen.verif.transactions import (
    Idle,
    Look,
    Pace,
    Record,
    Reset,
    Step,
    TransactionPlan,
    TransactionTest,
    Until,
    Wait,
    transaction_layout,
)

__all__ = ["tpu_plan"]

_ALL = 0xFFFFFFFF
_SUM = (1 << 31) - 1
_BUBBLES, _LIGHT, _HEAVY = Stall(start=0.3, stop=0.5), Stall(start=0.2, stop=0.6), Stall(start=0.25, stop=0.15)
_SIDES = {
    "sources": ("s_axis_a", "s_axis_b", "s_axis_bias"),
    "result": ("m_axis",),
    "host": ("s_axil_aw", "s_axil_w", "s_axil_b", "s_axil_ar", "s_axil_r"),
}


def tpu_plan(spec: TpuSpec, seed: int) -> TransactionPlan:
    """The plan: a pure function of its arguments."""
    steps = TpuSteps(spec, seed)
    effort = tpu_effort(spec)
    tests: list[Callable[[], TransactionTest]] = [
        lambda: _full_rate(steps),
        lambda: _registers(steps),
        lambda: _sizes(steps),
        lambda: _post_processing(steps),
        *([lambda: _unsigned(steps)] if spec.unsigned_activations else []),
        lambda: _back_to_back(steps),
        *(lambda who=who: _stalls(steps, who) for who in effort.stalls),
        lambda: _resets(steps),
        lambda: host_violations(steps),
        lambda: stream_violations(steps),
        lambda: aborts(steps),
    ]
    plan = transaction_layout(steps.contract, seed)
    plan.tests = [make() for make in tests]
    plan.idle_limit = steps.limit
    plan.settle = 2 * (steps.shape.rows + steps.shape.cols) + 16
    return plan


def _full_rate(unit: TpuSteps) -> TransactionTest:
    """One job of several tiles, nobody pauses."""
    size = unit.effort.full_rate
    meaning = f"one job of {size.m} x {size.k} x {size.n}, nobody pauses: cycles as the contract says"
    bits = min(16, unit.shape.multiplier_width_bits)
    post = PostProcessing((1 << bits) - 1, bits + 8, 3, Activation.RELU)
    steps = unit.run(unit.job(size, post, bias=1 << 16), timed=True, latency=True)
    return TransactionTest("full_rate", meaning, [Record(True), *steps])


def _registers(unit: TpuSteps) -> TransactionTest:
    """Reset values, what can be written, bytes of words."""
    host = unit.host
    names = [register for register in Register if register is not Register.SHAPE]
    config = 0x1F1F if unit.spec.unsigned_activations else 0x1F0F
    multiplier = (1 << unit.shape.multiplier_width_bits) - 1
    masks = {
        Register.SIZE_M: 0xFFFF, Register.SIZE_K: 0xFFFF, Register.SIZE_N: 0xFFFF, Register.CONFIG: config,
        Register.MULTIPLIER: multiplier, Register.RESCALE: 0xFF3F,
    }  # fmt: skip
    reset = [(int(register), 0) for register in names]
    steps = [
        *host.read(Register.SHAPE, shape_word(unit.shape), words="SHAPE"),
        *host.reads(reset, words="registers after reset", labels=[register.name for register in names]),
        Look("interrupt_o", 0, words="the interrupt after reset"),
    ]
    for pattern in (_ALL, 0xA5A55A5A, int(unit.rng.integers(0, 1 << 32))):
        steps += host.writes([(int(register), pattern) for register in masks], words="writes of every setting")
        kept = [(int(register), pattern & mask) for register, mask in masks.items()]
        steps += host.reads(kept, words="settings read back", labels=[register.name for register in masks])
    steps += host.write(Register.MULTIPLIER, 0x11223344, words="write of MULTIPLIER")
    value = 0x11223344
    for byte in range(4):
        place = 0xFF << 8 * byte
        value = value & ~place | 0x55667788 & place
        steps += host.write(Register.MULTIPLIER, 0x55667788, strobes=1 << byte, words=f"write of byte {byte}")
        words = f"MULTIPLIER after a write of byte {byte} alone"
        steps += host.read(Register.MULTIPLIER, value & multiplier, words=words)
    return TransactionTest("registers", "registers: reset values, writes, bytes, read-back", steps)


def _sizes(unit: TpuSteps) -> TransactionTest:
    """Jobs smaller and larger than the array in every direction, cycle for cycle."""
    steps: list[Step] = []
    sizes = unit.effort.sizes
    for place, size in enumerate(sizes):
        job = unit.job(size, unit.post(), bias=(None, 50, 70_000, _SUM)[place % 4])
        steps += unit.run(job, timed=True)
    largest = max(sizes, key=lambda size: size.m * size.k * size.n)
    beyond = "" if unit.effort.chunked else "; K beyond the operand memories would take too long and is not tried"
    meaning = f"jobs of 1 x 1 x 1 to {largest.m} x {largest.k} x {largest.n} (M x K x N): results and cycles{beyond}"
    return TransactionTest("sizes", meaning, steps)


def _post_processing(unit: TpuSteps) -> TransactionTest:
    """Corners of bias, requantisation, activation, zero point, saturation."""
    width = unit.shape.multiplier_width_bits
    top = (1 << width) - 1
    relu, square = Activation.RELU, Activation.RELU2
    corners = [
        PostProcessing(top, 0, 127), PostProcessing(top, 63, -128), PostProcessing(0, 0, -5),
        PostProcessing(1, 1, 0, wide=True), PostProcessing(1, 0, -128, relu, wide=True),
        PostProcessing(1, 3, 127, square, 31), PostProcessing(1, 0, 9, square, 0, wide=True),
        PostProcessing(1, 6, 1, square, 8), PostProcessing(top, min(40, width + 9), 3),
        PostProcessing(1, 7, -1), PostProcessing(1, 2, 64, relu),
    ]  # fmt: skip
    corners += [unit.post() for _ in range(unit.effort.posts)]
    steps: list[Step] = []
    for place, post in enumerate(corners):
        steps += unit.run(unit.job(unit.effort.small, post, bias=(None, 300, 1 << 20, _SUM)[place % 4]))
    steps += unit.run(_overflowing())
    meaning = "bias, requantisation, activation and saturation at their corners"
    return TransactionTest("post_processing", meaning, steps)


def _overflowing() -> TpuJob:
    """Sums that leave int32 with the biases, and with the zero point once more."""
    bias = np.array([_SUM, -_SUM - 1, _SUM - 40_000, 7])
    b = np.tile(np.array([127, -128, 127, -128]), (3, 1))
    return TpuJob(np.full((2, 3), 127), b, PostProcessing(zero_point=5, wide=True), bias)


def _unsigned(unit: TpuSteps) -> TransactionTest:
    """Activations of 0 to 255, in jobs between signed ones."""
    steps: list[Step] = []
    for unsigned in (True, False, True):
        steps += unit.run(unit.job(unit.effort.small, bias=500, unsigned=unsigned))
    return TransactionTest("unsigned", "unsigned activations, between jobs of signed ones", steps)


def _back_to_back(unit: TpuSteps) -> TransactionTest:
    """Operands of all jobs queued at once: what comes early waits for its job."""
    jobs = [unit.job(size, unit.post(), bias=100) for size in unit.effort.sizes[: unit.effort.queued]]
    steps: list[Step] = [step for job in jobs for step in unit.operands(job)]
    for job in jobs:
        steps += [*unit.setup(job), *unit.start(), unit.results(job), Wait(unit.limit, ("m_axis",))]
        steps.append(Until("interrupt_o", 1, unit.limit))
        steps += unit.host.write(Register.STATUS, _ALL, words="write that clears STATUS")
    meaning = "operands of several jobs sent at once, the jobs started one by one"
    return TransactionTest("back_to_back", meaning, steps, garbage=True)


def _stalls(unit: TpuSteps, who: str) -> TransactionTest:
    """Channels pause at random: those of `who`."""
    stalls: dict[str, Stall] = {}
    for side, channels in _SIDES.items():
        if who in (side, "all"):
            stall = _LIGHT if who == "all" else _HEAVY if side == "result" else _BUBBLES
            stalls |= dict.fromkeys(channels, stall)
    steps: list[Step] = [Pace(stalls)]
    for size in unit.effort.sizes[1:4]:
        steps += unit.run(unit.job(size, unit.post(), bias=9_999))
    name = {"sources": "every operand stream", "result": "the result stream", "host": "the host"}.get(who, "everyone")
    return TransactionTest(f"stalls_{who}", f"{name} pauses at random", steps, garbage=True)


def _resets(unit: TpuSteps) -> TransactionTest:
    """Reset in the middle of jobs; what follows is right."""
    steps: list[Step] = []
    size = unit.effort.sizes[1]
    cycles = unit.cycles(size)
    for number in range(unit.effort.resets):
        job = unit.job(size, unit.post(), bias=77)
        steps += [*unit.setup(job), *unit.operands(job), unit.results(job), *unit.start()]
        steps += [Idle(1 + cycles * number // unit.effort.resets), Reset()]
        registers = [Register.STATUS, Register.SIZE_M, Register.CONFIG, Register.CYCLES]
        zero = [(int(register), 0) for register in registers]
        steps += unit.host.reads(zero, words="registers after reset", labels=[register.name for register in registers])
        steps += unit.run(unit.job(unit.effort.small, bias=1000), timed=True)
    return TransactionTest("resets", "reset in the middle of jobs; then a whole job, cycle for cycle", steps)
