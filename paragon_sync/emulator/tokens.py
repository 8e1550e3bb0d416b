"""Signing keys and the verification of user tokens. Knows nothing of users' state or of HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.errors import EmulatorError

_REMEMBERED: Final = 20_000  # verified tokens; beyond it the memory starts afresh


class BadToken(Exception):
    """A token that is missing, expired, of another key or of another project."""


def new_key() -> str:
    """A new RSA private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def write_key(pem: str, path: Path) -> Path:
    """Write a private key so that its owner alone can read it."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(pem, encoding="ascii")
    return path


class Verifier:
    """Tells whose token it is; a token once verified is remembered until it expires."""

    def __init__(
        self,
        pem: str,
        project: str,
        *,
        remember: int = _REMEMBERED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the project's private key and its id."""
        try:
            # Only the public half is used: checking the private one would take 50 ms of each start.
            private = serialization.load_pem_private_key(
                pem.encode(), password=None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError) as error:
            raise EmulatorError(f"the signing key can't be read: {error}") from None
        if not isinstance(private, rsa.RSAPrivateKey):
            raise EmulatorError("the signing key is not an RSA private key")
        self._public = private.public_key()
        self._audience = f"useparagon.com/{project}"
        self._remember = remember
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def user(self, authorization: str) -> str:
        """The user that a header ``Bearer <token>`` speaks for; raises :class:`BadToken`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise BadToken("no user token was sent")
        known = self._known.get(token)
        if known is None:
            known = self._verify(token)
            if len(self._known) >= self._remember:
                self._known.clear()
            self._known[token] = known
        user, expires = known
        if expires <= self._clock():
            raise BadToken("Signature has expired")
        return user

    def _verify(self, token: str) -> tuple[str, float]:
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                options={"require": ["exp", "sub"], "verify_aud": False},
            )
        except jwt.PyJWTError as error:
            raise BadToken(str(error)) from None
        audience = claims.get("aud", self._audience)
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise BadToken("Audience doesn't match")
        user = claims["sub"]
        if not isinstance(user, str) or not user:
            raise BadToken("the token names no user")
        return user, float(claims["exp"])
