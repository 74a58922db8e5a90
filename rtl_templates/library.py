"""Reads the library: modules, cards, and what depends on what."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tpugen.errors import UnknownNameError

__all__ = [
    "ROOMS",
    "Card",
    "CardParameter",
    "CardPort",
    "LibraryModule",
    "dependency_closure",
    "instantiated_modules",
    "library_folder",
    "load_library",
]

ROOMS = (
    "adders",
    "multipliers",
    "processing_elements",
    "arrays",
    "buffers",
    "memories",
    "control",
    "nonlinear",
    "pim",
    "tpu",
    "pim_llm",
)
"""Folders that hold library modules; `tops` holds what is rendered for one design only."""


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardParameter(_Card):
    """One Verilog parameter: name, default as written, legal values in words, meaning."""

    name: str
    default: str
    legal: str
    meaning: str


class CardPort(_Card):
    """One port: width is an expression of the parameters, e.g. `Rows*ActivationWidth`."""

    name: str
    direction: Literal["input", "output"]
    width: str
    meaning: str


class Card(_Card):
    """What a library module is: the catalogue entry, and the text by which it is retrieved."""

    name: str
    summary: str
    kind: str
    latency: str
    source: str
    keywords: tuple[str, ...]
    parameters: tuple[CardParameter, ...] = ()
    ports: tuple[CardPort, ...] = ()


@dataclass(frozen=True)
class LibraryModule:
    """One module of the library.

    Attributes:
        name: Module name, also the file's stem.
        room: Folder of the library, e.g. `arrays`.
        path: The file (`.v`, or `.v.j2` for a template).
        source: Verilog text; of a template, as rendered with exact arithmetic.
        card: Its card.
        dependencies: Library modules that it instantiates, in order of first use.
    """

    name: str
    room: str
    path: Path
    source: str
    card: Card
    dependencies: tuple[str, ...]

    @property
    def is_template(self) -> bool:
        """Whether the text differs from design to design."""
        return self.path.suffix == ".j2"


@cache
def library_folder() -> Path:
    """The installed library's folder."""
    return Path(__file__).resolve().parent


_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_INSTANCE = re.compile(r"^\s*([a-z]\w*)\s*(?:#\s*\(|u_\w+\s*\()", re.MULTILINE)
_NOT_MODULES = frozenset({"module", "if", "for", "always", "assign", "function", "begin", "end", "case", "initial"})


def instantiated_modules(source: str) -> list[str]:
    """Names of modules that a library-style source instantiates, in order of first use.

    Works on the library's own style (instances are `name #(` or `name u_...(`); foreign RTL goes through an AST.
    """
    return list(_instantiated(source))


@lru_cache(maxsize=512)
def _instantiated(source: str) -> tuple[str, ...]:
    """The same, remembered: most designs share most of their modules."""
    text = _COMMENT.sub("", source)
    found = [name for name in _INSTANCE.findall(text) if name not in _NOT_MODULES]
    own = re.search(r"^\s*module\s+(\w+)", text, re.MULTILINE)
    skipped = {own.group(1)} if own else set()  # a recursive module instantiates itself
    names = dict.fromkeys(found)
    return tuple(name for name in names if name not in skipped and not name.startswith("tpugen_error_"))


@cache
def load_library() -> Mapping[str, LibraryModule]:
    """Every library module by name, in room order."""
    from tpugen.rtl_templates.rendering import render_module

    modules: dict[str, LibraryModule] = {}
    for room in ROOMS:
        for card_path in sorted((library_folder() / room).glob("*.toml")):
            card = Card.model_validate(tomllib.loads(card_path.read_text()))
            plain, template = card_path.with_suffix(".v"), card_path.with_suffix(".v.j2")
            path = plain if plain.exists() else template
            source = path.read_text() if path is plain else render_module(card.name)
            modules[card.name] = LibraryModule(
                name=card.name,
                room=room,
                path=path,
                source=source,
                card=card,
                dependencies=tuple(instantiated_modules(source)),
            )
    return modules


def dependency_closure(names: Iterable[str]) -> list[str]:
    """The modules and everything they instantiate, dependencies first, each once.

    Raises:
        UnknownNameError: a name that the library does not hold.
    """
    library = load_library()
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name not in library:
            raise UnknownNameError(f"the library holds no module {name!r}", hint=f"it holds: {', '.join(library)}")
        for dependency in library[name].dependencies:
            visit(dependency)
        ordered[name] = None

    for name in names:
        visit(name)
    return list(ordered)
