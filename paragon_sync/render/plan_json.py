"""The plan as JSON for machines (``schemas/plan.schema.json``), made from a plan file alone. Knows no planner.

Written as it is read: no plan is too large. Values keep their number text; a secret has no value here at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final, TypeAlias

from paragon_sync.jsonvalue import ABSENT, Absent, Json, JsonObject, dumps, format_pointer
from paragon_sync.model.planned import (
    Change,
    ConfigurationSubject,
    Counts,
    Detail,
    Finding,
    FindingKind,
    Outline,
    PlanHeader,
    Refusal,
    Severity,
    Subject,
    Value,
)
from paragon_sync.render.alike import AlikeChanges, AlikeTexts, ChangeTally, TextTally
from paragon_sync.render.mask import masked_change
from paragon_sync.render.plan import Plan
from paragon_sync.store.selection import EVERYTHING, Selection

_About: TypeAlias = tuple[Severity, FindingKind, str | None]

FORMAT_VERSION: Final = 1


def plan_json(plan: Plan, selection: Selection = EVERYTHING) -> Iterator[str]:
    """The whole document in pieces; one operation or finding to a line, ASCII, with a line break at the end.

    What is alike is counted on the way, and stands at the end.
    """
    changes, texts = ChangeTally(), TextTally[_About]()
    head = _header(plan.header, plan.digest) | _selected(selection)
    yield f'{dumps(head)[:-1]},\n"operations":['
    yield from items(map(_operation, changes.counting(plan.outlines(selection))))
    yield '],\n"findings":['
    yield from items(map(_finding, _counting(plan.findings(selection), texts)))
    yield '],\n"summary":{"changes":['
    yield from items(map(_alike_changes, changes.groups()))
    yield '],\n"findings":['
    yield from items(map(_alike_findings, texts.groups()))
    yield f'],\n"furtherChanges":{changes.unsorted},"furtherFindings":{texts.unsorted}}}}}\n'


def _counting(findings: Iterable[Finding], tally: TextTally[_About]) -> Iterator[Finding]:
    """The same findings, which are taken on their way."""
    for finding in findings:
        tally.add((finding.severity, finding.kind, finding.integration), finding.user, finding.message, finding.hint)
        yield finding


def _selected(selection: Selection) -> JsonObject:
    return {} if selection.is_everything else {"selection": dict(selection.as_text())}


def _alike_changes(alike: AlikeChanges) -> JsonObject:
    """Values where all have the same; else how many there are, as far as they were counted."""
    change = alike.change
    before = ABSENT if change.secret or alike.more_befores or alike.befores > 1 else change.before
    after = ABSENT if change.secret or alike.more_afters or alike.afters > 1 else change.after
    return {
        "users": alike.users,
        "samples": list(alike.samples),
        **present(integration=alike.integration, workflow=change.workflow),
        "label": change.label,
        **({"inside": format_pointer(alike.inside)} if alike.inside else {}),
        "effect": change.effect.value,
        "origin": change.origin.value,
        "secret": change.secret,
        **values(before=before, after=after),
        **({} if change.before is ABSENT else {"valuesBefore": alike.befores}),
        **({} if change.after is ABSENT else {"valuesAfter": alike.afters}),
        "counted": alike.counted,
    }


def _alike_findings(alike: AlikeTexts[_About]) -> JsonObject:
    severity, kind, integration = alike.key
    return {
        "users": alike.users,
        "samples": list(alike.samples),
        "findings": alike.times,
        "kind": kind.value,
        "severity": severity.value,
        **present(integration=integration, hint=alike.hint),
        "message": alike.text,
    }


def subject_json(subject: Subject) -> JsonObject:
    """What an operation writes, as the JSON formats name it."""
    if not isinstance(subject, ConfigurationSubject):
        return {"kind": "metadata"}
    return present(
        kind="configuration",
        integration=subject.integration,
        credential=subject.credential,
        account=subject.account,
        configuration=subject.configuration,
        configurationName=subject.name,
    )


def _header(header: PlanHeader, digest: str) -> JsonObject:
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": header.environment,
        "project": header.project,
        "host": header.host,
        "created": header.created,
        "expires": header.expires,
        "tool": header.tool,
        "digest": digest,
        "complete": not header.incomplete,
        "filters": dict(header.filters),
        "policy": dict(header.policy),
        "allowed": dict(header.allowed),
        "refusals": [_refusal(refusal) for refusal in header.refusals],
        "notes": list(header.notes),
        **({} if header.seconds_to_apply is None else {"secondsToApply": header.seconds_to_apply}),
        "counts": _counts(header.counts),
    }


def _refusal(refusal: Refusal) -> JsonObject:
    return {"rule": refusal.rule, "message": refusal.message, "knob": refusal.knob}


def _counts(counts: Counts) -> JsonObject:
    return {camel(field.name): getattr(counts, field.name) for field in fields(counts)}


def camel(name: str) -> str:
    """``values_added`` as JSON names it: ``valuesAdded``."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _operation(operation: Outline) -> JsonObject:
    changes: list[Json] = [_change(change) for change in operation.changes]
    return {"user": operation.user, **subject_json(operation.subject), "kept": operation.kept, "changes": changes}


def _change(change: Change) -> JsonObject:
    shown = masked_change(change)
    secret = shown.secret
    details: list[Json] = [_detail(detail) for detail in shown.details]
    return {
        "effect": change.effect.value,
        "pointer": format_pointer(change.pointer),
        "label": change.label,
        **present(workflow=change.workflow),
        **({} if secret else values(before=shown.before, after=shown.after)),
        "origin": change.origin.value,
        "source": change.source,
        "secret": secret,
        **({"details": details} if details else {}),
    }


def _detail(detail: Detail) -> JsonObject:
    return {"pointer": format_pointer(detail.pointer), **values(before=detail.before, after=detail.after)}


def _finding(finding: Finding) -> JsonObject:
    at = finding.position
    return {
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "user": finding.user,
        **present(integration=finding.integration),
        "message": finding.message,
        **present(hint=finding.hint),
        **({} if at is None else {"file": at.file, "line": at.line, "column": at.column}),
        **({"row": at.row} if at is not None and at.row else {}),
    }


def present(**texts: str | None) -> JsonObject:
    """The texts that there are."""
    return {name: text for name, text in texts.items() if text is not None}


def values(**named: Value) -> JsonObject:
    """The values that there are: an absent one has no key."""
    return {name: value for name, value in named.items() if not isinstance(value, Absent)}


def items(objects: Iterable[JsonObject]) -> Iterator[str]:
    """The inside of an array, one object to a line."""
    separator = "\n"
    for item in objects:
        yield separator + dumps(item)
        separator = ",\n"
    if separator == ",\n":
        yield "\n"
