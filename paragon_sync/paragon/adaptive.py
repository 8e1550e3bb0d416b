"""Owns how fast a server lets us ask, learnt from its answers. Knows no HTTP, waits for nothing, and has no clock.

No rate exists until the first refusal. From then on it is a little less than what the server was seen to serve, and
grows along a curve: slowly past the rate that was refused, then faster. Servers count in different ways (a window, a
bucket, a queue), so a rate is only believed once it has held for long against the pause before it. Refusals that going
slower doesn't cure are no reason to go slower; a trial well below what was served tells them apart.

Times are in seconds by a clock that only runs forward, rates in requests a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from paragon_sync.paragon.observed import WINDOW, Latency, Recent

_LEAST: Final = 1.0  # the slowest rate: somebody has to find out that the server is well again
_FIRST: Final = 20.0  # the rate after a refusal at once, when nothing is known yet
_BELOW: Final = 0.95  # where a rate settles, as a share of what was served
_EASED: Final = 0.75  # the same where requests queue up in the server, or to be well below any limit
_SPAN: Final = 10.0  # seconds from there back to the rate that was refused
_SHORT_SPAN: Final = 3.0  # the same while that rate is uncertain
_LONGEST_SPAN: Final = 120.0
_WORTH: Final = 30.0  # work so many times longer than the last pause before another refusal is risked
_ENOUGH: Final = 100.0  # requests between two refusals that are risked
_LOWER: Final = 0.8  # the least that is left of a rate which is refused at once, as a share
_HELD: Final = 5.0  # a rate that held for so many times the pause before it is certain
_CREDIT: Final = 3.0  # seconds' worth of requests that a server may let pass later for what it had not to serve
_RECOVERED: Final = 0.2  # seconds after a pause from which on a refusal says something about the rate
_NEAR: Final = 0.1  # two rates that differ by no more than this share are the same finding
_MANY: Final = 20  # answers in a second from which on that second is enough to go by

_USUAL: Final = 0.002  # the share of refusals that never matters, where the server doesn't ask for a pause
_USUAL_AT_FIRST: Final = 0.05  # the same until a rate is known to be too much
_MOSTLY: Final = 0.7  # a share of refusals that always matters
_EARLY: Final = 0.98  # a refusal below this share of the rate refused before is suspicious, …
_FEW: Final = 50  # … and so is one after so few that were served
_SUSPICIONS: Final = 3
_PROOF: Final = 4  # refusals in a trial that prove that the rate is not to blame, …
_CLEAN: Final = 30  # … as opposed to so many answers without any, …
_LONG: Final = 150  # … or to so many with fewer
_REVIEW: Final = 1000  # answers after which what a trial has shown is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rate that grows from ``start`` at ``since``; ``refused`` is the rate that is known to be too much, if any.

    It doubles each second until it is near that rate, reaches it ``span`` seconds later, slower and slower, and goes
    past it as it came.
    """

    start: float
    since: float
    refused: float | None = None
    span: float = _SPAN

    def at(self, now: float) -> float:
        """The rate at a moment."""
        passed = max(0.0, now - self.since)
        near = math.inf if self.refused is None else _BELOW * self.refused
        doubled = self.start * math.exp2(min(passed, 40.0))
        if self.refused is None or doubled < near:
            return doubled
        start = max(self.start, near)
        climbing = passed - math.log2(start / self.start)
        return self.refused + (self.refused - start) * (climbing / self.span - 1) ** 3


