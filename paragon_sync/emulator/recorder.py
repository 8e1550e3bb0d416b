"""The record of the requests that were served: what a test asks after. Tokens never enter it."""

from __future__ import annotations

from collections import deque
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject

_KEPT: Final = 20_000
_HEADERS: Final = frozenset(
    {
        b"accept",
        b"content-type",
        b"user-agent",
        b"x-paragon-credential",
        b"x-paragon-configuration-id",
        b"x-paragon-sdk-version",
    }
)


class Recorder:
    """The latest requests, the oldest first; older ones are forgotten, but counted."""

    def __init__(self, *, keep: int = _KEPT) -> None:
        """Start with none; ``keep`` is how many are remembered."""
        self._requests: deque[tuple[Scope, bytes, int]] = deque(maxlen=keep)
        self.count = 0

    def add(self, scope: Scope, content: bytes, status: int) -> None:
        """Record one request; ``status`` is 0 for one that was not answered."""
        self._requests.append((scope, content, status))
        self.count += 1

    def to_json(self) -> list[Json]:
        """Each request as ``{number, method, path, query, user, headers, body, status}``."""
        first = self.count - len(self._requests) + 1
        return [_entry(first + index, *request) for index, request in enumerate(list(self._requests))]


def _entry(number: int, scope: Scope, content: bytes, status: int) -> JsonObject:
    body: Json = None
    if content:
        try:
            body = codec.loads(content)
        except codec.Unreadable:
            body = content.decode("utf-8", "replace")
    headers: JsonObject = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name in _HEADERS
    }
    return {
        "number": number,
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "user": scope.get("paragon.user"),
        "headers": headers,
        "body": body,
        "status": status,
    }


class RecordingMiddleware:
    """Records each request but those of the admin endpoints."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        """Stand around ``app``."""
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/__emulator"):
            await self._app(scope, receive, send)
            return
        content = await read_content(receive)
        status = 0
        unread = [content]

        async def receiving() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return await receive()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Recorded before the client has the answer: whoever asks after it, finds it.
                self._recorder.add(scope, content, status)
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            if status == 0:
                self._recorder.add(scope, content, 0)


async def read_content(receive: Receive) -> bytes:
    """A request's whole body."""
    content = bytearray()
    while True:
        message = await receive()
        content.extend(message.get("body", b""))
        if not message.get("more_body", False):
            return bytes(content)
