"""A language model on a measured hybrid accelerator: components that add up.

Time is the cycles of every operator, by the formulas that simulation meets, over the clock. Energy is what the digital
blocks take while they work, from the run's power, and what macros (crossbars with their converters, memories) take for
counted events, from technology cards. What stands idle takes nothing, as in the published accounting; the RTL has no
power switches, so that this is an assumption. What it would take if nothing was ever switched off is `standby`:
registers that are clocked although their block does not work, and leakage, of the tiles and memories of all layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tpugen.arithmetic.crossbar import TileShape
from tpugen.arithmetic.decoder_layer import MatrixName, tile_shapes
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.model.accelerators.design import Block, HybridDesign
from tpugen.model.accelerators.passes import LayerPass
from tpugen.model.accelerators.periphery import tile_elements, tile_flip_flops
from tpugen.model.accelerators.summaries import ENGINES, MEMORIES, engine_summaries, operator_costs
from tpugen.model.accelerators.work import MATRIX_OPERATOR, crossbars_of
from tpugen.model.cards import Card, load_card, weakest_origin
from tpugen.model.costs import Origin
from tpugen.model.macros import crossbar_macro, sram_macro
from tpugen.results.systems import AreaPart, ComponentCost, EngineSummary, OperatorCost

if TYPE_CHECKING:
    from tpugen.results.macros import MacroFigures

__all__ = ["HybridCosts", "evaluate_hybrid"]

_CROSSBAR_CARD, _MEMORY_CARD = "rram-45nm", "sram-45nm"
_PROGRAM_WEIGHTS = 16
_MACRO_BITS = 4096
"""Memories below are flip-flops, and part of the digital blocks."""


@dataclass(frozen=True)
class HybridCosts:
    """What a language model takes on the design.

    Attributes:
        components: Time, and energy of what works.
        operators: Sums of the components by operator.
        areas: Digital blocks, crossbars, memories.
        engines: Parts of the accelerator.
        standby: Energy of what stands idle but is not switched off, beside that of the components; no time.
        macs: Multiply-accumulates.
        cycles: Of all operators.
    """

    components: list[ComponentCost]
    operators: list[OperatorCost]
    areas: list[AreaPart]
    engines: list[EngineSummary]
    standby: list[ComponentCost]
    macs: int
    cycles: int


@dataclass
class _Sum:
    """Collects components, areas and what stands by."""

    design: HybridDesign
    cards: Mapping[str, Card]
    total_s: float
    parts: dict[tuple[str, str, str], list[float | None]] = field(default_factory=dict)
    origins: dict[tuple[str, str, str], Origin] = field(default_factory=dict)
    areas: dict[tuple[str, str], tuple[float, Origin]] = field(default_factory=dict)
    idle: dict[tuple[str, str], tuple[float | None, Origin]] = field(default_factory=dict)

    def charge(
        self, engine: str, name: str, operator: str, origin: Origin, *, seconds: float = 0.0, joules: float | None = 0.0
    ) -> None:
        """Time or energy of a component for an operator."""
        key = (operator, engine, name)
        old = self.parts.get(key, [0.0, 0.0])
        energy = None if joules is None or old[1] is None else old[1] + joules
        self.parts[key] = [(old[0] or 0.0) + seconds, energy]
        self.origins[key] = weakest_origin([origin, self.origins.get(key, origin)])

    def area(self, engine: str, name: str, um2: float, origin: Origin) -> None:
        """Area of a component."""
        old, before = self.areas.get((engine, name), (0.0, origin))
        self.areas[engine, name] = (old + um2, weakest_origin([origin, before]))

    def stand_by(self, engine: str, name: str, power_w: float | None, seconds: float, origin: Origin) -> None:
        """Power of what is idle, for so long."""
        old, before = self.idle.get((engine, name), (0.0, origin))
        joules = None if power_w is None or old is None else old + power_w * seconds
        self.idle[engine, name] = (joules, weakest_origin([origin, before]))

    def crossbar(self) -> MacroFigures:
        """Figures of one crossbar of the design."""
        options = self.design.crossbars
        return crossbar_macro(
            self.cards.get(_CROSSBAR_CARD) or load_card(_CROSSBAR_CARD),
            rows=options.crossbar_rows,
            cols=options.crossbar_cols,
            adc_bits=options.adc_bits,
            columns_per_adc=options.columns_per_adc,
            program_weights=_PROGRAM_WEIGHTS,
        )

    def sram(self, depth: int, width: int) -> MacroFigures:
        """Figures of a memory."""
        return sram_macro(
            self.cards.get(_MEMORY_CARD) or load_card(_MEMORY_CARD), depth=depth, width=width, lanes=1
        )  # fmt: skip


def evaluate_hybrid(
    design: HybridDesign, passes: list[LayerPass], cards: Mapping[str, Card] | None = None
) -> HybridCosts:
    """Time, energy and area of passes that follow each other.

    Args:
        design: The measured accelerator.
        passes: What `model_passes` gives.
        cards: Technology cards by name in place of the built-in ones.
    """
    cycles = [one.cycles(design) for one in passes]
    seconds = [{operator: count / (design.clock_mhz * 1e6) for operator, count in counts.items()} for counts in cycles]
    total_s = math.fsum(value for counts in seconds for value in counts.values())
    sums = _Sum(design, cards or {}, total_s)
    for one, spent in zip(passes, seconds, strict=True):
        _time(sums, one, spent)
        _tiles(sums, one, spent)
        _blocks(sums, one, spent)
        _memories(sums, one)
    for block in design.blocks:
        if block.role != "tiles":
            sums.area(block.role, block.name, block.area_um2, design.origin)
            idle_s = total_s - _busy_s(block, passes, seconds)
            _idle_block(sums, block, block.role, idle_s)
    components = _components(sums)
    operators = operator_costs(passes, seconds, components)
    areas = [
        AreaPart(engine=engine, name=name, area_mm2=um2 / 1e6, origin=origin)
        for (engine, name), (um2, origin) in sums.areas.items()
    ]
    return HybridCosts(
        components=components,
        operators=operators,
        areas=areas,
        engines=engine_summaries(design, passes, components, operators, areas),
        standby=[
            ComponentCost(
                name=name,
                operator="standby",
                engine=engine,
                latency_ms=0.0,
                energy_mj=None if joules is None else joules * 1e3,
                origin=origin,
            )
            for (engine, name), (joules, origin) in sums.idle.items()
            if joules is None or joules
        ],
        macs=sum(operator.macs for operator in operators),
        cycles=sum(count for counts in cycles for count in counts.values()),
    )


def _time(sums: _Sum, one: LayerPass, spent: Mapping[Operator, float]) -> None:
    """Cycles at the run's clock; where macros work, that clock rests on the timing of their cards as well."""
    origin = sums.design.origin
    cards = {
        "tiles": sums.crossbar().origins["timing"],
        "array": sums.sram(_MACRO_BITS, 1).origins["timing"],
        "attention": sums.sram(_MACRO_BITS, 1).origins["timing"],
    }
    for operator, value in spent.items():
        engine = ENGINES[operator]
        weakest = weakest_origin([origin, cards.get(engine, origin)])
        joules = 0.0 if sums.design.power_known else None
        sums.charge(engine, "cycles", one.name(operator), weakest, seconds=value, joules=joules)


