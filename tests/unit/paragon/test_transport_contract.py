"""Both transports do the same: checked with raw bytes on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Callable
from functools import partial

import pytest

from paragon_sync.paragon.transport import (
    MAX_BODY_BYTES,
    FailureKind,
    HttpRequest,
    HttpResponse,
    Transport,
    TransportFailure,
)
from paragon_sync.paragon.transport_httpx import HttpxTransport
from paragon_sync.paragon.transport_pyreqwest import PyreqwestTransport
from tests.unit.paragon.loopback import Act, Loopback, ok, server_context, serving

TRANSPORTS: list[Callable[..., Transport]] = [HttpxTransport, PyreqwestTransport]

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)


def get(timeout: float = 5.0, path: str = "/x", method: str = "GET", **more):
    return {"method": method, "path": path, "timeout": timeout, **more}


def exchange(transport, acts, *requests) -> tuple[list[HttpResponse | TransportFailure], Loopback]:
    """Send the requests one after the other over one transport; what came of each, and what the server saw."""

    async def run():
        results: list[HttpResponse | TransportFailure] = []
        async with serving(*acts) as server:
            carrier = transport()
            for request in requests or (get(),):
                try:
                    results.append(await carrier.send(_request(server.url, **request)))
                except TransportFailure as failure:
                    results.append(failure)
            await carrier.aclose()
        return results, server

    return asyncio.run(run())


def _request(url, *, method, path, timeout, headers=None, body=None):
    return HttpRequest(method=method, url=url + path, headers=headers or {}, body=body, timeout=timeout)


def test_status_headers_and_body_come_back(transport):
    headers = ["Content-Type: text/plain", "X-Two: a", "x-two: b", "Date: now"]
    [response], _ = exchange(transport, [Act(ok(b"caf\xc3\xa9", headers, "418 Teapot"))])
    assert (response.status, response.body) == (418, b"caf\xc3\xa9")
    assert (response.headers["X-TWO"], response.headers.get("content-type")) == ("a, b", "text/plain")
    assert ("DATE" in response.headers, "absent" in response.headers) == (True, False)


def test_method_path_headers_and_body_are_sent(transport):
    request = get(method="PATCH", path="/a%2Fb/c?d=e", headers={"X-Paragon-Credential": "c-1"}, body=b'{"a": 1}')
    _, server = exchange(transport, [Act(ok())], request)
    head, body = server.requests[0].split(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.split(b"\r\n")[0] == b"PATCH /a%2Fb/c?d=e HTTP/1.1"
    assert body == b'{"a": 1}'
    assert b"x-paragon-credential: c-1" in lines
    assert b"content-length: 8" in lines


def test_a_get_has_no_body(transport):
    _, server = exchange(transport, [Act(ok())])
    assert server.requests[0].endswith(b"\r\n\r\n")
    assert b"transfer-encoding" not in server.requests[0].lower()


def test_a_packed_body_is_unpacked(transport):
    packed = gzip.compress(b'{"a": 1}')
    [response], _ = exchange(transport, [Act(ok(packed, ["Content-Encoding: gzip"]))])
    assert response.body == b'{"a": 1}'


def test_a_chunked_body_is_put_together(transport):
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    [response], _ = exchange(transport, [Act(reply)])
    assert response.body == b"[1,2]"


def test_a_body_until_the_connection_ends_is_whole(transport):
    [response], _ = exchange(transport, [Act(b"HTTP/1.1 200 OK\r\n\r\n[]", close=True)])
    assert response.body == b"[]"


def test_html_and_redirects_are_answers_like_any_other(transport):
    acts = [Act(ok(b"<html>", ["Content-Type: text/html"], "302 Found")), Act(ok())]
    [response], server = exchange(transport, [Act(ok(b"<html>", ["Location: /other"], "302 Found")), *acts])
    assert (response.status, response.headers["location"], response.body) == (302, "/other", b"<html>")
    assert len(server.requests) == 1


def test_an_answer_without_a_body(transport):
    [response], _ = exchange(transport, [Act(b"HTTP/1.1 204 No Content\r\n\r\n")])
    assert (response.status, response.body) == (204, b"")


def test_a_connection_is_used_again(transport):
    results, server = exchange(transport, [Act(ok(b"1")), Act(ok(b"2"))], get(), get())
    assert ([r.body for r in results], server.connections) == ([b"1", b"2"], 1)


def test_a_connection_that_the_server_closed_is_replaced(transport):
    results, server = exchange(transport, [Act(ok(b"1"), close=True), Act(ok(b"2"))], get(), get())
    assert [r.body for r in results] == [b"1", b"2"]
    assert server.connections == 2


def test_no_cookie_goes_from_one_user_to_another(transport):
    _, server = exchange(transport, [Act(ok(headers=["Set-Cookie: session=acme; Path=/"])), Act(ok())], get(), get())
    assert b"cookie" not in server.requests[1].lower()


def test_a_header_whose_value_is_no_text_is_there(transport):
    [response], _ = exchange(transport, [Act(ok(headers=["Link: <?x=\xe9>; rel=next", "X-Two: 2"]))])
    assert ("link" in response.headers, response.headers["link"].isascii()) == (True, False)
    assert {*response.headers} == {"content-length", "link", "x-two"}


def test_a_long_header_is_taken(transport):
    [response], _ = exchange(transport, [Act(ok(headers=["X-Long: " + "a" * 20_000]))])
    assert len(response.headers["x-long"]) == 20_000


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Act(close=True), FailureKind.LOST),
        (Act(reset=True), FailureKind.LOST),
        (Act(ok(b"[1, 2]")[:-2], close=True), FailureKind.LOST),
        (Act(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1", close=True), FailureKind.LOST),
        (Act(b"HTTP/1.1 200 OK\r\nContent-", close=True), FailureKind.LOST),
        (Act(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", close=True), FailureKind.GARBLED),
        (Act(ok(headers=["X-Huge: " + "a" * 1_000_000]), close=True), FailureKind.GARBLED),
        (Act(ok(b"not gzip", ["Content-Encoding: gzip"])), FailureKind.GARBLED),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure(transport, act, kind):
    [failure], _ = exchange(transport, [act, act], get(method="PATCH", body=b"{}"))
    assert isinstance(failure, TransportFailure)
    assert failure.kind is kind


def test_an_answer_that_unpacks_to_more_than_allowed_is_a_failure(transport):
    packed = gzip.compress(b" " * (MAX_BODY_BYTES + 1), 1)
    acts = [Act(ok(packed, ["Content-Encoding: gzip"]))] * 2
    results, _ = exchange(transport, acts, get(timeout=30), get(timeout=30))
    assert [one.kind for one in results] == [FailureKind.TOO_LARGE] * 2
    assert results[0].message == "the answer is longer than 64 MiB once it is unpacked"


def test_an_answer_of_the_greatest_length_is_taken(transport):
    packed = gzip.compress(b" " * MAX_BODY_BYTES, 1)
    [response], _ = exchange(transport, [Act(ok(packed, ["Content-Encoding: gzip"]))], get(timeout=30))
    assert len(response.body) == MAX_BODY_BYTES


def test_a_write_that_was_lost_is_not_sent_again(transport):
    acts = [Act(ok()), Act(close=True), Act(ok())]
    results, server = exchange(transport, acts, get(), get(method="PATCH", body=b"{}"))
    assert isinstance(results[1], TransportFailure)
    assert [request.split()[0] for request in server.requests] == [b"GET", b"PATCH"]


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\n", ok(b"[1, 2, 3]")[:-3]])
def test_a_server_that_stops_answering_times_out(transport, reply):
    [failure], _ = exchange(transport, [Act(reply)], get(timeout=0.05))
    assert isinstance(failure, TransportFailure)
    assert (failure.kind, failure.message) == (FailureKind.TIMED_OUT, "no whole answer within 0.05 s")


def test_a_port_where_nothing_listens_refuses(transport):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        failure = asyncio.run(_failure(transport, f"http://{address}"))
    assert failure.kind is FailureKind.REFUSED
    assert failure.message == f"no connection to {address}: Connection refused"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_unknown_host_is_named(transport, scheme):
    failure = asyncio.run(_failure(transport, f"{scheme}://paragon.invalid/x"))
    assert failure.kind is FailureKind.UNKNOWN_HOST
    assert failure.message == "the host name paragon.invalid is not known"


def test_a_host_that_accepts_no_connection_is_not_connected(transport):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        failure = asyncio.run(_failure(partial(transport, connect_timeout=0.05), url))
    assert (failure.kind, failure.message) == (FailureKind.NOT_CONNECTED, "no connection within 0.05 s")


def test_a_server_without_tls_is_told(transport):
    async def run():
        async with serving(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
            return await _failure(transport, server.url.replace("http://", "https://"))

    failure = asyncio.run(run())
    assert failure.kind is FailureKind.TLS
    assert failure.message == "no secure connection to 127.0.0.1: the handshake failed"


def test_a_certificate_of_an_unknown_authority_is_not_trusted(transport, certificate):
    async def run():
        async with serving(tls=server_context(certificate())) as server:
            return await _failure(transport, server.url)

    failure = asyncio.run(run())
    assert failure.kind is FailureKind.TLS
    assert failure.message == "no secure connection to 127.0.0.1: its certificate is not trusted"


@pytest.mark.parametrize(
    "url",
    ["http://", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/x", "http://[::1/x", "/x"],
)
def test_a_url_that_is_none_is_a_failure(transport, url):
    assert asyncio.run(_failure(transport, url)).kind is FailureKind.INVALID


@pytest.mark.parametrize("value", ["a\r\nX-B: b", "a\nb", "\ud800"])
def test_a_header_that_can_not_be_sent_is_a_failure(transport, value):
    [failure], server = exchange(transport, [], get(headers={"X-A": value}))
    assert isinstance(failure, TransportFailure)
    assert failure.kind is FailureKind.INVALID
    assert server.requests == []


def test_many_at_once_share_their_connections(transport):
    async def run():
        async with serving(*[Act(ok())] * 40) as server:
            carrier = transport()
            request = HttpRequest(method="GET", url=server.url, timeout=5)
            answers = await asyncio.gather(*(carrier.send(request) for _ in range(40)))
            await carrier.aclose()
            return answers, server.connections

    answers, connections = asyncio.run(run())
    assert [answer.status for answer in answers] == [200] * 40
    assert connections <= 24  # 16 at once; one that isn't given back yet may be replaced by another


def test_whoever_gives_up_gets_no_answer_even_one_that_comes_at_that_moment(transport):
    async def run():
        ends = []
        async with serving(*[Act(ok())] * 1000) as server:
            carrier = transport()
            request = HttpRequest(method="GET", url=server.url, timeout=5)
            await asyncio.gather(*(carrier.send(request) for _ in range(16)))
            for moment in range(40):
                asking = [asyncio.create_task(carrier.send(request)) for _ in range(16)]
                await asyncio.sleep(moment * 0.0002)
                late = [task for task in asking if not task.done()]
                for task in late:
                    task.cancel()
                ends += await asyncio.gather(*late, return_exceptions=True)
            await carrier.aclose()
        return ends

    ends = asyncio.run(run())
    assert ends
    assert {type(end) for end in ends} == {asyncio.CancelledError}


def test_after_closing_nothing_is_sent(transport):
    async def run():
        async with serving(Act(ok()), Act(ok())) as server:
            carrier = transport()
            request = HttpRequest(method="GET", url=server.url, timeout=5)
            await carrier.send(request)
            await carrier.aclose()
            await carrier.aclose()
            with pytest.raises(TransportFailure) as caught:
                await carrier.send(request)
            return caught.value.kind, len(server.requests)

    assert asyncio.run(run()) == (FailureKind.INVALID, 1)


async def _failure(transport, url) -> TransportFailure:
    carrier = transport()
    try:
        with pytest.raises(TransportFailure) as caught:
            await carrier.send(HttpRequest(method="GET", url=url, timeout=1))
    finally:
        await carrier.aclose()
    return caught.value
