"""Verilog parameters of the library modules that are whole accelerators, as a spec has them."""

from __future__ import annotations

from typing import assert_never

from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec
from tpugen.spec.accelerators import CrossbarSpec
from tpugen.spec.contract_accelerators import PROGRAM_WEIGHTS

__all__ = ["accelerator_parameters"]


def accelerator_parameters(spec: AcceleratorSpec) -> dict[str, str]:
    """Every parameter of the module named like the spec's kind."""
    match spec:
        case TpuSpec():
            return {
                "Rows": str(spec.rows),
                "Cols": str(spec.cols),
                "Depth": str(spec.operand_depth),
                "MultiplierWidth": str(spec.multiplier_width_bits),
                "UnsignedActivations": str(int(spec.unsigned_activations)),
            }
        case PimTileSpec():
            return {
                "Rows": str(spec.rows),
                "Cols": str(spec.cols),
                **_crossbars(spec),
                "ActivationWidth": str(spec.activation_width_bits),
                "ResultWidth": str(spec.result_width_bits),
                "InputLanes": str(spec.input_lanes),
                "OutputLanes": str(spec.output_lanes),
                "ProgramWeights": str(PROGRAM_WEIGHTS),
            }
        case PimLlmSpec():
            return {
                "D": str(spec.d),
                "Heads": str(spec.heads),
                "KvHeads": str(spec.kv_heads),
                "FeedForward": str(spec.d_ff),
                "Context": str(spec.context),
                "Gated": str(int(spec.gated)),
                "LayerNorm": str(int(spec.norm == "layer_norm")),
                "SquaredRelu": str(int(spec.activation == "relu2")),
                "Rows": str(spec.rows),
                "Cols": str(spec.cols),
                "Depth": str(spec.operand_depth),
                **_crossbars(spec),
            }
        case _:
            assert_never(spec)


def _crossbars(spec: CrossbarSpec) -> dict[str, str]:
    return {
        "CrossbarRows": str(spec.crossbar_rows),
        "CrossbarCols": str(spec.crossbar_cols),
        "AdcBits": str(spec.adc_bits),
        "ColumnsPerAdc": str(spec.columns_per_adc),
        "ZeroSkipping": str(int(spec.zero_skipping)),
        "FaultSeed": _integer(spec.faults.seed),
        "StuckOff": str(spec.faults.stuck_off),
        "StuckOn": str(spec.faults.stuck_on),
        "NoiseSeed": _integer(spec.noise.seed),
        "NoiseSigma": str(spec.noise.sigma),
    }


def _integer(word: int) -> str:
    """32 bits as the signed number that a Verilog integer makes of them; the most negative one is no literal."""
    if word == 1 << 31:
        return "32'h80000000"
    return str(word - (1 << 32) if word >> 31 else word)
