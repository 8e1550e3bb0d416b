"""Owns how a name leads to an id: exact ids, unique titles, ``id:…``, and what to say of a miss. Knows no document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from paragon_sync.model.catalog import Catalog
from paragon_sync.model.similar_names import DEFAULT_COMPARE, Compare, SimilarNames, did_you_mean

ESCAPE: Final = "id:"
"""Before an exact id that is taken as it stands, known to the catalog or not."""
_SHOWN: Final = 8  # candidates that a message lists


@dataclass(frozen=True, slots=True)
class Miss:
    """A name that leads to no id, or to several: the end of a sentence, and what to do."""

    message: str
    hint: str


class Names:
    """The ids and titles of one scope, such as the settings of one workflow."""

    def __init__(self, titles: Mapping[str, str], *, compare: Compare = DEFAULT_COMPARE) -> None:
        self._titles = titles
        self._compare = compare
        self._ids: dict[str, list[str]] = {}
        for id_, title in titles.items():
            self._ids.setdefault(title, []).append(id_)

    def id_of(self, name: str, what: str, several: str | None = None) -> str | Miss:
        """The id that the name stands for; ``what`` is what people call the thing (``setting``), or ``several``."""
        if name.startswith(ESCAPE):
            return name.removeprefix(ESCAPE)
        if name in self._titles:
            return name
        ids = self._ids.get(name, [])
        if len(ids) == 1:
            return ids[0]
        if ids:
            found = several or f"{what}s"
            return Miss(f'has {len(ids)} {found} "{name}"', f"name it by its id: {', '.join(sorted(ids))}")
        return Miss(f'has no {what} "{name}"', self._similar.question(name) or self._listing)

    def unique(self) -> dict[str, str]:
        """Return the known ids by every name that leads to exactly one."""
        names = [*self._titles, *self._ids, *(ESCAPE + id_ for id_ in self._titles)]
        found = {name: self.id_of(name, "") for name in names}
        return {name: id_ for name, id_ in found.items() if isinstance(id_, str) and id_ in self._titles}

    def label(self, id_: str) -> str:
        """The title of an id for people, or the id where there is none."""
        return self._titles.get(id_) or f"{ESCAPE}{id_}"

    def portable(self, id_: str) -> str:
        """A name that leads back to exactly this id: its title where that is unique, else ``id:…``."""
        title = self._titles.get(id_, "")
        return title if title and self.id_of(title, "") == id_ and not title.startswith(ESCAPE) else f"{ESCAPE}{id_}"

    @cached_property
    def _similar(self) -> SimilarNames:
        return SimilarNames([*self._ids, *self._titles], compare=self._compare)

    @cached_property
    def _listing(self) -> str:
        return _list_names(list(self._ids))


def suggestion(name: str, known: Iterable[str], listed: Sequence[str]) -> str:
    """What may have been meant: the nearest of the ``known`` names, else the ``listed`` ones."""
    return did_you_mean(name, known) or _list_names(listed)


def _list_names(listed: Sequence[str]) -> str:
    if not listed:
        return "there are none"
    names = sorted(listed)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "there are: " + ", ".join(f'"{n}"' for n in names[:_SHOWN]) + more


def described(catalog: Catalog, now: datetime) -> str:
    """Which catalog a message speaks of: ``catalog of production, pulled 3 days ago``."""
    try:
        pulled = datetime.fromisoformat(catalog.pulled)
        seconds = (now - pulled).total_seconds()
    except (ValueError, TypeError):
        return f"catalog of {catalog.origin}"
    return f"catalog of {catalog.origin}, pulled {_ago(seconds)}"


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
