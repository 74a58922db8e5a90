"""Steps of a tensor unit's bench: jobs, their beats, settings, results and cycles, by `tpugen.arithmetic.tpu`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tpugen.arithmetic.tpu import (
    Activation,
    PostProcessing,
    Register,
    Status,
    job_cycles,
    pack_results,
)
from tpugen.spec import TpuSpec, contract_for
from tpugen.verif.tpu_bench import TpuJob
from tpugen.verif.tpu_effort import JobSize, tpu_effort
from tpugen.verif.transaction_ports import BeatPacker, LiteHost
from tpugen.verif.transactions import Expect, Idle, Look, Mark, Measure, Send, Step, Until, Wait

__all__ = ["JOB_TAG", "TpuSteps"]

JOB_TAG = "job "
"""What the tags of cycle counters begin with; the job's sizes follow."""

_STREAMS = {"a": "s_axis_a", "b": "s_axis_b", "bias": "s_axis_bias"}
_RESULT_HINT = (
    "s = saturate32(sum + bias), v = saturate32(round(s * multiplier / 2^shift)), activation, zero point, saturation; "
    "tiles run along N first, then along M, and rows and columns outside C are left out."
)
_ALL = 0xFFFFFFFF
_AROUND = 2
"""The write that starts a job is taken a cycle before its first, and the interrupt rises a cycle after its last."""


