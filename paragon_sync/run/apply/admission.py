"""Whether a plan may be applied now, and in which run: a new one, or the one that it was stopped in. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from paragon_sync.errors import PlanFileError, RefusedByPolicy
from paragon_sync.model.outcome import Applied, Resumption, RunHeader, effects_of, ended_well
from paragon_sync.model.planned import PlanHeader
from paragon_sync.model.project import Policy
from paragon_sync.paragon.host import normalize_host
from paragon_sync.plan.policy import disabled_limit
from paragon_sync.plan.rebase import Switched, ToSend
from paragon_sync.run.apply.judging import INTERRUPTED, InDoubt, Written, enabled
from paragon_sync.run.apply.stopping import too_many_disabled
from paragon_sync.store.journal import new_run_id, state_of
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who applies, and what they said. ``allowed`` are the knobs turned now, ``host`` is the environment's own host."""

    environment: str
    project: str
    host: str
    actor: str
    allowed: Mapping[str, int] = field(default_factory=dict)
    message: str | None = None
    ci_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The run to record in, and what it has done before it was stopped.

    ``ended`` has the operations with an outcome, each with whether it ended well; ``in_doubt`` those that were sent and
    have none. ``switched`` are the workflows that changes of metadata switched off and the plan manages, by operation;
    ``switched_off`` counts the others, ``disabled`` those that the plan disables itself; of both together there may be
    ``most_disabled`` (None: any number). ``states`` has the outcome of each operation, or ``sending``.
    """

    run: str
    ended: Mapping[int, bool]
    in_doubt: Mapping[int, InDoubt] = field(default_factory=dict)
    switched: Mapping[int, Switched] = field(default_factory=dict)
    switched_off: int = 0
    disabled: int = 0
    states: Mapping[int, str] = field(default_factory=dict)
    most_disabled: int | None = None


def admit(
    reader: PlanReader,
    store: StateStore,
    applicant: Applicant,
    now: datetime,
    policy: Policy,
    *,
    make_run_id: Callable[[datetime], str] = new_run_id,
) -> Admitted:
    """Begin a run of this plan, or go on with the one that was stopped.

    Raises :class:`PlanFileError` for a plan of another environment or host, an expired or an already applied one, and
    :class:`RefusedByPolicy` for one that policy refuses, or whose run it stopped. Nothing has begun then.
    """
    _check_environment(reader.header, applicant)
    check_allowed(reader.header, applicant.allowed)
    for taken_back in store.runs():
        if taken_back.run == reader.header.rolls_back:
            _check_not_taken_back(taken_back, reader, store)
    most = disabled_limit(reader.header.counts, policy, applicant.allowed)
    earlier = store.runs_of(reader.digest)
    for run in earlier:
        _check_unfinished(run)
    if earlier:
        admitted = _as_left(earlier[0], reader.header, store)
        _check_disabled(admitted, most)
        _tell_resumed(earlier[0].run, store, applicant, now)
        return replace(admitted, most_disabled=most)
    if datetime.fromisoformat(reader.header.expires) <= now:
        raise PlanFileError(
            f"the plan expired at {reader.header.expires}",
            hint="live state may have moved on since; make the plan again",
        )
    header = RunHeader(
        run=make_run_id(now),
        plan_digest=reader.digest,
        environment=reader.header.environment,
        project=reader.header.project,
        actor=applicant.actor,
        started=now.isoformat(timespec="milliseconds"),  # two runs of one second have an order
        allowed=_text(applicant.allowed),
        message=applicant.message,
        ci_url=applicant.ci_url,
        operations=reader.count,
        rolls_back=reader.header.rolls_back,
        host=normalize_host(reader.header.host),
    )
    store.begin(header)
    return Admitted(run=header.run, ended={}, disabled=_planned(reader.header), most_disabled=most)


def check_allowed(header: PlanHeader, allowed: Mapping[str, int]) -> None:
    """Refuse a plan that breaks a rule, unless a knob turned now covers the plan's own number."""
    open_refusals = [
        refusal for refusal in header.refusals if allowed.get(refusal.rule, -1) < int(refusal.knob.rpartition("=")[2])
    ]
    if open_refusals:
        messages = "\n".join(f"  {refusal.message.partition('. To go on')[0]}" for refusal in open_refusals)
        raise RefusedByPolicy(
            f"the plan is refused by policy, and nothing was applied:\n{messages}",
            hint="to go on all the same: " + " ".join(f"--allow {refusal.knob}" for refusal in open_refusals),
        )


