"""Area, timing and energy of the macros that synthesis keeps: crossbars with their converters, and SRAMs, from cards.

Crossbar (constants of the card `rram-45nm`, as the performance model's crossbar engine uses them):

- area: two devices a weight, a driver a row, a sample-and-hold circuit a column pair, the ADCs;
- a sample (`sample_i`, `row_bits_i`) must settle before the clock edge: DAC, device and wires; meanwhile the drivers
  and the pairs whose input bit is 1 draw power;
- a conversion (`convert_i`, `column_i`) must end before the clock edge, with the codes in registers of the macro: the
  resolution and two more sample periods, as in MNSIM 2.0;
- an ADC's power and area grow with its bits up to the card's resolution (MNSIM 2.0's 6-bit one is met within 7 %), and
  double with each bit beyond, as its capacitors do: assumed;
- programming takes energy, but no time: its pulses are longer than a clock cycle, and nothing waits for them.

SRAM (card `sram-45nm`): area and energy a bit, access time with the square root of the bits.
"""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.errors import RequestError
from tpugen.model.cards import Card, CardField, load_card, weakest_origin
from tpugen.model.costs import Origin
from tpugen.model.crossbars.constants import CrossbarConstants
from tpugen.results.macros import MacroFigures

__all__ = ["CROSSBAR_MACRO_FIELDS", "SRAM_MACRO_FIELDS", "crossbar_macro", "macro_figures", "sram_macro"]

CROSSBAR_MACRO_FIELDS = {
    "sample_hold_area": CardField("um2", zero=True),
    "sample_hold_energy": CardField("J", zero=True),
    "program_energy": CardField("J", zero=True),
    "readback_energy": CardField("J", zero=True),
    "interface_setup": CardField("s", zero=True),
    "interface_hold": CardField("s", zero=True),
    "interface_access": CardField("s"),
    "interface_capacitance": CardField("F"),
}
"""What a crossbar card must hold for macros, beside what the crossbar engine needs."""

SRAM_MACRO_FIELDS = {
    "read_energy": CardField("J/bit", zero=True),
    "write_energy": CardField("J/bit", zero=True),
    "area_per_bit": CardField("um2/bit", zero=True),
    "two_port_factor": CardField("1"),
    "macro_setup": CardField("s", zero=True),
    "macro_hold": CardField("s", zero=True),
    "macro_access_base": CardField("s"),
    "macro_access_slope": CardField("s", zero=True),
    "macro_input_capacitance": CardField("F"),
    "macro_leakage": CardField("W", zero=True),
}
"""What an SRAM card must hold for macros."""

_CROSSBAR_PARAMETERS = ("Rows", "Cols", "AdcBits", "ColumnsPerAdc", "ProgramWeights")
_SRAM_PARAMETERS = ("Depth", "Width", "Lanes")


def macro_figures(name: str, parameters: Mapping[str, int]) -> MacroFigures | None:
    """Figures of a library macro from the built-in cards.

    Args:
        name: Module: `crossbar` or `sram`.
        parameters: Of the module, by name; those that no figure depends on (seeds, faults) may be there.

    Returns:
        None for a module that is no macro of the library.

    Raises:
        RequestError: a parameter is missing.
    """
    match name:
        case "crossbar":
            return crossbar_macro(load_card("rram-45nm"), **_numbers(name, parameters, _CROSSBAR_PARAMETERS))
        case "sram":
            return sram_macro(load_card("sram-45nm"), **_numbers(name, parameters, _SRAM_PARAMETERS))
    return None


