"""The transport on httpx, for proxies and authorities of the environment."""

from __future__ import annotations

import asyncio
import socket
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit

import httpx

from paragon_sync.paragon import transport_failures as failures
from paragon_sync.paragon.transport import (
    CONNECT_TIMEOUT,
    KEEP_ALIVE,
    MAX_BODY_BYTES,
    FailureKind,
    Headers,
    HttpRequest,
    HttpResponse,
    TransportFailure,
)
from paragon_sync.paragon.transport_failures import TlsProblem

_ENDED: Final = ("Server disconnected", "peer closed connection")
"""How httpx's messages about connections that ended too early begin."""
_TLS_PROBLEMS: Final = {
    10: TlsProblem.EXPIRED,
    62: TlsProblem.OTHER_HOST,
    64: TlsProblem.OTHER_HOST,
}
"""OpenSSL's verification codes: certificate expired, host name mismatch, IP address mismatch."""


class HttpxTransport:
    """Up to ``concurrency`` connections, opened when they are needed and kept; ``proxy`` is a proxy's address.

    Each connection has a client of its own: a shared pool of 64 takes 7 ms of CPU for each request, 64 clients 1 ms.
    """

    def __init__(
        self, *, concurrency: int = 16, proxy: str | None = None, connect_timeout: float = CONNECT_TIMEOUT
    ) -> None:
        self._proxy = proxy
        self._connect_timeout = connect_timeout
        self._slots = asyncio.Semaphore(concurrency)
        self._clients: list[httpx.AsyncClient] = []
        self._idle: list[httpx.AsyncClient] = []
        self._authorities: ssl.SSLContext | None = None
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read its whole answer; raises :class:`TransportFailure`."""
        try:
            async with asyncio.timeout(request.timeout), self._slots:
                return await self._send(request)
        except TimeoutError:
            raise failures.timed_out(request.timeout) from None

    async def aclose(self) -> None:
        """Close every connection; what is sent after that fails, and opens none."""
        self._closed = True
        for client in self._clients:
            await client.aclose()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        if self._closed:
            raise failures.closed()
        client = self._idle.pop() if self._idle else self._open(request.url)
        try:
            async with client.stream(
                request.method, request.url, headers=dict(request.headers), content=request.body
            ) as response:
                body = await _read_body(response)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._failure(error, request.url) from None
        finally:
            self._idle.append(client)
        return HttpResponse(status=response.status_code, headers=Headers(response.headers.multi_items()), body=body)

    def _open(self, url: str) -> httpx.AsyncClient:
        if not _is_usable(url):
            raise failures.invalid()
        if self._authorities is None:
            self._authorities = _authorities(url)
        client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                verify=self._authorities,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE),
                proxy=_proxy(self._proxy),
            ),
            timeout=httpx.Timeout(None, connect=self._connect_timeout),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # users share the connections
            trust_env=False,
        )
        self._clients.append(client)
        return client

    def _failure(self, error: Exception, url: str) -> TransportFailure:
        cause = _system_error(error)
        match error:
            case httpx.ConnectTimeout():
                return failures.not_connected(self._connect_timeout)
            case httpx.ConnectError() if isinstance(cause, ssl.SSLError):
                return failures.tls_failed(url, _tls_problem(cause))
            case httpx.ConnectError() if self._proxy is not None:
                return TransportFailure(FailureKind.PROXY, "the proxy can't be reached")
            case httpx.ConnectError() if isinstance(cause, socket.gaierror):
                return failures.unknown_host(url)
            case httpx.ConnectError():
                return failures.refused(url, cause.errno if cause else None)
            case httpx.ProxyError():
                return TransportFailure(FailureKind.PROXY, f"the proxy refused: {error}")
            case httpx.RemoteProtocolError():
                return failures.lost() if str(error).startswith(_ENDED) else failures.garbled()
            case httpx.DecodingError():
                return failures.garbled()
            case httpx.NetworkError():
                return failures.lost()
            case _:
                return failures.invalid()


async def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise failures.too_large()
    return bytes(body)


def _is_usable(url: str) -> bool:
    """Return False for a URL with a port beyond 65535, which httpx passes on to the system, or that can't be parsed."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _authorities(url: str) -> ssl.SSLContext:
    """Return a context with the authorities of SSL_CERT_FILE or SSL_CERT_DIR, else with certifi's."""
    if urlsplit(url).scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading authorities takes longer than a whole local command
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        reason = error.strerror or "not a certificate"
        raise TransportFailure(FailureKind.TLS, f"SSL_CERT_FILE or SSL_CERT_DIR can't be used: {reason}") from None


def _proxy(address: str | None) -> httpx.Proxy | None:
    if address is None:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise TransportFailure(FailureKind.PROXY, "the proxy that the environment names can't be used") from None
    if proxy.url.scheme not in {"http", "https"}:
        raise TransportFailure(FailureKind.PROXY, f"{proxy.url.scheme} proxies are not supported")
    return proxy


def _system_error(error: BaseException | None) -> OSError | None:
    """Return the error of the system from which the library's was raised; of several attempts the first one's."""
    while error is not None:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, OSError) and error.errno is not None:
            return error
        error = error.__cause__ or error.__context__
    return None


def _tls_problem(error: ssl.SSLError) -> TlsProblem:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _TLS_PROBLEMS.get(error.verify_code, TlsProblem.NOT_TRUSTED)
    return TlsProblem.HANDSHAKE
