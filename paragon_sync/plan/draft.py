"""One configuration (or the metadata) from all words on it to an operation, with the findings that stand against it.

Knows neither accounts nor policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, JsonObject, format_pointer
from paragon_sync.model.decision import Decision
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Read, Target, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.migration import Enrolment
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Enablement,
    Finding,
    FindingKind,
    Managed,
    MetadataSubject,
    Operation,
    Origin,
    Subject,
)
from paragon_sync.plan.count import kept
from paragon_sync.plan.decide import Decided, decide
from paragon_sync.plan.diff import change_of
from paragon_sync.plan.exact import Unnamed, unnamed
from paragon_sync.plan.merge import merge
from paragon_sync.plan.migration.migrate import Ground, migrate, repeated, shape_after
from paragon_sync.plan.migration.settle import settle
from paragon_sync.plan.migration.steps import Trouble
from paragon_sync.plan.names import Names
from paragon_sync.plan.own import Contradiction, Ruling, Word, rule, words_of
from paragon_sync.plan.requests import final_payload, requests_of
from paragon_sync.plan.select import Reached, place_order
from paragon_sync.plan.shape import Shape, shape_of, shape_of_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """``operation`` is None when nothing changes, and when a finding makes it impossible.

    ``enabled_live`` counts the managed workflows that are enabled now; ``enablements`` are all that are managed.
    """

    operation: Operation | None
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    enabled_live: int = 0
    enablements: tuple[Managed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What a draft is about; ``place`` is where its findings are shown that no one value causes."""

    user: str
    subject: Subject
    shape: Shape
    names: Names
    place: Place
    enablement: Enablement = "config"


def draft_metadata(user: str, meta: JsonObject, words: Sequence[Word]) -> Draft:
    """The draft of the user's metadata; ``words`` must not be empty."""
    about = _Subject(
        user=user,
        subject=MetadataSubject(),
        shape=shape_of_metadata(meta),
        names=Names(None),
        place=min((word.claim.place for word in words), key=place_order),
    )
    return _draft(about, words, ())


def draft_configuration(
    user: str,
    reached: Reached,
    names: Names,
    *,
    enablement: Enablement = "config",
    guarded: bool = False,
    enrolments: Sequence[Enrolment] = (),
) -> Draft:
    """The draft of one configuration, from every block that reaches it.

    ``enrolments`` are the migrations that do, in their order; documents come on top of what these leave. ``guarded``:
    the user's metadata will change, which may switch workflows off; then managed enablements get an operation even
    where nothing else changes, so that they are asserted again.
    """
    subject = reached.subject
    shape = shape_of(reached.credential, subject.configuration)
    words = [word for reach in reached.reaches for word in words_of(reach)]
    named = {word.claim.target for word in words}.union(*(reach.block.named for reach in reached.reaches))
    place = reached.reaches[0].block.place
    about = _Subject(user=user, subject=subject, shape=shape, names=names, place=place, enablement=enablement)
    if enrolments:
        ground = Ground(subject=subject, credential=reached.credential, shape=shape, names=names)
        draft = _draft_migrated(about, words, lambda left: unnamed(left, reached.reaches, named), (enrolments, ground))
    else:
        draft = _draft(about, words, unnamed(shape, reached.reaches, named))
    return replace(draft, operation=_guard(about, draft)) if guarded and draft.operation is None else draft


def _draft(about: _Subject, words: Sequence[Word], extra: Iterable[Unnamed]) -> Draft:
    rulings, findings = _rule_all(about, words)
    return _drafted(about, decide(rulings, extra, about.shape, about.names), findings)


def _draft_migrated(
    about: _Subject,
    words: Sequence[Word],
    extra: Callable[[Shape], Iterable[Unnamed]],
    migrations: tuple[Sequence[Enrolment], Ground],
) -> Draft:
    """The same where migrations come first: documents decide on what these leave."""
    migrated = migrate(*migrations)
    rulings, findings = _rule_all(about, words)
    findings += [_trouble(about, trouble) for trouble in migrated.troubles]
    left = about.shape
    try:
        left = shape_after(about.shape, migrated)
    except JsonError as error:
        findings.append(_not_carriable(about, error))
    told, clashes = settle(decide(rulings, extra(left), left, about.names), migrated.touched, about.shape, about.names)
    hint = "let the migration alone decide, or make them equal"
    for clash in clashes:
        found = _finding(FindingKind.OWNERSHIP, about, clash.message, hint)
        findings.append(replace(found, place=clash.place, other=clash.other))
    draft = _drafted(about, told, findings)
    if draft.operation is None:
        return draft
    after = replace(about.shape, payload=final_payload(draft.operation.base, draft.operation.requests))
    again = tuple(_trouble(about, trouble) for trouble in repeated(*migrations, after))
    return replace(draft, operation=None, findings=(*draft.findings, *again)) if again else draft


def _drafted(about: _Subject, told: Sequence[Decided], findings: list[Finding]) -> Draft:
    """The draft of what was decided; ``findings`` are those so far."""
    decided = [one for one in told if not one.released]
    findings += _shape_findings(about, decided)
    operation = None
    if not findings and any(one.changes for one in decided):
        try:
            operation = _operation(about, decided)
            findings += _required_missing(about, decided, operation)
        except JsonError as error:
            findings.append(_not_carriable(about, error))
    return Draft(
        operation=operation,
        decisions=tuple(_decision(about, one) for one in told),
        findings=tuple(findings),
        enabled_live=sum(_is_on(one) for one in decided),
        enablements=tuple(one.managed for one in decided if _is_enablement(one)),
    )


