"""Counts what is alike among very many, in bounded memory: changes, and what is said of users. Knows no output format.

What differs for every user, such as a channel, is folded: how many values there are is told instead of each. Secrets
are masked before they are compared here, so they are never told apart by their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, NamedTuple, TypeVar

from paragon_sync.jsonvalue import ABSENT, Pointer, dumps
from paragon_sync.model.desired import ManagedTarget
from paragon_sync.model.planned import Change, ConfigurationSubject, Effect, Origin, Outline, Value
from paragon_sync.render.mask import masked_change

K = TypeVar("K")

SAMPLES: Final = 3
MOST_KINDS: Final = 1000
MOST_VALUES: Final = 1000  # pairs of values of one kind of change that are counted one by one; and ends of the others
_MOST_PARTS: Final = 8  # differences inside one value that are told by themselves
_MOST_CHARACTERS: Final = 8_000_000  # of all those pairs together
_LONGEST: Final = 2000  # characters of a pair; what is longer differs for everybody anyway
_FEW: Final = 5  # pairs of values of one kind that are told one by one, whatever their share
_SHARE: Final = 0.05  # of a kind's users, from which on a pair is told by itself
_DIFFERENT: Final = "…"
_HASH: Final = 2**64 - 1

_VARIABLE: Final = re.compile(r'"[^"]*"|\S*\d\S*?(?=[,;:.)]*(?:\s|$))')
"""Quoted texts, and words with digits in them: ids, numbers, places."""


class Users:
    """How many users something is true of, and the first of them. Each user's share comes in one stretch."""

    __slots__ = ("_last", "count", "fingerprint", "samples")

    def __init__(self) -> None:
        self.count = 0
        self.samples: list[str] = []
        self.fingerprint = 0
        """The same for the same users, and as good as never for others."""
        self._last: str | None = None

    def add(self, user: str) -> None:
        if user == self._last:
            return
        self._last = user
        self.count += 1
        self.fingerprint = (self.fingerprint + hash(user)) & _HASH
        if len(self.samples) < SAMPLES:
            self.samples.append(user)

    def __or__(self, other: Users) -> Users:
        """Both together; a user of whom both are true counts twice."""
        both = Users()
        both.count = self.count + other.count
        both.fingerprint = (self.fingerprint + other.fingerprint) & _HASH
        both.samples = [*self.samples, *other.samples][:SAMPLES]
        return both


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeChanges:
    """Changes that do the same to their users. ``change`` is one of them, masked; ``integration`` None: metadata.

    ``befores`` and ``afters`` say how many values there are on each side: 1 is the change's own. ``more_befores``,
    ``more_afters``: there are more of them than that. With ``inside`` it is about what stands there in its value.
    """

    integration: str | None
    change: Change
    users: int
    samples: tuple[str, ...]
    fingerprint: int
    befores: int = 1
    afters: int = 1
    more_befores: bool = False
    more_afters: bool = False
    inside: Pointer = ()

    @property
    def counted(self) -> bool:
        """Whether there are no more values than that on either side."""
        return not (self.more_befores or self.more_afters)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeTexts(Generic[K]):
    """The same said of several users: ``…`` stands where it differs. ``hint`` is None where those differ."""

    key: K
    text: str
    hint: str | None
    times: int
    users: int
    samples: tuple[str, ...]


class _What(NamedTuple):
    """What makes two changes one kind, whatever their values."""

    integration: str | None
    target: ManagedTarget
    workflow: str | None
    label: str
    effect: Effect
    origin: Origin
    secret: bool
    inside: Pointer


@dataclass(slots=True)
class _Pair:
    change: Change
    users: Users = field(default_factory=Users)
    before: str = ""
    after: str = ""


@dataclass(slots=True)
class _Kind:
    all: Users = field(default_factory=Users)
    pairs: dict[str, _Pair] = field(default_factory=dict)
    others: dict[str, _Pair] = field(default_factory=dict)
    """What came after there were too many pairs, by how it ends."""
    rest: _Pair | None = None
    """What came after there were too many ends, too."""


