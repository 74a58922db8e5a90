"""The contract: what any RTL for a spec must have, derived from the spec alone.

Module name, ports, handshakes, reset and latency. Composer, LLM prompt, contract gate, bench and performance model all
read it from here, so that what is simulated is what is modelled, cycle for cycle.

Handshake: a beat transfers in a cycle whose rising clock edge finds valid and ready both high. A source holds valid and
its payload until then. Reset `rst_ni` is active low, asynchronous in, and empties the unit; a tile cut by it is lost.

Operands arrive unskewed. Element r of a packed vector of W-bit elements is at bits [r*W +: W].
"""

from __future__ import annotations

from typing import assert_never

from tpugen.spec.accelerators import PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.contract_accelerators import pim_llm_contract, pim_tile_contract, tpu_contract
from tpugen.spec.contract_arrays import operand_stationary_contract, output_stationary_contract
from tpugen.spec.contract_parts import Channel, Contract, Port, Reset
from tpugen.spec.contract_units import adder_contract, mac_contract, multiplier_contract
from tpugen.spec.design import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec

__all__ = ["Channel", "Contract", "Port", "Reset", "contract_for"]


def contract_for(spec: DesignSpec) -> Contract:
    """The contract of a spec: a pure function."""
    match spec:
        case AdderSpec():
            return adder_contract(spec)
        case MultiplierSpec():
            return multiplier_contract(spec)
        case MacSpec():
            return mac_contract(spec)
        case SystolicArraySpec(dataflow="output_stationary"):
            return output_stationary_contract(spec)
        case SystolicArraySpec():
            return operand_stationary_contract(spec)
        case TpuSpec():
            return tpu_contract(spec)
        case PimTileSpec():
            return pim_tile_contract(spec)
        case PimLlmSpec():
            return pim_llm_contract(spec)
        case _:
            assert_never(spec)
