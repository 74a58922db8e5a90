"""A language model on a measured hybrid accelerator as a typed result; notes say what is extrapolated."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tpugen.model.accelerators.design import HybridDesign
from tpugen.model.accelerators.hybrid import HybridCosts, evaluate_hybrid
from tpugen.model.accelerators.passes import LayerPass, model_passes
from tpugen.model.cards import Card
from tpugen.model.totals import known_sum, total_origins
from tpugen.model.workloads import LanguageModel
from tpugen.results.accelerators import WorkloadPoint
from tpugen.results.systems import LlmResult, WorkloadVariant

__all__ = ["hybrid_point"]


def hybrid_point(
    design: HybridDesign,
    model: LanguageModel,
    context: int,
    *,
    prefill: bool = False,
    batch: int = 1,
    lm_head: bool = False,
    embedding: bool = False,
    beyond_context: bool = False,
    workload: WorkloadVariant = "real",
    cards: Mapping[str, Card] | None = None,
) -> WorkloadPoint:
    """What a language model takes on the design.

    Args:
        design: The measured accelerator.
        model: Sizes.
        context: Tokens attended to, or of the prompt.
        prefill: A prompt, token by token.
        batch: Sequences, one after the other.
        lm_head: Count the LM head, as one more matrix on crossbars.
        embedding: Count the look-up: it is the `load` operator, which is always counted.
        beyond_context: Accept a context beyond the model's.
        workload: Whose shapes these are, for the result.
        cards: Technology cards by name in place of the built-in ones.

    Raises:
        RequestError: sizes that the accelerator cannot have, or a context beyond the model's.
    """
    passes = model_passes(
        design, model, context, prefill=prefill, batch=batch, lm_head=lm_head, beyond_context=beyond_context
    )
    costs = evaluate_hybrid(design, passes, cards)
    tokens = batch * (context if prefill else 1)
    latency_ms = math.fsum(part.latency_ms for part in costs.components)
    energy_mj = known_sum(part.energy_mj for part in costs.components)
    result = LlmResult(
        model=model.name,
        model_source=model.source,
        workload=workload,
        phase="prefill" if prefill else "decode",
        context=context,
        batch=batch,
        system="pim_llm",
        system_source=f"run {design.run}",
        accounting="consistent",
        schedule="sequential",
        memory="on chip",
        tokens=tokens,
        tokens_per_s=tokens * 1e3 / latency_ms,
        tokens_per_j=tokens * 1e3 / energy_mj if energy_mj else None,
        latency_ms=latency_ms,
        interval_ms=latency_ms,
        energy_mj=energy_mj,
        area_mm2=math.fsum(part.area_mm2 for part in costs.areas) if design.blocks else None,
        macs=costs.macs,
        gops=costs.macs * 1e-6 / latency_ms,
        gops_per_w=costs.macs * 1e-6 / energy_mj if energy_mj else None,
        components=costs.components,
        operators=costs.operators,
        areas=costs.areas,
        engines=costs.engines,
        origins=total_origins(costs.components, costs.areas),
        scaling=design.scaling,
        notes=[*_notes(design, passes, costs, tokens), *_option_notes(model, context, embedding)],
    )
    idle_mj = known_sum(part.energy_mj for part in costs.standby)
    always_on = None if energy_mj is None or idle_mj is None else tokens * 1e3 / (energy_mj + idle_mj)
    return WorkloadPoint(result=result, standby=costs.standby, always_on_tokens_per_j=always_on)


def _notes(design: HybridDesign, passes: list[LayerPass], costs: HybridCosts, tokens: int) -> list[str]:
    built, asked = design.shape, passes[0].shape
    notes = [
        f"built and simulated: a layer with d = {built.d}, {built.heads} heads, d_ff = {built.d_ff}, "
        f"{built.context} positions, on an array of {design.array.rows} x {design.array.cols}; its cycles are the "
        "formulas' in simulation",
        f"extrapolated with the same formulas: {passes[0].copies} layers with d = {asked.d}, {asked.heads} heads, "
        f"d_ff = {asked.d_ff}, one after the other; every layer has crossbars, their periphery (the run's, by its "
        "flip-flops and the bits that it adds) and a KV cache of its own; array, attention, vector units and control "
        "exist once",
    ]
    if built.gated != asked.gated:
        ours, theirs = ("has no", "has a") if asked.gated else ("has a", "has no")
        notes.append(f"the simulated layer {ours} gate, the model {theirs} gate: its tile is taken to be like W_I's")
    notes.append(
        "what stands idle takes no energy, as in the published accounting: assumed, since the RTL has no power "
        "switches; standby is what it takes where nothing is ever switched off"
    )
    if design.crossbars.zero_skipping:
        notes.append("zero bit planes are skipped in the RTL; here every plane counts as read, in time and energy")
    if design.power_known:
        idle = {f"{part.name} of {part.engine}": part.energy_mj or 0.0 for part in costs.standby}
        working = known_sum(part.energy_mj for part in costs.components) or 0.0
        if idle:
            greatest = max(idle, key=lambda name: idle[name])
            always_on = 1e3 * tokens / (working + sum(idle.values()))
            notes.append(
                f"standby: {sum(idle.values()):.4g} mJ beside {working:.4g} mJ, most of it {greatest}; "
                f"always on: {always_on:.4g} tokens/J"
            )
    else:
        notes.append(f"run {design.run}: the power of its blocks was not measured, so energy is not known")
    return notes


def _option_notes(model: LanguageModel, context: int, embedding: bool) -> list[str]:
    notes = []
    if embedding:
        notes.append("embedding: a row of the table enters as the first layer's token; its fetch takes no time here")
    remark = model.context_remark(context)
    return [*notes, remark] if remark else notes
