"""What a host of the hybrid accelerator may look at and do wrong: all of it is reported, nothing hangs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tpugen.arithmetic.decoder_layer import MatrixName
from tpugen.arithmetic.decoder_layer.host import (
    Register,
    Status,
    constant_register,
    counter_register,
    planes_register,
    program_address,
    setting_writes,
    shape_words,
    token_writes,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.tiles import tile_shapes
from tpugen.verif.pim_llm_script import LlmScript

__all__ = ["misuse", "registers_and_cells"]

_ALMOST_NEVER = 1.0
_REPORTS = (Register.STATUS, Register.LENGTH, Register.CYCLES)


def registers_and_cells(script: LlmScript) -> None:
    """Before the first token: the shape, addresses that are none, the layer written and read back."""
    _fresh(script)
    _unknown(script)
    script.program()
    _settings(script)
    _cells(script)
    _outside(script)


def misuse(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """Once the context is full: positions, starts and frames that are wrong, aborts, resets; ends at position 1.

    Args:
        script: Goes on.
        tokens: At least nine.
    """
    _positions(script, tokens)
    _busy(script, tokens)
    _frames(script, tokens)
    _aborts(script, tokens)
    _resets(script, tokens)


def _flagged(script: LlmScript, status: Status) -> None:
    """The status is this one; it is cleared, one wrong bit first."""
    script.read(Register.STATUS, status)
    script.write(Register.STATUS, ~status & 0xFFFFFFFF)
    script.read(Register.STATUS, status)
    script.write(Register.STATUS, status)
    script.read(Register.STATUS, 0)


def _fresh(script: LlmScript) -> None:
    """What reset leaves, and the design's shape."""
    for register, word in shape_words(script.design.shape, script.design.array, script.design.crossbars).items():
        script.read(register, word)
    for register in (*_REPORTS, Register.POSITION, Register.SOFTMAX, Register.GAIN_ADDRESS, Register.PROGRAM_WORD):
        script.read(register, 0)
    for register in (Register.CONTROL, Register.GAIN_DATA, Register.PROGRAM_READ, Register.PROGRAM_DATA):
        script.read(register, 0)


def _unknown(script: LlmScript) -> None:
    """Addresses that are none, and registers that cannot be written."""
    addresses = [0x038, 0x03C, 0x058, 0x05C, 0x07C, 0x09C, 0x0BC, 0x0C0, 0x0FC, 0x154, 0x17C, 0x180, 0x260, 0xFFC]
    if not script.design.shape.gated:
        addresses += [constant_register("W_G"), planes_register("W_G")]
    for address in addresses:
        script.read(address, 0, refused=True)
    _flagged(script, Status.UNKNOWN_ADDRESS)
    for address in addresses:
        script.write(address, 0, refused=True)
    _flagged(script, Status.UNKNOWN_ADDRESS)
    read_only = [Register.LENGTH, Register.CYCLES, Register.SHAPE_WIDTHS, Register.SHAPE_ARRAY]
    for address in [*read_only, planes_register("W_Q"), counter_register(Operator.UNLOAD)]:
        script.write(address, 1, refused=True)
    _flagged(script, Status.UNKNOWN_ADDRESS)
    script.read(Register.CYCLES, 0)


def _settings(script: LlmScript) -> None:
    """What was written is there; strobes leave the other bytes as they are."""
    for address, word in setting_writes(script.layer):
        script.read(address, word)
    script.read(Register.GAIN_ADDRESS, 2 * script.design.shape.d)
    for address in (Register.SOFTMAX, Register.ACTIVATION, constant_register("W_V"), Register.PROGRAM_WORD):
        before = dict(setting_writes(script.layer)).get(address, 0x01020304)
        script.write(address, before)
        script.write(address, before ^ 0xFFFFFFFF, strobes=0b0000)
        script.read(address, before)
        script.write(address, ~before & 0x1F, strobes=0b0001)
        script.read(address, before & ~0xFF | ~before & 0x1F)
        script.write(address, before, strobes=0b0001)
        script.read(address, before)
    script.write(Register.POSITION, 0x0102)
    script.write(Register.POSITION, 0xFFFF0300, strobes=0b1110)
    script.read(Register.POSITION, 0x0302)


