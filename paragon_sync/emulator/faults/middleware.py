"""Faults around the routes: holds, refuses, spoils or cuts what passes. Owns no rule and no chance.

Without faults a request passes at the cost of two comparisons.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paragon_sync.emulator.faults import altering
from paragon_sync.emulator.faults.answers import Sent, error_answer, refusal, spoiled
from paragon_sync.emulator.faults.chance import Asked, Faults, Hit, asked_for
from paragon_sync.emulator.faults.kinds import LONGEST, Drop, Hang, Latency, Pages
from paragon_sync.emulator.faults.paging import Listing, page_of
from paragon_sync.emulator.faults.reading import read_header
from paragon_sync.emulator.passage import PASSAGE, Passage
from paragon_sync.emulator.records import Unfit
from paragon_sync.emulator.tokens import BadToken, Verifier

CUT: Final = "paragon.cut"
"""In a request's scope, the function that ends its connection; its argument says whether rudely."""


class FaultMiddleware:
    """Lets the faults that are set, and those that a request asks for itself, befall the API's requests."""

    def __init__(self, app: ASGIApp, faults: Faults, verifier: Verifier) -> None:
        """Stand around ``app``."""
        self._app = app
        self._faults = faults
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage: Passage | None = scope.get(PASSAGE)
        if passage is None or (passage.wanted is None and not self._faults.any) or "/projects/" not in passage.path:
            await self._app(scope, receive, send)
            return
        wanted = passage.wanted
        try:
            hits = [*self._faults.hits(self._asked(scope))]
            hits += asked_for(read_header(wanted.decode("latin-1"))) if wanted else ()
        except Unfit as error:
            await _send(error_answer(400, str(error)), send)
            return
        passage.faults = tuple(hit.name for hit in hits)
        passage.alter = altering.alteration(hits)
        passage.shown = altering.shown(hits)
        passage.lag = altering.lag(hits)
        try:
            await self._befallen(hits, scope, receive, send)
        except _Cut as cut:
            await _end(scope, receive, rudely=cut.rudely)
        except asyncio.CancelledError:
            # The emulator ends while an answer is held: the client sees its connection end.
            await _end(scope, receive, rudely=False)

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
        sent = await _through(early)
        if sent is None:
            sent = await self._answer(scope, receive)
            for hit in hits:
                if isinstance(hit.fault, Pages):
                    sent = page_of(hit.fault, sent, Listing.of(scope))
                else:
                    sent = spoiled(hit.fault, sent)
            sent = await _through(late) or sent
        await _send(sent, send)
        if sent.length is not None:
            raise _Cut(rudely=False)

    async def _answer(self, scope: Scope, receive: Receive) -> Sent:
        """What the routes answer, held back."""
        messages: list[Message] = []

        async def holding(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, holding)
        start, *bodies = messages
        return Sent(start["status"], b"".join(one.get("body", b"") for one in bodies), start["headers"])


class _Cut(Exception):
    """The connection is to be ended."""

    def __init__(self, *, rudely: bool) -> None:
        super().__init__()
        self.rudely = rudely


async def _through(hits: list[Hit]) -> Sent | None:
    """Let time pass; the first answer that is to take the place of the API's. Raises :class:`_Cut`."""
    for hit in hits:
        match hit.fault:
            case Latency():
                await asyncio.sleep(_late(hit.fault, hit))
            case Hang():
                await asyncio.sleep(hit.fault.seconds)
            case Drop():
                raise _Cut(rudely=hit.fault.reset)
            case fault:
                if (said := refusal(fault)) is not None:
                    return said
    return None


def _late(latency: Latency, hit: Hit) -> float:
    factor = hit.random().paretovariate(latency.tail) if latency.tail else 1
    return min(latency.seconds * factor, max(latency.longest, latency.seconds), LONGEST)


async def _send(sent: Sent, send: Send) -> None:
    for message in sent.messages():
        await send(message)


async def _end(scope: Scope, receive: Receive, *, rudely: bool) -> None:
    """End the connection, and wait until the server knows: it misses no answer then."""
    cut: Callable[[bool], None] = scope[CUT]
    cut(rudely)
    while (await receive())["type"] != "http.disconnect":
        pass
