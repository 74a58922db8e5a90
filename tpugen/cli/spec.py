"""`tpugen spec`: what would be built."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json, SpecFile, Text, one_request
from tpugen.cli.output import print_json, print_pairs

__all__ = ["spec"]


def spec(
    text: Text = None,
    spec_file: SpecFile = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of specs instead.")] = False,
    json: Json = False,
) -> None:
    """Read a request: the spec, what was assumed, what was not understood. Nothing is built."""
    if schema:
        from tpugen.spec import spec_json_schema

        print_json(spec_json_schema())
        return
    from tpugen.pipeline.request import understand
    from tpugen.spec import contract_for

    asked = understand(one_request(text, spec_file))
    if json:
        document: dict[str, object] = {
            "spec": asked.spec.model_dump(mode="json"),
            "assumptions": asked.assumptions,
            "not_understood": asked.not_understood,
        }
        print_json({**document, "gemms": asked.gemms} if asked.gemms else document)
        return
    contract = contract_for(asked.spec)
    fields = asked.spec.model_dump(mode="json")
    pairs = [("kind", fields.pop("kind")), *((name, _in_words(value)) for name, value in fields.items())]
    pairs.append(("module", contract.module))
    pairs.append(("latency", contract.latency.formula()))
    pairs.extend(("assumed", f"{a['field']} = {a['value']}: {a['reason']}") for a in asked.assumptions)
    pairs.extend(("workload", f"GEMM {gemm}") for gemm in asked.gemms)
    pairs.extend(("not understood", words) for words in asked.not_understood)
    print_pairs(pairs)


def _in_words(value: object) -> str:
    """`yes`, `drum (k = 4)`, `200`."""
    match value:
        case bool():
            return "yes" if value else "no"
        case {"family": family, **parameters}:
            settings = ", ".join(f"{name} = {number}" for name, number in parameters.items())
            return f"{family} ({settings})" if settings else str(family)
        case float():
            return f"{value:g}"
        case _:
            return str(value)
