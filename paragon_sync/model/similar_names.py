"""Names that look like a misspelt one, for every "did you mean" there is.

The work for one misspelt name is bounded, whatever the number of known names: a project may have thousands of settings,
and a document may misspell all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import chain
from typing import Final, TypeAlias

MAX_COMPARED_NAMES: Final = 25
"""Names that a misspelt one is compared with; a comparison takes 10 to 100 µs."""
MAX_COMPARED_CHARACTERS: Final = 100
"""Characters of a name that are compared: the time grows with their square."""
MAX_NEIGHBOURS: Final = 50
"""Names before and after the misspelt one, in each order, of which the most similar ones are compared."""
MIN_SIMILARITY: Final = 0.6
MAX_REMEMBERED_NAMES: Final = 4096
MAX_REMEMBERED_INDEXES: Final = 32

Compare: TypeAlias = Callable[[str, Sequence[str], int, float], list[str]]
"""Gives the best of some names: takes a name, the others, how many at most and the least similarity."""
DEFAULT_COMPARE: Final[Compare] = get_close_matches


class SimilarNames:
    """An index of names by what they look like. Upper and lower case don't count.

    The index is made for the first misspelt name. Each misspelt name is compared once, with at most
    :data:`MAX_COMPARED_NAMES` others.
    """

    def __init__(self, names: Iterable[str], *, compare: Compare = DEFAULT_COMPARE) -> None:
        self._names = names if isinstance(names, tuple) else tuple(names)
        self._compare = compare
        self._found: dict[tuple[str, int], list[str]] = {}

    def find(self, name: str, most: int = 1) -> list[str]:
        """Return the names that look most like this one, the best first; none where no name does."""
        folded = _fold(name)
        key = (folded, most)
        if key not in self._found:
            if len(self._found) >= MAX_REMEMBERED_NAMES:
                self._found.clear()
            self._found[key] = self._find(folded, most)
        return self._found[key]

    def question(self, name: str) -> str | None:
        """Return ``did you mean "…"?``, or None where no name looks like this one."""
        found = self.find(name)
        return f'did you mean "{found[0]}"?' if found else None

    def _find(self, folded: str, most: int) -> list[str]:
        known = self._by_folded
        if folded in known and most == 1:
            return [known[folded]]
        found = self._compare(folded, self._candidates(folded), most, MIN_SIMILARITY)
        return [known[one] for one in found]

    def _candidates(self, folded: str) -> Sequence[str]:
        if len(self._by_folded) <= MAX_COMPARED_NAMES:
            return list(self._by_folded)
        backward = folded[::-1]
        neighbours = dict.fromkeys(
            chain(
                _neighbours(self._by_start, folded),
                (one[::-1] for one in _neighbours(self._by_end, backward)),
            )
        )
        ranked = sorted(neighbours, key=lambda one: _common_length(one, folded), reverse=True)
        return ranked[:MAX_COMPARED_NAMES]

    @cached_property
    def _by_folded(self) -> dict[str, str]:
        known: dict[str, str] = {}
        for name in self._names:
            known.setdefault(_fold(name), name)
        return known

    @cached_property
    def _by_start(self) -> list[str]:
        return sorted(self._by_folded)

    @cached_property
    def _by_end(self) -> list[str]:
        """The names backwards, in order: those that end alike follow each other."""
        return sorted(one[::-1] for one in self._by_folded)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean "…"?`` for a name that looks like a known one, else None."""
    return _index(tuple(known)).question(name)


def similar_names(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return the known names that look most like this one, the best first."""
    return _index(tuple(known)).find(name, most)


@lru_cache(maxsize=MAX_REMEMBERED_INDEXES)
def _index(known: tuple[str, ...]) -> SimilarNames:
    return SimilarNames(known)


def _fold(name: str) -> str:
    return name[:MAX_COMPARED_CHARACTERS].casefold()


def _neighbours(ordered: Sequence[str], name: str) -> Sequence[str]:
    at = bisect_left(ordered, name)
    return ordered[max(0, at - MAX_NEIGHBOURS) : at + MAX_NEIGHBOURS]


def _common_length(one: str, other: str) -> int:
    """Return how many characters two names have in common at their starts and ends."""
    shorter = min(len(one), len(other))
    start = 0
    while start < shorter and one[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start + end
