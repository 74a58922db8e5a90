"""The documentation of the hybrid accelerator: words from a template, tables from the code and from a stored run."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from markupsafe import Markup

from tpugen.report.accelerator_view import ENGINE_WORDS, model_rows
from tpugen.report.environment import template_text
from tpugen.report.text import quantity, seconds
from tpugen.results.accelerators import AcceleratorReport
from tpugen.spec import PimLlmSpec, spec_from_dict

__all__ = ["accelerator_docs_page", "diagram_file", "documented_members"]

_PALETTE = """
svg { --card: #ffffff; --ink: #171b21; --muted: #59636f; --rule: #dfe3e8; --act: #1d5fc4; --act-soft: #e3edfb;
  --wgt: #a34a06; --wgt-soft: #fbeadb; --res: #0b6e64; --res-soft: #ddf2ee; --ctl: #5b5f73;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { svg { --card: #171b21; --ink: #e7eaee; --muted: #9ba6b3; --rule: #2c333c;
  --act: #79aefc; --act-soft: #172a47; --wgt: #f0a860; --wgt-soft: #3a2613; --res: #56cdb8; --res-soft: #10332f;
  --ctl: #a9aec4; } }
"""


_SHOWN_CONTEXT = "1,024"
"""Context of the comparison of technologies."""


def diagram_file(drawing: Markup) -> str:
    """A diagram as a file of its own: with name space, colours, a ground, and the page's rules for drawings."""
    rules = "\n".join(line for line in template_text("report.css").splitlines() if line.startswith("svg "))
    head, rest = str(drawing).split(">", 1)
    ground = '<rect width="100%" height="100%" style="fill: var(--card)"/>'
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{_PALETTE}{rules}</style>{ground}{rest}\n'


def documented_members(module: ModuleType, name: str) -> list[tuple[str, int, str]]:
    """Members of an enumeration with the words that stand below them in its source: name, value, words."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    values = getattr(module, name).__members__
    found: list[tuple[str, int, str]] = []
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            words = ""
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                words = inspect.cleandoc(str(below.value.value))
            found.append((node.targets[0].id, int(values[node.targets[0].id]), " ".join(words.split())))
    return found


def accelerator_docs_page(template: str, facts: Mapping[str, Any]) -> str:
    """A page in Markdown.

    Args:
        template: Jinja text.
        facts: What `docs/hybrid_run.py` kept of a run.
    """
    import jinja2

    spec = spec_from_dict(dict(facts["spec"]))
    if not isinstance(spec, PimLlmSpec):
        raise TypeError(f"the page tells of a pim_llm; found a {spec.kind}")
    report = AcceleratorReport.model_validate(facts["report"])
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True,
                                     autoescape=False)  # noqa: S701 - Markdown of our own, no HTML  # fmt: skip
    environment.globals |= {
        "registers": _registers,
        "status_bits": _status_bits,
        "operators": lambda: _operators(report),
        "clipping": lambda: _clipping(facts["clipping"]),
        "layer_sizes": lambda: _layer_sizes(spec),
        "models": lambda: _models(report),
        "technologies": lambda: _technologies(facts["technologies"]),
        "energy": lambda: _energy(report),
        "time": lambda: _time(report),
        "notes": lambda: "\n".join(f"- {note}" for note in report.notes),
    }
    return environment.from_string(template).render(
        spec=spec,
        report=report,
        run=facts,
        shown=_first(report),
        duration=seconds(facts["seconds"]),
        clipped=any(item["clipped"] for item in facts["clipping"]),
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A Markdown table whose first `words` columns are flush left, the others flush right."""
    rule = ["---" if index < words else "---:" for index in range(len(heads))]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _registers() -> str:
    from tpugen.arithmetic.decoder_layer import host
    from tpugen.arithmetic.decoder_layer.operators import Operator

    members = documented_members(host, "Register")
    rows = [[f"0x{value:03X}", f"`{name}`", words] for name, value, words in members]
    each = "of W_Q; the other matrices follow"
    blocks = [
        (host.constant_register("W_Q"), "CONSTANT", f"{each}: multiplier in bits 15..0, shift in 21..16"),
        (host.clips_register("W_Q"), "CLIPS", f"read only, {each}: conversions of this token that clipped"),
        (host.planes_register("W_Q"), "PLANES", f"read only, {each}: bit planes read"),
        (host.counter_register(Operator.LOAD), "COUNTER", "read only, of LOAD; the other operators follow: cycles"),
    ]
    rows += [[f"0x{address:03X}…", f"`{name}`", words] for address, name, words in blocks]
    return _table(["address", "register", "what it is"], rows, 3)


def _status_bits() -> str:
    from tpugen.arithmetic.decoder_layer import host

    rows = [
        [str(value.bit_length() - 1), f"`{name}`", words] for name, value, words in documented_members(host, "Status")
    ]
    return _table(["bit", "status", "when"], rows, 3)


def _operators(report: AcceleratorReport) -> str:
    rows = [
        [f"`{item.name.upper()}`", f"{item.simulated_cycles:,}", f"{item.model_cycles:,}",
         f"{item.simulated_cycles - item.model_cycles}"]
        for item in report.operators
    ]  # fmt: skip
    simulated = sum(item.simulated_cycles for item in report.operators)
    model = sum(item.model_cycles for item in report.operators)
    rows.append(["total", f"{simulated:,}", f"{model:,}", f"{simulated - model}"])
    return _table(["operator", "simulated", "model", "difference"], rows)


def _clipping(records: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [f"`{item['name']}`", f"{item['conversions']:,}", f"{item['clipped']:,}",
         f"{item['clipped'] / item['conversions'] if item['conversions'] else 0:.3%}"]
        for item in records
    ]  # fmt: skip
    return _table(["matrix", "conversions", "clipped", "rate"], rows)


def _layer_sizes(spec: PimLlmSpec) -> str:
    from tpugen.arithmetic.decoder_layer import tile_shapes

    rows = [
        [f"`{name}`", f"{tile.rows} x {tile.cols}", str(tile.block_rows * tile.block_cols)]
        for name, tile in tile_shapes(spec.shape, spec.crossbars).items()
    ]
    return _table(["matrix", "inputs x outputs", "crossbars"], rows)


def _models(report: AcceleratorReport) -> str:
    heads = ["model", "context", "tokens/s", "tokens/J", "always on", "printed, tokens/s", "modelled, tokens/s"]
    heads += ["tokens/J", "baseline, tokens/s", "tokens/J"]
    rows = [
        [row.model, row.context, row.tokens_per_s, row.tokens_per_j, row.always_on, row.hybrid_printed,
         row.hybrid_modelled, row.hybrid_tokens_per_j, row.baseline_modelled, row.baseline_tokens_per_j]
        for row in model_rows(report.points)
    ]  # fmt: skip
    return _table(heads, rows)


def _technologies(runs: Sequence[Mapping[str, Any]]) -> str:
    """The same design in other technologies: what was measured, and each model at one context."""
    models = list(dict.fromkeys(row[0] for row in runs[0]["models"]))
    heads = ["technology", "mm2", "highest MHz", "mW"]
    for model in models:
        heads += [f"{model}, tokens/s", "tokens/J", "always on"]
    rows = []
    for run in runs:
        line = [run["technology"], quantity(run["area_um2"] / 1e6, 3), quantity(run["fmax_mhz"], 4),
                quantity(run["power_mw"], 4)]  # fmt: skip
        for model in models:
            line += next(row[2:] for row in run["models"] if row[:2] == [model, _SHOWN_CONTEXT])
        rows.append(line)
    return _table(heads, rows)


def _first(report: AcceleratorReport) -> Mapping[str, str]:
    from tpugen.report.accelerator_view import shown_point
    from tpugen.report.model_charts import model_name

    point = shown_point(report)
    if point is None:
        return {}
    result = point.result
    idle = math.fsum(part.energy_mj or 0.0 for part in point.standby)
    return {
        "model": model_name(result.model),
        "context": f"{result.context:,}",
        "latency": f"{quantity(result.latency_ms, 3)} ms",
        "energy": f"{quantity(result.energy_mj, 3)} mJ",
        "standby": f"{quantity(idle, 3)} mJ",
        "area": f"{quantity(result.area_mm2, 3)} mm2",
    }


def _time(report: AcceleratorReport) -> str:
    """Time of a token by part of the accelerator."""
    from tpugen.report.accelerator_view import shown_point

    point = shown_point(report)
    if point is None:
        return ""
    result = point.result
    rows = [
        [ENGINE_WORDS.get(engine.name, engine.name), quantity(engine.latency_ms, 3),
         f"{engine.latency_ms / result.latency_ms:.1%}"]
        for engine in result.engines
        if engine.latency_ms
    ]  # fmt: skip
    return _table(["part", "ms a token", "share"], rows)


def _energy(report: AcceleratorReport) -> str:
    """Energy of a token by component, and what stands by."""
    from tpugen.report.accelerator_view import energy_parts, shown_point

    point = shown_point(report)
    if point is None or point.result.energy_mj is None:
        return ""
    rows = [
        [part.name, part.engine, part.value.removesuffix(" mJ"), f"{part.share:.1%}", part.origin]
        for part in energy_parts(point.result.components)
    ]
    rows += [
        [
            part.name,
            f"standby: {part.engine or 'various'}",
            part.value.removesuffix(" mJ"),
            f"{part.share:.1%}",
            part.origin,
        ]
        for part in energy_parts(point.standby)
    ]
    return _table(["component", "part", "mJ a token", "share", "origin"], rows, 2)
