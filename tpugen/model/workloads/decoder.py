"""Operators of decoder-only language models, over many models, contexts and batches at once.

What is counted, per layer, with d the width, h query heads of d_h, h_kv key and value heads, g = h / h_kv, batch b and
context l (arXiv 2504.01994, section II; arXiv 2408.11939, section III):

| operator | decode (M x K x N, times) | prefill |
|---|---|---|
| `query` | h d_h x d x b, 1 | N = b l |
| `key`, `value` | h_kv d_h x d x b, 1 | N = b l |
| `output` | d x h d_h x b, 1 | N = b l |
| `up`, `gate` | d_ff x d x b, 1 | N = b l |
| `down` | d x d_ff x b, 1 | N = b l |
| `scores` | l x d_h x g, h_kv b | N = g l |
| `mix` | d_h x l x g, h_kv b | N = g l |

Decode is one token that attends to l tokens, itself among them. Prefill is l tokens at once, each of which may attend
only to itself and those before it; see `decoder_table` for how the masked half counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.workloads.decoder_rows import (
    DECODER_OPERATORS,
    MASKED,
    PHASES,
    DecoderSizes,
    Masked,
    OperatorRows,
    Phase,
    add_edges,
    add_layers,
    add_nonlinear,
)
from tpugen.model.workloads.language_model import CONTEXT_LIMIT, LanguageModel
from tpugen.model.workloads.operators import OperatorTable
from tpugen.model.workloads.widths import Widths

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["MASKED", "PHASES", "Masked", "Phase", "decoder_table", "mesh"]

_BATCH_MAX = 2**20


def mesh(
    models: Sequence[LanguageModel], contexts: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All combinations of models and contexts: `model_index` and `contexts` for `decoder_table`, models slowest."""
    import numpy as np

    lengths = _whole("contexts", contexts, CONTEXT_LIMIT)
    return np.repeat(np.arange(len(models)), lengths.size), np.tile(lengths, len(models))


def decoder_table(
    models: Sequence[LanguageModel],
    contexts: npt.ArrayLike,
    *,
    model_index: npt.ArrayLike | None = None,
    phase: Phase = "decode",
    batch: npt.ArrayLike = 1,
    widths: Widths | None = None,
    embedding: bool = False,
    lm_head: bool = False,
    nonlinear: bool = False,
    masked: Masked = "computed",
    beyond_context: bool = False,
) -> OperatorTable:
    """The operators of one inference, a column per design point.

    Point i is `models[i]` at `contexts[i]` with `batch[i]` sequences; each may be of length 1 and goes for all points.
    With `model_index`, point i is `models[model_index[i]]`: the way to sweep many points over few models (`mesh`).

    Every operator's bytes follow from the table: weights `matrix_copies * m * k * bits / 8`, a layer of full attention
    (4 d^2 + 2 d d_ff) * bits / 8, with `gate` one d d_ff more; reads of the cache 2 h_kv d_h l b bytes a layer at 8
    bits; the token's own key and value are the results of `key` and `value`.

    Args:
        models: Language models.
        contexts: Tokens attended to (decode) or tokens of the prompt (prefill).
        model_index: Which model a point takes.
        phase: `decode` yields `batch` tokens per inference; `prefill` takes `batch * context` in.
        batch: Sequences that share the weights; each has a cache of its own.
        widths: Bits of operands and results; W1A8 with an 8-bit cache by default.
        embedding: Adds `embedding`, a look-up: the rows that are read, no MACs (and `project_in` where its width is not
            the model's).
        lm_head: Adds `lm_head` (and `project_out`) for the last token of each sequence.
        nonlinear: Adds `softmax`, `normalisation` (two a layer) and `activation` (with the gate's product): elements
            without MACs, m of them per vector.
        masked: In prefill, `computed`: `scores` and `mix` are the whole l x l square and the mask throws half away, as
            in dense matrix products; `skipped`: only the l (l + 1) / 2 pairs that count, folded into a rectangle of
            exactly that many (M = l + 1, N = l / 2 for even l; M = l, N = (l + 1) / 2 for odd). A sliding window
            shortens `decode` and `skipped`.
        beyond_context: Accept contexts beyond `LanguageModel.context_accepted`, which is the model's own limit, or
            that of publications which evaluate it further (`LanguageModel.context_published`).

    Raises:
        RequestError: if lengths do not match, a context or batch is not a positive whole number, a context is beyond
            what the model takes, or an option needs what the model does not say.
    """
    import numpy as np

    _check_choices(phase, masked)
    lengths = _whole("contexts", contexts, CONTEXT_LIMIT)
    sequences = _whole("batch", batch, _BATCH_MAX)
    which = _index(models, model_index)
    points = _common_points(models=which.size, contexts=lengths.size, batch=sequences.size)
    which, lengths, sequences = (np.broadcast_to(array, points) for array in (which, lengths, sequences))
    if not beyond_context:
        _check_contexts(models, which, lengths)
    if embedding or lm_head:
        _check_vocabularies(models, which)
    widths = widths or Widths()
    widths.require_operators(DECODER_OPERATORS)
    sizes = DecoderSizes(models, which, lengths, sequences, phase=phase, masked=masked)
    rows = OperatorRows(widths, sizes.layers)
    add_layers(rows, sizes)
    if nonlinear:
        add_nonlinear(rows, sizes)
    if embedding or lm_head:
        add_edges(rows, sizes, embedding=embedding, lm_head=lm_head)
    rows.check_size()
    tokens = sequences if phase == "decode" else sequences * lengths
    return OperatorTable.build(rows.heads, rows.columns, tokens)


