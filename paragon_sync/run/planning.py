"""Makes a plan: fetches each user, lets ``plan`` compare, and writes what comes of it in the order of the users.

Holds only the users in flight. Sends nothing that changes anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from paragon_sync import __version__
from paragon_sync.errors import ApiError
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.desired import DesiredDocument, Enlisted
from paragon_sync.model.migration import Enrolment
from paragon_sync.model.planned import Enablement, Finding, FindingKind, PlanHeader, Severity
from paragon_sync.model.project import Policy, Protected
from paragon_sync.model.thresholds import THRESHOLDS, ThresholdRule
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.controller import MAX_CONCURRENCY
from paragon_sync.plan.policy import check, severity
from paragon_sync.plan.protection import unknown_names
from paragon_sync.plan.select import place_order
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import Planner, UserPlan
from paragon_sync.run.desired.loading import Desired
from paragon_sync.run.desired.wanted import Reading, required_fetches
from paragon_sync.run.desired.whose import Whose
from paragon_sync.run.estimate import Workload
from paragon_sync.run.failures import Failures
from paragon_sync.run.fetching import read_user
from paragon_sync.run.findings import FindingsWriter
from paragon_sync.run.in_turn import InTurn
from paragon_sync.run.progress import Progress, Stage
from paragon_sync.store.planfile import PlanWriter
from paragon_sync.store.staging import Staged

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """Everything that planning is based on, but the manifests. ``allowed`` are the knobs turned by ``--allow``.

    ``enablement`` is how workflows are to be switched; the plan remembers it. ``host`` is the environment's own, as
    ``normalize_host`` gives it.
    """

    environment: str
    host: str
    client: Client
    catalog: Catalog
    policy: Policy
    concurrency: int | None
    now: datetime
    allowed: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    enablement: Enablement = "config"
    progress: Progress = field(default_factory=Progress)

    def planner(self) -> Planner:
        """Return the planner of users for this catalog, policy and way of enabling workflows."""
        return Planner(self.catalog, self.policy, self.enablement)


async def make_plan(desired: Desired, planning: Planning, out: Path, key: str | None = None) -> str:
    """Write the plan of the desired state to ``out``, encrypted if there is a ``key``, and return its digest.

    A user who can't be fetched is a finding; that nobody can be is the :class:`ApiError` of the first one.
    """
    tally, work = Tally(), Workload()
    planning.progress.begin(Stage.PLANNING, lambda: tally.considered, total=desired.staging.user_count)
    with PlanWriter(out, key) as writer:
        findings = FindingsWriter(writer.add_finding)
        async for plan in user_plans(desired, planning):
            tally.add(plan)
            if plan.operations:
                work.add(plan)
            for operation in plan.operations:
                writer.add(operation)
            findings.add(plan.findings)
        findings.flush()
        seconds = work.seconds(planning.client.pace)
        return writer.finish(replace(_header(desired, planning, tally), seconds_to_apply=seconds))


async def user_plans(desired: Desired, planning: Planning) -> AsyncIterator[UserPlan]:
    """Yield the plan of each user, in the order of their ids, with at most four times ``concurrency`` users in flight.

    Raises the :class:`ApiError` of a user where it isn't that user's alone.
    """
    failures, planner = Failures(), planning.planner()
    plan = partial(_plan_or_error, desired.reading, planning, planner)
    turns = InTurn(desired.groups(), plan, planning.concurrency or MAX_CONCURRENCY)
    async for (user, staged), result in turns.results():
        if isinstance(result, ApiError):
            failures.add(result)
            yield _not_fetched(user, result, desired.reading.in_full(staged), planning.policy)
        else:
            failures.interrupt()
            yield result
    failures.end()


async def plan_one(desired: Desired, planning: Planning, user: str) -> UserPlan:
    """Plan one user with every decision explained; raise :class:`ApiError` where the user can't be fetched."""
    staged = desired.staging.documents(user)
    return await _plan(desired.reading, planning, planning.planner(), user, staged, explain=True)


