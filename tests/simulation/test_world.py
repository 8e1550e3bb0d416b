"""The simulated world itself: virtual time, processes that are suspended and killed, network, disk, lock and portal."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.errors import StateError
from paragon_sync.paragon.transport import FailureKind, TransportFailure
from paragon_sync.store.lock_owner import Busy, Held, Owner
from tests.simulation.case import Case
from tests.simulation.examine import ALL_ON
from tests.simulation.history import Exchange
from tests.simulation.judge import judge
from tests.simulation.loop import Endless, Process, SimulatedLoop
from tests.simulation.outcomes import is_met
from tests.simulation.population import ENVIRONMENT, PERSONAS, PROJECT
from tests.simulation.portal import Portal
from tests.simulation.schedule import play
from tests.simulation.scripted import CHANNEL, OWN, PLANNED, USER, Script
from tests.simulation.server import Server
from tests.simulation.storage import SimulatedLock, Storage
from tests.simulation.values import GONE, leaves, with_leaf
from tests.simulation.weather import CALM, climate

OWNER = Owner(
    project=PROJECT, environment=ENVIRONMENT, actor="a", host="h", pid=1, since="2026-03-14T10:00:00.000+00:00"
)


def run(work: Callable[[SimulatedLoop], Awaitable[None]]) -> SimulatedLoop:
    """Run a coroutine outside all processes."""
    loop = SimulatedLoop()

    async def main() -> None:
        await work(loop)

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    return loop


class TestTime:
    def test_passes_only_by_waiting(self) -> None:
        async def work(loop: SimulatedLoop) -> None:
            await asyncio.sleep(3600)
            assert loop.time() == 3600

        run(work)

    def test_a_wait_that_nothing_ends_is_an_error(self) -> None:
        async def work(loop: SimulatedLoop) -> None:
            await loop.create_future()

        with pytest.raises(Endless):
            run(work)

    def test_no_thread_is_started(self) -> None:
        async def work(_: SimulatedLoop) -> None:
            with pytest.raises(AssertionError, match="a thread"):
                await asyncio.to_thread(int)

        run(work)


class TestProcess:
    @staticmethod
    async def ticks(seen: list[float]) -> None:
        while True:
            await asyncio.sleep(1)
            seen.append(asyncio.get_running_loop().time())

    def play(self, act: Callable[[SimulatedLoop, Process], None]) -> list[float]:
        """Play a process that notes the time each second, for 6.5 s."""
        seen: list[float] = []

        async def work(loop: SimulatedLoop) -> None:
            process = Process("p", "m")
            loop.spawn(process, self.ticks(seen))
            act(loop, process)
            await asyncio.sleep(6.5)
            loop.bury(process)
            await asyncio.gather(*process.tasks, return_exceptions=True)

        run(work)
        return seen

    def test_a_suspended_one_runs_late(self) -> None:
        def act(loop: SimulatedLoop, process: Process) -> None:
            loop.at(1.5, loop.freeze, process)
            loop.at(4.25, loop.thaw, process)

        assert self.play(act) == [1, 4.25, 5.25, 6.25]

    def test_a_killed_one_never_runs_again(self) -> None:
        def act(loop: SimulatedLoop, process: Process) -> None:
            loop.at(2.5, loop.kill, process)
            loop.at(3.5, loop.thaw, process)

        assert self.play(act) == [1, 2]

    def test_one_can_end_before_any_of_its_callbacks(self) -> None:
        def act(loop: SimulatedLoop, process: Process) -> None:
            process.before_step(6, lambda: loop.kill(process))  # after its start and two ticks, with a timer each

        assert self.play(act) == [1, 2]

    def test_what_a_suspended_one_has_sent_arrives(self) -> None:
        async def act(script: Script) -> None:
            config = await script.read()
            script.loop.call_later(0.001, script.loop.freeze, script.applier)
            script.loop.at(script.loop.now + 10, script.loop.thaw, script.applier)
            await script.patch(config)

        script = Script()
        script.play(act)
        write = script.world.server.exchanges[-1]

        assert write.acted is not None
        assert write.acted < 1
        assert write.delivered is not None
        assert write.delivered > 10


class TestNetwork:
    def send(self, *, latency: float = 0.01, wait: float = 60, **weather: Any) -> tuple[Script, Exchange, Any]:
        """Let the applier write in some weather: the world, the write, and the answer or failure."""
        found: list[Any] = []

        async def act(script: Script) -> None:
            config = await script.read()
            script.world.network.weather = replace(script.weather, latency=latency, **weather)
            try:
                await script.patch(config)
            except TransportFailure as failure:
                found.append(failure.kind)
            await asyncio.sleep(wait)

        script = Script()
        script.play(act)
        return script, script.world.server.exchanges[-1], found

    @pytest.mark.parametrize(
        ("weather", "failure", "is_done"),
        [
            ({}, [], True),
            ({"drop_before": 1.0}, [FailureKind.LOST], False),
            ({"drop_after": 1.0}, [FailureKind.LOST], True),
            ({"unreachable": 1.0}, [FailureKind.REFUSED], False),
            ({"latency": 10.0}, [FailureKind.TIMED_OUT], True),
            ({"fail_before": 1.0}, [], False),
            ({"fail_after": 1.0}, [], True),
            ({"refuse": 1.0}, [], False),
        ],
        ids=["calm", "dropped before", "dropped after", "unreachable", "too late", "503 before", "503 after", "429"],
    )
    def test_what_befalls_a_write(self, weather: dict[str, Any], failure: list[FailureKind], *, is_done: bool) -> None:
        script, write, found = self.send(**weather)

        assert found == failure
        assert (write.made is not None) == is_done
        assert (script.world.server.users[USER].now.leaves[CHANNEL] == f'"{PLANNED}"') == is_done

    def test_a_late_write_is_done_after_the_process_gave_up(self) -> None:
        _, write, _ = self.send(latency=10.0)

        assert write.acted is not None
        assert write.delivered is not None
        assert write.delivered == pytest.approx(write.left + 5)
        assert write.acted > write.delivered

    def test_a_limit_for_everybody_lasts_as_long_as_it_says(self) -> None:
        answers: list[tuple[int, str | None]] = []

        async def act(script: Script) -> None:
            network = script.world.network
            limited = replace(script.weather, refuse=1.0, retry_after=(20.0,), refuse_everything=True)
            for weather in (limited, script.weather, script.weather):
                network.weather = weather
                response = await network.send(script.request("GET", "/sdk/credentials"))
                answers.append((response.status, response.headers.get("Retry-After")))
                await asyncio.sleep(10)

        Script().play(act)

        assert answers == [(429, "20"), (429, "10"), (200, None)]

    def test_a_replica_shows_an_older_state(self) -> None:
        shown: list[str] = []

        async def act(script: Script) -> None:
            script.world.network.weather = replace(script.weather, stale=1.0, lag=4.0)  # all of them 2 s behind
            await asyncio.sleep(10)
            script.save("theirs")
            for _ in range(3):
                shown.append((await script.read())["sharedSettings"]["own-1"])
                await asyncio.sleep(1)

        script = Script()
        script.play(act)

        assert shown == ["mine", "mine", "theirs"]
        assert [read.lag for read in script.world.server.exchanges[1:]] == [2.0] * 3


class TestDisk:
    def keep(self, **weather: Any) -> tuple[list[str], list[float]]:
        """Run one transaction: what was done and raised, and when."""
        seen: list[str] = []
        times: list[float] = []

        async def work(loop: SimulatedLoop) -> None:
            storage = Storage(loop, replace(CALM, **weather), random.Random(3))
            process = Process("p", "m")

            async def transaction() -> None:
                try:
                    await storage.run_blocking(lambda: seen.append("done"))
                except StateError:
                    seen.append("failed")
                times.append(loop.now)

            await asyncio.wait({loop.spawn(process, transaction())})

        run(work)
        return seen, times

    def test_it_is_quick_usually(self) -> None:
        seen, times = self.keep()

        assert seen == ["done"]
        assert times[0] < 0.1

    def test_it_can_be_slow(self) -> None:
        assert self.keep(slow_disk=1.0, slow_disk_seconds=8.0)[1][0] > 0.5

    def test_it_can_fail(self) -> None:
        assert self.keep(fail_disk=1.0)[0][-1] == "failed"

    def test_a_killed_process_does_not_commit(self) -> None:
        seen: list[str] = []

        async def work(loop: SimulatedLoop) -> None:
            storage = Storage(loop, replace(CALM, disk=1.0), random.Random(1))
            process = Process("p", "m")
            task = loop.spawn(process, storage.run_blocking(lambda: seen.append("done")))
            loop.at(0.0001, loop.kill, process)
            await asyncio.sleep(60)
            assert seen == []
            task.cancel()
            loop.bury(process)
            await asyncio.gather(task, return_exceptions=True)

        run(work)


class TestLock:
    def test_one_process_holds_it_until_it_ends(self) -> None:
        async def work(loop: SimulatedLoop) -> None:
            storage = Storage(loop, CALM, random.Random(0))
            first, second = (SimulatedLock(storage, Process(name, "m")) for name in ("first", "second"))

            assert first.attempt(OWNER) == Held(before=None)
            assert second.attempt(OWNER) == Busy(owner=OWNER)
            loop.kill(first.process)
            assert second.attempt(OWNER) == Held(before=OWNER)
            assert storage.superseded == {}
            second.release()
            assert storage.lock is None

        run(work)

    def test_a_broken_one_is_superseded_at_once(self) -> None:
        async def work(loop: SimulatedLoop) -> None:
            storage = Storage(loop, CALM, random.Random(0))
            lock = SimulatedLock(storage, Process("first", "m"))
            lock.attempt(OWNER)
            await asyncio.sleep(2)
            storage.break_lock(Process("operator", "m"))

            assert storage.superseded == {lock.process: 2}

        run(work)

    def test_a_lost_session_is_superseded_by_the_next_holder(self) -> None:
        async def work(loop: SimulatedLoop) -> None:
            storage = Storage(loop, CALM, random.Random(0))
            first, second = (SimulatedLock(storage, Process(name, "m")) for name in ("first", "second"))
            first.attempt(OWNER)
            storage.lose_session()
            assert storage.superseded == {}
            await asyncio.sleep(3)
            second.attempt(OWNER)

            assert storage.superseded == {first.process: 3}

        run(work)


def test_the_portal_changes_one_value_at_a_time() -> None:
    async def act(script: Script) -> None:
        portal = Portal(script.world.server, script.climate, script.world.personas, random.Random(5))
        await portal.work()

    script = Script(portal_managed=0.3)
    script.play(act)
    versions = script.world.server.users[USER].versions

    assert len(versions) > 50
    for before, after in pairwise(versions):
        assert sum(before.leaves.get(path) != after.leaves.get(path) for path in {*before.leaves, *after.leaves}) <= 1


@pytest.mark.parametrize(
    ("normalizer", "value", "stored"),
    [("lower", "A b", "a b"), ("trim", " a ", "a"), ("sort", ["b", "a"], ["a", "b"]), ("none", " A ", " A ")],
)
def test_a_server_may_store_values_differently(normalizer: str, value: Any, stored: Any) -> None:
    chosen = replace(climate(random.Random(0)), normalizer=normalizer)
    server = Server(lambda: 0.0, chosen)

    assert server.stored({"x": value}) == {"x": stored}


def test_the_judge_knows_what_the_manifests_declare(tmp_path: Path) -> None:
    """With nothing in the way every user ends as the judge says, and is restored: so ``users.yaml`` says the same."""
    kind = replace(
        climate(random.Random(0)),
        weather=CALM,
        users=len(PERSONAS),
        portal_interval=1e9,
        normalizer="none",
        permissions=False,
        breakers=(),
    )
    world = play(1, ALL_ON, tmp_path, kind)
    try:
        assert judge(world) == []
        assert len(world.applied) == 1
        case = Case(world)
        for user, persona in PERSONAS.items():
            history = world.server.users[user]
            planned = history.versions[history.at(world.rolled_from)]
            assert [want.path for want in persona.wants if not is_met(want, case.value(planned, want.path))] == []
            assert planned.leaves != history.versions[0].leaves
    finally:
        world.close()


@pytest.mark.parametrize("user", PERSONAS)
def test_every_value_has_a_path(user: str) -> None:
    persona = PERSONAS[user]
    state = persona.live(random.Random(1))
    for number, path in enumerate([*persona.own_paths(), *(want.path for want in persona.wants)]):
        changed = with_leaf(state, path, number)
        assert leaves(changed) == leaves(state) | {path: str(number)}
        assert path not in leaves(with_leaf(changed, path, GONE))


def test_own_values_are_not_managed() -> None:
    for persona in PERSONAS.values():
        assert not {want.path for want in persona.wants} & {*persona.own_paths()}
    assert OWN in PERSONAS[USER].own_paths()
