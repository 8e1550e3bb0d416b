"""The record of the requests that were served: what a test asks after. Tokens never enter it."""

from __future__ import annotations

import re
import time
from collections import deque
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.passage import PASSAGE, Passage
from paragon_sync.emulator.writes import REMEMBERED, moment

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


_TOKEN: Final = re.compile(r"(token=)[^&]*", re.IGNORECASE)
"""A token in a query, as the pages of the portal send it."""


class Recorder:
    """The latest requests, the oldest first; older ones are forgotten, but counted."""

    def __init__(self, *, remember: int = REMEMBERED) -> None:
        """Start with none; ``remember`` is how many are kept."""
        self._requests: deque[tuple[Scope, bytes]] = deque(maxlen=remember)
        self.count = 0

    def add(self, scope: Scope, content: bytes) -> None:
        """Record one request before it is served: whoever asks after an answer, or its end, finds it."""
        self.count += 1
        scope[PASSAGE].number = self.count
        self._requests.append((scope, content))

    def forget(self) -> None:
        """Forget all; the count goes on."""
        self._requests.clear()

    def to_json(self) -> list[Json]:
        """Each request in the order in which they came; the keys are those of :func:`_entry`."""
        return [_entry(*request) for request in list(self._requests)]


def _entry(scope: Scope, content: bytes) -> JsonObject:
    passage: Passage = scope[PASSAGE]
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
        "number": passage.number,
        "method": scope["method"],
        "path": scope["path"],
        "query": _TOKEN.sub(r"\1***", scope["query_string"].decode("latin-1")),
        "user": passage.user,
        "headers": headers,
        "body": body,
        "status": passage.status,
        "received": moment(passage.received),
        "handled": moment(passage.handled),
        "answered": moment(passage.answered),
        "faults": [*passage.faults],
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
        passage = scope[PASSAGE] = _passage(scope)
        content = await read_content(receive)
        self._recorder.add(scope, content)
        unread = [content]

        async def receiving() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return await receive()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                passage.status = message["status"]
            else:
                passage.answered = time.monotonic()
            await send(message)

        await self._app(scope, receiving, sending)


def _passage(scope: Scope) -> Passage:
    now = time.monotonic()
    passage = Passage(method=scope["method"], path=scope["path"], received=now)
    for name, value in scope["headers"]:
        if name == b"x-paragon-sdk-version":
            # Who comes with the vendor's SDK is a person in the portal, or in a page that stands for it.
            passage.who = "portal"
        elif name == b"x-emulator-fault":
            passage.wanted = value
    return passage


async def read_content(receive: Receive) -> bytes:
    """A request's whole body."""
    content = bytearray()
    while True:
        message = await receive()
        content.extend(message.get("body", b""))
        if not message.get("more_body", False):
            return bytes(content)
