"""The registry of adder and multiplier families."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family, Parameter, adder_family, multiplier_family
from tpugen.errors import UnknownNameError

FAMILIES = [*ADDERS.values(), *MULTIPLIERS.values()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.role}-{family.name}")
def test_families_are_well_formed(family: Family) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
    assert family.title
    assert family.summary.endswith(".")
    assert all(synonym == synonym.lower() for synonym in family.synonyms)
    names = [parameter.name for parameter in family.parameters]
    assert len(names) == len(set(names))
    assert "family" not in names


@pytest.mark.parametrize("table", [ADDERS, MULTIPLIERS], ids=["adders", "multipliers"])
def test_names_belong_to_one_family_of_a_role(table: dict[str, Family]) -> None:
    owners: dict[str, str] = {}
    for family in table.values():
        for spelling in {family.name, family.title.lower(), *family.synonyms}:
            assert owners.setdefault(spelling, family.name) == family.name
    assert all(name == family.name for name, family in table.items())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.role}-{family.name}")
@given(width_bits=st.integers(2, 128))
def test_defaults_are_legal_at_every_width(family: Family, width_bits: int) -> None:
    for parameter in family.parameters:
        low, high = parameter.bounds(width_bits)
        assert low <= parameter.default_for(width_bits) <= high


@pytest.mark.parametrize(
    ("expression", "value"), [("n", 9), ("n-1", 8), ("n-2", 7), ("2n", 18), ("n/2", 4), ("n/4", 2), ("5", 5)]
)  # fmt: skip
def test_expressions(expression: str, value: int) -> None:
    assert Parameter("k", "", 0, expression, "0").bounds(9) == (0, value)
    assert Parameter("k", "", 0, "2n", expression).default_for(9) == value


def test_bounds_are_never_empty() -> None:
    assert Parameter("k", "", 4, "n-1", "n/2").bounds(2) == (4, 4)


def test_exact_units_are_available() -> None:
    assert adder_family("exact").available
    assert multiplier_family("exact").available


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        adder_family("drum")
    assert caught.value.message == "no adder family is called 'drum'"
    assert caught.value.hint == f"known: {', '.join(ADDERS)}"
    with pytest.raises(UnknownNameError, match="no multiplier family is called 'loa'"):
        multiplier_family("loa")
