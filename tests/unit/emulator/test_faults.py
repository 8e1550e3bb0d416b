"""Everything that goes wrong on purpose, seen by a client: what it is answered, and what was written."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, running
from tests.unit.emulator.client import Client, Reply

ENTRY = {"id": "g", "connectCredentialId": "c", "isDefault": True, "configMeta": {}}
SETTINGS = {"sharedSettings": {"channel": "C1", "note": "mine"}, "workflowSettings": {}}
CREDENTIAL = {"id": "c", "integrationId": "i", "status": "VALID", "configurations": [{**ENTRY, **SETTINGS}]}
FIXTURE = {
    "project": {"id": "p"},
    "integrations": [{"id": "i", "type": "slack"}],
    "users": {name: {"meta": {"plan": "pro"}, "credentials": [CREDENTIAL]} for name in ("acme", "globex")},
}
WRITTEN = {"channel": "C2", "note": "mine"}


@pytest.fixture
def emulator(signing_key: Path) -> Iterator[Emulator]:
    with running(FIXTURE, signing_key=signing_key) as emulator:
        yield emulator


def patch(emulator: Emulator, fault: str | None = None, user: str = "acme") -> Reply:
    """Change one of the two settings, as a client that sends the whole section."""
    headers = {"X-Emulator-Fault": fault} if fault else {}
    body: Any = {"config": {"sharedSettings": WRITTEN}}
    return Client(emulator, user).ask("PATCH", "/sdk/credentials/c", body, C="c", G="g", **headers)


def settings(emulator: Emulator, user: str = "acme") -> Any:
    state: Any = emulator.user(user)
    return state["credentials"][0]["configurations"][0]["sharedSettings"]


@pytest.mark.parametrize(
    ("fault", "status", "headers", "start"),
    [
        ("too-many-requests", 429, {}, '{"message":"Too Many Requests"'),
        ("too-many-requests;retryAfter=2", 429, {"retry-after": "2"}, '{"message":"Too Many Requests"'),
        ("firewall", 403, {"content-type": "text/html; charset=utf-8"}, "<!doctype html>"),
        ("server-error", 500, {"content-type": "application/json"}, '{"message":"Internal Server Error"'),
        ("server-error;status=502;body=html", 502, {"content-type": "text/html; charset=utf-8"}, "<!doctype html>"),
        ("server-error;status=503;body=empty;retryAfter=0.5", 503, {"retry-after": "0.5", "content-length": "0"}, ""),
        ("html;when=before", 200, {"content-type": "text/html; charset=utf-8"}, "<!doctype html>"),
        ("unauthorized", 401, {}, '{"message":"Unauthorized'),
    ],
)
def test_a_refusal_takes_the_place_of_the_write(
    emulator: Emulator, fault: str, status: int, headers: dict[str, str], start: str
) -> None:
    reply = patch(emulator, fault)
    assert (reply.status, {**reply.headers, **headers}) == (status, reply.headers)
    assert reply.text.startswith(start)
    assert settings(emulator) == SETTINGS["sharedSettings"]


def test_retry_after_may_be_a_date(emulator: Emulator) -> None:
    reply = patch(emulator, "too-many-requests;retryAfter=3600;form=date")
    wait = parsedate_to_datetime(reply.headers["retry-after"]).timestamp() - time.time()
    assert 3500 < wait < 3700


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("html", 200, "<!doctype html>"),
        ("server-error;status=504;body=html;when=after", 504, "<!doctype html>"),
        ("truncated", 200, '{"id":"c"'),
        ("errors;messages=one|two", 200, '{"id":"c"'),
        ("latency;seconds=0.001;when=after", 200, '{"id":"c"'),
    ],
)
def test_an_answer_may_be_spoiled_after_the_write(emulator: Emulator, fault: str, status: int, start: str) -> None:
    reply = patch(emulator, fault)
    assert (reply.status, reply.text[: len(start)]) == (status, start)
    assert settings(emulator) == WRITTEN


@pytest.mark.parametrize("reset", ["", ";reset=true"])
@pytest.mark.parametrize(("when", "kept"), [("before", SETTINGS["sharedSettings"]), ("after", WRITTEN)])
def test_a_connection_ends_before_or_after_the_write(emulator: Emulator, when: str, kept: Any, reset: str) -> None:
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        patch(emulator, f"drop;when={when}{reset}")
    assert settings(emulator) == kept


def test_half_a_body_under_the_length_of_the_whole_ends_the_connection(emulator: Emulator) -> None:
    with pytest.raises(http.client.IncompleteRead):
        patch(emulator, "truncated;length=wrong")
    assert settings(emulator) == WRITTEN


def test_errors_stand_in_an_answer_that_is_otherwise_good(emulator: Emulator) -> None:
    assert patch(emulator, "errors;messages=one|two").json["errors"] == ["one", "two"]


def test_a_server_that_ignores_a_write_says_that_it_was_done(emulator: Emulator) -> None:
    reply = patch(emulator, "ignore")
    assert (reply.status, settings(emulator)) == (200, SETTINGS["sharedSettings"])


def test_a_server_loses_what_the_write_left_alone(emulator: Emulator) -> None:
    patch(emulator, "lose;values=/sharedSettings/*")
    assert settings(emulator) == {"channel": "C2"}
