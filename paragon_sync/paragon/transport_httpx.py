"""Owns httpx: the careful transport, with httpx-aiohttp underneath for its speed. Knows neither tokens nor Paragon.

Proxies come from the usual variables (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``; loopback is never
proxied), an authority of one's own from ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from paragon_sync.paragon.proxies import proxy_address
from paragon_sync.paragon.transport import (
    CONNECT_TIMEOUT,
    KEEP_ALIVE,
    FailureKind,
    Headers,
    HttpRequest,
    HttpResponse,
    TransportFailure,
)

_HEADER_BYTES: Final = 65536


class HttpxTransport:
    """Up to ``concurrency`` connections, opened when they are needed and kept."""

    def __init__(self, *, concurrency: int = 16) -> None:
        self._limits = httpx.Limits(
            max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=KEEP_ALIVE
        )
        self._proxies = getproxies()
        self._verify: ssl.SSLContext | None = None
        self._routes: dict[tuple[str, str], httpx.AsyncClient] = {}
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read its whole answer; raises :class:`TransportFailure`."""
        try:
            async with asyncio.timeout(request.timeout):
                return await self._send(request)
        except TimeoutError:
            raise TransportFailure(FailureKind.TIMED_OUT, f"no whole answer within {request.timeout:g} s") from None

    async def aclose(self) -> None:
        """Close every connection; what is sent after that fails, and opens none."""
        self._closed = True
        routes, self._routes = self._routes, {}
        for client in routes.values():
            await client.aclose()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        if self._closed:
            raise TransportFailure(FailureKind.INVALID, "the connections were closed")
        try:
            response = await self._client(request.url).request(
                request.method, request.url, headers=dict(request.headers), content=request.body
            )
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, ValueError) as error:
            raise failure_of(error) from None
        return HttpResponse(
            status=response.status_code, headers=Headers(response.headers.multi_items()), body=response.content
        )

    def _client(self, url: str) -> httpx.AsyncClient:
        """The client for this URL's host; one for each host, because each may go by another proxy."""
        parts = urlsplit(url)
        route = (parts.scheme, parts.netloc)
        if route not in self._routes:
            proxy = _proxy_for(parts.scheme, parts.hostname or "", self._proxies)
            # Reading the system's authorities takes longer than a whole command against a local server.
            verify = self._context() if parts.scheme == "https" or proxy else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._routes[route] = httpx.AsyncClient(
                transport=_Connections(verify=verify, limits=self._limits, proxy=proxy),
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                trust_env=False,
            )
        return self._routes[route]

    def _context(self) -> ssl.SSLContext:
        if self._verify is None:
            try:
                self._verify = httpx.create_ssl_context()
            except OSError as error:
                message = f"SSL_CERT_FILE or SSL_CERT_DIR can't be used: {error.strerror or 'not a certificate'}"
                raise TransportFailure(FailureKind.TLS, message) from None
        return self._verify


class _Connections(AiohttpTransport):
    """Keeps no cookies, since users share connections, and takes the long headers that proxies add."""

    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            keepalive_timeout=self.limits.keepalive_expiry,
            ssl=self.ssl_context,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )


def _proxy_for(scheme: str, host: str, proxies: Mapping[str, str]) -> httpx.Proxy | None:
    """The proxy that the environment names for this host."""
    address = proxy_address(scheme, host, proxies)
    if address is None:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise TransportFailure(FailureKind.PROXY, "the proxy that the environment names can't be used") from None
    if proxy.url.scheme not in {"http", "https"}:
        raise TransportFailure(FailureKind.PROXY, f"{proxy.url.scheme} proxies are not supported")
    return proxy


def failure_of(error: Exception) -> TransportFailure:
    """Our failure for one of the libraries' exceptions.

    aiohttp's own one, which httpx-aiohttp keeps as the cause, tells more than the httpx one made of it.
    """
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    match cause:
        case aiohttp.ClientConnectorDNSError():
            return TransportFailure(FailureKind.UNKNOWN_HOST, f"the host name {cause.host} is not known")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return TransportFailure(FailureKind.TLS, f"no secure connection to {cause.host}: {_reason(cause)}")
        case aiohttp.ClientProxyConnectionError():
            return TransportFailure(FailureKind.PROXY, "the proxy can't be reached")
        case aiohttp.ClientHttpProxyError():
            return TransportFailure(FailureKind.PROXY, f"the proxy refused: {cause.status} {cause.message}")
        case aiohttp.ClientConnectorError():
            why = os.strerror(cause.errno) if cause.errno else "no way there"
            return TransportFailure(FailureKind.REFUSED, f"no connection to {cause.host}:{cause.port}: {why}")
        case aiohttp.ConnectionTimeoutError():
            return TransportFailure(FailureKind.NOT_CONNECTED, f"no connection within {CONNECT_TIMEOUT:g} s")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | httpx.InvalidURL() | ValueError():
            return TransportFailure(FailureKind.INVALID, "the request can't be sent: its URL or a header is not valid")
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            return TransportFailure(FailureKind.LOST, "the connection was lost before the whole answer was there")
        case aiohttp.ClientResponseError() | httpx.DecodingError():
            return TransportFailure(FailureKind.GARBLED, "what came back can't be read as HTTP")
        case _:
            return TransportFailure(FailureKind.LOST, "the connection was lost")


def _reason(error: aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError) -> str:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    return getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "the handshake failed"
