"""Reads that lag behind writes, as replicas do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, running
from paragon_sync.emulator.passage import Passage
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.writes import WriteLog
from tests.unit.emulator.client import Client
from tests.unit.emulator.test_faults import FIXTURE, WRITTEN, patch, settings

LAG_SECONDS = 0.4
BEFORE = {"channel": "C1", "note": "mine"}


@pytest.fixture
def emulator(signing_key: Path) -> Iterator[Emulator]:
    with running(FIXTURE, signing_key=signing_key) as emulator:
        yield emulator


def read(emulator: Emulator, path: str = "/sdk/credentials", fault: str | None = None) -> Any:
    """Return the settings, or for GET /sdk/me settings and metadata, that a read shows."""
    answer = Client(emulator, "acme").get(path, **({"X-Emulator-Fault": fault} if fault else {}))
    if path == "/sdk/me":
        return answer["integrations"]["slack"]["sharedSettings"], answer["meta"]
    credential = answer[0] if isinstance(answer, list) else answer
    return credential["configurations"][0]["sharedSettings"]


@pytest.mark.parametrize("path", ["/sdk/credentials", "/sdk/credentials/c"])
def test_a_read_shows_the_state_of_some_time_ago(emulator: Emulator, path: str) -> None:
    emulator.faults({"fault": "lag", "seconds": LAG_SECONDS})
    patch(emulator)
    committed = emulator.writes()[-1].committed
    seen = [(time.monotonic(), read(emulator, path), time.monotonic()) for _ in _until(committed + 1.5 * LAG_SECONDS)]

    assert [found for _, found, ended in seen if ended < committed + LAG_SECONDS and found != BEFORE] == []
    assert [found for began, found, _ in seen if began > committed + LAG_SECONDS and found != WRITTEN] == []
    assert (seen[0][1], seen[-1][1]) == (BEFORE, WRITTEN)


def _until(end: float) -> Iterator[None]:
    yield
    while time.monotonic() < end:
        time.sleep(0.02)
        yield


def test_metadata_lag_with_the_rest(emulator: Emulator) -> None:
    emulator.faults({"fault": "lag", "seconds": 30})
    patch(emulator)
    Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}})

    assert read(emulator, "/sdk/me") == (BEFORE, {"plan": "pro"})


def test_a_write_is_done_at_once_and_its_answer_shows_it(emulator: Emulator) -> None:
    emulator.faults({"fault": "lag", "seconds": 30})
    answers = [
        patch(emulator).json["configurations"][0]["sharedSettings"],
        Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}}).json["meta"],
    ]

    assert answers == [WRITTEN, {"plan": "free"}]
    assert (settings(emulator), emulator.user("acme")["meta"]) == (WRITTEN, {"plan": "free"})


def test_a_write_rests_on_the_latest_state(emulator: Emulator) -> None:
    emulator.faults({"fault": "lag", "seconds": 30})
    acme = Client(emulator, "acme")
    acme.ask("PATCH", "/sdk/me", {"meta": {"one": 1}})
    acme.ask("GET", "/sdk/me", **{"X-Paragon-User-Metadata": '{"two": 2}'})

    assert emulator.user("acme")["meta"] == {"plan": "pro", "one": 1, "two": 2}


def test_some_reads_alone_may_lag(emulator: Emulator) -> None:
    patch(emulator)

    assert (read(emulator, fault="lag;seconds=30"), read(emulator)) == (BEFORE, WRITTEN)
    assert read(emulator, fault="lag;seconds=30, lag;seconds=0") == BEFORE


def test_another_users_reads_show_what_was_not_changed(emulator: Emulator) -> None:
    patch(emulator, user="globex")

    assert read(emulator, fault="lag;seconds=30") == BEFORE


def test_a_credential_that_is_too_new_is_not_found(emulator: Emulator) -> None:
    acme = Client(emulator, "acme")
    body: Any = {"integrationId": "i", "payload": {}}
    created = acme.ask("POST", "/sdk/credentials", body).json["id"]

    path, fault = f"/sdk/credentials/{created}", {"X-Emulator-Fault": "lag;seconds=30"}
    assert [acme.ask("GET", path, **headers).status for headers in ({}, fault)] == [200, 404]


class TestEarlierStates:
    def test_the_state_is_that_before_the_first_later_write(self) -> None:
        log, states = WriteLog(), [UserState(meta={"n": number}) for number in range(4)]
        moments = [log_write(log, "acme", states[number], states[number + 1]) for number in range(3)]

        assert log.state_at("acme", moments[0] - 1, states[3]) is states[0]
        assert log.state_at("acme", moments[0], states[3]) is states[1]
        assert log.state_at("acme", moments[2], states[3]) is states[3]
        assert log.state_at("globex", 0, states[3]) is states[3]

    def test_it_reaches_as_far_back_as_the_log(self) -> None:
        log, states = WriteLog(remember=2), [UserState(meta={"n": number}) for number in range(4)]
        for number in range(3):
            log_write(log, "acme", states[number], states[number + 1])
        assert log.state_at("acme", 0, states[3]) is states[1]

        for _ in range(2):
            log_write(log, "globex", states[0], states[0])
        assert log.state_at("acme", 0, states[3]) is states[3]

        log.forget()
        log_write(log, "globex", states[1], states[2])
        assert log.state_at("globex", 0, states[2]) is states[1]


def log_write(log: WriteLog, user: str, before: UserState, after: UserState) -> float:
    passage = Passage(method="PATCH", path="/sdk/me", received=0, user=user)
    log.add(passage, (None, None), before, intended=after, after=after)
    return log.writes()[-1].committed
