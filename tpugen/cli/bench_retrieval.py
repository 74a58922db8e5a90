"""`tpugen bench retrieval`: how well and how fast designs and modules are found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import print_json, print_pairs, print_table, talk
from tpugen.cli.retrieve import Corpus, DatasetFolder, Embedding

if TYPE_CHECKING:
    from tpugen.bench.retrieval_measure import RetrievalResult

__all__ = ["retrieval"]


def retrieval(
    corpus: Corpus = "core",
    dataset: DatasetFolder = None,
    embedding: Embedding = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result there as JSON.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure retrieval on held-back paraphrases: recall@1 and @5, MRR, latency; by words, meaning, both, with spec.

    The index is built in an empty folder and timed; for the whole dataset that takes minutes.
    """
    from tpugen.bench.retrieval_measure import measure_retrieval
    from tpugen.cli.progress import bar
    from tpugen.storage import write_json_atomic

    with bar("building the index", "texts", quiet=quiet) as on_progress:
        result = measure_retrieval(
            corpus,
            dataset=dataset,
            embedding=embedding,
            on_progress=on_progress,
            on_note=(lambda _text: None) if quiet else talk,
        )
    for note in result.notes:
        talk(note)
    if out is not None:
        write_json_atomic(out, result.model_dump(mode="json"))
    if json:
        print_json(result)
    else:
        _print(result)


def _print(result: RetrievalResult) -> None:
    from tpugen.bench.retrieval_measure import table_rows

    print_pairs(
        [
            ("corpus", f"{result.corpus}, {result.documents:,} documents made in {result.corpus_seconds:.1f} s"),
            ("embedding", f"{result.embedding}, {result.vector_index} vector index"),
            ("index", f"built in {result.index_seconds:.1f} s, opened in {1e3 * result.open_seconds:.0f} ms"),
            ("queries", f"{result.modes[0].queries}, read as a spec in {result.reading_ms:.1f} ms"),
        ]
    )
    columns = ["search", "recall@1", "recall@5", "MRR", "median ms", "p95 ms"]
    print_table(columns, table_rows(result), right=columns[1:])
