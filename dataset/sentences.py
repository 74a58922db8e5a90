"""The sentences of each voice and kind of design, by split: what asks in one split is never the pattern of another.

Placeholders are those of `tpugen.dataset.wording.parts_of`; of accelerators, those of `accelerator_parts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tpugen.dataset.accelerator_sentences import ACCELERATOR_SENTENCES
from tpugen.dataset.splits import Split

__all__ = ["SENTENCES", "VOICES"]

_Sentences = Mapping[str, Mapping[str, Mapping[Split, tuple[str, ...]]]]

_TERSE: Mapping[str, Mapping[Split, tuple[str, ...]]] = {
    "adder": {
        "train": ("{n}-bit {sign} adder{units}", "{sign} adder, {n} bits{units}", "adder: {n} bits, {sign}{units}",
                  "adder, {n} bit {sign} operands{units}"),
        "validation": ("combinational adder, width {n}, {sign}{units}",),
        "test": ("add two {sign} {n}-bit operands{units}",),
    },
    "multiplier": {
        "train": ("{a}x{w} {sign} multiplier{units}", "{sign} {a}x{w}-bit multiplier{units}",
                  "multiplier {a} by {w} bits, {sign}{units}", "{sign} multiplier, A{a} W{w}{units}"),
        "validation": ("multiplier, activation {a} bits, weight {w} bits, {sign}{units}",),
        "test": ("multiply {sign} {a}-bit activations by {w}-bit weights{units}",),
    },
    "mac": {
        "train": ("{ops} MAC, acc {acc}{units}", "MAC: {ops}, acc {acc}{units}",
                  "MAC unit, {ops}, {acc}-bit accumulator{units}", "MAC, acc {acc}, {ops}{units}"),
        "validation": ("multiply-accumulate, accumulator width {acc}, {ops}{units}",),
        "test": ("dot product unit, {ops} in, accumulator {acc} bits{units}",),
    },
    "systolic_array": {
        "train": ("{size} {df} array, {ops}, acc {acc}{units}", "{df} {size} systolic array, {ops}, acc {acc}{units}",
                  "{size} systolic array, {ops}, {dataflow}, {acc}-bit accumulators{units}",
                  "systolic array {size}, {dataflow}, {ops}, acc {acc}{units}",
                  "{ops} {size} {df} array, accumulators {acc} bits{units}"),
        "validation": ("rows={rows}, cols={cols}, {ops}, {stationary} systolic array, acc width {acc}{units}",),
        "test": ("{dataflow} MAC array of {rows} rows and {cols} columns, accumulator width {acc}, {ops}{units}",),
    },
}  # fmt: skip

_ENGINEERING: Mapping[str, Mapping[Split, tuple[str, ...]]] = {
    "adder": {
        "train": ("A combinational {sign} adder of two {n}-bit operands{units}.",
                  "Design an adder for {sign} numbers of {n} bits, combinational{units}.",
                  "The block is a combinational adder, both operands {n} bits wide and {sign}{units}.",
                  "We need a {sign} adder module for {n}-bit operands{units}."),
        "validation": (
            "Please implement a combinational adder that takes two operands of {n} bits, both {sign}{units}.",),
        "test": ("Required: an adder module, operand width {n} bits, numbers {sign}, combinational{units}.",),
    },
    "multiplier": {
        "train": ("A combinational {sign} multiplier, {a}-bit activations by {w}-bit weights, full product{units}.",
                  "Design a multiplier for {long_ops} with the full product as its output{units}.",
                  "The block multiplies {long_ops}; it is a combinational multiplier{units}.",
                  "We need a {sign} multiplier with a {a}-bit activation and a {w}-bit weight{units}."),
        "validation": ("Please implement the full product of {long_ops} as one combinational multiplier{units}.",),
        "test": ("Required: a multiplier module, first operand {a} bits, second operand {w} bits, {sign}{units}.",),
    },
    "mac": {
        "train": (
            "A {sign} multiply-accumulate unit for dot products, {a}-bit activations, {w}-bit weights, {acc}-bit "
            "accumulator, valid/ready handshakes{units}.",
            "Design a MAC unit that takes {long_ops} and has accumulators of {acc} bits{units}.",
            "The block is a multiply-accumulate unit with {long_ops} and an accumulator of {acc} bits{units}.",
            "We need a MAC with {long_ops}; the accumulator is {acc} bits wide{units}."),
        "validation": (
            "Please implement dot products with one multiply-accumulate unit: accumulator {acc} bits, "
            "{long_ops}{units}.",),
        "test": (
            "Required: a MAC module with valid/ready handshakes, accumulator width {acc} bits, activation width {a} "
            "bits, weight width {w} bits, numbers {sign}{units}.",),
    },
    "systolic_array": {
        "train": (
            "A {dataflow} systolic array of {rows} rows by {cols} columns with {sign} {a}-bit activations, {w}-bit "
            "weights and {acc}-bit accumulators at 100 MHz{units}.",
            "Design a {rows} by {cols} systolic array, {dataflow}, with {long_ops} and accumulators of {acc} "
            "bits{units}.",
            "The block is a systolic array of {rows} x {cols} processing elements in {dataflow} dataflow; it takes "
            "{long_ops} and accumulates in {acc} bits{units}.",
            "We need {rows} rows and {cols} columns of processing elements, a systolic array with {long_ops}, "
            "{acc}-bit accumulators and {dataflow} dataflow{units}.",
            "For matrix products, build a {dataflow} array of {size} processing elements, accumulators {acc} bits "
            "wide, {long_ops}{units}."),
        "validation": (
            "Please implement a systolic array in which {stay}: {cols} columns, {rows} rows, {acc}-bit accumulators, "
            "and {long_ops}{units}.",
            "Please implement matrix multiplication as a systolic array where {stay}, with {long_ops}, {rows} rows, "
            "{cols} columns, and partial sums of {acc} bits{units}."),
        "test": (
            "Required: accumulator width {acc} bits, activation width {a} bits, weight width {w} bits, numbers {sign}, "
            "in a {stationary} systolic array with {cols} columns and {rows} rows{units}.",
            "Required is a matrix engine with {stationary} mapping; height {rows} rows, width {cols} columns; "
            "activation width {a} bits, weight width {w} bits, {sign}; accumulator width {acc} bits{units}."),
    },
}  # fmt: skip

_CASUAL: Mapping[str, Mapping[Split, tuple[str, ...]]] = {
    "adder": {
        "train": ("I need something that adds two {sign} {n} bit numbers{units}",
                  "can you make me a {sign} adder, {n} bits please{units}",
                  "just an adder for {n} bit {sign} numbers{units}",
                  "hi, looking for a {n}-bit adder, {sign}{units}, thanks"),
        "validation": ("let's have an adder in verilog, {sign}, {n} bits should do{units}",),
        "test": ("got two {n} bit {sign} inputs and want an adder for them{units}",),
    },
    "multiplier": {
        "train": ("just multiply {sign} {a} bit activations with {w} bit weights please{units}",
                  "can you make me a {a} by {w} bit {sign} multiplier{units}",
                  "hi, I want a {sign} multiplier, {a}-bit activations and {w}-bit weights{units}, thanks",
                  "something like a {a}x{w} multiplier, {sign} please{units}"),
        "validation": ("let's have a multiplier in verilog for {long_ops}{units}",),
        "test": ("got {long_ops} here and want them multiplied by a multiplier{units}",),
    },
    "mac": {
        "train": ("a {ops} mac unit please, accumulator of {acc} bits{units}",
                  "can you make me a MAC with {long_ops}, {acc}-bit accumulator{units}",
                  "hi, I want a mac unit, {ops}, it should accumulate in {acc} bits{units}, thanks",
                  "just a mac for dot products, {ops}, {acc} bit accumulator{units}"),
        "validation": ("let's have a mac in verilog, {acc} bits in the accumulator, and {long_ops}{units}",),
        "test": ("got {long_ops} and want dot products of them, so a mac, accumulator {acc} bits wide{units}",),
    },
    "systolic_array": {
        "train": ("matrix unit, {rows} by {cols}, so {macs} MACs per cycle, {ops}, {stay}, {acc} bit "
                  "accumulators{units}",
                  "can you make me a {rows} by {cols} systolic array with {long_ops}, {stay}, {acc}-bit "
                  "accumulators{units}",
                  "hi, I want a systolic array, {size}, {dataflow}, {ops}, accumulators of {acc} bits{units}, thanks",
                  "something like a tpu, {rows} by {cols} PEs, {ops}, {dataflow} please, accumulators {acc} "
                  "bits{units}"),
        "validation": (
            "let's have an array of PEs in verilog, {stay}, {rows} rows and {cols} columns, accumulate in {acc} bits, "
            "and {long_ops}{units}",),
        "test": (
            "got {long_ops} to multiply as matrices, want {cols} columns and {rows} rows of PEs as a systolic array, "
            "accumulators {acc} bits wide, {stationary}{units}",),
    },
}  # fmt: skip

_RESEARCH: Mapping[str, Mapping[Split, tuple[str, ...]]] = {
    "adder": {
        "train": ("This is the Verilog file that contains the design of an adder implementation. It contains the "
                  "{all_units}. It has the support of {n} bits of integer, {sign}.",),
        "validation": ("The Verilog file describes an adder. Its arithmetic is the {all_units}. The operands are "
                       "{sign} integers of {n} bits.",),
        "test": ("An adder is implemented in this Verilog design, made of the {all_units}, for {n}-bit {sign} "
                 "integer operands.",),
    },
    "multiplier": {
        "train": ("This is the Verilog file that contains the design of a multiplier implementation. It contains the "
                  "{all_units}. It has the support of {a} dataflow as input and input weights {w} bits, {sign}.",),
        "validation": ("The Verilog file describes a multiplier. Its arithmetic is the {all_units}. Activations have "
                       "{a} bits and weights have {w} bits, {sign}.",),
        "test": ("A multiplier is implemented in this Verilog design, made of the {all_units}, taking {sign} {a}-bit "
                 "activations and {w}-bit weights.",),
    },
    "mac": {
        "train": ("This is the Verilog file that contains the design of a MAC unit implementation. It contains the "
                  "{all_units}. It has the support of {a} dataflow as input and input weights {w} bits, {sign}, "
                  "with an accumulator of {acc} bits.",),
        "validation": ("The Verilog file describes a MAC unit. Its arithmetic is the {all_units}. Activations have "
                       "{a} bits, weights have {w} bits, the accumulator has {acc} bits, {sign}.",),
        "test": ("A MAC unit is implemented in this Verilog design, made of the {all_units}, taking {sign} {a}-bit "
                 "activations and {w}-bit weights into a {acc}-bit accumulator.",),
    },
    "systolic_array": {
        "train": ("This is the Verilog file that contains the design of {rows}x{cols} {dataflow} systolic array "
                  "implementation. It contains the {all_units}. It has the support of {a} dataflow as input and input "
                  "weights {w} bits, {sign}, with accumulators of {acc} bits.",),
        "validation": ("The Verilog file describes a systolic array of {rows} rows and {cols} columns, {dataflow}. Its "
                       "arithmetic is the {all_units}. Activations have {a} bits, weights have {w} bits, accumulators "
                       "have {acc} bits, {sign}.",),
        "test": ("A {stationary} systolic array, {rows}x{cols}, is implemented in this Verilog design, made of the "
                 "{all_units}, taking {sign} {a}-bit activations and {w}-bit weights into {acc}-bit accumulators.",),
    },
}  # fmt: skip

_UNITS = {"terse": _TERSE, "engineering": _ENGINEERING, "casual": _CASUAL, "research": _RESEARCH}

SENTENCES: _Sentences = MappingProxyType(
    {voice: {**kinds, **ACCELERATOR_SENTENCES[voice]} for voice, kinds in _UNITS.items()}
)
"""Sentences by voice, kind and split."""

VOICES: tuple[str, ...] = tuple(SENTENCES)
"""Names of the voices."""
