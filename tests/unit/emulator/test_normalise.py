"""A server that stores values in another form than it was sent them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, codec, running
from paragon_sync.emulator.faults.altering import normalised
from tests.unit.emulator.client import Client, Reply, request
from tests.unit.emulator.test_faults import FIXTURE, patch, settings

BOTH = "normalise;strategies=trim|lower"


@pytest.fixture
def emulator(signing_key: Path) -> Iterator[Emulator]:
    with running(FIXTURE, signing_key=signing_key) as emulator:
        yield emulator


def send(emulator: Emulator, fault: str, **changed: Any) -> Reply:
    """Change settings, as a client that sends the whole section."""
    body: Any = {"config": {"sharedSettings": {"channel": "C1", "note": "mine"} | changed}}
    headers = {"X-Emulator-Fault": fault}
    return Client(emulator, "acme").ask("PATCH", "/sdk/credentials/c", body, C="c", G="g", **headers)


def send_metadata(emulator: Emulator, fault: str, **meta: Any) -> Reply:
    return Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": meta}, **{"X-Emulator-Fault": fault})


@pytest.mark.parametrize(
    ("strategies", "sent", "stored"),
    [
        ("trim", " \tC2\n", "C2"),
        ("lower", " C2 ", " c2 "),
        ("sort", ["b", "a", "B"], ["B", "a", "b"]),
        ("trim|lower|sort", [" b", "A"], ["a", "b"]),
        ("sort", ["b", 1, "a"], ["b", 1, "a"]),
        ("sort", {"list": ["b", "a"], "Key ": "B "}, {"list": ["a", "b"], "Key ": "B "}),
        ("trim|lower", {"deep": [{"Key ": " B "}]}, {"deep": [{"Key ": "b"}]}),
        ("trim|lower|sort", [None, True, 1], [None, True, 1]),
    ],
)
def test_a_changed_value_is_stored_in_its_normal_form(
    emulator: Emulator, strategies: str, sent: Any, stored: Any
) -> None:
    reply = send(emulator, f"normalise;strategies={strategies}", channel=sent)

    assert (reply.status, settings(emulator)) == (200, {"channel": stored, "note": "mine"})


def test_numbers_keep_their_text() -> None:
    value = codec.loads('[1.10, {"a": 1, "a": " B "}]')

    assert codec.dumps(normalised(value, ("trim", "lower"))) == '[1.10,{"a":1,"a":"b"}]'


def test_it_trims_unless_the_strategies_say_otherwise(emulator: Emulator) -> None:
    send(emulator, "normalise", channel=" C2 ")

    assert settings(emulator)["channel"] == "C2"


def test_only_values_that_match_are_stored_otherwise(emulator: Emulator) -> None:
    send(emulator, BOTH + ";values=/sharedSettings/n*", channel=" C2 ", note=" Mine ")
    assert settings(emulator) == {"channel": " C2 ", "note": "mine"}

    send_metadata(emulator, BOTH + ";values=/meta/plan", plan=" PRO ", region=" EU ")
    assert emulator.user("acme")["meta"] == {"plan": "pro", "region": " EU "}


def test_a_value_that_the_write_leaves_as_it_was_stays_so(emulator: Emulator) -> None:
    send(emulator, "latency;seconds=0", note=" Mine ")
    send(emulator, BOTH, note=" Mine ", channel="C2")

    assert settings(emulator) == {"channel": "c2", "note": " Mine "}


@pytest.mark.parametrize(("answer", "channel"), [("", "c2"), (";answer=stored", "c2"), (";answer=sent", " C2 ")])
def test_the_answer_shows_the_stored_form_or_the_sent_one(emulator: Emulator, answer: str, channel: str) -> None:
    shown = send(emulator, BOTH + answer, channel=" C2 ").json
    assert [one["configurations"][0]["sharedSettings"]["channel"] for one in (shown, shown["credential"])] == [
        channel,
        channel,
    ]
    assert settings(emulator)["channel"] == "c2"

    assert send_metadata(emulator, BOTH + answer, plan=" C2 ").json["meta"] == {"plan": channel}
    assert emulator.user("acme")["meta"] == {"plan": "c2"}


def test_the_answer_may_show_nothing(emulator: Emulator) -> None:
    replies = [
        send(emulator, BOTH + ";answer=none", channel=" C2 "),
        send_metadata(emulator, BOTH + ";answer=none", plan=" PRO "),
    ]

    assert [(reply.status, reply.json) for reply in replies] == [(200, {})] * 2
    assert (settings(emulator)["channel"], emulator.user("acme")["meta"]) == ("c2", {"plan": "pro"})


def test_reads_and_refusals_are_answered_as_ever(emulator: Emulator) -> None:
    emulator.faults({"fault": "normalise", "answer": "none"})

    assert [one["id"] for one in Client(emulator, "acme").get("/sdk/credentials")] == ["c"]
    assert Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": 1}).status == 400


def test_what_was_stored_otherwise_is_neither_ignored_nor_lost(emulator: Emulator) -> None:
    send(emulator, BOTH + ", lose;values=/sharedSettings/note", channel=" C2 ")
    (write,) = emulator.writes()

    assert [(one.place.pointer, one.before, one.after) for one in write.normalised] == [
        ("/sharedSettings/channel", " C2 ", "c2")
    ]
    assert (write.ignored, [one.place.pointer for one in write.lost]) == ((), ["/sharedSettings/note"])
    told: Any = request(emulator, "GET", "/__emulator/writes", None, {}).json[0]
    change = {"credential": "c", "configuration": "g", "path": "/sharedSettings/channel", "from": " C2 ", "to": "c2"}
    assert told["normalised"] == [change]


def test_a_value_that_is_stored_as_it_was_is_ignored(emulator: Emulator) -> None:
    send(emulator, "normalise", channel=" C1 ")
    (write,) = emulator.writes()

    assert (write.changes, write.normalised) == ((), ())
    assert [(one.place.pointer, one.before, one.after) for one in write.ignored] == [
        ("/sharedSettings/channel", "C1", " C1 ")
    ]


def test_a_server_that_ignores_metadata_answers_as_if_it_had_not(emulator: Emulator) -> None:
    reply = send_metadata(emulator, "ignore", plan="free")

    assert reply.json["meta"] == {"plan": "free"}
    assert emulator.user("acme")["meta"] == {"plan": "pro"}


def test_an_answer_that_shows_the_stored_form_shows_what_was_ignored_too(emulator: Emulator) -> None:
    shown = patch(emulator, "ignore, normalise;answer=stored").json

    assert shown["configurations"][0]["sharedSettings"] == {"channel": "C1", "note": "mine"}
