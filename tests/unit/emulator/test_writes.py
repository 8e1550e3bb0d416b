"""The log of writes: enough to judge a client by, without believing it."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, Write, running
from paragon_sync.emulator.passage import Passage
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT
from paragon_sync.emulator.writes import WriteLog, destroyed
from tests.unit.emulator.client import Client, Reply, request
from tests.unit.emulator.test_faults import FIXTURE, patch


@pytest.fixture
def emulator(signing_key: Path) -> Iterator[Emulator]:
    with running(FIXTURE, signing_key=signing_key) as emulator:
        yield emulator


def told(write: Write) -> list[tuple[str, Any, Any]]:
    return [(one.place.pointer, one.before, one.after) for one in write.changes]


def test_a_write_says_what_it_changed_and_when(emulator: Emulator) -> None:
    before, wall = time.monotonic(), time.time()
    patch(emulator)
    after = time.monotonic()
    (write,) = emulator.writes()
    assert (write.sequence, write.who, write.user, write.method) == (1, "client", "acme", "PATCH")
    assert write.target == ("acme", "c", "g")
    assert told(write) == [("/sharedSettings/channel", "C1", "C2")]
    assert write.answered is not None
    assert before <= write.received <= write.committed <= write.answered <= after
    assert wall <= write.epoch <= time.time()
    assert (write.ignored, write.lost) == ((), ())


def test_every_write_is_counted_for_what_it_was_for(emulator: Emulator) -> None:
    acme = Client(emulator, "acme")
    patch(emulator)
    patch(emulator)
    acme.ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}}, C="c")
    acme.ask("POST", "/sdk/workflows/w", C="c", G="g")
    acme.ask("DELETE", "/sdk/workflows/w", C="c")
    assert acme.ask("PATCH", "/sdk/me", {"meta": 1}).status == 400
    assert Counter(write.target for write in emulator.writes()) == {("acme", "c", "g"): 4, ("acme", None, None): 1}
    assert [told(write) for write in emulator.writes(after=1)] == [
        [],
        [("/meta/plan", "pro", "free")],
        [("/workflowSettings/w/enabled", ABSENT, True)],
        [("/workflowSettings/w/enabled", True, False)],
    ]


def test_the_vendors_sdk_is_a_portal_user(emulator: Emulator) -> None:
    body: Any = {"meta": {"plan": "free"}}
    Client(emulator, "acme").ask("PATCH", "/sdk/me", body, **{"X-Paragon-SDK-Version": "2.4.0"})
    assert [write.who for write in emulator.writes()] == ["portal"]


def test_a_write_without_an_answer_has_none(emulator: Emulator) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        patch(emulator, "drop;when=after")
    (write,) = emulator.writes()
    assert (write.answered, write.passage.faults, told(write)) == (
        None,
        ("drop",),
        [("/sharedSettings/channel", "C1", "C2")],
    )


def test_what_a_fault_made_of_a_write_is_told(emulator: Emulator) -> None:
    patch(emulator, "ignore, lose;values=/sharedSettings/note")
    (write,) = emulator.writes()
    assert told(write) == [("/sharedSettings/note", "mine", ABSENT)]
    assert [(one.place.pointer, one.before, one.after) for one in write.ignored] == [
        ("/sharedSettings/channel", "C1", "C2")
    ]
    assert [one.place.pointer for one in write.lost] == ["/sharedSettings/note"]


def log(emulator: Emulator, query: str = "", method: str = "GET") -> Reply:
    return request(emulator, method, f"/__emulator/writes{query}", None, {})


def test_the_log_is_served_and_can_be_forgotten(emulator: Emulator) -> None:
    patch(emulator, "ignore")
    patch(emulator, "errors")
    first, second = log(emulator).json
    assert [first["sequence"], second["sequence"]] == [1, 2]
    change = {"credential": "c", "configuration": "g", "path": "/sharedSettings/channel", "from": "C1", "to": "C2"}
    assert (first["changes"], first["ignored"], first["lost"]) == ([], [change], [])
    assert second["changes"] == [change]
    assert {key: second[key] for key in ("request", "method", "path", "status", "faults", "meant")} == {
        "request": 2,
        "method": "PATCH",
        "path": "/projects/p/sdk/credentials/c",
        "status": 200,
        "faults": ["errors"],
        "meant": None,
    }
    assert [one["sequence"] for one in log(emulator, "?after=1").json] == [2]
    assert log(emulator, "?after=x").status == 400
    assert log(emulator, method="DELETE").json == []
    patch(emulator)
    assert [one["sequence"] for one in log(emulator).json] == [3]
    assert request(emulator, "DELETE", "/__emulator/requests", None, {}).json == []
    emulator.forget()
    assert (emulator.writes(), emulator.requests()) == ([], [])


def test_full_states_are_told_where_asked_for(emulator: Emulator) -> None:
    Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"added": 1}})
    (write,) = log(emulator, "?states=true").json
    assert (write["before"]["meta"], write["after"]["meta"]) == ({"plan": "pro"}, {"plan": "pro", "added": 1})
    assert "before" not in log(emulator).json[0]


def test_only_the_latest_writes_are_kept_and_all_are_counted(signing_key: Path) -> None:
    with running(FIXTURE, signing_key=signing_key, remember=2) as emulator:
        for _ in range(3):
            patch(emulator)
        assert [write.sequence for write in emulator.writes()] == [2, 3]
        assert len(emulator.requests()) == 2


def story(*writes: tuple[str, dict[str, Any]], meant: str | None = None) -> list[Write]:
    """Writes of metadata, one after the other, by their authors."""
    kept = WriteLog()
    before = UserState(meta={"a": 1, "b": 1})
    for who, meta in writes:
        passage = Passage(who="portal" if who == "portal" else "client", method="PATCH", path="/sdk/me", received=1)
        passage.user = "acme"
        passage.meant = meant if who == "portal" else None
        after = UserState(meta=meta)
        kept.add(passage, (None, None), before, intended=after, after=after)
        before = after
    return kept.writes()


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        ([], []),
        ([("client", {"a": 2, "b": 1})], []),
        ([("portal", {"a": 2, "b": 1})], []),
        ([("portal", {"a": 2, "b": 1}), ("client", {"a": 2, "b": 3})], []),
        ([("portal", {"a": 2, "b": 1}), ("client", {"a": 1, "b": 1})], [("/meta/a", 1, 2, True)]),
        ([("portal", {"a": 2, "b": 1}), ("client", {"a": 3, "b": 1})], [("/meta/a", 1, 2, False)]),
        ([("portal", {"a": 2, "b": 1}), ("client", {"b": 1})], [("/meta/a", 1, 2, False)]),
        ([("portal", {"b": 1}), ("client", {"a": 1, "b": 1})], [("/meta/a", 1, 2, True)]),
        (
            [("portal", {"a": 2, "b": 1}), ("portal", {"a": 3, "b": 1}), ("client", {"a": 2, "b": 1})],
            [("/meta/a", 2, 3, True)],
        ),
        (
            [("portal", {"a": 2, "b": 1}), ("client", {"a": 1, "b": 1}), ("client", {"a": 5, "b": 1})],
            [("/meta/a", 1, 2, True)],
        ),
    ],
)
def test_a_value_of_a_portal_user_is_destroyed_by_the_client_that_changes_it_next(
    writes: list[tuple[str, dict[str, Any]]], expected: list[Any]
) -> None:
    found = [*destroyed(story(*writes))]
    assert expected == [(one.place.pointer, one.portal.sequence, one.client.sequence, one.put_back) for one in found]


@pytest.mark.parametrize(("meant", "expected"), [("/meta/a", True), ("/meta/b", False), (None, True)])
def test_only_the_value_that_the_portal_user_changed_is_meant(meant: str | None, expected: bool) -> None:
    (one,) = destroyed(story(("portal", {"a": 2, "b": 1}), ("client", {"a": 1, "b": 1}), meant=meant))
    assert expected == one.meant


def test_what_was_destroyed_is_served(emulator: Emulator) -> None:
    sdk = {"X-Paragon-SDK-Version": "2.4.0"}
    Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}}, **sdk)
    Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "pro"}})
    (one,) = emulator.destroyed()
    (served,) = request(emulator, "GET", "/__emulator/destroyed", None, {}).json
    place = {"credential": None, "configuration": None, "path": "/meta/plan"}
    assert {key: served[key] for key in ("user", "portal", "client", "meant", "putBack", "theirs", "ours")} == {
        "user": "acme",
        "portal": 1,
        "client": 2,
        "meant": True,
        "putBack": True,
        "theirs": {**place, "from": "pro", "to": "free"},
        "ours": {**place, "from": "free", "to": "pro"},
    }
    assert float(served["written"]) == round(one.portal.committed, 6)
    assert float(served["destroyed"]) == round(one.client.committed, 6)
