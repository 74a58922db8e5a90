"""Contracts and latency formulas, for any legal spec."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_spec_strategies import accelerator_specs, any_specs, specs

from tpugen.arithmetic.decoder_layer.cycles import operator_cycles
from tpugen.arithmetic.tpu import Register, Status, TpuShape, job_cycles
from tpugen.rtl_templates import load_library
from tpugen.rtl_templates.accelerators import accelerator_parameters
from tpugen.spec import (
    AcceleratorSpec,
    AdderSpec,
    CellFaults,
    Contract,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    PimLlmSpec,
    PimTileSpec,
    Port,
    ReadNoise,
    SystolicArraySpec,
    TpuSpec,
    contract_for,
)
from tpugen.spec.accelerator_latency import PimLlmTiming, PimTileTiming, TpuTiming
from tpugen.spec.design import Dataflow
from tpugen.spec.latency import DRAIN_SEGMENT_ROWS, Latency, latency_for

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
SIDEBAND = frozenset(("interrupt_o", "error_o", "error_clear_i"))
"""Ports of accelerators outside of every channel."""
FLOWS: tuple[Dataflow, ...] = ("output_stationary", "weight_stationary", "input_stationary")


@settings(deadline=None)
@given(any_specs())
def test_contracts_are_deterministic(spec: DesignSpec) -> None:
    again = type(spec).model_validate(spec.model_dump())
    assert contract_for(spec) == contract_for(again)
    assert contract_for(spec).content_hash() == contract_for(again).content_hash()


@settings(deadline=None)
@given(any_specs())
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
@given(any_specs())
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
        beside = SIDEBAND if isinstance(spec, AcceleratorSpec) else frozenset()
        assert sorted(used) == sorted(port.name for port in contract.ports[2:] if port.name not in beside)
    else:
        assert used == []


@settings(deadline=None)
@given(any_specs(), any_specs())
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


# -- whole accelerators -------------------------------------------------------------------------------------------


def test_module_names_of_accelerators() -> None:
    assert contract_for(TpuSpec(cols=4, unsigned_activations=True)).module == "tpu_8x4_depth256_mul32_unsigned"
    tile = PimTileSpec(rows=20, input_lanes=2, zero_skipping=True, faults=CellFaults(stuck_on=9, seed=3))
    assert contract_for(tile).module == (
        "pim_tile_20x128_s8_r32_ternary_xbar128x128_adc8_share8_skip_stuck0_9_3_in2"
    )  # fmt: skip
    assert contract_for(PimLlmSpec(gated=True, kv_heads=2, noise=ReadNoise(sigma=64))).module == (
        "pim_llm_d64_h4_kv2_ff256_gated_ctx64_rms_gelu_8x8_depth256_ternary_xbar128x128_adc8_share8_noise64_0"
    )


def _width(expression: str, parameters: dict[str, int]) -> int:
    """A port's width as a card says it."""
    for name in sorted(parameters, key=len, reverse=True):
        expression = re.sub(rf"\b{name}\b", str(parameters[name]), expression)
    assert re.fullmatch(r"[\d+*() -]+", expression), expression
    return int(eval(expression))


@settings(deadline=None, max_examples=60)
@given(accelerator_specs())
def test_accelerators_have_the_ports_of_their_library_module(spec: AcceleratorSpec) -> None:
    parameters = {
        name: int(value.removeprefix("32'h"), 16 if value.startswith("32'h") else 10)
        for name, value in accelerator_parameters(spec).items()
    }
    card = load_library()[spec.kind].card
    assert {parameter.name for parameter in card.parameters} == {*parameters}
    ports = {port.name: (port.direction, _width(port.width, parameters)) for port in card.ports}
    assert {port.name: (port.direction, port.width_bits) for port in contract_for(spec).ports} == ports


@settings(deadline=None)
@given(accelerator_specs())
def test_accelerators_speak_of_no_tiles_and_their_timing_survives_json(spec: AcceleratorSpec) -> None:
    contract = contract_for(spec)
    assert Contract.model_validate_json(contract.model_dump_json()) == contract
    assert contract.latency.form == "accelerator"
    with pytest.raises(ValueError, match="speak of no tiles"):
        contract.latency.tile_cycles(1)
    with pytest.raises(ValueError, match="speak of no tiles"):
        contract.latency.tile_interval(1)


def test_the_timing_of_a_tensor_unit_is_that_of_its_driver() -> None:
    timing = TpuTiming.of(TpuSpec(rows=17, cols=3, operand_depth=8))
    assert timing.job_cycles(40, 20, 7) == job_cycles(TpuShape(17, 3, 8), 40, 20, 7)
    assert timing.formula() == (
        "min(K, 8) + (T - 1)*P + K + 18 + 3 + 9 cycles per job of M x K x N, with T = ceil(M/17)*ceil(N/3) tiles and a "
        "period P = max(K, 18), or P = max(8*ceil(K/8), 18) where K > 8"
    )


def test_the_timing_of_a_tile_is_that_of_its_model() -> None:
    spec = PimTileSpec(rows=50, cols=30, input_lanes=4, output_lanes=7, columns_per_adc=3, zero_skipping=True)
    timing = PimTileTiming.of(spec)
    for planes in (1, 5, 8):
        assert timing.vector_cycles(planes) == spec.shape.vector_cycles(planes)
        assert timing.period_cycles(planes) == spec.shape.period_cycles(planes)
    assert timing.vector_cycles() == timing.vector_cycles(8)
    assert timing.formula() == (
        "13 + 3*P + 4 + 5 cycles per vector, P bit planes read (1 to 8; those that are zero in every row are skipped); "
        "results begin 3*P + 5 cycles after the last activations; one vector every max(3*P + 3 + 5, 3*(P - 1) + 1 + "
        "13) cycles back to back"
    )


def test_the_timing_of_a_layer_is_that_of_its_operators() -> None:
    spec = PimLlmSpec(d=16, heads=2, d_ff=24, context=5, gated=True, norm="layer_norm", zero_skipping=True, rows=3)
    timing = PimLlmTiming.of(spec)
    for position in (0, 4):
        found = timing.operator_cycles(position)
        assert found == operator_cycles(spec.shape, spec.array, spec.crossbars, position)
        assert timing.token_cycles(position) == sum(found.values())
    first, last = timing.token_cycles(0), timing.token_cycles(4)
    assert timing.formula().startswith(f"at most {first:,} cycles for the token at position 0, at most {last:,} at")


def test_every_register_and_status_bit_of_a_tensor_unit_is_told() -> None:
    text = " ".join(contract_for(TpuSpec()).behaviour)
    for register in Register:
        assert f"0x{register:02X} {register.name}: " in text
    for bit in Status:
        assert f"{bit.value.bit_length() - 1} {bit.name}" in text
