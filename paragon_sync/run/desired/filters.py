"""What of the manifests a command is about, and whether a filter leads anywhere. Knows no files and no live state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from paragon_sync.catalog.naming import suggestion
from paragon_sync.errors import UsageError
from paragon_sync.model.desired import DesiredFragment

_REMEMBERED: Final = 5000  # ids that a mistyped one is compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Globs on user ids, and integrations' types; empty means all. ``only`` narrows it to these very users.

    ``checks_all`` is whether errors in documents about other users count: they do wherever a plan is written.
    """

    users: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    checks_all: bool = True

    @property
    def about(self) -> frozenset[str] | None:
        """The users whose documents alone are read; None where all documents are."""
        return None if self.checks_all else self.only

    @property
    def named_users(self) -> int:
        """How many users are named in full; a glob may match any number."""
        return len(self.users if self.only is None else self.only)

    def narrow(self, fragment: DesiredFragment) -> DesiredFragment:
        """The fragment without what the filter leaves out; metadata belongs to no integration."""
        if not self.integrations:
            return fragment
        blocks = tuple(block for block in fragment.blocks if block.integration in self.integrations)
        return replace(fragment, metadata=(), blocks=blocks)

    def as_text(self) -> Mapping[str, str]:
        chosen = {"user": self.users, "integration": self.integrations}
        return {name: ", ".join(values) for name, values in chosen.items() if values}


class Sieve:
    """Filters at work on users' ids. It remembers what matched, because a filter that never does is a mistake."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self.about = filters.about
        self._unmatched = set(filters.users)
        self._others: list[str] = []

    def accepts(self, user: str) -> bool:
        """Whether a filter on users lets this one through; an id always matches itself."""
        if self._filters.only is not None and user not in self._filters.only:
            return False
        if not self._filters.users:
            return True
        matching = [glob for glob in self._filters.users if glob == user or fnmatchcase(user, glob)]
        self._unmatched.difference_update(matching)
        if not matching and len(self._others) < _REMEMBERED:
            self._others.append(user)
        return bool(matching)

    def check(self, used: Collection[str]) -> None:
        """Raise :class:`UsageError` for a filter that matched nothing; ``used`` are the integrations of all documents.

        "Nothing to do" would be a lie about a user or an integration that was mistyped.
        """
        for glob in self._filters.users:
            if glob in self._unmatched:
                others = list(dict.fromkeys(self._others))
                raise UsageError(f'--user "{glob}": no document is about such a user', hint=_hint(glob, others))
        for kind in self._filters.integrations:
            if kind not in used:
                message = f'--integration "{kind}": no document is about such an integration'
                raise UsageError(message, hint=_hint(kind, list(used)))


def _hint(name: str, known: list[str]) -> str:
    return suggestion(name, known, known)
