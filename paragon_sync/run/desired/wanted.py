"""One user's staged documents: what they ask for in short, and in full where somebody has to know. Knows no live state.

Most users are as declared already, and telling so needs no claim and no place. The documents in full are made only when
something is to be said or written about a user.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from paragon_sync.model.compact import CompactDocument, CompactUserDocument
from paragon_sync.model.desired import DesiredDocument, DesiredFragment, Enlisted, Filled
from paragon_sync.model.migration import Enrolment
from paragon_sync.plan.compact_merge import merge_layers, to_compact
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.migrating import Migrating
from paragon_sync.run.desired.rolling import Rolling
from paragon_sync.run.fetching import manages_metadata, wanted_configurations
from paragon_sync.store.staging import Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How staged documents are read: with these profiles, by this catalog, narrowed by these filters.

    ``resolve`` makes an ordinary document what any other has been made when it was loaded; a row of a rollout is made
    that by its one of the ``rollouts``, a row of a migration by its one of the ``migrations``.
    """

    profiles: Mapping[str, DesiredFragment]
    filters: Filters
    resolve: Callable[[CompactUserDocument], DesiredDocument]
    rollouts: Sequence[Rolling] = ()
    migrations: Sequence[Migrating] = ()
    _shared: dict[str, CompactDocument | None] = field(default_factory=dict)

    def compact(self, staged: Sequence[Staged]) -> list[CompactDocument] | None:
        """What each document asks for, all its layers together; None where that can't be told in short."""
        found: list[CompactDocument] = []
        for document in staged:
            one = self._compact(document)
            if one is None:
                return None
            found.append(one if not self.filters.integrations else _narrowed(one, self.filters.integrations))
        return found

    def required_fetches(
        self, compact: Iterable[CompactDocument] | None, staged: Sequence[Staged]
    ) -> tuple[bool, set[str]]:
        """Return whether metadata must be fetched, and the ids or external ids of all named configurations."""
        if compact is None:
            documents = self.in_full(staged)
            return manages_metadata(documents), wanted_configurations(documents)
        any_metadata, configurations = False, set[str]()
        for metadata, blocks in compact:
            any_metadata = any_metadata or bool(metadata)
            for block in blocks.values():
                if block[1].__class__ is tuple:
                    configurations.add(block[1][1])
        return any_metadata, configurations

    def in_full(self, staged: Sequence[Staged]) -> list[DesiredDocument]:
        """The documents with their profiles' layers in place, narrowed by the filters."""
        return [self._complete(self._resolved(document)) for document in staged]

    def enrolments(self, documents: Sequence[DesiredDocument]) -> list[Enrolment]:
        """Those of the documents that are migrations' rows, as the planner takes them."""
        enlisted = [document.enlisted for document in documents if document.enlisted is not None]
        found = [self.migrations[row.migration].enrolment(row) for row in enlisted]
        return [enrolment for enrolment in found if enrolment is not None]

    def leaves(self, staged: Sequence[Staged]) -> bool:
        """Whether a filter on integrations leaves anything of these documents."""
        found = self.compact(staged)
        if found is not None:
            return any(blocks for _, blocks in found)
        return any(layer.blocks for document in self.in_full(staged) for layer in document.layers)

    def _resolved(self, document: Staged) -> DesiredDocument:
        match document:
            case CompactUserDocument():
                return self.resolve(document)
            case Filled():
                return self.rollouts[document.rollout].document(document)
            case Enlisted():
                return self.migrations[document.migration].document(document)
            case _:
                return document

    def _compact(self, document: Staged) -> CompactDocument | None:
        if isinstance(document, Enlisted):
            return None
        if isinstance(document, Filled):
            document = self.rollouts[document.rollout].document(document)
        if not isinstance(document, CompactUserDocument):
            own = [to_compact(layer) for layer in document.layers]
            return merge_layers([*map(self._profile, document.profiles), *own])
        if not document.profiles:
            return document.asked
        return merge_layers([*map(self._profile, document.profiles), document.asked])

    def _profile(self, name: str) -> CompactDocument | None:
        if name not in self._shared:
            self._shared[name] = to_compact(self.profiles[name])
        return self._shared[name]

    def _complete(self, document: DesiredDocument) -> DesiredDocument:
        layers = (*(self.profiles[name] for name in document.profiles), *document.layers)
        return replace(document, profiles=(), layers=tuple(self.filters.narrow(layer) for layer in layers))


def _narrowed(document: CompactDocument, integrations: Collection[str]) -> CompactDocument:
    _, blocks = document
    return {}, {kind: block for kind, block in blocks.items() if kind in integrations}
