"""Engines from a description: cards are loaded, options of the user take the place of what the file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.cards import load_card
from tpugen.model.crossbars import CrossbarEngine
from tpugen.model.memory import Memory
from tpugen.model.systems.description import (
    CrossbarSection,
    MemorySection,
    SystemDescription,
    SystolicSection,
    VectorSection,
    read_system,
)
from tpugen.model.systems.system import PlacedEngine, PublishedAccounting, System, SystemMemory
from tpugen.model.systems.vector import VectorEngine
from tpugen.model.systolic import BEST, SystolicEngine, dataflow_name, find_cycle_model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["ArrayOptions", "MeasuredArray", "build_system", "load_memory", "load_system"]


@dataclass(frozen=True)
class MeasuredArray:
    """An array that a run of tpugen measured.

    Attributes:
        engine: With the run's shape, dataflow, clock, power and area.
        settings: What it is, in words: run, technology, size, ...
    """

    engine: SystolicEngine
    settings: Mapping[str, str]


@dataclass(frozen=True)
class ArrayOptions:
    """What the user changes of every systolic array of a system; None leaves what the file says.

    Attributes:
        rows: Of the array; a number, or one per design point.
        cols: Of the array, likewise.
        dataflow: A name, `best`, or codes per design point.
        cycle_model: Name of the cycle model.
        clock_mhz: Clock, likewise; it then counts as assumed.
        design: A measured array in place of the published one; excludes the others but `cycle_model`.
    """

    rows: int | IntArray | None = None
    cols: int | IntArray | None = None
    dataflow: str | IntArray | None = None
    cycle_model: str | None = None
    clock_mhz: float | FloatArray | None = None
    design: MeasuredArray | None = None

    def changed(self) -> list[str]:
        """Names of the options that are given."""
        names = ("rows", "cols", "dataflow", "cycle_model", "clock_mhz", "design")
        return [name for name in names if getattr(self, name) is not None]


@dataclass(frozen=True)
class _Builder:
    options: ArrayOptions = field(default_factory=ArrayOptions)
    designs: Mapping[str, MeasuredArray] = field(default_factory=dict)

    def engine(self, name: str, section: SystolicSection | CrossbarSection | VectorSection) -> PlacedEngine:
        if isinstance(section, SystolicSection):
            return self._systolic(name, section)
        card = load_card(section.card).override(section.set)
        settings = {"card": section.card} | _set_words(section.set)
        if isinstance(section, CrossbarSection):
            return PlacedEngine(CrossbarEngine(card), section.kind, settings)
        return PlacedEngine(VectorEngine(card), section.kind, settings)

    def _systolic(self, name: str, section: SystolicSection) -> PlacedEngine:
        design = self.options.design or self.designs.get(name)
        if design is not None:
            return self._measured(name, design)
        if section.design is not None:
            raise RequestError(
                f"engine {name!r}: design = {section.design!r} names a run, which only the pipeline can read",
                hint="use tpugen.model_llm(...) or `tpugen model llm`",
            )
        options = self.options
        card = load_card(section.card).override(section.set)
        rows = section.rows if options.rows is None else options.rows
        cols = section.cols if options.cols is None else options.cols
        dataflow = section.dataflow if options.dataflow is None else options.dataflow
        engine = SystolicEngine.from_card(
            card,
            rows=rows,
            cols=cols,
            dataflow=dataflow,
            cycle_model=options.cycle_model or section.cycle_model,
            clock_mhz=section.clock_mhz if options.clock_mhz is None else options.clock_mhz,
            energy=section.energy,
            matrix_side=section.matrix_side,
        )
        settings = _array_words(engine) | {"card": section.card} | _set_words(section.set)
        return PlacedEngine(engine, section.kind, settings)

    def _measured(self, name: str, design: MeasuredArray) -> PlacedEngine:
        from dataclasses import replace

        extra = [option for option in self.options.changed() if option not in ("design", "cycle_model")]
        if extra:
            raise RequestError(
                f"engine {name!r} is a measured design: {', '.join(extra)} are what the run has and cannot be changed",
                hint="leave them out, or measure another design",
            )
        engine = design.engine
        if self.options.cycle_model is not None:
            engine = replace(engine, cycle_model=self.options.cycle_model)
        return PlacedEngine(engine, "systolic", {**design.settings, **_array_words(engine)})


def load_system(name_or_path: str | Path, options: ArrayOptions | None = None) -> System:
    """A system by name or from a file, ready to evaluate.

    Args:
        name_or_path: `tpu-llm`, `pim-llm`, or the path of a TOML file (see `tpugen.model.systems.description`).
        options: What differs from the file in its systolic arrays.

    Raises:
        UnknownNameError: no such system, card, dataflow or cycle model.
        RequestError: something in the file or in a card is wrong.
    """
    return build_system(read_system(name_or_path), options)


def build_system(
    description: SystemDescription,
    options: ArrayOptions | None = None,
    designs: Mapping[str, MeasuredArray] | None = None,
) -> System:
    """The engines of a description.

    Args:
        description: What `read_system` gives.
        options: What differs from it in its systolic arrays.
        designs: Measured arrays by engine, for those that name a `design`.

    Raises:
        UnknownNameError: no such card, dataflow or cycle model.
        RequestError: a card lacks a constant, or the options do not go with the system.
    """
    builder = _Builder(options or ArrayOptions(), designs or {})
    changed = builder.options.changed()
    if changed and not any(isinstance(section, SystolicSection) for section in description.engines.values()):
        raise RequestError(f"system {description.name!r} has no systolic array to change: {', '.join(changed)}")
    published = description.published
    return System(
        name=description.name,
        engines={name: builder.engine(name, section) for name, section in description.engines.items()},
        placement=description.placement,
        schedule=description.schedule,
        published=PublishedAccounting(published.one_layer_energy_roles, published.operations_per_mac, published.source)
        if published
        else PublishedAccounting(),
        memory=load_memory(description.memory) if description.memory else None,
        source=description.source or description.place,
        summary=description.summary,
    )


def load_memory(section: MemorySection | str | Path) -> SystemMemory:
    """A memory as a file describes it, or by the name of its card.

    Raises:
        UnknownNameError: no such card.
        RequestError: a card lacks a constant of a memory.
    """
    asked = section if isinstance(section, MemorySection) else MemorySection(card=str(section))
    return SystemMemory(
        memory=Memory.from_card(load_card(asked.card).override(asked.set)),
        buffer_bytes=Memory.from_card(load_card(asked.buffer)).capacity_bytes,
        weights=asked.weights,
        cache=asked.cache,
    )


def _set_words(changes: Mapping[str, float | str]) -> dict[str, str]:
    return {name: f"{name} = {value}" for name, value in changes.items()}


def _array_words(engine: SystolicEngine) -> dict[str, str]:
    """An array in words; a sweep's axes say `swept`."""
    import numpy as np

    def word(value: object) -> str:
        values = np.unique(np.asarray(value))
        return f"{values[0]:g}" if values.size == 1 else "swept"

    if isinstance(engine.dataflow, str):
        dataflow = engine.dataflow
    elif isinstance(engine.dataflow, Mapping):
        dataflow = ", ".join(f"{name}: {value}" for name, value in engine.dataflow.items())
    else:
        codes = np.unique(engine.dataflow)
        dataflow = dataflow_name(int(codes[0])) if codes.size == 1 else "swept"
    return {
        "array": f"{word(engine.rows)} x {word(engine.cols)}",
        "dataflow": f"{dataflow} (the fewest cycles, operator by operator)" if dataflow == BEST else dataflow,
        "cycle model": f"{engine.cycle_model} ({find_cycle_model(engine.cycle_model).summary})",
        "clock": f"{word(engine.clock_mhz)} MHz ({engine.clock_origin})",
    }
