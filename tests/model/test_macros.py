"""Figures of macros from cards: worked by hand, monotonous in their sizes, never called measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError
from tpugen.model.cards import load_card
from tpugen.model.macros import crossbar_macro, macro_figures, sram_macro

CROSSBAR = {"Rows": 128, "Cols": 128, "AdcBits": 8, "ColumnsPerAdc": 8, "ProgramWeights": 16}


def crossbar(**changes: int):
    figures = macro_figures("crossbar", CROSSBAR | changes)
    assert figures is not None
    return figures


def sram(depth: int, width: int, lanes: int = 1):
    figures = macro_figures("sram", {"Depth": depth, "Width": width, "Lanes": lanes})
    assert figures is not None
    return figures


def test_a_crossbar_by_hand() -> None:
    figures = crossbar()
    assert figures.area_parts_um2 == pytest.approx(
        {"devices": 128 * 128 * 2 * 1.44, "drivers": 128 * 0.166, "sample_hold": 128 * 0.039, "adcs": 16 * 1200}
    )
    assert figures.area_um2 == pytest.approx(sum(figures.area_parts_um2.values()))
    # DAC (1 + 2) / 1 GS/s, device 3.16 ns, wires 0.38 * 2.82 ohm * 1 fF * (128^2 + 128^2).
    settled_ns = 3 + 3.16 + 0.38 * 2.82 * 1e-6 * 2 * 128**2
    assert figures.setup_ns["row_bits_i"] == pytest.approx(settled_ns + 0.05)
    assert figures.setup_ns["convert_i"] == pytest.approx(10 / 1.28 + 0.05)
    assert figures.energy_pj["conversion"] == pytest.approx(16 * 2 * 10 / 1.28)  # mW ns
    pair_uw = 0.15**2 * (1 / 1e4 + 1 / 1e6) * 1e6
    sample_fj = 128 * 3.9 * 3 + 128 * 128 * 0.5 * pair_uw * settled_ns + 128 * 0.98
    assert figures.energy_pj["sample"] == pytest.approx(sample_fj / 1e3)
    assert figures.energy_pj["program"] == pytest.approx(2 * 16 * 2)
    assert figures.cell == "crossbar_128_128_8_8_16"


def test_origins_say_what_was_assumed() -> None:
    assert crossbar().origins == {"area": "published", "timing": "assumed", "energy": "assumed", "leakage": "assumed"}
    assert crossbar(AdcBits=6).origins["area"] == "assumed"  # no 6-bit ADC is in the card
    assert sram(256, 32).origins == {
        "area": "assumed", "timing": "published", "energy": "assumed", "leakage": "published",
    }  # fmt: skip


def test_converters_of_other_resolutions() -> None:
    """MNSIM 2.0's 6-bit ADC: 1.26 mW at 1 GS/s, here at the card's 1.28 GS/s."""
    power_mw = crossbar(AdcBits=6, ColumnsPerAdc=128).energy_pj["conversion"] / (8 / 1.28)
    assert power_mw == pytest.approx(1.26 * 1.28, rel=0.08)
    ten, nine = (crossbar(AdcBits=bits).area_parts_um2["adcs"] for bits in (10, 9))
    assert ten == 2 * nine == 4 * 16 * 1200


def test_what_no_figure_depends_on_makes_no_difference() -> None:
    assert crossbar(Index=7, FaultSeed=3, NoiseSigma=20, StuckOff=9) == crossbar()


@pytest.mark.parametrize(
    ("depth", "width", "access_ns"),
    [(64, 32, 0.207), (256, 32, 0.235), (1024, 32, 0.309), (512, 64, 0.305), (128, 256, 0.302), (2048, 39, 0.435)],
)
def test_access_times_meet_the_published_macros(depth: int, width: int, access_ns: float) -> None:
    """Times from clock to output of fakeram45_<depth>x<width> of OpenROAD-flow-scripts."""
    assert sram(depth, width).clock_to_output_ns == pytest.approx(access_ns, rel=0.07)


def test_an_sram_by_hand() -> None:
    figures = sram(512, 64, 8)
    assert figures.area_um2 == pytest.approx(512 * 64 * 0.5 * 1.5)
    assert figures.energy_pj == pytest.approx({"read": 64 * 0.16, "write": 64 * 0.16})
    assert figures.leakage_mw == pytest.approx(512 * 64 * 24.3e-6)
    assert figures.setup_ns == {}
    assert figures.cell == "sram_512_64_8"


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 512), st.integers(2, 512), st.integers(2, 15), st.integers(1, 64))
def test_more_of_anything_costs_more(rows: int, cols: int, bits: int, shared: int) -> None:
    one = crossbar(Rows=rows, Cols=cols, AdcBits=bits, ColumnsPerAdc=shared)
    for larger in (
        crossbar(Rows=2 * rows, Cols=cols, AdcBits=bits, ColumnsPerAdc=shared),
        crossbar(Rows=rows, Cols=2 * cols, AdcBits=bits, ColumnsPerAdc=shared),
        crossbar(Rows=rows, Cols=cols, AdcBits=bits + 1, ColumnsPerAdc=shared),
    ):
        assert larger.area_um2 > one.area_um2
        assert sum(larger.energy_pj.values()) > sum(one.energy_pj.values())
    assert math.isclose(one.energy_pj["conversion"] / -(-cols // shared), crossbar(AdcBits=bits, Cols=2,
        ColumnsPerAdc=2).energy_pj["conversion"])  # fmt: skip


def test_the_cards_values_are_what_counts() -> None:
    card = load_card("rram-45nm").override({"adc_power": "4 mW", "device_area": "0.72 um2"})
    sizes = {"rows": 128, "cols": 128, "adc_bits": 8, "columns_per_adc": 8, "program_weights": 16}
    changed, plain = crossbar_macro(card, **sizes), crossbar()
    assert changed.energy_pj["conversion"] == pytest.approx(2 * plain.energy_pj["conversion"])
    assert changed.area_parts_um2["devices"] == pytest.approx(0.5 * plain.area_parts_um2["devices"])
    assert changed.origins["area"] == "assumed"
    doubled = sram_macro(load_card("sram-45nm").override({"two_port_factor": 3}), depth=16, width=8, lanes=1)
    assert doubled.area_um2 == pytest.approx(2 * sram(16, 8).area_um2)


def test_other_modules_are_no_macros_and_missing_parameters_are_named() -> None:
    assert macro_figures("adder_exact", {"Width": 8}) is None
    with pytest.raises(RequestError) as caught:
        macro_figures("sram", {"Depth": 8})
    assert caught.value.message == "macro sram: Width, Lanes missing"
    with pytest.raises(RequestError, match="two_port_factor: missing"):
        sram_macro(load_card("lpddr4"), depth=16, width=8, lanes=1)