def _check_environment(header: PlanHeader, applicant: Applicant) -> None:
    if header.environment != applicant.environment:
        raise PlanFileError(
            f"the plan is for {header.environment}, not for {applicant.environment}",
            hint=f"paragon-sync apply FILE -e {header.environment}",
        )
    if header.project != applicant.project:
        raise PlanFileError(
            f"the plan is for project {header.project}; {header.environment} is now {applicant.project}",
            hint="make the plan again",
        )
    planned, host = normalize_host(header.host), normalize_host(applicant.host)
    if planned != host:
        raise PlanFileError(
            f"the plan is for host {planned}; {header.environment} is now {host}", hint="make the plan again"
        )


def _check_unfinished(run: RunHeader) -> None:
    if run.rolled_back_by is not None:
        raise PlanFileError(
            f"this plan was applied by run {run.run}, which run {run.rolled_back_by} took back",
            hint="a plan is applied once; make a new one to do it again",
        )
    if run.finished is not None:
        raise PlanFileError(
            f"this plan was applied already: run {run.run}, by {run.actor}, finished {_seconds(run.finished)}",
            hint="a plan is applied once; make a new one to see what is left",
        )


def _check_not_taken_back(run: RunHeader, reader: PlanReader, store: StateStore) -> None:
    """A run is taken back by one plan after the other: each knows of those before it. One may be resumed."""
    by = run.rolled_back_by
    known = {reader.header.rolls_back_after, *(own.run for own in store.runs_of(reader.digest))}
    if by is not None and by not in known:
        raise PlanFileError(
            f"run {run.run} was taken back already, by run {by}",
            hint=f"paragon-sync runs show {by} tells what came of it\n"
            f"paragon-sync rollback {run.run} -e {run.environment} --out FILE plans what is left, if anything",
        )


def _as_left(run: RunHeader, plan: PlanHeader, store: StateStore) -> Admitted:
    """What the run has done before it was stopped."""
    ended: dict[int, bool] = {}
    switched: dict[int, Switched] = {}
    switched_off = 0
    states: dict[int, str] = {}
    for entry in store.entries(run.run, attempts=False):
        states[entry.number] = state_of(entry.outcome)
        if entry.is_open:
            continue
        ended[entry.number] = ended_well(entry.outcome)
        switched_off += len(effects_of(entry.outcome))
        if isinstance(entry.outcome, Applied) and entry.outcome.switched_off:
            switched[entry.number] = dict.fromkeys(map(enabled, entry.outcome.switched_off), False)
    return Admitted(
        run=run.run,
        ended=ended,
        in_doubt=dict(_in_doubt(run.run, store)),
        switched=switched,
        switched_off=switched_off,
        disabled=_planned(plan),
        states=states,
    )


def _planned(plan: PlanHeader) -> int:
    """How many workflows count as disabled before anything is sent: in a rollback the plan's own don't."""
    return plan.counts.workflows_disabled if plan.rolls_back is None else 0


def _check_disabled(admitted: Admitted, most: int | None) -> None:
    """Refuse to go on with a run that has disabled more than it may, those that its plan disables included."""
    disabled = admitted.disabled + admitted.switched_off
    if most is not None and admitted.switched_off and disabled > most:
        raise RefusedByPolicy(
            f"run {admitted.run} was {too_many_disabled(disabled, most)}",
            hint="what it applied until then stays; nothing more was applied now",
        )


def _tell_resumed(run: str, store: StateStore, applicant: Applicant, now: datetime) -> None:
    store.resume(
        run,
        Resumption(
            actor=applicant.actor,
            at=_time(now),
            allowed=_text(applicant.allowed),
            message=applicant.message,
            ci_url=applicant.ci_url,
        ),
    )


def _in_doubt(run: str, store: StateStore) -> Iterator[tuple[int, InDoubt]]:
    """What was sent and has no outcome, or ``unknown``."""
    for entry in (*store.entries(run, sending=True), *store.entries(run, "unknown")):
        maybe_done = [attempt for attempt in entry.attempts if not attempt.refused]
        if not maybe_done:
            continue
        sent = [ToSend(requests=attempt.requests, pre_image=attempt.preimage) for attempt in maybe_done]
        written = Written(sent=sent[-1], first=sent[0], enabled=maybe_done[0].enabled, doubt=INTERRUPTED)
        yield entry.number, InDoubt(written=written, attempts=entry.tries)


def _text(allowed: Mapping[str, int]) -> Mapping[str, str]:
    return {name: str(number) for name, number in allowed.items()}


def _seconds(moment: str) -> str:
    """Return a moment as messages have it: in whole seconds."""
    return datetime.fromisoformat(moment).isoformat(timespec="seconds")


def _time(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
