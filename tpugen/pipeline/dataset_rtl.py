"""The RTL of dataset records: rendered when it is asked for, and known by its hash otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from tpugen.dataset import dataset_specs, record_id, spec_digest
from tpugen.errors import UnknownNameError
from tpugen.spec import DesignSpec, contract_for
from tpugen.storage import sha256_text
from tpugen.writers.files import RtlFile

__all__ = ["digests_of", "find_spec", "render", "render_into", "rtl_digest"]


def render(spec: DesignSpec) -> list[RtlFile]:
    """The Verilog files of a record's design, dependencies first and the top module last."""
    from tpugen.writers.composer import compose

    return compose(spec)


def render_into(spec: DesignSpec, folder: Path) -> list[Path]:
    """Write the design's files into a folder (made if needed) and return their paths, in order."""
    from tpugen.writers.files import write_files

    return write_files(render(spec), folder)


def rtl_digest(spec: DesignSpec) -> str:
    """SHA-256 of the names and texts of all files of the design, in hex."""
    return sha256_text("".join(f"{file.name} {_text_digest(file.text)}\n" for file in render(spec)))


@lru_cache(maxsize=4096)
def _text_digest(text: str) -> str:
    return sha256_text(text)


def digests_of(identifiers: Iterable[str]) -> dict[str, str]:
    """Today's `rtl_digest` of records by identifier; those that the dataset does not hold are left out."""
    found = {identifier: _spec_of(identifier) for identifier in identifiers}
    return {identifier: rtl_digest(spec) for identifier, spec in found.items() if spec is not None}


def find_spec(identifier: str) -> DesignSpec:
    """The design of a record.

    Args:
        identifier: The record's `id`, e.g. `adder_s8-1a2b3c4d`.

    Raises:
        UnknownNameError: the dataset holds no such record; the records with the closest module names are suggested.
    """
    spec = _spec_of(identifier)
    if spec is not None:
        return spec
    from difflib import get_close_matches

    wanted = identifier.rpartition("-")[0] or identifier
    same_kind = [spec for spec in dataset_specs() if identifier.startswith(spec.kind)]
    modules = {contract_for(spec).module: spec for spec in same_kind}
    names = [wanted] if wanted in modules else get_close_matches(wanted, modules, n=3, cutoff=0.6)
    close = [record_id(name, spec_digest(modules[name])) for name in names]
    hint = f"closest: {', '.join(close)}" if close else "ids stand in the column `id` of the dataset"
    raise UnknownNameError(f"the dataset holds no record {identifier!r}", hint=hint)


def _spec_of(identifier: str) -> DesignSpec | None:
    module, _, digest = identifier.rpartition("-")
    for spec in _specs_by_digest().get(digest, ()):
        if contract_for(spec).module == module:
            return spec
    return None


@cache
def _specs_by_digest() -> Mapping[str, list[DesignSpec]]:
    """The dataset's designs by what stands at the end of their identifiers."""
    found: dict[str, list[DesignSpec]] = {}
    for spec in dataset_specs():
        found.setdefault(record_id("", spec_digest(spec))[1:], []).append(spec)
    return found
