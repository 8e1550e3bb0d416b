"""Controller of the request rate and of the requests at once.

Without a rejection there is no rate. After one, the controller searches the highest rate that the server accepts as TCP
BIC does: it halves the interval between the highest accepted and the lowest rejected rate, holds what it found, then
probes in growing steps. Where rates that were accepted before are rejected, a trial at a much lower rate shows whether
rejections depend on the rate. Requests at once double while slots are missing and the latency stays the same.

Rates are in requests a second, times in seconds by a monotonic clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Final

MIN_RATE_PER_SECOND: Final = 1.0  # a server that recovers is found within a second
INITIAL_RATE_PER_SECOND: Final = 20.0  # at least this after the first rejection: too few answers to estimate a limit
UTILIZATION: Final = 0.99  # share of an estimated limit: spacing and clocks differ by less than 1 %
WINDOW_SECONDS: Final = 1.0  # for which rates are measured: the period of most rate limits
STEP_SECONDS: Final = 2.0  # before the next step: a whole period after the one in which the rate changed
MIN_GROWTH: Final = 0.01  # first step of a probe: 5 of 500 requests are rejected where the limit is unchanged
INITIAL_GROWTH: Final = 0.25  # the same for an unknown limit: from a fifth of it to all of it in four steps
MAX_GROWTH: Final = 1.0  # first step where a limit is unknown and rejections ask for no pause; the largest step
GROWTH_FACTOR: Final = 1.5  # from one step of a probe to the next: doubles the rate within 20 s
RESOLUTION: Final = 0.02  # interval that ends the search, as a share of the rate: its half is the mean loss
MIN_HOLD_SECONDS: Final = 8.0  # before the next probe; doubled when it finds the same limit again, …
MAX_HOLD_SECONDS: Final = 180.0  # … up to this: a run of an hour notices a limit that was raised
PAUSE_SHARE: Final = 0.005  # of the time for pauses that probes cause
CREDIT_FACTOR: Final = 3.0  # pauses before the next step: a bucket that filled up in a pause is empty by then
CERTAIN_FACTOR: Final = 20.0  # pauses after which what filled up in one is 5 % of what was accepted
TOLERATED_SHARE: Final = 0.001  # of rejections that change nothing, where they ask for no pause
UNKNOWN_SHARE: Final = 0.05  # the same until a limit is known: errors of a server that has none
OUTAGE_SHARE: Final = 0.7  # of rejections from which on a server is down, whatever is usual
MIN_ANSWERS: Final = 50  # before a rejection: earlier ones are suspicious, since a limit is above the accepted rate
MAX_SUSPICIONS: Final = 3  # in a row before a trial: one or two follow from a limit that fell
TRIAL_FACTOR: Final = 0.5  # of the accepted rate in a trial: well below any limit that it was close to
TRIAL_REJECTIONS: Final = 4  # that show that they don't depend on the rate: one or two may be late
TRIAL_ANSWERS: Final = (
    (30, 150),
    (150, 600),
)  # that show the opposite, without rejections and with fewer: at least, most
REVIEW_REQUESTS: Final = 1000  # after which the result of a trial is tried again
SLOW_FACTOR: Final = 10.0  # between the first median latency and one that shows a queue in the server, …
SLOW_SECONDS: Final = 0.2  # … which is at least so long: short ones vary by such factors
SLOW_REQUESTS: Final = 4.0  # at once: with fewer of them, their latency does not depend on the rate
DRAIN_FACTOR: Final = 0.75  # of the served rate, at which a queue drains in four times the latency
SAMPLE_ANSWERS: Final = 31  # of a median, at least: an odd number, few enough for a slow server
INITIAL_CONCURRENCY: Final = 16  # as many requests at once as a small server bears
MAX_CONCURRENCY: Final = 128  # 500 requests a second at 250 ms; as many connections take about 16 MB
QUEUE_FACTOR: Final = 1.5  # between the first latency and one at which more requests at once only wait, …
QUEUE_SECONDS: Final = 0.02  # … which is at least so long
BUCKETS_PER_SECOND: Final = 10  # of counts: a rate is measured to 10 %


class Controller:
    """Controls ``rate`` (None: no limit) and ``concurrency``, which is fixed where it is given.

    ``began`` is when a request was sent. ``saturated`` is set where a request waits for a slot and for nothing else.
    """

    def __init__(self, concurrency: int | None = None) -> None:
        self.rate: float | None = None
        self.concurrency = concurrency or INITIAL_CONCURRENCY
        self.saturated = False
        self._max_concurrency = concurrency or MAX_CONCURRENCY
        self._accepted: float | None = None  # the highest rate that was accepted
        self._rejected: float | None = None  # the lowest rate that was rejected
        self._found: float | None = None  # the limit found before
        self._growth = MIN_GROWTH
        self._hold = MIN_HOLD_SECONDS
        self._changed = 0.0  # when the rate changed
        self._resumed = 0.0  # when it did, or the end of the last pause
        self._settled = -math.inf  # answers to earlier requests are ignored
        self._next_step = 0.0
        self._good = self._bad = self._sent = self._lost = 0  # since the rate changed
        self._last_success = -math.inf
        self._background = 0.0  # the share of rejections that a lower rate doesn't avoid
        self._review = 0  # the number of requests after which that is tried again
        self._suspicions = 0
        self._is_known = False  # whether rejections have shown a limit
        self._trial: Callable[[float], None] | None = None  # sets the rate where rejections depend on it
        self._before = 0.0  # the rate before the trial
        self._recent = SlidingCounter()
        self._latency = LatencySampler()

    def record_sent(self, now: float) -> None:
        """Record that a request is sent."""
        self._recent.add_sent(now)
        self._sent += 1

    def record_success(self, began: float, now: float) -> None:
        """Record an answer that is no rejection, and step up when it is time."""
        self._last_success = now
        if self.rate is not None and began >= self._settled:
            self._good += 1
            if self._trial is not None:
                self._weigh_trial(self._trial, now)
            elif now >= self._next_step and self._recent.rejected_and_sent(now)[1] >= self.rate / 2 - 1:
                self._step_up(self.rate, now)
        self._watch_latency(began, now)

    def record_timeout(self, began: float, now: float) -> None:
        """Record a request that was given up: its latency is all that it shows."""
        self._watch_latency(began, now)

    def record_rejection(self, began: float, now: float, pause: float = 0.0) -> None:
        """Record that the server rejected a request for the rate, and asked for a pause of so many seconds."""
        self._recent.add_rejected(began, now)
        self._lost += 1
        if self.rate is None:
            self._cut(now, pause)
        elif began >= self._settled:
            self._bad += 1
            if self._trial is not None:
                self._weigh_trial(self._trial, now)
            elif not self._is_tolerated(now, pause):
                self._react(self.rate, now, pause)
            elif self._background and self._recent.requests > self._review:
                self._start_trial(self.rate, now)
        if pause and now + pause > self._resumed:
            self._next_step += now + pause - max(now, self._resumed)
            self._resumed = now + pause
            self._settled = max(self._settled, self._resumed)

    def _react(self, rate: float, now: float, pause: float) -> None:
        """Lower the rate, or start a trial where lower rates didn't help."""
        if not self._good and now >= self._last_success + WINDOW_SECONDS:
            highest = max(rate, self._accepted or 0.0)
            self._set(rate / 2, now, WINDOW_SECONDS)
            self._accepted = highest
            return
        expected = self._accepted is not None and rate > self._accepted and self._good >= MIN_ANSWERS
        self._suspicions = 0 if expected else self._suspicions + 1
        if self._suspicions >= MAX_SUSPICIONS:
            self._start_trial(min(rate, 2 * max(self._recent.rejected_and_sent(now)[1], INITIAL_RATE_PER_SECOND)), now)
        else:
            self._cut(now, pause)

    def _cut(self, now: float, pause: float) -> None:
        """Go back to the rate that was accepted, or to an estimate of what the server accepts."""
        rate, upper = self._estimate(now, pause)
        self._is_known = self.rate is not None
        wait, self._growth = STEP_SECONDS, MIN_GROWTH
        if self.rate is not None and self._accepted is not None and self.rate > self._accepted:
            self._accepted, self._rejected = rate, max(rate, min(self.rate, self._recent.accepted_rate(now)))
        else:
            early = self.rate is None and now < self._recent.first + WINDOW_SECONDS
            self._accepted, self._rejected = None, None if early or upper <= INITIAL_RATE_PER_SECOND else upper
            rate *= UTILIZATION
            wait = max(STEP_SECONDS, CREDIT_FACTOR * pause)
            self._growth = MIN_GROWTH if not early else INITIAL_GROWTH if pause else MAX_GROWTH
        again = self._found is not None and abs(rate - self._found) <= 0.1 * self._found
        self._hold = min(2 * self._hold, MAX_HOLD_SECONDS) if again else MIN_HOLD_SECONDS
        self._hold = max(self._hold, min(pause / PAUSE_SHARE, MAX_HOLD_SECONDS))
        self._set(rate, now, wait)

    def _estimate(self, now: float, pause: float) -> tuple[float, float]:
        """Return the rate that the server seems to accept, and the most that it may accept."""
        if self.rate is None:
            upper = max(INITIAL_RATE_PER_SECOND, self._recent.accepted_rate(now))
            lower = upper / (min(max(now - self._recent.first, 0.0), WINDOW_SECONDS) + WINDOW_SECONDS)
            return ((lower + upper) / 2 if pause else upper), upper
        passed, paused = now - self._resumed, self._resumed - self._changed
        lower = (self._sent - self._lost) / max(passed + paused, 1e-3)
        if self._accepted is not None and self.rate > self._accepted:
            accepted, found = self._accepted, self._found
            if found is not None and passed >= MIN_HOLD_SECONDS and accepted <= 1.25 * found:
                accepted = min(accepted, max(found, lower))
            return accepted, accepted
        upper = min(self._recent.accepted_rate(now) / (1 - self._background / 2), self.rate)
        return (upper if passed >= CERTAIN_FACTOR * paused else (min(lower, upper) + upper) / 2), upper

    def _set(self, rate: float, now: float, seconds: float) -> None:
        """Change the rate, and wait so many seconds before the next step."""
        self.rate = max(MIN_RATE_PER_SECOND, rate)
        self._changed = self._resumed = now
        self._settled = now + WINDOW_SECONDS
        self._next_step = now + seconds
        self._good = self._bad = self._sent = self._lost = 0
        self._latency.reset(now)

    def _step_up(self, rate: float, now: float) -> None:
        """Take the next step of the search, which ends with a hold; none where rejections may still matter."""
        if not self._is_tolerated(now, 0.0):
            return
        self._next_step = now + (STEP_SECONDS if self._is_known else WINDOW_SECONDS)
        if self._accepted is not None and rate < self._accepted:
            self.rate = min(2 * rate, self._accepted)
            self._next_step = now + WINDOW_SECONDS
            return
        self._accepted = rate
        if self._rejected is None:
            self._suspicions = 0
            self.rate = rate * (1 + self._growth)
            self._growth = min(GROWTH_FACTOR * self._growth, MAX_GROWTH)
        elif self._rejected > rate * (1 + RESOLUTION):
            self.rate = (rate + self._rejected) / 2
        else:
            self._rejected, self._growth, self._found = None, MIN_GROWTH, rate
            self._next_step = now + self._hold

    def _is_tolerated(self, now: float, pause: float) -> bool:
        """Whether a share of rejections that is usual explains those of the last second, and those at this rate."""
        usual = TOLERATED_SHARE if self._is_known else UNKNOWN_SHARE
        share = max(self._background, 0.0 if pause else usual)
        deviations = 2 if self._is_known and not self._background else 3
        counts = [(self._bad, self._good + self._bad)]
        if now >= self._settled + WINDOW_SECONDS:
            counts.append(self._recent.rejected_and_sent(now))
        return all(
            rejections <= min(OUTAGE_SHARE * total, share * total + deviations * math.sqrt(share * total))
            for rejections, total in counts
        )

    def _start_trial(self, before: float, now: float) -> None:
        """Try a much lower rate: rejections that go on don't depend on it, and the rate ``before`` is right."""
        estimate, upper = self._estimate(now, 0.0)

        def settle(later: float) -> None:
            self._set(UTILIZATION * estimate, later, STEP_SECONDS)
            self._accepted, self._rejected, self._hold = None, upper, MIN_HOLD_SECONDS

        self._before, self._trial = before, settle
        proven = (self._sent - self._lost) / max(now - self._changed, WINDOW_SECONDS)
        self._set(max(TRIAL_FACTOR * proven, 2 * MIN_RATE_PER_SECOND), now, STEP_SECONDS)

    def _weigh_trial(self, settle: Callable[[float], None], now: float) -> None:
        """End the trial once it is decided."""
        total = self._good + self._bad
        if TRIAL_REJECTIONS <= self._bad <= OUTAGE_SHARE * total:
            self._background = min(2 * self._bad / total, 0.5)
            self._review = self._recent.requests + REVIEW_REQUESTS
            self._set(self._before, now, STEP_SECONDS)
            self._accepted = self._rejected = None
            self._is_known = False
        elif total >= TRIAL_ANSWERS[self._bad > 0][now < self._next_step]:
            self._background = 0.0
            settle(now)
        else:
            return
        self._trial, self._suspicions, self._growth = None, 0, MAX_GROWTH if self._background else MIN_GROWTH

    def _watch_latency(self, began: float, now: float) -> None:
        """Lower the rate where requests queue in the server, and allow more at once where they don't."""
        latency = self._latency.add(began, now, self.concurrency)
        if latency is None:
            return
        served = self._recent.accepted_rate(now)
        if self._latency.is_slow(latency, now) and served * latency >= SLOW_REQUESTS:
            self._set(DRAIN_FACTOR * served, now, STEP_SECONDS)
            self._accepted, self._rejected = None, served
            self._latency.reset(now + latency / (1 - DRAIN_FACTOR))
        elif self.saturated and latency <= max(QUEUE_FACTOR * self._latency.first, QUEUE_SECONDS):
            self.concurrency = min(2 * self.concurrency, self._max_concurrency)
        self.saturated = False


