"""A write leaves soon after the read that it rests on, whatever waits in between."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.model.outcome import Applied, Failed
from paragon_sync.run.apply.gate import MAX_READ_AGE_SECONDS, MAX_REPEATED_READS
from paragon_sync.store.journal import JournalRecord, Sending
from tests.unit.plan.build import BlockSpec
from tests.unit.run.apply.simulated import Api, Asked, Bench, too_many

LIVE: dict[str, Any] = {"sharedSettings": {"channel": "C1", "note": "mine"}}


def people(number: int) -> Api:
    return Api(configs={f"u{i:02}": LIVE for i in range(number)})


def ages(api: Api) -> list[float]:
    """Return the seconds between the answer to each PATCH's last read and the PATCH."""
    found = []
    for one in api.asked:
        if one.method == "PATCH":
            reads = [other.at + api.seconds for other in api.asked if (other.user, other.method) == (one.user, "GET")]
            found.append(one.at - max(at for at in reads if at <= one.at + 1e-9))
    return found


def test_a_run_without_waits_sends_three_requests_for_each_user(tmp_path: Path) -> None:
    api = people(50)
    run = Bench(folder=tmp_path, api=api).apply()

    assert run.error is None
    assert {3} == {api.count(name) for name in api.configs}
    assert [Applied()] * 50 == run.outcomes()


@pytest.mark.parametrize("rate", [0.5, 5, 50])
def test_read_and_write_follow_each_other_at_any_rate(tmp_path: Path, rate: float) -> None:
    api = people(8)
    run = Bench(folder=tmp_path, api=api, limiter={"rate": rate, "concurrency": 16}).apply()

    assert [Applied()] * 8 == run.outcomes()
    assert {3} == {api.count(name) for name in api.configs}
    assert max(ages(api)) < 0.02
    assert 23 / rate - 1 / rate <= run.seconds <= 26 / rate + 1


