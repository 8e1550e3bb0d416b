"""Writes ``cli.md``, the reference of the command line, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from paragon_sync.cli.main import paragon_sync

PAGE = Path(__file__).parent / "cli.md"

OPENING = """\
# The command line

This page is written from the commands by `make docs`; change it there. `paragon-sync COMMAND --help` shows the same.
"""

EXIT_CODES = """\
## Exit codes

| code | meaning |
|---|---|
| 0 | fine, nothing to do |
| 1 | error |
| 2 | changes are pending (`plan --detailed-exitcode`) |
| 3 | operations did not end well |
| 4 | refused by policy or findings |
| 64 | wrong usage |
| 130, 143, 129 | interrupted (Ctrl-C), terminated (SIGTERM), hung up (SIGHUP) |

When several hold, the first of 64, 130, 143 or 129, 1, 4, 3, 2, 0 counts.

## Environment variables

| name | meaning |
|---|---|
| `PARAGON_SYNC_PLAN_KEY` | encrypts the values in plan files and in the journal of runs |
| `PARAGON_SYNC_DEBUG` | `1`: an internal error shows its traceback, which may hold values |
| `NO_COLOR` | any value: no colour |
"""


def page() -> str:
    """The page as it should be."""
    context = click.Context(paragon_sync, info_name="paragon-sync")
    parts = [OPENING]
    parts.extend("\n".join(section(command, at)) for command, at in commands(paragon_sync, context))
    return "\n".join([*parts, EXIT_CODES])


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command that does something, with its context, in the order of ``--help``; groups are gone through."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, click.Context(command, info_name=name, parent=context))
        elif command is not None:
            yield command, click.Context(command, info_name=name, parent=context)


def section(command: click.Command, context: click.Context) -> Iterator[str]:
    """One command: how it is called, what it does, its options."""
    yield f"## {context.command_path}"
    yield ""
    yield "```"
    yield f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    yield "```"
    yield ""
    yield cleandoc(command.help or "").replace("\b\n", "")
    yield ""
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        yield "| option | |"
        yield "|---|---|"
    for option in options:
        names = ", ".join([*option.opts, *option.secondary_opts])
        yield f"| `{escaped(names + value(option))}` | {escaped(meaning(option))} |"
    yield ""


def value(option: click.Option) -> str:
    """What stands after the option, as a person writes it down."""
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return f" {'|'.join(option.type.choices)}"
    return f" {option.metavar}"


def meaning(option: click.Option) -> str:
    """The option's help, and what happens without it."""
    if option.required:
        return f"{option.help} Required."
    if option.show_default and not option.is_flag:
        return f"{option.help} Default: `{option.default}`."
    return f"{option.help}"


def escaped(text: str) -> str:
    """Text for one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
