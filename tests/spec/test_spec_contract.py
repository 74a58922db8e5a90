"""Contracts and latency formulas, for any legal spec."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_spec_strategies import specs

from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, Port, SystolicArraySpec, contract_for
from tpugen.spec.design import Dataflow
from tpugen.spec.latency import DRAIN_SEGMENT_ROWS, Latency, latency_for

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
FLOWS: tuple[Dataflow, ...] = ("output_stationary", "weight_stationary", "input_stationary")


@settings(deadline=None)
@given(specs())
def test_contracts_are_deterministic(spec: DesignSpec) -> None:
    again = type(spec).model_validate(spec.model_dump())
    assert contract_for(spec) == contract_for(again)
    assert contract_for(spec).content_hash() == contract_for(again).content_hash()


@settings(deadline=None)
@given(specs())
def test_ports_are_well_formed(spec: DesignSpec) -> None:
    contract = contract_for(spec)
    names = [port.name for port in contract.ports]
    assert len(names) == len(set(names))
    assert IDENTIFIER.fullmatch(contract.module)
    for port in contract.ports:
        assert IDENTIFIER.fullmatch(port.name)
        assert port.width_bits >= 1
        suffix = "_o" if port.direction == "output" else "_i"
        assert port.name.endswith(suffix) or port.name == "rst_ni"
        assert contract.port(port.name) is port
        assert port.name in port.declaration()
    assert contract.clocked == (names[:2] == ["clk_i", "rst_ni"])
    assert contract.behaviour
    with pytest.raises(KeyError):
        contract.port("no_such_port")


@settings(deadline=None)
@given(specs())
def test_channels_name_ports_of_the_right_direction(spec: DesignSpec) -> None:
    contract = contract_for(spec)
    used: list[str] = []
    for channel in contract.channels:
        into, out = ("input", "output") if channel.role == "sink" else ("output", "input")
        assert contract.port(channel.valid).direction == into
        assert contract.port(channel.ready).direction == out
        assert contract.port(channel.valid).width_bits == contract.port(channel.ready).width_bits == 1
        for name in channel.payload:
            assert contract.port(name).direction == into
        if channel.last is not None:
            assert contract.port(channel.last).direction == into
        used += [channel.valid, channel.ready, *channel.payload, *([channel.last] if channel.last else [])]
    if contract.clocked:
        assert sorted(used) == sorted(port.name for port in contract.ports[2:])
    else:
        assert used == []


@settings(deadline=None)
@given(specs(), specs())
def test_different_designs_have_different_modules(one: DesignSpec, other: DesignSpec) -> None:
    """The clock is no part of the RTL; everything else is part of the module's name."""
    if one.model_copy(update={"clock_mhz": 1.0}) == other.model_copy(update={"clock_mhz": 1.0}):
        assert contract_for(one) == contract_for(other)
    else:
        assert contract_for(one).module != contract_for(other).module


def test_module_names() -> None:
    assert contract_for(SystolicArraySpec()).module == "systolic_array_os_8x8_s8xs8_acc32"
    assert contract_for(MacSpec(signed=False)).module == "mac_u8xu8_acc32"
    assert contract_for(AdderSpec(width_bits=12)).module == "adder_s12"
    spec = MultiplierSpec.model_validate({"multiplier": {"family": "bam", "vbl": 4, "hbl": 2}})
    assert contract_for(spec).module == "multiplier_s8xs8_bam_hbl2_vbl4"


def test_port_widths_of_arrays() -> None:
    base = {"rows": 3, "cols": 5, "activation_width_bits": 8, "weight_width_bits": 4, "accumulator_width_bits": 20}
    widths = {}
    for flow in FLOWS:
        contract = contract_for(SystolicArraySpec.model_validate({**base, "dataflow": flow}))
        widths[flow] = {port.name: port.width_bits for port in contract.ports}
    assert widths["output_stationary"]["activation_i"] == 3 * 8
    assert widths["output_stationary"]["weight_i"] == 5 * 4
    assert widths["weight_stationary"]["activation_i"] == 3 * 8
    assert widths["weight_stationary"]["weight_i"] == 5 * 4
    assert widths["input_stationary"]["activation_i"] == 5 * 8
    assert widths["input_stationary"]["weight_i"] == 3 * 4
    assert all(table["result_o"] == 5 * 20 for table in widths.values())


@pytest.mark.parametrize(
    ("width_bits", "text"), [(1, "input  wire ready_i"), (16, "input  wire [15:0] ready_i")]
)  # fmt: skip
def test_declarations(width_bits: int, text: str) -> None:
    assert Port(name="ready_i", direction="input", width_bits=width_bits, meaning="").declaration() == text


LENGTHS = st.integers(1, 5000)


@settings(deadline=None)
@given(specs(), LENGTHS, st.integers(1, 50))
def test_latency_adds_up(spec: DesignSpec, length: int, tiles: int) -> None:
    latency = latency_for(spec)
    assert latency == contract_for(spec).latency
    assert latency.total_cycles(length, 0) == 0
    assert latency.total_cycles(length, 1) == latency.tile_cycles(length)
    step = latency.total_cycles(length, tiles + 1) - latency.total_cycles(length, tiles)
    assert step == latency.tile_interval(length)
    if contract_for(spec).clocked:
        assert latency.tile_cycles(length + 1) == latency.tile_cycles(length) + 1
        assert length <= latency.tile_interval(length) <= latency.tile_cycles(length)
    else:
        assert latency.tile_cycles(length) == latency.tile_interval(length) == 0
    assert latency.formula()


@pytest.mark.parametrize(
    ("latency", "cycles", "interval"),
    [
        (Latency(form="mac", rows=1, cols=1), 12, 10),
        (Latency(form="output_stationary", rows=8, cols=4), 23, 10),
        (Latency(form="output_stationary", rows=32, cols=4, drain_bubbles=1), 48, 33),
        (Latency(form="operand_stationary", rows=8, cols=4), 31, 19),
        (Latency(form="combinational", rows=0, cols=0), 0, 0),
    ],
)
def test_latency_of_a_tile_of_ten(latency: Latency, cycles: int, interval: int) -> None:
    assert (latency.tile_cycles(10), latency.tile_interval(10)) == (cycles, interval)


@given(st.integers(1, 256))
def test_drain_bubbles_stand_between_stretches(rows: int) -> None:
    latency = latency_for(SystolicArraySpec(rows=rows))
    stretches = -(-rows // DRAIN_SEGMENT_ROWS)
    assert latency.drain_bubbles == stretches - 1
    assert latency_for(SystolicArraySpec(rows=rows, dataflow="weight_stationary")).drain_bubbles == 0