class Adaptive:
    """What a run has learnt of its server: :meth:`rate` says how fast to ask; the others are told what came of it.

    ``began`` is when the request that was answered was sent.
    """

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._cut = 0.0  # when the curve began, or the pause before it
        self._settled = -math.inf  # when it began to be worked by; what was sent before says nothing about it
        self._served = self._refused = 0  # since then
        self._certain = False  # whether the rate that the curve calls refused held for long enough
        self._lower: float | None = None  # the rate refused before that one, where it was lower
        self._proven = 0.0  # what was served a second in the end, pauses included: no server refuses that
        self._usual = 0.0  # the share of refusals that going slower doesn't cure
        self._review = 0  # the number of answers after which that is tried again
        self._suspicions = 0
        self._before = 0.0  # the rate before the first of them
        self._trial: Curve | None = None  # what follows it, unless it shows that going slower is no use
        self._recent = Recent()
        self._latency = Latency()

    def rate(self, now: float) -> float | None:
        """Requests a second, or None: as fast as the answers come."""
        return None if self._curve is None else self._curve.at(now)

    def served(self, began: float, now: float) -> None:
        """The request was answered, and not because there were too many."""
        self._recent.add(now, refused=False)
        if began >= self._settled:
            self._served += 1
            self._watch(began, now)

    def silent(self, began: float, now: float) -> None:
        """The request was given up; that it took long is all there is to learn."""
        if began >= self._settled:
            self._watch(began, now)

    def refused(self, began: float, now: float, asked: float = 0.0) -> None:
        """The server would not or could not; ``asked`` is how many seconds nothing more is to be sent."""
        self._recent.add(now, refused=True)
        if self._curve is None:
            self._curve = self._begin(now)
        elif began >= self._settled:
            self._refused += 1
            if self._trial is not None:
                self._weigh(self._trial, now)
            elif not self._is_usual(self._curve, now, asked):
                self._slow_down(self._curve, now, asked)
            elif self._usual and self._recent.answers > self._review:
                self._before = self._asked(self._curve, now)
                self._try(self._curve_for(self._level(self._curve, now), now, asked), now)
        resumes = now + asked
        if asked and resumes > self._settled:
            paused = resumes - max(self._settled, now)
            self._curve = replace(self._curve, since=self._curve.since + paused)
            self._settled = resumes

    def _begin(self, now: float) -> Curve:
        self._cut = self._settled = now
        if self._recent.age(now) < WINDOW:
            return Curve(start=max(_FIRST, self._recent.served(now)), since=now)
        self._certain = True
        level = max(self._recent.rate(now), _LEAST / _BELOW)
        return Curve(start=_BELOW * level, since=now, refused=level, span=_SHORT_SPAN)

    def _is_usual(self, curve: Curve, now: float, asked: float) -> bool:
        """Whether there are no more refusals than there would be at any rate, of late and in all."""
        least = 0.0 if asked else _USUAL_AT_FIRST if curve.refused is None else _USUAL
        share = max(self._usual, least)
        served, total = self._recent.served(now), self._recent.total(now)
        return _explains(share, self._refused, self._served + self._refused) and _explains(share, total - served, total)

    def _slow_down(self, curve: Curve, now: float, asked: float) -> None:
        passed, paused = now - self._settled, self._settled - self._cut
        early = passed < (_RECOVERED if paused else WINDOW) or not self._served
        if early and (paused or not self._recent.served(now)):
            self._halve(curve, now)
        elif early:
            self._stay_low(curve, now)
        else:
            slower = self._curve_for(self._level(curve, now), now, asked)
            if self._is_suspicious(curve, now):
                self._try(slower, now)
            else:
                self._follow(slower, now)

    def _stay_low(self, curve: Curve, now: float) -> None:
        """Refused again at once: for what was sent too fast before, or because the last finding was too high."""
        if self._lower is None:
            self._curve = replace(curve, since=now)
        else:
            self._follow(Curve(start=_BELOW * self._lower, since=now, refused=self._lower), now)
            self._lower = None

    def _halve(self, curve: Curve, now: float) -> None:
        """Nothing is served: ask less and less often until something is. What follows counts as after a pause."""
        rate = curve.at(now)
        too_much = None if curve.refused is None else max(curve.refused, rate)
        self._curve = replace(curve, start=max(_LEAST, rate / 2), since=now, refused=too_much)
        self._settled = now
        self._served = self._refused = 0

    def _level(self, curve: Curve, now: float) -> float:
        """The rate that the server seems to allow, as far as can be told from what it served."""
        passed, rate = now - self._settled, curve.at(now)
        if passed >= WINDOW and self._recent.total(now) >= _MANY:
            served = self._recent.rate(now)
        else:
            served = self._served / passed
        grown = 2 * rate / (rate + curve.at(max(self._settled, now - WINDOW)))
        level = min(served * grown / (1 - self._usual / 2), rate)
        confirmed = self._certain and curve.refused is not None and rate >= (1 - _NEAR) * curve.refused
        idle = min(self._settled - self._cut, _CREDIT)
        held = passed >= _HELD * idle
        self._certain = held or confirmed
        self._proven = self._served / (passed + idle)
        if held:
            return level
        # The server may have let pass more than it will, for what it didn't have to serve during the pause.
        return max(math.sqrt(level * self._proven), rate * (1 - _NEAR if confirmed else 0.5))

    def _curve_for(self, level: float, now: float, asked: float, below: float = _BELOW) -> Curve:
        """A little slower than what the server allows."""
        level = max(level, _LEAST / below)
        known = None if self._curve is None else self._curve.refused
        span = _SHORT_SPAN
        lower = known is not None and known < (1 - _NEAR) * level
        self._lower = max(known or 0.0, _LOWER * level, _LEAST / _BELOW) if lower else None
        if known is not None and abs(known - level) <= _NEAR * level:
            span = max(_SPAN, _WORTH * asked, _ENOUGH / level)
        elif known is not None and self._certain:
            span = max(_SHORT_SPAN, _WORTH / 2 * asked)
        return Curve(start=below * level, since=now, refused=level, span=min(span, _LONGEST_SPAN))

    def _follow(self, curve: Curve, now: float) -> None:
        self._curve = curve
        self._cut = self._settled = now
        self._served = self._refused = 0
        self._latency.forget()

    def _is_suspicious(self, curve: Curve, now: float) -> bool:
        """Whether refusals have come too early too often."""
        if curve.refused is not None:
            if not self._suspicions:
                self._before = self._asked(curve, now)
            early = curve.at(now) < _EARLY * curve.refused or self._served < _FEW
            self._suspicions = self._suspicions + 1 if early else max(0, self._suspicions - 1)
        return self._suspicions >= _SUSPICIONS

    def _asked(self, curve: Curve, now: float) -> float:
        """How fast it really went, more or less: a rate may grow beyond what there is to ask."""
        return min(curve.at(now), 2.0 * max(self._recent.total(now), _FIRST))

    def _try(self, slower: Curve, now: float) -> None:
        """Find out whether there are refusals where there is no reason for any; if not, ``slower`` is it."""
        self._trial = slower
        rate = max(_EASED * self._proven, 2 * _LEAST)
        self._follow(Curve(start=rate, since=now, refused=rate, span=_LONGEST_SPAN), now)
        self._settled = now + WINDOW  # until then the server may still refuse for what was sent before

    def _weigh(self, slower: Curve, now: float) -> None:
        """End the trial if it is decided."""
        total = self._served + self._refused
        if _PROOF <= self._refused <= _MOSTLY * total:
            self._trial, self._suspicions = None, 0
            self._usual = min(2 * self._refused / total, 0.5)
            self._review = self._recent.answers + _REVIEW
            self._follow(Curve(start=self._before, since=now), now)
        elif total >= (_LONG if self._refused else _CLEAN):
            self._trial, self._suspicions = None, 0
            self._usual = 0.0
            self._follow(replace(slower, since=now), now)

    def _watch(self, began: float, now: float) -> None:
        if self._trial is not None:
            self._weigh(self._trial, now)
        elif self._latency.is_too_long(began, now, lambda: self._recent.rate(now)):
            self._follow(self._curve_for(self._recent.rate(now), now, 0.0, _EASED), now)


def _explains(share: float, refused: int, total: int) -> bool:
    """Whether so many refusals are no more than are to be expected with such a share."""
    expected = share * total
    return refused <= min(_MOSTLY * total, expected + 2 * math.sqrt(expected))
