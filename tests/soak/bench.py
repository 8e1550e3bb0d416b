"""An emulator with a population and a plan for it, and runs of the installed command that can be killed."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from paragon_sync.emulator import Emulator, running
from paragon_sync.emulator.state import UserState
from paragon_sync.model.project import READ_BACK_SECONDS
from tests.cases.command import INSTALLED
from tests.soak.population import PERMISSIONS, POLICY, Population, initial_states, put_back
from tests.workbench import Workbench, as_json, world

PATIENCE: Final = 300.0
"""Seconds in which any single command ends, whatever is done to it."""

READ_BACK: Final = {"readBack": [*READ_BACK_SECONDS]}
"""The key ``apply`` of a Project file whose runs wait for reads that lag, as they do by default."""


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What one soak test works with. ``before`` is what the emulator held at first."""

    bench: Workbench
    emulator: Emulator
    people: Population
    before: Mapping[str, UserState]
    project: Mapping[str, Any] = field(default_factory=dict)

    def plan(self) -> Path:
        """The plan of the whole population, in a file."""
        ended = self.bench.run("plan", "--out", "p.plan")
        assert ended.code == 0, ended.out + ended.err
        return self.bench.folder / "p.plan"

    def afresh(self, *, state: str) -> None:
        """Everything as before any run; the next ones record in another state store."""
        put_back(self.before, self.emulator)
        self.configure(state=state)

    def configure(self, **more: Any) -> None:
        """Write the Project file again, with other keys than at first."""
        self.bench.project(self.emulator.url, **{**self.project, **more})

    def texts(self) -> dict[str, str]:
        """All that the emulator holds of each user, to the digit."""
        return {person.name: self.emulator.user_text(person.name) for person in self.people.people}


@contextmanager
def soaking(folder: Path, people: Population, signing_key: Path, **more: Any) -> Iterator[Soak]:
    """An emulator with these people, and a folder whose manifests declare what they shall be.

    ``more`` are keys of the Project file, and the readings and faults of the emulator.
    """
    readings = {name: more.pop(name) for name in ("replace", "metadata", "faults") if name in more}
    fixture = world(people.fixture, permissions=PERMISSIONS if people.permissions else {})
    with running(fixture, signing_key=signing_key, remember=1_000_000, **readings) as emulator:
        folder.mkdir(exist_ok=True)
        project = {"policy": POLICY, **more}
        bench = Workbench.at(folder, emulator)
        bench.users(**people.documents)
        soak = Soak(
            bench=bench, emulator=emulator, people=people, before=initial_states(people, emulator), project=project
        )
        soak.configure()
        yield soak


@dataclass(kw_only=True)
class Running:
    """A command under way, in a process of its own."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def kill(self) -> float | None:
        """SIGKILL, and the moment before it on the monotonic clock; None where it had ended by itself."""
        moment = time.monotonic()
        if self.process.poll() is not None:
            return None
        self.process.kill()
        self.process.wait()
        return moment if self.process.returncode < 0 else None

    def end(self, *codes: int) -> dict[str, Any]:
        """Wait for its end, which must be one of these (0 unless told), and read its JSON."""
        ended = self.process.wait(timeout=PATIENCE)
        out, err = self.out.read_text("utf-8"), self.err.read_text("utf-8")
        assert "Traceback" not in err, err
        assert ended in (codes or (0,)), f"exit code {ended}:\n{out[-2000:]}\n{err[-2000:]}"
        return as_json(out) if out else {}


@contextmanager
def started(arguments: Sequence[str], folder: Path, *, logs: Path | None = None) -> Iterator[Running]:
    """The installed command under way; killed at the end if it is still there.

    What it prints goes to files in ``logs``, which is ``folder`` unless several commands run at once.
    """
    out, err = ((logs or folder) / name for name in ("out", "err"))
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen([str(INSTALLED), *arguments, "-e", "test"], cwd=folder, stdout=to_out, stderr=to_err)
    try:
        yield Running(process=process, out=out, err=err)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def requests_so_far(emulator: Emulator) -> int:
    """How many requests the emulator has got since it runs."""
    return emulator.site.recorder.count


def outcomes(run: Mapping[str, Any]) -> str:
    """The counts of a run, for messages."""
    return json.dumps({name: number for name, number in run["counts"].items() if number})
