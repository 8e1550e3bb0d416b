"""Brings together what migrations came to and what documents want: migrations run first, and must not end differently.

Knows the results of both; nothing of steps, ranks and accounts.

    only a migration has a word                     it stands
    a migration and a document come to the same     fine
    they come to different values                   contradiction
    a migration only went by the value              the document decides
    ``enabled`` of an entry that has to be created  the document decides
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from paragon_sync.jsonvalue import ABSENT, equal
from paragon_sync.model.decision import Contender
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Default, ManagedTarget, Read, WorkflowEnabled
from paragon_sync.model.planned import Managed
from paragon_sync.plan.decide import ADDED, CHANGED, LEFT, NOTHING, REMOVED, SAME, Decided, in_order
from paragon_sync.plan.migration.virtual import Touched
from paragon_sync.plan.names import Names
from paragon_sync.plan.shape import Shape

READ = "no change: read by a migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A migration and a document that end differently on one value."""

    message: str
    place: Place
    other: Place


def settle(
    decided: Iterable[Decided], touched: Sequence[Touched], shape: Shape, names: Names
) -> tuple[list[Decided], list[Clash]]:
    """What documents decided on what migrations had left, and what these decided, as one; ``shape`` is what is live."""
    left: dict[ManagedTarget, Touched] = {one.target: one for one in touched}
    settled: list[Decided] = []
    clashes: list[Clash] = []
    for one in decided:
        migrated = left.pop(one.managed.target, None)
        if migrated is None:
            settled.append(one)
        elif one.released:
            settled.append(_decided(migrated, names, one) if migrated.decided else one)
            if not migrated.decided:
                left[migrated.target] = migrated
        elif not migrated.decided:
            settled.append(_on_live(one, migrated, shape))
        elif _agree(one, migrated):
            settled.append(_decided(migrated, names, one))
        else:
            clashes.append(_clash(one, migrated))
    settled += [_decided(migrated, names) for migrated in left.values()]
    return in_order(settled), clashes


def _agree(one: Decided, migrated: Touched) -> bool:
    if equal(one.managed.desired, migrated.value):
        return True
    off = isinstance(migrated.target, WorkflowEnabled) and migrated.value is ABSENT  # it has no entry, and needs none
    return off and one.managed.desired is False


def _on_live(one: Decided, migrated: Touched, shape: Shape) -> Decided:
    """What a document decided, compared with what is live instead of what migrations have left."""
    base = shape.read(migrated.target)
    managed = replace(one.managed, base=base, read=migrated.read, secret=one.managed.secret or migrated.secret)
    verdict = one.verdict
    if verdict == SAME and not equal(base, managed.desired):
        verdict = ADDED if base is ABSENT else CHANGED
    return replace(one, managed=managed, verdict=verdict)


def _decided(migrated: Touched, names: Names, document: Decided | None = None) -> Decided:
    """What migrations decided, with what a document says of it beside it."""
    desired = migrated.value
    if document is not None and desired is ABSENT and document.managed.desired is False:
        desired = False
    base, label = migrated.base, names.label(migrated.target)
    managed = Managed(
        target=migrated.target,
        label=label,
        desired=desired,
        base=base,
        origin=migrated.origin,
        source=migrated.by.source,
        secret=migrated.secret or (document is not None and document.managed.secret),
        blank=migrated.blank,
        read=migrated.read,
    )
    winner = Contender(
        intent=migrated.intent, source=migrated.by.source, place=migrated.by.place, why=migrated.by.why,
        secret=migrated.secret,
    )  # fmt: skip
    beside = () if document is None else (replace(document.winner, why=_beside(document)), *document.losers)
    return Decided(
        managed=managed,
        workflow=names.workflow_of(migrated.target),
        winner=winner,
        losers=beside,
        verdict=_verdict(managed, migrated),
    )


def _verdict(managed: Managed, migrated: Touched) -> str:
    if equal(managed.base, managed.desired):
        if isinstance(migrated.intent, Default):
            return LEFT
        if isinstance(migrated.intent, Read):
            return READ
        return NOTHING if managed.desired is ABSENT else SAME
    if managed.base is ABSENT:
        return ADDED
    return REMOVED if managed.desired is ABSENT else CHANGED


def _beside(document: Decided) -> str:
    return "migrations run first" if document.released else "the same as what the migration comes to"


def _clash(one: Decided, migrated: Touched) -> Clash:
    there = one.winner.place or migrated.by.place
    return Clash(
        message=f'{migrated.by.source} leaves "{one.managed.label}" other than it is declared elsewhere',
        place=migrated.by.place,
        other=replace(there, of_key=True),
    )
