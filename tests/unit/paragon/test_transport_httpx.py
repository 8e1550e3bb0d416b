"""httpx's transport: authorities and proxies, and no exception of the library leaves it."""

from __future__ import annotations

import asyncio

import pytest

from paragon_sync.paragon.transport import FailureKind, HttpRequest, HttpResponse, TransportFailure
from paragon_sync.paragon.transport_httpx import HttpxTransport
from tests.unit.paragon.loopback import Act, ok, server_context, serving


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


async def send(url: str, proxy: str | None = None) -> HttpResponse | TransportFailure:
    transport = HttpxTransport(proxy=proxy)
    try:
        return await transport.send(HttpRequest(method="GET", url=url, timeout=5))
    except TransportFailure as failure:
        return failure
    finally:
        await transport.aclose()


async def send_over_tls(certificate):
    async with serving(Act(ok(b"[]"), close=True), tls=server_context(certificate)) as server:
        return await send(server.url)


def test_an_authority_is_taken_from_the_environment(certificate, monkeypatch):
    file = certificate()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert asyncio.run(send_over_tls(file)).body == b"[]"


@pytest.mark.parametrize(
    ("details", "problem"),
    [({"days": 30}, "its certificate has expired"), ({"address": "10.0.0.1"}, "its certificate is for another host")],
)
def test_a_certificate_of_a_known_authority_that_does_not_fit_is_refused(certificate, monkeypatch, details, problem):
    file = certificate(**details)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    failure = asyncio.run(send_over_tls(file))
    assert (failure.kind, failure.message) == (FailureKind.TLS, f"no secure connection to 127.0.0.1: {problem}")


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_authority_that_can_not_be_read_is_reported(tmp_path, monkeypatch, text):
    file = tmp_path / "authority.pem"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    failure = asyncio.run(send("https://127.0.0.1:1/"))
    assert failure.kind is FailureKind.TLS
    assert "SSL_CERT_FILE" in failure.message


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_request_goes_through_the_proxy(scheme):
    async def run():
        async with serving(Act(ok(b"[]"), close=True)) as proxy:
            answer = await send("http://paragon.invalid/x", scheme + proxy.url.removeprefix("http://"))
            return answer, proxy.requests

    answer, requests = asyncio.run(run())
    assert answer.body == b"[]"
    assert requests[0].startswith(b"GET http://paragon.invalid/x HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://127.0.0.1:1", "the proxy can't be reached"),
        ("http://user:hunter2@proxy.invalid", "the proxy can't be reached"),
        ("socks5://127.0.0.1:1080", "socks5 proxies are not supported"),
        ("ftp://user:hunter2@x:99999", "the proxy that the environment names can't be used"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_work_is_reported_without_its_password(proxy, message, scheme):
    failure = asyncio.run(send(f"{scheme}://paragon.invalid/x", proxy))
    assert (failure.kind, failure.message) == (FailureKind.PROXY, message)


def test_a_proxy_that_refuses_is_quoted():
    async def run():
        refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        async with serving(Act(refusal, close=True)) as proxy:
            return await send("https://paragon.invalid/x", proxy.url)

    failure = asyncio.run(run())
    assert failure.kind is FailureKind.PROXY
    assert failure.message == "the proxy refused: 407 Proxy Authentication Required"