class LatencySampler:
    """Medians of the latency; ``first`` is the first of them."""

    def __init__(self) -> None:
        self.first = 0.0
        self._sample: list[float] = []
        self._since = -math.inf
        self._was_slow = False

    def reset(self, since: float) -> None:
        """Begin a sample of requests sent since this moment."""
        self._sample.clear()
        self._since, self._was_slow = since, False

    def add(self, began: float, now: float, answers: int) -> float | None:
        """Add one answer, and return the median once there are so many."""
        if began < self._since:
            return None
        self._sample.append(now - began)
        if len(self._sample) < max(answers, SAMPLE_ANSWERS):
            return None
        found = median(self._sample)
        self._sample.clear()
        self.first = self.first or found
        return found

    def is_slow(self, latency: float, now: float) -> bool:
        """Return whether two medians in a row are slow, the second of requests sent after the first: no short stall."""
        again, self._was_slow = self._was_slow, latency >= max(SLOW_FACTOR * self.first, SLOW_SECONDS)
        if self._was_slow:
            self._since = now
        return self._was_slow and again


class SlidingCounter:
    """Requests sent and rejected in the last second; ``requests`` counts all, ``first`` is when the first was sent."""

    def __init__(self) -> None:
        self._sent = [0] * (BUCKETS_PER_SECOND + 1)
        self._rejected = [0] * (BUCKETS_PER_SECOND + 1)
        self._bucket = 0
        self.first = math.inf
        self.requests = 0

    def add_sent(self, now: float) -> None:
        """Count a request that is sent."""
        self.first = min(self.first, now)
        self._advance(now)
        self._sent[self._bucket % len(self._sent)] += 1
        self.requests += 1

    def add_rejected(self, began: float, now: float) -> None:
        """Count a request that was counted when it was sent, and is rejected now."""
        self._advance(now)
        bucket = int(began * BUCKETS_PER_SECOND)
        if bucket > self._bucket - len(self._sent):
            self._rejected[bucket % len(self._sent)] += 1

    def rejected_and_sent(self, now: float) -> tuple[int, int]:
        """Return how many were rejected, and how many were sent."""
        self._advance(now)
        return sum(self._rejected), sum(self._sent)

    def accepted_rate(self, now: float) -> float:
        """Return how many a second were not rejected."""
        rejected, sent = self.rejected_and_sent(now)
        seconds = WINDOW_SECONDS + now - self._bucket / BUCKETS_PER_SECOND
        return max(0, sent - rejected) / max(WINDOW_SECONDS, min(now - self.first, seconds))

    def _advance(self, now: float) -> None:
        """Clear the buckets that are older than a second."""
        bucket, places = int(now * BUCKETS_PER_SECOND), len(self._sent)
        for past in range(max(self._bucket, bucket - places) + 1, bucket + 1):
            self._sent[past % places] = self._rejected[past % places] = 0
        self._bucket = max(self._bucket, bucket)
