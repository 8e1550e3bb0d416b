"""The transport on pyreqwest, many times as fast as the one on httpx."""

from __future__ import annotations

import asyncio
import atexit
import functools
import re
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ConnectTimeoutError,
    DecodeError,
    PyreqwestError,
    RequestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap

from paragon_sync.paragon import transport_failures as failures
from paragon_sync.paragon.transport import (
    CONNECT_TIMEOUT,
    KEEP_ALIVE,
    MAX_BODY_BYTES,
    Headers,
    HttpRequest,
    HttpResponse,
    TransportFailure,
)
from paragon_sync.paragon.transport_failures import TlsProblem

_CONNECTING: Final = "client error (Connect)"
_TCP: Final = "tcp connect error"
_DNS: Final = "dns error"
_BAD_CERTIFICATE: Final = "invalid peer certificate: "
_ERROR_NUMBER: Final = re.compile(r"\(os error (\d+)\)")
_BODY_ENDED: Final = "error reading a body from connection"
_BAD_CHUNK: Final = "Invalid chunk"

_PAUSE: Final = 0.0001  # seconds
_SETTLING: Final = 0.1  # seconds that the library's thread may need for Python's objects once a client is closed


class NoCertificatesError(Exception):
    """The machine has no certificates that the library could check servers with."""


class PyreqwestTransport:
    """Up to ``concurrency`` requests at once, over connections that are kept; raises :class:`NoCertificatesError`."""

    def __init__(
        self, *, concurrency: int = 16, connect_timeout: float = CONNECT_TIMEOUT, client: Client | None = None
    ) -> None:
        self._connect_timeout = connect_timeout
        self._client = client or _client(concurrency, connect_timeout)
        self._closed = False
        self._pausing = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read its whole answer; raises :class:`TransportFailure`."""
        if self._closed:
            raise failures.closed()
        task = asyncio.current_task()
        given_up = 0 if task is None else task.cancelling()
        try:
            builder = self._client.request(request.method, request.url).timeout(_seconds(request.timeout))
            if request.body is not None:
                builder = builder.body_bytes(request.body)
            async with builder.headers(request.headers).build_streamed() as response:
                if not self._pausing:
                    self._pausing = True
                    asyncio.get_running_loop().call_soon(self._pause)
                body = bytes(await response.body_reader.read(MAX_BODY_BYTES + 1) or b"")
        except (PyreqwestError, ValueError) as error:
            raise self._failure(error, request) from None
        finally:
            if task is not None and task.cancelling() > given_up:  # the library returns a response that has just come
                raise asyncio.CancelledError
        if len(body) > MAX_BODY_BYTES:
            raise failures.too_large()
        return HttpResponse(status=response.status, headers=_Headers(response.headers), body=body)

    async def aclose(self) -> None:
        """Close every connection; what is sent after that fails, and opens none."""
        self._closed = True
        try:
            await self._client.close()
        finally:
            _end_of_use.note()

    def _pause(self) -> None:
        """Once the answers that are there have been taken, let the library's thread bring the next ones together.

        It needs Python for each of them, and would have to interrupt the event loop for it, one by one.
        """
        self._pausing = False
        time.sleep(_PAUSE)

    def _failure(self, error: PyreqwestError | ValueError, request: HttpRequest) -> TransportFailure:
        details = error.details["causes"] if isinstance(error, RequestError) else None
        causes = [cause["message"] for cause in details or ()]
        match error:
            case ConnectTimeoutError() if _CONNECTING in causes:  # also raised for time-outs before the answer's head
                return failures.not_connected(self._connect_timeout)
            case RequestTimeoutError():
                return failures.timed_out(request.timeout)
            case ValueError():
                return failures.invalid()
            case _ if _CONNECTING in causes:
                return _unconnected(request.url, causes)
            case DecodeError() if _BODY_ENDED not in causes or any(cause.startswith(_BAD_CHUNK) for cause in causes):
                return failures.garbled()
            case _:
                return failures.lost()


def _unconnected(url: str, causes: Sequence[str]) -> TransportFailure:
    if _DNS in causes:
        return failures.unknown_host(url)
    if _TCP in causes:
        numbers = [int(found[1]) for cause in causes if (found := _ERROR_NUMBER.search(cause))]
        return failures.refused(url, numbers[-1] if numbers else None)
    reasons = [cause.removeprefix(_BAD_CERTIFICATE) for cause in causes if cause.startswith(_BAD_CERTIFICATE)]
    return failures.tls_failed(url, _certificate_problem(reasons[0]) if reasons else TlsProblem.HANDSHAKE)


def _certificate_problem(reason: str) -> TlsProblem:
    if "expired" in reason.lower():
        return TlsProblem.EXPIRED
    return TlsProblem.OTHER_HOST if "not valid for name" in reason else TlsProblem.NOT_TRUSTED


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


def _client(concurrency: int, connect_timeout: float) -> Client:
    """As many connections at once as requests; no proxy, no cookies, no redirects, and no library's own patience."""
    try:
        return (
            ClientBuilder()
            .max_connections(concurrency)
            .pool_max_idle_per_host(concurrency)
            .pool_idle_timeout(timedelta(seconds=KEEP_ALIVE))
            .connect_timeout(timedelta(seconds=connect_timeout))
            .follow_redirects(False)  # noqa: FBT003 - the library's own interface
            .no_proxy()
            .build()
        )
    except BuilderError:
        raise NoCertificatesError from None


@functools.lru_cache(maxsize=8)
def _seconds(timeout: float) -> timedelta:
    return timedelta(seconds=timeout)
