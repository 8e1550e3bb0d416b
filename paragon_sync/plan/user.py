"""Plan one user: compare, then select, draft each configuration and the metadata, and leave out users with errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Final, TypeAlias

from paragon_sync.jsonvalue import equal
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.decision import Decision
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import LiveUser
from paragon_sync.model.migration import Enrolment
from paragon_sync.model.planned import Enablement, Finding, FindingKind, MetadataSubject, Operation, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.draft import Draft, draft_configuration, draft_metadata
from paragon_sync.plan.migration.migrate import in_order
from paragon_sync.plan.names import Names
from paragon_sync.plan.noop_check import NoopChecker
from paragon_sync.plan.own import metadata_words
from paragon_sync.plan.policy import severity
from paragon_sync.plan.protection import protected_changes
from paragon_sync.plan.select import Reached, connected, place_order, select

UNPLANNED: Final = "not planned: see the findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPlan:
    """What one user's documents and live state come to: metadata first among the operations.

    ``ignored`` are the findings that the policy doesn't want to hear of. ``enabled_live`` counts the managed workflows
    that are enabled now. ``protected`` has, for each change of what the policy protects, what protects it.
    """

    user: str
    operations: tuple[Operation, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    ignored: tuple[Finding, ...] = ()
    enabled_live: int = 0
    protected: tuple[str, ...] = ()

    @property
    def left_out(self) -> bool:
        """Whether nothing is sent for this user, and findings are why."""
        severities = {finding.severity for finding in (*self.findings, *self.ignored)}
        if self.operations or severities <= {Severity.INFO}:
            return False
        nothing_stands = not self.decisions or any(decision.verdict == UNPLANNED for decision in self.decisions)
        return Severity.ERROR in severities or nothing_stands


ReadDocuments: TypeAlias = Callable[[], tuple[Sequence[DesiredDocument], Sequence[Enrolment]]]
"""Returns one user's documents with their claims and places, and the migrations among them."""


class Planner:
    """Plans users by one catalog and policy."""

    def __init__(self, catalog: Catalog, policy: Policy, enablement: Enablement = "config") -> None:
        self._catalog = catalog
        self._policy = policy
        self._enablement: Enablement = enablement
        self._noop = NoopChecker(catalog)

    def plan(
        self, compact: Sequence[CompactDocument], live: LiveUser, read: ReadDocuments, *, in_full: bool = False
    ) -> UserPlan:
        """Compare one user's documents in compact form with live; plan from the full ones only where they differ.

        With ``in_full`` every value is planned: for explaining all decisions, and where migrations go first.
        """
        enabled_live = None if in_full else self._noop.check(compact, live)
        if enabled_live is not None:
            return UserPlan(user=live.user, enabled_live=enabled_live)
        documents, enrolments = read()
        return plan_user(
            documents, live, self._catalog, self._policy, enablement=self._enablement, enrolments=enrolments
        )


def plan_user(
    documents: Sequence[DesiredDocument],
    live: LiveUser,
    catalog: Catalog,
    policy: Policy,
    *,
    enablement: Enablement = "config",
    enrolments: Sequence[Enrolment] = (),
) -> UserPlan:
    """Plan every value of one user's documents, profiles put in; the order of the documents doesn't matter.

    ``enrolments`` are the migrations in whose rosters the user stands; each is one of the documents too, whose only
    block is the migration's.

    A finding leaves out its configuration (or the metadata), unless the policy ignores it and it can be ignored; one
    that is an error leaves out the user. What can't be written is left out in any case.
    """
    if not connected(live):
        return _planned(live.user, [_unknown(documents, live)], (), policy)
    reached, findings = select(documents, live, catalog)
    drafts = _metadata(documents, live)
    changes_metadata = any(draft.operation is not None for draft in drafts)
    migrations = in_order(enrolments)
    for one, names in _named(reached, catalog):
        meant = [m for m in migrations if any(reach.block is m.migration.block for reach in one.reaches)]
        draft = draft_configuration(
            live.user, one, names, enablement=enablement, guarded=changes_metadata, enrolments=meant
        )
        drafts.append(draft)
    if _metadata_unread(documents, live):
        findings.append(_not_fetched(documents, live))
    findings += [finding for draft in drafts for finding in draft.findings]
    found = _planned(live.user, findings, drafts, policy)
    return replace(found, protected=tuple(protected_changes(found.operations, policy.protected, catalog)))


