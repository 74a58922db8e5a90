"""A language model as passes through the hybrid accelerator: its decoder layers, and its LM head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tpugen.arithmetic.decoder_layer import LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.nonlinear.normalisation import MAX_LENGTH
from tpugen.errors import RequestError, SpecError
from tpugen.model.accelerators.design import HybridDesign
from tpugen.model.accelerators.work import MATRIX_OPERATOR, Memory, layer_memories, operator_products
from tpugen.model.workloads import LanguageModel

__all__ = ["LayerPass", "model_passes", "workload_shape"]

_HEAD_COLUMNS_MAX = MAX_LENGTH
"""Widest matrix of the LM head: wider ones are cut."""


@dataclass(frozen=True)
class LayerPass:
    """Equal passes through operators of a layer.

    Attributes:
        shape: Of the layer.
        copies: Layers that hold weights of their own.
        sequences: Sequences of the batch: each has a KV cache of its own, and passes one after the other.
        positions: Of the tokens that pass.
        operators: That the pass takes.
        label: Of all of them together; empty: each has its own name.
    """

    shape: LayerShape
    copies: int
    sequences: int
    positions: tuple[int, ...]
    operators: tuple[Operator, ...] = tuple(Operator)
    label: str = ""

    @property
    def matrices(self) -> tuple[MatrixName, ...]:
        """Matrices that the pass meets."""
        return tuple(name for name in self.shape.matrices if MATRIX_OPERATOR[name] in self.operators)

    @property
    def times(self) -> int:
        """How often each position passes."""
        return self.copies * self.sequences

    @property
    def tokens(self) -> int:
        """Vectors that a matrix meets, over all layers, sequences and positions."""
        return self.times * len(self.positions)

    def name(self, operator: Operator) -> str:
        """The operator as results call it."""
        return self.label or operator.name.lower()

    def cycles(self, design: HybridDesign) -> dict[Operator, int]:
        """Cycles of each operator, over all layers, sequences and positions."""
        total = dict.fromkeys(self.operators, 0)
        for position in self.positions:
            found = operator_cycles(self.shape, design.array, design.crossbars, position)
            for operator in self.operators:
                total[operator] += found.get(operator, 0)
        return {operator: count * self.times for operator, count in total.items() if count}

    def memories(self, design: HybridDesign) -> list[Memory]:
        """Memories with the words that all tokens together read and write there."""
        found = [layer_memories(self.shape, design.array, position) for position in self.positions]
        return [_summed(same, self.times, self.operators) for same in zip(*found, strict=True)]

    def products(self) -> dict[Operator, list[tuple[int, int, int, int]]]:
        """Matrix products by operator: M, K, N and how often, for each position."""
        products: dict[Operator, list[tuple[int, int, int, int]]] = {}
        for position in self.positions:
            for operator, (m, k, n, count) in operator_products(self.shape, position).items():
                if operator in self.operators:
                    products.setdefault(operator, []).append((m, k, n, count * self.times))
        return products


def _summed(same: tuple[Memory, ...], times: int, operators: tuple[Operator, ...]) -> Memory:
    def total(name: str) -> Mapping[Operator, int]:
        counts: dict[Operator, int] = {}
        for memory in same:
            for operator, count in getattr(memory, name).items():
                if operator in operators:
                    counts[operator] = counts.get(operator, 0) + count * times
        return counts

    return replace(same[-1], reads=total("reads"), writes=total("writes"))


def workload_shape(design: HybridDesign, model: LanguageModel, context: int) -> LayerShape:
    """The layer of a language model on the design: the model's sizes; norm, activation and weights as they were built.

    Raises:
        RequestError: the model's layer cannot be mapped on the accelerator.
    """
    if model.heads * model.head_dim != model.d_model:
        raise RequestError(
            f"{model.name}: {model.heads} heads of {model.head_dim} are not as wide as the model, {model.d_model}; "
            "the accelerator's heads are",
            hint="choose a model whose heads together are as wide as its layers",
        )
    if max(model.d_model, model.d_ff) > MAX_LENGTH:
        raise RequestError(
            f"{model.name}: vectors of {max(model.d_model, model.d_ff):,} elements; the accelerator's units hold up to "
            f"{MAX_LENGTH:,}",
            hint="choose a narrower model",
        )
    try:
        return replace(
            design.shape,
            d=model.d_model,
            heads=model.heads,
            kv_heads=model.kv_heads,
            d_ff=model.d_ff,
            gated=model.gated,
            context=context,
        )
    except SpecError as error:
        raise RequestError(
            f"{model.name} does not go on the accelerator: {error.message}", hint="choose a smaller model or context"
        ) from None


def model_passes(
    design: HybridDesign, model: LanguageModel, context: int, *, prefill: bool = False, batch: int = 1,
    lm_head: bool = False, beyond_context: bool = False,
) -> list[LayerPass]:  # fmt: skip
    """A language model as passes.

    Args:
        design: On which it runs.
        model: Sizes.
        context: Tokens attended to, or of the prompt.
        prefill: A prompt, token by token, instead of one token.
        batch: Sequences, one after the other.
        lm_head: Count the LM head: once for each sequence.
        beyond_context: Accept a context beyond the model's.

    Raises:
        RequestError: sizes that the accelerator cannot have, or a model of unknown vocabulary.
    """
    if context < 1 or batch < 1:
        raise RequestError(f"context {context}, batch {batch}", hint="give numbers of 1 or more")
    if not beyond_context and model.context_accepted and context > model.context_accepted:
        raise RequestError(
            model.context_remark(context) or f"context {context} is beyond {model.context_accepted}",
            hint="give a shorter context, or accept it with --beyond-context",
        )
    attended = min(context, model.attention_window) if model.attention_window else context
    shape = workload_shape(design, model, attended)
    positions = tuple(min(position, attended - 1) for position in range(context)) if prefill else (attended - 1,)
    passes = [LayerPass(shape, model.layers, batch, positions)]
    if lm_head:
        passes += _head(shape, model, batch)
    return passes


def _head(shape: LayerShape, model: LanguageModel, batch: int) -> list[LayerPass]:
    if not model.vocabulary:
        raise RequestError(f"the vocabulary of {model.name} is not known", hint="leave out the LM head")
    slices = -(-model.vocabulary // _HEAD_COLUMNS_MAX)
    head = replace(shape, d_ff=-(-model.vocabulary // slices), gated=False, context=1)
    return [
        LayerPass(head, 1, batch, (0,), (Operator.NORM2, Operator.QUANTISE3), "lm_head_norm"),
        LayerPass(head, slices, batch, (0,), (Operator.UP,), "lm_head"),
    ]
