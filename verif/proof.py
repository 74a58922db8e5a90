"""The proof gate: combinational units against a behavioural reference, for all inputs, by Yosys' SAT solver."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tpugen.errors import ToolLimitError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import YOSYS
from tpugen.spec import AdderSpec, DesignSpec, MultiplierSpec, contract_for

__all__ = ["PROVABLE_PRODUCT_BITS", "proof_script", "provable", "prove", "reference_text"]

PROVABLE_PRODUCT_BITS = 12
"""Widest product that SAT settles in seconds; beyond it, simulation is the judge (exhaustive to 16 operand bits)."""

_LIMITS = process.Limits(wall_s=120, cpu_s=120, memory_mb=4_000, file_mb=200)
_REFERENCE, _SCRIPT = "reference.v", "prove.ys"
_REFERENCE_MODULE = "tpugen_reference"
_VALUE = re.compile(r"^\s*\\?(?P<name>in_\w+|gold_\w+|gate_\w+)\s+.*\s(?P<bits>[01]+)$", re.MULTILINE)


def provable(spec: DesignSpec) -> bool:
    """Whether `prove` takes the spec: an exact adder, or an exact multiplier that is small enough."""
    if isinstance(spec, AdderSpec):
        return spec.adder.family == "exact"
    if isinstance(spec, MultiplierSpec):
        width = spec.activation_width_bits + spec.weight_width_bits
        return spec.multiplier.family == "exact" and width <= PROVABLE_PRODUCT_BITS
    return False


def reference_text(spec: AdderSpec | MultiplierSpec) -> str:
    """A behavioural module with the contract's ports: one line of arithmetic, nothing shared with the library."""
    contract = contract_for(spec)
    first, second, output = contract.ports
    number = "signed" if spec.signed else ""
    operator = "+" if isinstance(spec, AdderSpec) else "*"
    lines = [f"module {_REFERENCE_MODULE} ("]
    for port in (first, second):
        lines.append(f"  input  wire {number} [{port.width_bits - 1}:0] {port.name},")
    lines.append(f"  output wire {number} [{output.width_bits - 1}:0] {output.name}")
    lines += [");", f"  assign {output.name} = {first.name} {operator} {second.name};", "endmodule", ""]
    return "\n".join(lines)


def proof_script(files: Sequence[Path], top: str) -> str:
    """The Yosys script: pure."""
    return "\n".join(
        [
            *(f'read_verilog "{path}"' for path in files),
            f"hierarchy -check -top {top}",
            "proc",
            "flatten",
            "opt_clean",
            f"read_verilog {_REFERENCE}",
            f"miter -equiv -make_outputs {top} {_REFERENCE_MODULE} tpugen_miter",
            "flatten tpugen_miter",
            "sat -prove trigger 0 -set-def-inputs -show-inputs -show-outputs tpugen_miter",
            "",
        ]
    )


def prove(spec: AdderSpec | MultiplierSpec, files: Sequence[Path], folder: Path) -> list[Finding]:
    """Prove that a unit computes what its spec says, for every input.

    Args:
        spec: A spec for which `provable` holds.
        files: The unit's Verilog files.
        folder: Where script, reference and log go; created if missing.

    Returns:
        Nothing if proved; else one finding with a counterexample, or one of severity `warning` if the solver ran out
        of time (the proof is open, not refuted).

    Raises:
        ValueError: the spec is not provable.
        ToolMissingError: no Yosys.
    """
    if not provable(spec):
        raise ValueError(f"{contract_for(spec).module} is too wide, or not exact: see provable()")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _REFERENCE).write_text(reference_text(spec), encoding="utf-8")
    script = proof_script([path.resolve() for path in files], contract_for(spec).module)
    (folder / _SCRIPT).write_text(script, encoding="utf-8")
    try:
        done = process.run([YOSYS.require().path, "-s", _SCRIPT], cwd=folder, limits=_LIMITS, log=folder)
    except ToolLimitError as error:
        return [Finding(severity="warning", gate="proof", rule="open", message=f"not settled: {error.message}")]
    if done.returncode == 0 and "SAT proof finished - no model found: SUCCESS" in done.stdout:
        return []
    return [_refusal(spec, done)]


def _refusal(spec: AdderSpec | MultiplierSpec, done: process.Completed) -> Finding:
    values = {match["name"]: int(match["bits"], 2) for match in _VALUE.finditer(done.stdout)}
    contract = contract_for(spec)
    names = [port.name for port in contract.ports]
    if f"gold_{names[-1]}" not in values:
        return Finding(
            severity="error",
            gate="proof",
            rule="not-proved",
            message=f"Yosys could not compare the unit with its reference: {done.tail(3)}",
        )
    operands = ", ".join(f"{name} = {values.get(f'in_{name}', 0)}" for name in names[:-1])
    return Finding(
        severity="error",
        gate="proof",
        rule="not-equivalent",
        message=f"for {operands} (as unsigned bits), {names[-1]} is {values[f'gold_{names[-1]}']}, "
        f"expected {values[f'gate_{names[-1]}']}",
        hint="Simulate these operands and follow the first wrong bit.",
    )
