"""Encrypts what customers' values stand in, row by row, with a key that people keep. Knows no tables and no nouns.

AES-256-GCM with a nonce for each text. The place of a text (its table and number) is authenticated with it, so a row
that was changed, or put in place of another one, can't be read. The AES key is derived with scrypt from the people's
key and a salt; the salt and a check value are kept beside the rows, so that another key is told as such and not as
damage.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from typing import Final, NoReturn, Protocol, Self, TypeAlias

from paragon_sync.errors import PlanKeyError

KEY_VARIABLE: Final = "PARAGON_SYNC_PLAN_KEY"
"""Where people put the key; named in messages. Whoever opens a file reads it."""

SHORTEST_KEY: Final = 32  # characters

_HINT: Final = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes a key"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_COST: Final = 2**14
_CHECK: Final = "paragon-sync"
_CHECK_PLACE: Final = "key check"
_SEALED: Final = "~"
"""What a sealed text begins with, and no JSON does."""


class Sealing(Protocol):
    """How a row's text is kept. ``place`` is the same for both ways, and differs from row to row."""

    def seal(self, text: str, place: str) -> bytes: ...

    def unseal(self, kept: bytes, place: str) -> str:
        """Raises :class:`ValueError` for what :meth:`seal` didn't give for this place."""
        ...


class Plain:
    """Keeps a text as it is."""

    def seal(self, text: str, place: str) -> bytes:  # noqa: ARG002 - one of several sealings
        return text.encode()

    def unseal(self, kept: bytes, place: str) -> str:  # noqa: ARG002
        return kept.decode()


class Unavailable:
    """Stands where rows are encrypted and there is no key: what isn't encrypted can still be read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def refuse(self) -> NoReturn:
        """Raises :class:`PlanKeyError`."""
        raise PlanKeyError(
            f"{self._name} is encrypted, and {KEY_VARIABLE} is not set", hint="set it to the key that it was made with"
        )

    def seal(self, text: str, place: str) -> bytes:  # noqa: ARG002
        self.refuse()

    def unseal(self, kept: bytes, place: str) -> str:  # noqa: ARG002
        self.refuse()


class Sealed:
    """Encrypts under one key and one salt."""

    def __init__(self, key: str, salt: bytes) -> None:
        """Use :meth:`new` or :meth:`known`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        derived = hashlib.scrypt(key.encode("utf-8", "surrogateescape"), salt=salt, n=_COST, r=8, p=1, dklen=32)
        self._aead, self._invalid = AESGCM(derived), InvalidTag
        self._salt = salt

    @classmethod
    def new(cls, key: str) -> Self:
        """With a salt of its own. Raises :class:`PlanKeyError` for a key that is too short."""
        check_key(key)
        return cls(key, os.urandom(_SALT_BYTES))

    @classmethod
    def known(cls, key: str, described: str, name: str) -> Self:
        """For what ``name`` holds, which says of itself what :meth:`describe` gave.

        Raises :class:`PlanKeyError` for another key, :class:`ValueError` for what describes nothing.
        """
        salt, check = (b64decode(part, validate=True) for part in described.split(" "))
        sealed = cls(key, salt)
        try:
            sealed.unseal(check, _CHECK_PLACE)
        except ValueError:
            raise PlanKeyError(
                f"{name} is encrypted with another key than the one in {KEY_VARIABLE}",
                hint="set it to the key that it was made with",
            ) from None
        return sealed

    def describe(self) -> str:
        """What has to be kept beside the rows: nothing secret, one line of ASCII."""
        check = self.seal(_CHECK, _CHECK_PLACE)
        return f"{b64encode(self._salt).decode()} {b64encode(check).decode()}"

    def seal(self, text: str, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), place.encode())

    def unseal(self, kept: bytes, place: str) -> str:
        try:
            return self._aead.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], place.encode()).decode()
        except (self._invalid, ValueError):
            raise ValueError("not what was sealed here") from None


def check_key(key: str) -> None:
    """Raises :class:`PlanKeyError` for a key that could be guessed by its length alone."""
    if len(key) < SHORTEST_KEY:
        raise PlanKeyError(f"{KEY_VARIABLE} is too short: it needs {SHORTEST_KEY} characters or more", hint=_HINT)


Place: TypeAlias = "tuple[str | int, ...]"
"""Where a line stands, in words."""


def seal_line(sealing: Sealing, text: str, place: Place) -> str:
    """A sealed JSON text for a column of text: what isn't encrypted stays as it is."""
    if isinstance(sealing, Plain):
        return text
    return _SEALED + b64encode(sealing.seal(text, _named(place))).decode()


def unseal_line(sealing: Sealing, kept: str, place: Place) -> str:
    """The text that :func:`seal_line` was given; one that was kept before there was a key is as it is.

    Raises :class:`ValueError` for what isn't.
    """
    if not kept.startswith(_SEALED):
        return kept
    return sealing.unseal(b64decode(kept.removeprefix(_SEALED), validate=True), _named(place))


def _named(place: Place) -> str:
    return " ".join(map(str, place))
