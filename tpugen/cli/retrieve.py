"""`tpugen retrieve`: what the LLM writer would be shown."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import print_json, print_table, talk

__all__ = ["retrieve"]


def retrieve(
    text: Annotated[str, typer.Argument(help="What to look for, in words.")],
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many to take by rank.")] = 5,
    json: Json = False,
) -> None:
    """Search the library and the dataset; results are closed over module dependencies and say why they are there."""
    from tpugen.pipeline.retrieving import retrieve as search

    hits, notes = search(text, count)
    for note in notes:
        talk(note)
    if json:
        print_json(hits)
        return
    rows = [[hit.name, f"{hit.score:.3f}", hit.why] for hit in hits]
    print_table(["name", "score", "why"], rows, right=["score"])
