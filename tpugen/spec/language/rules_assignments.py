"""Fields by their names: `rows=8 cols=16`, `kv_heads: 2`, `num_attention_heads 4`.

Nothing is clearer than a field's own name with a value, so these are read before everything else: in a list without
commas, a number would else be joined to the name that follows it. So are lists of names with numbers and nothing
between them: `rows 8 cols 16`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from tpugen.spec.accelerators import Activation, Norm, WeightKind
from tpugen.spec.language.chart import Action, Found, Rule, Statement, rules
from tpugen.spec.language.rules_actions import say, say_both, say_pair

__all__ = ["ARRAY_ASSIGNMENTS", "accelerator_assignments"]

_SET = r"(?:=|:)"
_ALONE = r"(?! (?:{X}|%|percent|\.|/|to))"
"""Behind a number: it is not the first of two, and not a share."""

_NUMBERS = {
    "rows": "row",
    "cols": "col",
    "operand_depth": "operand depth",
    "multiplier_width_bits": "multiplier width bit",
    "d": "d|d model|hidden size|model (?:width|dimension|size)|n embd",
    "d_ff": "d ff|ffn|intermediate size|ffn dimension",
    "heads": "(?:(?:num|n) )?(?:(?:attention|query) )?heads?",
    "kv_heads": "(?:(?:num|n) )?(?:kv|key value|key) heads?",
    "context": "context|ctx|(?:context|ctx|sequence|seq) (?:length|len)|max position embeddings|positions|tokens",
    "crossbar_rows": "crossbar row",
    "crossbar_cols": "crossbar col",
    "adc_bits": "adc bit",
    "columns_per_adc": "col per adc",
    "activation_width_bits": "activation width bit",
    "result_width_bits": "result width bit",
    "input_lanes": "input lane",
    "output_lanes": "output lane",
}
"""Fields whose values are numbers, with the words that patterns see: those of specs and of published models."""

_YES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _names(alternatives: object) -> dict[str, bool | str]:
    return {value.replace("_", " ").replace("2", "_2"): value for value in get_args(alternatives)}


_CHOICES: Mapping[str, tuple[str, Mapping[str, bool | str]]] = {
    "weights": ("weight", _names(WeightKind)),
    "norm": ("norm", _names(Norm)),
    "activation": ("(?:hidden )?activation", _names(Activation)),
    "gated": ("gated", _YES),
    "zero_skipping": ("0 skipping", _YES),
    "unsigned_activations": ("unsigned activation", _YES),
}
"""Fields whose values are words."""


def _choice(field: str, values: Mapping[str, bool | str]) -> Action:
    return lambda found: [found.say(field, values[" ".join(found.text("v").replace("-", " ").split())])]


def _list(numbers: Mapping[str, str]) -> Rule:
    """Names and numbers in turn; `8 heads 2 kv_heads 64 positions` begins with a number and is none."""

    def action(found: Found) -> list[Statement] | None:
        if found.word_before()[-1:].isdigit():
            return None
        said: list[Statement] = []
        words: list[str] = []
        for node in found.nodes:
            if node.symbol.isalpha():
                words.append(node.symbol)
            elif node.symbol != "-":
                name = " ".join(words)
                said += [found.say(field, node.value) for field, names in numbers.items() if re.fullmatch(names, name)]
                words = []
        return said

    names = "|".join(numbers.values())
    return Rule(rf"(?:{names}) {{N}}(?: (?:{names}) {{N}}){{1,12}}{_ALONE}", action)


ARRAY_ASSIGNMENTS = rules(
    (
        rf"row (?:x|by|,|and|&|/) col {_SET} (?P<r>{{N}}) (?:{{X}}|,|and) (?P<c>{{N}})(?! (?:row|col))",
        say_pair("rows", "cols"),
    ),
    (rf"row (?:x|by|,|and|&|/) col {_SET} (?P<n>{{N}}){_ALONE}", say_both("rows", "cols")),
    (rf"row {_SET} (?P<n>{{N}}){_ALONE}", say("rows")),
    (rf"col {_SET} (?P<n>{{N}}){_ALONE}", say("cols")),
)
"""The sides of an array, or of a matrix."""


def accelerator_assignments(fields: frozenset[str]) -> list[Rule]:
    """Those of an accelerator with these fields."""
    numbers = {field: names for field, names in _NUMBERS.items() if field in fields}
    return [
        *ARRAY_ASSIGNMENTS,
        *rules(*((rf"(?:{names}) {_SET} (?P<n>{{N}}){_ALONE}", say(field)) for field, names in numbers.items())),
        *rules(
            *(
                (rf"{words} {_SET} (?P<v>{'|'.join(values)})", _choice(field, values))
                for field, (words, values) in _CHOICES.items()
                if field in fields
            )
        ),
        _list(numbers),
    ]
