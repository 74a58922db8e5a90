"""Options that the commands about language models share: one wording, one meaning."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "Accounting", "ActivationBits", "AsPublished", "BeyondContext", "Cards", "Constants", "Csv", "Embedding", "KvBits",
    "LmHead", "Memory", "Nonlinear", "Phase", "Schedule", "WeightBits", "numbers", "pairs", "words",
]  # fmt: skip

AsPublished = Annotated[
    bool,
    typer.Option(
        "--as-published",
        help="As the PIM-LLM paper ran it: its shapes (GPT-2 with d_ff = d, LLaMA with two feed-forward matrices), its "
        "cycle model, its accounting.",
    ),
]
Phase = Annotated[
    str,
    typer.Option(
        "--phase", metavar="NAME", help="decode: one token after CONTEXT others; prefill: CONTEXT tokens at once."
    ),
]
Embedding = Annotated[bool, typer.Option("--embedding", help="Count the embedding's look-up.")]
LmHead = Annotated[bool, typer.Option("--lm-head", help="Count the LM head.")]
Nonlinear = Annotated[
    bool, typer.Option("--nonlinear", help="Count softmax, normalisation and activation functions.")
]  # fmt: skip
WeightBits = Annotated[
    int | None, typer.Option("--weight-bits", metavar="BITS", help="Width of weights.", show_default="1")
]
ActivationBits = Annotated[
    int | None,
    typer.Option("--activation-bits", metavar="BITS", help="Width of activations and results.", show_default="8"),
]
KvBits = Annotated[int | None, typer.Option("--kv-bits", metavar="BITS", help="Width of the cache.", show_default="8")]
BeyondContext = Annotated[bool, typer.Option("--beyond-context", help="Accept contexts beyond the model's.")]
Schedule = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="NAME",
        help="sequential, or overlapped: engines work on different sequences at the same time.",
        show_default="the system's",
    ),
]
Accounting = Annotated[
    str | None,
    typer.Option(
        "--accounting",
        metavar="NAME",
        help="consistent: every engine pays for all its work; as_published: as the paper counts.",
        show_default="consistent, or as_published with --as-published",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="NAME|FILE",
        help="Card of a memory for what the engines do not hold (lpddr4, hbm2, sram-45nm, a file), or none: operands "
        "are always there in time, at no energy.",
        show_default="the system's",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]


Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="ENGINE.CONSTANT=VALUE",
        help="A constant of an engine's card that differs, e.g. tpu.array_power='3.3 mW'. Repeat it.",
        show_default=False,
    ),
]
Cards = Annotated[
    list[str] | None,
    typer.Option(
        "--card", metavar="ENGINE=NAME|FILE", help="Another card for an engine. Repeat it.", show_default=False
    ),
]


def pairs(option: str, values: list[str] | None) -> dict[str, str]:
    """Names and values of an option that is given as NAME=VALUE.

    Raises:
        BadParameter: one is not of that form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in values or []:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            raise typer.BadParameter(f"{text!r}: expected NAME=VALUE", param_hint=option)
        if name in found:
            raise typer.BadParameter(f"{name} is given twice", param_hint=option)
        found[name] = value
    return found


def words(values: list[str] | None, option: str | None = None) -> list[str]:
    """The values of an option that may be repeated and that takes lists separated by commas; none where not given.

    Raises:
        BadParameter: it was given without any value.
    """
    found = [word.strip() for value in values or [] for word in value.split(",") if word.strip()]
    if values and not found:
        raise typer.BadParameter(f"{', '.join(values)!r}: names nothing", param_hint=option)
    return found


def numbers(option: str, values: list[str] | None) -> list[int]:
    """Whole numbers of such an option.

    Raises:
        BadParameter: one is no whole number, or it was given without any.
    """
    try:
        return [int(word) for word in words(values, option)]
    except ValueError as error:
        raise typer.BadParameter(f"{', '.join(values or [])}: expected whole numbers", param_hint=option) from error
