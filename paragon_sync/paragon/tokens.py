"""Owns the signing key and the tokens made with it; PyJWT is imported here, and by the emulator, which verifies them.

Takes the key as text: where it is kept is not known here. Neither a key nor a token is ever part of a message.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from paragon_sync.errors import SigningKeyError

LIFETIME: Final = 3600
"""Seconds that a token is valid; the documented one hour."""
SKEW: Final = 30
"""Seconds that ``iat`` is set back: the server's clock may be behind."""
_MARGIN: Final = 60.0  # a token this near to its end isn't used for another request
_BATCH: Final = 32
_THREADS: Final = min(os.cpu_count() or 1, 8) + 1  # one is always between two batches
_LEAST_BITS: Final = 2048
_HINT: Final = "the signing key is the RSA private key (PEM) that the Paragon dashboard showed when it was created"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that was read and checked once; never shown."""

    rsa: RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One user's token; ``expires`` in seconds since the epoch."""

    text: str = field(repr=False)
    expires: float

    def usable(self, now: float) -> bool:
        """Whether it will still be valid for a request that starts now."""
        return now < self.expires - _MARGIN


def read_key(text: str) -> SigningKey:
    r"""The key in a PEM text (PKCS#1 or PKCS#8), with newlines or with a literal ``\n`` for each.

    Raises :class:`SigningKeyError` for anything but an unencrypted RSA private key of at least 2048 bits.
    """
    pem = text.replace("\\r", "").replace("\\n", "\n").strip().strip("\"'").strip()
    if not pem:
        raise SigningKeyError("the signing key is empty", hint=_HINT)
    if (wrong := _other_kind(pem)) is not None:
        raise SigningKeyError(f"the signing key is {wrong}, not an RSA private key", hint=_HINT)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise SigningKeyError("the signing key is encrypted with a passphrase", hint="give it decrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise SigningKeyError(
            "the signing key can't be read: its PEM is incomplete or damaged",
            hint="copy it whole, from -----BEGIN to -----END, with its line breaks or a literal \\n for each",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise SigningKeyError("the signing key is a private key of another kind than RSA", hint=_HINT)
    if key.key_size < _LEAST_BITS:
        raise SigningKeyError(f"the signing key has {key.key_size} bits; RS256 needs {_LEAST_BITS} or more", hint=_HINT)
    return SigningKey(key)


def _other_kind(pem: str) -> str | None:
    """What the text is, where it is plainly no private key at all."""
    first = pem.splitlines()[0]
    if not first.startswith("-----BEGIN "):
        return "no PEM text"
    if "CERTIFICATE" in first:
        return "a certificate"
    if "PUBLIC KEY" in first:
        return "a public key"
    if "PRIVATE KEY" not in first:
        return "a PEM text of another kind"
    return None


class Signer:
    """Makes user tokens for one project, off the event loop and in batches; ``clock`` gives seconds since the epoch."""

    def __init__(self, key: SigningKey, project: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._audience = f"useparagon.com/{project}"
        self._clock = clock
        self._waiting: deque[_Asked] = deque()
        self._running = 0

    @property
    def now(self) -> float:
        """The time by the clock that the tokens are made with, in seconds since the epoch."""
        return self._clock()

    async def token(self, user: str) -> Token:
        """A new token for the user, valid for an hour."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._begin)  # by then more may have asked
        asked: _Asked = (user, loop.create_future())
        self._waiting.append(asked)
        return await asked[1]

    def _begin(self) -> None:
        """Give every thread that is free a batch of those who wait."""
        while self._running < _THREADS and (batch := self._next_batch()):
            self._running += 1
            loop = asyncio.get_running_loop()
            signing = loop.run_in_executor(None, self._sign, [user for user, _ in batch])
            signing.add_done_callback(partial(self._hand_out, batch))

    def _next_batch(self) -> list[_Asked]:
        """The next ones who still want their token."""
        batch: list[_Asked] = []
        while self._waiting and len(batch) < _BATCH:
            asked = self._waiting.popleft()
            if not asked[1].done():
                batch.append(asked)
        return batch

    def _hand_out(self, batch: Sequence[_Asked], signing: asyncio.Future[list[Token]]) -> None:
        """Give everybody the token, or the error."""
        self._running -= 1
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

    def _sign(self, users: Sequence[str]) -> list[Token]:
        issued = int(self._clock()) - SKEW
        return [Token(text=self._encode(user, issued), expires=issued + LIFETIME) for user in users]

    def _encode(self, user: str, issued: int) -> str:
        claims = {"sub": user, "iat": issued, "exp": issued + LIFETIME, "aud": self._audience}
        return jwt.encode(claims, self._key.rsa, algorithm="RS256")


_Asked: TypeAlias = tuple[str, "asyncio.Future[Token]"]
"""A user, and where the token is waited for."""
