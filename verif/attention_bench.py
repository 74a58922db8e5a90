"""Runs the attention engine in Icarus, token by token, and judges every context element and every cycle.

What is right comes from the models of softmax and weighted mean and from `attention_cycles`; keys and values are
remembered here as the engine remembers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from tpugen.arithmetic.decoder_layer import LayerShape
from tpugen.arithmetic.decoder_layer.cycles_attention import CONTEXT_LATENCY, attention_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.integers import IntArray
from tpugen.arithmetic.nonlinear.weighting import softmax_weights, weighted_mean
from tpugen.arithmetic.tpu import TpuShape
from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.flows import process
from tpugen.flows.verilog_bench import icarus_commands
from tpugen.verif.attention_harness import BENCH, bench_text

__all__ = ["AttentionToken", "engine_parameters", "expected_contexts", "run_attention"]

_LIMITS = process.Limits(wall_s=300.0, cpu_s=300.0, memory_mb=2_000, file_mb=100)
_OPERATORS = {1: Operator.SCORES, 2: Operator.SOFTMAX, 3: Operator.CONTEXT}
_LEVELS = 256


@dataclass(frozen=True)
class AttentionToken:
    """One token for the engine.

    Attributes:
        q: int8, (heads, d_head).
        k: int8, (kv_heads, d_head).
        v: Likewise.
        position: Its position.
        multiplier: Of softmax, 16 bits.
        shift: Of softmax.
        pauses: How often operands are late and contexts are not taken, 0..1 each.
        cut_after: Cycles from its first operand on after which a reset ends it; 0: none does.
        clear: Whether the engine is told that a token begins.
        nuisance: Whether starts and operands are tried while attention runs.
        order: Seed of the order in which queries, keys and values mix; None: one kind after the other.
        given_up_after: Operands after which it is given up, and never started; None: it is not.
    """

    q: IntArray
    k: IntArray
    v: IntArray
    position: int
    multiplier: int = 1 << 15
    shift: int = 12
    pauses: tuple[float, float] = (0.0, 0.0)
    cut_after: int = 0
    clear: bool = False
    nuisance: bool = False
    order: int | None = None
    given_up_after: int | None = None

    def operand_words(self) -> list[int]:
        """Kind and element of each operand, in order."""
        kinds = [np.asarray(values).reshape(-1) & 0xFF for values in (self.q, self.k, self.v)]
        order = np.repeat(np.arange(3), [len(values) for values in kinds])
        if self.order is not None:
            np.random.default_rng(self.order).shuffle(order)
        elements = [iter(values.tolist()) for values in kinds]
        return [int(kind) << 8 | next(elements[kind]) for kind in order][: self.given_up_after]

    def word(self) -> int:
        """As `tokens.hex` holds it."""
        fields = [
            (self.position, 16), (self.multiplier, 16), (self.shift, 8),
            (len(self.operand_words()), 16),
            (round(self.pauses[0] * _LEVELS), 8), (round(self.pauses[1] * _LEVELS), 8),
            (self.cut_after, 16), (int(self.clear), 4), (int(self.nuisance), 2),
            (int(self.given_up_after is not None), 2),
        ]  # fmt: skip
        word, place = 0, 0
        for value, width in fields:
            word |= value << place
            place += width
        return word


@dataclass
class _Played:
    """What a token did."""

    started: int | None = None
    done: list[int] = field(default_factory=list)
    operators: list[tuple[int, int]] = field(default_factory=list)
    offers: list[int] = field(default_factory=list)
    contexts: list[tuple[int, bool, int | None]] = field(default_factory=list)


def engine_parameters(shape: LayerShape, array: TpuShape) -> dict[str, int]:
    """Parameters of the module `attention_engine`."""
    return {
        "Heads": shape.heads,
        "KvHeads": shape.key_heads,
        "HeadWidth": shape.d_head,
        "Context": shape.context,
        "Rows": array.rows,
        "Cols": array.cols,
        "Depth": array.depth,
    }


def expected_contexts(shape: LayerShape, tokens: Sequence[AttentionToken]) -> list[IntArray]:
    """Contexts (d,) of each token; keys and values of earlier ones stay until they are overwritten."""
    size = (shape.context, shape.key_heads, shape.d_head)
    keys, values = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    contexts = []
    for token in tokens:
        keys[token.position], values[token.position] = token.k, token.v
        seen = slice(0, token.position + 1)
        queries = token.q.reshape(shape.key_heads, shape.group, shape.d_head)
        scores = np.einsum("kgd,jkd->kgj", queries, keys[seen])
        weights, sums = softmax_weights(scores, token.multiplier, token.shift)
        products = np.einsum("kgj,jkd->kgd", weights, values[seen])
        contexts.append(weighted_mean(products, sums[..., None]).reshape(shape.d))
    return contexts


def run_attention(
    shape: LayerShape,
    array: TpuShape,
    tokens: Sequence[AttentionToken],
    sources: Mapping[str, str],
    folder: Path,
    *,
    seed: int = 1,
    expected: Sequence[IntArray] | None = None,
    stop: bool = False,
) -> list[str]:
    """Play tokens on an engine.

    Args:
        shape: Heads, their width and the context.
        array: The tensor unit.
        tokens: What it is driven with. A token that a reset cuts is lost, as is one that is given up; after the former
            comes one at position 0, after the latter one at the same position with `clear`.
        sources: Verilog of `attention_engine` and all that it instantiates, by module name.
        folder: Where everything goes; created if missing.
        seed: Of pauses.
        expected: Contexts of the tokens; default those of the models.
        stop: End at the first wrong element.

    Returns:
        What is wrong; nothing: everything was right, bit for bit and cycle for cycle.

    Raises:
        ToolMissingError: no Icarus.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [word for token in tokens for word in token.operand_words()]
    contexts = expected_contexts(shape, tokens) if expected is None else expected
    elements = [int(element) & 0xFFFF for context in contexts for element in context]
    texts = {
        "designs.v": "\n".join(sources.values()),
        "bench.v": bench_text(
            engine_parameters(shape, array), len(words), len(tokens), shape.d, _limit(shape, array), seed, stop=stop
        ),
        "operands.hex": "\n".join(f"{word:x}" for word in [*words, 0]) + "\n",
        "contexts.hex": "\n".join(f"{element:x}" for element in [*elements, 0]) + "\n",
        "tokens.hex": "\n".join(f"{word:x}" for word in [*(token.word() for token in tokens), 0]) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    said = ""
    for command in icarus_commands(BENCH, ["bench.v", "designs.v"]):
        try:
            done = process.run(command, cwd=folder.resolve(), limits=_LIMITS, log=folder)
        except (ToolLimitError, ToolFailedError) as error:
            return [error.message]
        said = done.stdout
        if done.returncode != 0:
            return [f"Icarus refused the engine: {(done.stderr + said).strip()[:400]}"]
    return _judge(shape, array, tokens, contexts, said)


def _limit(shape: LayerShape, array: TpuShape) -> int:
    """Cycles that no token takes, whatever the pauses."""
    attention = sum(attention_cycles(shape, array, shape.context - 1).values())
    return 2_000 + 2 * attention + 16 * shape.d * 4


def _judge(
    shape: LayerShape, array: TpuShape, tokens: Sequence[AttentionToken], contexts: Sequence[IntArray], said: str
) -> list[str]:
    played, problems = _parsed(said)
    if not said.endswith("end\n") or len(played) != len(tokens):
        problems.append(f"the simulation ended in token {len(played) - 1} of {len(tokens)}")
    for number, (token, play, context) in enumerate(zip(tokens, played, contexts, strict=False)):
        if token.cut_after or token.given_up_after is not None:
            continue
        name = f"token {number} (position {token.position})"
        problems += [f"{name}: {problem}" for problem in _contexts(token, play, context)]
        problems += [f"{name}: {problem}" for problem in _cycles(play, attention_cycles(shape, array, token.position))]
    return problems


def _contexts(token: AttentionToken, play: _Played, context: IntArray) -> list[str]:
    """Elements, their marks, and when they were on offer."""
    got = [value for _, _, value in play.contexts]
    if got != context.tolist():
        return [f"contexts are {got[:8]}..., not {context.tolist()[:8]}..."]
    problems = []
    if [last for _, last, _ in play.contexts] != [False] * (len(got) - 1) + [True]:
        problems.append("the last element is not marked, or another one is")
    if len(play.done) != 1 or not play.offers:
        return [*problems, f"done {len(play.done)} times"]
    if play.offers[0] - play.done[0] != CONTEXT_LATENCY:
        problems.append(f"first element {play.offers[0] - play.done[0]} cycles after the end")
    spans = [cycle - play.offers[0] for cycle, _, _ in play.contexts]
    if not token.pauses[1] and spans != list(range(len(got))):
        problems.append(f"elements came in cycles {spans[:20]} after the first")
    return problems


def _cycles(play: _Played, expected: Mapping[Operator, int]) -> list[str]:
    """Operators: their order, their cycles, start and end."""
    counts = dict.fromkeys(expected, 0)
    changes = play.operators
    if play.started is None or not changes or changes[0][0] != play.started + 1:
        return [f"started in cycle {play.started}, changes of the operator {changes[:3]}"]
    if changes[-1][1] != 0 or play.done != [changes[-1][0] - 1]:
        return [f"done in {play.done}, changes of the operator {changes[-3:]}"]
    for (cycle, operator), (following, _) in pairwise(changes):
        if operator == 0:
            return [f"idle in cycle {cycle}"]
        counts[_OPERATORS[operator]] += following - cycle
    return [
        f"{operator.name} took {counts[operator]} cycles, not {cycles}"
        for operator, cycles in expected.items()
        if counts[operator] != cycles
    ]


def _parsed(said: str) -> tuple[list[_Played], list[str]]:
    played: list[_Played] = []
    problems = []
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        words = rest.split()
        if kind == "x":
            problems.append(f"cycle {rest}")
        elif kind == "t":
            played.append(_Played())
        elif kind == "s":
            played[-1].started = int(words[0])
        elif kind == "o":
            played[-1].operators.append((int(words[0]), int(words[1]) if words[1].isdigit() else 0))
        elif kind == "d":
            played[-1].done.append(int(words[0]))
        elif kind == "v":
            played[-1].offers.append(int(words[0]))
        elif kind == "c":
            value = int(words[2], 2) if words[2].strip("01") == "" else None
            signed = None if value is None else value - ((value >> 15) << 16)
            played[-1].contexts.append((int(words[0]), words[1] == "1", signed))
    return played, problems
