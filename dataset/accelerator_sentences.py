"""How people ask for whole accelerators: facts in other words for each split, and sentences round them by voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from tpugen.dataset.splits import Split
from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec

__all__ = ["ACCELERATOR_SENTENCES", "accelerator_parts"]

_FACTS: Mapping[str, Mapping[Split, str]] = {
    "tpu": {
        "train": "{rows}x{cols} array, operand memories of {depth} slices, {scale}-bit requantisation multiplier"
                 "{uint8}",
        "validation": "{cols} columns and {rows} rows, buffer depth {depth}, requantisation factor of {scale} bits"
                      "{optional}",
        "test": "an array of {rows} by {cols} PEs, {depth}-entry operand buffers, a scale of {scale} bits{both}",
    },
    "pim_tile": {
        "train": "{rows}x{cols} {weights} matrix, {a}-bit activations, {r}-bit results, {xr}x{xc} crossbars, "
                 "{adc}-bit ADCs, {share} columns per ADC, {inputs} input lanes, {outputs} output lanes{skipping}",
        "validation": "{rows} inputs and {cols} outputs, {weights} weights, inputs of {a} bits, results of {r} bits, "
                      "crossbars of {xr} by {xc} cells, ADC resolution {adc} bits, an ADC for {share} columns, "
                      "input lanes {inputs}, output lanes {outputs}{skips}",
        "test": "matrix of {rows} by {cols} with {weights} weights on {xr} x {xc} crossbars where {share} columns "
                "share an ADC of {adc} bits, int{a} activations, outputs {r} bits, {inputs} activations per cycle, "
                "{outputs} results per cycle{planes}",
    },
    "pim_llm": {
        "train": "d = {d}, {heads} query heads, {kv} KV heads, {gated} FFN of {ff} with {act}, {norm}, context of "
                 "{ctx}, {weights} weights, {rows}x{cols} array, operand buffers of {depth} slices, {xr}x{xc} "
                 "crossbars, {adc}-bit ADCs, {share} columns per ADC{skipping}",
        "validation": "hidden size {d}, attention heads: {heads}, key/value heads: {kv}, {weights} projections, "
                      "normalisation {norm}, feed-forward width {ff}, {gated} network, {act}, KV cache of {ctx} "
                      "positions, array of {rows} by {cols} PEs, {depth}-entry operand memories, crossbars of {xr} by "
                      "{xc}, ADC resolution {adc} bits, an ADC for {share} columns{skips}",
        "test": "{d} wide, {heads} heads sharing {kv} key heads, {norm} and {act}, {gated} MLP {ff}, {ctx} tokens of "
                "context, {weights} weights in {xr} x {xc} crossbars where {share} columns share an ADC of {adc} bits, "
                "attention on a {rows} by {cols} systolic array, buffer depth {depth}{planes}",
    },
}  # fmt: skip

_ASKED: Mapping[str, Mapping[str, Mapping[Split, tuple[str, ...]]]] = {
    "terse": {
        "tpu": {"train": ("TPU, {f}", "tensor processing unit: {f}"), "validation": ("TPU core with {f}",),
                "test": ("tensor processing unit having {f}",)},
        "pim_tile": {"train": ("PIM tile, {f}", "PIM tile: {f}"), "validation": ("crossbar tile of {f}",),
                     "test": ("in-memory tile, {f}",)},
        "pim_llm": {"train": ("PIM-LLM accelerator, {f}", "hybrid PIM-LLM: {f}"),
                    "validation": ("LLM accelerator in PIM, {f}",), "test": ("decoder layer in PIM, {f}",)},
    },
    "engineering": {
        "tpu": {"train": ("Design a TPU with AXI ports: {f}.", "The block is a TPU with AXI control; it has {f}."),
                "validation": ("Please implement a tensor processing unit with AXI4-Stream data ports and {f}.",),
                "test": ("Required: a TPU with double-buffered operand memories, {f}.",)},
        "pim_tile": {"train": ("Design a PIM tile: {f}.", "The block is a PIM tile with differential crossbars; {f}."),
                     "validation": ("Please implement a processing-in-memory tile with {f}.",),
                     "test": ("Required: a crossbar macro with bit-serial inputs, {f}.",)},
        "pim_llm": {"train": ("Design a hybrid PIM-LLM accelerator for one decoder layer: {f}.",
                              "The block is a PIM-LLM accelerator; {f}."),
                    "validation": ("Please implement an accelerator for a decoder layer on crossbars, {f}.",),
                    "test": ("Required: a decoder layer accelerator, projections in memory, {f}.",)},
    },
    "casual": {
        "tpu": {"train": ("hi, I want a TPU with requantisation, {f}, thanks",
                          "can you make me a TPU with bias and ReLU, {f} please"),
                "validation": ("let's have a tensor processing unit in verilog with {f}",),
                "test": ("got matrices to multiply, want a TPU with {f}",)},
        "pim_tile": {"train": ("hi, I want a PIM tile, {f}, thanks", "can you make me a PIM tile for a {f} please"),
                     "validation": ("let's have a crossbar macro in verilog, {f}",),
                     "test": ("got vectors to multiply, want a PIM tile for a {f}",)},
        "pim_llm": {"train": ("hi, I want a PIM-LLM accelerator, {f}, thanks",
                              "can you make me a hybrid PIM-LLM accelerator, {f} please"),
                    "validation": ("let's have a 1-bit LLM accelerator in verilog, {f}",),
                    "test": ("got a BitNet decoder layer to run, {f}",)},
    },
    "research": {
        "tpu": {"train": ("This is the Verilog file that contains the design of a TPU implementation with AXI ports. "
                          "It has {f}.",),
                "validation": ("The Verilog file describes a tensor processing unit with AXI ports. It has {f}.",),
                "test": ("A TPU with AXI ports is implemented in this Verilog design, with {f}.",)},
        "pim_tile": {"train": ("This is the Verilog file that contains the design of a PIM tile implementation. It has "
                               "a {f}.",),
                     "validation": ("The Verilog file describes a crossbar tile with {f}.",),
                     "test": ("A PIM tile is implemented in this Verilog design, for a {f}.",)},
        "pim_llm": {"train": ("This is the Verilog file that contains the design of a PIM-LLM accelerator "
                              "implementation. It has {f}.",),
                    "validation": ("The Verilog file describes a hybrid PIM-LLM accelerator, {f}.",),
                    "test": ("A decoder layer accelerator on crossbars is implemented in this Verilog design, {f}.",)},
    },
}  # fmt: skip

ACCELERATOR_SENTENCES: Mapping[str, Mapping[str, Mapping[Split, tuple[str, ...]]]] = {
    voice: {
        kind: {
            split: tuple(sentence.replace("{f}", _FACTS[kind][split]) for sentence in sentences)
            for split, sentences in splits.items()
        }
        for kind, splits in kinds.items()
    }
    for voice, kinds in _ASKED.items()
}
"""Sentences by voice, kind and split; placeholders are those of `accelerator_parts`."""


def accelerator_parts(spec: AcceleratorSpec) -> dict[str, str]:
    """Every part that a sentence about the design may use, by the name of its placeholder."""
    match spec:
        case TpuSpec():
            unsigned = spec.unsigned_activations
            return {
                "rows": str(spec.rows),
                "cols": str(spec.cols),
                "depth": str(spec.operand_depth),
                "scale": str(spec.multiplier_width_bits),
                "uint8": ", uint8 activations supported" if unsigned else "",
                "optional": ", activations can be unsigned" if unsigned else "",
                "both": ", signed and unsigned activations" if unsigned else "",
            }
        case PimTileSpec():
            own = {
                "a": str(spec.activation_width_bits),
                "r": str(spec.result_width_bits),
                "inputs": str(spec.input_lanes),
                "outputs": str(spec.output_lanes),
            }
        case PimLlmSpec():
            own = {
                "d": str(spec.d),
                "heads": str(spec.heads),
                "kv": str(spec.kv_heads),
                "ff": str(spec.d_ff),
                "ctx": str(spec.context),
                "depth": str(spec.operand_depth),
                "gated": "gated" if spec.gated else "ungated",
                "norm": {"rms_norm": "RMSNorm", "layer_norm": "LayerNorm"}[spec.norm],
                "act": {"gelu": "GELU", "relu2": "squared ReLU"}[spec.activation],
            }
        case _:
            assert_never(spec)
    skipping = spec.zero_skipping
    return own | {
        "rows": str(spec.rows),
        "cols": str(spec.cols),
        "weights": spec.weights,
        "xr": str(spec.crossbar_rows),
        "xc": str(spec.crossbar_cols),
        "adc": str(spec.adc_bits),
        "share": str(spec.columns_per_adc),
        "skipping": ", zero skipping" if skipping else "",
        "skips": ", skipping zero bit planes" if skipping else "",
        "planes": ", with zero-plane skipping" if skipping else "",
    }
