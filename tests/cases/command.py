"""Two ways to run ``paragon-sync``: as the installed command in a process of its own, and through its entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Protocol

import pytest

INSTALLED = Path(sys.executable).parent / "paragon-sync"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """Runs the command in a folder, with variables beside those of the test."""

    def __call__(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Ended: ...


def run_process(arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Ended:
    """Run the installed command."""
    environment = os.environ | variables
    ended = subprocess.run(
        [str(INSTALLED), *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def installed_once(then: Command) -> Command:
    """Run the installed command the first time, and ``then`` every other time: a process takes a second to start."""
    commands = chain([run_process], repeat(then))

    def run(arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Ended:
        return next(commands)(arguments, folder, variables)

    return run


def entry_point(patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Command:
    """Run the same in this process; the coverage of the cases comes from here."""
    from paragon_sync.cli.main import main

    def run(arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Ended:
        with patch.context() as context:
            context.chdir(folder)
            for name, value in variables.items():
                context.setenv(name, value)
            capture.readouterr()
            code = main(list(arguments))
        said = capture.readouterr()
        return Ended(code, said.out, said.err)

    return run
