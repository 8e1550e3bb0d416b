"""Which rows of a plan file are asked for, and the query that finds them by its indexes. Knows no nouns' texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Final, TypeAlias

from paragon_sync.model.planned import FindingKind
from paragon_sync.store import layout
from paragon_sync.store.layout import Table

_WILD: Final = "*?["


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Globs on users' ids, integrations' types, kinds of findings; what is empty means all.

    Metadata belongs to no integration, and an operation to no kind of finding.
    """

    users: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    kinds: tuple[FindingKind, ...] = ()

    @property
    def is_everything(self) -> bool:
        return not (self.users or self.integrations or self.kinds)

    def as_text(self) -> Mapping[str, str]:
        """For people, by the names of the options that ask for it."""
        chosen = {"user": self.users, "integration": self.integrations, "finding": self.kinds}
        return {name: ", ".join(values) for name, values in chosen.items() if values}


EVERYTHING: Final = Selection()


MATCHES: Final = "matches"
"""The SQL function that queries call with a glob and a user's column: :func:`matches`."""

Condition: TypeAlias = tuple[str, tuple[bytes, ...]]
"""SQL, and the values of its parameters."""


def matches(glob: bytes, user: bytes) -> bool:
    """:func:`is_meant`, of columns."""
    return is_meant(layout.name_of(glob), layout.name_of(user))


def is_meant(glob: str, user: str) -> bool:
    """Whether an id matches; it always matches itself, whatever its characters mean in a pattern."""
    return glob == user or fnmatchcase(user, glob)


def condition(table: Table, selection: Selection) -> Condition | None:
    """What holds for the rows that are asked for; None where that is all of them."""
    if selection.kinds and table == "operations":
        return "0", ()
    if selection.is_everything:
        return None
    index = "user" if selection.users else "integration" if selection.integrations else "kind"
    narrowed = [_one_of("integration", selection.integrations), _one_of("kind", selection.kinds)]
    parts = [_all(_like(glob), *narrowed) for glob in selection.users] or [_all(*narrowed)]
    found = [f"SELECT number FROM {table} INDEXED BY {table}_by_{index} WHERE {sql}" for sql, _ in parts]  # noqa: S608 - names of our own
    return f"number IN ({' UNION ALL '.join(found)})", tuple(value for _, values in parts for value in values)


def _like(glob: str) -> Condition:
    """The stretch of the index that begins as the glob does, and in it what matches."""
    whole, start = layout.key(glob), layout.key("".join(takewhile(lambda character: character not in _WILD, glob)))
    if start == whole:
        return "user = ?", (whole,)
    if not start:
        return f"{MATCHES}(?, user)", (whole,)
    after = start[:-1] + bytes([start[-1] + 1])  # ids are UTF-8, which has no byte 0xff
    return f"user >= ? AND user < ? AND {MATCHES}(?, user)", (start, after, whole)


def _one_of(column: str, values: Sequence[str]) -> Condition:
    return (f"{column} IN ({', '.join('?' * len(values))})" if values else ""), tuple(map(layout.key, values))


def _all(*conditions: Condition) -> Condition:
    return " AND ".join(sql for sql, _ in conditions if sql), tuple(v for _, values in conditions for v in values)
