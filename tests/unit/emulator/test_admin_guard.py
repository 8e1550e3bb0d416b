"""The admin endpoints answer on loopback only, and no page of another origin; no token enters the record."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from paragon_sync.emulator import codec, running

PATHS = ("/__emulator", "/__emulator/users", "/__emulator/users/a", "/__emulator/requests", "/__emulator/faults")


def ask(url: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "rebound.example"}, 403),
        ({"Host": "rebound.example:8000"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:9000"}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "https://page.example"}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "null"}, 403),
        ({"Host": "paragon"}, 200),
    ],
)
def test_who_may_ask_an_admin_endpoint(path: str, headers: dict[str, str], status: int) -> None:
    with running({"users": {"a": {}}}, admin_hosts=["paragon"]) as emulator:
        answered, body = ask(emulator.url, path, **headers)

    assert answered == status, body
    if status == 403:
        assert "the admin endpoints are not served" in body
        assert "access-control-allow-origin" not in body.lower()


def test_the_api_itself_is_served_to_any_page() -> None:
    with running({"users": {"a": {}}}) as emulator:
        status, _ = ask(emulator.url, f"/projects/{emulator.project}/sdk/me", Origin="https://page.example")
    assert status == 200


def test_a_token_in_a_query_is_not_recorded() -> None:
    with running({"users": {"a": {}}}) as emulator:
        ask(emulator.url, f"/projects/{emulator.project}/sdk/me?userToken=secret.token.here&x=1")
        _, record = ask(emulator.url, "/__emulator/requests")

    (request,) = codec.loads(record)
    assert request["query"] == "userToken=***&x=1"
    assert "secret" not in record