def _guard(about: _Subject, draft: Draft) -> Operation | None:
    """An operation without changes, on the managed enablements alone; none where it could not be sent."""
    if not draft.enablements or draft.findings or about.shape.repeated() is not None:
        return None
    return Operation(
        user=about.user,
        subject=about.subject,
        base=about.shape.payload,
        requests=requests_of(about.subject, about.shape, about.shape.payload, about.enablement),
        managed=draft.enablements,
        changes=(),
        kept=kept(about.shape, [managed.target for managed in draft.enablements]),
        enablement=about.enablement,
    )


def _is_on(one: Decided) -> bool:
    """Whether the value is an enablement that is on now; so is one without an entry that the catalog enables."""
    managed = one.managed
    if not _is_enablement(one):
        return False
    by_catalog = managed.base is ABSENT and managed.desired is False and managed.origin is not Origin.CREATED
    return managed.base is True or by_catalog


def _is_enablement(one: Decided) -> bool:
    """Whether it is an enablement that somebody wants to be as it is desired; a migration may have read it only."""
    return isinstance(one.managed.target, WorkflowEnabled) and not isinstance(one.winner.intent, Read)


def _rule_all(about: _Subject, words: Iterable[Word]) -> tuple[list[Ruling], list[Finding]]:
    by_target: dict[Target, list[Word]] = {}
    for word in words:
        by_target.setdefault(word.claim.target, []).append(word)
    rulings: list[Ruling] = []
    findings: list[Finding] = []
    for competing in by_target.values():
        match rule(competing):
            case Ruling() as ruling:
                if ruling.losers or not ruling.released:  # else there was nothing to release
                    rulings.append(ruling)
            case Contradiction(message=message, place=place, other=other):
                hint = "let one of them decide, or make them equal"
                finding = _finding(FindingKind.OWNERSHIP, about, message, hint)
                findings.append(replace(finding, place=place, other=other))
    return rulings, findings


def _shape_findings(about: _Subject, decided: Sequence[Decided]) -> Iterator[Finding]:
    """What forbids to write here at all. A payload that is left alone may hold what can't be carried."""
    shape = about.shape
    repeated = shape.repeated()
    if repeated is not None:
        touched = any(one.changes or shape.hides(one.managed.target) for one in decided)
        if touched or shape.ambiguous:
            message = f"an object names the key {format_pointer(repeated)} twice, which can't be sent back as it was"
            hint = "set the value anew in the Connect Portal, or ask Paragon"
            yield _finding(FindingKind.NOT_CARRIABLE, about, message, hint)
    elif shape.ambiguous:
        message = f"{_where(about.subject)}: {shape.ambiguous}"
        yield _finding(FindingKind.AMBIGUOUS_SHAPE, about, message, "nothing is written; see what the API answers")


def _operation(about: _Subject, decided: Sequence[Decided]) -> Operation:
    shape = about.shape
    targets = [one.managed.target for one in decided]
    payload = merge(shape, ((one.managed.target, one.managed.desired) for one in decided))
    return Operation(
        user=about.user,
        subject=about.subject,
        base=shape.payload,
        requests=requests_of(about.subject, shape, payload, about.enablement),
        managed=tuple(one.managed for one in decided),
        changes=tuple(change_of(one.managed, one.workflow, shape) for one in decided if one.changes),
        kept=kept(shape, targets),
        enablement=about.enablement,
    )


def _required_missing(about: _Subject, decided: Iterable[Decided], operation: Operation) -> Iterator[Finding]:
    """Workflows that would be switched on while a required setting of theirs has no value."""
    after = replace(about.shape, payload=final_payload(operation.base, operation.requests))
    for one in decided:
        target = one.managed.target
        if not (isinstance(target, WorkflowEnabled) and one.changes and one.managed.desired is True):
            continue
        required = about.names.required(target.workflow)
        missing = [i.title or i.id for i in required if after.read(WorkflowSetting(target.workflow, i.id)) is ABSENT]
        if missing:
            listed = ", ".join(f'"{title}"' for title in sorted(missing))
            message = f'"{one.workflow}" can\'t be enabled: no value for its required {listed}'
            place = replace(one.winner.place or about.place, of_key=True)
            finding = _finding(FindingKind.REQUIRED_MISSING, about, message, "give it under the workflow's settings")
            yield replace(finding, place=place)


def _not_carriable(about: _Subject, error: JsonError) -> Finding:
    message = f"nothing can be written without destroying what is there: {error.message}"
    return _finding(FindingKind.NOT_CARRIABLE, about, message)


def _trouble(about: _Subject, trouble: Trouble) -> Finding:
    message = f"{_where(about.subject)}: {trouble.message}"
    return replace(_finding(trouble.kind, about, message, trouble.hint), place=trouble.place)


def _decision(about: _Subject, one: Decided) -> Decision:
    managed = one.managed
    return Decision(
        user=about.user,
        subject=about.subject,
        target=managed.target,
        pointer=about.shape.pointers(managed.target)[0],
        label=managed.label,
        workflow=one.workflow,
        origin=managed.origin,
        winner=one.winner,
        losers=one.losers,
        live=managed.base,
        desired=managed.desired,
        verdict=one.verdict,
        secret=managed.secret or any(one.secret for one in (one.winner, *one.losers)),
    )


def _finding(kind: FindingKind, about: _Subject, message: str, hint: str | None = None) -> Finding:
    integration = about.subject.integration if isinstance(about.subject, ConfigurationSubject) else None
    return Finding(kind=kind, user=about.user, message=message, integration=integration, place=about.place, hint=hint)


def _where(subject: Subject) -> str:
    match subject:
        case MetadataSubject():
            return "metadata"
        case ConfigurationSubject(account=account, name=name):
            return f"account {account}" + (f", configuration {name}" if name else "")
