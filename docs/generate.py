"""Writes the documentation that is made: library catalogue, CLI reference, error table, spec schema, pass matrix.

python docs/generate.py           writes
python docs/generate.py --check   exits 1 and names the files that are stale
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpugen.results.amdahl import ModelComparison
    from tpugen.rtl_templates import LibraryModule

DOCS = Path(__file__).resolve().parent
NOTE = "<!-- Made by docs/generate.py from {source}. Do not edit: run `make docs`. -->\n"
HELP_COLUMNS = 100
BENCH_RESULTS = DOCS.parent / "benchmarks" / "results" / "llm"
FIRST_SIGHT = DOCS / "data" / "first-sight.json"
MATRIX_RESULTS = DOCS / "data" / "pass-matrix.json"
HYBRID_RUN = DOCS / "data" / "hybrid-run.json"
TEMPLATES = DOCS / "templates"


def library() -> str:
    """Catalogue of the Verilog library, from the cards."""
    from tpugen.rtl_templates import load_library

    modules = list(load_library().values())
    lines = [NOTE.format(source="the cards in rtl_templates/"), "# The RTL library", ""]
    lines += [
        f"{len(modules)} modules in Verilog-2005, one per file, each with a card beside it. Widths are in bits.",
        "One marked *template* is rendered once per design: it instantiates that design's arithmetic units by name.",
        "",
    ]

    def room_of(module: LibraryModule) -> str:
        return module.room

    for room, members in groupby(modules, key=room_of):
        lines += [f"- [{_title(room)}](#{room.replace('_', '-')}): "]
        lines[-1] += ", ".join(f"[`{module.name}`](#{module.name})" for module in members)
    for room, members in groupby(modules, key=room_of):
        lines += ["", f"## {_title(room)}"]
        for module in members:
            lines += ["", *_module(module)]
    return "\n".join(lines) + "\n"


def _title(room: str) -> str:
    return room.replace("_", " ").capitalize()


def _module(module: LibraryModule) -> Iterator[str]:
    card = module.card
    form = " (template)" if module.is_template else ""
    yield f"### {card.name}"
    yield ""
    yield f"{card.summary}"
    yield ""
    yield f"- File: `rtl_templates/{module.room}/{module.path.name}`{form}"
    yield f"- Kind: {card.kind}"
    yield f"- Latency: {card.latency}"
    yield f"- Source: {card.source}"
    if module.dependencies:
        yield "- Uses: " + ", ".join(f"[`{name}`](#{name})" for name in module.dependencies)
    if card.parameters:
        yield from ("", "| parameter | default | legal | meaning |", "|---|---|---|---|")
        for parameter in card.parameters:
            yield _row(f"`{parameter.name}`", f"`{parameter.default}`", parameter.legal, parameter.meaning)
    if card.ports:
        yield from ("", "| port | direction | width | meaning |", "|---|---|---|---|")
        for port in card.ports:
            yield _row(f"`{port.name}`", port.direction, f"`{port.width}`", port.meaning)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def cli() -> str:
    """Reference of every command, from its own --help."""
    # Set before the command line is imported: its help is laid out for the terminal that it finds.
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        os.environ.pop(name, None)
    os.environ.update(COLUMNS=str(HELP_COLUMNS), TERMINAL_WIDTH=str(HELP_COLUMNS), NO_COLOR="1", TERM="dumb")
    import typer.main
    from typer.testing import CliRunner

    from tpugen.cli.main import app

    runner = CliRunner()
    lines = [NOTE.format(source="`tpugen --help`"), "# Command line", ""]
    lines += ["Data goes to stdout, talk to stderr. Exit codes are listed in [errors.md](errors.md).", ""]
    for path in _commands(typer.main.get_command(app), ()):
        result = runner.invoke(app, [*path, "--help"], prog_name="tpugen", terminal_width=HELP_COLUMNS)
        if result.exit_code != 0:
            sys.exit(f"docs/generate.py: `{' '.join(('tpugen', *path))} --help` ended with {result.exit_code}")
        text = "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines()).strip("\n")
        heading = " ".join(("tpugen", *path))
        lines += [f"## {heading}", "", "```text", text, "```", ""]
    return "\n".join(lines)


def _commands(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every command's path, parents before children, in the order in which help lists them."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _commands(child, (*path, name))


def errors() -> str:
    """Table of errors and exit codes, from the exception tree."""
    import tpugen.errors

    lines = [NOTE.format(source="tpugen/errors.py"), "# Errors and exit codes", ""]
    lines += [
        "Every message says what was found, where, what was expected and what to do. From Python the same errors are",
        "exceptions in `tpugen.errors`, all below `TpugenError`.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        "| 0 | pass |",
        "| 1 | the design failed a gate |",
        "| 2 | the request is wrong; nothing was started |",
        "| 3 | a tool, a file or the disk is missing or broke |",
        "| 4 | the chat model failed |",
        "| 130 | interrupted (Ctrl-C) |",
        "",
        "| error | exit code | when |",
        "|---|---|---|",
    ]

    def walk(kind: type[tpugen.errors.TpugenError], depth: int) -> None:
        words = cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        lines.append(_row("&nbsp;&nbsp;" * depth + f"`{kind.__name__}`", str(kind.exit_code), words))
        for child in kind.__subclasses__():
            if child.__module__ == "tpugen.errors":
                walk(child, depth + 1)

    walk(tpugen.errors.TpugenError, 0)
    return "\n".join(lines) + "\n"


def schema() -> str:
    """JSON schema of the spec, as `tpugen spec --schema` prints it."""
    from tpugen.spec import spec_json_schema

    return json.dumps(spec_json_schema(), indent=2) + "\n"


def pass_matrix() -> str:
    """The pass matrix, from the results of the last full sweep."""
    from tpugen.pipeline.matrix_report import MatrixSummary, matrix_page

    summary = MatrixSummary.model_validate_json(MATRIX_RESULTS.read_text(encoding="utf-8"))
    return NOTE.format(source="docs/data/pass-matrix.json, which `make matrix` writes") + "\n" + matrix_page(summary)


def arithmetic() -> str:
    """Catalogue of the arithmetic units, from the registry, the models and the measured data."""
    from tpugen.report.arithmetic_page import arithmetic_page

    return NOTE.format(source="the registry, the models and dataset/data/") + arithmetic_page("images")


def benchmark() -> str:
    """The benchmark: what it is, its suites, and every result that is kept."""
    from tpugen.bench.problems import SUITES, load_suite
    from tpugen.report.bench_docs import benchmark_page

    suites = [(name, len(load_suite(name)), holds) for name, holds in SUITES.items()]
    note = NOTE.format(source="the suites and benchmarks/results/llm/")
    return note + benchmark_page(BENCH_RESULTS, FIRST_SIGHT, suites, "images")


def benchmark_chart() -> str:
    """pass@1 of every result that is kept."""
    from tpugen.report import bench_docs

    return bench_docs.benchmark_chart(BENCH_RESULTS)


@cache
def _comparison() -> ModelComparison:
    from tpugen.pipeline.comparing import model_compare

    return model_compare()


def model_page(name: str) -> str:
    """A page about the performance model: words from docs/templates/, tables from the model."""
    from tpugen.report.model_docs import model_docs_page

    template = TEMPLATES / f"{name}.j2"
    note = NOTE.format(source=f"docs/templates/{template.name} and the performance model")
    return note + model_docs_page(template.read_text(encoding="utf-8"), _comparison())


def hybrid_page() -> str:
    """The page about the hybrid accelerator: words from docs/templates/, tables from the code and a kept run."""
    from tpugen.report.accelerator_docs import accelerator_docs_page

    template = TEMPLATES / "hybrid-accelerator.md.j2"
    note = NOTE.format(source=f"docs/templates/{template.name} and docs/data/{HYBRID_RUN.name}")
    facts = json.loads(HYBRID_RUN.read_text(encoding="utf-8"))
    return note + accelerator_docs_page(template.read_text(encoding="utf-8"), facts)


def _diagram(spec: dict[str, object]) -> str:
    """The block diagram of an accelerator, drawn from its spec."""
    from tpugen.report.accelerator_diagram import accelerator_diagram
    from tpugen.report.accelerator_docs import diagram_file
    from tpugen.spec import AcceleratorSpec, spec_from_dict

    design = spec_from_dict(spec)
    if not isinstance(design, AcceleratorSpec):
        raise TypeError(f"no diagram of a {design.kind}")
    return diagram_file(accelerator_diagram(design))


def _model_chart(name: str) -> str:
    from tpugen.report.chart_base import chart_file
    from tpugen.report.model_charts import model_chart

    return chart_file(model_chart(name, _comparison()))


def _model_charts() -> dict[str, Callable[[], str]]:
    """The papers' figures, drawn from the model, by file name."""
    from tpugen.report.model_charts import MODEL_CHARTS

    return {f"images/{name}": partial(_model_chart, name) for name in MODEL_CHARTS}


