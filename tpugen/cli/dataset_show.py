"""`tpugen dataset show`: one record of the dataset, or its RTL."""

from __future__ import annotations

from typing import Annotated

import typer

from tpugen.cli.choices import Json
from tpugen.cli.output import number, print_data, print_json, print_pairs
from tpugen.errors import RequestError

__all__ = ["show"]


def show(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The record's id, e.g. adder_s8-1a2b3c4d.")],
    rtl: Annotated[
        bool, typer.Option("--rtl", help="The rendered Verilog alone, all files one after the other.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a record: its requests, contract, evidence, errors and costs."""
    from tpugen.pipeline.dataset_rtl import find_spec, render
    from tpugen.pipeline.dataset_show import show_record

    if rtl and json:
        raise RequestError("--rtl and --json exclude each other", hint="leave one of them out")
    if rtl:
        for file in render(find_spec(identifier)):
            print_data(f"// ---- {file.name}\n{file.text}")
        return
    record = show_record(identifier)
    if json:
        print_json(record)
        return
    evidence = record.verification
    print_pairs(
        [
            ("id", record.id),
            ("split", f"{record.split} ({record.group})"),
            ("spec", record.spec),
            *(
                (voice, getattr(record, f"description_{voice}"))
                for voice in ("research", "terse", "engineering", "casual")
            ),
            ("modules", ", ".join(record.dependencies)),
            ("rtl", f"{record.rtl_sha256[:16]}  {record.rtl_command}"),
            ("verification", evidence.how + (f": {', '.join(evidence.gates)}" if evidence.gates else "")),
            ("verified by", ", ".join(evidence.representatives) or "-"),
            *(
                (f"{role} error", f"ER {error.er:.2%}, NMED {error.nmed:.3g}, MRED {error.mred:.2%}")
                for role, error in (("multiplier", record.multiplier_error), ("adder", record.adder_error))
                if error is not None
            ),
            *(
                (
                    cost.technology,
                    f"{number(cost.area_um2, 'um2')}, {number(cost.power_mw, 'mW')}, {number(cost.delay_ns, 'ns')} "
                    f"({cost.origin}, {cost.scope})",
                )
                for cost in record.costs
            ),
        ]
    )
    print_data("")
    print_data(record.contract)
