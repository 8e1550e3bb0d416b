"""Owns what a token says, and its signature; PyJWT is imported here, and by the emulator, which verifies tokens.

A token is never part of a message. Who signs when, and where, is ``signer``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from paragon_sync.paragon.signing.key import SigningKey

LIFETIME: Final = 3600
"""Seconds that a token is valid; the documented one hour."""
SKEW: Final = 30
"""Seconds that ``iat`` is set back: the server's clock may be behind."""
_MARGIN: Final = 60.0  # a token this near to its end isn't used for another request


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One user's token; ``expires`` in seconds since the epoch."""

    text: str = field(repr=False)
    expires: float

    def usable(self, now: float) -> bool:
        """Whether it will still be valid for a request that starts now."""
        return now < self.expires - _MARGIN


def sign(key: SigningKey, project: str, user: str, issued: int) -> str:
    """The text of a token for the user; ``issued`` in seconds since the epoch."""
    import jwt  # it takes longer to load than most of what is ours

    claims = {"sub": user, "iat": issued, "exp": issued + LIFETIME, "aud": f"useparagon.com/{project}"}
    return jwt.encode(claims, key.rsa, algorithm="RS256")
