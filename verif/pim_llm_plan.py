"""The bench plan of the hybrid accelerator: a layer, its tokens, and whatever a host may do wrong; from spec and seed.

What must come is the integer layer's, bit for bit; cycles without stalls are `operator_cycles`, operator by operator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tpugen.arithmetic.decoder_layer.host import (
    Register,
    layer_writes,
    setting_writes,
    shape_words,
)
from tpugen.arithmetic.decoder_layer.tiles import tile_shapes
from tpugen.spec import PimLlmSpec
from tpugen.verif.pim_llm_steps import PimLlmSteps
from tpugen.verif.pim_llm_violations import aborts, busy, frames, positions, unknown
from tpugen.verif.plan import Stall
from tpugen.verif.transactions import (
    Idle,
    Look,
    Pace,
    Record,
    Reset,
    Step,
    TransactionPlan,
    TransactionTest,
    Wait,
    transaction_layout,
)

__all__ = ["FULL_RATE", "pim_llm_plan"]

FULL_RATE = "full_rate"
"""The test whose tokens are timed."""

_MOST_TOKENS = 16
_RESETS = 3
_READ_BACK = 6
_LIGHT, _HEAVY = Stall(start=0.2, stop=0.6), Stall(start=0.25, stop=0.15)


def pim_llm_plan(spec: PimLlmSpec, seed: int) -> TransactionPlan:
    """The plan: a pure function of its arguments."""
    unit = PimLlmSteps(spec, seed)
    tests: list[Callable[[PimLlmSteps], TransactionTest]] = [
        _programming, _full_rate, _extremes, _stalls, positions, busy, frames, aborts, _resets, unknown
    ]  # fmt: skip
    plan = transaction_layout(unit.contract, seed)
    for make in tests:
        unit.forget()
        plan.tests.append(make(unit))
    plan.idle_limit = unit.limit
    plan.settle = 200
    return plan


def _programming(unit: PimLlmSteps) -> TransactionTest:
    """Registers after reset, the layer, and some of it read back."""
    host = unit.host
    shape = shape_words(unit.shape, unit.array, unit.crossbars)
    pairs = [(int(register), word) for register, word in shape.items()]
    zero = (
        Register.CONTROL, Register.STATUS, Register.POSITION, Register.LENGTH, Register.CYCLES, Register.SOFTMAX,
        Register.ACTIVATION, Register.NORM, Register.GAIN_ADDRESS, Register.PROGRAM_CROSSBAR, Register.PROGRAM_WORD,
        Register.PROGRAM_DATA,
    )  # fmt: skip
    steps: list[Step] = [
        *host.reads(pairs, words="shape registers", labels=[register.name for register in shape]),
        *host.reads(
            [(int(register), 0) for register in zero],
            words="registers after reset",
            labels=[register.name for register in zero],
        ),
        Look("interrupt_o", 0, words="the interrupt after reset"),
        *host.writes(layer_writes(unit.layer, unit.crossbars), words="settings, gains and weights of the layer"),
        *host.reads(setting_writes(unit.layer), words="settings read back"),
        *host.read(Register.GAIN_ADDRESS, 2 * unit.shape.d, words="GAIN_ADDRESS after all gains"),
        *host.read(Register.STATUS, 0, words="STATUS after programming"),
    ]
    for name, tile in tile_shapes(unit.shape, unit.crossbars).items():
        words = -(-tile.crossbar_cols // 16)
        last = tile.block_rows * tile.block_cols - 1
        steps += unit.read_back(name, max(0, last - 1), tile.crossbar_rows - 1, words - 1, _READ_BACK)
        row, word = int(unit.rng.integers(0, tile.crossbar_rows)), int(unit.rng.integers(0, words))
        steps += unit.read_back(name, int(unit.rng.integers(0, last + 1)), row, word, _READ_BACK)
    return TransactionTest("programming", "registers after reset; a layer is programmed, some of it read back", steps)


def _full_rate(unit: PimLlmSteps) -> TransactionTest:
    """Tokens from position 0 on, nobody pauses; activity is measured over the last one."""
    count = min(unit.shape.context, _MOST_TOKENS)
    steps = unit.settings()
    tokens = unit.tokens(count)
    for number, x in enumerate(tokens):
        last = number == count - 1
        token = unit.token(x, timed=True, latency=last)
        if last:  # recorded from its start to its result, and not while its counters are read
            end = next(place for place, step in enumerate(token) if isinstance(step, Wait) and not step.channels)
            token = [Record(True), *token[: end + 1], Record(False), *token[end + 1 :]]
        steps += token
    meaning = f"{count} tokens from position 0 on, nobody pauses: results, and cycles of every operator"
    return TransactionTest(FULL_RATE, meaning, steps)


def _extremes(unit: PimLlmSteps) -> TransactionTest:
    """Tokens over the whole range and of zeros, with constants that make numbers saturate."""
    d = unit.shape.d
    louder = unit.louder
    single = np.zeros(d, dtype=np.int64)
    single[d // 2] = -(1 << 15)
    kinds = [
        unit.rng.integers(-(1 << 15), 1 << 15, d), np.zeros(d, dtype=np.int64), single,
        np.where(np.arange(d) % 2 == 0, (1 << 15) - 1, -(1 << 15)),
    ]  # fmt: skip
    steps = unit.settings(louder)
    for number, x in enumerate(kinds):
        steps += unit.token(x, number % unit.shape.context, timed=True, layer=louder)
    steps += unit.settings()
    return TransactionTest("extremes", "tokens of extreme numbers, and constants that make results saturate", steps)


def _stalls(unit: PimLlmSteps) -> TransactionTest:
    """The host, its stream of tokens and its stream of results pause at random."""
    steps = unit.settings()
    lite = ("s_axil_aw", "s_axil_w", "s_axil_b", "s_axil_ar", "s_axil_r")
    paces = (
        {"s_axis_x": _HEAVY},
        {"m_axis_x": _HEAVY},
        {"s_axis_x": _LIGHT, "m_axis_x": _LIGHT, **dict.fromkeys(lite, _LIGHT)},
    )
    for number, stalls in enumerate(paces):
        steps += [Pace(stalls), *unit.token(unit.tokens(1)[0], number % unit.shape.context)]
    return TransactionTest("stalls", "both streams and the host pause at random", steps, garbage=True)


def _resets(unit: PimLlmSteps) -> TransactionTest:
    """Reset in the middle of tokens: cells and gains stay, nothing else does."""
    steps = unit.settings()
    cleared = (Register.STATUS, Register.LENGTH, Register.CYCLES, Register.POSITION, Register.SOFTMAX, Register.NORM)
    zero = [(int(register), 0) for register in cleared]
    steps += unit.token(unit.tokens(1)[0])
    for number in range(_RESETS):
        position = unit.state.length % unit.shape.context
        length = sum(unit.cycles(unit.expect(unit.tokens(1)[0], position)[0]).values())
        steps += unit.lost(unit.tokens(1)[0], position)
        steps += [Idle(1 + (2 * number + 1) * length // (2 * _RESETS)), Reset()]
        unit.forget()
        steps += unit.host.reads(zero, words="registers after reset", labels=[register.name for register in cleared])
        steps += [*unit.settings(), *unit.token(unit.tokens(1)[0], timed=True)]
    return TransactionTest("resets", "reset in the middle of tokens; the next sequence starts at position 0", steps)
