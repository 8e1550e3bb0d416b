"""The emulator that a project carries with it: ``host: emulator:PATH``. Knows which file is which, nothing more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from paragon_sync.emulator.emulator import Emulator
from paragon_sync.emulator.server import running
from paragon_sync.errors import EmulatorError

FIXTURES: Final = ("fixture.yaml", "fixture.yml", "fixture.json")
REMEMBERED: Final = 1_000
KEPT: Final = ".emulator"
"""The folder beside the fixture in which state and key stay between commands."""


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[Emulator]:
    """Run the emulator of this folder as long as the block lasts.

    Seeded from the folder's ``fixture.yaml`` (``.yml``, ``.json``); what was written to it is there again the next
    time. Raises :class:`EmulatorError`.
    """
    if not folder.is_dir():
        raise EmulatorError(f"{folder}: there is no such folder", hint="emulator:PATH names a folder with a fixture.")
    fixture = next((folder / name for name in FIXTURES if (folder / name).is_file()), None)
    if fixture is None:
        raise EmulatorError(
            f"{folder}: there is no fixture", hint=f"Put a {FIXTURES[0]} there with project, integrations and users."
        )
    # Its writes hold whole states, and nobody asks after them.
    with running(fixture, state=folder / KEPT, remember=REMEMBERED) as emulator:
        yield emulator
