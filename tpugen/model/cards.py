"""Technology cards: named constants, each with its unit, its origin and its source.

A card is a TOML file::

    [card]
    name = "my-rram"
    description = "..."

    [adc_sample_rate]
    value = 1.1
    unit = "GS/s"
    origin = "published"     # measured, published or assumed
    source = "which paper, which table; or why it was assumed"

An engine declares the fields it needs (`CardField`: a unit whose dimension they have, and the values allowed) and asks
the card to meet them at once, so that one error lists everything that is missing or wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.costs import Origin, Quantity
from tpugen.model.units import UNITS, accepted_units, convert, dimension_of
from tpugen.user_files import is_file, parse_toml, read_text_file

__all__ = ["Card", "CardField", "built_in_cards", "load_card", "weakest_origin"]

_ORIGINS: tuple[Origin, ...] = get_args(Origin)
_STRENGTH: dict[Origin, int] = {"assumed": 0, "published": 1, "measured": 2}
_KEYS = ("value", "unit", "origin", "source")


@dataclass(frozen=True, slots=True)
class CardField:
    """What an engine expects of one constant.

    Attributes:
        unit: The unit in which the engine reads it; any unit of the same dimension is accepted in the card.
        zero: Whether 0 is allowed; negative values never are.
        whole: Whether only whole numbers are allowed.
    """

    unit: str
    zero: bool = False
    whole: bool = False


def weakest_origin(origins: Iterable[Origin]) -> Origin:
    """The origin of a result computed from constants of these: assumed before published before measured."""
    return min(origins, key=_STRENGTH.__getitem__, default="assumed")


@dataclass(frozen=True)
class Card:
    """Named constants of a technology.

    Attributes:
        name: Of the card.
        description: One sentence.
        quantities: The constants by name.
        place: The file it came from, for messages.
    """

    name: str
    description: str
    quantities: Mapping[str, Quantity]
    place: str = ""

    def __getitem__(self, name: str) -> Quantity:
        """The constant of that name.

        Raises:
            RequestError: The card has none.
        """
        if name not in self.quantities:
            raise RequestError(f"{self._where()}: no value {name!r}", hint=_near(name, self.quantities, "it has"))
        return self.quantities[name]

    def value(self, name: str, unit: str) -> float:
        """A constant in the unit asked for.

        Raises:
            RequestError: The card has no such constant, or its unit measures something else.
        """
        quantity = self[name]
        if dimension_of(quantity.unit) != dimension_of(unit):
            raise RequestError(f"{self._where()}: {_unit_complaint(name, quantity.unit, unit)}")
        return convert(quantity.value, quantity.unit, unit)

    def origin(self, *names: str) -> Origin:
        """The weakest origin of these constants: that of a number computed from them."""
        return weakest_origin(self[name].origin for name in names)

    def require(self, fields: Mapping[str, CardField]) -> dict[str, float]:
        """The values of these fields, each in its field's unit.

        Raises:
            RequestError: Fields are missing, have a wrong unit or a value out of range; the message lists all.
        """
        wrong = []
        for name, wanted in fields.items():
            quantity = self.quantities.get(name)
            if quantity is None:
                wrong.append(f"{name}: missing; expected a value in {_or(accepted_units(_dimension(wanted.unit)))}")
            elif dimension_of(quantity.unit) != dimension_of(wanted.unit):
                wrong.append(_unit_complaint(name, quantity.unit, wanted.unit))
            elif quantity.value < 0 or (quantity.value == 0 and not wanted.zero):
                wrong.append(f"{name}: {quantity.value:g} {quantity.unit}; expected {_range(wanted)}")
            elif wanted.whole and quantity.value != int(quantity.value):
                wrong.append(f"{name}: {quantity.value:g} {quantity.unit}; expected a whole number")
        if wrong:
            raise RequestError(
                f"{self._where()}:\n  " + "\n  ".join(wrong),
                hint="each value is a table [name] with value, unit, origin and source",
            )
        return {name: self.value(name, wanted.unit) for name, wanted in fields.items()}

    def override(self, values: Mapping[str, Quantity | float | str]) -> Card:
        """A card with other values.

        Args:
            values: A `Quantity`, a number (in the unit that the card uses), or text with a unit such as `"1.28 GS/s"`.
                Numbers and texts count as assumed.

        Raises:
            RequestError: A name the card does not have, text without a number, or a unit of another dimension.
        """
        return replace(
            self,
            quantities=MappingProxyType(
                dict(self.quantities) | {name: self._overridden(name, value) for name, value in values.items()}
            ),
        )

    def _overridden(self, name: str, value: Quantity | float | str) -> Quantity:
        before = self[name]
        if isinstance(value, Quantity):
            return value
        if isinstance(value, str):
            number, _, unit = value.strip().partition(" ")
            unit = unit.strip() or before.unit
        else:
            number, unit = str(value), before.unit
        try:
            parsed = float(number)
        except ValueError:
            parsed = math.nan
        if not math.isfinite(parsed):
            raise RequestError(f"{self._where()}: {name}={value!r}; expected a number in {before.unit}")
        if dimension_of(unit) != dimension_of(before.unit):
            raise RequestError(f"{self._where()}: {_unit_complaint(name, unit, before.unit)}")
        return Quantity(parsed, unit, "assumed", "set by the user")

    def _where(self) -> str:
        return f"technology card {self.name!r}" + (f" ({self.place})" if self.place else "")


@cache
def built_in_cards() -> tuple[str, ...]:
    """Names of the cards that come with tpugen."""
    folder = resources.files("tpugen.model") / "data" / "cards"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_card(name_or_path: str | Path) -> Card:
    """A card by the name of a built-in one, or from a TOML file.

    Args:
        name_or_path: A name such as `rram-45nm`, or a path that ends in `.toml`.

    Raises:
        UnknownNameError: No built-in card has that name, and it is not a file.
        RequestError: The file cannot be read, or a table of it is wrong; the message lists everything that is.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, str) and text in built_in_cards():
        return _built_in(text)
    path = Path(name_or_path)
    if path.suffix != ".toml" and not is_file(path):
        hint = _near(text, built_in_cards(), "built in are")
        raise UnknownNameError(
            f"technology card {text!r} is not known, and there is no such file",
            hint=f"{hint}; or give the path of a .toml file",
        )
    return _parse(read_text_file(path, f"technology card {text}"), path.stem, text)


