"""Prompts from the files in `prompts/`: what to write, over which modules, and findings to mend.

What hardly changes from one request to the next stands first (rules, library, similar design), so that a server that
keeps the beginning of a prompt does not read it again; the header to copy stands last, where a small model looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.dataset import module_header
from tpugen.findings import Finding
from tpugen.retrieval import Hit
from tpugen.rtl_templates import load_library
from tpugen.spec import Contract, DesignSpec
from tpugen.writers.composer import library_files
from tpugen.writers.prompt_parts import hit_modules, numbers_of, shown_example, shown_modules
from tpugen.writers.settings import WriterSettings
from tpugen.writers.task import WritingTask

if TYPE_CHECKING:
    import jinja2

__all__ = ["Material", "first_prompt", "header_of", "prompts_hash", "repair_prompt", "system_prompt"]

_FINDINGS_SHOWN = 8
_WARNINGS_SHOWN = 3
_OTHERS_SHOWN = 6
_LEARNT_FROM = 3
_REFERENCE_LIMIT_CHARACTERS = 8000


@dataclass(frozen=True)
class Material:
    """What retrieval gives to a prompt.

    Attributes:
        hits: Documents found, best first.
        examples: Similar designs of the dataset, nearest first; never the design that is asked for.
    """

    hits: tuple[Hit, ...] = ()
    examples: tuple[DesignSpec, ...] = ()


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(  # noqa: S701 - prompts are text, not HTML
        loader=jinja2.FileSystemLoader(_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _folder() -> Path:
    return Path(__file__).parent / "prompts"


@cache
def prompts_hash() -> str:
    """First 16 hex digits of SHA-256 over all prompt files: results of other prompts are not comparable."""
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(_folder().glob("*.md*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def system_prompt(contract: Contract, settings: WriterSettings) -> str:
    """The rules of the house, with the clock and the reset of this contract."""
    template = _environment().get_template(f"system_{settings.mode}.md.j2")
    return template.render(body=settings.body_only, registers=_registers(contract))


def _registers(contract: Contract) -> str | None:
    """How registers of a contract are written; None where it has no clock."""
    if contract.clock_name is None:
        return None
    edges, reset = f"posedge {contract.clock_name}", contract.reset_port
    if reset is None:
        return f"always @({edges}) ..."
    if reset.asynchronous:
        edges += f" or {'negedge' if reset.active_low else 'posedge'} {reset.port}"
    return f"always @({edges}) if ({'!' if reset.active_low else ''}{reset.port}) ... else ..."


def header_of(task: WritingTask, settings: WriterSettings) -> str | None:
    """The header that stands before what the model writes; None where the model writes it itself."""
    return module_header(task.contract) if settings.body_only else None


def first_prompt(task: WritingTask, material: Material, settings: WriterSettings) -> str:
    """The prompt that asks for a design.

    Args:
        task: What to write.
        material: What retrieval found; without retrieval neither modules nor examples are shown.
        settings: Mode and budgets.
    """
    spec = task.spec
    names = hit_modules(task.contract, spec, material.hits) if settings.retrieval else []
    examples = material.examples if settings.retrieval and settings.mode == "compose" else ()
    modules = shown_modules(spec, names, settings.source_budget_tokens)
    if settings.mode == "full":  # a header alone teaches nothing where every module has to be written
        modules = [module for module in modules if module.whole][:_LEARNT_FROM]
    reference = task.reference.strip()[:_REFERENCE_LIMIT_CHARACTERS] if task.reference else None
    text = (
        _environment()
        .get_template(f"{settings.mode}.md.j2")
        .render(
            request=task.request.strip(),
            contract=task.contract,
            header=module_header(task.contract),
            body=settings.body_only,
            latency=task.contract.latency.formula(),
            numbers=numbers_of(spec) if spec is not None else "",
            modules=modules,
            others=_others(spec, names, material.hits) if settings.retrieval else [],
            examples=[shown_example(example) for example in examples],
            reference=reference,
        )
    )
    return _without_gaps(text)


def _others(spec: DesignSpec | None, shown: Sequence[str], hits: Sequence[Hit]) -> list[object]:
    """Cards of modules that were found and are neither shown nor inside of what is shown."""
    library = load_library()
    below = {file.name.removesuffix(".v") for file in library_files(spec, shown)} if spec is not None else set(shown)
    names = [hit.name for hit in hits if hit.name in library and hit.name not in below]
    return [library[name].card for name in names[:_OTHERS_SHOWN]]


def _without_gaps(text: str) -> str:
    """No more than one empty line in a row: macros and conditions leave gaps."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line)
    return "\n".join(lines) + "\n"


def repair_prompt(
    contract: Contract,
    findings: Sequence[Finding],
    sources: Mapping[str, str],
    *,
    body: bool = False,
    afresh: bool = False,
) -> str:
    """The prompt that feeds findings back.

    Args:
        contract: What the design must be.
        findings: All findings. The first warnings about the model's own files are shown, as a warned-of width is often
            why a simulation fails, then errors; eight in all, as one cause often gives many.
        sources: Text by file name of what the model wrote, to quote the lines that findings point at.
        body: The model is asked for what follows the header, not for whole modules.
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
            body=body,
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
