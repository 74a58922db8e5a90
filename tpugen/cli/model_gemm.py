"""`tpugen model gemm`: matrix products on a measured run, on a design in words, or on an array of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tpugen.cli.arith_output import one_format
from tpugen.cli.choices import ClockMhz, Json, RunsDir, SpecFile, one_request
from tpugen.cli.model_options import Csv
from tpugen.cli.output import number, print_csv, print_json, print_table, talk
from tpugen.errors import RequestError

if TYPE_CHECKING:
    from tpugen.model.systolic import ArrayShape
    from tpugen.results import GemmReport, GemmResult

__all__ = ["gemm"]


def gemm(
    sizes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MxKxN...]", help="GEMMs C[M,N] = A[M,K] x B[K,N].", show_default=False),
    ] = None,
    m: Annotated[
        int | None, typer.Option("-m", metavar="M", help="Rows of A; with -k and -n instead of MxKxN.")
    ] = None,
    k: Annotated[int | None, typer.Option("-k", metavar="K", help="Columns of A, rows of B.")] = None,
    n: Annotated[int | None, typer.Option("-n", metavar="N", help="Columns of B.")] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="NAME|FILE",
            help="Layers of a network: lenet-5, alexnet, vgg-16, resnet-18, resnet-50, mobilenet-v1, or a SCALE-Sim "
            "topology file.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, help="Images of the network.")] = 1,
    run: Annotated[
        str | None, typer.Option("--run", "--design", metavar="RUN", help="A measured run: its id or folder.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A design in words, unmeasured.")] = None,
    spec: SpecFile = None,
    rows: Annotated[int | None, typer.Option("--rows", metavar="R", help="Rows of an array, unmeasured.")] = None,
    cols: Annotated[int | None, typer.Option("--cols", metavar="C", help="Columns of that array.")] = None,
    dataflow: Annotated[
        str | None,
        typer.Option(
            "--dataflow", metavar="NAME", help="Of that array: os (default), ws, is, or best of them, GEMM by GEMM."
        ),
    ] = None,
    clock_mhz: ClockMhz = None,
    cycle_model: Annotated[
        str | None,
        typer.Option(
            "--cycle-model",
            metavar="NAME",
            help="tpugen (default: the contract's formula), scalesim-3.0.0 or scalesim-paper.",
        ),
    ] = None,
    sram_kib: Annotated[
        float | None,
        typer.Option("--sram-kib", metavar="KIB", help="SRAM beside the array; with it DRAM traffic is counted."),
    ] = None,
    runs_dir: RunsDir = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """GEMMs, one after the other: cycles, utilisation, traffic, and time and energy where they are known.

    On a measured run, on a design that was not built, or on an array of any size.
    """
    from tpugen.pipeline.modelling import model_gemm

    one_format(json, csv)
    gemms = [*(sizes or []), *_from_options(m, k, n)]
    if not gemms and network is None:
        raise RequestError(
            "no GEMM was given", hint="give MxKxN, e.g. 64x128x256, or -m 64 -k 128 -n 256, or --network resnet-18"
        )
    request = None if text is None and spec is None else one_request(text, spec)
    result = model_gemm(
        gemms,
        network=network,
        batch=batch,
        run=run,
        request=request,
        array=_array(rows, cols, dataflow),
        clock_mhz=clock_mhz,
        cycle_model=cycle_model,
        sram_kib=sram_kib,
        runs=runs_dir,
    )
    if json:
        print_json(result)
    elif csv:
        print_csv([item.model_dump() for item in result.gemms])
    else:
        _print(result)


def _from_options(m: int | None, k: int | None, n: int | None) -> list[str]:
    """The GEMM of -m, -k and -n, if they are given."""
    given = {"-m": m, "-k": k, "-n": n}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        return []
    if missing:
        raise RequestError(f"{' and '.join(missing)} missing; a GEMM has -m, -k and -n")
    return [f"{m}x{k}x{n}"]


def _array(rows: int | None, cols: int | None, dataflow: str | None) -> ArrayShape | None:
    """The array of --rows, --cols and --dataflow, if they are given."""
    if rows is None and cols is None:
        if dataflow is not None:
            raise RequestError(
                "--dataflow is that of an array with --rows and --cols", hint="a run or a design has its own"
            )
        return None
    if rows is None or cols is None:
        missing = "--rows" if rows is None else "--cols"
        raise RequestError(f"{missing} is missing; an array has --rows and --cols")
    from tpugen.model.systolic import ArrayShape

    return ArrayShape(rows, cols, dataflow or "os")


def _label(item: GemmResult) -> str:
    """`conv1 12544x147x64`, `dw2 12544x9x1 x32`."""
    sizes = f"{item.m}x{item.k}x{item.n}" + (f" ({item.count} times)" if item.count > 1 else "")
    return sizes if item.name is None else f"{item.name} {sizes}"


def _print(result: GemmReport) -> None:
    measured = result.design.power_mw is not None
    columns = ["GEMM", "cycles", "utilised", "us", "GOPS", "GOPS/W", "uJ"]
    if not measured:
        columns = ["GEMM", "dataflow", "cycles", "utilised", "mapped", "SRAM reads", "SRAM writes", "us", "GOPS", "uJ"]
    if result.dataflow is None or result.sram_reads is None:  # an accelerator with memories of its own
        columns = [name for name in columns if name not in ("dataflow", "SRAM reads", "SRAM writes")]
    if result.dram_reads is not None:
        columns += ["DRAM reads", "DRAM writes"]
    lines = []
    for name, item in [*((_label(item), item) for item in result.gemms), ("total", result.total)]:
        cells = {
            "GEMM": name,
            "cycles": f"{item.cycles:,}",
            "utilised": f"{item.utilization:.1%}",
            "mapped": f"{item.mapping_efficiency:.1%}",
            "us": number(item.latency_us),
            "GOPS": number(item.gops),
            "GOPS/W": number(item.gops_per_w),
            "uJ": number(item.energy_uj),
            "dataflow": item.dataflow or "",
            "SRAM reads": number(item.sram_reads),
            "SRAM writes": number(item.sram_writes),
            "DRAM reads": number(item.dram_reads),
            "DRAM writes": number(item.dram_writes),
        }
        lines.append([cells[column] for column in columns])
    print_table(columns, lines, right=columns[1:])
    if not measured:
        talk(f"cycle model {result.cycle_model}; clock {result.design.clock_mhz:g} MHz ({result.design.origin})")
    if any(item.sram_writes != item.sram_writes_counted for item in result.gemms):
        talk("SRAM writes as SCALE-Sim 3.0.0 reports them: rows + columns more per tile than the array writes")
