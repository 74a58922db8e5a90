"""Code from a chat model's reply: fenced or not, with or without a language tag, in one file or in several.

A reply is never trusted to be well formed. What cannot be used becomes a finding that is fed back, not an exception.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tpugen.findings import Finding
from tpugen.retrieval.verilog import blank_comments, module_spans
from tpugen.writers.json_reply import extract_json

__all__ = ["MODULES_LIMIT", "REPLY_LIMIT_CHARACTERS", "Extraction", "extract_modules"]

REPLY_LIMIT_CHARACTERS = 400_000
"""A longer reply is refused unread."""

MODULES_LIMIT = 200
"""A reply with more modules than this is refused."""

_GATE = "reply"
_FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[^\n`]*)$", re.MULTILINE)
_THINKING = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,127}")
_STATEMENT = re.compile(r"\)\s*;|\bassign\b|\balways\b|\bendmodule\b")
_HTML = re.compile(r"&(?:lt|gt|amp|quot|#39|#x27);")
_JSON = re.compile(r'\s*(?:```[a-z]*\s*)?\{\s*"')
_PORT = re.compile(r"\b(?:input|output|inout)\b")
_DIRECTIVES = re.compile(r"^[ \t]*`(?:timescale|default_nettype|define|undef|resetall|include)\b[^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class Extraction:
    """What a reply holds.

    Attributes:
        modules: Source text by module name, in the order of the reply; each is complete.
        findings: What was wrong with the reply; an error means that it cannot be used as it is.
    """

    modules: dict[str, str]
    findings: list[Finding]


def extract_modules(reply: str, header: str | None = None) -> Extraction:
    """The Verilog modules in a reply, one text for each, with the compiler directives that stand before it.

    Fenced blocks that hold a module win over text outside of fences. Of two modules of one name the later is taken,
    as models mend themselves within a reply; a warning says so.

    Args:
        reply: What the model wrote.
        header: The header of the module whose body was asked for; a reply without a module is taken for that body.
    """
    if len(reply) > REPLY_LIMIT_CHARACTERS:
        message = f"the reply has {len(reply):,} characters; at most {REPLY_LIMIT_CHARACTERS:,} are read"
        return Extraction({}, [_error("reply-too-long", message, "answer with the Verilog code only")])
    text = _without_thinking(_unescaped(reply.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")))
    text = _unwrapped(text)
    modules: dict[str, str] = {}
    findings: list[Finding] = []
    blocks = _code_blocks(text)
    if not blocks and header is not None:
        blocks = _under_header(text, header)
    count = sum(len(module_spans(block)) for block in blocks)
    if count > MODULES_LIMIT:
        message = f"the reply holds {count:,} modules; at most {MODULES_LIMIT} are read"
        return Extraction({}, [_error("too-many-modules", message, "write the top module over the library")])
    for block in blocks:
        _collect(block, modules, findings)
    if not modules and not findings:
        found = f"{len(text.split()):,} words and no Verilog module" if text.strip() else "nothing"
        findings.append(
            _error("no-code", f"the reply holds {found}", "answer with one ```verilog block that holds the module")
        )
    return Extraction(modules, findings)


def _unescaped(text: str) -> str:
    """`text` with HTML's character references resolved, where it is HTML: no plain `<=` and at least one of them."""
    return html.unescape(text) if "<=" not in text and _HTML.search(text) else text


def _without_thinking(text: str) -> str:
    """`text` without `<think>...</think>`: what a model thinks is not its answer. One pass, however many there are."""
    kept: list[str] = []
    position, opened = 0, None
    for tag in _THINKING.finditer(text):
        if not tag[1] and opened is None:
            opened = tag.start()
        elif tag[1] and opened is not None:
            kept.append(text[position:opened])
            position, opened = tag.end(), None
    return "".join([*kept, text[position:]])


def _unwrapped(text: str) -> str:
    """The code of a reply that is a JSON object, such as `{"code": "module ..."}`; any other reply as it is."""
    data = extract_json(text).data if _JSON.match(text) else None
    codes = [value for value in (data or {}).values() if isinstance(value, str) and _STATEMENT.search(value)]
    return max(codes, key=len) if codes else text


def _code_blocks(text: str) -> list[str]:
    fenced = [block for block in _fenced(text) if module_spans(block)]
    return fenced or ([text] if module_spans(text) else [])


def _under_header(text: str, header: str) -> list[str]:
    """The body in a reply under the header that was given; the longest fenced block, as others are mere remarks."""
    fenced = [block.strip("\n") for block in _fenced(text) if block.strip()]
    body = max(fenced, key=len) if fenced else text.strip()
    if not _STATEMENT.search(blank_comments(body)):
        return []
    return [f"{header}\n{body}\n"]


def _fenced(text: str) -> Iterator[str]:
    """Contents of fenced blocks; a fence that is never closed runs to the end of the text."""
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence["mark"].startswith(opening["mark"]) and not fence["tag"].strip():
            yield text[opening.end() : fence.start()]
            opening = None
    if opening is not None:
        yield text[opening.end() :]


def _collect(block: str, modules: dict[str, str], findings: list[Finding]) -> None:
    previous_end = 0
    for span in module_spans(block):
        prologue = "".join(
            f"{directive.group().strip()}\n" for directive in _DIRECTIVES.finditer(block[previous_end : span.start])
        )
        previous_end = span.end
        source = prologue + block[span.start : span.end].strip() + "\n"
        if not span.complete and not _PORT.search(source):
            continue  # prose: "the module top (see below) ..."
        if not _PLAIN_NAME.fullmatch(span.name):
            message = f"module name {span.name[:60]!r} is not a plain identifier"
            findings.append(_error("module-name", message, "use letters, digits and underscores"))
        elif not span.complete:
            last = blank_comments(source).rstrip().splitlines()
            message = f"module {span.name} has no `endmodule`; the reply ends after {len(last)} lines of it"
            findings.append(_error("reply-truncated", message, "write the complete module, shorter if need be"))
        else:
            if span.name in modules and modules[span.name] != source:
                message = f"the reply holds module {span.name} twice; the later one is used"
                findings.append(Finding(severity="warning", gate=_GATE, rule="module-twice", message=message))
                del modules[span.name]
            modules[span.name] = source


def _error(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity="error", gate=_GATE, rule=rule, message=message, hint=hint)