def _cells(script: LlmScript) -> None:
    """Words read back in order, across rows and crossbars; a word of which one byte is written has zeros elsewhere."""
    tiles = tile_shapes(script.design.shape, script.design.crossbars)
    for name, tile in tiles.items():
        words = -(-tile.crossbar_cols // 16)
        crossbar = tile.block_rows * tile.block_cols - 1
        script.writes(program_address(name, max(0, crossbar - 1), tile.crossbar_rows - 2))
        script.fetch(name, max(0, crossbar - 1), tile.crossbar_rows - 2, 0, min(crossbar, 1) * 2 * words + 2)
    script.writes(program_address("W_Q", 0, 1))
    script.write(Register.PROGRAM_DATA, 0x00000155)
    script.read(Register.PROGRAM_DATA, 0)
    if not script.design.crossbars.faults.stuck_on and not script.design.crossbars.faults.stuck_off:
        script.writes(program_address("W_Q", 0, 1))
        script.write(Register.PROGRAM_DATA, 0x00005566, strobes=0b0001)
        script.writes(program_address("W_Q", 0, 1))
        script.write(Register.PROGRAM_READ, 0)
        script.read(Register.PROGRAM_DATA, 0x66)
    script.program()


def _outside(script: LlmScript) -> None:
    """Words and gains that the design does not have."""
    tile = tile_shapes(script.design.shape, script.design.crossbars)["W_K"]
    nowhere: list[tuple[MatrixName, int, int, int]] = [
        ("W_K", tile.block_rows * tile.block_cols, 0, 0),
        ("W_K", 0, tile.crossbar_rows, 0),
        ("W_K", 0, 0, -(-tile.crossbar_cols // 16)),
    ]
    if not script.design.shape.gated:
        nowhere.append(("W_G", 0, 0, 0))
    for name, crossbar, row, word in nowhere:
        for register in (Register.PROGRAM_DATA, Register.PROGRAM_READ):
            script.writes(program_address(name, crossbar, row, word))
            script.write(register, 0x5)
            _flagged(script, Status.PROGRAM_OUTSIDE)
            script.read(Register.PROGRAM_DATA, 0)
    script.write(Register.PROGRAM_CROSSBAR, 7 << 16)
    script.write(Register.PROGRAM_DATA, 1)
    _flagged(script, Status.PROGRAM_OUTSIDE)
    script.write(Register.GAIN_ADDRESS, 2 * script.design.shape.d)
    script.write(Register.GAIN_DATA, 0x12345678)
    _flagged(script, Status.PROGRAM_OUTSIDE)


def _positions(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """Positions that cannot be; an earlier one forgets what came after it."""
    context = script.design.shape.context
    for position in (context, 0xFFFF):
        script.write(Register.POSITION, position)
        script.write(Register.CONTROL, 1, refused=True)
        _flagged(script, Status.POSITION_OUTSIDE)
    script.token(tokens[5], position=1)
    script.write(Register.POSITION, 3)
    script.write(Register.CONTROL, 1, refused=True)
    _flagged(script, Status.POSITION_SKIPPED)
    script.read(Register.LENGTH, 2)
    script.token(tokens[6])


def _busy(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """What must wait for the token's end."""
    trace = script.expect(tokens[8], 2)
    script.writes(token_writes(2))
    script.read(Register.STATUS, Status.BUSY)
    script.read(Register.LENGTH, 2)
    script.write(Register.CONTROL, 1, refused=True)
    script.read(Register.STATUS, Status.BUSY | Status.STARTED_WHILE_BUSY)
    script.write(Register.STATUS, Status.STARTED_WHILE_BUSY)
    refused = [Register.POSITION, Register.SOFTMAX, Register.ACTIVATION, Register.NORM, Register.GAIN_ADDRESS]
    refused += [Register.GAIN_DATA, Register.PROGRAM_CROSSBAR, Register.PROGRAM_WORD, Register.PROGRAM_DATA]
    for address in [*refused, Register.PROGRAM_READ, constant_register("W_Q")]:
        script.write(address, 0x00010001, refused=True)
        script.read(Register.STATUS, Status.BUSY | Status.CHANGED_WHILE_BUSY)
        script.write(Register.STATUS, Status.CHANGED_WHILE_BUSY)
    script.read(Register.POSITION, 2)
    script.send(tokens[8])
    script.finish(trace, counted=False)


def _frames(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """Frames of x that are too short or too long."""
    d = script.design.shape.d
    for length in (1, d - 1):
        x = np.where(np.arange(d) < length, tokens[0], 0)
        trace = script.expect(x, 1)
        script.send(tokens[0][:length])
        script.pause(8)
        script.writes(token_writes(1))
        script.finish(trace, Status.DONE | Status.X_SHORT)
    # The next frame waits while a short one is filled, and while the rest of a long one is dropped.
    trace = script.expect(np.where(np.arange(d) < 2, tokens[0], 0), 1)
    script.send(tokens[0][:2])
    script.send(tokens[3])
    script.pause(8)
    script.writes(token_writes(1))
    script.finish(trace, Status.DONE | Status.X_SHORT)
    trace = script.expect(tokens[3])
    script.writes(token_writes(trace.position))
    script.finish(trace)
    trace = script.expect(tokens[2], 2)
    script.send([*tokens[2], 1, 2, 3])
    script.pause(8)
    script.writes(token_writes(trace.position))
    script.finish(trace, Status.DONE | Status.X_LONG)
    script.token(tokens[4])


def _aborts(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """Aborts: of nothing, before x came, in the middle of x, later, and when the result is there."""
    script.write(Register.CONTROL, 2)
    script.read(Register.STATUS, 0)
    script.writes(token_writes(2))
    script.pause(20)
    script.abort(2)
    script.token(tokens[0])
    script.send(tokens[1][:3], last=False)
    script.writes(token_writes(2))
    script.wait_taken()
    script.abort(2)
    script.send(tokens[1][3:])
    script.wait_taken()
    script.token(tokens[2])
    script.send(tokens[1][:3], last=False)
    script.writes(token_writes(1))
    script.wait_taken()
    script.abort(1)
    trace = script.expect(tokens[4])
    script.writes(token_writes(1))
    script.send(tokens[1][3:])
    script.send(tokens[4])
    script.finish(trace, counted=False)
    script.writes(token_writes(1))
    script.send(tokens[1][:1])
    script.pause(3)
    script.abort(1, Status.X_SHORT)
    script.token(tokens[2])
    for cycles in (3, 40, 150, 260):
        script.send(tokens[1])
        script.writes(token_writes(1))
        script.wait_taken()
        script.pause(cycles)
        script.abort(1)
        script.token(tokens[3])
    script.pace(result=_ALMOST_NEVER)
    trace = script.expect(tokens[1], 0)
    script.send(tokens[1])
    script.writes(token_writes(0))
    script.wait_result()
    script.write(Register.CONTROL, 2)
    script.read(Register.STATUS, Status.BUSY)
    script.pace()
    script.finish(trace, counted=False)


def _resets(script: LlmScript, tokens: npt.NDArray[np.int64]) -> None:
    """Resets in the middle of x and of the token: cells and gains stay, nothing else does."""
    script.send(tokens[1][:2], last=False)
    script.writes(token_writes(1))
    script.wait_taken()
    script.reset()
    for cycles in (2, 90, 200):
        for register in (*_REPORTS, Register.POSITION, Register.SOFTMAX, Register.NORM, constant_register("W_O")):
            script.read(register, 0)
        for operator in (Operator.LOAD, Operator.QUERY):
            script.read(counter_register(operator), 0)
        script.read(planes_register("W_Q"), 0)
        script.writes(setting_writes(script.layer))
        script.token(tokens[2])
        script.send(tokens[1])
        script.writes(token_writes(1))
        script.wait_taken()
        script.pause(cycles)
        script.reset()
    script.writes(setting_writes(script.layer))
    script.token(tokens[2])