async def _plan_or_error(
    reading: Reading, planning: Planning, planner: Planner, one: tuple[str, Sequence[Staged]]
) -> UserPlan | ApiError:
    """Plan one user, and return the error where the user can't be fetched."""
    try:
        return await _plan(reading, planning, planner, *one)
    except ApiError as error:
        return error


async def _plan(
    reading: Reading,
    planning: Planning,
    planner: Planner,
    user: str,
    staged: Sequence[Staged],
    *,
    explain: bool = False,
) -> UserPlan:
    """Fetch and plan one user; the documents are read in full only where the planner needs them."""
    compact = reading.compact(staged)
    metadata, configurations = required_fetches(compact)
    live = await read_user(planning.client.user(user), metadata=metadata, configurations=configurations)
    documents: list[DesiredDocument] = []

    def read() -> tuple[Sequence[DesiredDocument], Sequence[Enrolment]]:
        documents.extend(reading.in_full(staged))
        return documents, reading.enrolments(documents)

    in_full = explain or any(isinstance(document, Enlisted) for document in staged)
    plan = planner.plan(compact, live, read, in_full=in_full)
    return Whose(documents).plan(plan) if documents else plan


def _not_fetched(user: str, error: ApiError, documents: Sequence[DesiredDocument], policy: Policy) -> UserPlan:
    place = min((document.place for document in documents), key=place_order)
    finding = Finding(
        kind=FindingKind.NOT_FETCHED,
        user=user,
        message=error.message,
        place=replace(place, pointer=(*place.pointer, "user")),
        hint=error.hint,
        severity=severity(FindingKind.NOT_FETCHED, policy),
    )
    if finding.severity is Severity.IGNORED:
        return UserPlan(user=user, ignored=(finding,))
    return Whose(documents).plan(UserPlan(user=user, findings=(finding,)))


def _header(desired: Desired, planning: Planning, tally: Tally) -> PlanHeader:
    counts = replace(tally.counts, files=desired.files)
    return PlanHeader(
        environment=planning.environment,
        project=planning.catalog.project,
        host=planning.host,
        created=planning.now.isoformat(timespec="milliseconds"),
        expires=(planning.now + LIFETIME).isoformat(timespec="seconds"),
        tool=__version__,
        manifest_digest=desired.digest,
        counts=counts,
        filters=desired.filters.as_text(),
        policy=_policy_text(planning.policy),
        allowed={name: str(number) for name, number in planning.allowed.items()},
        refusals=check(counts, planning.policy, planning.allowed, tally.hits),
        incomplete=tally.errors > 0,
        catalog=_used_entries(planning.catalog, desired.used),
        notes=(
            *planning.notes,
            *_limits(planning),
            *desired.notes,
            *unknown_names(planning.policy.protected, planning.catalog),
        ),
    )


def _policy_text(policy: Policy, rules: Iterable[ThresholdRule] = THRESHOLDS) -> Mapping[str, str]:
    thresholds = {rule.name: policy.threshold(rule) for rule in rules}
    return {
        **{name: str(threshold) for name, threshold in thresholds.items() if threshold is not None},
        "minimumPopulation": str(policy.minimum_population),
        **_protected_text(policy.protected),
    } | {kind.value: chosen.value for kind, chosen in policy.findings.items()}


def _protected_text(protected: Protected) -> Mapping[str, str]:
    settings = (f'{integration} "{name}"' for integration, names in protected.settings.items() for name in names)
    named = ", ".join([*(f"users {glob}" for glob in protected.users), *protected.integrations, *settings])
    return {"protected": named} if named else {}


def _used_entries(catalog: Catalog, used: Iterable[str]) -> Mapping[str, Json]:
    return {
        kind: {
            "id": catalog.integrations[kind].id,
            "inputs": {i.id: i.title for i in catalog.integrations[kind].inputs},
            "workflows": {w.id: w.description for w in catalog.integrations[kind].workflows},
        }
        for kind in sorted(used)
        if kind in catalog.integrations
    }


def _limits(planning: Planning) -> tuple[str, ...]:
    """Return a note where the Project file's limit of requests at once is what limited the plan's speed."""
    limit = planning.client.pace.concurrency_limit
    return () if limit is None else (f"limits.concurrency: {limit} was the limit; without it the number adapts",)