class ChangeTally:
    """Takes operations in the order of a plan; :meth:`groups` tells what they do, that to the most users first."""

    def __init__(self) -> None:
        self.changes = 0
        self.unsorted = 0
        """Changes of further kinds, once there were too many."""
        self._kinds: dict[_What, _Kind] = {}
        self._room = _MOST_CHARACTERS

    def counting(self, operations: Iterable[Outline]) -> Iterator[Outline]:
        """The same operations, which are taken on their way."""
        for operation in operations:
            self.add(operation)
            yield operation

    def add(self, operation: Outline) -> None:
        subject = operation.subject
        integration = subject.integration if isinstance(subject, ConfigurationSubject) else None
        for change in operation.changes:
            self.changes += 1
            masked = masked_change(change)
            if 0 < len(masked.details) <= _MOST_PARTS:
                for detail in masked.details:
                    part = replace(masked, before=detail.before, after=detail.after, details=())
                    self._add(operation.user, integration, part, detail.pointer)
            else:
                self._add(operation.user, integration, masked)

    def groups(self) -> list[AlikeChanges]:
        found = [group for what, kind in self._kinds.items() for group in _folded(what, kind)]
        return sorted(found, key=lambda group: -group.users)  # stable: of equal ones the first seen

    def _add(self, user: str, integration: str | None, change: Change, inside: Pointer = ()) -> None:
        named = change.target, change.workflow, change.label
        what = _What(integration, *named, change.effect, change.origin, change.secret, inside)
        kind = self._kinds.get(what)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                self.unsorted += 1
                return
            kind = self._kinds[what] = _Kind()
        kind.all.add(user)
        self._pair(kind, change).users.add(user)

    def _pair(self, kind: _Kind, change: Change) -> _Pair:
        before, after = _text(change.before), _text(change.after)
        key = f"{before}\n{after}"
        pair = kind.pairs.get(key)
        if pair is not None:
            return pair
        if len(key) <= min(_LONGEST, self._room) and len(kind.pairs) < MOST_VALUES:
            self._room -= len(key)
            pair = kind.pairs[key] = _Pair(change, before=before, after=after)
            return pair
        other = kind.others.get(after)
        if other is not None:
            return other
        if len(after) <= min(_LONGEST, self._room) and len(kind.others) < MOST_VALUES:
            self._room -= len(after)
            other = kind.others[after] = _Pair(_without_values(change, but=change.after), after=after)
            return other
        if kind.rest is None:
            kind.rest = _Pair(_without_values(change))
        return kind.rest


def _folded(what: _What, kind: _Kind) -> Iterator[AlikeChanges]:
    """The pairs of values that stand for themselves, those that end the same, and the rest."""
    pairs = sorted(kind.pairs.values(), key=lambda pair: -pair.users.count)
    if len(pairs) <= _FEW and not kind.others and kind.rest is None:
        for pair in pairs:
            yield _group(what, [pair])
        return
    enough = max(2, _SHARE * kind.all.count)
    yield from (_group(what, [pair]) for pair in pairs if pair.users.count >= enough)
    ends: dict[str, list[_Pair]] = {}
    for pair in pairs:
        if pair.users.count < enough:
            ends.setdefault(pair.after, []).append(pair)
    known = {*ends, *kind.others}
    left: set[str] = set()
    for after in dict.fromkeys((*ends, *kind.others)):
        ending, other = ends.get(after, []), kind.others.get(after)
        together = sum(pair.users.count for pair in (*ending, *([] if other is None else [other])))
        if together >= enough and (len(known) > 1 or kind.rest is not None):
            yield _group(what, ending, [] if other is None else [other])
        else:
            left.add(after)
    if left or kind.rest is not None:
        seen = [pair for after, ending in ends.items() if after in left for pair in ending]
        yield _group(what, seen, [pair for after, pair in kind.others.items() if after in left], kind.rest)


