"""When a failed read is tried again, and after how long."""

from __future__ import annotations

import asyncio

import pytest

from paragon_sync.errors import ApiError, HostError, RefusedError
from paragon_sync.paragon.retry import Retrying, RetryPolicy


def error(*, transient=True, retry_after=None):
    return RefusedError("no", method="GET", path="/x", transient=transient, retry_after=retry_after)


@pytest.mark.parametrize(
    ("attempt", "chance", "delay"),
    [(1, 1, 0.5), (2, 1, 1.0), (3, 1, 2.0), (4, 1, 4.0), (4, 0, 0.0), (4, 0.5, 2.0), (5, 1, None)],
)
def test_the_span_of_a_delay_doubles(attempt, chance, delay):
    assert RetryPolicy().delay(attempt, error(), chance) == delay


@pytest.mark.parametrize(
    ("policy", "failure", "delay"),
    [
        (RetryPolicy(longest=1.5), error(), 1.5),
        (RetryPolicy(), error(retry_after=7.0), 9.0),  # not before what the server asks for, and not all at once
        (RetryPolicy(), error(retry_after=0.0), 2.0),
        (RetryPolicy(longest_asked=5.0), error(retry_after=86400.0), 7.0),
        (RetryPolicy(), error(transient=False), None),
        (RetryPolicy(attempts=3), error(), None),
        (RetryPolicy(attempts=10_000, patience=5.0), error(retry_after=3.0), 5.0),
        (RetryPolicy(attempts=10_000, patience=5.0), error(retry_after=3.1), None),
    ],
)
def test_a_delay_follows_the_policy_and_the_server(policy, failure, delay):
    assert policy.delay(3, failure, 1) == delay


@pytest.mark.parametrize(("spent", "delay"), [(0.0, 2.0), (598.0, 2.0), (598.1, None), (3600.0, None)])
def test_patience_counts_from_the_first_attempt(spent, delay):
    assert RetryPolicy().delay(3, error(), 1, spent) == delay


def test_the_span_of_a_delay_does_not_grow_for_ever():
    assert RetryPolicy(attempts=10**9, patience=1e9).delay(10**6, error(), 1) == 30.0


class Attempts:
    """Fails with each error in turn, then gives a value."""

    def __init__(self, *errors: ApiError) -> None:
        self.errors = list(errors)
        self.slept: list[float] = []
        self.now = 0.0

    async def attempt(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "value"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retrying(self, policy=None) -> Retrying:
        return Retrying(policy, sleep=self.sleep, chance=lambda: 0.5, clock=lambda: self.now)

    def run(self, policy=None):
        return asyncio.run(self.retrying(policy).call(self.attempt))


def test_what_works_at_once_is_not_waited_for():
    attempts = Attempts()
    assert (attempts.run(), attempts.slept) == ("value", [])


def test_transient_errors_are_waited_out():
    attempts = Attempts(error(), error(retry_after=3), HostError("lost", method="GET", path="/x", transient=True))
    assert (attempts.run(), attempts.slept) == ("value", [0.25, 3.5, 1.0])


def test_the_last_error_is_raised_when_attempts_are_used_up():
    last = error()
    attempts = Attempts(error(), error(), last, error())
    with pytest.raises(RefusedError) as caught:
        attempts.run(RetryPolicy(attempts=3))
    assert caught.value is last
    assert attempts.slept == [0.25, 0.5]


def test_another_error_is_raised_at_once():
    attempts = Attempts(error(transient=False))
    with pytest.raises(RefusedError):
        attempts.run()
    assert attempts.slept == []


def test_an_outage_is_waited_out_as_long_as_the_patience_lasts():
    attempts = Attempts(*[error(retry_after=60)] * 100)
    with pytest.raises(RefusedError):
        attempts.run(RetryPolicy(attempts=1000, patience=3600))
    assert 3500 < attempts.now <= 3600


@pytest.mark.parametrize(
    ("attempt", "failure", "spent", "again", "slept"),
    [
        (1, error(), 0.0, True, [0.25]),
        (4, error(retry_after=10), 100.0, True, [12.0]),
        (5, error(), 0.0, False, []),
        (1, error(transient=False), 0.0, False, []),
        (1, error(), 600.0, False, []),
    ],
)
def test_a_pause_tells_whether_to_go_on(attempt, failure, spent, again, slept):
    attempts = Attempts()
    assert asyncio.run(attempts.retrying().pause(attempt, failure, spent)) is again
    assert attempts.slept == slept
