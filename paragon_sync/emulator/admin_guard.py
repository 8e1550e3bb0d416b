"""Keep web pages of other origins, and other machines' names, from the admin endpoints: these need no token."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from paragon_sync.emulator import codec

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
PREFIX: Final = "/__emulator"


class AdminGuard:
    """Answer 403 to a request for an admin endpoint whose ``Host`` is not allowed, or whose ``Origin`` is another one.

    ``hosts`` are allowed beside those of loopback.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = LOOPBACK_HOSTS | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._refusal(scope) if scope["type"] == "http" and scope["path"].startswith(PREFIX) else None
        if reason is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": codec.dumps({"message": reason}).encode()})

    def _refusal(self, scope: Scope) -> str | None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if _name_of(f"//{host}") not in self._hosts:
            return f"the admin endpoints are not served for the host {host!r}: --admin-host allows another one"
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return f"the admin endpoints are not served to pages of {origin!r}"
        return None


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
