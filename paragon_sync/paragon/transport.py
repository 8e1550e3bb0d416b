"""Owns the seam to HTTP libraries: our own request, response and failure. Knows no library, no token and no Paragon.

A transport sends one request and gives back one whole answer. It follows no redirects, keeps no cookies (users share
it) and never repeats a request that may have been received.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

CONNECT_TIMEOUT: Final = 10.0
"""Seconds until there must be a connection."""
KEEP_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""


MAX_BODY_BYTES: Final = 64 * 2**20
"""Bytes of an unpacked body; reading ends beyond that, so that no answer fills the memory."""


class FailureKind(enum.StrEnum):
    """Why there is no answer."""

    UNKNOWN_HOST = "unknown host"
    REFUSED = "refused"
    TLS = "tls"
    PROXY = "proxy"
    NOT_CONNECTED = "not connected"
    """No connection within the time-out: nothing was sent."""
    TIMED_OUT = "timed out"
    """Sent, and no whole answer within the time-out."""
    LOST = "lost"
    """The connection broke before the whole answer was there."""
    GARBLED = "garbled"
    """What came isn't HTTP, or its body can't be unpacked."""
    TOO_LARGE = "too large"
    """The body is longer than :data:`MAX_BODY_BYTES` once it is unpacked."""
    INVALID = "invalid"
    """The request itself can't be sent, such as a URL without a host."""


class TransportFailure(Exception):
    """No whole answer. Internal to this room: the client makes an ``ApiError`` of it."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Headers(Mapping[str, str]):
    """Response headers; names are looked up without regard to case, repeated ones are joined with ``, ``."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values


class HttpRequest(NamedTuple):
    """One request; ``timeout`` is in seconds and covers everything, from connecting to the last byte of the answer."""

    method: str
    url: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    timeout: float = 30.0

    def __repr__(self) -> str:
        """Without the token, and without anybody's values."""
        return f"HttpRequest(method={self.method!r}, url={self.url!r}, timeout={self.timeout!r})"


class HttpResponse(NamedTuple):
    """One whole answer, its body unpacked."""

    status: int
    headers: Headers = Headers()
    body: bytes = b""

    def __repr__(self) -> str:
        """Without anybody's values."""
        return f"HttpResponse(status={self.status!r}, headers={self.headers!r})"


class Transport(Protocol):
    """What carries requests. ``send`` raises :class:`TransportFailure` and nothing else of its own."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and read its whole answer, whatever its status."""

    async def aclose(self) -> None:
        """Give back every connection; ``send`` fails from then on, and opens none."""
