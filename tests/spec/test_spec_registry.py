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
def test_defaults_are_legal_wherever_anything_is(family: Family, width_bits: int) -> None:
    legal = all(parameter.values(width_bits) for parameter in family.parameters)
    assert legal == (family.problems(family.complete({}, width_bits), width_bits) == [])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.role}-{family.name}")
def test_families_have_a_source_and_work_from_eight_bits(family: Family) -> None:
    assert family.source
    assert family.problems({}, 8) == []
    assert family.problems({}, 8, 32) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [("n", 9), ("n-1", 8), ("n-2", 7), ("2n", 18), ("n/2", 4), ("n/4", 2), ("5", 5), ("w", 12), ("a+b-2", 19),
     ("a", 12), ("b-1", 8), ("3n/4+1", 7)],
)  # fmt: skip
def test_expressions(expression: str, value: int) -> None:
    assert Parameter("k", "", 0, expression, "0").bounds(12, 9) == (0, value)
    assert Parameter("k", "", 0, "a+b", expression).default_for(12, 9) == value


def test_a_family_can_need_wider_operands() -> None:
    assert adder_family("m_herloa").problems({}, 4) == [
        "adder.family: m_herloa needs wider operands than 4 bits: its k (inexact low bits) is legal from 4 to n-1; "
        "exact would work"
    ]
    assert multiplier_family("rad").problems({}, 8, 3) == [
        "multiplier.family: rad needs wider operands than 8x3 bits: its k (bits in the high-radix digit) is legal from "
        "4 to b; exact would work"
    ]
    assert multiplier_family("rad").problems({}, 3, 8) == []


def test_everything_illegal_is_listed() -> None:
    assert multiplier_family("tosam").problems({"h": 9, "t": -1, "q": 1}, 8, 6) == [
        "multiplier.q: multiplier family 'tosam' has no parameter q; it has h, t",
        "multiplier.h: 9 is outside 0..5 for tosam at 8x6 bits; 2 would work",
        "multiplier.t: -1 is outside 0..5 for tosam at 8x6 bits; 3 would work",
    ]


def test_every_family_has_a_model() -> None:
    for family in FAMILIES:
        assert family.model.__name__ == family.name


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        adder_family("drum")
    assert caught.value.message == "no adder family is called 'drum'"
    assert caught.value.hint == f"known: {', '.join(ADDERS)}"
    with pytest.raises(UnknownNameError, match="no multiplier family is called 'loa'"):
        multiplier_family("loa")
