"""How long apply takes on a server of 40 ms that allows 500 requests a second, and its estimate. In virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from paragon_sync.model.outcome import Applied
from paragon_sync.plan.user import UserPlan
from paragon_sync.run.estimate import Workload
from paragon_sync.store.planfile import PlanReader
from tests.unit.paragon.servers import Windows, against
from tests.unit.run.apply.simulated import Api, Asked, Bench, too_many

USERS = 1000
RATE_PER_SECOND = 500


@pytest.mark.parametrize("concurrency", [None, 16])
@pytest.mark.parametrize("retry_after", [None, 1])
def test_the_estimate_is_within_a_third(tmp_path: Path, concurrency: int | None, retry_after: float | None) -> None:
    server = Windows(RATE_PER_SECOND, retry_after)

    async def answer(_: Asked):
        return too_many(retry_after) if server.ask(asyncio.get_running_loop().time()).refused else None

    api = Api(
        configs={f"u{number}": {"sharedSettings": {"channel": "C1"}} for number in range(USERS)},
        answer=answer,
        seconds=0.04,
    )
    bench = Bench(folder=tmp_path, api=api, limiter={"concurrency": concurrency})
    work = Workload()
    with PlanReader(bench.plan()) as reader:
        for operation in reader.operations():
            work.add(UserPlan(user=operation.user, operations=(operation,)))
    planned = against(
        Windows(RATE_PER_SECOND, retry_after), seconds=15, concurrency=concurrency, latency=lambda _: 0.04, tasks=512
    )
    estimate = work.seconds(planned.pace)
    run = bench.apply(concurrency=concurrency)
    assert all(isinstance(outcome, Applied) for outcome in run.outcomes())
    assert estimate is not None
    assert run.seconds == pytest.approx(estimate, rel=1 / 3)
