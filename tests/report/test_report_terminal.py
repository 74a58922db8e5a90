"""Tables and lines for a terminal."""

from __future__ import annotations

import io
import re

import run_examples as examples
from rich.console import Console, RenderableType

from tpugen.findings import Finding
from tpugen.report.terminal import compare_table, gate_line, gate_table, runs_table, summary_table
from tpugen.results import SimulationResult

SIMULATION = SimulationResult(
    verdict="pass", simulator="Icarus", seed=1, tests=[], measured_cycles=14, expected_cycles=14
)


def shown(renderable: RenderableType, width: int = 140) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_gate_line_of_a_pass() -> None:
    assert shown(gate_line(examples.record("contract", seconds=1.234))) == "✓ contract  11 ports  1.2 s"
    assert shown(gate_line(examples.record("contract", cached=True))) == "✓ contract  11 ports  cached"


def test_gate_line_of_a_failure_lists_its_errors() -> None:
    error = Finding(
        severity="error", gate="lint", rule="width", message="8 expected", file="pe.v", line=3, hint="widen"
    )
    warning = Finding(severity="warning", gate="lint", rule="unused", message="w is unused")
    text = shown(gate_line(examples.record("lint", "fail", [warning, error], summary="1 error, 1 warning")))
    assert text.splitlines() == [
        "✗ lint      1 error, 1 warning  700 ms",
        "    pe.v:3: error [lint/width] 8 expected → widen",
    ]


def test_hostile_text_neither_styles_nor_controls_the_terminal() -> None:
    hostile = "[bold red]x[/]\x1b[2J\nnext"
    finding = Finding(severity="error", gate="lint", rule=hostile, message=hostile, file=hostile, hint=hostile)
    for renderable in (
        gate_line(examples.record("lint", "fail", [finding], summary=hostile)),
        gate_table([examples.record("lint", "fail", [finding], summary=hostile)]),
        summary_table(examples.manifest(examples.ARRAY, module=hostile, error=hostile), folder=hostile),
        runs_table([examples.manifest(examples.ARRAY, run_id=hostile, chat_model=hostile)]),
    ):
        text = shown(renderable, 400)
        assert "\x1b" not in text
        assert "[bold red]x[/]␛[2J" in text


def test_summary_shows_only_what_was_measured() -> None:
    text = shown(summary_table(examples.manifest(examples.ARRAY, verdict="fail"), synthesis=examples.synthesis()))
    assert text.splitlines()[0] == "✗ fail  systolic_array_os_4x4_s8xs8_acc32"
    assert "128,798  µm²  osu018, 4,795 cells, hierarchical" in text
    assert "power" not in text


def test_summary_of_a_whole_run() -> None:
    text = shown(
        summary_table(
            examples.manifest(examples.ARRAY), simulation=SIMULATION, synthesis=examples.synthesis(),
            timing=examples.timing(), model=examples.model(), folder="runs/x",
        )
    )  # fmt: skip
    for expected in (
        "114.7",
        "+1.28",
        "at 100 MHz, simulated activity",
        "14",
        "as the formula says",
        "GOPS/W",
        "runs/x",
    ):
        assert expected in text, expected


def test_runs_table_lists_runs_in_order() -> None:
    runs = [examples.manifest(examples.ARRAY, run_id=f"run-{i}", verdict=verdict) for i, verdict in
            enumerate(("pass", "fail", "running", "interrupted", "error"))]  # fmt: skip
    lines = shown(runs_table(runs)).splitlines()
    body = [line for line in lines if line.strip().startswith("run-")]
    assert [line.split()[0] for line in body] == ["run-0", "run-1", "run-2", "run-3", "run-4"]
    assert "2026-11-21 10:15" in body[0]


def test_compare_table_marks_the_best_and_leaves_gaps() -> None:
    first = (examples.manifest(examples.ARRAY, run_id="a"), SIMULATION, examples.synthesis(), examples.timing(), None)
    faster = examples.timing(path_ns=4.0)
    second = (examples.manifest(examples.ARRAY, run_id="b"), None, None, faster, examples.model())
    table = compare_table([first, second])
    lines = {line.strip().split("  ")[0]: line.split() for line in shown(table).splitlines() if line.strip()}
    assert lines["highest clock, MHz"][-2:] == ["114.7", "250.0"]
    assert lines["area, µm²"][-2:] == ["128,798", "–"]
    out = io.StringIO()
    Console(file=out, width=140, force_terminal=True, color_system="standard", no_color=False).print(table)
    bold = re.findall(r"\x1b\[1m([^\x1b]*)\x1b", next(x for x in out.getvalue().splitlines() if "250.0" in x))
    assert [text.strip() for text in bold] == ["250.0"]
