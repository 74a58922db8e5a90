"""Whether words of a request literally support a value of a spec: its number, or a word for it, stands there.

What a chat model says about a request is believed only as far as this can be checked without the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.spec.language.lexer import tokenize
from tpugen.spec.language.reading import read_nodes

__all__ = ["normalised", "supports", "words_inside"]

_KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "adder": ("add", "sum", "plus"),
    "multiplier": ("multipl", "product", "times"),
    "mac": ("mac", "multiply-acc", "multiply and acc", "accumul", "dot product", "inner product"),
    "systolic_array": ("array", "systolic", "grid", "mesh", "matri", "tensor", "tpu", "gemm", "processing element"),
    "tpu": ("tpu", "tensor"),
    "pim_tile": ("pim", "crossbar", "xbar", "in memory", "in-memory", "memrist", "rram", "reram"),
    "pim_llm": ("pim", "llm", "language model", "transformer", "decoder", "bitnet"),
}
_TRUE_WORDS: Mapping[str, tuple[str, ...]] = {
    "shared_pre_approximation": ("share", "edge", "once per", "border"),
    "unsigned_activations": ("unsigned", "uint"),
    "zero_skipping": ("skip", "zero", "sparsity"),
    "gated": ("gate", "glu", "geglu"),
}
_FALSE_WORDS: Mapping[str, tuple[str, ...]] = {
    "zero_skipping": ("no skip", "no zero", "without skip", "without zero", "every plane", "all planes"),
    "gated": ("ungated", "not gated", "no gate", "without a gate", "plain"),
}
_NAMED: Mapping[str, tuple[str, ...]] = {
    "ternary": ("ternary", "1.58", "trinary"),
    "binary": ("binary", "1-bit", "1 bit", "one-bit", "one bit", "w1a"),
    "rms_norm": ("rms", "root mean square"),
    "layer_norm": ("layer norm", "layernorm", "layer-norm"),
    "gelu": ("gelu", "geglu"),
    "relu2": ("squared relu", "relu2", "relu^2", "relu squared", "relu\u00b2"),
}
_SIGN_WORDS: Mapping[bool, tuple[str, ...]] = {
    True: ("signed", "two's complement", "twos complement", "negative", "int"),
    False: ("unsigned", "uint", "non-negative", "nonnegative", "positive", "natural", "magnitude", "no sign"),
}
_FLOW_WORDS: Mapping[str, tuple[str, ...]] = {
    "output_stationary": ("output", "result", "sum", "accumul"),
    "weight_stationary": ("weight", "filter", "kernel", "coefficient"),
    "input_stationary": ("input", "activation"),
}
_EXACT_WORDS = ("exact", "accurate", "precise", "no approx", "not approx", "without approx")
_SCALES_MHZ = (1.0, 1000.0, 0.001)  # MHz, GHz, kHz
_PERIODS = (1000.0, 1e6)  # ns, ps to MHz
_BITS_PER_UNIT = (1, 8, 4)  # bits, bytes, nibbles
_PARTS = {"faults_stuck_off": 655.36, "faults_stuck_on": 655.36, "noise_sigma": 256.0}  # percent, cells


def supports(words: str, field: str, value: Any) -> bool:
    """Whether `words` literally name a value of a flat spec field (`rows`, `multiplier_family`, `adder_k`, ...)."""
    if isinstance(value, bool):
        table = _TRUE_WORDS if value else _FALSE_WORDS
        choices = _SIGN_WORDS[value] if field == "signed" else table.get(field, ())
        return any(_starts(words, choice) for choice in choices)
    if isinstance(value, int | float):
        return any(abs(value - number) < 1e-6 * max(1.0, abs(value)) for number in _readings(words, field))
    return any(_starts(words, choice) for choice in _choices(field, str(value)))


def _starts(words: str, choice: str) -> bool:
    """Whether a word of `words` begins like `choice`: `weights` for `weight`, but not `unsigned` for `signed`."""
    return re.search(rf"(?<![a-z]){re.escape(choice)}", normalised(words)) is not None


def normalised(text: str) -> str:
    """Lower case, one space between words, plain quotes."""
    return " ".join(text.lower().replace("\u2019", "'").replace("\u2018", "'").split())


def words_inside(words: str, text: str) -> bool:
    """Whether `words` stand in `text` as they are, from one border of words to another."""
    needle = normalised(words)
    return bool(needle) and re.search(rf"(?<!\w){re.escape(needle)}(?!\w)", normalised(text)) is not None


def _readings(words: str, field: str) -> set[float]:
    """What the numbers in `words` may mean for a field, in its unit: digits, number words, dozens, other units."""
    numbers = {float(node.value) for node in read_nodes(tokenize(words), frozenset()).nodes if _is_number(node.value)}
    if field == "clock_mhz":
        fractions = {0.5 for part in ("half",) if part in normalised(words)}
        scaled = {number * scale for number in numbers | fractions for scale in _SCALES_MHZ}
        return scaled | {period / number for number in numbers if number for period in _PERIODS}
    if field in _PARTS:
        return numbers | {float(round(number * _PARTS[field])) for number in numbers}
    if field.endswith("width_bits"):
        named = {1.0} if re.search(r"\b(?:bytes?|nibbles?)\b", normalised(words)) else set()
        return {number * unit for number in numbers | named for unit in _BITS_PER_UNIT}
    return numbers


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _choices(field: str, value: str) -> tuple[str, ...]:
    """Beginnings of words that name a value that is a word."""
    if field == "kind":
        return _KIND_WORDS.get(value, ())
    if field == "dataflow":
        return _FLOW_WORDS.get(value, ())
    if field in ("weights", "norm", "activation"):
        return _NAMED.get(value, ())
    role, _, part = field.partition("_")
    if part == "structure":
        return (value.split("_", maxsplit=1)[0], value.replace("_", "-"), value.replace("_", " "))
    if value == "exact":
        return _EXACT_WORDS
    family = (ADDERS if role == "adder" else MULTIPLIERS).get(value)
    if family is None:
        return ()
    names = {normalised(name) for name in (family.name, family.title, *family.synonyms)}
    return tuple(
        sorted(names | {name.replace("_", "-") for name in names} | {name.replace("_", " ") for name in names})
    )
