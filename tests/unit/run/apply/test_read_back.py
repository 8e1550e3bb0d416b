"""A write that isn't visible yet is read back again; a server that stores another form is no conflict."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.model.desired import Setting
from paragon_sync.model.outcome import Applied, Conflict, Failed, StoredValue, Unknown
from tests.unit.plan.build import BlockSpec
from tests.unit.run.apply.simulated import Api, Asked, Bench, ok

LIVE: dict[str, Any] = {"sharedSettings": {"channel": "C1", "note": "mine"}}


class Lagging(Api):
    """Reads show the state of some seconds ago."""

    lag = 1.0

    history: dict[str, list[tuple[float, dict[str, Any]]]]

    async def send(self, request: Any) -> Any:
        answer = await super().send(request)
        now = asyncio.get_running_loop().time()
        for name, config in self.configs.items():
            if self.history[name][-1][1] is not config:
                self.history[name].append((now, config))
        return answer

    def shown(self, name: str) -> dict[str, Any]:
        until = asyncio.get_running_loop().time() - self.lag
        return next(config for at, config in reversed(self.history[name]) if at <= until)


def lagging(number: int, lag: float) -> Lagging:
    api = Lagging(configs={f"u{i:03}": LIVE for i in range(number)})
    api.lag, api.shows = lag, api.shown
    api.history = {name: [(-9e9, config)] for name, config in api.configs.items()}
    return api


@pytest.mark.parametrize("lag", [0.1, 1.0, 6.0])
def test_reads_that_lag_behind_writes_are_no_failures(tmp_path: Path, lag: float) -> None:
    run = Bench(folder=tmp_path, api=lagging(60, lag)).apply()

    assert run.error is None
    assert [Applied()] * 60 == run.outcomes()


def test_users_who_wait_for_their_read_back_leave_their_workers(tmp_path: Path) -> None:
    run = Bench(folder=tmp_path, api=lagging(400, 1.0)).apply(concurrency=8)

    assert [Applied()] * 400 == run.outcomes()
    assert run.seconds < 400 * 4 * 0.05 / 8 + 5  # nearly as if no user waited


def test_an_answer_as_planned_that_never_becomes_visible_is_unknown_and_resumed(tmp_path: Path) -> None:
    api = lagging(1, 60.0)
    run = Bench(folder=tmp_path, api=api).apply()

    assert [Unknown(reason="answered as written, read back as before: channel")] == run.outcomes()
    assert 7.7 <= run.seconds <= 9
    assert run.store.run(run.run).finished is None

    api.lag = 0.0
    api.history["u000"] = [(-9e9, api.configs["u000"])]
    resumed = Bench(folder=tmp_path, api=api).apply()
    (outcome,) = resumed.outcomes()
    assert isinstance(outcome, Applied)
    assert outcome.resolved
    assert 1 == len(api.times("PATCH"))


@pytest.mark.parametrize("answer", [{}, {"id": "cred-1", "config": LIVE}], ids=["empty", "as before"])
def test_an_answer_that_does_not_show_the_write_is_a_failure_in_the_end(tmp_path: Path, answer: Any) -> None:
    api = Api(configs={"u000": LIVE})

    async def ignore(asked: Asked) -> Any:
        return ok(answer) if asked.method == "PATCH" else None

    api.answer = ignore
    run = Bench(folder=tmp_path, api=api).apply()

    assert [Failed(reason="not kept by the server: channel")] == run.outcomes()
    assert 7 == len(api.times("GET"))


def test_the_delays_come_from_the_project(tmp_path: Path) -> None:
    api = lagging(1, 60.0)
    run = Bench(folder=tmp_path, api=api).apply(read_back=(1.0,))

    assert 1 <= run.seconds <= 2
    assert 3 == len(api.times("GET"))


def test_a_signal_ends_the_waiting_with_one_last_read(tmp_path: Path) -> None:
    api = lagging(1, 60.0)

    async def stop(_store: object, stop: Any) -> None:
        await asyncio.sleep(2)
        stop.ask("interrupted", 130)

    run = Bench(folder=tmp_path, api=api, disturb=stop).apply()

    assert [Unknown(reason="answered as written, read back as before: channel")] == run.outcomes()
    assert 2 <= run.seconds <= 2.2
    assert 2.0 == api.times("GET")[-1]


def test_a_server_that_stores_another_form_fails_and_is_no_conflict(tmp_path: Path) -> None:
    api = Api(configs={f"u{i:03}": LIVE for i in range(200)})
    api.stores = lambda config: {"sharedSettings": {k: v.strip() for k, v in config["sharedSettings"].items()}}
    run = Bench(folder=tmp_path, api=api, blocks=(BlockSpec(settings={"channel": " C2 "}),)).apply()

    failed = Failed(
        reason="stored differently by the server: channel",
        stored=(StoredValue(target=Setting("channel"), label="channel", sent=" C2 ", stored="C2"),),
    )
    outcomes = run.outcomes()
    assert {failed} == set(outcomes)
    assert 20 <= len(outcomes) < 60, "the breaker stops the run"
    assert "20 operations failed in a row" in str(run.stop.reason)
    assert run.seconds < 2


def test_a_value_that_another_client_saves_after_the_write_is_a_conflict(tmp_path: Path) -> None:
    api = Api(configs={"u000": LIVE})

    async def save(asked: Asked) -> Any:
        if asked.method == "PATCH":
            answer = api.usual(asked)
            api.configs["u000"] = {"sharedSettings": {"channel": "theirs", "note": "mine"}}
            return answer
        return None

    api.answer = save
    (outcome,) = Bench(folder=tmp_path, api=api).apply().outcomes()

    assert isinstance(outcome, Conflict)
    assert outcome.after_write


def test_the_answer_is_parsed_only_where_the_read_back_is_not_as_planned(tmp_path: Path) -> None:
    api = Api(configs={"u000": LIVE})

    async def nonsense(asked: Asked) -> Any:
        if asked.method == "PATCH":
            api.usual(asked)
            return ok({"id": "cred-1", "config": {"sharedSettings": {"channel": "shown"}}})
        return None

    api.answer = nonsense
    assert [Applied()] == Bench(folder=tmp_path, api=api).apply().outcomes()


def test_a_conflict_beside_a_value_that_was_stored_differently_names_both(tmp_path: Path) -> None:
    api = Api(configs={"u000": LIVE})
    api.stores = lambda config: {"sharedSettings": {k: v.strip() for k, v in config["sharedSettings"].items()}}

    async def save(asked: Asked) -> Any:
        if asked.method == "PATCH":
            answer = api.usual(asked)
            api.configs["u000"] = {"sharedSettings": {"channel": "C2", "note": "theirs"}}
            return answer
        return None

    api.answer = save
    block = BlockSpec(settings={"channel": " C2 ", "note": "ours"})
    (outcome,) = Bench(folder=tmp_path, api=api, blocks=(block,)).apply().outcomes()

    assert isinstance(outcome, Conflict)
    assert ["note"] == [path.label for path in outcome.paths]
    assert [("channel", "C2")] == [(value.label, value.stored) for value in outcome.stored]


def test_a_form_that_an_earlier_answer_held_is_no_conflict_for_the_next_attempt(tmp_path: Path) -> None:
    """The PATCH is answered with another form, and the request after it fails for a while."""
    entry = {"enabled": False, "settings": {}}
    api = Api(configs={"u000": {"sharedSettings": {"channel": "C1"}, "configuredWorkflows": {"notify": entry}}})
    api.stores = lambda config: config | {"sharedSettings": {k: v.strip() for k, v in config["sharedSettings"].items()}}

    async def unavailable(asked: Asked) -> Any:
        return ok({"message": "down"}, 503) if asked.method == "POST" else None

    api.answer = unavailable
    block = BlockSpec(settings={"channel": " C2 "}, workflows={"notify": True})
    run = Bench(folder=tmp_path, api=api, blocks=(block,), enablement="endpoint").apply()

    (outcome,) = run.outcomes()
    assert isinstance(outcome, Failed)
    assert [("channel", "C2")] == [(value.label, value.stored) for value in outcome.stored]


def test_a_read_from_before_the_change_of_metadata_is_repeated(tmp_path: Path) -> None:
    """Metadata switches a workflow off; a replica that lags shows it on when its own operation is read."""
    entry = {"enabled": True, "settings": {}}
    on = {"sharedSettings": {"channel": "C1"}, "configuredWorkflows": {"notify": entry}}
    off = {**on, "configuredWorkflows": {"notify": entry | {"enabled": False}}}
    api = Api(configs={"u00": on}, meta={"u00": {"plan": "pro"}})
    reads = 0

    async def switch_off(asked: Asked) -> None:
        if (asked.method, asked.path) == ("PATCH", "/sdk/me"):
            api.configs["u00"] = off

    def show(name: str) -> dict[str, Any]:
        nonlocal reads
        reads += api.asked[-1].path != "/sdk/me"
        return on if reads == 3 else api.configs[name]  # the read after the read-back of the metadata

    api.answer, api.shows = switch_off, show
    blocks = (BlockSpec(workflows={"notify": True}),)
    run = Bench(folder=tmp_path, api=api, blocks=blocks, metadata={"plan": "free"}).apply()

    assert run.error is None
    assert api.configs["u00"]["configuredWorkflows"]["notify"]["enabled"] is True
    assert ["PATCH", "PATCH"] == [one.method for one in api.asked if one.method != "GET"]
