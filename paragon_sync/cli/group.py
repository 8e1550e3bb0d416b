"""Groups of commands: loaded when asked for, and helpful about a mistyped name. Knows click, and no command.

``paragon-sync --help`` and ``--version`` need none of the libraries that the commands stand on, so a
:class:`LazyGroup` imports a command's module only when that command is called.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click

from paragon_sync.cli.elsewhere import command_here
from paragon_sync.model.similar_names import similar_names


@dataclass(frozen=True, slots=True)
class CommandReference:
    """Where a command is (``module:attribute``), and the line of help that the list of commands shows for it."""

    where: str
    short_help: str

    def load(self) -> click.Command:
        """Import the command."""
        module, attribute = self.where.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


class Group(click.Group):
    """A group that answers a mistyped command with the ones that look like it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that ``args`` start with; raises :class:`NoSuchCommand`."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise NoSuchCommand(args[0], known, ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group that knows its commands by reference; they are listed in the order of the table."""

    def __init__(self, *, references: Mapping[str, CommandReference], **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]  # click's own attributes, passed through
        self.references = references

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Every command's name."""
        return list(self.references)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command."""
        reference = self.references.get(cmd_name)
        return None if reference is None else reference.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, reference.short_help) for name, reference in self.references.items()])


class NoSuchCommand(click.UsageError):
    """A command that doesn't exist; ``possibilities`` are the ones that look like it, or do what it does elsewhere."""

    def __init__(self, name: str, known: list[str], ctx: click.Context) -> None:
        super().__init__(f'no such command "{name}"', ctx)
        here = command_here(name)
        self.possibilities = [here] if here in known else similar_names(name, known, most=3)
