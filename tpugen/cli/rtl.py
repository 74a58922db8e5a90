"""`tpugen rtl`: the RTL alone."""

from __future__ import annotations

from tpugen.cli.choices import Json, Out, SpecFile, Text, one_request
from tpugen.cli.output import print_data, print_json, talk

__all__ = ["rtl"]


def rtl(text: Text = None, spec: SpecFile = None, out: Out = None, json: Json = False) -> None:
    """Compose RTL and print it, or write it to --out. No tool checks it: `tpugen generate` does."""
    from tpugen.pipeline.rtl import compose_rtl

    result = compose_rtl(one_request(text, spec), out=out)
    if json:
        print_json(result)
    elif out is not None:
        for file in result.files:
            print_data(str(file.path))
    else:
        for file in result.files:
            print_data(f"// file: {file.name}\n{file.text}")
        talk(f"{len(result.files)} files; --out DIR writes them")
