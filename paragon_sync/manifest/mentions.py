"""Whether a document can be about certain users, by its text alone: parsing it takes 20 to 100 times as long."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_ABOUT_MANY: Final = ("Profile", "Rollout", "Migration")
"""Kinds whose documents don't name the users that they are about."""
_ESCAPE: Final = "\\"
"""With it YAML and JSON can spell any character in other ways."""


class Mentions:
    """Tells for the text of a document whether it may be about one of some users. It may err on the side of yes.

    Without a backslash a word is spelled with its own characters, in YAML and JSON alike, except that YAML folds white
    space and doubles ``'`` between single quotes.
    """

    def __init__(self, users: Collection[str]) -> None:
        self._users = tuple(users)
        self._any = any("'" in user or not user or any(map(str.isspace, user)) for user in self._users)

    def __call__(self, text: str) -> bool:
        """Return False only for a text that is about none of the users, whatever it holds."""
        if self._any or _ESCAPE in text or any(kind in text for kind in _ABOUT_MANY):
            return True
        return any(user in text for user in self._users)
