"""The corpora: library cards with their module headers, and dataset records generated from specs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tpugen.dataset import DesignRecord, generate_records
from tpugen.dataset.unit_words import unit_sentence
from tpugen.errors import UnknownNameError
from tpugen.paths import room_folder
from tpugen.retrieval.documents import Document, corpus_hash
from tpugen.retrieval.facts import spec_facts
from tpugen.retrieval.summary import summary_of
from tpugen.retrieval.verilog import module_header_of
from tpugen.rtl_templates import LibraryModule, load_library
from tpugen.spec import DesignSpec
from tpugen.storage import sha256_folder, sha256_json, sha256_text

__all__ = [
    "CORPORA",
    "Corpus",
    "build_corpus",
    "corpus_of",
    "module_document",
    "named_corpus",
    "record_document",
    "sources_sha256",
]

CORPORA = ("core", "modules", "dataset")
"""Names of the corpora: the library with a few hundred designs, the library alone, the library with every design."""

_ROOMS = ("arithmetic", "spec", "rtl_templates", "dataset", "retrieval")
_SOURCES = {".py", ".v", ".j2", ".toml", ".json"}


@dataclass(frozen=True)
class Corpus:
    """Documents that are made only when an index has to be built.

    Attributes:
        name: For people.
        sha256: Changes whenever the documents may have changed.
        documents: Makes them, in a fixed order.
    """

    name: str
    sha256: str
    documents: Callable[[], Sequence[Document]]


def corpus_of(documents: Sequence[Document], name: str = "documents") -> Corpus:
    """A corpus of documents at hand, known by their content."""
    return Corpus(name, corpus_hash(documents), lambda: documents)


def named_corpus(name: str) -> Corpus:
    """One of `CORPORA`. They are functions of tpugen's code and data alone, so the hash of these stands for them.

    Raises:
        UnknownNameError: no such corpus.
    """
    if name not in CORPORA:
        raise UnknownNameError(f"no corpus is called {name!r}", hint=f"use one of: {', '.join(CORPORA)}")
    sha256 = sha256_text(f"{name}\n{sources_sha256()}")
    return Corpus(name, sha256, lambda: build_corpus(records=_records_of(name)))


def _records_of(name: str) -> Iterable[DesignRecord]:
    if name == "dataset":
        from tpugen.dataset import dataset_specs

        return generate_records(dataset_specs())
    return generate_records() if name == "core" else ()


def sources_sha256() -> str:
    """SHA-256 over the source and data files that the corpora are made from."""
    return sha256_json({room: sha256_folder(room_folder(room), _SOURCES) for room in _ROOMS})


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
        *(
            record_document(record.id, record.spec, record.descriptions.values(), record.library_modules)
            for record in (generate_records() if records is None else records)
        ),
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
    summary = f"{module.name.replace('_', ' ')}: {card.summary} {', '.join(card.keywords)}"
    return Document(
        kind="module", name=module.name, text=text, modules=(module.name,), facts={"kind": card.kind}, summary=summary
    )


def record_document(
    name: str, spec: DesignSpec, descriptions: Iterable[str], library_modules: Iterable[str]
) -> Document:
    """The document of a dataset record: its descriptions in every voice; a plain line of it is what is embedded.

    Args:
        name: Id of the record.
        spec: The design.
        descriptions: What people would write to ask for it.
        library_modules: Library modules that its top level instantiates.
    """
    return Document(
        kind="record",
        name=name,
        text="\n".join(descriptions),
        modules=tuple(library_modules),
        facts=dict(spec_facts(spec)),
        summary=summary_of(spec),
    )
