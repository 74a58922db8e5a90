"""What a host may do wrong to the hybrid accelerator: it ends in a status bit, and the next token is right."""

from __future__ import annotations

import numpy as np

from tpugen.arithmetic.decoder_layer import MatrixName
from tpugen.arithmetic.decoder_layer.host import (
    Register,
    Status,
    constant_register,
    counter_register,
    planes_register,
    program_address,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.tiles import tile_shapes
from tpugen.verif.pim_llm_steps import PimLlmSteps
from tpugen.verif.transactions import Idle, Look, Step, TransactionTest, Wait

__all__ = ["aborts", "busy", "frames", "positions", "unknown"]

_START, _ABORT = 1, 2
_ABORTS = 3
_NO_REGISTERS = (0x038, 0x03C, 0x058, 0x07C, 0x09C, 0x0BC, 0x0FC, 0x154, 0x180, 0xFFC)
_READ_ONLY = (Register.LENGTH, Register.CYCLES, Register.SHAPE_WIDTHS, Register.SHAPE_ARRAY)
_TAKEN = ("s_axis_x",)


def _flagged(unit: PimLlmSteps, status: Status, what: str) -> list[Step]:
    """The status says so, the interrupt too; then it is cleared."""
    return [
        *unit.host.read(Register.STATUS, status, words=f"STATUS after {what}"),
        Look("interrupt_o", 1, words=f"the interrupt after {what}"),
        *unit.clear(),
    ]


def unknown(unit: PimLlmSteps) -> TransactionTest:
    """Addresses without a register, read-only ones written, words and gains that the design does not have."""
    host = unit.host
    addresses = list(_NO_REGISTERS)
    if not unit.shape.gated:
        addresses += [constant_register("W_G"), planes_register("W_G")]
    steps: list[Step] = []
    for address in addresses:
        steps += host.read(address, 0, care=0, refused=True, words=f"read of 0x{address:03X}, where no register is")
        steps += host.write(address, 0, refused=True, words=f"write of 0x{address:03X}, where no register is")
    steps += _flagged(unit, Status.UNKNOWN_ADDRESS, "accesses where no register is")
    for address in (*_READ_ONLY, planes_register("W_Q"), counter_register(Operator.UNLOAD)):
        steps += host.write(address, 1, refused=True, words=f"write of the read-only register 0x{int(address):03X}")
    steps += _flagged(unit, Status.UNKNOWN_ADDRESS, "writes of read-only registers")
    tile = tile_shapes(unit.shape, unit.crossbars)["W_K"]
    nowhere: list[tuple[MatrixName, int, int, int]] = [
        ("W_K", tile.block_rows * tile.block_cols, 0, 0),
        ("W_K", 0, tile.crossbar_rows, 0),
        ("W_K", 0, 0, -(-tile.crossbar_cols // 16)),
        *([] if unit.shape.gated else [("W_G", 0, 0, 0)]),  # type: ignore[list-item]
    ]
    for name, crossbar, row, word in nowhere:
        for register, verb in ((Register.PROGRAM_DATA, "write"), (Register.PROGRAM_READ, "fetch")):
            what = f"a {verb} of word {word} of row {row} of crossbar {crossbar} of {name}, which is not there"
            steps += host.writes(program_address(name, crossbar, row, word))
            steps += host.write(register, 0x5, words=what)
            steps += _flagged(unit, Status.PROGRAM_OUTSIDE, what)
    steps += host.write(Register.GAIN_ADDRESS, 2 * unit.shape.d)
    steps += host.write(Register.GAIN_DATA, 0x12345678)
    steps += _flagged(unit, Status.PROGRAM_OUTSIDE, "a gain beyond the last")
    steps += [*unit.settings(), *unit.token(unit.tokens(1)[0])]
    return TransactionTest("unknown", "addresses without a register, words and gains beyond the design's", steps)


def positions(unit: PimLlmSteps) -> TransactionTest:
    """Positions that cannot be; an earlier one forgets what came after it."""
    host, context = unit.host, unit.shape.context
    steps = [*unit.settings(), *unit.token(unit.tokens(1)[0])]
    for position in (context, 0xFFFF):
        what = f"a start at position {position} of a context of {context}"
        steps += host.write(Register.POSITION, position)
        steps += host.write(Register.CONTROL, _START, refused=True, words=what)
        steps += _flagged(unit, Status.POSITION_OUTSIDE, what)
    if context > 2:
        steps += host.write(Register.POSITION, 2)
        steps += host.write(Register.CONTROL, _START, refused=True, words="a start at position 2 after position 0")
        steps += _flagged(unit, Status.POSITION_SKIPPED, "a start at position 2 after position 0")
    for position in (1, 2, 1, 0, 1):
        if position < context:
            steps += unit.token(unit.tokens(1)[0], position, timed=True)
    return TransactionTest("positions", "positions beyond the context or skipped; earlier ones again", steps)


def busy(unit: PimLlmSteps) -> TransactionTest:
    """What must wait for the token's end, written while it runs."""
    host = unit.host
    x = unit.tokens(1)[0]
    trace, expected = unit.expect(x, 0)
    steps = [*unit.settings(), expected, *unit.start(0)]
    steps += host.read(Register.STATUS, Status.BUSY, words="STATUS of a token that waits for x")
    steps.append(Look("interrupt_o", 0, words="the interrupt of a token that waits for x"))
    steps += host.write(Register.CONTROL, _START, refused=True, words="start while a token runs")
    flags = Status.STARTED_WHILE_BUSY | Status.CHANGED_WHILE_BUSY
    refused = (
        Register.POSITION, Register.SOFTMAX, Register.ACTIVATION, Register.NORM, Register.GAIN_ADDRESS,
        Register.GAIN_DATA, Register.PROGRAM_CROSSBAR, Register.PROGRAM_WORD, Register.PROGRAM_DATA,
        Register.PROGRAM_READ,
    )  # fmt: skip
    for register in refused:
        steps += host.write(register, 0x00010001, refused=True, words=f"write of {register.name} while a token runs")
    steps += host.write(constant_register("W_Q"), 1, refused=True, words="write of a constant while a token runs")
    steps += host.read(Register.STATUS, Status.BUSY | flags, words="STATUS after changes and a start while busy")
    steps += [unit.send(x), *unit.finish(trace, Status.DONE | flags)]
    steps += unit.token(unit.tokens(1)[0], 0, timed=True)
    return TransactionTest("busy", "a start and changes of everything while a token runs", steps)


def frames(unit: PimLlmSteps) -> TransactionTest:
    """Frames of x that are too short or too long."""
    d = unit.shape.d
    steps = unit.settings()
    for length in sorted({1, d - 1}):
        whole = unit.tokens(1)[0]
        cut = np.where(np.arange(d) < length, whole, 0)
        trace, expected = unit.expect(cut, 0)
        steps += [unit.send(whole[:length]), expected, *unit.start(0)]
        steps += unit.finish(trace, Status.DONE | Status.X_SHORT)
    x = unit.tokens(1)[0]
    trace, expected = unit.expect(x, 0)
    steps += [unit.send([*x.tolist(), 1, 2, 3]), expected, *unit.start(0)]
    steps += unit.finish(trace, Status.DONE | Status.X_LONG)
    steps += unit.token(unit.tokens(1)[0], 0, timed=True)
    return TransactionTest("frames", "tokens with too few and too many numbers", steps)


def aborts(unit: PimLlmSteps) -> TransactionTest:
    """Aborts of nothing, before x came, in the middle of it, and all over the token."""
    x = unit.tokens(1)[0]
    steps = [*unit.settings(), *unit.host.write(Register.CONTROL, _ABORT, words="abort of nothing")]
    steps += unit.host.read(Register.STATUS, 0, words="STATUS after an abort of nothing")
    steps += [*unit.start(0), Idle(20), *unit.abort(0), *unit.token(x, 0)]
    # In the middle of x: the rest of the frame is dropped.
    cut = unit.tokens(1)[0]
    steps += [unit.send(cut[: unit.shape.d // 2], last=False), *unit.start(0), Wait(unit.limit, _TAKEN), *unit.abort(0)]
    steps += [unit.send(cut[unit.shape.d // 2 :]), Wait(unit.limit, _TAKEN), *unit.token(x, 0)]
    length = unit.longest_of(0)
    for number in range(_ABORTS):
        steps += [*unit.lost(unit.tokens(1)[0], 0), Wait(unit.limit, _TAKEN)]
        steps += [Idle(1 + (2 * number + 1) * (length - 2 * unit.shape.d) // (2 * _ABORTS + 1)), *unit.abort(0)]
        steps += unit.token(unit.tokens(1)[0], 0, timed=number == _ABORTS - 1)
    return TransactionTest("aborts", "tokens that the host aborts, and whole ones between them", steps)
