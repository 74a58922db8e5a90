"""Prompts from the files in `prompts/`: contract, retrieved modules and request, and findings to mend.

What the model needs in order to instantiate a module is its header and an example; its source follows only while the
budget of tokens lasts, nearest module first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.dataset import library_modules_for, module_header
from tpugen.findings import Finding
from tpugen.retrieval import Hit
from tpugen.retrieval.verilog import module_header_of
from tpugen.rtl_templates import LibraryModule, load_library
from tpugen.spec import Contract, DesignSpec, contract_for
from tpugen.writers.composer import library_files
from tpugen.writers.files import RtlFile

if TYPE_CHECKING:
    import jinja2

__all__ = ["SOURCE_BUDGET_TOKENS", "estimated_tokens", "first_prompt", "repair_prompt", "system_prompt"]

SOURCE_BUDGET_TOKENS = 1500
"""How many tokens of library source a prompt carries on top of headers."""

_CHARACTERS_PER_TOKEN = 3.2  # of Verilog, measured with the tokenizers of current code models: 3.0 to 3.6
_FINDINGS_SHOWN = 8
_WARNINGS_SHOWN = 3
_OTHERS_SHOWN = 6


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens `text` costs; no model's own tokenizer is needed to plan a prompt."""
    return int(len(text) / _CHARACTERS_PER_TOKEN) + 1


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(  # noqa: S701 - prompts are text, not HTML
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "prompts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def system_prompt() -> str:
    """The rules of the house."""
    return _environment().get_template("system.md").render()


@dataclass(frozen=True)
class _ShownModule:
    name: str
    summary: str
    latency: str
    inside: tuple[str, ...]
    code: str
    example: str | None


def first_prompt(
    spec: DesignSpec, request: str, hits: Sequence[Hit], *, source_budget_tokens: int = SOURCE_BUDGET_TOKENS
) -> str:
    """The prompt that asks for a design.

    Args:
        spec: What to build; gives the contract.
        request: The user's words.
        hits: What retrieval found, best first.
        source_budget_tokens: Tokens of library source beyond the headers.
    """
    contract = contract_for(spec)
    library = load_library()
    needed = list(library_modules_for(spec))
    below = {_stem(file) for file in library_files(spec, needed)} - set(needed)
    others = [hit.name for hit in hits if hit.name in library and hit.name not in below and hit.name not in needed]
    return (
        _environment()
        .get_template("write.md.j2")
        .render(
            request=request.strip(),
            contract=contract,
            header=module_header(contract),
            numbers=_numbers(spec),
            modules=_shown_modules(spec, needed, source_budget_tokens),
            others=[library[name].card for name in others[:_OTHERS_SHOWN]],
        )
    )


def _numbers(spec: DesignSpec) -> str:
    """The spec's fields as `signed = 0 (unsigned), rows = 4, ...`: with the value that a Verilog parameter takes."""
    fields = {
        name: value
        for name, value in spec.model_dump().items()
        if isinstance(value, int | str) and not isinstance(value, bool) and name != "kind"
    }
    fields = {"signed": "1 (two's complement)" if spec.signed else "0 (unsigned)", **fields}
    return ", ".join(f"{name} = {value}" for name, value in fields.items())


def _shown_modules(spec: DesignSpec, names: Sequence[str], budget_tokens: int) -> list[_ShownModule]:
    """Headers of all, sources while the budget lasts."""
    shown = []
    for name in names:
        *inside, file = library_files(spec, [name])
        module = load_library()[name]
        cost = estimated_tokens(file.text)
        whole = cost <= budget_tokens
        budget_tokens -= cost if whole else 0
        shown.append(
            _ShownModule(
                name=name,
                summary=module.card.summary,
                latency=module.card.latency,
                inside=tuple(_stem(item) for item in inside),
                code=file.text.strip() if whole else module_header_of(file.text, name),
                example=_example(module),
            )
        )
    return shown


def _stem(file: RtlFile) -> str:
    return file.name.removesuffix(".v")


def _example(module: LibraryModule) -> str:
    """A named instantiation from the card: a gap for each parameter, each port to a signal of its own name."""
    card = module.card
    lines = [f"{module.name} #("] if card.parameters else [f"{module.name} u_{module.name} ("]
    if card.parameters:
        width = max(len(item.name) for item in card.parameters)
        last = len(card.parameters) - 1
        for number, item in enumerate(card.parameters):
            comma = "" if number == last else ","
            # A gap, not the default: small models copy a number that stands there, and the design is another one.
            lines.append(f"  .{item.name:<{width}} (<number>){comma} // {item.meaning}")
        lines.append(f") u_{module.name} (")
    width = max(len(port.name) for port in card.ports)
    connections = [f"  .{port.name:<{width}} ({port.name})" for port in card.ports]
    return "\n".join([*lines, ",\n".join(connections), ");"])


def repair_prompt(
    contract: Contract, findings: Sequence[Finding], sources: Mapping[str, str], *, afresh: bool = False
) -> str:
    """The prompt that feeds findings back.

    Args:
        contract: What the design must be.
        findings: All findings. The first warnings about the model's own files are shown, as a warned-of width is often
            why a simulation fails, then errors; eight in all, as one cause often gives many.
        sources: Text by file name of what the model wrote, to quote the lines that findings point at.
        afresh: The model does not see its own code again; the findings are mistakes to avoid.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    warnings = [finding for finding in findings if finding.severity == "warning" and finding.file in sources]
    distinct = list({(item.rule, item.message): item for item in [*warnings[:_WARNINGS_SHOWN], *errors]}.values())
    return (
        _environment()
        .get_template("repair.md.j2")
        .render(
            header=module_header(contract),
            afresh=afresh,
            count=len(distinct),
            findings=[_shown_finding(item, sources) for item in distinct[:_FINDINGS_SHOWN]],
        )
    )


def _shown_finding(finding: Finding, sources: Mapping[str, str]) -> dict[str, str | None]:
    lines = sources.get(finding.file or "", "").splitlines()
    known = finding.line is not None and 1 <= finding.line <= len(lines)
    return {
        "gate": finding.gate,
        "rule": finding.rule,
        "message": " ".join(finding.message.split()),
        "hint": finding.hint,
        "place": f"{finding.file} line {finding.line}" if known else None,
        "code": lines[(finding.line or 1) - 1].strip() if known else None,
    }
