"""From manifest files to staged documents, each name resolved and each problem found before anything is fetched.

Knows nothing of live state and sends nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError, Problem, UsageError
from paragon_sync.manifest.loader import Flawed, check_profiles, iter_documents
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import problems
from paragon_sync.model.declared import Fault, Profile, User
from paragon_sync.model.desired import DesiredDocument, DesiredFragment
from paragon_sync.plan import static
from paragon_sync.run.filters import Filters, Sieve
from paragon_sync.store.staging import Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything that the manifests ask for: documents on disk by user, and the profiles that they share.

    ``used`` are the types of the integrations that something refers to; ``digest`` is over the files' names and bytes.
    """

    staging: Staging
    profiles: Mapping[str, DesiredFragment]
    filters: Filters
    used: frozenset[str]
    files: int
    documents: int
    digest: str

    def users(self) -> Iterator[str]:
        """Each user once, in the order of their ids, without those of whom a filter on integrations leaves nothing."""
        for user in self.staging.users():
            if not self.filters.integrations or any(_is_left(document) for document in self.documents_of(user)):
                yield user

    def documents_of(self, user: str) -> list[DesiredDocument]:
        """The user's documents with their profiles' layers in place, narrowed by the filters."""
        return [self._complete(document) for document in self.staging.documents(user)]

    def _complete(self, document: DesiredDocument) -> DesiredDocument:
        layers = (*(self.profiles[name] for name in document.profiles), *document.layers)
        return replace(document, profiles=(), layers=tuple(self.filters.narrow(layer) for layer in layers))


@dataclass(slots=True)
class _Loading:
    """The state of one pass over the files."""

    resolver: Resolver | None
    staging: Staging
    sieve: Sieve
    profiles: dict[str, DesiredFragment] = field(default_factory=dict)
    declared_profiles: list[Profile] = field(default_factory=list)
    profile_uses: list[User] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    documents: int = 0

    def take(self, item: User | Profile | Flawed | Problem) -> None:
        match item:
            case Problem():
                self.problems.append(item)
            case Flawed(document, told):
                known = len(self.faults)
                self._take(document, stage=False)
                self.faults[known:] = [fault for fault in self.faults[known:] if fault.place.pointer not in told]
            case Profile() | User():
                self._take(item, stage=True)
            case _:
                assert_never(item)

    def _take(self, document: User | Profile, *, stage: bool) -> None:
        self.documents += 1
        if isinstance(document, User):
            self._take_user(document, stage=stage)
        else:
            self.declared_profiles.append(document)
            self.profiles[document.name] = self._resolve(document, f"profile {document.name}")

    def _take_user(self, user: User, *, stage: bool) -> None:
        if user.profiles:
            self.profile_uses.append(replace(user, fragment=type(user.fragment)()))
        layer = self._resolve(user, user.place.file)
        if stage and self.sieve.accepts(user.user):
            document = DesiredDocument(user=user.user, place=user.place, layers=(layer,), profiles=user.profiles)
            self.staging.add(document)

    def _resolve(self, document: User | Profile, source: str) -> DesiredFragment:
        if self.resolver is None:
            return DesiredFragment(source=source)
        fragment, faults = self.resolver.fragment(document.fragment, source)
        self.report(faults)
        return fragment

    def report(self, faults: Iterable[Fault]) -> None:
        self.faults.extend(faults)


def load(files: Sequence[Path], scope: SecretScope, resolver: Resolver | None, filters: Filters) -> Desired:
    """Read, check, resolve and stage every document; without a resolver, names are not resolved.

    Raises :class:`ManifestError` with every problem of every file, :class:`UsageError` for a filter that matches none.
    """
    loading = _Loading(resolver=resolver, staging=Staging(), sieve=Sieve(filters))
    try:
        for item in iter_documents(files, scope):
            loading.take(item)
        loading.report(check_profiles(loading.declared_profiles, loading.profile_uses))
        used = frozenset() if resolver is None else frozenset(resolver.used)
        desired = Desired(
            staging=loading.staging,
            profiles=loading.profiles,
            filters=filters,
            used=used,
            files=len(files),
            documents=loading.documents,
            digest=_digest(files),
        )
        _check(loading, desired)
        loading.sieve.check(used)
        _check_somebody_is_left(desired)
    except BaseException:
        loading.staging.close()
        raise
    return desired


def _check(loading: _Loading, desired: Desired) -> None:
    if not (loading.problems or loading.faults):
        loading.report(_ownership(desired))
    told = {_where(problem) for problem in loading.problems}
    found = {*loading.problems, *(problem for problem in problems(loading.faults) if _where(problem) not in told)}
    if found:
        raise ManifestError(sorted(found, key=lambda p: (p.file, p.line, p.column, p.message)))


def _where(problem: Problem) -> tuple[str, int, int]:
    """A value that could not be read means nothing: what its stand-in is wrong about is not told there as well."""
    return (problem.file, problem.line, problem.column)


def _check_somebody_is_left(desired: Desired) -> None:
    filters = desired.filters
    if filters.users and filters.integrations and next(desired.users(), None) is None:
        raise UsageError(
            "the filters leave nobody: no document about these users is about these integrations",
            hint=" ".join(f"--{name} {value}" for name, value in filters.as_text().items()),
        )


def _ownership(desired: Desired) -> Iterable[Fault]:
    for user in desired.staging.users():
        documents = desired.documents_of(user)
        yield from static.conflicts(documents)
        yield from static.idle_releases(documents)


def _is_left(document: DesiredDocument) -> bool:
    return any(layer.blocks for layer in document.layers)


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