def _busy_s(block: Block, passes: list[LayerPass], seconds: list[dict[Operator, float]]) -> float:
    return math.fsum(
        value for spent in seconds for operator, value in spent.items() if operator in block.busy
    )  # fmt: skip


def _blocks(sums: _Sum, one: LayerPass, spent: Mapping[Operator, float]) -> None:
    """Energy of the digital blocks that exist once."""
    for block in sums.design.blocks:
        if block.role == "tiles":
            continue
        for operator, value in spent.items():
            if operator in block.busy:
                power = _working_w(block)
                energy = None if power is None else power * value
                sums.charge(block.role, block.name, one.name(operator), sums.design.origin, joules=energy)


def _working_w(block: Block) -> float | None:
    if block.on_w is None or block.logic_w is None:
        return None
    return block.on_w + block.logic_w


def _idle_block(sums: _Sum, block: Block, engine: str, seconds: float) -> None:
    """What a block takes while it does not work: clocked registers, and leakage."""
    origin = sums.design.origin
    for name, power in (("clocked registers", block.register_w), ("leakage of logic", block.leakage_w)):
        sums.stand_by(engine, name, power, seconds, origin)


def _tile_blocks(design: HybridDesign, matrix: MatrixName, tile: TileShape) -> list[Block]:
    """The periphery of a tile: the built one of that matrix, as large as this one is.

    A gate that was not built is like `W_I`. Registers follow its flip-flops; gates, leakage and area its elements.
    """
    built: MatrixName = matrix if matrix in design.shape.matrices else "W_I"
    before = tile_shapes(design.shape, design.crossbars)[built]
    registers = tile_flip_flops(tile) / tile_flip_flops(before)
    others = tile_elements(tile) / tile_elements(before)
    return [
        block.times(registers=registers, logic=others, leakage=others, area=others)
        for block in design.blocks
        if block.matrix == built
    ]


