"""Plays the schedule of a seed, judges it, and writes for people what is wrong."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.simulation.judge import judge
from tests.simulation.process import Switches
from tests.simulation.report import explain, trace
from tests.simulation.schedule import play
from tests.simulation.world import World

ALL_ON: Final = Switches()
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one seed. ``kinds`` are the kinds of what is wrong, ``text`` says it with the history before it."""

    seed: int
    kinds: frozenset[str]
    text: str
    requests: int
    seconds: float


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="paragon-sync-", dir=_MEMORY if _MEMORY.is_dir() else None)


@contextmanager
def played(seed: int, switches: Switches = ALL_ON) -> Iterator[World]:
    """Play a seed's schedule, and clear it away afterwards."""
    world = play(seed, switches, Path(_folder().name))
    try:
        yield world
    finally:
        world.close()


def examine(seed: int, switches: Switches = ALL_ON) -> Verdict:
    """Play the schedule of a seed and judge it."""
    with played(seed, switches) as world:
        violations = judge(world)
        text = ""
        if violations:
            replay = f"python -m tests.simulation --seed {seed}{switches.as_options()}"
            text = "\n".join([f"seed {seed}: {replay}", explain(world, violations[0])])
            text += "".join(f"\nalso: {violation}" for violation in violations[1:])
        return Verdict(
            seed=seed,
            kinds=frozenset(violation.kind for violation in violations),
            text=text,
            requests=len(world.server.exchanges),
            seconds=world.loop.now,
        )


def examine_all(seeds: Iterable[int], switches: Switches = ALL_ON) -> tuple[int, list[str]]:
    """Examine seeds; return how many there were, and what is wrong with those that failed."""
    verdicts = [examine(seed, switches) for seed in seeds]
    return len(verdicts), [verdict.text for verdict in verdicts if verdict.kinds]


def digest(seed: int, switches: Switches = ALL_ON) -> str:
    """Return a digest of everything that happens in a seed's schedule."""
    with played(seed, switches) as world:
        lines = [f"{at!r} {line}" for at, line in trace(world)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