def _group(
    what: _What, pairs: Sequence[_Pair], others: Sequence[_Pair] = (), rest: _Pair | None = None
) -> AlikeChanges:
    """Of ``pairs`` both sides are known, of ``others`` how they end, of the ``rest`` neither."""
    users, together = Users(), [*pairs, *others, *([] if rest is None else [rest])]
    for pair in together:
        users = users | pair.users
    return AlikeChanges(
        integration=what.integration,
        change=together[0].change,
        users=users.count,
        samples=tuple(users.samples),
        fingerprint=users.fingerprint,
        befores=len({pair.before for pair in pairs}),
        afters=len({pair.after for pair in (*pairs, *others)}),
        more_befores=bool(others) or rest is not None,
        more_afters=rest is not None,
        inside=what.inside,
    )


def _text(value: Value) -> str:
    return "" if value is ABSENT else dumps(value)


def _without_values(change: Change, but: Value = None) -> Change:
    """Only whether there is a value on either side, but for ``but``, the one after: it may be long, and isn't alone."""
    before, after = change.before if change.before is ABSENT else None, ABSENT if change.after is ABSENT else but
    return replace(change, before=before, after=after, details=())


@dataclass(slots=True)
class _Form:
    """Texts that differ in nothing but ids and the like: each by itself while they are few.

    ``common`` are those of the first, None where another text has another one.
    """

    first: str
    hint: str | None
    common: list[str | None]
    all: Users = field(default_factory=Users)
    times: int = 0
    texts: dict[str, tuple[Users, list[int]]] | None = field(default_factory=dict)
    has_one_hint: bool = True

    @property
    def in_common(self) -> str:
        """What all of them say."""
        common = iter(self.common)
        return _VARIABLE.sub(lambda _: next(common) or _DIFFERENT, self.first)


class TextTally(Generic[K]):
    """Takes what is said of users, in their order, by a key; :meth:`groups` tells what is said of most users first."""

    def __init__(self) -> None:
        self.times: dict[K, int] = {}
        self.unsorted = 0
        """Texts of further forms, once there were too many."""
        self._forms: dict[tuple[K, str], _Form] = {}

    def add(self, key: K, user: str, text: str, hint: str | None = None) -> None:
        self.times[key] = self.times.get(key, 0) + 1
        at = key, form_of(text)
        form = self._forms.get(at)
        if form is None:
            if len(self._forms) >= MOST_KINDS:
                self.unsorted += 1
                return
            form = self._forms[at] = _Form(text, hint, list(_VARIABLE.findall(text)))
        form.times += 1
        form.all.add(user)
        form.has_one_hint = form.has_one_hint and hint == form.hint
        form.common = [
            one if one == found else None for one, found in zip(form.common, _VARIABLE.findall(text), strict=True)
        ]
        if form.texts is None:
            return
        users, times = form.texts.setdefault(text, (Users(), [0]))
        users.add(user)
        times[0] += 1
        if len(form.texts) > _FEW:
            form.texts = None

    def groups(self) -> list[AlikeTexts[K]]:
        found = [group for (key, _), form in self._forms.items() for group in _said(key, form)]
        return sorted(found, key=lambda group: -group.users)


def _said(key: K, form: _Form) -> Iterator[AlikeTexts[K]]:
    hint = form.hint if form.has_one_hint else None
    texts = {form.in_common: (form.all, [form.times])} if form.texts is None else form.texts
    for text, (users, times) in texts.items():
        yield AlikeTexts(key=key, text=text, hint=hint, times=times[0], users=users.count, samples=tuple(users.samples))


def form_of(message: str) -> str:
    """A message without what differs from user to user: quoted texts, and words with digits in them."""
    return _VARIABLE.sub(_DIFFERENT, message)