def _planned(user: str, findings: Iterable[Finding], drafts: Sequence[Draft], policy: Policy) -> UserPlan:
    """What is left of the drafts once findings are weighed."""
    weighed = sorted(
        (replace(finding, severity=severity(finding.kind, policy)) for finding in findings), key=_finding_order
    )
    stopped = any(finding.severity is Severity.ERROR for finding in weighed)
    stands = [not (stopped or _held_back(draft, policy)) for draft in drafts]
    return UserPlan(
        user=user,
        operations=tuple(_standing(compress(drafts, stands))),
        findings=tuple(finding for finding in weighed if finding.severity is not Severity.IGNORED),
        decisions=tuple(
            decision
            for draft, stand in zip(drafts, stands, strict=True)
            for decision in (draft.decisions if stand and draft.operation else _unplanned(draft.decisions))
        ),
        ignored=tuple(finding for finding in weighed if finding.severity is Severity.IGNORED),
        enabled_live=sum(draft.enabled_live for draft in drafts),
    )


def _standing(drafts: Iterable[Draft]) -> list[Operation]:
    """The drafts' operations; those without changes only beside the change of metadata that they guard against."""
    operations = [draft.operation for draft in drafts if draft.operation is not None]
    guarded = any(isinstance(operation.subject, MetadataSubject) for operation in operations)
    return [operation for operation in operations if operation.changes or guarded]


def _named(reached: Iterable[Reached], catalog: Catalog) -> Iterator[tuple[Reached, Names]]:
    names: dict[str, Names] = {}
    for one in reached:
        integration = one.subject.integration
        if integration not in names:
            names[integration] = Names(catalog.integrations.get(integration))
        yield one, names[integration]


def _metadata(documents: Sequence[DesiredDocument], live: LiveUser) -> list[Draft]:
    words = metadata_words(documents)
    return [] if live.meta is None or not words else [draft_metadata(live.user, live.meta, words)]


def _metadata_unread(documents: Sequence[DesiredDocument], live: LiveUser) -> bool:
    return live.meta is None and any(layer.metadata for document in documents for layer in document.layers)


def _finding_order(finding: Finding) -> tuple[str, tuple[str, int, tuple[str, ...]], str, str]:
    place = ("", 0, ()) if finding.place is None else place_order(finding.place)
    return (finding.integration or "", place, finding.kind, finding.message)


def _held_back(draft: Draft, policy: Policy) -> bool:
    return any(severity(finding.kind, policy) is not Severity.IGNORED for finding in draft.findings)


def _unplanned(decisions: Iterable[Decision]) -> Iterable[Decision]:
    """The same, saying of what would change that it doesn't."""
    for decision in decisions:
        changes = not equal(decision.live, decision.desired)
        yield replace(decision, verdict=UNPLANNED) if changes else decision


def _unknown(documents: Sequence[DesiredDocument], live: LiveUser) -> Finding:
    return Finding(
        kind=FindingKind.UNKNOWN_USER,
        user=live.user,
        message="unknown user: nothing was ever connected under this id",
        place=_first_place(documents),
        hint="check the id; a user is known once an account is connected",
    )


def _not_fetched(documents: Sequence[DesiredDocument], live: LiveUser) -> Finding:
    return Finding(
        kind=FindingKind.NOT_FETCHED,
        user=live.user,
        message="the user's metadata could not be read",
        place=_first_place(documents),
    )


def _first_place(documents: Sequence[DesiredDocument]) -> Place | None:
    """Where the user's id stands, for the first time."""
    place = min((document.place for document in documents), key=place_order, default=None)
    return None if place is None else replace(place, pointer=(*place.pointer, "user"))