class PauseAtFirstWrite:
    """Answer the first write with 429 and a pause, while others have read and not written yet."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.refused = 0

    async def __call__(self, asked: Asked) -> Any:
        if asked.method == "PATCH" and not self.refused:
            self.refused += 1
            return too_many(self.seconds)
        if asked.method == "GET" and not asked.before and asked.user != "u00":
            await asyncio.sleep(0.03 * int(asked.user[1:]))  # some are answered before the pause, some in it
        return None


@pytest.mark.parametrize("pause", [1, 20])
def test_a_write_that_waits_out_a_retry_after_rests_on_a_newer_read(tmp_path: Path, pause: float) -> None:
    api = people(16)
    api.answer = PauseAtFirstWrite(pause)
    saved = set[str]()

    async def save_in_the_pause(_store: object, _stop: object) -> None:
        await asyncio.sleep(pause / 2)
        for name, config in api.configs.items():
            if config["sharedSettings"]["channel"] == "C1":
                api.configs[name] = {"sharedSettings": {"channel": "C1", "note": "saved"}}
                saved.add(name)

    run = Bench(folder=tmp_path, api=api, disturb=save_in_the_pause).apply()

    assert [Applied()] * 16 == run.outcomes()
    assert len(saved) > 8
    assert {"saved"} == {api.configs[name]["sharedSettings"]["note"] for name in saved}
    assert max(ages(api)) <= MAX_READ_AGE_SECONDS


def test_without_a_greatest_age_the_same_pause_destroys_what_was_saved_in_it(tmp_path: Path) -> None:
    api = people(16)
    api.answer = PauseAtFirstWrite(20)

    async def save_in_the_pause(_store: object, _stop: object) -> None:
        await asyncio.sleep(10)
        for name, config in api.configs.items():
            if config["sharedSettings"]["channel"] == "C1":
                api.configs[name] = {"sharedSettings": {"channel": "C1", "note": "saved"}}

    Bench(folder=tmp_path, api=api, disturb=save_in_the_pause).apply(max_age=math.inf)

    assert "mine" in {config["sharedSettings"]["note"] for config in api.configs.values()}


def test_the_time_that_the_api_takes_for_a_read_repeats_nothing(tmp_path: Path) -> None:
    api = people(40)
    api.seconds = 9.0
    run = Bench(folder=tmp_path, api=api).apply()

    assert [Applied()] * 40 == run.outcomes()
    assert {3} == {api.count(name) for name in api.configs}


class SlowDisk:
    """Take a while for each batch that holds the record of a write that is about to leave."""

    def __init__(self, seconds: float, batches: int = 1) -> None:
        self.seconds, self.batches = seconds, batches
        self.written: list[JournalRecord] = []

    async def __call__(self, batch: Sequence[JournalRecord]) -> None:
        self.written += batch
        if self.batches and any(isinstance(one, Sending) for one in batch):
            self.batches -= 1
            await asyncio.sleep(self.seconds)


def test_a_slow_disk_makes_the_read_be_repeated_and_an_equal_one_is_sent_at_once(tmp_path: Path) -> None:
    api, disk = people(1), SlowDisk(5)
    run = Bench(folder=tmp_path, api=api, write=disk).apply()

    (entry,) = run.store.entries(run.run)
    assert (Applied(), 1) == (entry.outcome, entry.tries)
    assert ["GET", "GET", "PATCH", "GET"] == [one.method for one in api.asked]
    assert ["Sending", "Reread", "Recorded"] == [type(one).__name__ for one in disk.written]
    assert entry.window is not None
    assert entry.window < 1000  # from the newer read


def test_a_repeated_read_that_differs_replaces_the_record(tmp_path: Path) -> None:
    api = people(1)

    async def save(_store: object, _stop: object) -> None:
        await asyncio.sleep(2)
        api.configs["u00"] = {"sharedSettings": {"channel": "C1", "note": "saved"}}

    run = Bench(folder=tmp_path, api=api, write=SlowDisk(5), disturb=save).apply()

    (entry,) = run.store.entries(run.run)
    assert (Applied(), 1) == (entry.outcome, entry.tries)
    assert "saved" == entry.attempts[0].preimage["sharedSettings"]["note"]
    assert {"channel": "C2", "note": "saved"} == api.configs["u00"]["sharedSettings"]


def test_a_write_that_is_never_fresh_is_a_failed_attempt_and_no_attempt_in_the_record(tmp_path: Path) -> None:
    api = people(1)

    async def change(_store: object, _stop: object) -> None:
        for number in range(10_000):
            await asyncio.sleep(1)
            api.configs["u00"] = {"sharedSettings": {"channel": "C1", "note": str(number)}}

    run = Bench(folder=tmp_path, api=api, write=SlowDisk(5, batches=1000), disturb=change).apply()

    (entry,) = run.store.entries(run.run)
    assert isinstance(entry.outcome, Failed)
    assert "not sent: the read that it rests on would be" in entry.outcome.reason
    assert 0 == entry.tries
    assert [] == api.times("PATCH")
    assert (1 + MAX_REPEATED_READS) * 5 == len(api.times("GET"))  # five attempts by the retry policy


def test_a_conflict_found_by_the_repeated_read_leaves_no_attempt(tmp_path: Path) -> None:
    api = people(1)

    async def save(_store: object, _stop: object) -> None:
        await asyncio.sleep(2)
        api.configs["u00"] = {"sharedSettings": {"channel": "theirs", "note": "mine"}}

    run = Bench(folder=tmp_path, api=api, write=SlowDisk(5), disturb=save).apply()

    (entry,) = run.store.entries(run.run)
    assert ("Conflict", 0) == (type(entry.outcome).__name__, entry.tries)
    assert "theirs" == api.configs["u00"]["sharedSettings"]["channel"]


def test_a_stop_before_a_recorded_write_left_leaves_nothing_recorded(tmp_path: Path) -> None:
    api = people(1)

    async def stop(_store: object, stop: Any) -> None:
        await asyncio.sleep(2)
        stop.ask("stopped by the test", 3)

    bench = Bench(folder=tmp_path, api=api, write=SlowDisk(5), disturb=stop)
    run = bench.apply()

    assert {} == run.store.counts(run.run)
    assert {} == run.states
    assert [] == api.times("PATCH")


def test_a_recorded_write_that_is_given_up_is_withdrawn(tmp_path: Path) -> None:
    """The repeated read hangs beyond the time that a stop leaves."""
    api = people(1)

    async def hang(asked: Asked) -> Any:
        if asked.method == "GET" and asked.before == 1:
            await asyncio.sleep(60)

    async def stop(_store: object, stop: Any) -> None:
        await asyncio.sleep(6)
        stop.ask("stopped by the test", 3)

    api.answer = hang
    run = Bench(folder=tmp_path, api=api, write=SlowDisk(5), disturb=stop).apply()

    assert {} == run.store.counts(run.run)
    assert [] == api.times("PATCH")


def test_a_write_that_is_given_up_on_the_wire_stays_recorded(tmp_path: Path) -> None:
    api = people(1)

    async def hang(asked: Asked) -> Any:
        if asked.method == "PATCH":
            await asyncio.sleep(60)

    async def stop(_store: object, stop: Any) -> None:
        await asyncio.sleep(1)
        stop.ask("stopped by the test", 3)

    api.answer = hang
    run = Bench(folder=tmp_path, api=api, disturb=stop).apply()

    assert {"sending": 1} == run.store.counts(run.run)


def test_a_stop_ends_the_wait_for_another_read(tmp_path: Path) -> None:
    api = people(1)

    async def refuse(asked: Asked) -> Any:
        return too_many(100) if asked.method == "GET" else None

    async def stop(_store: object, stop: Any) -> None:
        await asyncio.sleep(6)
        stop.ask("stopped by the test", 3)

    api.answer = refuse
    run = Bench(folder=tmp_path, api=api, disturb=stop).apply()

    assert {} == run.store.counts(run.run)
    assert run.seconds < 7


def test_a_patch_between_workflow_requests_rests_on_a_fresh_read_and_a_switch_needs_none(tmp_path: Path) -> None:
    entry = {"enabled": True, "settings": {}}
    live = {"sharedSettings": {"channel": "C1"}, "configuredWorkflows": {"notify": entry, "escalate": entry}}
    api = Api(configs={"u00": live})

    async def slow_switch(asked: Asked) -> None:
        if asked.method == "DELETE":
            await asyncio.sleep(5)

    api.answer = slow_switch
    block = BlockSpec(settings={"channel": "C2"}, workflows={"notify": False})
    run = Bench(folder=tmp_path, api=api, blocks=(block,), enablement="endpoint").apply()

    assert [Applied()] == run.outcomes()
    assert ["GET", "DELETE", "GET", "PATCH", "GET"] == [one.method for one in api.asked]
    assert "C2" == api.configs["u00"]["sharedSettings"]["channel"]


def test_metadata_is_written_right_after_its_own_read(tmp_path: Path) -> None:
    api = Api(configs={"u00": LIVE}, meta={"u00": {"plan": "pro"}})
    run = Bench(folder=tmp_path, api=api, blocks=(), metadata={"plan": "free"}, limiter={"rate": 1.0}).apply()

    assert [Applied()] == run.outcomes()
    assert ["GET", "GET", "PATCH", "GET", "GET"] == [one.method for one in api.asked]
    assert api.asked[2].at - api.asked[1].at < 0.1
