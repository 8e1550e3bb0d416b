from __future__ import annotations

from dataclasses import replace

import pytest

from paragon_sync.model.planned import Operation, PatchConfig
from paragon_sync.paragon.rate import Pace
from paragon_sync.plan.user import UserPlan
from paragon_sync.run.estimate import Workload, requests_of
from tests.nouns import configuration, metadata

GUARD = replace(configuration("acme"), changes=())
TWICE = replace(configuration("acme"), requests=(PatchConfig(credential="c", configuration=None, config={}),) * 2)


def workload(users: int, *operations: Operation) -> Workload:
    work = Workload()
    for number in range(users):
        work.add(UserPlan(user=f"u{number}", operations=operations))
    return work


@pytest.mark.parametrize(
    ("operation", "requests"),
    [(configuration("acme"), 3), (TWICE, 4), (metadata("acme"), 5), (GUARD, 1)],
    ids=["a configuration", "two writes", "metadata", "a guard"],
)
def test_an_operation_is_read_written_and_read_again(operation: Operation, requests: int) -> None:
    assert requests_of(operation) == requests


def measured(seconds: float, *, rate: float | None = None, concurrency: int = 16) -> Pace:
    """A hundred requests that took so long each."""
    return Pace(rate=rate, refusals=0, paused=0.0, ended=100, busy=100 * seconds, concurrency=concurrency)


@pytest.mark.parametrize(
    ("users", "pace", "concurrency", "seconds"),
    [
        (1000, measured(0.1), 16, 1000 * 3 * 0.1 / 16),
        (1000, measured(0.1), 1, 300.0),
        (1000, measured(0.1, rate=20), 16, 150.0),
        (1000, measured(0.1, rate=10_000), 16, 18.75),
        (4, measured(0.1), 16, 0.3),  # four users at once, each one's requests in turn
        (1, measured(0.1, rate=2), 16, 1.5),
    ],
)
def test_it_takes_as_long_as_its_requests_at_the_pace_that_was_measured(
    users: int, pace: Pace, concurrency: int, seconds: float
) -> None:
    assert workload(users, configuration("acme")).seconds(replace(pace, concurrency=concurrency)) == pytest.approx(
        seconds
    )


def test_a_user_with_very_much_to_do_is_not_spread_over_several_at_once() -> None:
    work = workload(100, configuration("acme"))
    work.add(UserPlan(user="big", operations=(configuration("big"),) * 200))
    assert work.seconds(measured(0.1)) == pytest.approx(60.0)


def test_without_work_or_measurement_there_is_no_estimate() -> None:
    assert workload(10).seconds(measured(0.1)) is None
    assert workload(10, metadata("u")).seconds(Pace(rate=20, refusals=0, paused=0)) is None
