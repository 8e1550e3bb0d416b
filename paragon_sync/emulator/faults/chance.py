"""Which faults befall which request: filters, schedules, token buckets and seeded chance.

Knows nothing of what a fault does. The same seed decides the same for a user's n-th request of a kind, however the
requests of different users interleave.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from paragon_sync.emulator.faults.kinds import Fault, RateLimit, Rule, Schedule, Unauthorized
from paragon_sync.emulator.faults.reading import Faultiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as faults look at it."""

    method: str
    path: str
    """Below the project."""
    user: str | None
    token: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that befalls a request, and the seed of its amounts."""

    name: str
    fault: Fault
    seed: str

    def random(self) -> random.Random:
        """The chance from which it takes its amounts."""
        return random.Random(self.seed)  # noqa: S311 - reproducible on purpose


class Faults:
    """The faults that are set, and how often each has happened."""

    def __init__(self, given: Faultiness | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with these; ``clock`` is in seconds."""
        self._clock = clock
        self.given = Faultiness()
        self._running: tuple[_Running, ...] = ()
        self.set(given or Faultiness())

    def set(self, given: Faultiness) -> None:
        """Let these be the faults from now on; every count and schedule starts afresh."""
        self.given = given
        self._running = tuple(_Running(rule, f"{given.seed}:{index}") for index, rule in enumerate(given.rules))
        self._since = self._clock()

    @property
    def any(self) -> bool:
        """Whether there are rules at all."""
        return bool(self._running)

    def hits(self, asked: Asked) -> Iterator[Hit]:
        """The faults that befall this request, in the order of the rules."""
        now = self._clock()
        return (hit for running in self._running if (hit := running.hit(asked, now - self._since, now)) is not None)

    def counts(self) -> list[int]:
        """How often each rule's fault has happened."""
        return [running.happened for running in self._running]


def asked_for(rules: tuple[Rule, ...]) -> Iterator[Hit]:
    """The faults that a request asks for itself: they always happen."""
    return (Hit(rule.name, rule.fault, rule.name) for rule in rules)


class _Running:
    """A rule with its counts."""

    def __init__(self, rule: Rule, seed: str) -> None:
        self._rule = rule
        self._seed = seed
        self._matched = 0
        self._seen: Counter[tuple[str | None, str, str]] = Counter()
        self._users: Counter[str | None] = Counter()
        self._refused: dict[str | None, str] = {}
        self._bucket = _Bucket(rule.fault) if isinstance(rule.fault, RateLimit) else None
        self.happened = 0

    def hit(self, asked: Asked, elapsed: float, now: float) -> Hit | None:
        rule, schedule = self._rule, self._rule.schedule
        if not _matches(schedule, asked):
            return None
        kind = (asked.user, asked.method, asked.path)
        self._seen[kind] += 1
        seed = f"{self._seed}:{self._seen[kind]}:{kind}"
        refused = isinstance(rule.fault, Unauthorized) and self._refused.get(asked.user) == asked.token
        if not refused and not self._due(asked, elapsed, seed):
            return None
        if self._bucket is not None and self._bucket.take(now):
            return None
        self.happened += 1
        self._users[asked.user] += 1
        if isinstance(rule.fault, Unauthorized):
            self._refused[asked.user] = asked.token
        return Hit(rule.name, rule.fault, seed)

    def _due(self, asked: Asked, elapsed: float, seed: str) -> bool:
        schedule = self._rule.schedule
        if elapsed < schedule.start or (schedule.end is not None and elapsed >= schedule.end):
            return False
        number = self._matched - schedule.skip
        self._matched += 1
        if number < 0 or number % schedule.every:
            return False
        if schedule.times is not None and self.happened >= schedule.times:
            return False
        if schedule.times_per_user is not None and self._users[asked.user] >= schedule.times_per_user:
            return False
        return schedule.probability == 1 or _share(seed) < schedule.probability


def _share(seed: str) -> float:
    """A number from 0 to 1 that the seed alone decides."""
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return float(int.from_bytes(digest, "big") / 2**64)


def _matches(schedule: Schedule, asked: Asked) -> bool:
    return (
        (not schedule.methods or asked.method in map(str.upper, schedule.methods))
        and (not schedule.paths or any(fnmatchcase(asked.path, one) for one in schedule.paths))
        and (not schedule.users or any(fnmatchcase(asked.user or "", one) for one in schedule.users))
    )


class _Bucket:
    """A token bucket: a request takes a token, and tokens come back at the allowed rate."""

    def __init__(self, limit: RateLimit) -> None:
        self._rate = limit.rate
        self._size = max(1.0, limit.rate if limit.burst is None else limit.burst)
        self._tokens = self._size
        self._filled: float | None = None

    def take(self, now: float) -> bool:
        """Whether a token was there."""
        since = 0.0 if self._filled is None else now - self._filled
        self._filled = now
        self._tokens = min(self._size, self._tokens + since * self._rate)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
