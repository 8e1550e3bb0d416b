"""Owns what other tools call what is here under another name, for whoever types that. Knows no command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

_COMMANDS: Final = {
    "diff": "plan",
    "preview": "plan",
    "sync": "apply",
    "deploy": "apply",
    "up": "apply",
    "lint": "validate",
    "undo": "rollback",
    "revert": "rollback",
    "history": "runs",
    "import": "export",
    "dump": "export",
    "pull": "catalog",
    "why": "explain",
}

_ANSWERS: Final = {
    "drift": "paragon-sync plan --detailed-exitcode ends with 2 where live differs from the manifests",
    "init": "write paragon.yaml by hand, and export writes the first manifest",
    "fmt": "manifests are ordinary YAML: any formatter of YAML does",
    "format": "manifests are ordinary YAML: any formatter of YAML does",
    "completion": "_PARAGON_SYNC_COMPLETE=bash_source paragon-sync prints the completion (zsh_source, fish_source)",
    "help": "paragon-sync --help lists the commands, and each has a --help",
    "version": "paragon-sync --version prints it",
    "state": "paragon-sync runs list shows what was applied; live values are read from the API each time",
    "refresh": "plan reads live values each time; catalog pull updates the lock file",
    "get": "paragon-sync export writes what is live of a user; runs list shows what was applied",
    "list": "paragon-sync export writes what is live of a user; runs list shows what was applied",
    "describe": "paragon-sync explain shows what decides each value of a user",
    "destroy": "nothing is removed as a whole: unset removes a setting, and rollback takes a run back",
    "delete": "nothing is removed as a whole: unset removes a setting, and rollback takes a run back",
    "login": "signingKey in the Project file names the key: there is no session",
}

_DEBUG: Final = "PARAGON_SYNC_DEBUG=1 in the environment shows the traceback of an error inside paragon-sync"
_VERBOSE: Final = "--full shows each change"
_ASKING: Final = "--yes asks nobody"
_SEEING: Final = "paragon-sync plan shows what apply would do, and writes nothing"
_NAMING: Final = "manifests are named without an option"
_SAVING: Final = "--out says where it is saved"
_FORMAT: Final = "--format says how it is printed"
_SOME: Final = "--user and --integration narrow it down"
_WHERE: Final = "-e names the environment"
_SPEED: Final = "limits in the Project file say how many requests go out, a second and at once"
_COLOUR: Final = "NO_COLOR=1 in the environment switches colours off"

_NEEDED: Final = {
    _VERBOSE: "full",
    _ASKING: "yes",
    _NAMING: "paths",
    _SAVING: "out",
    _FORMAT: "output_format",
    _SOME: "integrations",
    _WHERE: "environment",
}
"""The parameter that a command must have for that to be an answer."""

_OPTIONS: Final = {
    "--auto-approve": (_ASKING,),
    "-y": (_ASKING,),
    "--doit": (_ASKING,),
    "--force": (_ASKING,),
    "--dry-run": (_SEEING,),
    "--plan-only": (_SEEING,),
    "-f": (_NAMING,),
    "--file": (_NAMING,),
    "--filename": (_NAMING,),
    "-o": (_SAVING, _FORMAT),
    "--output": (_SAVING, _FORMAT),
    "--json": (_FORMAT,),
    "-t": (_SOME,),
    "--target": (_SOME,),
    "-l": (_SOME,),
    "--selector": (_SOME,),
    "-n": (_WHERE,),
    "--namespace": (_WHERE,),
    "--context": (_WHERE,),
    "--env": (_WHERE,),
    "--workspace": (_WHERE,),
    "--parallelism": (_SPEED,),
    "--no-color": (_COLOUR,),
    "--no-colour": (_COLOUR,),
    "-v": (_VERBOSE, _DEBUG),
    "-vv": (_VERBOSE, _DEBUG),
    "--verbose": (_VERBOSE, _DEBUG),
    "--debug": (_DEBUG,),
    "--trace": (_DEBUG,),
    "--log-level": (_DEBUG,),
}


def command_here(name: str) -> str | None:
    """The command that does what elsewhere the one of this name does."""
    return _COMMANDS.get(name.lower())


def answer_to(name: str) -> str | None:
    """Return what there is here for a command of other tools that no single command replaces."""
    return _ANSWERS.get(name.lower())


def instead_of(option: str, command: click.Command, arguments: Sequence[str]) -> list[str]:
    """What there is in place of an option that the command doesn't have; ``arguments`` are all that were given.

    Of ``-long`` click tells the first letter alone, and some write all their options so.
    """
    written = next((one.partition("=")[0] for one in arguments if one.startswith(option)), option)
    if len(written) > len(option) and not written.startswith("--"):
        option = f"-{written}"
        if any(option in parameter.opts for parameter in command.params):
            return [f'did you mean "{option}"?']
    has = {parameter.name for parameter in command.params}
    return [text for text in _OPTIONS.get(option, ()) if _NEEDED.get(text) in {None, *has}]
