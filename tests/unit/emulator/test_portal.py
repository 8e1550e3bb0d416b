"""The portal user: saves whole sections from memory, beside whoever else writes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, Write, running
from paragon_sync.errors import EmulatorError
from tests.unit.emulator.client import Client, request, wait_for
from tests.unit.emulator.test_faults import FIXTURE, patch, settings

ALWAYS = {"rate": 2000, "seed": 1}


@pytest.fixture
def emulator(signing_key: Path) -> Iterator[Emulator]:
    with running(FIXTURE, signing_key=signing_key) as emulator:
        yield emulator


def until(emulator: Emulator, writes: int, **habits: Any) -> list[Write]:
    """What a portal user writes until it has written so often."""
    known = len(emulator.writes())
    with emulator.portal(**{**ALWAYS, **habits}, writes=writes) as portal:
        wait_for(lambda: portal.written() == writes)
    return emulator.writes()[known:]


def test_it_writes_until_it_is_stopped(emulator: Emulator) -> None:
    portal = emulator.portal(rate=500)
    wait_for(lambda: portal.written() > 3)
    portal.stop()
    written = portal.written()
    told: Any = request(emulator, "GET", "/__emulator/portal", None, {}).json
    assert (told["active"], told["written"]) == (False, written)
    assert [write.who for write in emulator.writes()] == ["portal"] * written
    assert {write.method for write in emulator.writes()} == {"PATCH"}
    assert emulator.requests() == []


def test_each_value_is_its_own(emulator: Emulator) -> None:
    writes = until(emulator, 20, authenticate=1)
    values = [one.after for write in writes for one in write.changes]
    assert values == [f"portal-1-{number}" for number in range(1, 21)]
    assert {write.user for write in writes} == {"acme", "globex"}
    assert {write.passage.meant for write in writes} == {"/sharedSettings/channel", "/sharedSettings/note"}
    assert all(write.committed <= (write.answered or 0) for write in writes)


def test_the_same_seed_chooses_the_same(emulator: Emulator, signing_key: Path) -> None:
    def chosen(one: Emulator, seed: int) -> list[Any]:
        return [(write.user, write.passage.meant) for write in until(one, 20, seed=seed)]

    with running(FIXTURE, signing_key=signing_key) as other:
        first, again, differently = chosen(emulator, 1), chosen(other, 1), chosen(other, 2)
    assert first == again
    assert first != differently


def test_it_saves_the_whole_section_from_old_memory(emulator: Emulator) -> None:
    habits = {"authenticate": 0, "users": "acme", "values": ["/sharedSettings/note"]}
    with emulator.portal(**{**ALWAYS, **habits}) as portal:
        wait_for(portal.written)
        patch(emulator)
        wait_for(lambda: settings(emulator)["channel"] == "C1")
    put_back = [
        (write.passage.meant, one.place.pointer, one.before, one.after)
        for write in emulator.writes()
        for one in write.changes
        if write.who == "portal" and one.place.pointer != write.passage.meant
    ]
    assert put_back == [("/sharedSettings/note", "/sharedSettings/channel", "C2", "C1")]


def test_who_authenticates_each_time_puts_nothing_back(emulator: Emulator) -> None:
    habits = {"authenticate": 1, "users": "acme", "values": ["/sharedSettings/note"]}
    with emulator.portal(**{**ALWAYS, **habits}) as portal:
        patch(emulator)
        before = portal.written()
        wait_for(lambda: portal.written() > before)
    assert settings(emulator)["channel"] == "C2"


@pytest.mark.parametrize(
    ("pattern", "method", "expected"),
    [
        ("/meta/plan", "PATCH", [("/meta/plan", "portal-1-1")]),
        ("/meta/new", "PATCH", [("/meta/new", "portal-1-1")]),
        ("/sharedSettings/a~1b", "PATCH", [("/sharedSettings/a~1b", "portal-1-1")]),
        ("/sharedSettings/flag", "PATCH", [("/sharedSettings/flag", False)]),
        ("/workflowSettings/on/enabled", "DELETE", [("/workflowSettings/on/enabled", False)]),
        ("/workflowSettings/*/enabled", "DELETE", [("/workflowSettings/on/enabled", False)]),
        ("/workflowSettings/new/enabled", "POST", [("/workflowSettings/new/enabled", True)]),
        ("/workflowSettings/on/settings/day", "PATCH", [("/workflowSettings/on/settings/day", "portal-1-1")]),
    ],
)
def test_it_sends_what_the_sdk_sends(signing_key: Path, pattern: str, method: str, expected: Any) -> None:
    fixture = deepcopy(FIXTURE)
    entry = fixture["users"]["acme"]["credentials"][0]["configurations"][0]
    entry["sharedSettings"]["flag"] = True
    entry["workflowSettings"] = {"on": {"enabled": True, "settings": {}}}
    with running(fixture, signing_key=signing_key) as emulator:
        (write,) = until(emulator, 1, users="acme", values=pattern)
    assert (write.method, [(one.place.pointer, one.after) for one in write.changes]) == (method, expected)


def test_it_writes_to_the_documented_shape_and_to_a_mirrored_configuration(signing_key: Path) -> None:
    config = {"sharedSettings": {"channel": "C1"}}
    entry = {"id": "g", "isDefault": True, **config}
    documented: Any = {"id": "c", "integrationId": "i", "config": config}
    users = {"old": {"credentials": [documented]}, "both": {"credentials": [{**documented, "configurations": [entry]}]}}
    with running({"users": users}, signing_key=signing_key) as emulator:
        (old,) = until(emulator, 1, users="old")
        (both,) = until(emulator, 1, users="both", values="/sharedSettings/new")
    assert [(one.place.configuration, one.place.pointer) for one in old.changes] == [(None, "/sharedSettings/channel")]
    assert [(one.place.configuration, one.place.pointer) for one in both.changes] == [
        (None, "/sharedSettings/new"),
        ("g", "/sharedSettings/new"),
    ]
    assert (old.target, both.target) == (("old", "c", None), ("both", "c", "g"))


def test_it_follows_a_clients_read(emulator: Emulator) -> None:
    with emulator.portal(rate=0, follow=1, within=0.001, users="acme") as portal:
        for user in ("globex", "acme"):
            Client(emulator, user).get("/sdk/credentials")
        wait_for(portal.written)
        assert portal.written() == 1
    (write,) = emulator.writes()
    read: Any = emulator.requests()[-1]
    assert write.user == "acme"
    assert write.committed > float(read["handled"])


def test_what_was_to_follow_does_not_after_it_was_stopped(emulator: Emulator) -> None:
    with emulator.portal(rate=0, follow=1, within=0.05):
        Client(emulator, "acme").get("/sdk/credentials")
    with emulator.portal(rate=100, users="globex") as portal:
        wait_for(lambda: portal.written() > 10)
    assert {write.user for write in emulator.writes()} == {"globex"}


def test_it_looks_again_when_the_account_is_gone(emulator: Emulator) -> None:
    with emulator.portal(
        rate=1000, authenticate=0, users="acme", values=["/meta/plan", "/sharedSettings/note"]
    ) as portal:
        wait_for(lambda: portal.written() > 10)
        assert Client(emulator, "acme").ask("DELETE", "/sdk/integrations/i").status == 200
        gone = emulator.writes()[-1].sequence
        written = portal.written()
        wait_for(lambda: portal.written() > written + 5)
    assert {write.passage.meant for write in emulator.writes(after=gone) if write.who == "portal"} == {"/meta/plan"}


def test_who_finds_nothing_writes_nothing(emulator: Emulator) -> None:
    with emulator.portal(rate=1000, values="/nothing/*"), emulator.portal(rate=1000, users="nobody") as portal:
        patch(emulator)
        assert portal.written() == 0


@pytest.mark.parametrize(
    ("habits", "problem"),
    [
        ({"rate": -1}, "portal: rate must be a number from 0 to 10000"),
        ({"speed": 1}, "portal has no 'speed'; it may hold rate, seed, users, "),
        ({"follow": 2}, "portal: follow must be a number from 0 to 1"),
        ({"values": 1}, "portal: values must be a string or an array of strings"),
    ],
)
def test_habits_that_cannot_be_understood_are_refused(emulator: Emulator, habits: Any, problem: str) -> None:
    with pytest.raises(EmulatorError, match=problem):
        emulator.portal(**habits)


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"[]", 400), (b"{", 400)])
def test_the_admin_endpoint_takes_an_object_or_nothing(emulator: Emulator, body: bytes, status: int) -> None:
    assert request(emulator, "PUT", "/__emulator/portal", body, {}).status == status
