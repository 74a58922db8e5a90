"""The contract gate: module, ports and hierarchy of a candidate against its contract, from the syntax tree.

Every finding names file and line of the candidate and says what would mend it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tpugen.errors import ToolFailedError
from tpugen.findings import Finding
from tpugen.flows import process
from tpugen.flows.tools import ICARUS
from tpugen.spec import Contract, Port
from tpugen.verif.syntax_tree import GATE_LIMITS, gate_error, read_modules

__all__ = ["check_contract"]

_PARAMETER_CHECK = "tpugen_error_"
"""Prefix of modules that do not exist on purpose: a generate-if instantiates one when a parameter is not legal."""

_PRIMITIVES = frozenset(
    """and nand or nor xor xnor buf not bufif0 bufif1 notif0 notif1 nmos pmos cmos rnmos rpmos rcmos
    tran tranif0 tranif1 rtran rtranif0 rtranif1 pullup pulldown""".split()  # noqa: SIM905 - a list would fill a page
)


def check_contract(contract: Contract, files: Sequence[Path], folder: Path) -> list[Finding]:
    """Compare a candidate's modules with the contract.

    Args:
        contract: What the top module must be.
        files: The candidate's Verilog files.
        folder: Private folder for intermediate files and logs; created if missing.

    Returns:
        Findings, most telling first; empty if the candidate keeps the contract.

    Raises:
        ToolMissingError: no Icarus.
        ToolFailedError: the gate itself broke, as opposed to the candidate.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not files:
        return [gate_error("no-files", "there is no Verilog file", hint=f"Write module {contract.module}.")]
    modules, unreadable = read_modules(files, folder)
    if unreadable:
        return unreadable
    return _check_modules(contract, modules) + _check_generated(contract, modules, files, folder)


def _check_modules(contract: Contract, modules: list[dict[str, Any]]) -> list[Finding]:
    findings: list[Finding] = []
    by_name: dict[str, dict[str, Any]] = {}
    for module in modules:
        if module["name"] in by_name:
            findings.append(
                gate_error(
                    "duplicate-module",
                    f"module {module['name']} is defined twice (first in {by_name[module['name']]['place'][0]})",
                    module["place"],
                    "Keep one definition.",
                )
            )
        by_name.setdefault(module["name"], module)
    top = by_name.get(contract.module)
    if top is None:
        findings.append(_missing_top(contract, modules))
        return findings
    findings += _check_ports(contract, top)
    findings += _check_hierarchy(by_name, contract.module)
    findings += [_misfit(entry) for module in modules for entry in module["misfits"]]
    return findings


def _misfit(entry: dict[str, Any]) -> Finding:
    """A connection of another width than the port's."""
    values = ", ".join(f"{name} = {value}" for name, value in entry["parameters"].items())
    made_of = f" ({entry['expression']} with {values})" if values else ""
    return gate_error(
        "connection-width",
        f"port {entry['port']} of {entry['instance']} ({entry['module']}) is {_bits(entry['expected'])} wide{made_of}; "
        f"{entry['signal']} has {_bits(entry['got'])}",
        entry["place"],
        _misfit_hint(entry),
    )


def _bits(count: int) -> str:
    return f"{count} bit{'' if count == 1 else 's'}"


def _misfit_hint(entry: dict[str, Any]) -> str:
    name, bits = entry["whole"] or (None, None)
    if bits == entry["expected"]:
        return f"Connect the whole of {name}: it has {_bits(bits)}."
    if not entry["remedies"]:
        return f"Connect a signal of {_bits(entry['expected'])}."
    values = " or ".join(f"{parameter} to {value}" for parameter, value in entry["remedies"].items())
    whichever = ", whichever is this design's number" if len(entry["remedies"]) > 1 else ""
    return f"Set parameter {values}{whichever}; keep the connection as it is."


def _missing_top(contract: Contract, modules: list[dict[str, Any]]) -> Finding:
    names = [module["name"] for module in modules]
    close = names if len(names) == 1 else difflib.get_close_matches(contract.module, names, 1, 0.4)
    place = next((module["place"] for module in modules if module["name"] in close), (None, None))
    found = ", ".join(names) or "none"
    return gate_error(
        "top-module",
        f"there is no module {contract.module}; modules found: {found}",
        place,
        f"Rename {close[0]} to {contract.module}." if close else f"Write module {contract.module}.",
    )


def _check_ports(contract: Contract, top: dict[str, Any]) -> list[Finding]:
    findings = []
    found = {port["name"]: port for port in top["ports"]}
    wanted = {port.name: port for port in contract.ports}
    for name in dict.fromkeys(top["duplicates"]):
        findings.append(
            gate_error(
                "port-duplicate", f"port {name} is declared twice", found[name]["place"], "Declare each port once."
            )
        )
    for port in contract.ports:
        if port.name not in found:
            findings.append(_missing_port(port, top, [name for name in found if name not in wanted]))
            continue
        findings += _check_port(port, found[port.name])
    for name, entry in found.items():
        if name not in wanted:
            findings.append(
                gate_error(
                    "port-extra",
                    f"port {name} of {contract.module} is not in the contract",
                    entry["place"],
                    f"Remove it; the ports are {', '.join(wanted)}.",
                )
            )
    return findings


