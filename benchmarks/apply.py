"""Applying 20,000 changed users against the floor: sign, GET, PATCH, GET over the same transport."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import measuring
from benchmarks.comparing import Bench, Comparison, Reading
from benchmarks.measuring import Stub, ours, timed
from benchmarks.plan import floor

APPLY = "paragon-sync apply"
FLOOR = "floor: sign, GET, PATCH, GET"
EVERYBODY = 1
EACH = 3  # requests a user


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """Each run has a server of its own, where everybody differs; the plan is made before and isn't measured."""
    users = 2000 if quick else 20_000

    def apply() -> Reading:
        with _fresh(users) as (server, folder):
            timed(ours("plan", *_project(folder), "--out", folder / "plan"), users, server)
            before = sum(server.counts.values())
            reading = timed(ours("apply", folder / "plan", *_project(folder)), users, server)
            asked = (sum(server.counts.values()) - before - 1) / users
            if asked != EACH:
                sys.exit(f"{asked:g} requests a user instead of {EACH}")
            return replace(reading, notes={**reading.notes, "requests a user": asked})

    def bare() -> Reading:
        with _fresh(users) as (server, folder):
            return floor("apply", folder, users, server)

    yield Bench(
        name="apply",
        contestants={APPLY: apply, FLOOR: bare},
        comparisons=(Comparison(name=APPLY, of=APPLY, against=FLOOR, at_least=0.6),),
        footnotes=(f"{users:,} users, all changed; whole processes; exactly {EACH} requests a user",),
    )


@contextmanager
def _fresh(users: int) -> Iterator[tuple[Stub, Path]]:
    with measuring.stub(EVERYBODY) as server, measuring.folder_of(server.url, users) as folder:
        yield server, folder


def _project(folder: Path) -> tuple[str | Path, ...]:
    return ("-c", folder / "paragon.yaml", "-e", "bench")
