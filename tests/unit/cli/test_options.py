"""The shared options: what they give to a command, and what they refuse."""

from pathlib import Path
from typing import Any

import click
import pytest

from paragon_sync.cli.options import (
    allow_option,
    environment_option,
    filter_options,
    format_option,
    paths_argument,
    project_option,
)

GIVEN: dict[str, Any] = {}


@click.command()
@paths_argument
@project_option
@environment_option(required=False)
@filter_options
@allow_option
@format_option("plan")
def command(**given: Any) -> None:
    """Keep what was given."""
    GIVEN.clear()
    GIVEN.update(given)


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        ([], "project_file", Path("paragon.yaml")),
        (["-c", "other.yaml"], "project_file", Path("other.yaml")),
        ([], "environment", None),
        (["-e", "staging"], "environment", "staging"),
        ([], "paths", ()),
        (["a", "b"], "paths", (Path("a"), Path("b"))),
        ([], "users", ()),
        (["--user", "a*", "--user", "b"], "users", ("a*", "b")),
        (["--integration", "slack"], "integrations", ("slack",)),
        ([], "output_format", "text"),
        (["--format", "json"], "output_format", "json"),
        ([], "allowed", {}),
        (
            ["--allow", "usersChanged=12", "--allow", "plaintext-plan"],
            "allowed",
            {"usersChanged": 12, "plaintext-plan": 1},
        ),
    ],
)
def test_a_command_gets_what_was_typed(arguments: list[str], name: str, value: object) -> None:
    command.main(arguments, standalone_mode=False)
    assert GIVEN[name] == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("userChanged=1", 'did you mean "usersChanged"?'),
        ("all", "there are usersChanged, valuesRemoved, workflowsDisabled, usersNotConnected, protected, findings, "),
        ("usersChanged", '"usersChanged" needs a whole number, the most that you permit: usersChanged=N'),
        ("usersChanged=", "needs a whole number"),
        ("usersChanged=-1", "needs a whole number"),
        ("usersChanged=30%", "needs a whole number"),
        ("plaintext-plan=1", '"plaintext-plan" takes no number'),
    ],
)
def test_what_can_not_be_allowed_is_refused(value: str, message: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        command.main(["--allow", value], standalone_mode=False)
    assert message in refused.value.message
