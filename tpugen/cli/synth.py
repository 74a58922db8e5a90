"""`tpugen synth`: area and timing of RTL files, or of a request's RTL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tpugen.cli.choices import ClockMhz, Json, Out, SpecFile, Technology, Text
from tpugen.cli.generate import SynthMode
from tpugen.cli.output import number, print_json, print_pairs

__all__ = ["synth"]


def synth(
    text: Text = None,
    spec: SpecFile = None,
    rtl: Annotated[
        list[Path] | None,
        typer.Option("--rtl", metavar="FILE", help="A Verilog source instead of TEXT; may be repeated. Needs --top."),
    ] = None,
    top: Annotated[str | None, typer.Option("--top", metavar="NAME", help="Top module of the --rtl files.")] = None,
    technology: Technology = "osu018",
    clock_mhz: ClockMhz = None,
    synth_mode: Annotated[SynthMode, typer.Option("--synth-mode", help="How to synthesise.")] = SynthMode.auto,
    out: Out = None,
    json: Json = False,
) -> None:
    """Synthesise and time a design without simulating it: power is with a default activity."""
    from tpugen.pipeline.checking import synthesise_request

    report = synthesise_request(
        text, spec, rtl or [], top, technology=technology, clock_mhz=clock_mhz, mode=synth_mode.value, out=out
    )
    if json:
        print_json(report)
        return
    synthesis, timing = report.synthesis, report.timing
    pairs = [
        ("module", report.module),
        ("technology", f"{synthesis.technology}, {synthesis.mode}"),
        (
            "area",
            f"{number(synthesis.area_um2, 'um2')}, {synthesis.cells:,} cells, {synthesis.flip_flops:,} flip-flops",
        ),
        *(
            (
                "macro",
                f"{use.name} {' '.join(f'{name}={value}' for name, value in use.parameters.items())}: "
                f"{use.instances:,}, {number(use.area_um2, 'um2')} by {use.source.partition(':')[0]} ({use.origin})",
            )
            for use in synthesis.macros
        ),
        ("clock", f"fmax {timing.fmax_mhz:.1f} MHz, slack {timing.worst_slack_ns:+.2f} ns at {timing.clock_mhz:g} MHz"),
    ]
    if timing.power:
        pairs.append(("power", f"{number(timing.power.total_mw, 'mW')} (activity: {timing.power.activity_source})"))
    if timing.macro_power:
        macros_mw = sum(macro.dynamic_mw + macro.leakage_mw for macro in timing.macro_power)
        source = timing.macro_power[0].activity_source
        pairs.append(("macro power", f"{number(macros_mw, 'mW')} by their cards (activity: {source})"))
    if report.folder:
        pairs.append(("folder", report.folder))
    print_pairs(pairs)
