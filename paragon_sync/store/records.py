"""The journal's nouns ⇄ rows of its tables, encrypted where there is a key. Knows no connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.store import encoding
from paragon_sync.store.journal import SENDING, Attempt, Entry, Recorded, Sending, name_of
from paragon_sync.store.sealing import Sealing, seal_line, unseal_line


@dataclass(frozen=True, slots=True)
class Records:
    """Writes and reads rows under one sealing; what can't be read is a :class:`JsonError`."""

    sealing: Sealing

    def sending(self, run: str, sending: Sending) -> dict[str, Any]:
        """The entry of an operation that is about to be sent."""
        return self._entry_row(sending, state=SENDING, outcome=None) | {"run": run}

    def ended(self, run: str, recorded: Recorded) -> dict[str, Any]:
        """The entry of an operation that has its outcome."""
        text = encoding.write_outcome(recorded.outcome)
        outcome = seal_line(self.sealing, text, _outcome_place(run, recorded.number))
        return self._entry_row(recorded, state=name_of(recorded.outcome), outcome=outcome) | {"run": run}

    def attempt_row(self, run: str, attempt: int, sending: Sending) -> dict[str, Any]:
        place = _attempt_place(run, sending.number, attempt)
        preimage, requests = jsonvalue.dumps(sending.preimage), encoding.write_requests(sending.requests)
        return {
            "run": run,
            "number": sending.number,
            "attempt": attempt,
            "preimage": seal_line(self.sealing, preimage, f"{place} preimage"),
            "requests": seal_line(self.sealing, requests, f"{place} requests"),
            "sent": sending.at,
        }

    def entry(self, row: Row[Any], attempts: tuple[Attempt, ...]) -> Entry:
        place = _outcome_place(row.run, row.number)
        return Entry(
            number=row.number,
            user=str(jsonvalue.loads(row.user_id)),
            subject=encoding.read_subject(row.subject),
            outcome=None if row.outcome is None else encoding.read_outcome(self._read(row.outcome, place)),
            attempts=attempts,
        )

    def attempt(self, row: Row[Any]) -> Attempt:
        place = _attempt_place(row.run, row.number, row.attempt)
        preimage = jsonvalue.loads(self._read(row.preimage, f"{place} preimage"))
        if not isinstance(preimage, dict):
            raise JsonError("a pre-image is an object")
        return Attempt(
            preimage=preimage,
            requests=encoding.read_requests(self._read(row.requests, f"{place} requests")),
            sent=row.sent,
            answered=row.answered,
            window_ms=row.window_ms,
        )

    def _read(self, kept: str, place: str) -> str:
        try:
            return unseal_line(self.sealing, kept, place)
        except ValueError as error:
            raise JsonError(str(error)) from None

    def _entry_row(self, about: Sending | Recorded, *, state: str, outcome: str | None) -> dict[str, Any]:
        return {
            "number": about.number,
            "user_id": jsonvalue.dumps(about.operation.user),
            "subject": encoding.write_subject(about.operation.subject),
            "state": state,
            "outcome": outcome,
        }


def _outcome_place(run: str, number: int) -> str:
    return f"entries {run} {number} outcome"


def _attempt_place(run: str, number: int, attempt: int) -> str:
    return f"attempts {run} {number} {attempt}"