class TpuSteps:
    """Writes steps for one spec.

    Args:
        spec: The unit.
        seed: Seed of operands and settings.
    """

    def __init__(self, spec: TpuSpec, seed: int) -> None:
        self.spec = spec
        self.shape = spec.shape
        self.contract = contract_for(spec)
        self.rng = np.random.default_rng(seed)
        self.packer = BeatPacker(self.contract)
        self.host = LiteHost(self.contract, Register.STATUS, Status)
        self.effort = tpu_effort(spec)
        self.largest = 0  # cycles of the longest job so far

    @property
    def limit(self) -> int:
        """Cycles without a transfer that no honest unit needs."""
        return 4 * (self.largest + self.shape.rows + self.shape.cols) + 300

    def job(
        self, size: JobSize, post: PostProcessing | None = None, *, bias: int | None = None, unsigned: bool = False
    ) -> TpuJob:
        """Random operands over their whole range; `bias`: greatest magnitude of biases, None for none."""
        m, k, n = size
        low, high = (0, 256) if unsigned else (-128, 128)
        biases = None if bias is None else self.rng.integers(-bias, bias + 1, n)
        a, b = self.rng.integers(low, high, (m, k)), self.rng.integers(-128, 128, (k, n))
        self.largest = max(self.largest, job_cycles(self.shape, m, k, n))
        return TpuJob(a, b, post or PostProcessing(wide=True), biases, unsigned)

    def job_of(self, m: int, k: int, n: int, *, bias: int | None = None) -> TpuJob:
        """A job of that size with int32 results."""
        return self.job(JobSize(m, k, n), bias=bias)

    def cycles(self, size: JobSize) -> int:
        """Cycles of a job of that size without stalls."""
        return job_cycles(self.shape, *size)

    def setup(self, job: TpuJob) -> list[Step]:
        """Write sizes and settings."""
        m, k, n = job.sizes
        pairs = [(int(register), value) for register, value in job.registers().items()]
        return self.host.writes(pairs, words=f"settings of a job of {m} x {k} x {n}")

    def send(self, name: str, *frames: Sequence[bytes]) -> list[Step]:
        """Queue beats of a stream; `tlast` ends every frame."""
        channel = _STREAMS[name]
        beats = []
        for frame in frames:
            for place, data in enumerate(frame):
                values = {f"{channel}_tdata_i": int.from_bytes(data, "little")}
                beats.append(self.packer.beat(channel, {**values, f"{channel}_tlast_i": int(place == len(frame) - 1)}))
        return [Send(channel, beats, f"beats of {name}")]

    def operands(self, job: TpuJob) -> list[Step]:
        """All streams of a job."""
        return [step for name, beats in job.streams(self.shape).items() for step in self.send(name, beats)]

    def results(self, job: TpuJob, words: str = "") -> Expect:
        """What the job must give."""
        m, k, n = job.sizes
        beats, care, labels = [], [], []
        packed = pack_results(self.shape, job.result, wide=job.post.wide)
        rows, cols = self.shape.rows, self.shape.cols
        for place, (data, keep) in enumerate(packed):
            kept = sum(bit << byte for byte, bit in enumerate(keep))
            bytes_kept = sum(0xFF << 8 * byte for byte, bit in enumerate(keep) if bit)
            last = int(place == len(packed) - 1)
            values = {"m_axis_tdata_o": int.from_bytes(data, "little"), "m_axis_tkeep_o": kept, "m_axis_tlast_o": last}
            beats.append(self.packer.beat("m_axis", values))
            masks = {"m_axis_tdata_o": bytes_kept, "m_axis_tkeep_o": (1 << 4 * cols) - 1, "m_axis_tlast_o": 1}
            care.append(self.packer.care("m_axis", masks))
        for top in range(0, m, rows):
            for left in range(0, n, cols):
                for row in range(top, min(top + rows, m)):
                    labels.append(f"row {row} of C, columns {left} to {min(left + cols, n) - 1}")
        post = job.post
        said = words or (
            f"results of a job of {m} x {k} x {n} (multiplier {post.multiplier}, shift {post.shift}, zero point "
            f"{post.zero_point}, {post.activation.name.lower()}, {'int32' if post.wide else 'int8'}"
            f"{', biases' if job.bias is not None else ''}{', unsigned activations' if job.unsigned else ''})"
        )
        lanes = ("m_axis_tdata_o", self.lane(job), True)
        return Expect("m_axis", beats, care, words=said, labels=labels, lanes=lanes, hint=_RESULT_HINT)

    @staticmethod
    def lane(job: TpuJob) -> int:
        """Width of a result, in bits."""
        return 32 if job.post.wide else 8

    def start(self) -> list[Step]:
        """Start a job."""
        return self.host.write(Register.CONTROL, 1, words="start")

    def finish(self, status: Status = Status.DONE) -> list[Step]:
        """Wait until everything went and came; status and interrupt must say so, and be cleared."""
        return [Wait(self.limit), *self.settle(status)]

    def settle(self, status: Status) -> list[Step]:
        """Status and interrupt after the last result; an error may have raised the interrupt before."""
        late = [] if status == Status.DONE else [Idle(2 * (self.shape.rows + self.shape.cols) + 16)]
        return [
            *late,
            Until("interrupt_o", 1, self.limit),
            *self.host.read(Register.STATUS, status, words="STATUS after the job"),
            *self.host.write(Register.STATUS, _ALL, words="write that clears STATUS"),
            *self.host.read(Register.STATUS, 0, words="STATUS after it was cleared"),
            Look("interrupt_o", 0, words="the interrupt after STATUS was cleared"),
        ]

    def run(self, job: TpuJob, *, timed: bool = False, latency: bool = False) -> list[Step]:
        """A whole job; `timed`: nobody pauses, so cycles are known."""
        steps = [*self.setup(job), *self.operands(job), self.results(job)]
        if timed:
            steps += [Idle(4), Mark()]  # the streams' first beats are on offer
        steps += [*self.start(), *self.finish()]
        if timed:
            steps += self.timing(job, latency=latency)
        return steps

    def timing(self, job: TpuJob, *, latency: bool = False) -> list[Step]:
        """The cycles of the job that ended last, from outside and by its own counter."""
        m, k, n = job.sizes
        cycles = job_cycles(self.shape, m, k, n)
        name = f"the job of {m} x {k} x {n}, from its start to its interrupt,"
        return [
            Measure(name, ("s_axil_w", 0), ("interrupt_o", 0), cycles, latency=latency, offset=-_AROUND),
            *self.host.read(
                Register.CYCLES, cycles, words=f"CYCLES of a job of {m} x {k} x {n}", tag=f"{JOB_TAG}{m} x {k} x {n}"
            ),
        ]

    def post(self, *, wide: bool | None = None) -> PostProcessing:
        """Random post-processing that does not end at the limits all the time."""
        rng = self.rng
        bits = int(rng.integers(1, self.shape.multiplier_width_bits + 1))
        multiplier = int(rng.integers(1 << (bits - 1), 1 << bits))
        return PostProcessing(
            multiplier,
            min(63, max(0, bits + int(rng.integers(4, 12)))),
            int(rng.integers(-128, 128)),
            Activation(int(rng.integers(0, 3))),
            int(rng.integers(0, 16)),
            bool(rng.random() < 0.5) if wide is None else wide,
        )
