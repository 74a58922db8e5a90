"""The levels of rules in their order. A later kind of design adds its rules here."""

from __future__ import annotations

import re
from functools import cache

from tpugen.spec.language.chart import Chart, Rule
from tpugen.spec.language.rules_bindings import BINDING_RULES, FALLBACK_RULES
from tpugen.spec.language.rules_families import PARAMETER_RULES, family_rules
from tpugen.spec.language.rules_terms import FLOW_RULES, MODIFIER_RULES, TERM_RULES
from tpugen.spec.language.rules_units import FORMAT_RULES, QUANTITY_RULES

__all__ = ["MODIFIERS", "known_words", "understand"]


MODIFIERS = ("NEG", "QUAL", "FIXED", "LOSSLESS")
"""Symbols of words that change the meaning of what stands beside them."""


def _levels() -> tuple[list[Rule], ...]:
    return (
        family_rules(),
        FORMAT_RULES,
        PARAMETER_RULES,
        FLOW_RULES,
        QUANTITY_RULES,
        TERM_RULES,
        BINDING_RULES,
        FALLBACK_RULES,
    )


@cache
def known_words() -> frozenset[str]:
    """Every word that a rule mentions."""
    patterns = (rule.pattern for level in (MODIFIER_RULES, *_levels()) for rule in level)
    return frozenset(word for pattern in patterns for word in re.findall(r"[a-z]{4,}", pattern))


def understand(chart: Chart) -> None:
    """Run every level; the chart then holds the statements.

    The modifiers ("not", "at least") are taken out after the first level, so that no other pattern
    needs to expect them.
    """
    chart.run(MODIFIER_RULES)
    chart.modifiers = [node for node in chart.nodes if node.symbol in MODIFIERS]
    chart.nodes = [node for node in chart.nodes if node.symbol not in MODIFIERS]
    for level in _levels():
        chart.run(level)
