"""The tensor unit `tpu` as its driver sees it: registers, order of the streams' beats, results bit for bit, cycles.

A job is C = f(A x B + bias) with A of M x K, B of K x N, all sizes 1..65535. The array makes tiles of Rows x Cols;
tiles run along N first, then along M. For every K slice k of tile (m, n):

- a beat of A holds A[m*Rows + r, k] in byte r. Where K <= Depth the unit keeps a tile row's slices: A is sent once for
  each m, in K beats. Longer tiles are read in chunks of Depth slices, and A is sent again for each (m, n).
- a beat of B holds B[k, n*Cols + c] in byte c, sent for each (m, n); only where K <= Depth and N <= Cols once in all.
- a beat of the bias stream holds bias[n*Cols + c] as int32 in word c, one for each (m, n), where biases are enabled.
- a beat of results is a row of the tile, rows outside C left out, int8 at byte c or int32 at word c, `tkeep` set for
  columns inside C (other bytes say nothing).

Rows and columns beyond the matrix are don't care (here: zeros). `tlast` marks a stream's last beat of the job. The unit
wants all streams served at once: A and B side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.fixed_point import MAX_SHIFT, checked, round_scaled, saturate
from tpugen.errors import RequestError

__all__ = [
    "MAX_SIZE",
    "Activation",
    "Beats",
    "PostProcessing",
    "Register",
    "Status",
    "TpuShape",
    "drain_cycles",
    "job_beats",
    "job_cycles",
    "job_registers",
    "job_result",
    "pack_results",
    "post_process",
    "shape_word",
]

MAX_SIZE = 65535
"""Greatest M, K and N of a job."""

_SUM_BITS = 32
_GREATEST_ROOT = 32767
_SEGMENT_ROWS = 16
_PIPELINE_CYCLES = 9


class Register(IntEnum):
    """Byte addresses on the AXI4-Lite port; any other is refused with SLVERR and sets `Status.UNKNOWN_ADDRESS`."""

    CONTROL = 0x00
    """Write: bit 0 starts a job, bit 1 aborts it. Reads as zero."""
    STATUS = 0x04
    """`Status`; a 1 written to a bit clears it."""
    SIZE_M = 0x08
    SIZE_K = 0x0C
    SIZE_N = 0x10
    CONFIG = 0x14
    """Bit 0: biases; 2..1: `Activation`; 3: int32 results; 4: unsigned activations; 12..8: the square's shift."""
    MULTIPLIER = 0x18
    RESCALE = 0x1C
    """Bits 5..0: shift; 15..8: zero point, int8."""
    CYCLES = 0x20
    """Read only: cycles from the start of the job until its last row left; of a running job: so far."""
    SHAPE = 0x24
    """Read only: Rows - 1 in bits 7..0, Cols - 1 in 15..8, Depth in 31..16."""


class Status(IntFlag):
    """Bits of the status register. All but BUSY stay until a 1 is written; DONE falls with the next start, too."""

    BUSY = 1 << 0
    DONE = 1 << 1
    ILLEGAL_JOB = 1 << 8
    """Start with a size of zero or activation 3: refused."""
    STARTED_WHILE_BUSY = 1 << 9
    """Refused; the running job goes on."""
    CHANGED_WHILE_BUSY = 1 << 10
    """A size or setting written while a job runs: refused."""
    UNKNOWN_ADDRESS = 1 << 11
    """A write to no register or a read-only one, or a read of no register: refused."""
    A_EARLY = 1 << 12
    """`tlast` came before the last beat of A: the rest of A was taken as zeros."""
    A_MISSING = 1 << 13
    """The last beat of A came without `tlast`: beats beyond it wait for the next job."""
    B_EARLY = 1 << 14
    B_MISSING = 1 << 15
    BIAS_EARLY = 1 << 16
    BIAS_MISSING = 1 << 17
    ABORTED = 1 << 18
    """The host aborted the job: operands still to come were taken as zeros."""


class Activation(IntEnum):
    """What follows the requantisation."""

    NONE = 0
    RELU = 1
    RELU2 = 2


