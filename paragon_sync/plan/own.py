"""Who owns a value: of all the words on one target, the one that decides, or the two that contradict each other.

Knows ranks and intents; nothing of live state, accounts or the API.

    profiles of one document                     the later wins
    a document and its profiles                  the document wins; where it releases the value, it is silent
    ``all`` and a specific selector in one layer the specific wins
    settings and defaults                        settings win
    the same from several                        fine
    settings that differ, defaults that differ   contradiction
    unset against settings or defaults           contradiction
    release against any other, in one document   contradiction
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Claim, Default, DesiredDocument, Intent, Release, Set, Unset
from paragon_sync.plan.select import Reach, place_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One claim with its rank: higher layers win within a document, and higher specificity within a layer."""

    claim: Claim
    source: str
    document: int
    layer: int
    specificity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The word that decides, and every other with the rule that put it behind; ``secret`` if any equal word says so."""

    winner: Word
    losers: tuple[tuple[Word, str], ...]
    secret: bool

    @property
    def released(self) -> bool:
        """Whether nobody manages the value: whoever had a word on it gives it back."""
        return isinstance(self.winner.claim.intent, Release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two words of equal rank that can't both hold, the second at ``place``, the first at ``other``."""

    message: str
    place: Place
    other: Place


Verdict: TypeAlias = Ruling | Contradiction


def metadata_words(documents: Iterable[DesiredDocument]) -> list[Word]:
    """Every word on the user's metadata."""
    return [
        Word(claim=claim, source=layer.source, document=number, layer=depth)
        for number, document in enumerate(documents)
        for depth, layer in enumerate(document.layers)
        for claim in layer.metadata
    ]


def words_of(reach: Reach) -> list[Word]:
    """Every word of one block."""
    source, document, layer, specificity = reach.source, reach.document, reach.layer, reach.specificity
    return [
        Word(claim=claim, source=source, document=document, layer=layer, specificity=specificity)
        for claim in reach.block.claims
    ]


def rule(words: Sequence[Word]) -> Verdict:
    """Decide between all words on one target; the order in which they come doesn't matter."""
    if len(words) == 1:  # nearly always
        return Ruling(winner=words[0], losers=(), secret=words[0].claim.secret)
    losers: list[tuple[Word, str]] = []
    ordered = sorted(words, key=lambda word: (place_order(word.claim.place), word.source))
    pool = _most_specific(_strongest_layers(ordered, losers), losers)
    if released := _released(pool, losers):
        return released
    unsets = [word for word in pool if isinstance(word.claim.intent, Unset)]
    sets = [word for word in pool if isinstance(word.claim.intent, Set)]
    defaults = [word for word in pool if isinstance(word.claim.intent, Default)]
    losers += [(word, "its document is silent") for word in pool if isinstance(word.claim.intent, Release)]
    deciding = unsets or sets or defaults
    winner = deciding[0]
    against = [*sets, *defaults] if unsets else []
    against += [word for word in deciding[1:] if not same_intent(word.claim.intent, winner.claim.intent)]
    if against:
        return _contradiction(winner, min(against, key=lambda word: place_order(word.claim.place)))
    losers += [(word, f"the same as {winner.source}") for word in deciding[1:]]
    if sets:
        losers += [(word, "settings win over defaults") for word in defaults]
    return Ruling(winner=winner, losers=tuple(losers), secret=any(word.claim.secret for word in deciding))


def same_intent(left: Intent, right: Intent) -> bool:
    """Whether two words say the same, ``blank`` included, whose order doesn't matter."""
    match left, right:
        case (Set(value=a), Set(value=b)):
            return equal(a, b)
        case (Default(value=a, blank=x), Default(value=b, blank=y)):
            return equal(a, b) and _all_in(x, y) and _all_in(y, x)
        case (Unset(), Unset()) | (Release(), Release()):
            return True
        case _:
            return False


def among(value: Json, values: Iterable[Json]) -> bool:
    return any(equal(value, other) for other in values)


def _all_in(some: Iterable[Json], others: Sequence[Json]) -> bool:
    return all(among(value, others) for value in some)


def _strongest_layers(words: Sequence[Word], losers: list[tuple[Word, str]]) -> list[Word]:
    top: dict[int, Word] = {}
    for word in words:
        if word.document not in top or word.layer > top[word.document].layer:
            top[word.document] = word
    losers += [
        (word, f"{top[word.document].source} stands above it")
        for word in words
        if word.layer < top[word.document].layer
    ]
    return [word for word in words if word.layer == top[word.document].layer]


def _most_specific(words: Sequence[Word], losers: list[tuple[Word, str]]) -> list[Word]:
    most = {document: max(w.specificity for w in words if w.document == document) for document in _documents(words)}
    losers += [
        (word, "a specific selector wins over all: true") for word in words if word.specificity < most[word.document]
    ]
    return [word for word in words if word.specificity == most[word.document]]


def _released(pool: Sequence[Word], losers: Sequence[tuple[Word, str]]) -> Verdict | None:
    """The verdict where every document that is left releases the value, or one that does has another word on it."""
    releases = [word for word in pool if isinstance(word.claim.intent, Release)]
    others = [word for word in pool if not isinstance(word.claim.intent, Release)]
    for one in releases:
        if beside := [word for word in others if word.document == one.document]:
            return _contradiction(one, beside[0])
    if others:
        return None
    winner, *same = releases
    told = (*losers, *((word, f"the same as {winner.source}") for word in same))
    return Ruling(winner=winner, losers=told, secret=any(word.claim.secret for word, _ in ((winner, ""), *told)))


def _documents(words: Iterable[Word]) -> set[int]:
    return {word.document for word in words}


def _contradiction(one: Word, other: Word) -> Contradiction:
    first, second = sorted((one, other), key=lambda word: place_order(word.claim.place))
    does, did = _verb(second.claim.intent), _verb(first.claim.intent)
    contradiction = f"{does} here, and differently elsewhere" if does == did else f"{does} here, and {did} elsewhere"
    return Contradiction(
        message=f'"{second.claim.label}" is {contradiction}',
        place=replace(second.claim.place, of_key=True),
        other=replace(first.claim.place, of_key=True),
    )


def _verb(intent: Intent) -> str:
    match intent:
        case Set():
            return "set"
        case Default():
            return "given a default"
        case Unset():
            return "unset"
        case Release():
            return "released"
