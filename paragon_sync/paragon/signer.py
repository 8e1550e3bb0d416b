"""Owns who signs tokens, and where: off the event loop, a batch at a time, by threads or by processes for many.

Knows what it needs of a key, and nothing of requests.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from paragon_sync.paragon.signing_processes import SigningProcesses
from paragon_sync.paragon.tokens import LIFETIME, SKEW, SigningKey, Token, sign

_BATCH: Final = 32
_THREADS: Final = min(os.cpu_count() or 1, 8) + 1  # one is always between two batches
MANY: Final = 500
"""For so many tokens it is worth it to start processes: they take a tenth of a second until they can sign."""


class Signer:
    """Makes user tokens for one project; ``clock``, which they are made with, gives seconds since the epoch.

    Whoever has called :meth:`expect` calls :meth:`aclose` in the end.
    """

    def __init__(self, key: SigningKey, project: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._project = project
        self.clock = clock
        self._waiting: deque[_Asked] = deque()
        self._running: set[asyncio.Task[list[Token]]] = set()
        self._processes: SigningProcesses | None = None

    async def expect(self, tokens: int) -> None:
        """Prepare for so many: for :data:`MANY` processes are started."""
        if tokens >= MANY and self._processes is None:
            self._processes = await SigningProcesses.start(self._key, self._project)

    async def token(self, user: str) -> Token:
        """A new token for the user, valid for an hour."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._begin)  # by then more may have asked
        asked: _Asked = (user, loop.create_future())
        self._waiting.append(asked)
        return await asked[1]

    async def aclose(self) -> None:
        """End the processes, if there are any."""
        if self._processes is not None:
            await self._processes.aclose()

    def _begin(self) -> None:
        """Give everybody who is free a batch of those who wait."""
        most = _THREADS if self._processes is None else self._processes.room or _THREADS
        while len(self._running) < most and (batch := self._next_batch()):
            self._running.add(signing := asyncio.create_task(self._sign([user for user, _ in batch])))
            signing.add_done_callback(partial(self._hand_out, batch))

    def _next_batch(self) -> list[_Asked]:
        """The next ones who still want their token."""
        batch: list[_Asked] = []
        while self._waiting and len(batch) < _BATCH:
            asked = self._waiting.popleft()
            if not asked[1].done():
                batch.append(asked)
        return batch

    def _hand_out(self, batch: Sequence[_Asked], signing: asyncio.Task[list[Token]]) -> None:
        """Give everybody the token, or the error."""
        self._running.discard(signing)
        self._begin()
        error = None if signing.cancelled() else signing.exception()
        for place, (_, wanted) in enumerate(batch):
            if wanted.done():
                continue
            if signing.cancelled():
                wanted.cancel()
            elif error is not None:
                wanted.set_exception(error)
            else:
                wanted.set_result(signing.result()[place])

    async def _sign(self, users: Sequence[str]) -> list[Token]:
        issued = int(self.clock()) - SKEW
        texts = None if self._processes is None else await self._processes.sign(users, issued)
        if texts is None:
            loop = asyncio.get_running_loop()
            texts = await loop.run_in_executor(None, self._sign_here, users, issued)
        return [Token(text=text, expires=issued + LIFETIME) for text in texts]

    def _sign_here(self, users: Sequence[str], issued: int) -> list[str]:
        return [sign(self._key, self._project, user, issued) for user in users]


_Asked: TypeAlias = tuple[str, "asyncio.Future[Token]"]
"""A user, and where the token is waited for."""
