"""The log of all writes, in the order in which they happened: what a test judges by. Changes nothing itself."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.passage import Passage, Target, Who
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import Change, Place, changes, same

REMEMBERED: Final = 20_000
"""How many writes, and requests, are remembered unless told otherwise."""


@dataclass(slots=True, kw_only=True, eq=False)
class Write:
    """One change of a user's state, or a write that changed nothing. What it changed is worked out when asked."""

    sequence: int
    """The first write is 1; none is left out, so that a gap means that older ones were forgotten."""
    passage: Passage
    committed: float
    """When the state changed, on the monotonic clock."""
    epoch: float
    """The same moment on the wall clock."""
    credential: str | None
    configuration: str | None
    """The id of the configuration that it was for; both None for the metadata."""
    before: UserState
    intended: UserState
    """What it would have become without a fault."""
    after: UserState
    _changes: tuple[Change, ...] | None = None

    @property
    def who(self) -> Who:
        """The client, or a portal user."""
        return self.passage.who

    @property
    def user(self) -> str:
        """Whose state it is."""
        return self.passage.user or ""

    @property
    def method(self) -> str:
        """The request's method."""
        return self.passage.method

    @property
    def received(self) -> float:
        """When the request was received."""
        return self.passage.received

    @property
    def answered(self) -> float | None:
        """When the answer was given to the connection; None if it never was, or not yet."""
        return self.passage.answered

    @property
    def target(self) -> tuple[str, str | None, str | None]:
        """User, credential, configuration: what was written."""
        return (self.user, self.credential, self.configuration)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it changed, the lost included."""
        if self._changes is None:
            self._changes = changes(self.before, self.after)
        return self._changes

    @property
    def ignored(self) -> tuple[Change, ...]:
        """What it asked for and a fault kept as it was: from what stands to what was asked."""
        spoiled, done = self._spoiled()
        return tuple(
            Change(place=one.place, before=one.after, after=one.before) for one in spoiled if one.place not in done
        )

    @property
    def normalised(self) -> tuple[Change, ...]:
        """What a fault stored in another form: from what was asked to what is stored."""
        return self._stored_otherwise(asked=True)

    @property
    def lost(self) -> tuple[Change, ...]:
        """What a fault took away beside."""
        return self._stored_otherwise(asked=False)

    def _stored_otherwise(self, *, asked: bool) -> tuple[Change, ...]:
        """What a fault changed, of what the write had asked to change or of what it had not."""
        spoiled, done = self._spoiled()
        if not spoiled:
            return ()
        wanted = {change.place for change in changes(self.before, self.intended)}
        return tuple(change for change in spoiled if change.place in done and (change.place in wanted) is asked)

    def _spoiled(self) -> tuple[tuple[Change, ...], set[Place]]:
        if self.after is self.intended:
            return (), set()
        return changes(self.intended, self.after), {change.place for change in self.changes}

    def to_json(self, *, states: bool = False) -> JsonObject:
        """As ``GET /__emulator/writes`` tells it."""
        passage = self.passage
        told: JsonObject = {"sequence": self.sequence, "who": self.who, "user": self.user}
        told |= {"request": passage.number, "method": passage.method, "path": passage.path}
        told |= {"credential": self.credential, "configuration": self.configuration}
        told |= {"received": moment(self.received), "committed": moment(self.committed)}
        told |= {"answered": moment(self.answered), "epoch": moment(self.epoch)}
        told |= {"status": passage.status, "faults": [*passage.faults], "meant": passage.meant}
        faulty = {"ignored": self.ignored, "lost": self.lost, "normalised": self.normalised}
        for name, found in {"changes": self.changes, **faulty}.items():
            told[name] = [one.to_json() for one in found]
        if states:
            told |= {"before": self.before.to_json(), "after": self.after.to_json()}
        return told


def moment(seconds: float | None) -> Json:
    """A time as JSON."""
    return None if seconds is None else codec.Number(f"{seconds:.6f}")


class WriteLog:
    """The latest writes, the oldest first, each with the states before and after it, which share what is equal.

    Older ones are forgotten, but counted.
    """

    def __init__(self, *, remember: int = REMEMBERED) -> None:
        """Start with none."""
        self._writes: deque[Write] = deque(maxlen=remember)
        self._of_users: dict[str, deque[Write]] = {}
        self._changing = threading.Lock()  # a test forgets from another thread than the server's
        self.count = 0

    def add(
        self, passage: Passage, target: Target, before: UserState, *, intended: UserState, after: UserState
    ) -> None:
        """Log that a request has made ``after`` of ``before``, where it should have made ``intended`` of it."""
        self.count += 1
        write = Write(
            sequence=self.count,
            passage=passage,
            committed=time.monotonic(),
            epoch=time.time(),
            credential=target[0],
            configuration=target[1],
            before=before,
            intended=intended,
            after=after,
        )
        with self._changing:
            if len(self._writes) == self._writes.maxlen:
                self._drop_oldest()
            self._writes.append(write)
            self._of_users.setdefault(write.user, deque()).append(write)

    def _drop_oldest(self) -> None:
        user = self._writes.popleft().user
        of_user = self._of_users[user]
        of_user.popleft()
        if not of_user:
            del self._of_users[user]

    def state_at(self, user: str, moment: float, now: UserState) -> UserState:
        """Return the state of a user at a moment of the monotonic clock, as far back as writes are remembered.

        ``now`` is the state that the user has now.
        """
        state = now
        with self._changing:
            for write in reversed(self._of_users.get(user, ())):
                if write.committed <= moment:
                    break
                state = write.before
        return state

    def writes(self, *, after: int = 0) -> list[Write]:
        """The writes that are remembered and come after this one."""
        return [write for write in list(self._writes) if write.sequence > after]

    def forget(self) -> None:
        """Forget all; the count goes on."""
        with self._changing:
            self._writes.clear()
            self._of_users.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """A value of a portal user that a client's write changed."""

    portal: Write
    client: Write
    place: Place
    theirs: Change
    """What the portal user made of the value."""
    ours: Change
    """What the client made of it then."""

    @property
    def meant(self) -> bool:
        """Whether it is the value that the portal user meant to change, and not one that went along from memory."""
        return self.portal.passage.meant in (None, self.place.pointer)

    @property
    def put_back(self) -> bool:
        """Whether the client's write put back what had stood there before the portal user."""
        return same(self.theirs.before, self.ours.after)

    def to_json(self) -> JsonObject:
        """As ``GET /__emulator/destroyed`` tells it."""
        return {
            "user": self.portal.user,
            "portal": self.portal.sequence,
            "client": self.client.sequence,
            "meant": self.meant,
            "putBack": self.put_back,
            "theirs": self.theirs.to_json(),
            "ours": self.ours.to_json(),
            "written": moment(self.portal.committed),
            "destroyed": moment(self.client.committed),
        }


def destroyed(writes: Iterable[Write]) -> Iterator[Destroyed]:
    """Which values of portal users did client's writes change, in the order in which they did."""
    theirs: dict[tuple[str, Place], tuple[Write, Change]] = {}
    for write in writes:
        for change in write.changes:
            key = (write.user, change.place)
            last = theirs.pop(key, None)
            if write.who == "portal":
                theirs[key] = (write, change)
            elif last is not None:
                yield Destroyed(portal=last[0], client=write, place=change.place, theirs=last[1], ours=change)
