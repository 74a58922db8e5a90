"""What there is to choose from: families found by name, and the parameters that are legal at some widths.

Imports no NumPy, so that a list of families is there at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Literal

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family, Parameter
from tpugen.errors import RequestError, UnknownNameError

__all__ = ["Choice", "choices_of", "entry", "find_family", "in_words", "legal_settings", "some_settings"]

Choice = Literal["all", "default"]

_TABLES: Mapping[str, Mapping[str, Family]] = {"adder": ADDERS, "multiplier": MULTIPLIERS}


def choices_of(role: str | None = None) -> Iterator[Family]:
    """Families of a role, or of both.

    Raises:
        UnknownNameError: no such role.
    """
    if role is not None and role not in _TABLES:
        raise UnknownNameError(f"no role is called {role!r}", hint=f"known: {', '.join(_TABLES)}")
    for name, table in _TABLES.items():
        if role in {None, name}:
            yield from table.values()


def find_family(name: str, role: str | None = None) -> Family:
    """A family by its canonical name or its title, in any case, with `-` or `_`.

    Args:
        name: For example `drum`, `DR-ALM`.
        role: `adder` or `multiplier`; needed only for a name that both roles have.

    Raises:
        UnknownNameError: no such family or role; the closest names are suggested.
        RequestError: both roles have it, and none is given.
    """
    wanted = _normal(name)
    found = [family for family in choices_of(role) if wanted in {family.name, _normal(family.title)}]
    if len(found) == 1:
        return found[0]
    if found:
        roles = [f"--role {family.role}" for family in found]
        raise RequestError(f"both roles have a family {name!r}", hint=f"say which: {' or '.join(roles)}")
    kind = f"{role} family" if role else "family"
    raise UnknownNameError(f"no {kind} is called {name!r}", hint=_suggestion(wanted, role))


def _normal(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


def _suggestion(wanted: str, role: str | None) -> str:
    """The other role that has the name, the families closest to it, or all."""
    for family in choices_of() if role else ():
        if wanted in {family.name, _normal(family.title)}:
            return f"{family.name} is a family of {family.role}s"
    from difflib import get_close_matches

    spellings = {
        spelling: family.name
        for family in choices_of(role)
        for spelling in map(_normal, (*family.synonyms, family.title, family.name))
    }
    close = dict.fromkeys(spellings[match] for match in get_close_matches(wanted, spellings, n=6, cutoff=0.6))
    if close:
        return f"closest: {', '.join(list(close)[:3])}"
    return f"known: {', '.join(dict.fromkeys(family.name for family in choices_of(role)))}"


def legal_settings(family: Family, widths_bits: tuple[int, ...], choice: Choice = "all") -> list[dict[str, int]]:
    """Parameters that are legal at these widths: every combination, or the defaults; none where a range is empty."""
    if family.problems({}, *widths_bits):
        return []
    if choice == "default":
        return [family.complete({}, *widths_bits)]
    names = [parameter.name for parameter in family.parameters]
    ranges = [parameter.values(*widths_bits) for parameter in family.parameters]
    every = (dict(zip(names, values, strict=True)) for values in product(*ranges))
    return [setting for setting in every if not family.problems(setting, *widths_bits)]


def some_settings(family: Family, widths_bits: tuple[int, ...]) -> list[dict[str, int]]:
    """Every legal setting of the first parameter, the others at their defaults."""
    default = family.complete({}, *widths_bits)
    fixed = {parameter.name: default[parameter.name] for parameter in family.parameters[1:]}
    return [setting for setting in legal_settings(family, widths_bits) if fixed.items() <= setting.items()]


def entry(family: Family, widths_bits: tuple[int, ...]) -> dict[str, Any]:
    """A family as data: what it is, its parameters with their legal ranges at these widths, other names, structures."""
    return {
        "role": family.role,
        "family": family.name,
        "title": family.title,
        "summary": family.summary,
        "source": family.source,
        "parameters": [_parameter(parameter, widths_bits) for parameter in family.parameters],
        "synonyms": list(family.synonyms),
        "structures": list(family.structures),
        "shared_pre_approximation": family.shares_operand_codes,
    }


def _parameter(parameter: Parameter, widths_bits: tuple[int, ...]) -> dict[str, Any]:
    low, high = parameter.bounds(*widths_bits)
    legal = low <= high
    return {
        "name": parameter.name,
        "meaning": parameter.meaning,
        "low": low if legal else None,
        "high": high if legal else None,
        "default": parameter.default_for(*widths_bits) if legal else None,
    }


def in_words(parameters: Mapping[str, int]) -> str:
    """`h = 2, t = 4`, or `-`."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) or "-"
