"""Faults around the routes: holds, refuses, spoils or cuts what passes. Owns no rule and no chance.

Without faults a request passes at the cost of two comparisons.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paragon_sync.emulator.faults.altering import alteration
from paragon_sync.emulator.faults.answers import Sent, refusal, spoiled
from paragon_sync.emulator.faults.chance import Asked, Faults, Hit, asked_for
from paragon_sync.emulator.faults.kinds import LONGEST, Drop, Hang, Latency
from paragon_sync.emulator.faults.reading import Faulty, read_header
from paragon_sync.emulator.tokens import BadToken, Verifier

HEADER: Final = b"x-emulator-fault"
CUT: Final = "paragon.cut"
"""In a request's scope, the function that ends its connection; its argument says whether rudely."""
ALTER: Final = "paragon.alter"
"""In a request's scope, what is made of its write."""
HAPPENED: Final = "paragon.faults"
"""In a request's scope, the names of the faults that befell it."""


class FaultMiddleware:
    """Lets the faults that are set, and those that a request asks for itself, befall the API's requests."""

    def __init__(self, app: ASGIApp, faults: Faults, verifier: Verifier) -> None:
        """Stand around ``app``."""
        self._app = app
        self._faults = faults
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = next((value for name, value in scope["headers"] if name == HEADER), None)
        if (wanted is None and not self._faults.any) or "/projects/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        try:
            hits = [*self._faults.hits(self._asked(scope))]
            hits += asked_for(read_header(wanted.decode("latin-1"))) if wanted else ()
        except Faulty as error:
            await _send(Sent(400, str(error).encode("utf-8")), send)
            return
        scope[HAPPENED] = [hit.name for hit in hits]
        with contextlib.suppress(_Cut):
            await self._befallen(hits, scope, receive, send)
            return
        await _gone(receive)

    def _asked(self, scope: Scope) -> Asked:
        headers = dict(scope["headers"])
        token = headers.get(b"authorization", b"").decode("latin-1")
        try:
            user = self._verifier.user(token)
        except BadToken:
            user = None
        _, _, path = scope["path"].partition("/projects/")
        return Asked(method=scope["method"], path="/" + path.partition("/")[2], user=user, token=token)

    async def _befallen(self, hits: list[Hit], scope: Scope, receive: Receive, send: Send) -> None:
        early = [hit for hit in hits if getattr(hit.fault, "when", "before") == "before"]
        late = [hit for hit in hits if hit not in early]
        sent = await _through(early, None, scope)
        if sent is None:
            scope[ALTER] = alteration(hits)
            sent = await self._answer(scope, receive)
            for hit in hits:
                sent = spoiled(hit.fault, sent)
            sent = await _through(late, sent, scope) or sent
        await _send(sent, send)
        if sent.length is not None:
            _cut(scope, rudely=False)

    async def _answer(self, scope: Scope, receive: Receive) -> Sent:
        """What the routes answer, held back."""
        messages: list[Message] = []

        async def holding(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, holding)
        start, *bodies = messages
        return Sent(start["status"], b"".join(one.get("body", b"") for one in bodies), start["headers"])


class _Cut(Exception):
    """The connection was ended."""


async def _through(hits: list[Hit], sent: Sent | None, scope: Scope) -> Sent | None:
    """Let time pass and the first refusal take the answer's place; raises :class:`_Cut` for a connection that ends."""
    for hit in hits:
        match hit.fault:
            case Latency():
                await asyncio.sleep(_late(hit.fault, hit))
            case Hang():
                await asyncio.sleep(hit.fault.seconds)
            case Drop():
                _cut(scope, rudely=hit.fault.reset)
            case fault:
                if (said := refusal(fault)) is not None:
                    return said
    return sent


def _late(latency: Latency, hit: Hit) -> float:
    factor = hit.random.paretovariate(latency.tail) if latency.tail else 1
    return min(latency.seconds * factor, max(latency.longest, latency.seconds), LONGEST)


def _cut(scope: Scope, *, rudely: bool) -> None:
    cut: Callable[[bool], None] | None = scope.get(CUT)
    if cut is not None:
        cut(rudely)
    raise _Cut


async def _send(sent: Sent, send: Send) -> None:
    for message in sent.messages():
        await send(message)


async def _gone(receive: Receive) -> None:
    """Until the server knows that the connection is no more: an answer isn't missed then."""
    while (await receive())["type"] != "http.disconnect":
        pass
