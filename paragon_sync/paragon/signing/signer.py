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
from typing import Final, NamedTuple, TypeAlias

from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.processes import SigningProcesses
from paragon_sync.paragon.signing.tokens import LIFETIME, SKEW, Token, sign

_BATCH: Final = 32
_FORESEEN: Final = 2048  # users; more than are signed while a usual file is read
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
        self._foreseen: deque[str] = deque()
        self._early: dict[str, _Signing | None] = {}  # of those foreseen who have not asked; None until it is begun
        self._running: set[asyncio.Task[list[Token]]] = set()
        self._processes: SigningProcesses | None = None

    async def expect(self, tokens: int) -> None:
        """Prepare for so many: for :data:`MANY` processes are started."""
        if tokens >= MANY and self._processes is None:
            self._processes = await SigningProcesses.start(self._key, self._project)

    def foresee(self, user: str) -> None:
        """The user's token will be asked for: processes sign it once nobody waits for theirs, in the order of calls.

        Without processes this does nothing; they are what :meth:`expect` starts.
        """
        if self._processes is None or len(self._early) >= _FORESEEN or user in self._early:
            return
        self._early[user] = None
        self._foreseen.append(user)
        if len(self._foreseen) == 1:
            asyncio.get_running_loop().call_soon(self._begin)

    async def token(self, user: str) -> Token:
        """A token for the user: a new one, valid for an hour, or the one that was signed since it was foreseen."""
        early = self._early.pop(user, None)
        if early is not None and (token := await early.token()) is not None and token.usable(self.clock()):
            return token
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._begin)  # by then more may have asked
        wanted: asyncio.Future[Token] = loop.create_future()
        self._waiting.append((user, wanted))
        return await wanted

    async def aclose(self) -> None:
        """End the processes, if there are any."""
        self._foreseen.clear()
        if self._processes is not None:
            await self._processes.aclose()

    def _begin(self) -> None:
        """Give everybody who is free a batch of those who wait, or else each process one of those who were foreseen."""
        room = 0 if self._processes is None else self._processes.room
        while len(self._running) < (room or _THREADS):
            if batch := self._next_batch():
                self._run([user for user, _ in batch]).add_done_callback(partial(self._hand_out, batch))
            elif room and (users := self._next_foreseen()):
                signing = self._run(users)
                self._early.update((user, _Signing(signing, place)) for place, user in enumerate(users))
            else:
                return

    def _run(self, users: Sequence[str]) -> asyncio.Task[list[Token]]:
        self._running.add(signing := asyncio.create_task(self._sign(users)))
        signing.add_done_callback(self._ended)
        return signing

    def _ended(self, signing: asyncio.Task[list[Token]]) -> None:
        self._running.discard(signing)
        if not signing.cancelled():
            signing.exception()  # told by whoever waits: nobody may
        self._begin()

    def _next_batch(self) -> list[_Asked]:
        """The next ones who still want their token."""
        batch: list[_Asked] = []
        while self._waiting and len(batch) < _BATCH:
            asked = self._waiting.popleft()
            if not asked[1].done():
                batch.append(asked)
        return batch

    def _next_foreseen(self) -> list[str]:
        """The next users who have not asked yet."""
        users: list[str] = []
        while self._foreseen and len(users) < _BATCH:
            user = self._foreseen.popleft()
            if user in self._early:
                users.append(user)
        return users

    def _hand_out(self, batch: Sequence[_Asked], signing: asyncio.Task[list[Token]]) -> None:
        """Give everybody the token, or the error."""
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


class _Signing(NamedTuple):
    """Where a foreseen user's token comes from."""

    batch: asyncio.Task[list[Token]]
    place: int

    async def token(self) -> Token | None:
        """The token, once it is signed; None after an error: it is to be signed by itself."""
        if not self.batch.done():
            await asyncio.wait({self.batch})
        if self.batch.cancelled() or self.batch.exception() is not None:
            return None
        return self.batch.result()[self.place]


_Asked: TypeAlias = tuple[str, "asyncio.Future[Token]"]
"""A user, and where the token is waited for."""
