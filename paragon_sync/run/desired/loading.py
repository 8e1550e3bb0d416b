"""From manifest files to staged documents, each name resolved and each problem found before anything is fetched.

Knows nothing of live state and sends nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, assert_never

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError, Problem, UsageError
from paragon_sync.jsonvalue import Pointer
from paragon_sync.manifest.loader import Flawed, check_names, check_profiles, content_again, iter_documents
from paragon_sync.manifest.mentions import Mentions
from paragon_sync.manifest.roster import STANDARD_INPUT
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import problems
from paragon_sync.model.compact import NOTHING, CompactDocument, CompactUserDocument
from paragon_sync.model.declared import Content, Fault, FileRoster, Place, Profile, Rollout, Roster, User
from paragon_sync.model.desired import DesiredDocument, DesiredFragment, Enlisted
from paragon_sync.model.document import Document
from paragon_sync.model.migration import Migration
from paragon_sync.plan import static
from paragon_sync.plan.compact_merge import are_compatible
from paragon_sync.run.desired.filters import Filters, Sieve
from paragon_sync.run.desired.migrating import Migrating
from paragon_sync.run.desired.rolling import Rolling
from paragon_sync.run.desired.wanted import Reading, ResolvedProfile
from paragon_sync.run.desired.whose import Whose
from paragon_sync.run.progress import Progress, Stage
from paragon_sync.store.staging import CHECK_ALONE, CHECK_CLAIMS, Staged, Staging

_TOLD: Final = 100  # documents that name one profile which isn't there
_MOST_PROBLEMS: Final = 1000
_MOST_TOLD: Final = 100  # contradictions: whoever has a million doesn't want to read them


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything that the manifests ask for: documents on disk by user, and how they are read.

    ``used`` are the types of the integrations that something refers to; ``digest`` is over the files' names and bytes,
    and over the rows of rosters, and empty where not all documents were read. ``notes`` tell people what they might not
    expect. ``rosters`` are how many users each rollout and migration has, by what people call it.
    """

    staging: Staging
    reading: Reading
    used: frozenset[str]
    files: int
    documents: int
    digest: str
    notes: tuple[str, ...] = ()
    rosters: Mapping[str, int] = field(default_factory=dict)

    @property
    def filters(self) -> Filters:
        return self.reading.filters

    def groups(self) -> Iterator[tuple[str, Sequence[Staged]]]:
        """Each user once, in the order of their ids, with the documents as they are staged.

        Without those users of whom a filter on integrations leaves nothing.
        """
        for user, rows in self.staging.groups():
            staged = self.staging.read(rows)
            if not self.filters.integrations or any(blocks for _, blocks, _ in self.reading.compact(staged)):
                yield user, staged

    def users(self) -> Iterator[str]:
        """Each user of :meth:`groups`."""
        return (user for user, _ in self.groups())

    def documents_of(self, user: str) -> list[DesiredDocument]:
        """One user's documents with their profiles' layers in place, narrowed by the filters."""
        return self.reading.in_full(self.staging.documents(user))


class _ProfileUses:
    """Which documents name which profiles: of each name only the first ones, which are enough to tell where."""

    def __init__(self) -> None:
        self.kept: list[User] = []
        self._counts: Counter[str] = Counter()

    def add(self, user: str, place: Place, profiles: tuple[str, ...]) -> None:
        if any(self._counts[name] < _TOLD for name in profiles):
            self.kept.append(User(user, Content(place.file, place.document, {}), profiles))
        self._counts.update(profiles)


