"""Everything that goes wrong on purpose, seen by a client: what it is answered, and what was written."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, codec, running
from tests.unit.emulator.client import Client, Reply, request, token, wait_for

ENTRY = {"id": "g", "connectCredentialId": "c", "isDefault": True, "configMeta": {}}
SETTINGS = {"sharedSettings": {"channel": "C1", "note": "mine"}, "workflowSettings": {}}
CREDENTIAL = {"id": "c", "integrationId": "i", "status": "VALID", "configurations": [{**ENTRY, **SETTINGS}]}
FIXTURE: dict[str, Any] = {
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


def test_a_server_may_ignore_a_part_of_a_write_or_its_metadata(emulator: Emulator) -> None:
    body: Any = {"config": {"sharedSettings": {"channel": "C2", "added": 1}}}
    headers = {"X-Emulator-Fault": "ignore;values=/sharedSettings/channel|/sharedSettings/n*"}
    Client(emulator, "acme").ask("PATCH", "/sdk/credentials/c", body, C="c", G="g", **headers)
    assert settings(emulator) == {"channel": "C1", "note": "mine", "added": 1}
    meta: Any = {"plan": "free", "added": 1}
    Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": meta}, **{"X-Emulator-Fault": "ignore;values=/meta/plan"})
    assert emulator.user("acme")["meta"] == {"plan": "pro", "added": 1}


def test_a_server_loses_no_more_than_there_is(emulator: Emulator) -> None:
    patch(emulator, "lose;values=/sharedSettings/*;count=5")
    assert settings(emulator) == {"channel": "C2"}
    assert emulator.user("acme")["meta"] == {"plan": "pro"}


def test_faults_that_are_set_befall_the_api_and_nothing_else(emulator: Emulator) -> None:
    emulator.faults({"fault": "server-error", "users": "acme"}, {"fault": "firewall"})
    told: Any = request(emulator, "GET", "/__emulator/faults", None, {}).json
    assert [one["fault"] for one in told["faults"]] == ["server-error", "firewall"]
    assert [patch(emulator, user=user).status for user in ("acme", "globex")] == [500, 403]
    assert request(emulator, "GET", "/ui", None, {}).status == 200
    told = request(emulator, "GET", "/__emulator/faults", None, {}).json
    assert told["happened"] == [1, 2]
    emulator.faults()
    assert patch(emulator).status == 200


def test_faults_are_set_and_ended_by_the_admin_endpoint(emulator: Emulator) -> None:
    def admin(method: str, body: str | None = None) -> Reply:
        return request(emulator, method, "/__emulator/faults", body.encode() if body else None, {})

    assert admin("PUT", '{"seed": 5, "faults": [{"fault": "firewall", "times": 1}]}').json["seed"] == 5
    assert [patch(emulator).status for _ in range(2)] == [403, 200]
    admin("PUT", '[{"fault": "firewall"}]')
    bad = admin("PUT", '[{"fault": "fire"}]')
    assert (bad.status, "must be one of" in bad.json["message"]) == (400, True)
    assert admin("PUT", "{").status == 400
    assert patch(emulator).status == 403
    assert admin("DELETE").json == {"seed": 0, "faults": [], "happened": []}
    assert patch(emulator).status == 200


def test_a_fault_in_a_header_that_cannot_be_understood_is_refused(emulator: Emulator) -> None:
    reply = patch(emulator, "fire")
    assert reply.status == 400
    assert "fault must be one of" in codec.dumps(reply.json["message"])


@pytest.mark.parametrize(
    "fault", ["latency;seconds=0.05", "latency;seconds=0.05;tail=1.5;longest=0.2", "hang;seconds=0.05;when=before"]
)
def test_an_answer_is_late(emulator: Emulator, fault: str) -> None:
    assert patch(emulator, fault).status == 200
    write = emulator.writes()[-1]
    assert write.committed - write.received >= 0.05


def test_a_write_is_done_though_the_client_has_gone(emulator: Emulator) -> None:
    body = b'{"config":{"sharedSettings":{"channel":"late"}}}'
    key = token(emulator.signing_key, "acme")
    head = f"PATCH /projects/p/sdk/credentials/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"X-Emulator-Fault: hang;seconds=0.2;when=before\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2]))) as client:
        client.sendall(head.encode("ascii") + body)
    wait_for(emulator.writes)
    assert settings(emulator)["channel"] == "late"


def test_the_emulator_ends_while_it_holds_an_answer(signing_key: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(FIXTURE, signing_key=signing_key) as emulator:

        def ask() -> None:
            with pytest.raises(http.client.RemoteDisconnected):
                patch(emulator, "hang")

        held = threading.Thread(target=ask)
        held.start()
        wait_for(emulator.writes)
    held.join(timeout=20)
    assert not held.is_alive()
    assert capfd.readouterr().err == ""


def test_two_waits_add_up_and_the_first_answer_counts(emulator: Emulator) -> None:
    wait = "latency;seconds=0.03"
    assert patch(emulator, f"{wait}, {wait}, firewall, server-error").status == 403
    last: Any = emulator.requests()[-1]
    assert float(last["answered"]) - float(last["received"]) >= 0.06
    assert last["faults"] == ["latency", "latency", "firewall", "server-error"]


def test_errors_leave_alone_what_is_no_good_object(emulator: Emulator) -> None:
    told = Client(emulator, "acme").ask("GET", "/sdk/credentials", **{"X-Emulator-Fault": "errors"})
    assert [one["id"] for one in told.json] == ["c"]
    for other in ("html", "truncated"):
        assert (patch(emulator, f"{other}, errors").text) == patch(emulator, other).text
    refused = Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": 1}, **{"X-Emulator-Fault": "errors"})
    assert list(refused.json) == ["message", "code", "status", "meta"]


def test_an_emulator_starts_with_faults(signing_key: Path, tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text("faults: [{fault: firewall, times: 1}]")
    with running(FIXTURE, signing_key=signing_key, faults=tmp_path / "faults.yaml") as emulator:
        assert [patch(emulator).status for _ in range(2)] == [403, 200]
    with running(FIXTURE, signing_key=signing_key, faults=[{"fault": "drop"}]) as emulator:
        with pytest.raises(http.client.RemoteDisconnected):
            patch(emulator)
        last: Any = emulator.requests()[-1]
        assert (last["status"], last["answered"], last["faults"]) == (0, None, ["drop"])


def test_a_request_whose_token_is_bad_befalls_what_is_for_all(emulator: Emulator) -> None:
    emulator.faults({"fault": "firewall", "users": "acme"}, {"fault": "server-error"})
    reply = Client(emulator, "acme").ask("GET", "/sdk/me", Authorization="Bearer none")
    assert reply.status == 500


class TestPages:
    @pytest.fixture
    def emulator(self, signing_key: Path) -> Iterator[Emulator]:
        accounts = [{**CREDENTIAL, "id": name} for name in ("c1", "c2", "c3")]
        fixture = {**FIXTURE, "users": {"acme": {"meta": {}, "credentials": accounts}}}
        with running(fixture, signing_key=signing_key) as emulator:
            yield emulator

    def list_credentials(self, emulator: Emulator, query: str = "") -> Reply:
        return Client(emulator, "acme").ask("GET", f"/sdk/credentials{query}")

    def test_a_link_names_the_next_page(self, emulator: Emulator) -> None:
        emulator.faults({"fault": "pages", "size": 2})
        url = f"{emulator.url}/projects/p/sdk/credentials?integration=slack&pageCursor="
        first = self.list_credentials(emulator, "?integration=slack")
        assert [one["id"] for one in first.json] == ["c1", "c2"]
        assert first.headers["link"] == f'<{url}0>; rel="first", <{url}2>; rel="next"'
        second = self.list_credentials(emulator, "?integration=slack&pageCursor=2")
        assert [one["id"] for one in second.json] == ["c3"]
        assert second.headers["link"] == f'<{url}0>; rel="first"'

    def test_a_cursor_names_the_next_page(self, emulator: Emulator) -> None:
        emulator.faults({"fault": "pages", "size": 2, "form": "cursor"})
        first, second = (self.list_credentials(emulator, query) for query in ("", "?pageCursor=2"))
        assert ([one["id"] for one in first.json["records"]], first.json["nextPageCursor"]) == (["c1", "c2"], 2)
        assert ([one["id"] for one in second.json["records"]], second.json["nextPageCursor"]) == (["c3"], None)
        assert "link" not in first.headers

    @pytest.mark.parametrize("cursor", ["x", "-1", ""])
    def test_a_cursor_that_the_emulator_did_not_give_is_refused(self, emulator: Emulator, cursor: str) -> None:
        emulator.faults({"fault": "pages"})
        assert self.list_credentials(emulator, f"?pageCursor={cursor}").status == 400

    def test_what_is_no_list_has_no_pages(self, emulator: Emulator) -> None:
        emulator.faults({"fault": "pages", "form": "cursor"})
        assert Client(emulator, "acme").get("/sdk/me")["authenticated"] is True
        assert "link" not in patch(emulator).headers
        emulator.faults({"fault": "html"}, {"fault": "pages"})
        assert self.list_credentials(emulator).text.startswith("<!doctype html>")