def _charts() -> dict[str, Callable[[], str]]:
    """The catalogue's charts, by file name."""
    from tpugen.report.arithmetic_page import CHARTS, page_chart

    return {f"images/{name}": partial(page_chart, name) for name in CHARTS}


PAGES: dict[str, Callable[[], str]] = {
    "arithmetic.md": arithmetic,
    "benchmark.md": benchmark,
    "cli.md": cli,
    "errors.md": errors,
    "library.md": library,
    "pass-matrix.md": pass_matrix,
    "performance-model.md": partial(model_page, "performance-model.md"),
    "published-energy-gain.md": partial(model_page, "published-energy-gain.md"),
    "spec-schema.json": schema,
    "images/benchmark.svg": benchmark_chart,
    "images/hybrid-accelerator.svg": partial(
        _diagram, {"kind": "pim_llm", "d": 64, "heads": 4, "rows": 32, "cols": 32, "adc_bits": 6}
    ),
    "images/tensor-unit.svg": partial(_diagram, {"kind": "tpu", "rows": 32, "cols": 32}),
    "images/pim-tile.svg": partial(_diagram, {"kind": "pim_tile", "rows": 700, "cols": 900}),
    **_model_charts(),
    **_charts(),
}
if HYBRID_RUN.is_file():  # kept by docs/hybrid_run.py
    PAGES["hybrid-accelerator.md"] = hybrid_page


def main(arguments: list[str] | None = None) -> int:
    """Write or check every page; the exit code."""
    parser = argparse.ArgumentParser(description="Generated documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    check = parser.parse_args(arguments).check
    stale = 0
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        stale += 1
        if check:
            changes = list(
                difflib.unified_diff(old.splitlines(), text.splitlines(), "as written", "as it is", lineterm="")
            )
            sys.stderr.write(f"docs/{name} is stale; run `make docs`\n" + "\n".join(changes[:20]) + "\n")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"wrote docs/{name}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
