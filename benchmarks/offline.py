"""Plans a population without any network: what is live comes from a file. One process, measured by whoever starts it.

    python -m benchmarks.offline FOLDER MANIFEST ...

FOLDER holds ``live.ndjson``, the answers of GET /sdk/credentials in the order of the users. Everything else is what
``paragon-sync plan`` does: loading, checking, staging, comparing, writing the plan file. Prints JSON: the seconds that
took and the CPU time of it, the users, those that changed, and the most memory that the process has had.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import population
from paragon_sync import jsonvalue
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.cli.loop import run_async
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.live import Credential
from paragon_sync.model.project import Policy
from paragon_sync.paragon.rate import Limiter
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import load
from paragon_sync.run.planning import Planning, make_plan
from paragon_sync.store.planfile import PlanReader


class Shelf:
    """What is live, read line by line as it is asked for: users come nearly in their order."""

    base = "http://127.0.0.1"

    def __init__(self, file: Path) -> None:
        self.pace = Limiter().pace
        self._lines = self._read(file)
        self._waiting: dict[int, bytes] = {}

    async def expect(self, users: int) -> None:
        """Nobody signs anything."""

    def user(self, user: str) -> Session:
        """The API as this user sees it."""
        return Session(self, user)

    def answer(self, number: int) -> bytes:
        """One user's line; those before it are kept until somebody asks."""
        while number not in self._waiting:
            at, line = next(self._lines)
            self._waiting[at] = line
        return self._waiting.pop(number)

    @staticmethod
    def _read(file: Path) -> Iterator[tuple[int, bytes]]:
        with file.open("rb") as lines:
            for number, line in enumerate(lines):
                yield number, line[:-1]


class Session:
    """As much of a session as planning needs."""

    asked = answered = None

    def __init__(self, shelf: Shelf, user: str) -> None:
        self.user = user
        self._shelf = shelf

    async def credentials(self) -> tuple[Credential, ...]:
        """The answer, read as the client reads it."""
        number = int(self.user.rpartition("-")[2])
        found: Any = jsonvalue.loads(self._shelf.answer(number))
        return tuple(Credential(raw) for raw in found)


async def plan(folder: Path, files: list[Path], out: Path) -> tuple[float, float]:
    """Plan everything and tell how many seconds that took, and how many of the processor."""
    now, catalog = datetime.now(UTC), population.catalog()
    shelf: Any = Shelf(folder / "live.ndjson")
    started, cpu = time.perf_counter(), time.process_time()
    planning = Planning(
        environment="bench", host=shelf.base, client=shelf, catalog=catalog, policy=Policy(), concurrency=64, now=now
    )
    desired = load(files, SecretScope(folder=folder), Resolver(catalog, now=now), Filters())
    with desired.staging:
        await make_plan(desired, planning, out)
    return time.perf_counter() - started, time.process_time() - cpu


def main() -> None:
    """Plan, and print what it took."""
    folder, *files = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "plan"
        seconds, cpu = run_async(plan(folder, files, out))
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with PlanReader(out) as reader:
            counts = reader.header.counts
    told = {"seconds": seconds, "cpu": cpu, "users": counts.considered, "changed": counts.changed}
    print(json.dumps(told | {"megabytes": megabytes}))


if __name__ == "__main__":
    main()
