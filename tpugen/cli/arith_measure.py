"""`tpugen arith measure`: area, delay, power and energy of units by themselves, as data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from tpugen.cli.choices import Json, Quiet
from tpugen.cli.output import number, print_json, print_pairs, talk
from tpugen.errors import RequestError, SpecError, UnknownNameError

if TYPE_CHECKING:
    from tpugen.dataset.unit_grid import GridUnit
    from tpugen.pipeline.unit_costs import CostProgress

__all__ = ["measure"]


def measure(
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="adder or multiplier; else both.")] = None,
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="FAMILY", help="These families alone; may be repeated.")
    ] = None,
    width: Annotated[
        list[int] | None, typer.Option("--width", metavar="BITS", help="Operand widths (8 and 16); may be repeated.")
    ] = None,
    tech: Annotated[
        list[str] | None, typer.Option("--tech", metavar="NAME", help="Technologies (osu018); may be repeated.")
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Unsigned operands instead of two's complement.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; default: usable CPUs.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The table to make or to go on with.")] = Path(
        "unit_costs.json"
    ),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure units one by one with the real flow: simulation, synthesis, timing, power.

    Area, power and energy are those at 100 MHz, the delay is that of the fastest mapping. Rows that the file holds
    already are kept while their RTL is the same, so an interrupted measurement goes on where it was.
    """
    from tpugen.pipeline.unit_costs import measure_costs

    units = _units(role, family or [], width or [], signed=not unsigned)
    technologies = list(dict.fromkeys(tech or ["osu018"]))
    try:
        summary = measure_costs(
            units, technologies, out,
            command=_command(role, family, width, technologies, unsigned, out), workers=workers,
            observer=_silent if quiet else _tell,
        )  # fmt: skip
    except KeyboardInterrupt:
        talk(f"what was measured is in {out}: the same command goes on with it")
        raise
    if json:
        print_json(summary)
    else:
        print_pairs(
            [("file", summary.file), ("measured", f"{summary.measured}"), ("kept", f"{summary.kept}"),
             *(("failed", text) for text in summary.failed)]
        )  # fmt: skip
    raise typer.Exit(3 if summary.failed else 0)


def _units(role: str | None, families: list[str], widths: list[int], *, signed: bool) -> list[GridUnit]:
    from tpugen.arithmetic import ADDERS, MULTIPLIERS
    from tpugen.dataset.unit_grid import GRID_WIDTHS_BITS, Role, unit_grid
    from tpugen.spec.design import OPERAND_WIDTH_MAX_BITS, OPERAND_WIDTH_MIN_BITS

    roles: list[Role] = [known for known in get_args(Role) if role in (None, known)]
    if not roles:
        raise UnknownNameError(f"no role is called {role!r}", hint=f"known: {', '.join(get_args(Role))}")
    tables = {"adder": ADDERS, "multiplier": MULTIPLIERS}
    known = [name for chosen in roles for name in tables[chosen]]
    unknown = [name for name in families if name not in known]
    if unknown:
        raise UnknownNameError(
            f"no family is called {', '.join(unknown)}", hint=f"known: {', '.join(dict.fromkeys(known))}"
        )
    low, high = OPERAND_WIDTH_MIN_BITS, OPERAND_WIDTH_MAX_BITS
    wrong = [f"width: {bits} is not legal; legal: {low}..{high}; 8 would work" for bits in widths
             if not low <= bits <= high]  # fmt: skip
    if wrong:
        raise SpecError("\n".join(wrong))
    units = unit_grid(
        roles=roles, families=families, widths_bits=dict.fromkeys(widths or GRID_WIDTHS_BITS), signed=signed
    )
    if not units:
        raise RequestError("no unit is left to measure", hint="these families need wider operands")
    return units


def _command(
    role: str | None,
    families: list[str] | None,
    widths: list[int] | None,
    technologies: list[str],
    unsigned: bool,
    out: Path,
) -> str:
    """The command line, without what does not change the numbers."""
    words = ["tpugen arith measure"]
    words += [f"--role {role}"] if role else []
    words += [f"--family {name}" for name in families or []]
    words += [f"--width {bits}" for bits in widths or []]
    words += [f"--tech {name}" for name in technologies]
    words += ["--unsigned"] if unsigned else []
    return " ".join([*words, f"--out {out}"])


def _silent(_progress: CostProgress) -> None:
    """Says nothing."""


def _tell(progress: CostProgress) -> None:
    """One line for each unit that ended; those that the file held are only counted."""
    if progress.kept:
        return
    count = f"{progress.done:>{len(str(progress.total))}} of {progress.total}"
    cost = progress.cost
    if cost is None:
        talk(f"{count}  {progress.job}: failed: {progress.error}")
        return
    area, power = number(cost.area_um2, "um2"), number(cost.power_uw, "uW")
    talk(f"{count}  {progress.job}: {area}, {cost.delay_ns:.3g} ns, {power}")
