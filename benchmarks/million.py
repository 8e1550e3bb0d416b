"""Planning 1,000,000 users in any order, each touched by two documents, without any network: memory and time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import population
from benchmarks.comparing import Bench, Comparison, Reading
from benchmarks.load import offline

FEW, MANY = 10_000, 1_000_000
_MEMORY, _TIME = "memory", "time"


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """A pair of runs a round, timed from the first manifest to the finished plan, without the process's start."""
    many = 50_000 if quick else MANY
    with tempfile.TemporaryDirectory(prefix="paragon-sync-bench-") as name:
        folders = {users: Path(name) / str(users) for users in (FEW, many)}
        files = {users: _written(folder, users) for users, folder in folders.items()}
        runs: dict[int, Reading] = {}

        def memory(users: int) -> Reading:
            runs[users] = offline(folders[users], files[users])
            return Reading(value=runs[users].notes["MB"], unit="MB", notes=runs[users].notes)

        def time(users: int) -> Reading:
            """Of the same run."""
            return Reading(value=runs[users].notes["µs a user"], unit="µs a user")

        yield Bench(
            name="million",
            contestants={
                f"{what} of {users:,}": lambda users=users, read=read: read(users)
                for what, read in ((_MEMORY, memory), (_TIME, time))
                for users in (FEW, many)
            },
            comparisons=(
                Comparison(
                    name=f"most memory, {many:,} users",
                    of=f"{_MEMORY} of {many:,}",
                    against=f"{_MEMORY} of {FEW:,}",
                    at_most=1.3,
                    limit=400,
                ),
                Comparison(
                    name=f"time for each of {many:,}",
                    of=f"{_TIME} of {many:,}",
                    against=f"{_TIME} of {FEW:,}",
                    at_most=1.15,
                ),
            ),
            rounds=3,
            footnotes=("NDJSON in any order, two documents for each user, one user in 100 differs",),
        )


def _written(folder: Path, users: int) -> list[Path]:
    folder.mkdir()
    population.write_live(folder, users)
    return population.write_shuffled(folder, users)
