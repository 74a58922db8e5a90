"""The corpus: library cards with their module headers, and dataset records generated from the grid of specs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tpugen.dataset import DesignRecord, generate_records
from tpugen.dataset.unit_words import unit_sentence
from tpugen.retrieval.documents import Document
from tpugen.retrieval.verilog import module_header_of
from tpugen.rtl_templates import LibraryModule, load_library

__all__ = ["build_corpus", "module_document", "record_document"]


def build_corpus(
    library: Mapping[str, LibraryModule] | None = None, records: Iterable[DesignRecord] | None = None
) -> list[Document]:
    """All documents: modules first, then records.

    Args:
        library: Modules by name; by default the whole library.
        records: Dataset records; by default all that `generate_records()` gives.
    """
    modules = load_library() if library is None else library
    return [
        *(module_document(module) for module in modules.values()),
        *(record_document(record) for record in (generate_records() if records is None else records)),
    ]


def module_document(module: LibraryModule) -> Document:
    """The document of a library module: what its card says, then its header (an embedding reads the first part)."""
    card = module.card
    measured = unit_sentence(module.name)
    text = "\n".join(
        [
            f"{module.name.replace('_', ' ')}: {card.summary}",
            *([measured] if measured else []),
            f"{card.kind}. {', '.join(card.keywords)}",
            f"Latency: {card.latency}",
            module_header_of(module.source, module.name),
        ]
    )
    return Document(kind="module", name=module.name, text=text, modules=(module.name,), facts={"kind": card.kind})


def record_document(record: DesignRecord) -> Document:
    """The document of a dataset record: its descriptions in every voice."""
    spec = record.spec.model_dump(mode="json")
    facts = {name: value for name, value in spec.items() if isinstance(value, str | int | bool)}
    return Document(
        kind="record",
        name=record.id,
        text="\n".join(record.descriptions.values()),
        modules=record.library_modules,
        facts=facts,
    )