def _numbers(name: str, parameters: Mapping[str, int], wanted: tuple[str, ...]) -> dict[str, int]:
    missing = [key for key in wanted if key not in parameters]
    if missing:
        raise RequestError(f"macro {name}: {', '.join(missing)} missing", hint=f"it takes {', '.join(wanted)}")
    return {_snake(key): int(parameters[key]) for key in wanted}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def crossbar_macro(
    card: Card, *, rows: int, cols: int, adc_bits: int, columns_per_adc: int, program_weights: int
) -> MacroFigures:
    """Figures of a differential crossbar with drivers, sample-and-hold circuits and ADCs.

    Args:
        card: A crossbar card with `CROSSBAR_MACRO_FIELDS`.
        rows: Word lines.
        cols: Column pairs.
        adc_bits: Resolution of an ADC.
        columns_per_adc: Column pairs that share an ADC.
        program_weights: Weights of a word that is programmed or read back.

    Raises:
        RequestError: the card lacks a constant, or one is out of range or in a wrong unit.
    """
    from dataclasses import replace

    own = card.require(CROSSBAR_MACRO_FIELDS)
    constants = replace(CrossbarConstants.of(card), crossbar_rows=rows, crossbar_columns=cols)
    adcs = -(-cols // columns_per_adc)
    scale = _adc_scale(adc_bits, constants.adc_precision)
    settled_s = constants.dac_latency_s + constants.crossbar_latency_s
    conversion_s = (adc_bits + constants.conversion_overhead) / constants.adc_rate
    devices = constants.devices_per_weight
    area = {
        "devices": rows * cols * devices * constants.device_area,
        "drivers": rows * constants.dac_area,
        "sample_hold": cols * own["sample_hold_area"],
        "adcs": adcs * scale * constants.adc_area,
    }
    sample_j = (
        rows * constants.dac_power * constants.dac_latency_s
        + rows * cols * constants.input_activity * constants.pair_power_w * settled_s
        + cols * own["sample_hold_energy"]
    )
    energy = {
        "sample": sample_j,
        "conversion": adcs * scale * constants.adc_power * conversion_s,
        "program": program_weights * devices * own["program_energy"],
        "read": program_weights * devices * own["readback_energy"],
    }
    setup_s = own["interface_setup"]
    slow = {"sample_i": settled_s, "row_bits_i": settled_s, "convert_i": conversion_s, "column_i": conversion_s}
    scaled: tuple[Origin, ...] = () if adc_bits == constants.adc_precision else ("assumed",)
    return MacroFigures(
        name="crossbar",
        parameters={
            "Rows": rows,
            "Cols": cols,
            "AdcBits": adc_bits,
            "ColumnsPerAdc": columns_per_adc,
            "ProgramWeights": program_weights,
        },
        area_um2=sum(area.values()),
        area_parts_um2=area,
        setup_ns={port: (setup_s + seconds) * 1e9 for port, seconds in slow.items()},
        interface_setup_ns=setup_s * 1e9,
        hold_ns=own["interface_hold"] * 1e9,
        clock_to_output_ns=own["interface_access"] * 1e9,
        input_capacitance_ff=own["interface_capacitance"] * 1e15,
        energy_pj={event: joules * 1e12 for event, joules in energy.items()},
        leakage_mw=0.0,
        origins={
            "area": weakest_origin(
                [card.origin("device_area", "dac_area", "sample_hold_area", "adc_area", "devices_per_weight"), *scaled]
            ),
            "timing": card.origin("read_latency", "dac_rate", "adc_rate", "interface_setup", "interface_access"),
            "energy": weakest_origin(
                [card.origin("dac_power", "adc_power", "input_activity", "sample_hold_energy"), *scaled]
            ),
            "leakage": "assumed",
        },
        source=f"card {card.name}: ISAAC (ISCA 2016), MNSIM 2.0 (TCAD 2023); "
        "converters are off between conversions and cells hold without supply (assumed)",
    )


def _adc_scale(bits: int, precision: int) -> float:
    """Power and area of an ADC in those of the card's."""
    return bits / precision if bits <= precision else 2.0 ** (bits - precision)


def sram_macro(card: Card, *, depth: int, width: int, lanes: int) -> MacroFigures:
    """Figures of an SRAM with one port to write and one to read.

    Args:
        card: An SRAM card with `SRAM_MACRO_FIELDS`.
        depth: Words.
        width: Bits of a word.
        lanes: Parts of a word that are written each alone.

    Raises:
        RequestError: the card lacks a constant, or one is out of range or in a wrong unit.
    """
    values = card.require(SRAM_MACRO_FIELDS)
    bits = depth * width
    access_s = values["macro_access_base"] + values["macro_access_slope"] * bits**0.5
    return MacroFigures(
        name="sram",
        parameters={"Depth": depth, "Width": width, "Lanes": lanes},
        area_um2=bits * values["area_per_bit"] * values["two_port_factor"],
        area_parts_um2={"cells": bits * values["area_per_bit"] * values["two_port_factor"]},
        interface_setup_ns=values["macro_setup"] * 1e9,
        hold_ns=values["macro_hold"] * 1e9,
        clock_to_output_ns=access_s * 1e9,
        input_capacitance_ff=values["macro_input_capacitance"] * 1e15,
        energy_pj={
            "read": width * values["read_energy"] * 1e12,
            "write": width * values["write_energy"] * 1e12,
        },
        leakage_mw=bits * values["macro_leakage"] * 1e3,
        origins={
            "area": card.origin("area_per_bit", "two_port_factor"),
            "timing": card.origin("macro_setup", "macro_hold", "macro_access_base", "macro_access_slope"),
            "energy": card.origin("read_energy", "write_energy"),
            "leakage": card.origin("macro_leakage"),
        },
        source=f"card {card.name}: Horowitz (ISSCC 2014), fakeram45 of OpenROAD-flow-scripts (CACTI)",
    )