@cache
def _built_in(name: str) -> Card:
    file = resources.files("tpugen.model") / "data" / "cards" / f"{name}.toml"
    return _parse(file.read_text(encoding="utf-8"), name, "")


def _parse(content: str, stem: str, place: str) -> Card:
    tables = parse_toml(content, f"technology card {place or stem}")
    head = tables.pop("card", {})
    if not isinstance(head, dict):
        raise RequestError(
            f"technology card {place or stem}: [card] is {head!r}; expected a table with name, description"
        )
    card = Card(str(head.get("name", stem)), str(head.get("description", "")), {}, place)
    wrong = [f"{name}: {complaint}" for name, table in tables.items() for complaint in _complaints(table)]
    if wrong:
        raise RequestError(
            f"{card._where()}:\n  " + "\n  ".join(wrong),
            hint="each value is a table [name] with value, unit, origin and source",
        )
    quantities = {
        name: Quantity(float(table["value"]), table["unit"], cast("Origin", table["origin"]), table["source"])
        for name, table in tables.items()
    }
    return replace(card, quantities=MappingProxyType(quantities))


def _complaints(table: Any) -> list[str]:
    """What is wrong with one table of a card."""
    if not isinstance(table, dict):
        return [f"{table!r}; expected a table with {', '.join(_KEYS)}"]
    wrong = [f"{key} is missing" for key in _KEYS if key not in table]
    wrong += [f"unknown key {key!r}; expected {', '.join(_KEYS)}" for key in table if key not in _KEYS]
    value, unit, origin, source = (table.get(key) for key in _KEYS)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if "value" in table and not (number and math.isfinite(cast("float", value))):
        wrong.append(f"value is {value!r}; expected a finite number")
    if "unit" in table and not (isinstance(unit, str) and unit in UNITS):
        wrong.append(f"unit is {unit!r}; expected one of {', '.join(UNITS)}")
    if "origin" in table and origin not in _ORIGINS:
        wrong.append(f"origin is {origin!r}; expected {_or(_ORIGINS)}")
    if "source" in table and not (isinstance(source, str) and source.strip()):
        wrong.append("source is empty; expected where the value comes from")
    return wrong


def _unit_complaint(name: str, found: str, wanted: str) -> str:
    return f"{name}: unit {found!r}; expected {_or(accepted_units(_dimension(wanted)))}"


def _dimension(unit: str) -> str:
    return UNITS[unit][0]


def _range(wanted: CardField) -> str:
    return ("0 or more" if wanted.zero else "more than 0") + (", a whole number" if wanted.whole else "")


def _or(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _near(wanted: str, names: Iterable[str], lead: str) -> str:
    from difflib import get_close_matches

    known = sorted(names)
    close = get_close_matches(wanted, known, n=4, cutoff=0.5)
    return f"did you mean {_or(close)}?" if close else f"{lead} {', '.join(known) or 'no values'}"
