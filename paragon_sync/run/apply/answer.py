"""The state of a user that the answer to a write shows, compared with what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, JsonObject, equal, loads
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.outcome import ConflictingPath, StoredValue
from paragon_sync.model.planned import ConfigurationSubject, MetadataSubject, Operation, PatchConfig, PatchMeta
from paragon_sync.plan.rebase import ToSend
from paragon_sync.plan.verify import ChangedAfter, Kept, Vanished, compare_after


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVerdict:
    """What the answer to a write shows: everything as planned, or values that were stored in another form."""

    as_planned: bool = False
    third: ChangedAfter | None = None

    def stored(self) -> tuple[StoredValue, ...]:
        """Return the values that the answer holds in another form than they were sent."""
        return self.split(self.third.paths)[0] if self.third is not None else ()

    def split(self, found: Iterable[ConflictingPath]) -> tuple[tuple[StoredValue, ...], tuple[ConflictingPath, ...]]:
        """Split values ``found`` by reading back: those that the answer held already, and the others."""
        third = self.third
        answered = {} if third is None else {p.pointer: (t, p) for t, p in zip(third.targets, third.paths, strict=True)}
        stored: list[StoredValue] = []
        others: list[ConflictingPath] = []
        for path in found:
            target, shown = answered.get(path.pointer, (None, path))
            if target is not None and equal(shown.live, path.live):
                stored.append(
                    StoredValue(
                        target=target, label=path.label, sent=path.planned, stored=path.live, secret=path.secret
                    )
                )
            else:
                others.append(path)
        return tuple(stored), tuple(others)


def read_answers(operation: Operation, sent: ToSend, answers: tuple[bytes, ...]) -> AnswerVerdict:
    """Compare the last answer to a request that replaces with what that request sent.

    ``answers`` are the bodies in the order of the requests. An answer that shows nothing of the user gives a verdict
    without content.
    """
    for number in range(len(answers) - 1, -1, -1):
        if isinstance(sent.requests[number], PatchConfig | PatchMeta):
            shown = _shown_user(operation, answers[number])
            if shown is None:
                break
            part = ToSend(requests=sent.requests[: number + 1], pre_image=sent.pre_image)
            match compare_after(operation, part, shown):
                case Kept(alarms=alarms):
                    return AnswerVerdict(as_planned=not alarms)
                case ChangedAfter() as third:
                    return AnswerVerdict(third=third)
                case Vanished():
                    break
                case _:
                    break
    return AnswerVerdict()


def _shown_user(operation: Operation, body: bytes) -> LiveUser | None:
    """Return the user as the body shows it: its metadata, or the one credential; None where it shows neither."""
    try:
        answer = loads(body)
    except JsonError:
        return None
    if not isinstance(answer, dict):
        return None
    match operation.subject:
        case MetadataSubject():
            meta = answer.get("meta")
            return LiveUser(user=operation.user, credentials=(), meta=meta) if isinstance(meta, dict) else None
        case ConfigurationSubject(credential=credential):
            raw = _credential(answer, credential)
            return None if raw is None else LiveUser(user=operation.user, credentials=(Credential(raw),))


def _credential(answer: JsonObject, wanted: str) -> JsonObject | None:
    """Return the credential: the answer itself in some versions of the API, its ``credential`` in others."""
    candidates: tuple[Json, ...] = (answer, answer.get("credential"))
    return next((one for one in candidates if isinstance(one, dict) and one.get("id") == wanted), None)
