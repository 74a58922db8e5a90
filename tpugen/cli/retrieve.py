"""`tpugen retrieve`: what the LLM writer would be shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import print_json, print_table, talk

if TYPE_CHECKING:
    from tpugen.pipeline.retrieving import SearchReply

__all__ = ["Corpus", "DatasetFolder", "Embedding", "retrieve"]

Corpus = Annotated[
    str,
    typer.Option("--corpus", metavar="NAME", help="core (library, some hundred designs), modules, or dataset (all)."),
]
DatasetFolder = Annotated[
    Path | None,
    typer.Option("--dataset", metavar="DIR", help="A built dataset, instead of the designs that tpugen enumerates."),
]
Embedding = Annotated[
    str | None,
    typer.Option(
        "--embedding", metavar="NAME|DIR", help="Embedding model (default: $TPUGEN_EMBEDDING, else all-MiniLM-L6-v2)."
    ),
]


def retrieve(
    text: Annotated[str, typer.Argument(help="What to look for, in words.")],
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many to take by rank.")] = 5,
    corpus: Corpus = "core",
    dataset: DatasetFolder = None,
    embedding: Embedding = None,
    dense: Annotated[
        bool, typer.Option("--dense/--no-dense", help="Search by meaning too, not by words alone.")
    ] = True,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Search the library and the dataset; results are closed over module dependencies and say why they are there."""
    from tpugen.cli.progress import bar
    from tpugen.pipeline.retrieving import retrieve as search

    with bar("building the index", "texts", quiet=quiet) as on_progress:
        reply = search(
            text, count, corpus=corpus, dataset=dataset, embedding=embedding, dense=dense, on_progress=on_progress
        )
    for note in reply.notes:
        talk(note)
    if json:
        print_json(reply)
        return
    _say_filter(reply)
    rows = [[hit.name, f"{hit.score:.3f}", hit.why] for hit in reply.results]
    print_table(["name", "score", "why"], rows, right=["score"])


def _say_filter(reply: SearchReply) -> None:
    if reply.spec is None:
        talk("read as words: the text asks for no design that could be a filter")
        return
    from tpugen.retrieval.hits import fact_in_words

    def words(facts: Mapping[str, str | int | bool]) -> str:
        return ", ".join(fact_in_words(name, value) for name, value in facts.items()) or "nothing"

    talk(f"filter: {words(reply.required)}")
    talk(f"stated: {words({n: v for n, v in reply.stated.items() if n not in reply.required})}")
    left_open = {n: v for n, v in reply.assumed.items() if n not in reply.required and v not in ("", False)}
    talk(f"assumed: {words(left_open)}")
