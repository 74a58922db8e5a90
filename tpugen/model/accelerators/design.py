"""A measured run of the hybrid accelerator as the model takes it: its blocks, what they cost, and when they work.

A block is a part of the top module with an area and a power of its own after synthesis. It works while certain
operators run; outside them its outputs stay where they are. Of its dynamic power, the part of its registers is spent in
every cycle in which it is clocked, the part of its gates in the cycles in which it works: measured over a window of the
simulation of which it worked a share, the gates' power while it works is the measured one over that share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape, MatrixName
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.tpu import TpuShape
from tpugen.model.costs import Origin
from tpugen.results import DesignMeasurement
from tpugen.results.accelerators import AcceleratorSimulation, BlockMeasurement
from tpugen.results.systems import ScalingRecord
from tpugen.spec import PimLlmSpec

__all__ = ["Block", "BlockRole", "HybridDesign", "block_role", "hybrid_design", "scaled"]

BlockRole = Literal["tiles", "array", "attention", "vector", "control"]
"""`tiles`: periphery of the crossbars, one for each matrix and layer; the others exist once, for all layers."""

_O = Operator

_PROJECTED = frozenset({_O.QUERY, _O.KEY, _O.VALUE, _O.OUTPUT, _O.GATE, _O.UP, _O.DOWN})
_NORMALISED = frozenset({_O.NORM1, _O.NORM2})
_HIDDEN = frozenset({_O.GATE, _O.UP, _O.ACTIVATION})
_QUANTISED = frozenset({_O.QUANTISE1, _O.QUANTISE2, _O.QUANTISE3, _O.QUANTISE4})
_ADDED = frozenset({_O.OUTPUT, _O.RESIDUAL1, _O.DOWN, _O.RESIDUAL2})

_VECTOR_UNITS: Mapping[str, frozenset[Operator]] = {
    "norm_stage": _NORMALISED,
    "rms_norm": _NORMALISED,
    "layer_norm": _NORMALISED,
    "absmax_quantise": _QUANTISED | _NORMALISED | {_O.ACTIVATION},
    "projection_bank": _QUANTISED | _PROJECTED,
    "projection_scale": _PROJECTED,
    "requantise": _PROJECTED,
    "hidden_stage": _HIDDEN,
    "gelu": _HIDDEN,
    "relu2": _HIDDEN,
    "gated_product": _HIDDEN,
    "residual_stream": _ADDED | _NORMALISED | {_O.LOAD, _O.UNLOAD},
    "saturating_adder": _ADDED,
    "vector_path": frozenset(_O) - {_O.SCORES, _O.SOFTMAX, _O.CONTEXT},
}
"""Units of the vector path by the name of their module, and the operators in which an element passes them."""

_MATRIX_OPERATORS: Mapping[MatrixName, frozenset[Operator]] = {
    "W_Q": frozenset({_O.QUANTISE1, _O.QUERY}),
    "W_K": frozenset({_O.QUANTISE1, _O.QUERY, _O.KEY}),
    "W_V": frozenset({_O.QUANTISE1, _O.QUERY, _O.KEY, _O.VALUE}),
    "W_X": frozenset({_O.QUANTISE2, _O.OUTPUT}),
    "W_G": frozenset({_O.QUANTISE3, _O.GATE}),
    "W_I": frozenset({_O.QUANTISE3, _O.GATE, _O.UP}),
    "W_O": frozenset({_O.QUANTISE4, _O.DOWN}),
}
"""Operators in which the tile of a matrix takes its vector, works, or holds results that are not taken yet."""

_ARRAY = frozenset({_O.SCORES, _O.CONTEXT})
_ATTENTION = frozenset({_O.QUERY, _O.KEY, _O.VALUE, _O.SCORES, _O.SOFTMAX, _O.CONTEXT, _O.QUANTISE2})

_MATRIX = re.compile(r"gen_matrix\[(\d+)\]")


@dataclass(frozen=True)
class Block:
    """A block of the top module.

    Attributes:
        name: Instance path, or `top` for the top's own cells.
        role: See `BlockRole`.
        matrix: Whose tile it is; None of other blocks.
        busy: Operators during which it works.
        area_um2: Of its standard cells.
        register_w: Power of its flip-flops while it is clocked; None: not known.
        logic_w: Power of its gates while it works; None: not known.
        leakage_w: Power while it is switched on; None: not known.
    """

    name: str
    role: BlockRole
    matrix: MatrixName | None
    busy: frozenset[Operator]
    area_um2: float
    register_w: float | None = None
    logic_w: float | None = None
    leakage_w: float | None = None

    @property
    def on_w(self) -> float | None:
        """Power while it is on, working or not."""
        if self.register_w is None or self.leakage_w is None:
            return None
        return self.register_w + self.leakage_w

    def times(self, *, registers: float, logic: float, leakage: float, area: float) -> Block:
        """The block with other powers and area, by factors."""

        def product(value: float | None, factor: float) -> float | None:
            return None if value is None else value * factor

        return replace(
            self,
            area_um2=self.area_um2 * area,
            register_w=product(self.register_w, registers),
            logic_w=product(self.logic_w, logic),
            leakage_w=product(self.leakage_w, leakage),
        )


@dataclass(frozen=True)
class HybridDesign:
    """A `pim_llm` that a run measured.

    Attributes:
        run: Name of the run.
        technology: Of the digital part, in words.
        clock_mhz: At which it is judged.
        origin: Of clock, areas and powers of the digital part.
        shape: The layer that was built.
        array: Its array.
        crossbars: How its tiles are built.
        blocks: Of the digital part; their areas and powers are the run's, not a workload's.
        simulation: What the run's simulation counted; None: not known.
        scaling: Factors, where the digital part was carried to another technology.
    """

    run: str
    technology: str
    clock_mhz: float
    origin: Origin
    shape: LayerShape
    array: TpuShape
    crossbars: CrossbarOptions
    blocks: tuple[Block, ...]
    simulation: AcceleratorSimulation | None = None
    scaling: ScalingRecord | None = field(default=None)

    @property
    def power_known(self) -> bool:
        """Whether every block's power was measured."""
        return bool(self.blocks) and all(block.on_w is not None and block.logic_w is not None for block in self.blocks)