def _missing_port(port: Port, top: dict[str, Any], others: list[str]) -> Finding:
    close = difflib.get_close_matches(port.name, others, 1, 0.6)
    rename = f" (or rename {close[0]})" if close else ""
    return gate_error(
        "port-missing",
        f"port {port.name} is missing from {top['name']}: {port.meaning}",
        top["place"],
        f"Add `{port.declaration()}`{rename}.",
    )


def _check_port(port: Port, entry: dict[str, Any]) -> list[Finding]:
    findings = []
    hint = f"Declare it as `{port.declaration()}`."
    if entry["direction"] is None:
        findings.append(
            gate_error(
                "port-direction",
                f"port {port.name} has no direction; it must be an {port.direction}",
                entry["place"],
                hint,
            )
        )
    elif entry["direction"] != port.direction:
        findings.append(
            gate_error(
                "port-direction",
                f"port {port.name} is an {entry['direction']}; it must be an {port.direction}",
                entry["place"],
                hint,
            )
        )
    if entry["array"]:
        findings.append(
            gate_error(
                "port-width",
                f"port {port.name} is an unpacked array; it must be one packed vector of {port.width_bits} bits",
                entry["place"],
                hint,
            )
        )
    elif entry["width"] is None:
        findings.append(
            gate_error(
                "port-width",
                f"the width of port {port.name} cannot be evaluated: {entry['why']}; it must be {port.width_bits} bits",
                entry["place"],
                hint,
            )
        )
    elif entry["width"] != port.width_bits:
        findings.append(
            gate_error(
                "port-width",
                f"port {port.name} is {entry['width']} bits wide; it must be {port.width_bits}",
                entry["place"],
                hint,
            )
        )
    return findings


def _check_hierarchy(by_name: dict[str, dict[str, Any]], top: str) -> list[Finding]:
    """Every instantiated module is there, none contains itself, none is unused."""
    findings: list[Finding] = []
    reported: set[str] = set()
    done: set[str] = set()
    # Depth-first without recursion: (module, index of the next instance to look at).
    path: list[tuple[str, int]] = [(top, 0)]
    while path:
        name, index = path.pop()
        instances = by_name[name]["instances"]
        if index >= len(instances):
            done.add(name)
            continue
        path.append((name, index + 1))
        instance = instances[index]
        child = instance["module"]
        if child in done or child in _PRIMITIVES or child in reported:
            continue
        if instance["conditional"] and (child not in by_name or any(child == above for above, _ in path)):
            continue  # the branch may never be taken: elaboration decides, see _check_generated
        if child not in by_name:
            reported.add(child)
            close = difflib.get_close_matches(child, by_name, 1, 0.6)
            findings.append(
                gate_error(
                    "missing-module",
                    f"{name} instantiates {child}, which is not defined",
                    instance["place"],
                    f"Define module {child}" + (f", or did you mean {close[0]}?" if close else "."),
                )
            )
        elif any(child == above for above, _ in path):
            reported.add(child)
            findings.append(
                gate_error(
                    "recursive-module",
                    f"module {child} contains itself (through {name})",
                    instance["place"],
                    "Use a generate loop instead of recursion.",
                )
            )
        else:
            path.append((child, 0))
    for name in by_name:
        if name not in done:
            findings.append(
                Finding(
                    severity="warning",
                    gate="contract",
                    rule="unused-module",
                    file=by_name[name]["place"][0],
                    line=by_name[name]["place"][1],
                    message=f"module {name} is not used by {top}",
                    hint="Remove it, or instantiate it.",
                )
            )
    return findings


def _check_generated(
    contract: Contract, modules: list[dict[str, Any]], files: Sequence[Path], folder: Path
) -> list[Finding]:
    """Modules that only a generate-if or -case instantiates: elaboration tells which of them are needed."""
    defined = {module["name"] for module in modules}
    wanted = {
        instance["module"]: instance["place"]
        for module in modules
        for instance in module["instances"]
        if instance["conditional"]
        and instance["module"] not in defined | _PRIMITIVES
        and not instance["module"].startswith(_PARAMETER_CHECK)
    }
    if not wanted or contract.module not in defined:
        return []
    command = [
        ICARUS.require().path,
        "-g2005",
        "-t",
        "null",
        "-s",
        contract.module,
        *(str(path.resolve()) for path in files),
    ]
    try:
        said = process.run(command, cwd=folder, limits=GATE_LIMITS, log=folder).stderr
    except ToolFailedError as error:
        return [
            gate_error(
                "elaboration",
                f"elaboration did not end well: {error.message}",
                hint="Look for endless generate loops or recursion.",
            )
        ]
    return [
        gate_error("missing-module", f"module {name} is instantiated but not defined", place, f"Define module {name}.")
        for name, place in wanted.items()
        if re.search(rf"Unknown module type: {re.escape(name)}\b", said)
    ]
