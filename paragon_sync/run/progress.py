"""How far a command is: told by what does the work, looked at by whoever shows it. Knows nothing of how it is shown.

Whoever works moves plain numbers, or says where they stand; whoever shows them looks when it likes, from a thread of
its own. So progress costs the same, next to nothing, whether anybody looks or not.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from paragon_sync.model.outcome import Outcome
from paragon_sync.paragon.rate import Pace
from paragon_sync.store.journal import name_of


class Stage(enum.Enum):
    """What a command is at, one after the other: what it does, and what it counts."""

    CATALOG = ("pulling the catalog", "")
    LOADING = ("loading", "user")
    CHECKING = ("checking who owns what", "user")
    PLANNING = ("planning", "user")
    APPLYING = ("applying", "operation")

    def __init__(self, title: str, noun: str) -> None:
        self.title = title
        self.noun = noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a stage is; ``began`` by the clock. ``already`` of ``done`` was so before; ``total`` may be unknown.

    ``parts`` are what ``done`` is made of, by their nouns; empty where the stage's own noun says it.
    """

    stage: Stage
    began: float
    done: int
    already: int
    total: int | None
    outcomes: Mapping[str, int]
    pace: Pace | None
    parts: Mapping[str, int] = field(default_factory=dict)


def _nothing() -> int:
    """What a stage has done that counts nothing."""
    return 0


@dataclass(slots=True)
class Progress:
    """One command's way. ``pace`` tells how the server lets it go, once there is a client."""

    pace: Callable[[], Pace] | None = None
    clock: Callable[[], float] = time.monotonic
    _stage: Stage | None = None
    _began: float = 0.0
    _done: Callable[[], int] = _nothing
    _parts: Callable[[], Mapping[str, int]] | None = None
    _already: int = 0
    _total: int | None = None
    _outcomes: dict[str, int] = field(default_factory=dict)

    def begin(
        self, stage: Stage, done: Callable[[], int] = _nothing, *, total: int | None = None, already: int = 0
    ) -> None:
        """From now on the work is at this stage; ``done`` gives how much of it is done, whenever somebody looks."""
        self._done, self._total, self._already, self._parts = done, total, already, None
        self._began = self.clock()
        self._stage = stage

    def begin_loading(self, parts: Callable[[], Mapping[str, int]]) -> None:
        """Begin the stage that counts what was read, by nouns: users of documents and rows of rosters."""
        self.begin(Stage.LOADING, lambda: sum(parts().values()))
        self._parts = parts

    def begin_applying(self, total: int, already: int) -> None:
        """The stage that counts outcomes; ``already`` of them were there before."""
        self._outcomes = {}
        self.begin(Stage.APPLYING, lambda: already + sum(self._outcomes.copy().values()), total=total, already=already)

    def ended(self, outcome: Outcome) -> None:
        """One operation has its outcome."""
        name = name_of(outcome)
        self._outcomes[name] = self._outcomes.get(name, 0) + 1

    def standing(self) -> Standing | None:
        """How far it is now; None before anything has begun."""
        if self._stage is None:
            return None
        return Standing(
            stage=self._stage,
            began=self._began,
            done=self._done(),
            already=self._already,
            total=self._total,
            outcomes=self._outcomes.copy(),
            pace=None if self.pace is None else self.pace(),
            parts={} if self._parts is None else self._parts(),
        )
