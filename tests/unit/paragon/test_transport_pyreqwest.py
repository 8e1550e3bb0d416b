"""What the fast transport leaves to the careful one, and what it makes of its library's exceptions."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from paragon_sync.paragon import fastest
from paragon_sync.paragon.transport import FailureKind, HttpRequest, HttpResponse, TransportFailure
from paragon_sync.paragon.transport_httpx import HttpxTransport
from paragon_sync.paragon.transport_pyreqwest import PyreqwestTransport
from tests.unit.paragon.loopback import Act, ok, serving

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass
class Careful:
    """Stands for the other transport: answers everything, and remembers what it was asked."""

    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url)
        return HttpResponse(status=299)

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def send(request: HttpRequest) -> tuple[HttpResponse | TransportFailure, Careful]:
    careful = Careful()

    async def run():
        transport = PyreqwestTransport(lambda: careful)
        try:
            return await transport.send(request)
        except TransportFailure as failure:
            return failure
        finally:
            await transport.aclose()

    return asyncio.run(run()), careful


def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_behind_a_proxy_is_asked_carefully(monkeypatch, scheme):
    monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    url = f"{scheme}://api.example.com/x"
    response, careful = send(HttpRequest(method="GET", url=url))
    assert (response.status, careful.asked, careful.closed) == (299, [url], True)


def test_loopback_is_asked_directly_whatever_the_proxies(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    async def run():
        async with serving(Act(ok(b"[]"))) as server:
            transport = PyreqwestTransport(Careful)
            response = await transport.send(HttpRequest(method="GET", url=server.url))
            await transport.aclose()
            return response.body

    assert asyncio.run(run()) == b"[]"


def test_what_got_no_connection_is_asked_carefully():
    url = f"http://127.0.0.1:{unused_port()}/x"
    response, careful = send(HttpRequest(method="PATCH", url=url, body=b"{}"))
    assert (response.status, careful.asked) == (299, [url])


def test_what_may_have_been_received_is_asked_by_nobody_again():
    async def run():
        careful = Careful()
        async with serving(Act(close=True)) as server:
            transport = PyreqwestTransport(lambda: careful)
            with pytest.raises(TransportFailure) as caught:
                await transport.send(HttpRequest(method="PATCH", url=server.url, body=b"{}"))
            await transport.aclose()
        return caught.value.kind, careful.asked, len(server.requests)

    assert asyncio.run(run()) == (FailureKind.LOST, [], 1)


def test_no_connection_in_time_is_told_from_no_answer_in_time(monkeypatch):
    monkeypatch.setattr("paragon_sync.paragon.transport_pyreqwest.CONNECT_TIMEOUT", 0.05)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        failure, _ = send(HttpRequest(method="GET", url=url, timeout=5))
    assert (failure.kind, failure.message) == (FailureKind.NOT_CONNECTED, "no connection within 0.05 s")


def test_a_header_that_is_no_text_leaves_the_others():
    async def run():
        async with serving(Act(ok(headers=["X-Odd: caf\xe9", "X-Plain: a"]))) as server:
            transport = PyreqwestTransport(Careful)
            response = await transport.send(HttpRequest(method="GET", url=server.url))
            await transport.aclose()
            return dict(response.headers)

    assert asyncio.run(run()) == {"content-length": "2", "x-odd": "\ufffd", "x-plain": "a"}


def test_the_careful_one_serves_where_the_library_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "paragon_sync.paragon.transport_pyreqwest", None)
    assert isinstance(fastest.fastest_transport(4), HttpxTransport)


def test_the_careful_one_is_not_loaded_unless_it_is_needed():
    script = (
        "import sys; from paragon_sync.paragon.fastest import fastest_transport;"
        "print(type(fastest_transport(4)).__name__, 'httpx' in sys.modules, 'aiohttp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PyreqwestTransport", "False", "False"]
