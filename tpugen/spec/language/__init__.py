"""Natural language to spec, without a chat model.

A request passes through: `lexer` (tokens that keep their place), `reading` (number words, lemmas, typos), `grammar`
(levels of rules over a `chart`, the vocabulary beside them), `negation`, `kinds`, `resolution` (contradictions) and
`coverage` (what was not used), put together by `assembly`.
"""

from __future__ import annotations

from tpugen.spec.language.assembly import parse_request
from tpugen.spec.language.request import Assumption, ParsedRequest

__all__ = ["Assumption", "ParsedRequest", "parse_request"]