def _tiles(sums: _Sum, one: LayerPass, spent: Mapping[Operator, float]) -> None:
    """Energy and area of the crossbars, and of their digital periphery."""
    design = sums.design
    shapes = tile_shapes(one.shape, design.crossbars)
    figures = sums.crossbar()
    for matrix in one.matrices:
        operator = MATRIX_OPERATOR[matrix]
        tile = shapes[matrix]
        for block in _tile_blocks(design, matrix, tile):
            sums.area("tiles", "periphery", block.area_um2 * one.copies, design.origin)
            power = _working_w(block)
            busy_s = 0.0
            for during, value in spent.items():
                if during in block.busy:
                    busy_s += value
                    energy = None if power is None else power * value
                    sums.charge("tiles", "periphery", one.name(during), design.origin, joules=energy)
            _idle_block(sums, block, "tiles", one.copies * sums.total_s - busy_s)
        crossbars = crossbars_of(tile)
        samples = tile.activation_width_bits * crossbars * one.tokens
        for name, count in (("sample", samples), ("conversion", samples * tile.columns_per_adc)):
            joules = figures.energy_pj[name] * 1e-12 * count
            sums.charge(
                "tiles", _CROSSBAR_PARTS[name], one.name(operator), figures.origins["energy"], joules=joules
            )  # fmt: skip
        sums.area("tiles", "crossbars", figures.area_um2 * crossbars * one.copies, figures.origins["area"])
        leakage_w = figures.leakage_mw * 1e-3 * crossbars * one.copies
        sums.stand_by("tiles", "leakage of crossbars", leakage_w, sums.total_s, figures.origins["leakage"])


_CROSSBAR_PARTS = {"sample": "cells and drivers", "conversion": "ADCs"}


def _memories(sums: _Sum, one: LayerPass) -> None:
    """Energy and area of the memories; those of the LM head's pass are the layers'."""
    for memory in one.memories(sums.design):
        if memory.bits < _MACRO_BITS:
            continue
        banks, depth = memory.banks
        figures = sums.sram(depth, memory.width_bits)
        for event, words in (("read", memory.reads), ("write", memory.writes)):
            for operator, count in words.items():
                joules = figures.energy_pj[event] * 1e-12 * count
                sums.charge(
                    MEMORIES, memory.name, one.name(operator), figures.origins["energy"], joules=joules
                )  # fmt: skip
        if one.label:
            continue
        copies = banks * (one.times if memory.keeps else 1)
        sums.area(MEMORIES, memory.name, figures.area_um2 * copies, figures.origins["area"])
        kept = "leakage of the KV cache" if memory.keeps else "leakage of memories"
        leakage_w = figures.leakage_mw * 1e-3 * copies
        sums.stand_by(MEMORIES, kept, leakage_w, sums.total_s, figures.origins["leakage"])


def _components(sums: _Sum) -> list[ComponentCost]:
    found = []
    for (operator, engine, name), (seconds, joules) in sums.parts.items():
        if seconds or joules or joules is None:
            found.append(
                ComponentCost(
                    name=name,
                    operator=operator,
                    engine=engine,
                    latency_ms=(seconds or 0.0) * 1e3,
                    energy_mj=None if joules is None else joules * 1e3,
                    origin=sums.origins[operator, engine, name],
                )
            )
    return found
