"""What a run did, as JSON for machines (``schemas/run.schema.json``), made from its journal and its plan.

Written as it is read. Knows no database and no API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from paragon_sync.jsonvalue import Json, JsonObject, dumps, format_pointer
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    RunHeader,
    Unchanged,
    Unknown,
)
from paragon_sync.render.mask import masked_conflict
from paragon_sync.render.plan_json import items, present, subject_json, values
from paragon_sync.render.run import AppliedPlan, Journal, enabled_through_config, not_reached
from paragon_sync.store.journal import OUTCOME_NAMES, SENDING, Entry, name_of

FORMAT_VERSION: Final = 1


def run_json(plan: AppliedPlan, journal: Journal, run: str) -> Iterator[str]:
    """The whole document in pieces; one operation to a line, ASCII, with a line break at the end."""
    head = dumps(_header(journal.run(run)) | _numbers(plan, journal, run))
    yield f'{head[:-1]},\n"operations":['
    yield from items(_entry(entry) for entry in journal.entries(run))
    yield "]}\n"


def _header(header: RunHeader) -> JsonObject:
    return {
        "formatVersion": FORMAT_VERSION,
        "run": header.run,
        "plan": header.plan_digest,
        "environment": header.environment,
        "project": header.project,
        "actor": header.actor,
        "started": header.started,
        **present(finished=header.finished),
        "allowed": dict(header.allowed),
    }


def _numbers(plan: AppliedPlan, journal: Journal, run: str) -> JsonObject:
    counts = journal.counts(run)
    window = journal.longest_window(run)
    return {
        **present(message=journal.message(run)),
        "counts": {
            "operations": plan.count,
            **{name: counts.get(name, 0) for name in (*OUTCOME_NAMES.values(), SENDING)},
            "notReached": not_reached(plan, counts),
        },
        "workflowsEnabledThroughConfig": enabled_through_config(plan, journal, run),
        **({} if window is None else {"longestWindowMs": window}),
    }


def _entry(entry: Entry) -> JsonObject:
    return {
        "number": entry.number,
        "user": entry.user,
        **subject_json(entry.subject),
        "outcome": SENDING if entry.outcome is None else name_of(entry.outcome),
        **_told(entry.outcome),
        "attempts": len(entry.attempts),
    }


def _told(outcome: Outcome | None) -> JsonObject:
    match outcome:
        case None | Unchanged():
            return {}
        case Applied(notes=notes, alarms=alarms, resolved=resolved):
            return {"resolved": resolved, "notes": list(notes), "alarms": list(alarms)}
        case Conflict(paths=paths, after_write=after_write):
            conflicting: list[Json] = [_path(path) for path in paths]
            return {"afterWrite": after_write, "paths": conflicting}
        case Blocked(reason=reason) | Failed(reason=reason) | Unknown(reason=reason):
            return {"reason": reason}
        case _:
            assert_never(outcome)


def _path(path: ConflictingPath) -> JsonObject:
    shown = masked_conflict(path)
    known = {} if shown.secret else values(base=shown.base, live=shown.live, planned=shown.planned)
    return {"pointer": format_pointer(path.pointer), "label": path.label, "secret": shown.secret, **known}
