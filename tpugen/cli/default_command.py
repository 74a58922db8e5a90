"""A command group that is also a command: what names no subcommand goes to the default one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

__all__ = ["with_default_command"]


def with_default_command(command: Callable[..., None]) -> type[TyperGroup]:
    """A group class: `group FILE` runs `command` as if there were no group, `group NAME ...` the subcommand NAME.

    The help shows the command's own arguments and options, then the subcommands. An argument that is spelled like a
    subcommand needs a path: `./matrix`.

    Args:
        command: The function of the default command.
    """
    single = typer.Typer(add_completion=False)
    single.command()(command)
    default: Any = get_command(single)

    class DefaultCommandGroup(TyperGroup):
        """See `with_default_command`."""

        def make_context(
            self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
        ) -> Context:
            """The default command's context, unless the first word is a subcommand or asks for help."""
            if args and (args[0] in self.commands or args[0] == "--help"):
                return super().make_context(info_name, args, parent, **extra)
            context: Context = default.make_context(info_name, args, parent, **extra)
            return context

        def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
            """The default command's help with the subcommands below."""
            shown: Command = copy.copy(self)
            shown.help, shown.params = default.help, default.params
            shown.subcommand_metavar = "| COMMAND ..."  # type: ignore[attr-defined] # a copy of a group
            super(DefaultCommandGroup, shown).format_help(ctx, formatter)  # type: ignore[misc]

    return DefaultCommandGroup
