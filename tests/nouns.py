"""Nouns for tests: builders with what a test is not about filled in, and strategies for properties."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from statistics import median_low
from typing import Any

from hypothesis import strategies as st

from paragon_sync.jsonvalue import ABSENT, Json, Pointer, number
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import (
    ManagedTarget,
    MetadataKey,
    Setting,
    WorkflowEnabled,
    WorkflowEntry,
    WorkflowSetting,
)
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    OutcomeName,
    RunHeader,
    SideEffect,
    Unchanged,
    Unknown,
    ended_well,
)
from paragon_sync.model.planned import (
    Change,
    ConfigurationSubject,
    Counts,
    Detail,
    DisableWorkflow,
    EnableWorkflow,
    Finding,
    FindingKind,
    Managed,
    MetadataSubject,
    Operation,
    Origin,
    Outline,
    PatchConfig,
    PatchMeta,
    PlanHeader,
    Refusal,
    Severity,
    Value,
)
from paragon_sync.plan.rebase import ToSend
from paragon_sync.store.journal import SENDING, Ending, Entry, Windows, state_of
from paragon_sync.store.selection import EVERYTHING, Selection

SLACK = ConfigurationSubject(integration="slack", credential="c1", account="T0001")


def change(label: str, before: Value, after: Value, **more: Any) -> Change:
    """An integration-level setting's change, unless ``more`` says otherwise."""
    filled: dict[str, Any] = {
        "pointer": ("sharedSettings", label.lower()),
        "target": Setting(label.lower()),
        "workflow": None,
        "origin": Origin.SETTINGS,
        "source": "users/acme.yaml:11:7",
    }
    return Change(label=label, before=before, after=after, **(filled | more))


def ending(entry: Entry) -> Ending:
    """What a store tells of the operation whose entry this is."""
    return Ending(**{one.name: getattr(entry, one.name) for one in fields(Ending)})


def switch(workflow: str, *, before: Value, after: Value, **more: Any) -> Change:
    """A change of whether a workflow is enabled."""
    target = WorkflowEnabled(workflow.lower())
    pointer = ("configuredWorkflows", workflow.lower(), "enabled")
    filled = {"target": target, "pointer": pointer, "workflow": workflow, "origin": Origin.WORKFLOWS}
    return change(workflow, before, after, **(filled | more))


def metadata(user: str, *changes: Change) -> Operation:
    """An operation on metadata."""
    chosen = changes or (change("plan", "pro", "enterprise", pointer=("plan",), target=MetadataKey("plan")),)
    return Operation(
        user=user,
        subject=MetadataSubject(),
        base={"plan": "pro"},
        requests=(PatchMeta(meta={"plan": "enterprise"}),),
        managed=(),
        changes=chosen,
    )


def configuration(user: str, *changes: Change, subject: ConfigurationSubject = SLACK, kept: int = 0) -> Operation:
    """An operation on a configuration."""
    chosen = changes or (change("Channel", "C001", "C0123"),)
    request = PatchConfig(credential=subject.credential, configuration=subject.configuration, config={"a": 1})
    return Operation(user=user, subject=subject, base={}, requests=(request,), managed=(), changes=chosen, kept=kept)


def finding(user: str, message: str = "not connected", **more: Any) -> Finding:
    """A finding about salesforce."""
    filled: dict[str, Any] = {"kind": FindingKind.NOT_CONNECTED, "integration": "salesforce"}
    return Finding(user=user, message=message, **(filled | more))


def plan_header(**more: Any) -> PlanHeader:
    """A header made at 10:15:02 and valid for a day."""
    filled: dict[str, Any] = {
        "environment": "production",
        "project": "db06d291",
        "host": "https://api.useparagon.com",
        "created": "2026-03-14T10:15:02+00:00",
        "expires": "2026-03-15T10:15:02+00:00",
        "tool": "0.1.0",
        "manifest_digest": "abc",
        "counts": Counts(considered=214, files=3),
    }
    return PlanHeader(**(filled | more))


def run_header(run: str = "20260314-101502-4f1c", **more: Any) -> RunHeader:
    """A run of the plan ``4f1c09ab…``."""
    filled: dict[str, Any] = {
        "plan_digest": "4f1c09ab" * 8,
        "environment": "production",
        "project": "db06d291",
        "actor": "ci",
        "started": "2026-03-14T10:15:02+00:00",
    }
    return RunHeader(run=run, **(filled | more))


