"""The fixtures of tests that run whole commands; a folder's ``conftest.py`` imports them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, running
from tests.cases.command import entry_point
from tests.gate import Gate
from tests.workbench import Workbench, world

Start = Callable[..., tuple[Workbench, Emulator]]
"""``start(users, **fixture)`` → a workbench whose environment ``test`` is an emulator with these users.

A server that ``between`` puts in front of the emulator has the emulator's URL.
"""


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key for all emulators, because making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("keys") / "signing-key.pem"
    with running() as emulator:
        path.write_bytes(emulator.signing_key.read_bytes())
    path.chmod(0o600)
    return path


@pytest.fixture
def start(
    tmp_path: Path, signing_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Start]:
    """Commands run through the entry point, in this process."""
    with ExitStack() as stack:

        def begin(users: Mapping[str, Any], **fixture: Any) -> tuple[Workbench, Emulator]:
            readings = {name: fixture.pop(name) for name in ("replace", "metadata") if name in fixture}
            emulator = stack.enter_context(running(world(users, **fixture), signing_key=signing_key, **readings))
            gate = stack.enter_context(Gate(int(emulator.url.rpartition(":")[2])))
            emulator = replace(emulator, url=gate.url)
            folder = tmp_path / "work"
            folder.mkdir()
            return Workbench.at(folder, emulator, entry_point(monkeypatch, capsys)), emulator

        yield begin
