"""Rows of the operator table of decoder-only language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from tpugen.errors import RequestError
from tpugen.model.workloads.language_model import LanguageModel
from tpugen.model.workloads.operators import COLUMNS, MatrixKind, Role
from tpugen.model.workloads.widths import Widths

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = [
    "DECODER_OPERATORS",
    "MASKED",
    "PHASES",
    "DecoderSizes",
    "Masked",
    "OperatorRows",
    "Phase",
    "add_edges",
    "add_layers",
    "add_nonlinear",
]

Phase = Literal["decode", "prefill"]
"""One token after `context` others, or a prompt of `context` tokens at once."""

Masked = Literal["computed", "skipped"]
"""What prefill does with the half of the attention square that the causal mask throws away."""

PHASES: tuple[Phase, ...] = get_args(Phase)
MASKED: tuple[Masked, ...] = get_args(Masked)

DECODER_OPERATORS = (
    "query", "key", "value", "output", "up", "gate", "down", "scores", "mix", "softmax", "normalisation", "activation",
    "embedding", "position", "project_in", "project_out", "lm_head",
)  # fmt: skip
"""Names of the operators that the table of a language model may hold."""

_TOKEN_ID_BITS = 32
# Columns are int64; a workload of more multiply-accumulates than this is a typing error.
_MACS_MAX = 2.0**62


class DecoderSizes:
    """Sizes of the models, per point."""

    def __init__(
        self, models: Sequence[LanguageModel], which: IntArray, context: IntArray, batch: IntArray, *,
        phase: Phase, masked: Masked,
    ) -> None:  # fmt: skip
        import numpy as np

        def of(name: str) -> Any:
            return np.array([getattr(model, name) for model in models], dtype=np.int64)[which]

        self.layers, self.d_model, self.d_ff, self.gated = of("layers"), of("d_model"), of("d_ff"), of("gated")
        self.kv_heads, self.head_dim, self.group = of("kv_heads"), of("head_dim"), of("group")
        self.all_heads, self.all_kv = of("heads") * self.head_dim, self.kv_heads * self.head_dim
        self.vocabulary, self.embedding_width = of("vocabulary"), of("embedding_width")
        self.learned_positions, self.narrow = of("learned_positions"), (of("embedding_dim") > 0).astype(np.int64)
        self.batch = batch
        self.vectors = batch if phase == "decode" else batch * context
        window = of("attention_window")
        # A sliding window of w tokens; without one, as many as the context.
        span = np.where(window > 0, np.minimum(context, window), context)
        queries: Any
        if phase == "decode":
            self.attended, queries = span, 1
        elif masked == "computed":
            self.attended, queries = context, context
        else:
            # The triangle folded onto itself; a window leaves w (2 l - w + 1) / 2 of its pairs.
            rest, odd = 2 * context - span + 1, span % 2 == 1
            self.attended, queries = np.where(odd, span, rest), np.where(odd, rest // 2, span // 2)
        self.queries = self.group * queries


class OperatorRows:
    """Collects the operators of the table."""

    def __init__(self, widths: Widths, layers: Any) -> None:
        self.widths = widths
        self.layers = layers
        self.heads: list[tuple[str, Role, MatrixKind]] = []
        self.columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}

    def add(
        self, name: str, role: Role, matrix: MatrixKind, shape: tuple[Any, Any, Any], *,
        count: Any, copies: Any, bits: tuple[int, int, int], layers: Any = None,
    ) -> None:  # fmt: skip
        """One operator; `bits` of matrix, vectors and results unless the user's widths name it."""
        self.heads.append((name, role, matrix))
        numbers = (*shape, count, self.layers if layers is None else layers, *self.widths.of(name, *bits), copies)
        for column, value in zip(COLUMNS, numbers, strict=True):
            self.columns[column].append(value)

    def check_size(self) -> None:
        """Refuses products that int64 cannot hold."""
        import numpy as np

        sizes = [self.columns[name] for name in ("m", "k", "n", "count")]
        most = 0.0
        for (_, _, matrix), m, k, n, count in zip(self.heads, *sizes, strict=True):
            inner = k if matrix != "none" else 1
            most = max(most, float(np.max(1.0 * m * inner * n * count)))
        if most > _MACS_MAX:
            raise RequestError(
                f"an operator of {most:.3g} multiply-accumulates or elements; accepted: up to {_MACS_MAX:.3g}",
                hint="give a smaller batch or context",
            )


