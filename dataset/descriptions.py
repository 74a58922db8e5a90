"""How people ask for a design, in several voices; each names every fact that tells the design from its neighbours.

What is said follows from the design alone: its hash chooses among the sentences of its split and among the wordings
of each fact, so that many designs are not asked for by one template, and every text is read back to its design by
`tpugen.spec.language.parse_request`.
"""

from __future__ import annotations

import re

from tpugen.dataset.identity import pick, spec_digest
from tpugen.dataset.sentences import SENTENCES, VOICES
from tpugen.dataset.splits import split_of
from tpugen.dataset.wording import parts_of
from tpugen.spec import DesignSpec

__all__ = ["VOICES", "describe", "describe_all"]


def describe(spec: DesignSpec, voice: str) -> str:
    """One sentence or a few that ask for `spec` in `voice`.

    Args:
        spec: The design.
        voice: One of `VOICES`.

    Raises:
        KeyError: no such voice.
    """
    return _describe(spec, voice, spec_digest(spec))


def describe_all(spec: DesignSpec, digest: str | None = None) -> dict[str, str]:
    """The design in every voice.

    Args:
        spec: The design.
        digest: Its `spec_digest`, where it is known already.
    """
    digest = digest or spec_digest(spec)
    return {voice: _describe(spec, voice, digest) for voice in VOICES}


def _describe(spec: DesignSpec, voice: str, digest: str) -> str:
    sentences = SENTENCES[voice][spec.kind][split_of(spec)]
    text = pick(digest, f"{voice} sentence", sentences).format_map(parts_of(spec, digest, voice))
    return _ARTICLE.sub(r"\1n ", text)


_ARTICLE = re.compile(r"\b([Aa]) (?=unsigned|output|input|adder|exact|(?:8\d?|11|18)(?:\b|x))")
"""An `a` that must be `an`: before a vowel, or a number that is spoken with one."""