def as_planned(operation: Operation) -> ToSend:
    """Return what is sent where live is as it was when the operation was planned."""
    return ToSend(requests=operation.requests, pre_image=operation.base)


def outline_of(operation: Operation) -> Outline:
    """What of it people review."""
    return Outline(user=operation.user, subject=operation.subject, changes=operation.changes, kept=operation.kept)


@dataclass(frozen=True)
class StoredPlan:
    """A plan without its file."""

    header: PlanHeader = field(default_factory=plan_header)
    made: tuple[Operation, ...] = ()
    found: tuple[Finding, ...] = ()
    digest: str = "4f1c09ab" * 8

    def outlines(self, selection: Selection = EVERYTHING) -> Iterator[Outline]:
        return (outline_of(operation) for operation in self.made if _is_chosen(operation.user, selection))

    def findings(self, selection: Selection = EVERYTHING) -> Iterator[Finding]:
        return (found for found in self.found if _is_chosen(found.user, selection))

    def users(self, selection: Selection = EVERYTHING) -> int:
        return len({outline.user for outline in self.outlines(selection)})


@dataclass(frozen=True)
class StoredRun:
    """One run without its database."""

    recorded: tuple[Entry, ...] = ()
    header: RunHeader = field(default_factory=lambda: run_header("r", allowed={"valuesRemoved": "20"}))

    def run(self, run: str) -> RunHeader:
        return replace(self.header, run=run)

    def entries(
        self,
        _run: str,
        outcome: OutcomeName | None = None,
        *,
        sending: bool = False,
        attempts: bool = True,
    ) -> list[Entry]:
        wanted = SENDING if sending else outcome
        found = [entry for entry in self.recorded if wanted in {None, state_of(entry.outcome)}]
        return found if attempts else [replace(entry, attempts=()) for entry in found]

    def endings(self, _run: str, states: Collection[str]) -> list[Ending]:
        return [ending(entry) for entry in self.recorded if state_of(entry.outcome) in states]

    def outcomes(self, _run: str) -> Iterator[tuple[str, Outcome | None, int]]:
        outcomes = (entry.outcome for entry in self.recorded)
        return ((state_of(outcome), outcome if ended_well(outcome) else None, 1) for outcome in outcomes)

    def counts(self, _run: str) -> Mapping[str, int]:
        return Counter(state_of(entry.outcome) for entry in self.recorded)

    def sent_again(self, _run: str) -> int:
        return sum(entry.tries > 1 for entry in self.recorded)

    def windows(self, _run: str) -> Windows | None:
        found = sorted(entry.window for entry in self.recorded if entry.window is not None)
        return Windows(number=len(found), longest=found[-1], usual=median_low(found)) if found else None


def _is_chosen(user: str, selection: Selection) -> bool:
    return not selection.users or any(fnmatchcase(user, glob) for glob in selection.users)


