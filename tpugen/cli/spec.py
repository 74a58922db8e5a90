"""`tpugen spec`: what would be built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tpugen.cli.choices import Json, SpecBy, SpecFile, Text, one_request
from tpugen.cli.output import print_data, print_json, print_pairs, print_table, talk

if TYPE_CHECKING:
    from tpugen.pipeline.request import Understanding

__all__ = ["spec"]


def spec(
    text: Text = None,
    spec_file: SpecFile = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of specs instead.")] = False,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Chat model that may read the request as well, or `local:FILE`."),
    ] = None,
    spec_by: SpecBy = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="LIMITS", help='What asking may cost, e.g. "5000 tokens, 2 min, 0.10 usd".'),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask the model again, and keep no reply.")] = False,
    json: Json = False,
) -> None:
    """Read a request: the spec, what was assumed, what was not understood. Nothing is built.

    With a chat model, what it reads differently from the rules is shown, and how that was settled.
    """
    if schema:
        from tpugen.spec import spec_json_schema

        print_json(spec_json_schema())
        return
    from tpugen.pipeline.request import understand

    request = one_request(text, spec_file)
    session = None
    if model is not None:
        from tpugen.pipeline.llm_writing import open_session
        from tpugen.pipeline.options import GenerateOptions

        options = GenerateOptions(chat_model=model, budget=budget, use_cache=not no_cache)
        session = open_session(options, on_event=lambda event: talk(str(event)) if event.kind != "progress" else None)
    asked = understand(request, reader=spec_by.value if spec_by else None, session=session)
    if json:
        print_json(_document(asked))
        return
    print_pairs(_pairs(asked))
    if asked.disagreements:
        _print_disagreements(asked.disagreements)


def _document(asked: Understanding) -> dict[str, object]:
    document: dict[str, object] = {
        "spec": asked.spec.model_dump(mode="json"),
        "assumptions": asked.assumptions,
        "not_understood": asked.not_understood,
    }
    if asked.gemms:
        document["gemms"] = asked.gemms
    if any(reading["by"] == "llm" for reading in asked.readings):
        document |= {"read_by": asked.read_by, "readings": asked.readings, "disagreements": asked.disagreements}
    return document


def _pairs(asked: Understanding) -> list[tuple[str, str]]:
    from tpugen.spec import contract_for

    contract = contract_for(asked.spec)
    fields = asked.spec.model_dump(mode="json")
    pairs = [("kind", fields.pop("kind")), *((name, _in_words(value)) for name, value in fields.items())]
    pairs.append(("module", contract.module))
    pairs.append(("latency", contract.latency.formula()))
    pairs.extend(("assumed", f"{a['field']} = {a['value']}: {a['reason']}") for a in asked.assumptions)
    pairs.extend(("workload", f"GEMM {gemm}") for gemm in asked.gemms)
    pairs.extend(("not understood", words) for words in asked.not_understood)
    pairs.extend(_readers(asked.readings))
    return pairs


def _readers(readings: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Who read the request, where a chat model had a part in it."""
    if not any(reading["by"] == "llm" for reading in readings):
        return []
    names = {"rules": "the rules", "llm": "the chat model"}
    pairs = []
    for reading in readings:
        who = names[reading["by"]] + (f" {reading['model']}" if reading["model"] else "")
        found = reading["problem"] or f"{len(reading['stated'])} values stated"
        pairs.append(("read by", f"{who}: {found}"))
    return pairs


def _print_disagreements(disagreements: Sequence[Mapping[str, Any]]) -> None:
    print_data("")
    rows = [
        [
            item["field"],
            _shown(item["rules"]),
            _shown(item["model"]),
            _shown(item["value"]),
            item["settled"],
            item["why"],
        ]
        for item in disagreements
    ]
    print_table(["field", "rules", "model", "holds", "settled", "why"], rows)


def _shown(value: object) -> str:
    return "-" if value is None else _in_words(value)


def _in_words(value: object) -> str:
    """`yes`, `drum (k = 4)`, `200`."""
    match value:
        case bool():
            return "yes" if value else "no"
        case {"family": family, **parameters}:
            settings = ", ".join(f"{name} = {number}" for name, number in parameters.items())
            return f"{family} ({settings})" if settings else str(family)
        case {"stuck_off": off, "stuck_on": on, "seed": seed}:
            return f"of 65536 cells {off} stuck off, {on} stuck on, seed {seed}" if off or on else "no stuck cells"
        case {"sigma": sigma, "seed": seed}:
            return f"sigma {sigma}/256 of a cell, seed {seed}" if sigma else "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
