"""When a run stops before its end: a signal, a breaker, the first failure, a limit. Knows outcomes and no operation.

What has begun is ended; what was not reached has no outcome, and applying the same plan again goes on with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES, EXIT_REFUSED
from paragon_sync.model.outcome import (
    Blocked,
    Conflict,
    Failed,
    Outcome,
    SideEffect,
    Unknown,
    alarms_of,
    effects_of,
)

_FAILED: Final = (Failed, Unknown)


class Stop:
    """Whether a run is to stop, and why; the first reason counts. ``exit_code`` is what the command ends with."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.exit_code = EXIT_OK
        self._asked = asyncio.Event()

    def ask(self, reason: str, exit_code: int) -> None:
        """Let the run stop; nothing new is begun from here on."""
        if self.reason is None:
            self.reason, self.exit_code = reason, exit_code
            self._asked.set()

    def restate(self, before: str, after: str) -> None:
        """Say the reason with newer numbers, if it is the one that counts."""
        if self.reason == before:
            self.reason = after

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until the run is to stop, or until the seconds are over; tells whether it is to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What stops a run. A share counts over the last ``window`` operations, once there are that many."""

    failures_in_a_row: int = 20
    failure_share: float = 0.5
    window: int = 100
    alarms: int = 3
    fail_fast: bool = False
    fail_on_conflict: bool = False
    switched_off: int | None = None
    """How many workflows may be disabled, those that changes of metadata switch off included; None: any number."""


def too_many_disabled(count: int, most: int) -> str:
    """Why a run stops whose plan, with what its changes of metadata switched off, disables more than it may."""
    return (
        f"stopped by policy: with those that changes of metadata switched off, {count} workflows are disabled;"
        f" workflowsDisabled allows {most}. To go on: --allow workflowsDisabled={count}, or more if more may follow"
    )


class Breaker:
    """Watches how operations end, and asks the run to stop when that points to something common to all of them."""

    def __init__(self, stop: Stop, limits: Limits, *, switched_off: int = 0) -> None:
        """``switched_off`` is how many workflows the plan disables, and, when resumed, the side effects so far."""
        self._stop = stop
        self._limits = limits
        self._recent: deque[bool] = deque(maxlen=limits.window)
        self._row = 0
        self._alarms = 0
        self._switched_off = switched_off

    def watch(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        if isinstance(outcome, Blocked):
            return  # it says nothing that the operation before it has not said
        # a server that stores other values than it answers looks like other clients, and must stop the run too
        failed = isinstance(outcome, _FAILED) or (isinstance(outcome, Conflict) and outcome.after_write)
        self._row = self._row + 1 if failed else 0
        self._recent.append(failed)
        if isinstance(outcome, Conflict) and (self._limits.fail_fast or self._limits.fail_on_conflict):
            self._stop.ask("stopped at the first conflict", EXIT_OUTCOMES)
        if failed:
            self._judge_failures()
        if alarms_of(outcome):
            self._judge_alarms()
        if effects := effects_of(outcome):
            self._judge_effects(effects)

    def _judge_failures(self) -> None:
        limits = self._limits
        if limits.fail_fast:
            self._stop.ask("stopped at the first failure (--fail-fast)", EXIT_OUTCOMES)
        elif self._row >= limits.failures_in_a_row:
            self._stop.ask(f"stopped by the breaker: {self._row} operations failed in a row", EXIT_OUTCOMES)
        elif len(self._recent) == limits.window and sum(self._recent) >= limits.failure_share * limits.window:
            self._stop.ask(
                f"stopped by the breaker: {sum(self._recent)} of the last {limits.window} operations failed",
                EXIT_OUTCOMES,
            )

    def _judge_alarms(self) -> None:
        self._alarms += 1
        if self._alarms >= self._limits.alarms:
            self._stop.ask(
                f"stopped by the breaker: {self._alarms} operations lost unmanaged values (lost?)", EXIT_OUTCOMES
            )

    def _judge_effects(self, effects: Collection[SideEffect]) -> None:
        before, self._switched_off = self._switched_off, self._switched_off + len(effects)
        limit = self._limits.switched_off
        if limit is not None and self._switched_off > limit:
            reason = too_many_disabled(self._switched_off, limit)
            self._stop.ask(reason, EXIT_REFUSED)
            self._stop.restate(too_many_disabled(before, limit), reason)  # what was under way counts too
