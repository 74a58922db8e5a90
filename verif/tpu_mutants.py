"""Faults of the tensor unit's RTL, and the script on which each must show."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.tpu import (
    Activation,
    PostProcessing,
    Register,
    Status,
    TpuShape,
    job_cycles,
    shape_word,
)
from tpugen.verif.mutants import Mutant, mutants_of
from tpugen.verif.tpu_bench import Script, TpuJob

__all__ = ["TPU_MUTANTS", "random_job", "tpu_script"]

_SHAPE = TpuShape(3, 2, 4, unsigned_activations=True)


def random_job(
    rng: np.random.Generator,
    m: int,
    k: int,
    n: int,
    post: PostProcessing | None = None,
    *,
    bias: int | None = None,
    unsigned: bool = False,
) -> TpuJob:
    """Operands over their whole range; `bias` is the greatest magnitude of biases, None for none."""
    low, high = (0, 256) if unsigned else (-128, 128)
    biases = None if bias is None else rng.integers(-bias, bias + 1, n)
    a: IntArray = rng.integers(low, high, (m, k))
    return TpuJob(a, rng.integers(-128, 128, (k, n)), post or PostProcessing(wide=True), biases, unsigned)


def tpu_script(shape: TpuShape = _SHAPE, seed: int = 1) -> Script:
    """Something of everything: sizes, settings, pauses, and every violation."""
    rng = np.random.default_rng(seed)
    script = Script(shape, seed)
    script.read(Register.SHAPE, shape_word(shape), interrupt=0)
    script.read(Register.STATUS, 0)
    _jobs(script, rng)
    _violations(script, rng)
    script.pace(0.6)
    wide = PostProcessing(wide=True, activation=Activation.RELU)
    script.job(random_job(rng, 5, 6, 3, wide, bias=2**31 - 1))
    script.job(random_job(rng, 7, 3, 5, PostProcessing(9, 11, 3), bias=2000))
    return script


def _jobs(script: Script, rng: np.random.Generator) -> None:
    """Jobs at full speed: kept and anew-sent operands, more chunks, all of the post-processing."""
    squares = PostProcessing(1 << 20, 28, -100, Activation.RELU2, 7)
    greatest = PostProcessing(1 << 30, 19, 5, Activation.RELU2, 3, wide=True)
    jobs = [
        random_job(rng, 4, 3, 5, PostProcessing(3, 9, -7), bias=4000),
        random_job(rng, 2, 4, 2, squares, bias=40000),
        random_job(rng, 4, 9, 3, bias=2**31 - 1),
        random_job(rng, 7, 4, 2, PostProcessing(1 << 16, 20, 100, Activation.RELU)),
        _positive(rng, greatest, unsigned=script.shape.unsigned_activations),
        _overflowing(),
        random_job(rng, 6, 1, 3, PostProcessing(65535, 12, -128)),
    ]
    for job in jobs:
        script.job(job, cycles=job_cycles(script.shape, *job.sizes))


def _positive(rng: np.random.Generator, post: PostProcessing, *, unsigned: bool) -> TpuJob:
    """A job whose sums are all positive and great."""
    return TpuJob(
        rng.integers(64, 256 if unsigned else 128, (3, 5)), rng.integers(32, 128, (5, 1)), post, None, unsigned
    )


def _overflowing() -> TpuJob:
    """A job whose sums leave int32 with the biases, and with the zero point once more."""
    bias = np.array([2**31 - 1, -(2**31), 2**31 - 40000, 7])
    b = np.tile(np.array([127, -128, 127, -128]), (3, 1))
    return TpuJob(np.full((2, 3), 127), b, PostProcessing(zero_point=5, wide=True), bias)


def _violations(script: Script, rng: np.random.Generator) -> None:
    """What hosts and streams may do wrong; the job after it is right again."""
    _host(script, rng)
    _lasts(script, rng)
    _late(script, rng)
    # An abort: what has not come is zero.
    job = random_job(rng, 2, 2, 2, bias=99)
    script.setup(job)
    script.send("b", job.streams(script.shape)["b"])
    script.start()
    script.cycles(30)
    script.read(Register.STATUS, Status.BUSY, interrupt=0)
    script.write(Register.CONTROL, 2)
    script.finish(np.zeros((2, 2), dtype=np.int64), wide=True, status=Status.DONE | Status.ABORTED)
    # Reset in the middle of a job.
    job = random_job(rng, 6, 5, 4)
    script.setup(job)
    for stream, beats in job.streams(script.shape).items():
        script.send(stream, beats)
    script.start()
    script.cycles(25)
    script.reset()
    script.read(Register.STATUS, 0, interrupt=0)
    script.read(Register.SIZE_M, 0)
    script.job(random_job(rng, 4, 5, 3))


def _late(script: Script, rng: np.random.Generator) -> None:
    """Biases that come last, and results that are taken late."""
    job = random_job(rng, script.shape.rows, 2, script.shape.cols, bias=10**6)
    streams = job.streams(script.shape)
    script.setup(job)
    script.send("a", streams["a"])
    script.send("b", streams["b"])
    script.start()
    script.cycles(50)
    script.read(Register.STATUS, Status.BUSY)
    script.send("bias", streams["bias"])
    script.pause("result", 0.04)
    script.finish(job.result, wide=True)
    script.pause("result", 1.0)
    script.pause("r", 0.3)  # four reads in a row
    words = job.sizes[::-1]
    script.read(Register.SIZE_M, sum(word << 64 - 32 * place for place, word in enumerate(words)), count=12)
    script.pause("r", 1.0)


def _host(script: Script, rng: np.random.Generator) -> None:
    """Bad starts, bad addresses, and changes while a job runs."""
    job = random_job(rng, 3, 2, 2, PostProcessing(77, 3, -1), bias=5)
    for address in (Register.SIZE_M, Register.SIZE_K, Register.SIZE_N):
        script.setup(job)
        script.write(address, 0)
        script.start(refused=True)
        script.read(Register.STATUS, Status.ILLEGAL_JOB, interrupt=1)
        script.write(Register.STATUS, Status.ILLEGAL_JOB)
    script.setup(job)
    script.write(Register.CONFIG, 3 << 1)
    script.start(refused=True)
    script.read(Register.STATUS, Status.ILLEGAL_JOB)
    script.write(0x28, 1, refused=True)
    script.write(Register.CYCLES, 1, refused=True)
    script.read(Register.STATUS, Status.ILLEGAL_JOB | Status.UNKNOWN_ADDRESS)
    script.write(Register.STATUS, 0xFFFFFFFF)
    script.read(0x3C, 0, refused=True)
    script.read(Register.STATUS, Status.UNKNOWN_ADDRESS)
    script.write(Register.STATUS, 0xFFFFFFFF)
    script.write(Register.MULTIPLIER, 0x1234ABCD)
    script.write(Register.MULTIPLIER + 1, 0x5A, count=1)  # one byte of it
    script.read(Register.MULTIPLIER, 0x12345ACD)
    script.setup(job)
    for address, value in job.registers().items():
        script.read(address, value)
    streams = job.streams(script.shape)
    script.send("a", streams["a"])
    script.start()
    script.cycles(10)
    script.write(Register.SIZE_K, 9, refused=True)
    script.start(refused=True)
    busy = Status.BUSY | Status.CHANGED_WHILE_BUSY | Status.STARTED_WHILE_BUSY
    script.read(Register.STATUS, busy, interrupt=1)
    for stream in ("b", "bias"):
        script.send(stream, streams[stream])
    script.finish(job.result, wide=False, status=busy ^ Status.BUSY | Status.DONE)
    script.read(Register.SIZE_K, 2)


def _lasts(script: Script, rng: np.random.Generator) -> None:
    """`tlast` too early and not at all, on every stream."""
    rows, cols = script.shape.rows, script.shape.cols
    job = random_job(rng, rows, 2, 2 * cols, bias=500)
    a, b, bias = job.a.copy(), job.b.copy(), np.array(job.bias)
    a[:, 1:], b[1:, cols:], bias[cols:] = 0, 0, 0
    streams = job.streams(script.shape)
    cut = TpuJob(a, b, job.post, bias)
    # What was cut, and the next job already behind it.
    script.setup(job)
    script.send("a", streams["a"][:1], streams["a"])
    script.send("b", streams["b"][:3], streams["b"])
    script.send("bias", streams["bias"][:1], streams["bias"])
    script.start()
    early = Status.A_EARLY | Status.B_EARLY | Status.BIAS_EARLY
    script.finish(cut.result, wide=True, status=Status.DONE | early)
    script.start()
    script.finish(job.result, wide=True)
    # Two jobs in one packet: the first ends without tlast, the second is right.
    following = random_job(rng, rows + 1, 2, cols, bias=5)
    then = following.streams(script.shape)
    for stream, beats in streams.items():
        script.send(stream, beats + then[stream])
    script.start()
    missing = Status.A_MISSING | Status.B_MISSING | Status.BIAS_MISSING
    script.finish(job.result, wide=True, status=Status.DONE | missing)
    script.setup(following)
    script.start()
    script.finish(following.result, wide=True)


TPU_MUTANTS: tuple[Mutant, ...] = (
    *mutants_of(
        "tpu",
        "tile_walker",
        ("tile_last || position_q ==", "position_q ==", "a short chunk does not end"),
        ("cols_left_q <= Cols[15:0]", "cols_left_q < Cols[15:0]", "one tile too many along N"),
        ("rows_left_q <= Rows[15:0]", "rows_left_q < Rows[15:0]", "one tile too many along M"),
        ("if (tile_last && cols_last) begin", "if (tile_last) begin", "tiles along N count along M"),
        ("tile_last ? size_k_i", "chunk_last ? size_k_i", "a tile starts anew with every chunk"),
    ),
    *mutants_of(
        "tpu",
        "tpu_operand_port",
        ("zeros_q ? {Width{1'b0}} :", "", "data instead of zeros after an early end"),
        ("early_o || abort_i", "early_o", "abort ignored"),
        ("early_o || abort_i", "abort_i", "an early end waits for ever"),
        ("s_axis_tlast_i && !walk_last", "s_axis_tlast_i", "every tlast is early"),
        ("!s_axis_tlast_i && walk_last", "!s_axis_tlast_i && 1'b0", "a missing tlast unseen"),
        ("if (beat && walk_last)", "if (taken && s_axis_tlast_i)", "takes beats of the next job"),
        ("active_q && !zeros_q && beat_ready_i", "active_q && beat_ready_i", "takes the next packet's beats as zeros"),
    ),
    *mutants_of(
        "tpu",
        "tpu_operand_memory",
        ("!full_q[fill_bank_q]", "1'b1", "a bank that feeds the array is filled"),
        ("full_q[read_bank_q];", "1'b1;", "reads a bank before it is filled"),
        ("read_bank_q         <= !read_bank_q", "read_bank_q         <= read_bank_q", "reads one bank only"),
        ("{read_bank_q, fetch", "{!read_bank_q, fetch", "reads the other bank"),
        ("beat_ready = !full_q[fill_bank_q]", "beat_ready = full_q == 2'b00", "no double buffering"),
    ),
    *mutants_of(
        "tpu",
        "tpu_sequencer",
        ("(!keep_a || cols_last)", "1'b1", "A released after every tile"),
        ("(!keep_b || walk_last)", "1'b1", "B released after every tile"),
        ("keep_b = keep_a &&", "keep_b =", "B kept though it is longer than a bank"),
        ("a_chunk_valid_i && b_chunk_valid_i", "a_chunk_valid_i", "does not wait for B"),
        ("fetch && tile_last", "fetch && chunk_last", "sums end with the chunk"),
        ("!slice_valid_q || slice_ready_i", "!slice_valid_q", "a slice every other cycle"),
    ),
    *mutants_of(
        "tpu",
        "tpu_result_lane",
        ("(sum[32] == sum[31]) ?", "1'b1 ?", "sum with the bias wraps"),
        ("|activation_i && scaled[31]", "activation_i[0] && scaled[31]", "squares negative numbers"),
        ("rectified > GreatestRoot", "1'b0", "square of a cut number"),
        ("+ half) >>", ") >>", "squares rounded down"),
        ("total < LeastByte", "1'b0", "no saturation below"),
        ("total > GreatestByte", "1'b0", "no saturation above"),
        ("(total[32] == total[31]) ?", "1'b1 ?", "wide results wrap"),
        ("{{26{zero_point_i[7]}}", "{{26{1'b0}}", "zero point unsigned"),
    ),
    *mutants_of(
        "tpu",
        "tpu_result_port",
        ("row_number < rows_left", "1'b1", "rows below the matrix leave"),
        ("cols_left > c", "1'b1", "columns beside the matrix kept"),
        ("m_axis_tready_i || !in_matrix_tag", "m_axis_tready_i || 1'b1", "results that nobody took are lost"),
        ("bias_valid_q || !bias_enable_i", "1'b1", "does not wait for biases"),
        ("(step && tile_last)", "step", "biases change with every row"),
        ("& {32{bias_enable_i}}", "& {32{1'b1}}", "old biases added"),
        ("cols_last && row_number + 16'd1", "row_number + 16'd1", "tlast on every tile"),
        ("wide_i ? word_mask :", "!wide_i ? word_mask :", "bytes kept in the wrong format"),
        ("row_valid && last_row && advance;", "row_valid && last_row;", "done before its time"),
    ),
    *mutants_of(
        "tpu",
        "axi_lite_port",
        ("s_axil_awvalid_i && s_axil_wvalid_i", "s_axil_awvalid_i", "address without data"),
        ("(bvalid_q && !s_axil_bready_i)", "1'b0", "answers not held"),
        ("!rvalid_q || s_axil_rready_i", "1'b1", "read answers overwritten"),
        ("write_error_i ? SlaveError", "1'b0 ? SlaveError", "refused writes answered as good"),
        ("{{8{s_axil_wstrb_i[3]}}", "{{8{1'b1}}", "strobes ignored"),
    ),
    *mutants_of(
        "tpu",
        "tpu_registers",
        ("set = write_i && setting && !busy_q", "set = write_i && setting", "settings change under a job"),
        ("wants_start && !busy_q && !illegal_job", "wants_start && !illegal_job", "a start disturbs the job"),
        ("size_k_q == 16'd0 || ", "", "a K of zero accepted"),
        ("~cleared)", "~11'd0)", "error bits never fall"),
        ("!(acknowledge && bits[1]) && !start_o", "!start_o", "done cannot be cleared"),
        ("cycles_q <= cycles_q + 32'd1", "cycles_q <= cycles_q + 32'd2", "cycles counted twice"),
        ("write_word_i > Rescale", "write_word_i > Cycles", "read-only register written"),
        ("done_q || |errors_q", "done_q", "errors raise no interrupt"),
    ),
    *mutants_of(
        "tpu",
        "tpu",
        (".stream_errors_i (stream_errors)", ".stream_errors_i (6'd0)", "errors on the streams untold"),
        (".abort_i              (abort)", ".abort_i              (1'b0)", "abort not handed on"),
    ),
    *mutants_of(
        "tpu",
        "tpu_core",
        ("a_slice[r*8+7] && !unsigned_i", "a_slice[r*8+7]", "unsigned activations taken as signed"),
        (".size_m_i         (b_size_m)", ".size_m_i         (size_m)", "B sent for every tile row"),
        (".weight_i        (b_slice)", ".weight_i        (~b_slice)", "weights inverted"),
    ),
)  # fmt: skip
"""All faults."""
