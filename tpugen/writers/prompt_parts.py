"""What prompts show of a design and of the library: numbers, modules, examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tpugen.dataset import library_modules_for, module_header
from tpugen.retrieval import Hit
from tpugen.retrieval.verilog import blank_comments, module_header_of
from tpugen.rtl_templates import LibraryModule, load_library
from tpugen.rtl_templates.accelerators import accelerator_parameters
from tpugen.rtl_templates.instances import unit_parameters
from tpugen.rtl_templates.operand_codes import shared_operands
from tpugen.spec import AcceleratorSpec, Contract, DesignSpec, contract_for
from tpugen.writers.composer import compose, library_files
from tpugen.writers.files import RtlFile

__all__ = ["SIMILAR_LOOKED_AT", "ShownExample", "ShownModule", "estimated_tokens", "hit_modules", "numbers_of",
           "shown_example", "shown_modules", "teaching_examples"]  # fmt: skip

SIMILAR_LOOKED_AT = 40
"""How many similar designs are looked at for those that teach."""

_CHARACTERS_PER_TOKEN = 3.2  # of Verilog, measured with the tokenizers of current code models: 3.0 to 3.6


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens `text` costs; no model's own tokenizer is needed to plan a prompt."""
    return int(len(text) / _CHARACTERS_PER_TOKEN) + 1


@dataclass(frozen=True)
class ShownModule:
    """A library module as a prompt shows it.

    Attributes:
        code: Its source, or its header alone.
        whole: Whether it is the source.
        inside: Modules below it.
        example: How it is instantiated, with gaps for numbers.
    """

    name: str
    summary: str
    latency: str
    inside: tuple[str, ...]
    code: str
    whole: bool
    example: str


@dataclass(frozen=True)
class ShownExample:
    """A similar design: its numbers in words, and its top module without comments.

    Attributes:
        header: From `module` to `);`.
        body: What follows, up to `endmodule`.
    """

    numbers: str
    header: str
    body: str


def numbers_of(spec: DesignSpec) -> str:
    """The spec's fields as `signed = 0 (unsigned), rows = 4, ...`, with the values that Verilog parameters take.

    Of an accelerator, whose fields and parameters have other names, the parameters of its library module.
    """
    return ", ".join(_numbers(spec))


def _numbers(spec: DesignSpec) -> Iterator[str]:
    if isinstance(spec, AcceleratorSpec):
        yield from (f"{name} = {value}" for name, value in accelerator_parameters(spec).items())
        return
    yield f"signed = {'1 (twos complement)' if spec.signed else '0 (unsigned)'}"
    for name, value in spec.model_dump(exclude={"kind", "clock_mhz", "signed"}).items():
        if isinstance(value, int | str) and not isinstance(value, bool):
            yield f"{name} = {value}"
    for role in ("multiplier", "adder"):
        unit = getattr(spec, role, None)
        if unit is not None:
            parameters = "".join(f" {name} = {value}" for name, value in unit_parameters(unit).items())
            yield f"{role} = {unit.module}{' with' if parameters else ''}{parameters}"
    shared = shared_operands(spec)
    if shared is not None:
        for operand, code in (("activation", shared.activation), ("weight", shared.weight)):
            lanes = contract_for(spec).port(f"{operand}_i").width_bits // code.width_bits
            yield f"{operand} lanes = {lanes}"
            yield f"{operand} code width = {code.code_width_bits} ({lanes * code.code_width_bits} bits of all lanes)"


def shown_modules(spec: DesignSpec | None, names: Sequence[str], budget_tokens: int) -> list[ShownModule]:
    """Headers of all, sources while the budget lasts; with a spec, templates hold its arithmetic."""
    shown = []
    for name in names:
        *inside, file = _files(spec, name)
        module = load_library()[name]
        cost = estimated_tokens(file.text)
        whole = cost <= budget_tokens
        budget_tokens -= cost if whole else 0
        shown.append(
            ShownModule(
                name=name,
                summary=module.card.summary,
                latency=module.card.latency,
                inside=tuple(item.name.removesuffix(".v") for item in inside),
                code=file.text.strip() if whole else module_header_of(file.text, name),
                whole=whole,
                example=_instantiation(module),
            )
        )
    return shown


def _files(spec: DesignSpec | None, name: str) -> list[RtlFile]:
    if spec is not None:
        return library_files(spec, [name])
    return [RtlFile(f"{name}.v", load_library()[name].source, "library")]


def _instantiation(module: LibraryModule) -> str:
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


def shown_example(spec: DesignSpec) -> ShownExample:
    """A design of the dataset as the composer writes its top module, comments apart."""
    header = module_header(contract_for(spec))
    text = blank_comments(compose(spec)[-1].text)
    lines = [line.rstrip() for line in text.partition(");")[2].splitlines() if line.strip()]
    return ShownExample(numbers_of(spec), header, "\n".join(lines))


def teaching_examples(spec: DesignSpec, similar: Iterable[DesignSpec], count: int) -> list[DesignSpec]:
    """The first designs whose top module teaches without giving the answer away.

    Designs that differ in their arithmetic alone have the same top module, as the arithmetic stands inside of the
    library's templates: such a one is never shown.

    Args:
        spec: What is asked for.
        similar: Other designs, nearest first.
        count: How many, at most.
    """
    answer = shown_example(spec).body
    chosen: list[DesignSpec] = []
    for other in similar:
        if len(chosen) == count:
            break
        if shown_example(other).body != answer:
            chosen.append(other)
    return chosen


def hit_modules(contract: Contract, spec: DesignSpec | None, hits: Sequence[Hit]) -> list[str]:
    """Library modules that a design is written over: those that its spec needs, else those that were found by rank."""
    if spec is not None:
        assert contract_for(spec).module == contract.module  # noqa: S101 - one design, two views of it
        return list(library_modules_for(spec))
    return [hit.name for hit in hits if hit.document.kind == "module" and hit.score > 0]
