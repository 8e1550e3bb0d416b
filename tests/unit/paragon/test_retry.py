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
    ],
)
def test_a_delay_follows_the_policy_and_the_server(policy, failure, delay):
    assert policy.delay(3, failure, 1) == delay


class Attempts:
    """Fails with each error in turn, then gives a value."""

    def __init__(self, *errors: ApiError) -> None:
        self.errors = list(errors)
        self.slept: list[float] = []

    async def attempt(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "value"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def run(self, policy=None):
        return asyncio.run(Retrying(policy, sleep=self.sleep, chance=lambda: 0.5).call(self.attempt))


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
