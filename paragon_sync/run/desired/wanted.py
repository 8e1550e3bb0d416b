"""Read a user's staged documents: in compact form for comparing, and with claims and places where more is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from paragon_sync.model.compact import CompactDocument, CompactUserDocument
from paragon_sync.model.desired import DesiredDocument, DesiredFragment, Enlisted, Filled
from paragon_sync.model.migration import Enrolment
from paragon_sync.plan.compact_merge import merge_layers
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.migrating import Migrating
from paragon_sync.run.desired.rolling import Rolling
from paragon_sync.store.staging import Staged


class ResolvedProfile(NamedTuple):
    """A profile in compact form and as claims; ``settled`` as a :class:`Resolved` is."""

    compact: CompactDocument
    fragment: DesiredFragment
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How staged documents are read: with these profiles, narrowed by these filters.

    ``resolve`` makes the claims of a User document; of rows, their one of ``rollouts`` or ``migrations`` does.
    """

    profiles: Mapping[str, ResolvedProfile]
    filters: Filters
    resolve: Callable[[CompactUserDocument], DesiredDocument]
    rollouts: Sequence[Rolling] = ()
    migrations: Sequence[Migrating] = ()

    def compact(self, staged: Iterable[Staged]) -> list[CompactDocument]:
        """Return what each document asks for in compact form, its layers merged."""
        found = map(self._compact, staged)
        return [_narrowed(one, self.filters.integrations) for one in found] if self.filters.integrations else [*found]

    def in_full(self, staged: Iterable[Staged]) -> list[DesiredDocument]:
        """Return the documents with their claims and their profiles' layers in place, narrowed by the filters."""
        return [self._complete(self._resolved(document)) for document in staged]

    def enrolments(self, documents: Sequence[DesiredDocument]) -> list[Enrolment]:
        """Those of the documents that are migrations' rows, as the planner takes them."""
        enlisted = [document.enlisted for document in documents if document.enlisted is not None]
        found = [self.migrations[row.migration].enrolment(row) for row in enlisted]
        return [enrolment for enrolment in found if enrolment is not None]

    def settled(self, staged: Iterable[Staged]) -> bool:
        """Whether all profiles of the documents are settled, as a :class:`Resolved` is."""
        return all(self.profiles[name].settled for document in staged for name in self._profiles(document))

    def _resolved(self, document: Staged) -> DesiredDocument:
        match document:
            case CompactUserDocument():
                return self.resolve(document)
            case Filled():
                return self.rollouts[document.rollout].document(document)
            case Enlisted():
                return self.migrations[document.migration].document(document)
            case _:
                assert_never(document)

    def _compact(self, document: Staged) -> CompactDocument:
        if isinstance(document, CompactUserDocument):
            own = document.compact
        elif isinstance(document, Filled):
            own = self.rollouts[document.rollout].compact(document)
        else:
            return self.migrations[document.migration].selected
        profiles = self._profiles(document)
        return merge_layers([*(self.profiles[name].compact for name in profiles), own]) if profiles else own

    def _profiles(self, document: Staged) -> tuple[str, ...]:
        if isinstance(document, CompactUserDocument):
            return document.profiles
        return self.rollouts[document.rollout].rollout.profiles if isinstance(document, Filled) else ()

    def _complete(self, document: DesiredDocument) -> DesiredDocument:
        layers = (*(self.profiles[name].fragment for name in document.profiles), *document.layers)
        return replace(document, profiles=(), layers=tuple(self.filters.narrow(layer) for layer in layers))


def required_fetches(documents: Iterable[CompactDocument]) -> tuple[bool, set[str]]:
    """Return whether metadata must be fetched, and the ids or external ids of all configurations that are named."""
    any_metadata, configurations = False, set[str]()
    for metadata, blocks, released in documents:
        any_metadata = any_metadata or bool(metadata or released)
        for block in blocks:
            if block[2].__class__ is tuple:
                configurations.add(block[2][1])
    return any_metadata, configurations


def _narrowed(document: CompactDocument, integrations: Collection[str]) -> CompactDocument:
    return {}, tuple(block for block in document[1] if block[0] in integrations), ()
