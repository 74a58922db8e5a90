"""How a run's result looks on a terminal."""

from __future__ import annotations

from typing import Any

from tpugen.cli.output import number, print_data, print_json, print_pairs, print_table
from tpugen.pipeline.result import RunResult, WorkloadLine

__all__ = ["show_result"]


def show_result(result: RunResult, *, as_json: bool) -> None:
    """Print a result: JSON, or names and values."""
    if as_json:
        print_json(result)
        return
    print_pairs(_pairs(result))
    if result.language_models:
        print_data("")
        print_table(_MODEL_COLUMNS, [_model_row(line) for line in result.language_models], right=_MODEL_COLUMNS[1:])


_MODEL_COLUMNS = (
    "model", "context", "tokens/s", "tokens/J", "tokens/J always on", "PIM-LLM tokens/s", "modelled",
    "PIM-LLM tokens/J, modelled",
)  # fmt: skip


def _model_row(line: WorkloadLine) -> list[str]:
    """A language model on the design, and on the published hybrid: a dash where nothing is printed."""

    def known(value: float | None, nothing: str = "not known") -> str:
        return nothing if value is None else number(value)

    return [
        line.model,
        f"{line.context:,}",
        number(line.tokens_per_s),
        known(line.tokens_per_j),
        known(line.always_on_tokens_per_j),
        known(line.published_tokens_per_s, "-"),
        known(line.modelled_tokens_per_s, "-"),
        known(line.modelled_tokens_per_j, "-"),
    ]


def _error_lines(errors: dict[str, Any]) -> list[str]:
    lines = []
    for role in ("multiplier", "adder"):
        if unit := errors.get(role):
            tried = f"{'all ' if unit['exhaustive'] else ''}{unit['pairs']:,} pairs"
            lines.append(
                f"{role} {unit['family']}: MRED {number(100 * unit['mred'], '%', digits=3)}, "
                f"NMED {number(unit['nmed'], digits=3)}, ER {unit['er']:.1%}, "
                f"worst {unit['wce']:,} ({tried})"
            )
    if dot := errors.get("dot_product"):
        lines.append(f"dot products of {dot['length']}: relative RMSE {dot['relative_rmse']:.2%}")
    return lines


def _pairs(result: RunResult) -> list[tuple[str, str]]:
    failure = result.first_failure
    pairs: list[tuple[str, str]] = [("verdict", result.verdict)]
    if failure is not None:
        pairs.append(("refused by", f"{failure.step}: {failure.summary}"))
        pairs.extend(("", f.one_line()) for f in result.findings if f.severity == "error")
        pairs.extend(("", f"hint: {f.hint}") for f in result.findings[:1] if f.severity == "error" and f.hint)
    if result.error:
        pairs.append(("error", result.error))
    pairs.append(("module", result.module))
    pairs.append(("written by", result.writer if result.writer == "composer" else str(result.chat_model)))
    pairs.extend(("assumed", f"{a['field']} = {a['value']}: {a['reason']}") for a in result.assumptions)
    for item in result.disagreements:
        words = f"{item['field']}: rules {item['rules']}, chat model {item['model']}; {item['why']}"
        pairs.append(("read differently", words))
    pairs.extend(("not understood", words) for words in result.not_understood)
    if result.area_um2 is not None:
        pairs.append(("technology", result.technology))
        pairs.append(("area", f"{number(result.area_um2, 'um2')}, {number(result.cells)} cells"))
    if result.macro_area_um2 is not None:
        pairs.append(("macros", f"{number(result.macro_area_um2, 'um2')} of crossbars and memories, from cards"))
    if result.fmax_mhz is not None:
        slack = f"slack {result.worst_slack_ns:+.2f} ns at {result.clock_mhz:g} MHz"
        pairs.append(("clock", f"fmax {result.fmax_mhz:.1f} MHz, {slack}"))
        pairs.append(("power", f"{number(result.power_mw, 'mW')} at {result.clock_mhz:g} MHz"))
    if result.cycles is not None:
        pairs.append(("latency", f"{result.cycles} cycles measured, {result.expected_cycles} by the contract"))
    if result.errors is not None:
        pairs.extend(("error", line) for line in _error_lines(result.errors))
    if result.gops is not None and result.utilization is not None:
        worth = f"{number(result.gops, 'GOPS')}, {number(result.gops_per_w, 'GOPS/W')}"
        pairs.append(("workload", f"GEMM {' + '.join(result.workload)}: {number(result.workload_cycles)} cycles, "
                                  f"{result.utilization:.1%} utilised, {worth}"))  # fmt: skip
    pairs.append(("run", result.run))
    if result.report:
        pairs.append(("report", result.report))
    return pairs