def block_role(name: str, module: str) -> tuple[BlockRole, MatrixName | None, frozenset[Operator]]:
    """What a block does, from its instance path and its module: role, matrix, operators during which it works."""
    kind = module.split("__", maxsplit=1)[0].lstrip("\\")
    found = _MATRIX.search(name)
    if found is not None:
        matrix: MatrixName = get_args(MatrixName)[int(found.group(1))]
        return "tiles", matrix, _MATRIX_OPERATORS[matrix]
    if kind.startswith(("tpu", "array")):
        return "array", None, _ARRAY
    if kind.startswith("attention"):
        return "attention", None, _ATTENTION
    for unit, busy in _VECTOR_UNITS.items():
        if kind.startswith(unit):
            return "vector", None, busy
    return "control", None, frozenset(Operator)


def hybrid_design(
    run: str,
    spec: PimLlmSpec,
    measured: DesignMeasurement,
    blocks: Sequence[BlockMeasurement],
    timed_mhz: float,
    simulation: AcceleratorSimulation | None,
) -> HybridDesign:
    """A run as the model takes it.

    Args:
        run: Its name.
        spec: What was built.
        measured: Technology, the clock at which it is judged, and where its numbers come from.
        blocks: Areas and powers; where a block lies in another one, the outer one is without the inner.
        timed_mhz: The clock that the powers are for; dynamic power is carried to the clock of `measured`.
        simulation: Cycles by operator of the window in which the switching activity was recorded.
    """
    speed = measured.clock_mhz / timed_mhz
    return HybridDesign(
        run=run,
        technology=measured.technology,
        clock_mhz=measured.clock_mhz,
        origin=measured.origin,
        shape=spec.shape,
        array=spec.array,
        crossbars=spec.crossbars,
        blocks=tuple(_block(block, speed, simulation) for block in blocks),
        simulation=simulation,
    )


def _block(block: BlockMeasurement, speed: float, simulation: AcceleratorSimulation | None) -> Block:
    role, matrix, busy = block_role(block.name, block.module)
    share = _share(busy, simulation)
    register, logic, leakage = block.register_mw, block.logic_mw, block.leakage_mw
    return Block(
        name=block.name or "top",
        role=role,
        matrix=matrix,
        busy=busy,
        area_um2=block.area_um2,
        register_w=None if register is None else register * 1e-3 * speed,
        logic_w=None if logic is None else logic * 1e-3 * speed / share,
        leakage_w=None if leakage is None else leakage * 1e-3,
    )


def _share(busy: frozenset[Operator], simulation: AcceleratorSimulation | None) -> float:
    """Share of the recorded window in which a block worked; 1 where it is not known."""
    if simulation is None or not simulation.activity_window_cycles:
        return 1.0
    worked = sum(simulation.activity_cycles.get(operator.name.lower(), 0) for operator in busy)
    return min(worked / simulation.activity_window_cycles, 1.0) or 1.0


def scaled(design: HybridDesign, record: ScalingRecord, measured: DesignMeasurement) -> HybridDesign:
    """The design with its digital part carried to another technology; crossbars and memories stay those of the cards.

    Args:
        design: As measured.
        record: The factors.
        measured: Clock and technology of the scaled design.
    """
    power = record.energy_factor / record.delay_factor
    return replace(
        design,
        technology=measured.technology,
        clock_mhz=measured.clock_mhz,
        origin=measured.origin,
        blocks=tuple(
            block.times(registers=power, logic=power, leakage=power, area=record.area_factor) for block in design.blocks
        ),
        scaling=record,
    )
