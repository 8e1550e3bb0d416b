"""What a schedule's world is like: latencies, faults, other writers; all of it drawn from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final, Literal

Normalizer = Literal["none", "lower", "trim", "sort"]
"""How the server stores what it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Probabilities are for each request; times are in seconds."""

    latency: float = 0.02
    """The mean time of each of: network, server before it acts, server after it has acted."""
    tail: float = 0.0
    """Probability that the server takes ``tail_seconds`` and more, before it acts or after."""
    tail_seconds: float = 1.0
    refuse: float = 0.0
    """Probability of 429; ``retry_after`` are the headers to choose from."""
    retry_after: tuple[float | None, ...] = (None,)
    refuse_everything: bool = False
    """Whether a Retry-After counts for all requests, as a limiter of the server does."""
    drop_before: float = 0.0
    drop_after: float = 0.0
    unreachable: float = 0.0
    fail_before: float = 0.0
    """Probability of 503 without an effect."""
    fail_after: float = 0.0
    """Probability of 503, or of an answer that is cut off, after the effect."""
    stale: float = 0.0
    """Probability that a replica answers a read; it is behind by up to ``lag`` seconds."""
    lag: float = 0.0
    disk: float = 0.002
    """The mean time of a transaction."""
    slow_disk: float = 0.0
    """Probability that a transaction takes up to ``slow_disk_seconds`` more, before or after it is done."""
    slow_disk_seconds: float = 3.0
    fail_disk: float = 0.0
    """Probability that a transaction fails, before it is done or after."""


CALM: Final = Weather()


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """What stays the same for a whole schedule."""

    weather: Weather
    users: int
    concurrency: int
    rate: float | None
    timeout: float
    portal_interval: float
    """Mean seconds between two saves of other writers."""
    portal_managed: float
    """Share of their saves that change what the manifests manage."""
    normalizer: Normalizer = "none"
    replaces_sections: bool = True
    """Whether PATCH replaces the sections that it names, or everything."""
    merges_metadata: bool = True
    permissions: bool = False
    """Whether a change of the plan in the metadata switches workflows off."""
    pages: bool = False
    endpoint: bool = False
    """Whether workflows are switched by their endpoint."""
    breakers: tuple[str, ...] = ()
    """What befalls appliers: ``kill``, ``suspend``, ``sleep``, ``unlock``, ``signal``, ``session``, ``disk``."""
    plans_badly: bool = False
    """Whether the plan is made in the same weather."""
    rolls_back_badly: bool = False
    """Whether the rollback is applied in the same weather, and befallen by the same."""


_BREAKERS: Final = (
    ("kill", 0.25),
    ("suspend", 0.2),
    ("sleep", 0.08),
    ("unlock", 0.25),
    ("signal", 0.08),
    ("session", 0.08),
    ("disk", 0.05),
)
"""What can befall appliers, each with the share of schedules in which it does."""


def climate(chance: random.Random) -> Climate:
    """Draw what the world of one schedule is like: each kind of trouble is there, or isn't."""
    weather = Weather(latency=chance.choice((0.003, 0.02, 0.06)))
    if chance.random() < 0.45:
        weather = _limited(weather, chance)
    if chance.random() < 0.35:
        weather = replace(weather, tail=chance.choice((0.03, 0.15)), tail_seconds=chance.choice((0.6, 3.0, 12.0)))
    if chance.random() < 0.3:
        weather = _broken(weather, chance)
    if chance.random() < 0.35:
        weather = replace(weather, stale=chance.choice((0.3, 0.9)), lag=chance.choice((0.3, 1.0, 3.0)))
    if chance.random() < 0.25:
        weather = replace(
            weather,
            disk=chance.choice((0.002, 0.02)),
            slow_disk=chance.choice((0.05, 0.3)),
            slow_disk_seconds=chance.choice((0.3, 3.0, 8.0)),
        )
    if chance.random() < 0.12:
        weather = replace(weather, fail_disk=chance.choice((0.02, 0.15)))
    breakers = tuple(name for name, share in _BREAKERS if chance.random() < share)
    return Climate(
        weather=weather,
        users=chance.choice((2, 3, 4, 6)),
        concurrency=chance.choice((1, 2, 4, 8)),
        rate=chance.choice((None, None, None, 2.0, 10.0)),
        timeout=chance.choice((5.0, 10.0, 30.0)),
        portal_interval=chance.choice((0.05, 0.3, 1.0, 5.0)),
        portal_managed=chance.choice((0.05, 0.3)),
        normalizer=chance.choice(("none",) * 9 + ("lower", "trim", "sort")),
        replaces_sections=chance.random() < 0.6,
        merges_metadata=chance.random() < 0.6,
        permissions=chance.random() < 0.3,
        endpoint=chance.random() < 0.3,
        pages=chance.random() < 0.25,
        breakers=breakers,
        plans_badly=chance.random() < 0.3,
        rolls_back_badly=chance.random() < 0.3,
    )


def _limited(weather: Weather, chance: random.Random) -> Weather:
    return replace(
        weather,
        refuse=chance.choice((0.02, 0.1, 0.25)),
        retry_after=chance.choice(((None,), (1.0,), (None, 1.0, 3.0), (20.0,), (None, 1.0, 20.0))),
        refuse_everything=chance.random() < 0.5,
    )


def _broken(weather: Weather, chance: random.Random) -> Weather:
    return replace(
        weather,
        drop_before=chance.choice((0.0, 0.05)),
        drop_after=chance.choice((0.0, 0.05, 0.15)),
        unreachable=chance.choice((0.0, 0.05)),
        fail_before=chance.choice((0.0, 0.05)),
        fail_after=chance.choice((0.0, 0.05)),
    )
