"""Whether a request asks for a whole accelerator: its words are then read by other rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tpugen.spec.language.chart import Chart

__all__ = ["AcceleratorTopic", "accelerator_topic"]


@dataclass(frozen=True)
class AcceleratorTopic:
    """What a request seems to ask for.

    Attributes:
        kind: The kind of accelerator.
        certain: False where a systolic array may be meant: it is read as one if it says what this kind cannot have.
        first: First node of the words that say so.
        last: Last one.
        note: Reason, where the kind is an assumption.
    """

    kind: Literal["tpu", "pim_tile", "pim_llm"]
    certain: bool
    first: int
    last: int
    note: str | None = None


_PIM = (
    r"(?:pim|cim|rram|reram|memristors?|memristive|"
    r"(?:processing|compute|computing|computations?|multiplier|product|multiply) (?:in|inside) memory"
    r"|in memory(?= (?:compute|computing|processing|tile|macro|matrix|multiplier)))"
)
_CROSSBAR = r"(?:crossbars?|xbars?)"
_MODEL = r"(?:llms?|large language models?|language models?|transformers?|bitnet(?: b 1.580000)?)"
_LOW_BIT = r"(?:1 bit|1.580000 bit|ternary|binary)"
_LAYER = r"(?:decoder (?:layer|block|stack)s?|transformer (?:(?:decoder )?(?:layer|block)s?)|decoder only)"
_MACHINE = r"(?:accelerators?|engine|processor|chip|hardware|coprocessor|asic|core|unit)"
_HYBRID = rf"(?:hybrid )?{_PIM} llm(?: {_MACHINE})?|hybrid {_PIM}(?: {_MACHINE})?"
_FACTS = re.compile(
    rf"\b(?:{_PIM}|{_CROSSBAR}|adcs?|{_LOW_BIT}|kv|query heads?|d ff|ffn|feed forward|feedforward|d model)\b|\bheads?\b"
    r"|\bd (?:= )?\d"
)
_UNITS = re.compile(r"\b(?:systolic|multiplier|adder|mac|tpu|add|multiply)\b")

_RUNS = r"(?:for|of|for running|for executing|to run|running|runs)"
_LLM_HEAD = re.compile(
    rf"\b(?:{_HYBRID}|(?:{_LOW_BIT} )?(?:{_MODEL})(?: decoder)?(?: inference)? {_MACHINE}|{_MODEL}(?: \w+)? {_LAYER}"
    rf"|{_LAYER}(?: {_MACHINE})?|{_MACHINE} {_RUNS} (?:{_LOW_BIT} )?(?:{_MODEL}|{_LAYER}))\b"
)
_TILE_NAMES = r"(?:tile|macro|matrix(?: vector)?|engine|unit|block|bank|accelerator|core)"
_TILE = re.compile(rf"\b(?:(?:{_PIM}|{_CROSSBAR})(?: {_CROSSBAR})?(?: array)? {_TILE_NAMES}|{_PIM}|{_CROSSBAR})\b")
_TILE_NOUN = re.compile(rf"\b(?:{_PIM}|{_CROSSBAR}) (?:tile|macro)\b")
_LAYER_FACTS = re.compile(r"\b(?:heads?|kv|d ff|ffn|d model|context)\b")

_HEADS = re.compile(r"\b\d+ (?:query |attention )?heads?\b")

_TPU_NAME = r"(?:tpu|tensor processing unit)"
_TPU = re.compile(rf"\b(?:google )?{_TPU_NAME}(?: (?:core|chip|block|design|accelerator|engine|ip))?\b")
_TPU_LIKE = re.compile(
    rf"\b{_TPU_NAME} (?:like|style|type|inspired|v_? ?\d)\b"
    rf"|\b(?:like|similar to|same as|kind of|sort of) (?:google )?{_TPU_NAME}\b"
)
_HAVING = r"(?:with|using|having|containing|around|built|based|whose)"
_TPU_HEAD = re.compile(rf"\b{_TPU_NAME}(?: (?:core|chip|block|design|accelerator|engine))? {_HAVING}\b")
_PORTS = re.compile(
    r"\b(?:axi|axi_\d|requanti[sz]\w+|bias(?:es)?|relu\w*|interrupts?|register map|double buffer\w*|sequencer"
    r"|operand (?:buffers?|memory|memories|depth)|post ?processing|zero points?|(?:control|status) registers?)\b"
)
_TENSOR_UNIT = re.compile(r"\btensor (?:unit|core|engine)\b")
_TPU_NOTE = "a TPU is built as an array with operand memories, requantisation and AXI ports"
_TENSOR_NOTE = "a tensor unit with ports and post-processing is built as a TPU"


def accelerator_topic(chart: Chart) -> AcceleratorTopic | None:
    """The kind of accelerator that the words name, if any; modifiers must have been taken out."""
    text, places = _words(chart)
    for kind, certain, match, note in _candidates(text):
        if match is not None:
            first, last = places[match.start()], places[max(match.start(), match.end() - 1)]
            return AcceleratorTopic(kind, certain, first, last, note)
    return None


_Candidate = tuple[Literal["tpu", "pim_tile", "pim_llm"], bool, re.Match[str] | None, str | None]


def _candidates(text: str) -> list[_Candidate]:
    """What the words may name, most telling first."""
    llm, tile, tile_noun = _LLM_HEAD.search(text), _TILE.search(text), _TILE_NOUN.search(text)
    named = re.search(rf"\b(?:{_HYBRID})\b", text)
    if tile_noun and not named and not _LAYER_FACTS.search(text):
        return [("pim_tile", True, tile_noun, None)]
    if named:
        return [("pim_llm", True, named, None)]
    if llm and _is_asked_for(text, llm):
        return [("pim_llm", True, llm, None)]
    if tile and _HEADS.search(text):
        return [("pim_llm", True, tile, "crossbars beside attention heads are those of the hybrid accelerator")]
    units = _UNITS.search(text)
    if tile and (not units or re.search(rf"\b{_PIM}\b", text)):
        return [("pim_tile", True, tile, "products in memory are computed by a tile of crossbars")]
    return _tensor_units(text)


def _is_asked_for(text: str, model: re.Match[str]) -> bool:
    """Whether a language model is what is built, and not what an array or a multiplier is to be used for."""
    rest = f"{text[: model.start()]} {text[model.end() :]}"
    units = _UNITS.search(text) or re.search(r"\barray\b", text[: model.start()])
    return bool(_FACTS.search(rest)) or not units


def _tensor_units(text: str) -> list[_Candidate]:
    named = _TPU.search(text)
    if named and not _TPU_LIKE.search(text):
        if _PORTS.search(text):
            return [("tpu", True, named, None)]
        if "systolic" not in text or _TPU_HEAD.search(text):
            return [("tpu", False, named, _TPU_NOTE)]
    unit = _TENSOR_UNIT.search(text)
    if unit and "systolic" not in text and _PORTS.search(text):
        return [("tpu", True, unit, _TENSOR_NOTE)]
    return []


def _words(chart: Chart) -> tuple[str, list[int]]:
    """Symbols of the nodes with single spaces, hyphens left out, and the node of each character."""
    text: list[str] = []
    places: list[int] = []
    for index, node in enumerate(chart.nodes):
        if node.symbol == "-":
            continue
        text.append(node.symbol + " ")
        places.extend([index] * (len(node.symbol) + 1))
    return "".join(text), places
