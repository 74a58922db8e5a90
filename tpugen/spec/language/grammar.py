"""The levels of rules in their order. A later kind of design adds its rules here."""

from __future__ import annotations

import re
from functools import cache

from tpugen.spec.accelerators import PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.language.chart import Chart, Rule
from tpugen.spec.language.rules_accelerators import (
    PIM_FALLBACK_RULES,
    PIM_LLM_RULES,
    PIM_RULES,
    PIM_TILE_RULES,
    TPU_RULES,
)
from tpugen.spec.language.rules_assignments import ARRAY_ASSIGNMENTS, accelerator_assignments
from tpugen.spec.language.rules_bindings import BINDING_RULES, FALLBACK_RULES
from tpugen.spec.language.rules_families import PARAMETER_RULES, family_rules
from tpugen.spec.language.rules_terms import FLOW_RULES, MODIFIER_RULES, TERM_RULES
from tpugen.spec.language.rules_units import CLOCK_RULES, FORMAT_RULES, QUANTITY_RULES

__all__ = ["MODIFIERS", "known_words", "take_modifiers", "understand"]


MODIFIERS = ("NEG", "QUAL", "FIXED", "LOSSLESS")
"""Symbols of words that change the meaning of what stands beside them."""


def _levels() -> tuple[list[Rule], ...]:
    return (
        ARRAY_ASSIGNMENTS,
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
def _accelerator_levels(kind: str) -> tuple[list[Rule], ...]:
    """A TPU's array is spoken of as any array is; of crossbars and decoder layers, rules of their own."""
    own: dict[str, tuple[type[TpuSpec | PimTileSpec | PimLlmSpec], tuple[list[Rule], ...]]] = {
        "tpu": (TpuSpec, (TPU_RULES, *_levels())),
        "pim_tile": (PimTileSpec, (CLOCK_RULES, PIM_RULES, PIM_TILE_RULES, PIM_FALLBACK_RULES)),
        "pim_llm": (PimLlmSpec, (CLOCK_RULES, PIM_RULES, PIM_LLM_RULES, PIM_FALLBACK_RULES)),
    }
    spec, levels = own[kind]
    return accelerator_assignments(frozenset(spec.model_fields)), *levels


@cache
def known_words() -> frozenset[str]:
    """Every word that a rule mentions."""
    accelerators = (level for kind in ("tpu", "pim_tile", "pim_llm") for level in _accelerator_levels(kind))
    patterns = (rule.pattern for level in (MODIFIER_RULES, *_levels(), *accelerators) for rule in level)
    return frozenset(word for pattern in patterns for word in re.findall(r"[a-z]{4,}", pattern))


def take_modifiers(chart: Chart) -> None:
    """Take out "not" and "at least", so that no other pattern needs to expect them."""
    chart.run(MODIFIER_RULES)
    chart.modifiers = [node for node in chart.nodes if node.symbol in MODIFIERS]
    chart.nodes = [node for node in chart.nodes if node.symbol not in MODIFIERS]


def understand(chart: Chart, accelerator: str | None = None) -> None:
    """Run every level; the chart then holds the statements.

    Args:
        chart: The request, its modifiers taken out.
        accelerator: The kind of accelerator that is asked for; None for designs made of arithmetic units.
    """
    for level in _levels() if accelerator is None else _accelerator_levels(accelerator):
        chart.run(level)
