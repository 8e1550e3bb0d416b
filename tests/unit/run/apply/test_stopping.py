"""When a run is asked to stop: by which outcomes, with which words and which exit code."""

from __future__ import annotations

import pytest

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES, EXIT_REFUSED
from paragon_sync.model.outcome import Applied, Blocked, Conflict, Failed, Outcome, SideEffect, Unchanged, Unknown
from paragon_sync.run.apply.stopping import Breaker, Limits, Stop, too_many_disabled

FAILED = Failed(reason="r")
EFFECT = SideEffect(credential="c1", configuration=None, workflow="w")
LOST = ("lost? /a",)


def stopped(*outcomes: Outcome, switched_off: int = 0, limits: Limits | None = None) -> tuple[str | None, int]:
    """Why the run is to stop after these, and with which exit code."""
    stop = Stop()
    breaker = Breaker(stop, limits or Limits(failures_in_a_row=3, window=8), switched_off=switched_off)
    for outcome in outcomes:
        breaker.watch(outcome)
    return stop.reason, stop.exit_code


GOING_ON: dict[str, tuple[Outcome, ...]] = {
    "nothing": (),
    "two failures": (FAILED, Unknown(reason="r")),
    "failures with something between": (FAILED, FAILED, Applied(), FAILED, FAILED, Unchanged(), FAILED),
    "conflicts and what is blocked": (Conflict(paths=()), Blocked(reason="r")) * 20,
    "two alarms": (Applied(alarms=LOST), Conflict(paths=(), alarms=LOST)),
}


@pytest.mark.parametrize("outcomes", GOING_ON.values(), ids=GOING_ON)
def test_what_it_goes_on_after(outcomes: tuple[Outcome, ...]) -> None:
    assert stopped(*outcomes) == (None, EXIT_OK)


ALARMS = "stopped by the breaker: 3 operations lost unmanaged values (lost?)"
STOPPING: dict[str, tuple[tuple[Outcome, ...], str]] = {
    "a row of failures": (
        (Applied(), FAILED, Unknown(reason="r"), FAILED),
        "stopped by the breaker: 3 operations failed in a row",
    ),
    "a share of the last ones": (
        (Applied(), FAILED, FAILED) * 2 + (Applied(), FAILED, FAILED),
        "stopped by the breaker: 5 of the last 8 operations failed",
    ),
    "a row with what was blocked by it": (
        (FAILED, Blocked(reason="r"), FAILED, Blocked(reason="r"), Blocked(reason="r"), FAILED),
        "stopped by the breaker: 3 operations failed in a row",
    ),
    "three alarms": ((Applied(alarms=LOST),) * 3, ALARMS),
    "three alarms of any outcome": (
        (Applied(alarms=LOST), Failed(reason="r", alarms=LOST), Conflict(paths=(), alarms=LOST)),
        ALARMS,
    ),
}


@pytest.mark.parametrize(("outcomes", "reason"), STOPPING.values(), ids=STOPPING)
def test_what_it_stops_after(outcomes: tuple[Outcome, ...], reason: str) -> None:
    assert stopped(*outcomes) == (reason, EXIT_OUTCOMES)


@pytest.mark.parametrize(
    ("limits", "outcome", "reason"),
    [
        (Limits(fail_fast=True), FAILED, "stopped at the first failure (--fail-fast)"),
        (Limits(fail_fast=True), Conflict(paths=()), "stopped at the first conflict"),
        (Limits(fail_on_conflict=True), Conflict(paths=()), "stopped at the first conflict"),
        (Limits(fail_on_conflict=True), FAILED, None),
    ],
)
def test_the_first_one_where_that_was_asked_for(limits: Limits, outcome: Outcome, reason: str | None) -> None:
    assert stopped(outcome, limits=limits) == (reason, EXIT_OK if reason is None else EXIT_OUTCOMES)


@pytest.mark.parametrize("outcome", [Applied, lambda **more: Failed(reason="r", **more)], ids=["applied", "failed"])
def test_more_workflows_switched_off_than_are_allowed(outcome: type[Applied]) -> None:
    effects = outcome(side_effects=(EFFECT, EFFECT))
    limits = Limits(switched_off=5)

    assert stopped(effects, switched_off=3, limits=limits) == (None, EXIT_OK)
    assert stopped(effects, effects, switched_off=2, limits=limits) == (too_many_disabled(6, 5), EXIT_REFUSED)
    assert "--allow workflowsDisabled=6" in too_many_disabled(6, 5)
    assert stopped(Unchanged(), switched_off=9, limits=limits) == (None, EXIT_OK)


def test_what_was_under_way_when_it_stopped_counts_too() -> None:
    effects = Applied(side_effects=(EFFECT, EFFECT))
    assert stopped(effects, effects, limits=Limits(switched_off=1)) == (too_many_disabled(4, 1), EXIT_REFUSED)


def test_a_reason_from_before_is_not_replaced_by_it() -> None:
    effects = Applied(side_effects=(EFFECT, EFFECT), alarms=LOST)
    assert stopped(*(effects,) * 5, limits=Limits(switched_off=5, alarms=2))[1] == EXIT_OUTCOMES


def test_the_first_reason_counts() -> None:
    outcomes = (Failed(reason="r", alarms=LOST),) * 3
    assert stopped(*outcomes) == ("stopped by the breaker: 3 operations failed in a row", EXIT_OUTCOMES)
