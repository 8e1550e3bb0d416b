"""Owns pyreqwest: the fast transport, which leaves all that is unusual to a careful one. Knows no token and no Paragon.

What goes by a proxy is the careful transport's. So is what got no connection here: nothing was sent, so asking again is
safe, and the other one either connects, by authorities that this library doesn't know, or says what is wrong.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectTimeoutError, DecodeError, PyreqwestError, RequestError, RequestTimeoutError
from pyreqwest.http import HeaderMap

from paragon_sync.paragon.proxies import proxy_address
from paragon_sync.paragon.transport import (
    CONNECT_TIMEOUT,
    KEEP_ALIVE,
    FailureKind,
    Headers,
    HttpRequest,
    HttpResponse,
    Transport,
    TransportFailure,
)

_UNSENT: Final = "client error (Connect)"
_BODY_ENDED: Final = "error reading a body from connection"
_BAD_CHUNK: Final = "Invalid chunk"

_PAUSE: Final = 0.0001  # seconds
_SETTLING: Final = 0.1  # seconds that the library's thread may need for Python's objects once a client is closed


class PyreqwestTransport:
    """Up to ``concurrency`` requests at once, over connections that are kept; ``careful`` makes the other transport."""

    def __init__(self, careful: Callable[[], Transport], *, concurrency: int = 16) -> None:
        self._make_careful = careful
        self._careful: Transport | None = None
        self._proxies = getproxies()
        self._proxied: dict[tuple[str, str], bool] = {}
        self._client = _client(concurrency)
        self._closed = False
        self._pausing = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read its whole answer; raises :class:`TransportFailure`."""
        if self._closed:
            raise TransportFailure(FailureKind.INVALID, "the connections were closed")
        if self._proxies and self._is_proxied(request.url):
            return await self._carefully().send(request)
        task = asyncio.current_task()
        given_up = 0 if task is None else task.cancelling()
        try:
            builder = self._client.request(request.method, request.url).timeout(_seconds(request.timeout))
            if request.body is not None:
                builder = builder.body_bytes(request.body)
            response = await builder.headers(request.headers).build().send()
            if not self._pausing:
                self._pausing = True
                asyncio.get_running_loop().call_soon(self._pause)
            body = bytes(await response.bytes())
        except (PyreqwestError, ValueError) as error:
            failure = failure_of(error, request.timeout)
        else:
            return HttpResponse(status=response.status, headers=_Headers(response.headers), body=body)
        finally:
            if task is not None and task.cancelling() > given_up:  # the library gives what has just come instead
                raise asyncio.CancelledError
        if failure is None:
            return await self._carefully().send(request)
        raise failure from None

    async def aclose(self) -> None:
        """Close every connection; what is sent after that fails, and opens none."""
        self._closed = True
        try:
            await self._client.close()
        finally:
            _end_of_use.note()
        if self._careful is not None:
            await self._careful.aclose()

    def _pause(self) -> None:
        """Once the answers that are there have been taken, let the library's thread bring the next ones together.

        It needs Python for each of them, and would have to interrupt the event loop for it, one by one.
        """
        self._pausing = False
        time.sleep(_PAUSE)

    def _carefully(self) -> Transport:
        if self._careful is None:
            self._careful = self._make_careful()
        return self._careful

    def _is_proxied(self, url: str) -> bool:
        parts = urlsplit(url)
        route = (parts.scheme, parts.netloc)
        if route not in self._proxied:
            self._proxied[route] = proxy_address(parts.scheme, parts.hostname or "", self._proxies) is not None
        return self._proxied[route]


class _EndOfUse:
    """Keeps the interpreter from ending while the library's thread still wants it, which Python answers by aborting."""

    def __init__(self) -> None:
        self._settled = 0.0
        atexit.register(self.wait)

    def note(self) -> None:
        """A client was closed."""
        self._settled = time.monotonic() + _SETTLING

    def wait(self) -> None:
        """Wait until nothing of it can be under way any more; most commands end later than that anyway."""
        time.sleep(max(0.0, self._settled - time.monotonic()))


_end_of_use: Final = _EndOfUse()


class _Headers(Headers):
    """Headers as the library holds them, read when somebody looks: most answers are taken by status and body alone."""

    __slots__ = ("_found",)

    def __init__(self, found: HeaderMap) -> None:
        self._found: HeaderMap | None = found

    def __getattr__(self, name: str) -> dict[str, str]:
        if name != "_values" or self._found is None:
            raise AttributeError(name)
        found, self._found = self._found, None
        Headers.__init__(self, _pairs(found))
        return self._values

    def __iter__(self) -> Iterator[str]:
        """The names, without reading the values."""
        return super().__iter__() if self._found is None else iter(dict.fromkeys(self._found.keys()))


def _pairs(found: HeaderMap) -> Iterator[tuple[str, str]]:
    """Each header; a value that is no text is U+FFFD, so that the header isn't taken for absent."""
    for name in dict.fromkeys(found.keys()):
        try:
            yield name, ", ".join(found.getall(name))
        except ValueError:
            yield name, "\ufffd"


def _client(concurrency: int) -> Client:
    """As many connections at once as requests; no proxy, no cookies, no redirects, and no library's own patience."""
    return (
        ClientBuilder()
        .max_connections(concurrency)
        .pool_max_idle_per_host(concurrency)
        .pool_idle_timeout(timedelta(seconds=KEEP_ALIVE))
        .connect_timeout(timedelta(seconds=CONNECT_TIMEOUT))
        .follow_redirects(False)  # noqa: FBT003 - the library's own interface
        .no_proxy()
        .build()
    )


@functools.lru_cache(maxsize=8)
def _seconds(timeout: float) -> timedelta:
    return timedelta(seconds=timeout)


def failure_of(error: PyreqwestError | ValueError, timeout: float) -> TransportFailure | None:
    """Our failure for one of the library's exceptions; None where nothing was sent, and another transport may ask."""
    causes = [cause["message"] for cause in error.details["causes"] or ()] if isinstance(error, RequestError) else []
    match error:
        case ConnectTimeoutError() if _UNSENT in causes:  # it calls any time-out before the answer's head one of these
            return TransportFailure(FailureKind.NOT_CONNECTED, f"no connection within {CONNECT_TIMEOUT:g} s")
        case RequestTimeoutError():
            return TransportFailure(FailureKind.TIMED_OUT, f"no whole answer within {timeout:g} s")
        case ValueError():
            return TransportFailure(FailureKind.INVALID, "the request can't be sent: its URL or a header is not valid")
        case _ if _UNSENT in causes:
            return None
        case DecodeError() if _BODY_ENDED not in causes or any(cause.startswith(_BAD_CHUNK) for cause in causes):
            return TransportFailure(FailureKind.GARBLED, "what came back can't be read as HTTP")
        case _:
            return TransportFailure(FailureKind.LOST, "the connection was lost before the whole answer was there")
