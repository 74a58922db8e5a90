"""The hostile corpus: `hostile/*.v` as `hostile/manifest.toml` describes them, with their words expanded."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "hostile"
TOP = "hostile"


@dataclass(frozen=True)
class Hostile:
    """One module: what it tries, and what becomes of it."""

    file: str
    idea: str
    gate: str
    rule: str
    bypassed: tuple[str, str] | None = None
    expand: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.file.removesuffix(".v")

    def text(self) -> str:
        """The module as a tool would get it."""
        source = (FOLDER / self.file).read_text(encoding="utf-8")
        words = self.expand
        return re.sub(r"@([A-Z]+)@", lambda word: words[word[1]][0] * words[word[1]][1], source)

    def refused_by(self, rule: str) -> bool:
        """Whether a finding's rule is the expected one."""
        return rule.startswith(self.rule) if self.rule.endswith("-") else rule == self.rule


def load() -> list[Hostile]:
    """Every entry of the manifest, in its order."""
    entries = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))["module"]
    found = []
    for entry in entries:
        bypassed = tuple(entry.pop("bypassed")) if "bypassed" in entry else None
        expand = {word: (text, times) for word, (text, times) in entry.pop("expand", {}).items()}
        found.append(Hostile(**entry, bypassed=bypassed, expand=expand))
    return found


PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
_START, _END = "<!-- corpus: written by tests/flows/hostile_corpus.py -->\n", "<!-- end of corpus -->\n"


def table() -> str:
    """The corpus as Markdown: one row a module."""
    rows = ["| module | what it tries | refused by | with no gate |\n|---|---|---|---|\n"]
    for h in load():
        gate = "nothing: harmless" if h.gate == "none" else f"{h.gate}: `{h.rule.rstrip('-')}`"
        rows.append(f"| {h.name} | {h.idea} | {gate} | {': '.join(h.bypassed) if h.bypassed else ''} |\n")
    return "".join(rows)


def in_page() -> str:
    """The table as the page has it."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(_START) + len(_START) : text.index(_END)]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(_START + in_page(), _START + table()), encoding="utf-8")