def _check_choices(phase: str, masked: str) -> None:
    for name, value, accepted in (("phase", phase, PHASES), ("masked", masked, MASKED)):
        if value not in accepted:
            raise RequestError(f"{name}: {value!r}; accepted: {', '.join(accepted)}")


def _whole(name: str, values: npt.ArrayLike, most: int) -> IntArray:
    """A one-dimensional int64 array of positive whole numbers."""
    import numpy as np

    try:
        array = np.atleast_1d(np.asarray(values)).ravel()
    except (ValueError, OverflowError):
        array = np.array([], dtype=np.float64)
    good = array.size > 0 and array.dtype.kind in "iu"
    outside = array[(array < 1) | (array > most)] if good else array
    if not good or outside.size:
        shown = ", ".join(str(value) for value in outside[:5].tolist()) or "nothing"
        raise RequestError(f"{name}: {shown}; accepted: whole numbers in 1..{most}")
    return array.astype(np.int64)


def _index(models: Sequence[LanguageModel], model_index: npt.ArrayLike | None) -> IntArray:
    import numpy as np

    if not models:
        raise RequestError("models: none given", hint="give at least one language model")
    if model_index is None:
        return np.arange(len(models), dtype=np.int64)
    which = np.atleast_1d(np.asarray(model_index))
    if which.dtype.kind not in "iu" or which.size == 0 or which.min() < 0 or which.max() >= len(models):
        raise RequestError(f"model_index: accepted: whole numbers in 0..{len(models) - 1}, one per point")
    return which.astype(np.int64)


def _common_points(**lengths: int) -> int:
    points = max(lengths.values())
    if any(length not in (1, points) for length in lengths.values()):
        shown = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise RequestError(f"{shown}; accepted: equal lengths, or 1", hint="mesh(models, contexts) makes all pairs")
    return points


def _check_contexts(models: Sequence[LanguageModel], which: IntArray, contexts: IntArray) -> None:
    import numpy as np

    accepted = np.array([model.context_accepted for model in models], dtype=np.int64)[which]
    beyond = (accepted > 0) & (contexts > accepted)
    if not beyond.any():
        return
    lines = []
    for number in np.unique(which[beyond]).tolist():
        model, asked = models[number], contexts[beyond & (which == number)].max()
        line = f"context {asked} of {model.name}: accepted: 1..{model.context_accepted}"
        if model.context_accepted > model.context_max:
            line += f" (its positions end at {model.context_max}; publications evaluate it to {model.context_accepted})"
        lines.append(line)
    raise RequestError(
        "\n".join(lines),
        hint="choose a shorter context or a model with more positions, or lift the limit with --beyond-context",
    )


def _check_vocabularies(models: Sequence[LanguageModel], which: IntArray) -> None:
    import numpy as np

    missing = [models[number].name for number in np.unique(which).tolist() if models[number].vocabulary == 0]
    if missing:
        raise RequestError(
            f"embedding and LM head need the vocabulary, which {', '.join(missing)} does not say",
            hint="add vocab_size to the config.json",
        )
