"""Gates that decide whether the RTL is right: `sandbox`, `contract`, `lint`, `simulate`.

The sandbox reads the text alone; no tool sees a file that it has not passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tpugen.errors import ToolFailedError, ToolLimitError
from tpugen.findings import Finding
from tpugen.pipeline.identity import code_fingerprint, package_version, require_tools
from tpugen.pipeline.step import Context, Outcome, Step
from tpugen.results import SimulationResult, ToolVersion
from tpugen.spec import AdderSpec, CustomSpec, MultiplierSpec
from tpugen.storage import sha256_file, write_json_atomic

__all__ = ["ContractStep", "LintStep", "ProveStep", "SandboxStep", "SimulateStep", "rtl_hashes"]


def rtl_hashes(context: Context) -> dict[str, str]:
    """SHA-256 of each RTL file, in order of use."""
    return {path.name: sha256_file(path) for path in context.rtl_files if path.is_file()}


def _versions(tools: Sequence[ToolVersion]) -> dict[str, str]:
    return {tool.name: tool.version for tool in tools}


def _found(findings: Sequence[Finding], nothing: str) -> str:
    counts = {level: sum(f.severity == level for f in findings) for level in ("error", "warning")}
    parts = [f"{count} {level}{'s' if count > 1 else ''}" for level, count in counts.items() if count]
    return ", ".join(parts) or nothing


class SandboxStep(Step):
    """Refuses RTL that would touch the machine, before any tool reads it."""

    id: ClassVar[str] = "sandbox"
    needs: ClassVar[tuple[str, ...]] = ("write",)

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {"rtl": rtl_hashes(context), "code": code_fingerprint(["flows", "rtl_templates"])}

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.flows.sandbox import check_sources

        files = context.rtl_files
        findings = check_sources([(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files])
        size = sum(path.stat().st_size for path in files)
        return Outcome(_found(findings, f"{len(files)} files, {size:,} bytes, nothing dangerous"), findings)

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        return "tpugen verify rtl/*.v --spec spec.json --until sandbox"


class ContractStep(Step):
    """Compares module name, ports and parameters with the contract, on the syntax tree."""

    id: ClassVar[str] = "contract"
    needs: ClassVar[tuple[str, ...]] = ("write", "sandbox")

    def _tools(self) -> list[ToolVersion]:
        from tpugen.flows.tools import ICARUS

        return require_tools(ICARUS)  # pyverilog has it preprocess

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "rtl": rtl_hashes(context),
            "contract": context.contract.content_hash(),
            "tools": {**_versions(self._tools()), "pyverilog": package_version("pyverilog")},
            "code": code_fingerprint(["flows", "spec", "verif"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.verif.contract_gate import check_contract

        findings = check_contract(context.contract, context.rtl_files, folder)
        ports = len(context.contract.ports)
        return Outcome(_found(findings, f"{context.contract.module}: {ports} ports"), findings, self._tools())

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        return "tpugen verify rtl/*.v --spec spec.json --until contract"


class LintStep(Step):
    """Icarus (Verilog-2005 subset), Verilator and Yosys (loops, latches, undriven nets)."""

    id: ClassVar[str] = "lint"
    needs: ClassVar[tuple[str, ...]] = ("write", "sandbox", "contract")

    def _tools(self) -> list[ToolVersion]:
        from tpugen.flows.tools import ICARUS, VERILATOR, YOSYS

        return require_tools(ICARUS, VERILATOR, YOSYS)

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "rtl": rtl_hashes(context),
            "top": context.contract.module,
            "tools": _versions(self._tools()),
            "code": code_fingerprint(["flows", "verif"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.verif.lint import lint

        tools = self._tools()
        findings = lint(context.rtl_files, context.contract.module, folder)
        nothing = f"no finding of {', '.join(tool.name for tool in tools)}"
        return Outcome(_found(findings, nothing), findings, tools)

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        return "tpugen verify rtl/*.v --spec spec.json --until lint"


class SimulateStep(Step):
    """Drives the contract's bench against the golden model; measures latency and switching activity."""

    id: ClassVar[str] = "simulate"
    needs: ClassVar[tuple[str, ...]] = ("write", "sandbox", "contract", "lint")

    def _tools(self, context: Context) -> list[ToolVersion]:
        from tpugen.verif.bench_simulators import simulator_tools
        from tpugen.verif.simulation import simulator_of

        return simulator_tools(simulator_of(context.spec))

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "rtl": rtl_hashes(context),
            "spec": context.spec.model_dump(mode="json", exclude={"clock_mhz"}),  # cycles know no megahertz
            "contract": context.contract.content_hash(),
            "seed": context.options.seed,
            "waves": context.options.waves,
            "tools": {
                **_versions(self._tools(context)),
                "cocotb": package_version("cocotb"),
                "numpy": package_version("numpy"),
            },
            "code": code_fingerprint(["arithmetic", "flows", "spec", "verif"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.verif.custom_bench import simulate_custom
        from tpugen.verif.simulation import simulate

        spec, options = context.spec, context.options
        try:
            if isinstance(spec, CustomSpec):
                result = simulate_custom(spec, context.rtl_files, folder, seed=options.seed, waves=options.waves)
            else:
                result = simulate(spec, context.rtl_files, folder, seed=options.seed, waves=options.waves)
        except ToolLimitError as error:
            stuck = Finding(
                severity="error",
                gate="simulate",
                rule="limit",
                message=error.message,
                hint=error.hint or "look for a loop that never ends, or a handshake that never answers",
            )
            return Outcome("the simulation reached a limit and was ended", [stuck], self._tools(context))
        except ToolFailedError as error:
            if options.chosen_writer != "llm":
                raise
            broken = Finding(
                severity="error", gate="simulate", rule="simulator-failed", message=error.message, hint=error.hint
            )
            return Outcome("the simulator did not take the RTL", [broken], self._tools(context))
        result = _with_run_paths(result, folder, context.root)
        write_json_atomic(folder / "simulation.json", result.model_dump(mode="json"))
        findings = list(result.findings)
        if result.verdict != "pass" and not any(f.severity == "error" for f in findings):
            failed = ", ".join(test.name for test in result.tests if not test.passed) or "no test was run"
            findings.append(Finding(severity="error", gate="simulate", rule="tests-failed", message=failed))
        return Outcome(_summary(result), findings, self._tools(context))

    def command(self, context: Context) -> str | None:
        """See `Step.command`."""
        return f"tpugen verify rtl/*.v --spec spec.json --until simulate --seed {context.options.seed}"


class ProveStep(Step):
    """Proves a combinational unit against a behavioural reference, for every input; part of the flow where it can."""

    id: ClassVar[str] = "prove"
    needs: ClassVar[tuple[str, ...]] = ("write", "sandbox", "contract", "lint", "simulate")

    def _tools(self) -> list[ToolVersion]:
        from tpugen.flows.tools import YOSYS

        return require_tools(YOSYS)

    def inputs(self, context: Context) -> dict[str, Any]:
        """See `Step.inputs`."""
        return {
            "rtl": rtl_hashes(context),
            "spec": context.spec.model_dump(mode="json", exclude={"clock_mhz"}),
            "tools": _versions(self._tools()),
            "code": code_fingerprint(["flows", "spec", "verif"]),
        }

    def run(self, context: Context, folder: Path) -> Outcome:
        """See `Step.run`."""
        from tpugen.verif.proof import prove

        assert isinstance(context.spec, AdderSpec | MultiplierSpec)  # noqa: S101 - the flow holds the step for these
        findings = prove(context.spec, context.rtl_files, folder)
        return Outcome(_found(findings, "equal to the reference for every input"), findings, self._tools())


def _with_run_paths(result: SimulationResult, folder: Path, root: Path) -> SimulationResult:
    """Paths relative to the step's folder become relative to the run's, as the result type says."""
    updates = {}
    for name in ("waveform", "activity"):
        value = getattr(result, name)
        if value is not None and (folder / value).is_file():
            updates[name] = str((folder / value).relative_to(root))
    return result.model_copy(update=updates)


def _summary(result: SimulationResult) -> str:
    passed = sum(test.passed for test in result.tests)
    text = f"{passed} of {len(result.tests)} tests passed"
    if result.results_checked:
        text += f", {result.results_checked:,} results checked"
    if result.measured_cycles is not None:
        text += f", latency {result.measured_cycles} cycles"
        if result.expected_cycles is not None:
            text += f" (contract: {result.expected_cycles})"
    if result.accelerator is not None and result.accelerator.operators:
        operators = [*result.accelerator.first, *result.accelerator.operators]
        wrong = sum(item.simulated_cycles != item.model_cycles for item in operators)
        differ = f"{wrong} of {len(operators)} cycle counts differ from" if wrong else "cycles as in"
        text += f", {differ} the model"
    return f"{text}, seed {result.seed}"
