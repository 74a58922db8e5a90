"""A system as a file says it: TOML, checked as a whole before anything is built.

A file, with what may stand in it (`docs/how-to.md` lists all keys)::

    name = "my-mix"
    summary = "attention on a big array, projections on a small one"
    source = "mine"
    schedule = "sequential"            # or overlapped

    [engines.big]
    kind = "systolic"
    rows = 64
    cols = 64
    dataflow = "best"                  # os, ws, is, or the best of the three for each operator
    cycle_model = "scalesim-3.0.0"
    clock_mhz = 200                    # else the card's
    card = "tpu-45nm"
    set = { array_power = "8 mW" }     # constants of the card that differ

    [engines.analog]
    kind = "crossbar"
    card = "rram-45nm"

    [placement]                        # role or operator name = engine; a name counts before its role
    projection = "analog"
    attention = "big"
    down = "big"

    [memory]                           # optional
    card = "lpddr4"
    buffer = "sram-45nm"               # what fits there stays on the chip
    weights = "streamed"               # or resident, or auto: resident where they fit; cache likewise

One error lists everything that is wrong with a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.memory.traffic import Holding
from tpugen.model.systolic.constants import EnergyKind
from tpugen.model.systolic.engine import MatrixSide
from tpugen.model.workloads.operators import Role
from tpugen.results.systems import Schedule
from tpugen.user_files import is_file, parse_toml, read_text_file

__all__ = [
    "CrossbarSection",
    "EngineSection",
    "MemorySection",
    "PublishedSection",
    "SystemDescription",
    "SystolicSection",
    "VectorSection",
    "built_in_systems",
    "read_system",
    "with_constants",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SystolicSection(_Section):
    """A systolic array.

    Attributes:
        dataflow: A name, `best`, or names by operator or role.
        energy: `power` (power times busy time), `events` (energy per MAC and per access) or `none`.
        matrix_side: See `tpugen.model.systolic.engine.MatrixSide`.
        design: A measured run that stands in for the published array: size, dataflow, cycle model, clock, power and
            area are then the run's.
    """

    kind: Literal["systolic"]
    rows: int = Field(default=32, ge=1)
    cols: int = Field(default=32, ge=1)
    dataflow: str | dict[str, str] = "os"
    cycle_model: str = "scalesim-3.0.0"
    clock_mhz: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    card: str = "tpu-45nm"
    set: dict[str, float | str] = Field(default_factory=dict)
    energy: EnergyKind = "power"
    matrix_side: MatrixSide = "columns"
    design: str | None = None


class CrossbarSection(_Section):
    """Analog crossbars."""

    kind: Literal["crossbar"]
    card: str = "rram-45nm"
    set: dict[str, float | str] = Field(default_factory=dict)


class VectorSection(_Section):
    """Lanes for what is no matrix product: softmax, normalisation, activation functions."""

    kind: Literal["vector"]
    card: str = "vector-45nm"
    set: dict[str, float | str] = Field(default_factory=dict)


EngineSection = Annotated[SystolicSection | CrossbarSection | VectorSection, Field(discriminator="kind")]


class MemorySection(_Section):
    """Where operands live that the engines do not hold.

    Attributes:
        card: Of the memory behind the chip.
        buffer: Card of the memory on the chip; only its capacity counts here.
        weights: `auto` (on the chip where all of them fit), `resident` or `streamed`.
        cache: The same for keys and values.
    """

    card: str
    buffer: str = "sram-45nm"
    weights: Holding = "auto"
    cache: Holding = "auto"
    set: dict[str, float | str] = Field(default_factory=dict)


class PublishedSection(_Section):
    """How the publication of the system counts; see `PublishedAccounting`."""

    one_layer_energy_roles: tuple[Role, ...] = ()
    operations_per_mac: dict[Role, float] = Field(default_factory=dict)
    source: str


class SystemDescription(_Section):
    """A whole system, as read; `build_system` makes engines of it."""

    name: str = Field(min_length=1)
    summary: str = ""
    source: str = ""
    schedule: Schedule = "sequential"
    engines: dict[str, EngineSection] = Field(min_length=1)
    placement: dict[str, str] = Field(min_length=1)
    memory: MemorySection | None = None
    published: PublishedSection | None = None
    place: str = ""
    """The file it came from."""


def read_system(name_or_path: str | Path) -> SystemDescription:
    """A system by the name of a built-in one, or from a TOML file.

    Args:
        name_or_path: `tpu-llm`, `pim-llm`, or a path that ends in `.toml`.

    Raises:
        UnknownNameError: no built-in system has that name, and it is no file.
        RequestError: the file cannot be read, or something in it is wrong; the message lists all.
    """
    text = str(name_or_path)
    if text in built_in_systems():
        return _built_in(text)
    path = Path(name_or_path)
    if path.suffix != ".toml" and not is_file(path):
        raise UnknownNameError(
            f"no system is called {text[:80]!r}, and there is no such file", hint=_near(text)
        )  # fmt: skip
    return _parse(read_text_file(path, f"system {text}"), path.stem, text)


def with_constants(
    description: SystemDescription, constants: Mapping[str, float | str], cards: Mapping[str, str] | None = None
) -> SystemDescription:
    """The description with other constants of cards, or other cards.

    Args:
        description: What `read_system` gives.
        constants: `ENGINE.CONSTANT` (or `memory.CONSTANT`): a number in the card's unit, or text with a unit.
        cards: Card by engine (or `memory`).

    Raises:
        RequestError: an engine that the system does not have; constants are checked against their card when the
            engine is built.
    """
    sections: dict[str, EngineSection | MemorySection] = dict(description.engines)
    if description.memory is not None:
        sections["memory"] = description.memory
    for key in (*constants, *(cards or {})):
        engine, dot, constant = key.partition(".")
        wanted = bool(dot and constant) if key in constants else not dot
        if engine not in sections or not wanted:
            raise RequestError(
                f"system {description.name!r}: {key!r} names no {'constant of an ' if key in constants else ''}engine",
                hint=f"engines: {', '.join(sections)}; for example {next(iter(sections))}.CONSTANT=VALUE",
            )
    for name, card in (cards or {}).items():
        sections[name] = sections[name].model_copy(update={"card": card})
    for key, value in constants.items():
        engine, _, constant = key.partition(".")
        section = sections[engine]
        sections[engine] = section.model_copy(update={"set": section.set | {constant: value}})
    memory = sections.pop("memory", None)
    return description.model_copy(update={"engines": sections, "memory": memory})


@cache
def built_in_systems() -> tuple[str, ...]:
    """Names of the systems that come with tpugen."""
    folder = resources.files("tpugen.model") / "data" / "systems"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def _near(text: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(text, built_in_systems(), n=2, cutoff=0.5)
    asked = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{asked}built in: {', '.join(built_in_systems())}; or give the path of a .toml file"


@cache
def _built_in(name: str) -> SystemDescription:
    file = resources.files("tpugen.model") / "data" / "systems" / f"{name}.toml"
    return _parse(file.read_text(encoding="utf-8"), name, "")


def _parse(content: str, stem: str, place: str) -> SystemDescription:
    where = f"system {place or stem!r}"
    data = parse_toml(content, where)
    try:
        return SystemDescription.model_validate({"name": stem} | data | {"place": place})
    except ValidationError as problem:
        lines = "\n  ".join(_complaint(error) for error in problem.errors(include_url=False))
        raise RequestError(
            f"{where}:\n  {lines}", hint="see `tpugen model llm --help`; the built-in systems are examples"
        ) from None


def _complaint(error: Mapping[str, Any]) -> str:
    """One violation: where, what was expected, what was found."""
    # pydantic names the member of the union of engines as well; it is no key of the file.
    path = [str(part) for part in error["loc"]]
    if path[:1] == ["engines"] and len(path) > 2 and path[2] in ("systolic", "crossbar", "vector"):
        del path[2]
    where = ".".join(path)
    if error["type"] == "missing":
        return f"{where}: missing"
    if error["type"] == "extra_forbidden":
        return f"{where}: no such key"
    if error["type"] == "union_tag_not_found":
        return f"{where}: kind is missing; expected systolic, crossbar or vector"
    if error["type"] == "union_tag_invalid":
        found = error["ctx"]["tag"]
        return f"{where}: kind {found!r}; expected systolic, crossbar or vector"
    message = str(error["msg"])
    return f"{where}: {error['input']!r}; {message[:1].lower()}{message[1:]}"
