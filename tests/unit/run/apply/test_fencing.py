"""A run whose lock was taken sends and records nothing more, and its successor's record stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.errors import EXIT_OUTCOMES, LockLostError
from paragon_sync.model.outcome import Applied
from paragon_sync.run.apply.gate import FENCE_TOLERANCE_SECONDS
from paragon_sync.store.journal import JournalRecord, Recorded, Sending
from paragon_sync.store.state import StateStore
from tests.unit.plan.build import BlockSpec
from tests.unit.run.apply.simulated import ME, OTHER, Api, Asked, Bench, Run

LIVE: dict[str, Any] = {"sharedSettings": {"channel": "C1", "note": "mine"}}


def people(number: int) -> Api:
    return Api(configs={f"u{i:03}": LIVE for i in range(number)})


def taken_at(seconds: float) -> Any:
    async def take(store: StateStore, _stop: object) -> None:
        await asyncio.sleep(seconds)
        with StateStore.open(store.location) as other:
            other.hold_fence(OTHER)

    return take


def lost(run: Run) -> LockLostError:
    assert isinstance(run.error, LockLostError), run.error
    assert EXIT_OUTCOMES == run.error.exit_code
    return run.error


def test_no_write_leaves_once_the_lock_is_taken(tmp_path: Path) -> None:
    api = people(400)
    run = Bench(folder=tmp_path, api=api, disturb=taken_at(1.0)).apply()

    error = lost(run)
    assert "the lock of production is lost: ci on b (process 2) has taken it, at " in error.message
    assert "nothing more was sent or recorded" in error.message
    assert 0 < len(api.times("PATCH")) < 400
    assert max(api.times("PATCH")) <= 1.0 + FENCE_TOLERANCE_SECONDS + api.seconds


def test_a_lock_that_is_broken_names_who_broke_it(tmp_path: Path) -> None:
    async def unlock(store: StateStore, _stop: object) -> None:
        await asyncio.sleep(0.3)
        with StateStore.open(store.location) as other:
            other.break_fence(OTHER)

    error = lost(Bench(folder=tmp_path, api=people(400), disturb=unlock).apply())
    assert "ci on b (process 2) broke it with 'runs unlock', at " in error.message


def test_outcomes_are_recorded_by_the_holder_alone(tmp_path: Path) -> None:
    api = people(60)

    async def take_and_apply(store: StateStore, _stop: object) -> None:
        await asyncio.sleep(0.22)  # some are sent and not answered
        with StateStore.open(store.location) as other:
            other.hold_fence(OTHER)
            run = other.runs()[0].run
            counts.append(dict(other.counts(run)))

    counts: list[dict[str, int]] = []
    api.seconds = 0.2
    run = Bench(folder=tmp_path, api=api, disturb=take_and_apply).apply()

    error = lost(run)
    assert counts == [dict(run.store.counts(run.run))]
    sent = len(api.times("PATCH"))
    assert sent == counts[0]["sending"]
    assert f"{sent} operations that were on the wire stay 'sending'" in error.message

    resumed = Bench(folder=tmp_path, api=api).apply()
    assert resumed.error is None
    assert {"applied": 60} == dict(resumed.store.counts(run.run))


def test_what_is_on_the_wire_is_awaited_for_ten_seconds(tmp_path: Path) -> None:
    api = people(40)

    async def hang(asked: Asked) -> None:
        if asked.method == "PATCH":
            await asyncio.sleep(25)

    api.answer = hang
    run = Bench(folder=tmp_path, api=api, disturb=taken_at(0.12)).apply()

    lost(run)
    assert 10 <= run.seconds <= 11.5


def test_the_token_is_checked_again_right_before_each_request_leaves(tmp_path: Path) -> None:
    """The record is on disk, and then the lock is taken before the write leaves."""
    api = people(1)

    async def slow_after_the_record(batch: Sequence[JournalRecord]) -> None:
        if any(isinstance(one, Sending) for one in batch):
            with StateStore.open(tmp_path / "state") as other:
                order.append("taken")
                other.hold_fence(OTHER)

    order: list[str] = []
    run = Bench(folder=tmp_path, api=api, write=slow_after_the_record).apply()

    lost(run)
    assert [] == api.times("PATCH")


def test_a_check_older_than_the_tolerance_is_made_again_before_a_request(tmp_path: Path) -> None:
    """The lock is taken while the first of two requests waits for its answer."""
    suspended = False

    class Waking(Api):
        async def send(self, request: Any) -> Any:
            nonlocal suspended
            if request.method == "DELETE" and not suspended:
                suspended = True
                answer = await super().send(request)
                with StateStore.open(tmp_path / "state") as other:
                    other.hold_fence(OTHER)
                await asyncio.sleep(FENCE_TOLERANCE_SECONDS + 0.01)
                return answer
            return await super().send(request)

    entry = {"enabled": True, "settings": {}}
    live = {"sharedSettings": {}, "configuredWorkflows": {"notify": entry, "escalate": entry}}
    api = Waking(configs={"u000": live})
    block = BlockSpec(workflows={"notify": False, "escalate": False})
    run = Bench(folder=tmp_path, api=api, blocks=(block,), enablement="endpoint").apply()

    lost(run)
    assert 1 == len(api.times("DELETE"))
    assert {"sending": 1} == dict(run.store.counts(run.run))


def test_one_check_serves_the_requests_of_a_tenth_of_a_second(tmp_path: Path) -> None:
    checks: list[float] = []

    class Counting(StateStore):
        def check_fence(self) -> None:
            checks.append(asyncio.get_running_loop().time())
            super().check_fence()

    from paragon_sync.model.moment import Moment
    from paragon_sync.run.apply.gate import FenceMonitor
    from tests.virtual_time import run_virtual

    async def many() -> None:
        loop = asyncio.get_running_loop()
        store = Counting.open(tmp_path / "state")
        store.hold_fence(ME)

        async def run_blocking(work: Any) -> None:
            await asyncio.sleep(0.01)
            work()

        def now() -> Moment:
            return Moment(loop.time(), loop.time())

        fence = FenceMonitor(store.check_fence, now, run_blocking)
        for _ in range(100):
            await asyncio.gather(*(fence.ensure() for _ in range(50)))
            assert fence.is_confirmed(now())
            await asyncio.sleep(0.01)

    run_virtual(many())
    assert 8 <= len(checks) <= 14  # in 1 to 1.2 seconds


def test_a_run_that_keeps_its_lock_records_what_it_always_recorded(tmp_path: Path) -> None:
    run = Bench(folder=tmp_path, api=people(3)).apply()
    assert [Applied()] * 3 == run.outcomes()
    assert run.store.run(run.run).finished is not None


@pytest.mark.parametrize("record", [Sending, Recorded])
def test_a_lock_that_is_lost_in_a_record_stops_the_run(tmp_path: Path, record: type) -> None:
    async def take(batch: Sequence[JournalRecord]) -> None:
        if any(isinstance(one, record) for one in batch):
            with StateStore.open(tmp_path / "state") as other:
                other.hold_fence(OTHER)

    run = Bench(folder=tmp_path, api=people(5), write=take).apply()
    lost(run)
    assert {} == {state: number for state, number in run.store.counts(run.run).items() if state != "sending"}
