from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.cards import Card, CardField, built_in_cards, load_card, weakest_origin
from tpugen.model.costs import Quantity
from tpugen.model.units import UNITS, accepted_units, convert, dimension_of

GOOD = """
[card]
name = "mine"
description = "A card."

[clock]
value = 200
unit = "MHz"
origin = "measured"
source = "a run"

[access]
value = 1.5
unit = "ns"
origin = "assumed"
source = "a guess"
"""


def write(tmp_path, text: str, name: str = "mine.toml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", built_in_cards())
def test_every_built_in_card_loads_and_names_a_source_for_each_value(name):
    card = load_card(name)
    assert card.name == name
    assert card.description.endswith(".")
    assert card.quantities
    for key, quantity in card.quantities.items():
        assert dimension_of(quantity.unit) is not None, key
        assert quantity.value >= 0, key
        assert len(quantity.source) > 5, key


def test_a_card_file_is_read_with_units_and_origins(tmp_path):
    card = load_card(write(tmp_path, GOOD))
    assert card["clock"] == Quantity(200.0, "MHz", "measured", "a run")
    assert card.value("clock", "Hz") == 200e6
    assert card.value("access", "ps") == pytest.approx(1500)
    assert card.origin("clock") == "measured"
    assert card.origin("clock", "access") == "assumed"


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match=r"'tpu-45mn' is not known(.|\n)*did you mean tpu-45nm"):
        load_card("tpu-45mn")
    with pytest.raises(RequestError, match=r"no value 'clok'(.|\n)*did you mean clock\?"):
        load_card("tpu-45nm")["clok"]


def table(value: str = "1", unit: str = '"s"', origin: str = '"assumed"', source: str = '"s"', more: str = "") -> str:
    return f"[clock]\nvalue = {value}\nunit = {unit}\norigin = {origin}\nsource = {source}\n{more}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[clock]\nvalue = 1", r"clock: unit is missing\n  clock: origin is missing\n  clock: source is missing"),
        (table(value='"x"'), "clock: value is 'x'; expected a finite number"),
        (table(value="nan"), "clock: value is nan; expected a finite number"),
        (table(value="true"), "clock: value is True; expected a finite number"),
        (table(unit='"furlong"'), "clock: unit is 'furlong'; expected one of s, "),
        (table(unit='["s"]'), r"clock: unit is \['s'\]; expected one of s, "),
        (table(origin='"rumour"'), "clock: origin is 'rumour'; expected measured, published or assumed"),
        (table(source='" "'), "clock: source is empty"),
        (table(more="note = 1"), "clock: unknown key 'note'; expected value, unit, origin, source"),
        ("clock = 3", "clock: 3; expected a table with value, unit, origin, source"),
        ("card = 3", r"\[card\] is 3; expected a table with name, description"),
        ("[clock", "not TOML"),
    ],
)
def test_a_wrong_card_is_refused_with_the_field(tmp_path, text, message):
    with pytest.raises(RequestError, match=message):
        load_card(write(tmp_path, text))


def test_a_card_that_cannot_be_read(tmp_path):
    with pytest.raises(RequestError, match="cannot be read: No such file"):
        load_card(tmp_path / "absent.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="not text in UTF-8"):
        load_card(path)


def test_require_lists_everything_that_is_wrong(tmp_path):
    card = load_card(write(tmp_path, GOOD))
    wanted = {"clock": CardField("ns"), "energy": CardField("pJ"), "access": CardField("s", whole=True)}
    with pytest.raises(RequestError) as caught:
        card.require(wanted)
    message = str(caught.value)
    assert "clock: unit 'MHz'; expected s, ms, us, ns, ps or fs" in message
    assert "energy: missing; expected a value in J, mJ, uJ, nJ, pJ or fJ" in message
    assert "access: 1.5 ns; expected a whole number" in message
    assert card.require({"clock": CardField("GHz")}) == {"clock": pytest.approx(0.2)}


@pytest.mark.parametrize(("value", "zero", "ok"), [(0.0, True, True), (0.0, False, False), (-1.0, True, False)])
def test_ranges(value, zero, ok):
    card = Card("c", "", {"x": Quantity(value, "s", "assumed", "s")})
    if ok:
        assert card.require({"x": CardField("s", zero=zero)}) == {"x": value}
    else:
        with pytest.raises(RequestError, match=r"x: -?\d s; expected (0 or more|more than 0)"):
            card.require({"x": CardField("s", zero=zero)})


def test_overrides_take_numbers_texts_and_quantities(tmp_path):
    card = load_card(write(tmp_path, GOOD))
    assert card.override({"clock": 400})["clock"] == Quantity(400.0, "MHz", "assumed", "set by the user")
    assert card.override({"clock": "1.5 GHz"}).value("clock", "MHz") == pytest.approx(1500)
    assert card.override({"clock": "5"})["clock"].unit == "MHz"
    measured = Quantity(3, "MHz", "measured", "a run")
    assert card.override({"clock": measured})["clock"] is measured
    assert card["clock"].value == 200
    for value, message in (("x MHz", "expected a number in MHz"), ("3 ns", "unit 'ns'; expected Hz")):
        with pytest.raises(RequestError, match=message):
            card.override({"clock": value})
    with pytest.raises(RequestError, match="no value 'clocks'"):
        card.override({"clocks": 1})


def test_the_weakest_origin_wins():
    assert weakest_origin(["measured", "published", "assumed"]) == "assumed"
    assert weakest_origin(["measured", "published"]) == "published"
    assert weakest_origin(["measured"]) == "measured"


@given(st.floats(1e-9, 1e9), st.sampled_from(sorted(UNITS)), st.data())
def test_conversions_go_there_and_back(value, unit, data):
    other = data.draw(st.sampled_from(accepted_units(UNITS[unit][0])))
    assert convert(convert(value, unit, other), other, unit) == pytest.approx(value)


def test_conversions_between_dimensions_are_refused():
    with pytest.raises(RequestError, match="'ns' cannot be read in 'pJ'; expected one of J, mJ"):
        convert(1, "ns", "pJ")
    assert convert(1, "GB/s", "Gbit/s") == pytest.approx(8)
    assert convert(20, "pJ/byte", "pJ/bit") == pytest.approx(2.5)
    assert convert(1, "KiB", "byte") == pytest.approx(1024)
