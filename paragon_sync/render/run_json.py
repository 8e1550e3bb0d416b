"""What runs did, as JSON for machines (``schemas/run.schema.json``, ``schemas/runs.schema.json``), from the journal.

Written as it is read. Knows no database, no plan and no API.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, assert_never

from paragon_sync.jsonvalue import Json, JsonObject, dumps, format_pointer
from paragon_sync.model.moment import Moment
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    Resumption,
    RunHeader,
    SideEffect,
    StoredValue,
    Unchanged,
    Unknown,
    alarms_of,
    effects_of,
)
from paragon_sync.render.alike import AlikeTexts
from paragon_sync.render.mask import masked_conflict, masked_stored
from paragon_sync.render.plan_json import items, present, subject_json, values
from paragon_sync.render.reasons import reasons
from paragon_sync.render.run import Journal, Part, not_reached, operations_of
from paragon_sync.render.run_summary import Held, Told, summary_of, taking
from paragon_sync.store.journal import OUTCOME_NAMES, SENDING, Entry, state_of

FORMAT_VERSION: Final = 1


def run_json(journal: Journal, run: str, part: Part | None = None, held: Held | None = None) -> Iterator[str]:
    """The whole document in pieces; one operation to a line, ASCII, with a line break at the end.

    ``part`` has the operations to show, instead of all. What is alike of those that did not end well is counted on the
    way, of all of them.
    """
    summary = summary_of(journal, run)
    head = {"formatVersion": FORMAT_VERSION} | _header(journal.run(run), journal.counts(run))
    if summary.windows is not None:
        head["longestWindowMs"] = summary.windows.longest
    if held is not None and held.refusals:
        head |= {"refusals": held.refusals, "pausedSeconds": held.paused}
    if held is not None and held.concurrency_limit is not None:
        head["concurrencyLimit"] = held.concurrency_limit
    if part is not None:
        head["selection"] = {name: ", ".join(values) for name, values in part.by.items()}
    troubles = Told[Entry](_troubles)
    whole = taking(journal.entries(run), troubles)
    yield f'{dumps(head)[:-1]},\n"operations":['
    yield from items(map(_entry, whole if part is None else part.entries))
    for _ in whole:
        pass
    yield '],\n"summary":['
    yield from items(map(_alike, troubles.tally.groups()))
    yield f'],\n"sentAgain":{summary.sent_again},"workflowsEnabledThroughConfig":{summary.enabled}}}\n'


def _troubles(entry: Entry) -> list[str]:
    """The word for the outcome, then why; nothing where it ended well."""
    why = reasons(entry.outcome)
    return [state_of(entry.outcome), *why] if why else []


def _alike(alike: AlikeTexts[str]) -> JsonObject:
    outcome, *why = alike.text.split("\n")
    return {
        "outcome": outcome,
        "about": alike.key,
        "reason": "\n".join(why),
        "operations": alike.times,
        "users": alike.users,
        "samples": list(alike.samples),
    }


def runs_json(runs: Iterable[tuple[RunHeader, Mapping[str, int]]]) -> Iterator[str]:
    """Runs with their counts, without their operations; one to a line."""
    yield f'{{"formatVersion":{FORMAT_VERSION},"runs":['
    yield from items(_header(header, counts) for header, counts in runs)
    yield "]}\n"


def _header(header: RunHeader, counts: Mapping[str, int]) -> JsonObject:
    resumed: list[Json] = [_resumption(one) for one in header.resumed]
    return {
        "run": header.run,
        "plan": header.plan_digest,
        "environment": header.environment,
        "project": header.project,
        **present(host=header.host),
        "actor": header.actor,
        "started": header.started,
        **present(
            finished=header.finished,
            stopped=header.stopped,
            message=header.message,
            ciUrl=header.ci_url,
            rollsBack=header.rolls_back,
            rolledBackBy=header.rolled_back_by,
        ),
        "allowed": dict(header.allowed),
        **({"resumed": resumed} if resumed else {}),
        "counts": {
            "operations": operations_of(header, counts),
            **{name: counts.get(name, 0) for name in (*OUTCOME_NAMES.values(), SENDING)},
            "notReached": not_reached(header, counts),
        },
    }


def _resumption(resumption: Resumption) -> JsonObject:
    return {
        "actor": resumption.actor,
        "at": resumption.at,
        **present(message=resumption.message, ciUrl=resumption.ci_url),
        "allowed": dict(resumption.allowed),
    }


def _entry(entry: Entry) -> JsonObject:
    window = entry.window
    return {
        "number": entry.number,
        "user": entry.user,
        **subject_json(entry.subject),
        "outcome": state_of(entry.outcome),
        **_told(entry.outcome),
        "attempts": entry.tries,
        **({} if window is None else {"windowMs": window}),
        **_windows(entry),
    }


def _told(outcome: Outcome | None) -> JsonObject:
    match outcome:
        case None | Unchanged():
            return {}
        case Applied():
            return {
                "resolved": outcome.resolved,
                "notes": list(outcome.notes),
                "alarms": list(outcome.alarms),
                **_effects(outcome),
                **({"overwritten": _paths(outcome.overwritten)} if outcome.overwritten else {}),
            }
        case Conflict(paths=paths, after_write=after_write):
            shown: JsonObject = {"afterWrite": after_write, "paths": _paths(paths)}
            return {**shown, **_stored_values(outcome), **_alarms(outcome), **_effects(outcome)}
        case Failed(reason=reason):
            return {"reason": reason, **_stored_values(outcome), **_alarms(outcome), **_effects(outcome)}
        case Blocked(reason=reason) | Unknown(reason=reason):
            return {"reason": reason}
        case _:
            assert_never(outcome)


def _alarms(outcome: Outcome) -> JsonObject:
    alarms = alarms_of(outcome)
    return {"alarms": list(alarms)} if alarms else {}


def _effects(outcome: Outcome) -> JsonObject:
    effects: list[Json] = [_effect(effect) for effect in effects_of(outcome)]
    return {"sideEffects": effects} if effects else {}


def _windows(entry: Entry) -> JsonObject:
    """When each attempt's window was open; one without an end was never known to be answered."""
    windows: list[Json] = []
    for attempt in entry.attempts:
        opened, closed = attempt.window.opened, attempt.window.closed
        windows.append({"opened": _time(opened), **({} if closed is None else {"closed": _time(closed)})})
    return {"windows": windows} if windows else {}


def _time(moment: Moment) -> str:
    return datetime.fromtimestamp(moment.wall, UTC).isoformat(timespec="microseconds")


def _effect(effect: SideEffect) -> JsonObject:
    return {
        "credential": effect.credential,
        **present(configuration=effect.configuration),
        "workflow": effect.workflow,
    }


def _stored_values(outcome: Conflict | Failed) -> JsonObject:
    return {"stored": [_stored(value) for value in outcome.stored]} if outcome.stored else {}


def _stored(value: StoredValue) -> JsonObject:
    shown = masked_stored(value)
    known = {} if shown.secret else values(sent=shown.sent, stored=shown.stored)
    return {"label": value.label, "secret": shown.secret, **known}


def _paths(paths: Iterable[ConflictingPath]) -> list[Json]:
    return [_path(path) for path in paths]


def _path(path: ConflictingPath) -> JsonObject:
    shown = masked_conflict(path)
    known = {} if shown.secret else values(base=shown.base, live=shown.live, planned=shown.planned)
    return {"pointer": format_pointer(path.pointer), "label": path.label, "secret": shown.secret, **known}
