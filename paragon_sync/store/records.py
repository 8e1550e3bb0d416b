"""The journal's nouns ⇄ rows of its tables, encrypted where there is a key. Knows no connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import Outcome
from paragon_sync.model.planned import Managed, Request
from paragon_sync.store import encoding
from paragon_sync.store.journal import SENDING, Attempt, Ending, Entry, Recorded, Sending, name_of
from paragon_sync.store.rows import Values
from paragon_sync.store.sealing import Place, Sealing, seal_line, unseal_line


@dataclass(frozen=True, slots=True)
class Records:
    """Writes and reads rows under one sealing; what can't be read is a :class:`JsonError`."""

    sealing: Sealing

    def entry_row(self, run: str, about: Sending | Recorded) -> Values:
        """What is known of the operation from the beginning."""
        number, operation = about.number, about.operation
        managed = seal_line(self.sealing, encoding.write_managed(operation.managed), _managed_place(run, number))
        return run, number, jsonvalue.dumps(operation.user), encoding.write_subject(operation.subject), managed

    def state_row(self, run: str, about: Sending | Recorded) -> Values:
        """How it stands."""
        if isinstance(about, Sending):
            return run, about.number, SENDING, None
        text = encoding.write_outcome(about.outcome)
        outcome = seal_line(self.sealing, text, _outcome_place(run, about.number))
        return run, about.number, name_of(about.outcome), outcome

    def attempt_row(self, run: str, sending: Sending) -> Values:
        preimage = jsonvalue.dumps(sending.preimage)
        return (
            run,
            sending.number,
            sending.attempt,
            seal_line(self.sealing, preimage, _attempt_place(run, sending.number, sending.attempt, "preimage")),
            self.requests_text(run, sending.number, sending.attempt, sending.requests),
            sending.at,
            encoding.write_effects(sending.enabled) if sending.enabled else None,
            sending.opened.wall,
            sending.opened.monotonic,
            None,
        )

    def requests_text(self, run: str, number: int, attempt: int, requests: tuple[Request, ...]) -> str:
        """Return the column with the requests of one attempt."""
        text = encoding.write_requests(requests)
        return seal_line(self.sealing, text, _attempt_place(run, number, attempt, "requests"))

    def answer_rows(self, run: str, recorded: Recorded) -> Iterator[Values]:
        """When its attempts were answered, those that were."""
        for window in recorded.windows:
            if window.closed is not None:
                yield run, recorded.number, window.opened.monotonic, window.closed.wall, window.closed.monotonic

    def entry(self, row: Row[Any], attempts: tuple[Attempt, ...]) -> Entry:
        """One operation's entry."""
        return Entry(
            number=row.number,
            user=user_of(row.user_id),
            subject=encoding.read_subject(row.subject),
            outcome=self.ended(row.run, row.number, row.outcome),
            attempts=attempts,
            managed=self._managed(row),
        )

    def ending(self, run: str, row: Row[int, str, str, str | None]) -> Ending:
        """Return how one operation ended."""
        number, user, subject, outcome = row
        return Ending(
            number=number,
            user=user_of(user),
            subject=encoding.read_subject(subject),
            outcome=self.ended(run, number, outcome),
        )

    def attempt(self, row: Row[Any]) -> Attempt:
        """One attempt."""
        return Attempt(
            preimage=self._preimage(row),
            requests=self._requests(row),
            sent=row.sent,
            window=_window(row),
            enabled=() if row.enabled is None else encoding.read_effects(row.enabled),
            refused=bool(row.refused),
        )

    def ended(self, run: str, number: int, kept: str | None) -> Outcome | None:
        """The outcome of one operation, as it is kept."""
        return None if kept is None else encoding.read_outcome(self._read(kept, _outcome_place(run, number)))

    def _managed(self, row: Row[Any]) -> tuple[Managed, ...]:
        return encoding.read_managed(self._read(row.managed, _managed_place(row.run, row.number)))

    def _preimage(self, row: Row[Any]) -> JsonObject:
        place = _attempt_place(row.run, row.number, row.attempt, "preimage")
        preimage = jsonvalue.loads(self._read(row.preimage, place))
        if not isinstance(preimage, dict):
            raise JsonError("a pre-image is an object")
        return preimage

    def _requests(self, row: Row[Any]) -> tuple[Request, ...]:
        place = _attempt_place(row.run, row.number, row.attempt, "requests")
        return encoding.read_requests(self._read(row.requests, place))

    def _read(self, kept: str, place: Place) -> str:
        try:
            return unseal_line(self.sealing, kept, place)
        except ValueError as error:
            raise JsonError(str(error)) from None


def user_of(kept: str) -> str:
    """The user's id, of the column with it."""
    return str(jsonvalue.loads(kept))


def _window(row: Row[Any]) -> Window:
    opened = Moment(monotonic=row.opened_monotonic, wall=row.opened)
    if row.closed is None:
        return Window(opened=opened)
    return Window(opened=opened, closed=Moment(monotonic=row.closed_monotonic, wall=row.closed))


def _outcome_place(run: str, number: int) -> Place:
    return "entries", run, number, "outcome"


def _managed_place(run: str, number: int) -> Place:
    return "entries", run, number, "managed"


def _attempt_place(run: str, number: int, attempt: int, what: str) -> Place:
    return "attempts", run, number, attempt, what
