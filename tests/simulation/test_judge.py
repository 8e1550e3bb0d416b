"""The judge sees what must not be, and nothing else: small histories, each with its verdict."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from paragon_sync.model.outcome import Applied, Blocked, Conflict, ConflictingPath, Failed, Outcome, Unchanged, Unknown
from tests.simulation.process import Applied as Work
from tests.simulation.scripted import CHANNEL, OWN, PLANNED, Script, kinds

TIMES = {
    "a save within the window": (1.9, 1.0, []),
    "a stale write that destroys nothing": (3.0, None, ["stale write"]),
    "a stale write, and a save within the window": (3.0, 2.0, ["stale write"]),
    "a stale write, and a save before the window": (3.0, 0.5, ["stale write", "destroyed"]),
}


@pytest.mark.parametrize(("wait", "save", "expected"), TIMES.values(), ids=TIMES)
def test_a_save_between_read_and_write(wait: float, save: float | None, expected: list[str]) -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        if save is not None:
            script.loop.at(script.loop.now + save, script.save, "theirs")
        await asyncio.sleep(wait)
        await script.patch(config)

    assert kinds(Script().play(act)) == expected


def test_a_value_that_no_read_has_shown_is_invented() -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        await script.patch({**config, "sharedSettings": {**config["sharedSettings"], "own-1": "older"}})

    assert kinds(Script().play(act)) == ["invented value"]


def test_a_write_that_rests_on_an_earlier_read_than_the_last_invents_values() -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        script.remove()
        await script.read()
        await script.patch(config)

    assert kinds(Script().play(act)) == ["invented value"]


def test_the_time_of_the_server_is_no_fault_of_the_tool() -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        network = script.world.network
        network.weather = replace(script.weather, latency=10.0)  # the answer comes after 5 s: too late
        script.loop.at(script.loop.now + 20, script.save, "theirs")
        with pytest.raises(Exception, match="no answer in time"):
            await script.patch(config)
        await asyncio.sleep(60)

    assert kinds(Script().play(act)) == []


def test_the_lag_of_a_replica_is_no_fault_of_the_tool() -> None:
    async def act(script: Script) -> None:
        await asyncio.sleep(10)
        script.save("theirs")
        await asyncio.sleep(1)
        script.world.network.weather = replace(script.weather, stale=1.0, lag=6.0)
        config = await script.read()
        assert config["sharedSettings"]["own-1"] == "mine"
        await script.patch(config)

    assert kinds(Script().play(act)) == []


def test_a_managed_value_that_another_writer_changed_since_the_plan_is_destroyed_though_shown() -> None:
    async def act(script: Script) -> None:
        script.save("theirs", CHANNEL)
        await asyncio.sleep(5)
        await script.patch(await script.read())

    assert kinds(Script().play(act)) == ["destroyed"]


def test_a_managed_value_that_is_as_planned_from_may_be_written() -> None:
    async def act(script: Script) -> None:
        script.save("theirs", CHANNEL)
        script.save("old", CHANNEL)
        await script.patch(await script.read())

    assert kinds(Script().play(act)) == []


def test_an_unread_write_is_one() -> None:
    async def act(script: Script) -> None:
        await script.patch({"sharedSettings": {"channel": "old", "own-1": "mine"}})

    assert kinds(Script().play(act)) == ["unread"]


@pytest.mark.parametrize(("seconds", "expected"), [(0.09, []), (0.2, ["fence"])], ids=["at once", "later"])
def test_a_write_after_the_lock_was_lost(seconds: float, expected: list[str]) -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        script.world.storage.supersede(script.applier)
        await asyncio.sleep(seconds)
        await script.patch(config)

    assert kinds(Script().play(act)) == expected


THEIRS = ConflictingPath(
    pointer=("sharedSettings", "channel"), label="Channel", base="old", live="theirs", planned=PLANNED
)
OUTCOMES: dict[str, tuple[str, Outcome, bool]] = {
    "applied, and it is": ("write", Applied(), True),
    "applied, and nothing was sent": ("", Applied(), False),
    "applied, and the write was dropped": ("lose", Applied(), False),
    "unchanged, and it is as planned": ("theirs as planned", Unchanged(), True),
    "unchanged, and it isn't as planned": ("read", Unchanged(), False),
    "unchanged, and it was written": ("write", Unchanged(), False),
    "failed, and nothing was done": ("lose", Failed(reason="lost"), True),
    "failed, and it is as planned": ("write", Failed(reason="not kept"), False),
    "blocked, and nothing was sent": ("", Blocked(reason="blocked"), True),
    "blocked, and it was written": ("write", Blocked(reason="blocked"), False),
    "unknown, and something was sent": ("lose", Unknown(reason="lost"), True),
    "unknown, and nothing was sent": ("", Unknown(reason="lost"), False),
    "a conflict that is somebody else's": ("theirs", Conflict(paths=(THEIRS,)), True),
    "a conflict after the write": ("write, then theirs", Conflict(paths=(THEIRS,), after_write=True), True),
    "a conflict before any write, but for one": ("write, then theirs", Conflict(paths=(THEIRS,)), False),
    "a conflict with the run's own value": (
        "write",
        Conflict(paths=(replace(THEIRS, live=PLANNED),), after_write=True),
        False,
    ),
}


@pytest.mark.parametrize(("happens", "outcome", "is_true"), OUTCOMES.values(), ids=OUTCOMES)
def test_an_outcome_is_held_against_what_happened(happens: str, outcome: Outcome, *, is_true: bool) -> None:
    async def act(script: Script) -> None:
        if happens.startswith("theirs"):
            script.save(PLANNED if happens == "theirs as planned" else "theirs", CHANNEL)
        if happens:
            config = await script.read()
        if happens == "lose":
            script.world.network.weather = replace(script.weather, drop_before=1.0)
            with pytest.raises(Exception, match="lost"):
                await script.patch(config)
        if happens.startswith("write"):
            await script.patch(config)
        if happens.endswith("then theirs"):
            script.save("theirs", CHANNEL)
        script.record(outcome)

    assert kinds(Script().play(act)) == ([] if is_true else ["untrue outcome"])


def test_an_outcome_is_recorded_once() -> None:
    async def act(script: Script) -> None:
        await script.patch(await script.read())
        script.record(Unknown(reason="no answer"))
        script.record(Applied(resolved=True))
        script.record(Applied(resolved=True))

    assert kinds(Script().play(act)) == ["record rewritten"]


def test_a_failure_whose_write_is_done_later_is_untrue() -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        script.world.network.weather = replace(script.weather, latency=10.0)
        with pytest.raises(Exception, match="no answer in time"):
            await script.patch(config)
        script.record(Failed(reason="no answer in time"))
        await asyncio.sleep(60)

    assert kinds(Script().play(act)) == ["untrue outcome"]


def test_a_run_that_does_not_end_is_one() -> None:
    async def act(script: Script) -> None:
        script.world.finished = False

    assert kinds(Script().play(act)) == ["resume"]


@pytest.mark.parametrize(
    ("back", "expected"),
    [("old", []), (PLANNED, ["rollback"]), ("another", ["invented value", "rollback"])],
    ids=["restored", "left", "made another"],
)
def test_what_a_rollback_leaves(back: str, expected: list[str]) -> None:
    async def act(script: Script) -> None:
        await script.patch(await script.read())
        _roll_back(script)
        await _as_rollback(script, back)

    assert kinds(Script().play(act)) == expected


def test_a_rollback_leaves_what_somebody_changed_since() -> None:
    async def act(script: Script) -> None:
        await script.patch(await script.read())
        script.save("theirs", CHANNEL)
        _roll_back(script)
        await asyncio.sleep(10)
        await _as_rollback(script, "old")

    assert kinds(Script().play(act)) == ["destroyed"]


def _roll_back(script: Script) -> None:
    script.world.rolled_from = script.loop.now
    script.world.rolled_back.append(Work(process=script.world.process("back"), runs=["run-2"]))


async def _as_rollback(script: Script, channel: str) -> None:
    async def work() -> None:
        config = await script.read()
        if config["sharedSettings"]["channel"] != channel:
            await script.patch(config, channel=channel)

    await asyncio.wait({script.loop.spawn(script.world.rolled_back[-1].process, work())})


def test_an_unmanaged_value_that_the_tool_removes_is_one() -> None:
    async def act(script: Script) -> None:
        config = await script.read()
        del config["sharedSettings"][OWN[-1]]
        await script.patch(config)

    assert kinds(Script().play(act)) == ["invented value"]
