"""Every command is documented: by its own help, and on the page that is generated from it."""

import click
import pytest

from docs.generate_cli_reference import PAGE, commands, page
from paragon_sync.cli.main import paragon_sync

COMMANDS = {at.command_path: command for command, at in commands(paragon_sync, click.Context(paragon_sync))}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_command_and_each_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert [] == [option.name for option in command.params if isinstance(option, click.Option) and not option.help]


def test_the_page_is_as_the_commands_are() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "make docs writes the page again"
