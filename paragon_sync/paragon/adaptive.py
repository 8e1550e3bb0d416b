"""Owns how fast a server lets us ask, learnt from its answers. Knows no HTTP, waits for nothing, and has no clock.

No rate exists until the first refusal. From then on it is a little less than what the server was seen to serve, and
grows along a cubic curve: fast back to where it was refused, slowly past it, then faster again. Times are in seconds
by a clock that only runs forward, rates in requests a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

_LEAST: Final = 1.0  # the slowest rate: somebody has to find out that the server is well again
_BELOW: Final = 0.94  # where the rate settles, as a share of what was served
_SPAN: Final = 10.0  # seconds from there back to the rate that was refused
_LONGEST_SPAN: Final = 300.0
_WORTH: Final = 20  # work so many times longer than the last pause before another refusal is risked
_WINDOW: Final = 1.0
_AGREE: Final = 0.1  # two rates that differ by no more than this share are the same finding
_NOISE: Final = 0.01  # the share of refusals that is taken for no fault of ours, before anything was learnt
_HALF: Final = 0.5  # with more refusals than that, it is never noise
_BLOCK: Final = 100  # answers after which that share is judged anew
_SAMPLE: Final = 31  # answers whose median latency is looked at
_SLOWER: Final = 10  # times the run's first median latency
_SLOW: Final = 0.2  # seconds; a median below is never a reason
_QUEUED: Final = 4  # with fewer requests at once, latency is not of our making
_EASED: Final = 0.75


@dataclass(frozen=True, slots=True)
class Turn:
    """One request's turn: when it came, and the rate that held it back until then, if one did."""

    began: float
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rate that grows from ``start`` at ``since``; ``refused`` is the rate that is known to be too much, if any."""

    start: float
    since: float
    refused: float | None = None
    span: float = _SPAN

    def at(self, now: float) -> float:
        passed = max(0.0, now - self.since)
        if self.refused is None:
            return self.start * math.exp2(min(passed, 40.0))
        near = _BELOW * self.refused
        doubling = math.log2(near / self.start) if self.start < near else 0.0
        if passed < doubling:
            return self.start * math.exp2(passed)
        depth = 1 - max(near, self.start) / self.refused
        return self.refused * (1 + depth * ((passed - doubling) / self.span - 1) ** 3)


class Adaptive:
    """What a run has learnt of its server. ``rate`` says how fast to ask; the others are told how it was answered."""

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._settled = -math.inf  # what was asked before this moment says nothing about the present rate
        self._paused = False
        self._lower: float | None = None
        self._recent = _Recent()
        self._noise = _Noise()
        self._latency = _Latency()

    def rate(self, now: float) -> float | None:
        """Requests a second, or None: as fast as the answers come."""
        return None if self._curve is None else self._curve.at(now)

    def served(self, turn: Turn, now: float) -> None:
        """The request was answered, and not because there were too many."""
        self._recent.add(now, refused=False)
        if turn.began >= self._settled:
            self._noise.add(refused=False)
            self._time(turn, now)

    def silent(self, turn: Turn, now: float) -> None:
        """The request was given up; that it took long is all there is to learn."""
        if turn.began >= self._settled:
            self._time(turn, now)

    def refused(self, turn: Turn, now: float, asked: float = 0.0) -> None:
        """The server would not or could not; ``asked`` is how many seconds nothing more is to be sent."""
        self._recent.add(now, refused=True)
        if (curve := self._curve) is None:
            self._begin(now, asked)
        elif turn.began >= self._settled:
            self._noise.add(refused=True)
            if not self._noise.explains(self._recent, now):
                self._judge(curve, turn, now, asked)
        if asked and self._curve is not None:
            self._settled, self._paused = max(self._settled, now + asked), True
            self._curve = replace(self._curve, since=max(self._curve.since, self._settled))

    def _begin(self, now: float, asked: float) -> None:
        served = self._recent.served(now)
        if self._recent.age(now) >= _WINDOW:
            self._settle(served, now, asked)
        else:
            self._settled = now
            self._curve = Curve(start=max(_LEAST, served), since=now)

    def _judge(self, curve: Curve, turn: Turn, now: float, asked: float) -> None:
        served = self._recent.served(now)
        if now - self._settled >= _WINDOW and served:
            share = self._recent.share(now)
            self._settle(max(served, (turn.rate or 0.0) * (1 - share)), now, asked)
        elif self._lower is not None:
            lower, self._lower = self._lower, None
            self._settle(lower, now, asked)
        elif self._paused or not served:
            self._curve = replace(curve, start=max(_LEAST, curve.at(now) / 2), since=now)
            self._settled, self._paused = now, False
        else:
            self._curve = replace(curve, since=now)

    def _settle(self, rate: float, now: float, asked: float, below: float = _BELOW) -> None:
        """Go on a little slower than what was served."""
        before = self._curve.refused if self._curve is not None else None
        rate = max(rate, _LEAST / below)
        sure = before is not None and abs(before - rate) <= _AGREE * rate
        self._lower = before if before is not None and not sure and before < rate else None
        span = min(max(_SPAN, _WORTH * asked), _LONGEST_SPAN) if sure else _SPAN
        self._curve = Curve(start=below * rate, since=now, refused=rate, span=span)
        self._settled, self._paused = now, False
        self._noise.fold()
        self._latency.restart()

    def _time(self, turn: Turn, now: float) -> None:
        self._latency.add(now - turn.began)
        if self._latency.is_slow(self._recent.served(now)):
            self._settle(self._recent.served(now), now, 0.0, _EASED)


class _Recent:
    """How many were served and refused in the last second, counted by tenths."""

    def __init__(self) -> None:
        self._counts = [[0, 0] for _ in range(11)]
        self._tenth: int | None = None
        self._first = 0.0

    def add(self, now: float, *, refused: bool) -> None:
        self._move(now)
        self._counts[0][refused] += 1

    def age(self, now: float) -> float:
        return now - self._first

    def served(self, now: float) -> int:
        self._move(now)
        return sum(count[0] for count in self._counts[:10])

    def total(self, now: float) -> int:
        self._move(now)
        return sum(sum(count) for count in self._counts[:10])

    def share(self, now: float) -> float:
        total = self.total(now)
        return 1 - self.served(now) / total if total else 0.0

    def _move(self, now: float) -> None:
        tenth = int(now * 10)
        if self._tenth is None:
            self._tenth, self._first = tenth, now
        for _ in range(min(tenth - self._tenth, 11)):
            self._counts.pop()
            self._counts.insert(0, [0, 0])
        self._tenth = max(self._tenth, tenth)


class _Noise:
    """The share of refusals that going slower doesn't cure."""

    def __init__(self) -> None:
        self.share = _NOISE
        self._served = self._refused = 0

    def add(self, *, refused: bool) -> None:
        self._served += not refused
        self._refused += refused
        total = self._served + self._refused
        if total >= _BLOCK and self._refused / total < self.share:
            self.fold()

    def fold(self) -> None:
        total = self._served + self._refused
        if total and (found := self._refused / total) <= _HALF:
            self.share += (found - self.share) / 2
        self._served = self._refused = 0

    def explains(self, recent: _Recent, now: float) -> bool:
        total = recent.total(now)
        refused = total - recent.served(now)
        expected = self.share * total
        return refused <= min(total * _HALF, expected + 3 * math.sqrt(expected))


class _Latency:
    def __init__(self) -> None:
        self._first: float | None = None
        self._sample: list[float] = []

    def restart(self) -> None:
        self._sample.clear()

    def add(self, seconds: float) -> None:
        self._sample.append(seconds)

    def is_slow(self, rate: float) -> bool:
        if len(self._sample) < _SAMPLE:
            return False
        now = median(self._sample)
        self._sample.clear()
        if self._first is None:
            self._first = now
            return False
        return now >= max(_SLOWER * self._first, _SLOW) and rate * now >= _QUEUED