def add_layers(rows: OperatorRows, sizes: DecoderSizes) -> None:
    """Projections and attention of all layers."""
    w, n = rows.widths, sizes.vectors
    common = (w.weight_bits, w.activation_bits)

    def projection(name: str, m: Any, k: Any, *, count: Any = sizes.layers, result_bits: int = w.result_bits) -> None:
        rows.add(name, "projection", "weights", (m, k, n), count=count, copies=count, bits=(*common, result_bits))

    projection("query", sizes.all_heads, sizes.d_model)
    projection("key", sizes.all_kv, sizes.d_model, result_bits=w.kv_bits)
    projection("value", sizes.all_kv, sizes.d_model, result_bits=w.kv_bits)
    projection("output", sizes.d_model, sizes.all_heads)
    projection("up", sizes.d_ff, sizes.d_model)
    if sizes.gated.any():
        projection("gate", sizes.d_ff, sizes.d_model, count=sizes.layers * sizes.gated)
    projection("down", sizes.d_model, sizes.d_ff)

    each = sizes.layers * sizes.kv_heads * sizes.batch
    bits = (w.kv_bits, w.activation_bits, w.result_bits)
    scores = (sizes.attended, sizes.head_dim, sizes.queries)
    mix = (sizes.head_dim, sizes.attended, sizes.queries)
    rows.add("scores", "attention", "kv_cache", scores, count=each, copies=each, bits=bits)
    rows.add("mix", "attention", "kv_cache", mix, count=each, copies=each, bits=bits)


def add_nonlinear(rows: OperatorRows, sizes: DecoderSizes) -> None:
    """Elements that pass through softmax, normalisation and activation function."""
    bits = (0, rows.widths.activation_bits, rows.widths.result_bits)

    def unit(name: str, elements: Any, vectors: Any, count: Any) -> None:
        rows.add(name, "nonlinear", "none", (elements, elements, vectors), count=count, copies=0, bits=bits)

    unit("softmax", sizes.attended, sizes.queries, sizes.layers * sizes.kv_heads * sizes.batch)
    unit("normalisation", sizes.d_model, sizes.vectors, 2 * sizes.layers)
    unit("activation", sizes.d_ff, sizes.vectors, sizes.layers)


def add_edges(rows: OperatorRows, sizes: DecoderSizes, *, embedding: bool, lm_head: bool) -> None:
    """What stands before the first layer and after the last."""
    w, width = rows.widths, sizes.embedding_width

    def look_up(name: str, elements: Any, count: Any) -> None:
        bits = (w.embedding_bits, _TOKEN_ID_BITS, w.result_bits)
        rows.add(name, "embedding", "none", (elements, 1, 1), count=count, copies=count, bits=bits, layers=1)

    def product(name: str, role: Role, shape: tuple[Any, Any, Any], count: Any = 1) -> None:
        bits = (w.embedding_bits, w.activation_bits, w.result_bits)
        rows.add(name, role, "weights", shape, count=count, copies=count, bits=bits, layers=1)

    if embedding:
        look_up("embedding", width, sizes.vectors)
        if sizes.learned_positions.any():
            look_up("position", sizes.d_model, sizes.vectors * sizes.learned_positions)
        if sizes.narrow.any():
            product("project_in", "embedding", (sizes.d_model, width, sizes.vectors), sizes.narrow)
    if lm_head:
        if sizes.narrow.any():
            product("project_out", "head", (width, sizes.d_model, sizes.batch), sizes.narrow)
        product("lm_head", "head", (sizes.vocabulary, width, sizes.batch))
