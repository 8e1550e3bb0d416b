"""Tries migrations on the cases beside them, with the planner that carries them out. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.catalog.states import State, resolve_state
from paragon_sync.errors import ManifestError, Problem, UsageError
from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, assign, equal
from paragon_sync.manifest.cases import cases_beside, is_cases, manifests_beside, read_cases
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.roster import Row
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import locate, problems
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.desired import Enlisted, Setting, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.migration import Migration
from paragon_sync.model.planned import Value
from paragon_sync.model.project import Policy
from paragon_sync.model.rehearsal import Case, Deviation, Rehearsed, StateTarget, Untested
from paragon_sync.plan.names import Names
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.shape import Shape, shape_of
from paragon_sync.plan.user import UserPlan, plan_user
from paragon_sync.run.desired.migrating import Migrating


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A migration, and the file that it stands in."""

    file: Path
    migrating: Migrating


def rehearse(files: Sequence[Path], scope: SecretScope, catalog: Catalog) -> Iterator[Rehearsed | Untested]:
    """Try every case of these files, and tell which of their migrations have none.

    ``files`` are manifests, each of which brings its cases, or files of cases, each of which brings its manifests.
    Raises :class:`ManifestError` with everything that is wrong in them, :class:`UsageError` where nothing is to be
    tried.
    """
    manifests = _manifests(files)
    found: list[Problem] = []
    candidates = list(_migrations(manifests, scope, Resolver(catalog), found))
    cases = list(_cases([path for file in manifests if (path := cases_beside(file)) is not None], found))
    tried = list(_assigned(cases, candidates, catalog, found))
    if found:
        raise ManifestError(sorted(set(found), key=lambda p: (p.file, p.line, p.column, p.message)))
    if not candidates:
        raise UsageError("there is no migration in these files", hint="name files or folders that hold migrations")
    for trial in tried:
        yield trial.run(catalog)
    tested = {trial.candidate.migrating.migration.place for trial in tried}
    for candidate in candidates:
        migration = candidate.migrating.migration
        if migration.place not in tested:
            yield Untested(migration=migration.name, position=locate(_below(migration.place, "name")))


def _manifests(files: Sequence[Path]) -> list[Path]:
    beside = [path for file in files if is_cases(file) for path in manifests_beside(file)]
    return list(dict.fromkeys([*(file for file in files if not is_cases(file)), *beside]))


def _migrations(
    files: Iterable[Path], scope: SecretScope, resolver: Resolver, found: list[Problem]
) -> Iterator[_Candidate]:
    for number, item in enumerate(iter_documents(files, scope)):
        match item:
            case Problem():
                found.append(item)
            case Migration():
                migrating = Migrating(number, item, resolver)
                found.extend(problems(migrating.faults))
                yield _Candidate(Path(item.place.file), migrating)
            case _:  # of a flawed document its problems tell; others have no cases
                pass


def _cases(files: Iterable[Path], found: list[Problem]) -> Iterator[Case]:
    for file in files:
        for item in read_cases(file):
            if isinstance(item, Problem):
                found.append(item)
            else:
                yield item


