"""What the journal says about a run: its nouns. Knows no database; reading them loads none."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    Failed,
    Outcome,
    OutcomeName,
    SideEffect,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import Managed, Operation, Request, Subject

SENDING = "sending"
"""The state of an operation that was about to be sent, and that has no outcome yet."""

OUTCOME_NAMES: dict[type, OutcomeName] = {
    Applied: "applied",
    Unchanged: "unchanged",
    Conflict: "conflict",
    Blocked: "blocked",
    Failed: "failed",
    Unknown: "unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One operation that is about to be sent.

    ``number`` is the operation's in its plan; ``at`` is when, ISO 8601 in UTC. ``opened`` is when the read was sent.
    ``preimage`` is what was just read, ``requests`` are the requests exactly as they go out. ``attempt`` is how many
    times it was about to be sent in this run, this one included. ``enabled`` are the workflows that were on, which a
    change of metadata may switch off.
    """

    number: int
    operation: Operation
    at: str
    opened: Moment
    preimage: JsonObject
    requests: tuple[Request, ...]
    attempt: int = 1
    enabled: tuple[SideEffect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How one operation ended; ``windows`` are those of its attempts that were sent since the last record."""

    number: int
    operation: Operation
    outcome: Outcome
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A newer read, sent at ``opened``, that found the pre-image of an attempt again before it was sent."""

    number: int
    attempt: int
    at: str
    opened: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An attempt that the API refused, so that it surely wrote nothing after ``done``: the requests that it did."""

    number: int
    attempt: int
    done: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """An attempt that was recorded and never sent: it counts neither as an attempt nor for a rollback."""

    number: int
    attempt: int


JournalRecord: TypeAlias = Sending | Recorded | Reread | Refused | Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One time that an operation was sent; ``enabled`` is as in :class:`Sending`.

    ``refused``: the API refused it, so that it wrote nothing.
    """

    preimage: JsonObject
    requests: tuple[Request, ...]
    sent: str
    window: Window
    enabled: tuple[SideEffect, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the journal holds about one operation; ``outcome`` is None while it is ``sending``."""

    number: int
    user: str
    subject: Subject
    outcome: Outcome | None
    attempts: tuple[Attempt, ...] = ()
    managed: tuple[Managed, ...] = ()

    @property
    def tries(self) -> int:
        """How many times it was about to be sent."""
        return len(self.attempts)

    @property
    def window(self) -> float | None:
        """The longest time between reading and the answer of a write, in milliseconds; None where none is known."""
        return max((ms for attempt in self.attempts if (ms := attempt.window.ms) is not None), default=None)

    @property
    def is_open(self) -> bool:
        """Whether resuming goes through it again: nobody knows how it ended."""
        return self.outcome is None or isinstance(self.outcome, Unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one operation stands: what of an :class:`Entry` there is to tell, as that names it."""

    number: int
    user: str
    subject: Subject
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Of all operations that were answered, the longest window of each, in milliseconds: how many, and how long.

    ``usual`` is what half of them are no longer than.
    """

    number: int
    longest: float
    usual: float


def name_of(outcome: Outcome) -> OutcomeName:
    """The word for an outcome in the journal and in summaries."""
    return OUTCOME_NAMES[type(outcome)]


def state_of(outcome: Outcome | None) -> str:
    """The same; ``sending`` where there is none."""
    return SENDING if outcome is None else name_of(outcome)


def new_run_id(now: datetime) -> str:
    """A short id that sorts by time: ``20260314-101502-4f1c``. ``now`` is in UTC."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
