"""Who decided a value and why there is or isn't a change: what ``explain`` tells. Knows no rule, only their result."""

from __future__ import annotations

from dataclasses import dataclass

from paragon_sync.jsonvalue import Pointer
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Intent, ManagedTarget, Read
from paragon_sync.model.planned import Origin, Subject, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One document's word on a value, or one migration's step's.

    ``why`` says, for people, why it decides or which rule put it behind.

    ``place`` is None where no document names the value (the ``enabled`` of a workflow entry that has to be created).
    """

    intent: Intent | Read
    source: str
    place: Place | None
    why: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one value of one user that a document manages, or releases.

    ``pointer`` leads into the configuration (or the metadata). ``label`` and ``workflow`` are names for people.
    ``verdict`` is a short text such as ``no change: already so``. ``secret`` covers every value in it: live, desired
    and those of the contenders.
    """

    user: str
    subject: Subject
    target: ManagedTarget
    pointer: Pointer
    label: str
    workflow: str | None
    origin: Origin
    winner: Contender
    losers: tuple[Contender, ...]
    live: Value
    desired: Value
    verdict: str
    secret: bool = False