@dataclass(frozen=True)
class TpuShape:
    """Parameters of the RTL.

    Attributes:
        rows: Rows of the array, 2..256.
        cols: Columns of the array, 1..256.
        depth: Slices in a bank of the operand memories, 2..8192.
        multiplier_width_bits: Width of the requantisation's multiplier, 1..32.
        unsigned_activations: Whether a job may have uint8 activations.
    """

    rows: int = 8
    cols: int = 8
    depth: int = 256
    multiplier_width_bits: int = 32
    unsigned_activations: bool = False

    def __post_init__(self) -> None:
        """Refuse what the RTL refuses."""
        ranges = {"rows": (2, 256), "cols": (1, 256), "depth": (2, 8192), "multiplier_width_bits": (1, 32)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RequestError(f"{name} = {value} of a tpu", hint=f"use {low} to {high}")


@dataclass(frozen=True)
class PostProcessing:
    """What happens to the sums, the same for all columns.

    s = saturate32(sum + bias); v = saturate32(round(s * multiplier / 2**shift)); w = v, max(v, 0), or
    round(min(max(v, 0), 32767)**2 / 2**square_shift); result = saturate(w + zero_point). Halves round away from zero.

    Attributes:
        multiplier: Unsigned, up to the shape's width.
        shift: 0..63.
        zero_point: -128..127.
        activation: None, ReLU or squared ReLU.
        square_shift: 0..31.
        wide: Whether results are int32; else int8.
    """

    multiplier: int = 1
    shift: int = 0
    zero_point: int = 0
    activation: Activation = Activation.NONE
    square_shift: int = 0
    wide: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not fit its register."""
        ranges = {"multiplier": (0, 2**32 - 1), "shift": (0, MAX_SHIFT), "zero_point": (-128, 127)}
        for name, (low, high) in {**ranges, "square_shift": (0, 31)}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RequestError(f"{name} = {value} of a tpu's post-processing", hint=f"use {low} to {high}")


class Beats(NamedTuple):
    """What a job's streams carry: one row for each beat, element 0 in the lowest bits.

    Attributes:
        a: (beats, Rows), int8 or uint8.
        b: (beats, Cols), int8.
        bias: (beats, Cols), int32; no beats without biases.
    """

    a: IntArray
    b: IntArray
    bias: IntArray


@dataclass(frozen=True)
class _Job:
    """Operands of a job, checked."""

    a: IntArray
    b: IntArray
    bias: IntArray | None = field(default=None)


def _job(a: npt.ArrayLike, b: npt.ArrayLike, bias: npt.ArrayLike | None, unsigned: bool) -> _Job:
    low, high = (0, 255) if unsigned else (-128, 127)
    left, right = checked("A", a, low, high), checked("B", b, -128, 127)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise RequestError(f"A of {left.shape} times B of {right.shape}", hint="use (M, K) and (K, N)")
    if not 1 <= min(*left.shape, *right.shape) <= max(*left.shape, *right.shape) <= MAX_SIZE:
        raise RequestError(f"A of {left.shape} times B of {right.shape}", hint=f"sizes are 1 to {MAX_SIZE}")
    if bias is None:
        return _Job(left, right)
    biases = checked("bias", bias, -(1 << 31), (1 << 31) - 1)
    if biases.shape != (right.shape[1],):
        raise RequestError(f"bias of {biases.shape}", hint=f"one number for each of the {right.shape[1]} columns")
    return _Job(left, right, biases)


def post_process(sums: npt.ArrayLike, post: PostProcessing, bias: npt.ArrayLike | None = None) -> IntArray:
    """Sums (..., N), int32, as they leave the unit; `bias` is (N,), int32."""
    values = checked("sums", sums, -(1 << 31), (1 << 31) - 1)
    if bias is not None:
        values = saturate(values + checked("bias", bias, -(1 << 31), (1 << 31) - 1), _SUM_BITS)
    values = saturate(round_scaled(values, post.multiplier, post.shift), _SUM_BITS)
    if post.activation is not Activation.NONE:
        values = np.maximum(values, 0)
    if post.activation is Activation.RELU2:
        root = np.minimum(values, _GREATEST_ROOT)
        values = (root * root + ((1 << post.square_shift) >> 1)) >> post.square_shift
    return saturate(values + post.zero_point, _SUM_BITS if post.wide else 8)


def job_result(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    post: PostProcessing,
    bias: npt.ArrayLike | None = None,
    *,
    unsigned: bool = False,
) -> IntArray:
    """C of a job, (M, N).

    Args:
        a: (M, K), int8, or uint8 where `unsigned`.
        b: (K, N), int8.
        post: What happens to the sums.
        bias: (N,), int32.
        unsigned: Whether A is uint8.

    Raises:
        RequestError: shapes that do not fit, numbers outside their range.
    """
    job = _job(a, b, bias, unsigned)
    return post_process(job.a @ job.b, post, job.bias)


def _padded(matrix: IntArray, rows: int, cols: int) -> IntArray:
    return np.pad(matrix, ((0, -matrix.shape[0] % rows), (0, -matrix.shape[1] % cols)))


def job_beats(
    shape: TpuShape,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    unsigned: bool = False,
) -> Beats:
    """What the host sends, in order; see the module's text for the order."""
    job = _job(a, b, bias, unsigned)
    k = job.a.shape[1]
    left = _padded(job.a, shape.rows, 1).reshape(-1, shape.rows, k).swapaxes(1, 2)  # (m tiles, K, Rows)
    right = _padded(job.b, 1, shape.cols).reshape(k, -1, shape.cols).swapaxes(0, 1)  # (n tiles, K, Cols)
    m_tiles, n_tiles = len(left), len(right)
    keeps_a = k <= shape.depth
    keeps_b = keeps_a and n_tiles == 1
    biases = np.zeros((0, shape.cols), dtype=np.int64)
    if job.bias is not None:
        biases = np.tile(_padded(job.bias[None], 1, shape.cols).reshape(-1, shape.cols), (m_tiles, 1))
    return Beats(
        np.repeat(left, 1 if keeps_a else n_tiles, axis=0).reshape(-1, shape.rows),
        np.tile(right, (1 if keeps_b else m_tiles, 1, 1)).reshape(-1, shape.cols),
        biases,
    )


def pack_results(shape: TpuShape, c: npt.ArrayLike, *, wide: bool) -> list[tuple[bytes, tuple[int, ...]]]:
    """Result beats of C in order: the bytes, here zero where no result is, and `tkeep`, a number for each byte."""
    matrix = np.asarray(c).astype("<i4" if wide else "i1")
    width = shape.cols * 4
    beats = []
    for top in range(0, matrix.shape[0], shape.rows):
        for left in range(0, matrix.shape[1], shape.cols):
            for row in matrix[top : top + shape.rows, left : left + shape.cols]:
                payload = row.tobytes()
                beats.append((payload.ljust(width, b"\0"), tuple(int(i < len(payload)) for i in range(width))))
    return beats


def shape_word(shape: TpuShape) -> int:
    """What `Register.SHAPE` reads as."""
    return shape.depth << 16 | (shape.cols - 1) << 8 | (shape.rows - 1)


def job_registers(
    m: int, k: int, n: int, post: PostProcessing, *, bias: bool = False, unsigned: bool = False
) -> dict[Register, int]:
    """What the host writes before it starts a job."""
    return {
        Register.SIZE_M: m,
        Register.SIZE_K: k,
        Register.SIZE_N: n,
        Register.CONFIG: int(bias) | post.activation << 1 | int(post.wide) << 3 | int(unsigned) << 4
        | post.square_shift << 8,
        Register.MULTIPLIER: post.multiplier,
        Register.RESCALE: post.shift | (post.zero_point & 0xFF) << 8,
    }  # fmt: skip


def drain_cycles(rows: int) -> int:
    """Cycles in which that many rows of a tile, the first ones, leave the array: one a cycle, and one a segment."""
    return rows + (rows - 1) // _SEGMENT_ROWS


def job_cycles(shape: TpuShape, m: int, k: int, n: int) -> int:
    """Cycles of a job whose streams never wait, as `Register.CYCLES` counts them.

    The first chunk fills its bank, then slices flow; a tile takes K cycles, or whole chunks where it has many, and
    never less than the array's drain; what remains is the way through array and post-processing.
    """
    drain = drain_cycles(shape.rows)
    tiles = -(-m // shape.rows) * -(-n // shape.cols)
    period = max(k if k <= shape.depth else -(-k // shape.depth) * shape.depth, drain)
    return min(k, shape.depth) + (tiles - 1) * period + k + drain + shape.cols + _PIPELINE_CYCLES