TEXTS = st.text(st.characters(), max_size=12).map(lambda text: json.loads(json.dumps(text)))
"""Any text that JSON can hold: lone surrogates too."""

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?", fullmatch=True).map(number)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
MAYBE_VALUES = VALUES | st.just(ABSENT)
POINTERS: st.SearchStrategy[Pointer] = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
MAYBE_TEXTS = st.none() | TEXTS
TARGETS: st.SearchStrategy[ManagedTarget] = (
    st.builds(MetadataKey, TEXTS)
    | st.builds(Setting, TEXTS)
    | st.builds(WorkflowEnabled, TEXTS)
    | st.builds(WorkflowSetting, TEXTS, TEXTS)
    | st.builds(WorkflowEntry, TEXTS)
)
SUBJECTS = st.just(MetadataSubject()) | st.builds(
    ConfigurationSubject,
    integration=TEXTS,
    credential=TEXTS,
    account=TEXTS,
    configuration=MAYBE_TEXTS,
    name=MAYBE_TEXTS,
)
DETAILS = st.builds(Detail, pointer=POINTERS, before=MAYBE_VALUES, after=MAYBE_VALUES)
CHANGES = st.builds(
    Change,
    pointer=POINTERS,
    target=TARGETS,
    label=TEXTS,
    workflow=MAYBE_TEXTS,
    before=MAYBE_VALUES,
    after=MAYBE_VALUES,
    origin=st.sampled_from(Origin),
    source=TEXTS,
    secret=st.booleans(),
    details=st.lists(DETAILS, max_size=2).map(tuple),
)
MANAGED = st.builds(
    Managed,
    target=TARGETS,
    label=TEXTS,
    desired=MAYBE_VALUES,
    base=MAYBE_VALUES,
    origin=st.sampled_from(Origin),
    source=TEXTS,
    secret=st.booleans(),
    blank=st.lists(VALUES, max_size=2).map(tuple),
)
REQUESTS = (
    st.builds(PatchMeta, meta=OBJECTS)
    | st.builds(PatchConfig, credential=TEXTS, configuration=MAYBE_TEXTS, config=OBJECTS)
    | st.builds(EnableWorkflow, credential=TEXTS, configuration=MAYBE_TEXTS, workflow=TEXTS)
    | st.builds(DisableWorkflow, credential=TEXTS, configuration=MAYBE_TEXTS, workflow=TEXTS)
)
OPERATIONS = st.builds(
    Operation,
    user=TEXTS,
    subject=SUBJECTS,
    base=OBJECTS,
    requests=st.lists(REQUESTS, max_size=2).map(tuple),
    managed=st.lists(MANAGED, max_size=2).map(tuple),
    changes=st.lists(CHANGES, max_size=3).map(tuple),
    kept=st.integers(0, 99),
    enablement=st.sampled_from(["config", "endpoint"]),
)
PLACES = st.builds(Place, file=TEXTS, document=st.integers(0, 9), pointer=POINTERS, of_key=st.booleans())
POSITIONS = st.builds(Position, file=TEXTS, line=st.integers(1, 999), column=st.integers(1, 999))
FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(FindingKind),
    user=TEXTS,
    message=TEXTS,
    integration=MAYBE_TEXTS,
    place=st.none() | PLACES,
    position=st.none() | POSITIONS,
    hint=MAYBE_TEXTS,
    severity=st.sampled_from(Severity),
)
COUNTS = st.builds(Counts, considered=st.integers(0, 10**6), operations=st.integers(0, 10**6))
REFUSALS = st.builds(Refusal, rule=TEXTS, message=TEXTS, knob=TEXTS)
TEXT_MAPS = st.dictionaries(TEXTS, TEXTS, max_size=2)
HEADERS = st.builds(
    plan_header,
    environment=TEXTS,
    host=TEXTS,
    counts=COUNTS,
    filters=TEXT_MAPS,
    policy=TEXT_MAPS,
    allowed=TEXT_MAPS,
    refusals=st.lists(REFUSALS, max_size=2).map(tuple),
    incomplete=st.booleans(),
    catalog=OBJECTS,
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    seconds_to_apply=st.none() | st.floats(0, 1e6),
)
CONFLICTS = st.builds(
    ConflictingPath,
    pointer=POINTERS,
    label=TEXTS,
    base=MAYBE_VALUES,
    live=MAYBE_VALUES,
    planned=MAYBE_VALUES,
    secret=st.booleans(),
)
SIDE_EFFECTS = st.builds(SideEffect, credential=TEXTS, configuration=MAYBE_TEXTS, workflow=TEXTS)
OUTCOMES = (
    st.builds(
        Applied,
        notes=st.lists(TEXTS, max_size=2).map(tuple),
        alarms=st.lists(TEXTS, max_size=2).map(tuple),
        resolved=st.booleans(),
        side_effects=st.lists(SIDE_EFFECTS, max_size=2).map(tuple),
        overwritten=st.lists(CONFLICTS, max_size=2).map(tuple),
        switched_off=st.lists(SIDE_EFFECTS, max_size=2).map(tuple),
    )
    | st.just(Unchanged())
    | st.builds(Conflict, paths=st.lists(CONFLICTS, max_size=2).map(tuple), after_write=st.booleans())
    | st.builds(Blocked, reason=TEXTS)
    | st.builds(Failed, reason=TEXTS)
    | st.builds(Unknown, reason=TEXTS)
)