@dataclass(slots=True)
class _Loading:
    """The state of one pass over the files."""

    resolver: Resolver | None
    staging: Staging
    sieve: Sieve
    scope: SecretScope
    profiles: dict[str, ResolvedProfile] = field(default_factory=dict)
    rollouts: list[Rolling] = field(default_factory=list)
    migrations: list[Migrating] = field(default_factory=list)
    declared_profiles: list[Profile] = field(default_factory=list)
    profile_uses: _ProfileUses = field(default_factory=_ProfileUses)
    problems: list[Problem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    documents: int = 0
    user_documents: int = 0
    users_checked: int = 0
    input_is_read: bool = False

    def read(self) -> Mapping[str, int]:
        """Return how much has been read; may be asked from another thread."""
        rows = sum(one.rows_read for one in self.rollouts) + sum(one.rows_read for one in self.migrations)
        return {"user": self.user_documents, "row": rows}

    def take(self, item: Document | Flawed | Problem) -> Iterable[str]:
        """Stage what is asked for: each user about whom something was staged, as they come."""
        match item:
            case User():
                self.documents += 1
                self.user_documents += 1
                staged = self._take_user(item, stage=True)
                return self._and_check(staged) if self.faults else staged
            case Problem():
                self.problems.append(item)
                return self._and_check(())
            case Flawed(document, told):
                return self._and_check(self._take_flawed(document, told))
            case Profile() | Rollout() | Migration():
                self.documents += 1
                return self._and_check(self._take(item, stage=True))
            case _:
                assert_never(item)

    def _take_flawed(self, document: Document, told: Collection[Pointer]) -> Iterator[str]:
        known = len(self.faults)
        self.documents += 1
        yield from self._take(document, stage=False)
        self.faults[known:] = [fault for fault in self.faults[known:] if fault.place.pointer not in told]

    def _take(self, document: Document, *, stage: bool) -> Iterator[str]:
        match document:
            case User():
                self.user_documents += 1
                yield from self._take_user(document, stage=stage)
            case Profile():
                self._take_profile(document)
            case Rollout():
                yield from self._take_rollout(document, sound=stage)
            case Migration():
                yield from self._take_migration(document, sound=stage)
            case _:
                assert_never(document)

    def _take_profile(self, profile: Profile) -> None:
        self.declared_profiles.append(profile)
        compact, settled = self._compact(profile.content)
        fragment = _fragment(profile.content, f"profile {profile.name}", self.resolver)
        self.profiles[profile.name] = ResolvedProfile(compact, fragment, settled)

    def _compact(self, content: Content) -> tuple[CompactDocument, bool]:
        """Return what a document asks for, and whether it is settled; report what is wrong in it."""
        if self.resolver is None:
            return NOTHING, True
        compact, faults, settled = self.resolver.compact(content)
        if faults:
            self.report(faults)
        return compact, settled

    def _take_rollout(self, rollout: Rollout, *, sound: bool) -> Iterator[str]:
        self.profile_uses.add(rollout.name, rollout.place, rollout.profiles)
        rolling = Rolling(len(self.rollouts), rollout, self.scope, self.resolver)
        self.rollouts.append(rolling)
        self.report(rolling.faults)
        if not self._can_be_read(rollout.roster):
            return
        for made in rolling.rows(sound=sound and not rolling.faults, about=self.sieve.about):
            if isinstance(made, Problem):
                self.problems.append(made)
            elif self.sieve.accepts(made.user):
                self.staging.add(made, rolling.check(made))
                yield made.user

    def _take_migration(self, migration: Migration, *, sound: bool) -> Iterator[str]:
        migrating = Migrating(len(self.migrations), migration, self.resolver)
        self.migrations.append(migrating)
        self.report(migrating.faults)
        if not self._can_be_read(migration.roster):
            return
        for row in migrating.rows(sound=sound and not migrating.faults, about=self.sieve.about):
            if isinstance(row, Problem):
                self.problems.append(row)
            elif self.sieve.accepts(row.user):
                self.staging.add(row)
                yield row.user

    def _can_be_read(self, roster: Roster) -> bool:
        """Whether nobody has read it before, where it can be read once."""
        if not isinstance(roster, FileRoster) or roster.path != STANDARD_INPUT:
            return True
        if not self.input_is_read:
            self.input_is_read = True
            return True
        place = replace(roster.place, pointer=(*roster.place.pointer, roster.format))
        hint = "write it into a file that both name"
        message = "standard input can be read once, and another document reads it"
        self.report([Fault(message=message, place=place, hint=hint)])
        return False

    def _take_user(self, user: User, *, stage: bool) -> tuple[str, ...]:
        name, content, profiles, text = user
        if profiles:
            self.profile_uses.add(name, user.place, profiles)
        compact, settled = self._compact(content)
        if not (stage and self.sieve.accepts(name)):
            return ()
        check = (CHECK_ALONE if profiles else 0) if settled else CHECK_ALONE | CHECK_CLAIMS
        self.staging.add(CompactUserDocument(name, content.file, content.document, profiles, compact, text), check)
        return (name,)

    def report(self, faults: Iterable[Fault]) -> None:
        self.faults.extend(faults)

    def _and_check(self, users: Iterable[str]) -> Iterator[str]:
        """The users, and then whether it is worth going on.

        A million documents that are all wrong in the same way are told of by the first ones; none are to be kept.
        """
        yield from users
        if len(self.problems) + len(self.faults) >= _MOST_PROBLEMS:
            found = self.told()
            last = found[-1]
            message = f"after {len(found):,} problems no more documents were read"
            end = Problem(message=message, file=last.file, line=last.line, column=last.column)
            raise ManifestError([*found, end])

    def told(self) -> list[Problem]:
        """Everything that was found, in its order.

        A value that could not be read means nothing: what its stand-in is wrong about is not told there as well.
        """
        told = {_where(problem) for problem in self.problems}
        found = {*self.problems, *(problem for problem in problems(self.faults) if _where(problem) not in told)}
        return sorted(found, key=lambda p: (p.file, p.line, p.column, p.message))


def load(
    files: Sequence[Path],
    scope: SecretScope,
    resolver: Resolver | None,
    filters: Filters,
    progress: Progress | None = None,
) -> Desired:
    """All of :func:`load_step_by_step` at one go."""
    steps = load_step_by_step(files, scope, resolver, filters, progress)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            desired: Desired = end.value
            return desired


def load_step_by_step(
    files: Sequence[Path],
    scope: SecretScope,
    resolver: Resolver | None,
    filters: Filters,
    progress: Progress | None = None,
) -> Generator[str, None, Desired]:
    """Read, check, resolve and stage every document; without a resolver, names are not resolved.

    Gives each user about whom something was staged, as they come: whoever steps through may see to something else in
    between, or give up. Raises :class:`ManifestError` with every problem of every file, :class:`UsageError` for a
    filter that matches none.
    """
    loading = _Loading(resolver=resolver, staging=Staging(), sieve=Sieve(filters), scope=scope)
    about = filters.about
    progress = progress or Progress()
    progress.begin_loading(loading.read)
    try:
        for item in iter_documents(files, scope, concerns=None if about is None else Mentions(about)):
            yield from loading.take(item)
        loading.report(check_profiles(loading.declared_profiles, loading.profile_uses.kept))
        loading.report(check_names("rollout", (rolling.rollout for rolling in loading.rollouts)))
        loading.report(check_names("migration", (migrating.migration for migrating in loading.migrations)))
        used = frozenset() if resolver is None else frozenset(resolver.used)
        resolve = partial(_resolved, scope=scope, resolver=resolver)
        reading = Reading(
            profiles=loading.profiles,
            filters=filters,
            resolve=resolve,
            rollouts=loading.rollouts,
            migrations=loading.migrations,
        )
        many: list[Rolling | Migrating] = [*loading.rollouts, *loading.migrations]
        desired = Desired(
            staging=loading.staging,
            reading=reading,
            used=used,
            files=len(files),
            documents=loading.documents,
            digest=_digest(files, many) if about is None else "",
            notes=tuple(note for one in many for note in one.notes),
            rosters={one.source: one.rows_read for one in many},
        )
        progress.begin(Stage.CHECKING, lambda: loading.users_checked)
        _check(loading, desired)
        loading.sieve.check(used)
        _check_somebody_is_left(desired)
    except BaseException:
        loading.staging.close()
        raise
    return desired


def _check(loading: _Loading, desired: Desired) -> None:
    if not (loading.problems or loading.faults):
        contradictions = list(islice(_ownership(loading, desired), _MOST_TOLD))
        loading.report(contradictions)
        if len(contradictions) == _MOST_TOLD:
            message = f"after {_MOST_TOLD} contradictions no more are looked for"
            loading.report([Fault(message=message, place=contradictions[-1].place)])
    if found := loading.told():
        raise ManifestError(found)


def _where(problem: Problem) -> tuple[str, int, int]:
    return (problem.file, problem.line, problem.column)


def _check_somebody_is_left(desired: Desired) -> None:
    filters = desired.filters
    if filters.users and filters.integrations and next(desired.users(), None) is None:
        raise UsageError(
            "the filters leave nobody: no document about these users is about these integrations",
            hint=" ".join(f"--{name} {value}" for name, value in filters.as_text().items()),
        )


def _ownership(loading: _Loading, desired: Desired) -> Iterator[Fault]:
    """Contradictions between what is declared for one user; most users have one document, in which there are none.

    What a rollout says is the same for all its rows, but for their values, so one of them tells of all.
    """
    for rolling in desired.reading.rollouts:
        if rolling.sample is not None:
            yield from _contradictions(desired.reading.in_full([rolling.sample]))
    for _, rows in desired.staging.groups():
        loading.users_checked += 1
        if len(rows) == 1 and not rows[0][0] & CHECK_ALONE:
            continue
        # migrations run first: what becomes of them beside documents shows once a user is fetched
        staged = [one for one in desired.staging.read(rows) if not isinstance(one, Enlisted)]
        by_claims = any(check & CHECK_CLAIMS for check, _ in rows) or not desired.reading.settled(staged)
        if by_claims or not are_compatible(desired.reading.compact(staged)):
            yield from _contradictions(desired.reading.in_full(staged))


def _contradictions(documents: Sequence[DesiredDocument]) -> Iterator[Fault]:
    whose = Whose(documents)
    yield from map(whose.fault, static.conflicts(documents))
    yield from map(whose.fault, static.idle_releases(documents))


def _fragment(content: Content, source: str, resolver: Resolver | None) -> DesiredFragment:
    return DesiredFragment(source=source) if resolver is None else resolver.fragment(content, source)[0]


def _resolved(document: CompactUserDocument, *, scope: SecretScope, resolver: Resolver | None) -> DesiredDocument:
    """Return a document with its claims and their places."""
    layer = _fragment(content_again(document, scope), document.file, resolver)
    return DesiredDocument(user=document.user, place=document.place, layers=(layer,), profiles=document.profiles)


def _digest(files: Sequence[Path], many: Iterable[Rolling | Migrating]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    for one in many:
        digest.update(one.digest)
    return digest.hexdigest()