def _assigned(
    cases: Iterable[Case], candidates: Sequence[_Candidate], catalog: Catalog, found: list[Problem]
) -> Iterator[_Trial]:
    """Each case with its migration, names resolved; what is wrong with the cases goes to ``found``."""
    for case in cases:
        beside = [one for one in candidates if cases_beside(one.file) == Path(case.place.file)]
        named = [one for one in beside if case.migration in {None, one.migrating.migration.name}]
        if len(named) == 1:
            trial, faults = _trial(case, named[0], catalog)
            found.extend(problems(faults))
            yield trial
        elif beside:
            names = ", ".join(one.migrating.migration.name for one in beside)
            what = "migration: … says which is meant" if case.migration is None else "no such migration is beside it"
            at = case.place if case.migration is None else _below(case.place, "migration")
            found.extend(problems([Fault(message=what, place=at, hint=f"there are {names}")]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A case that can be tried; ``expected`` is None where a finding is."""

    case: Case
    candidate: _Candidate
    live: State
    expected: State | None

    def run(self, catalog: Catalog) -> Rehearsed:
        case, migrating = self.case, self.candidate.migrating
        enlisted = migrating.enlist(Row(case.user, 1, case.row))
        plan, before = self._plan(None if isinstance(enlisted, Fault) else enlisted, catalog)
        messages = [finding.message for finding in (*plan.findings, *plan.ignored)]
        messages += [enlisted.message] if isinstance(enlisted, Fault) else []
        deviations: list[Deviation] = []
        problem = None
        if case.finding is not None:
            if not any(case.finding in message for message in messages):
                problem = f"no finding says: {case.finding}" + "".join(f"; one says: {one}" for one in messages)
        elif messages:
            problem = "; ".join(messages)
        else:
            deviations = list(self._deviations(plan, before, catalog))
        return Rehearsed(
            migration=migrating.migration.name,
            case=case.name,
            position=locate(_below(case.place, "name")),
            deviations=tuple(deviations),
            problem=problem,
        )

    def _plan(self, enlisted: Enlisted | None, catalog: Catalog) -> tuple[UserPlan, Shape]:
        """What is planned for the one account of the case, and how its configuration is before."""
        case, migrating = self.case, self.candidate.migrating
        integration = catalog.integrations[migrating.migration.integration]
        ids: JsonObject = {key: value for key, value in case.account.items() if key != "credentialId"}
        own: JsonObject = {
            "id": case.account.get("credentialId", "credential"),
            "integrationId": integration.id,
            "config": _config(self.live),
        }
        credential = Credential(ids | own)
        live = LiveUser(user=case.user, credentials=(credential,))
        documents = [] if enlisted is None else [migrating.document(enlisted)]
        enrolment = None if enlisted is None else migrating.enrolment(enlisted)
        enrolments = () if enrolment is None else (enrolment,)
        plan = plan_user(documents, live, catalog, Policy(), enrolments=enrolments)
        return plan, shape_of(credential, None)

    def _deviations(self, plan: UserPlan, before: Shape, catalog: Catalog) -> Iterator[Deviation]:
        names = Names(catalog.integrations[self.candidate.migrating.migration.integration])
        payload = before.payload
        secret: set[object] = set()
        for operation in plan.operations:
            payload = final_payload(operation.base, operation.requests)
            secret |= {managed.target for managed in operation.managed if managed.secret}
        after = _values(Shape(payload=payload, maps=before.maps))
        wanted = self._wanted(_values(before))
        for target in dict.fromkeys([*wanted, *after]):
            expected: Value = wanted.get(target, ABSENT)
            actual: Value = after.get(target, ABSENT)
            if not equal(expected, actual):
                yield Deviation(
                    label=names.label(target),
                    workflow=names.workflow_of(target),
                    expected=expected,
                    actual=actual,
                    secret=target in secret or names.secret(target, names.label(target)),
                )

    def _wanted(self, before: Mapping[StateTarget, Json]) -> dict[StateTarget, Json]:
        """What is expected of each value; a section that the case leaves out is to be as before."""
        expected = self.expected
        settings: Mapping[StateTarget, Json] = {t: value for t, value in before.items() if isinstance(t, Setting)}
        workflows: Mapping[StateTarget, Json] = {t: v for t, v in before.items() if not isinstance(t, Setting)}
        if expected is not None and expected.settings is not None:
            settings = expected.settings
        if expected is not None and expected.workflows is not None:
            workflows = expected.workflows
        return {**settings, **workflows}


def _trial(case: Case, candidate: _Candidate, catalog: Catalog) -> tuple[_Trial, list[Fault]]:
    integration = catalog.integrations.get(candidate.migrating.migration.integration)
    nothing = State(settings=None, workflows=None)
    if integration is None:  # of which the migration's own faults tell
        return _Trial(case=case, candidate=candidate, live=nothing, expected=nothing), []
    live, faults = resolve_state(case.live, integration)
    expected: State | None = nothing
    if case.expected is None:
        expected = None
    elif case.expected != "unchanged":
        expected, wrong = resolve_state(case.expected, integration)
        faults = [*faults, *wrong]
    return _Trial(case=case, candidate=candidate, live=live, expected=expected), faults


def _config(live: State) -> JsonObject:
    shape = Shape(payload={}, maps=("configuredWorkflows",))
    payload: JsonObject = {}
    for target, value in [*(live.settings or {}).items(), *(live.workflows or {}).items()]:
        for pointer in shape.pointers(target):
            payload = assign(payload, pointer, value)
    return payload


def _values(shape: Shape) -> dict[StateTarget, Json]:
    """Every value of a configuration, by what it is a value of."""
    found: dict[StateTarget, Json] = {Setting(id_): value for id_, value in shape.settings().items()}
    for workflow in shape.workflows():
        enabled = shape.read(WorkflowEnabled(workflow))
        if enabled is not ABSENT:
            found[WorkflowEnabled(workflow)] = enabled
        for id_, value in shape.workflow_settings(workflow).items():
            found[WorkflowSetting(workflow, id_)] = value
    return found


def _below(place: Place, name: str) -> Place:
    return Place(file=place.file, document=place.document, pointer=(*place.pointer, name))
