"""Judges by the emulator's own logs how old the read was that each write rests on, and which saves that cost.

A portal user's save is lost inside the window where it was committed between the read that the destroying write rests
on and that write, and the write left within ``MAX_READ_AGE_SECONDS`` of the read's answer. Everything else is outside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from paragon_sync.emulator import Emulator, Write
from paragon_sync.emulator.passage import PASSAGE, Passage
from paragon_sync.emulator.writes import Destroyed

MAX_READ_AGE_SECONDS: Final = 2.0
"""The age that a read may have when a write that rests on it leaves."""

MACHINE_DELAY_SECONDS: Final = 0.5
"""What a busy machine may add between two processes: from an answer given to it received, from sent to received."""


@dataclass(frozen=True, kw_only=True)
class Based:
    """A client's write and the read that it rests on."""

    write: Write
    read: Passage

    @property
    def age(self) -> float:
        """The seconds from the read's answer until the write was received."""
        return self.write.received - (self.read.answered or 0.0)

    @property
    def is_stale(self) -> bool:
        """Whether the read was older than it may be."""
        return self.age > MAX_READ_AGE_SECONDS + MACHINE_DELAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Staleness:
    """The writes of one run, which ended already."""

    emulator: Emulator
    passages: list[Passage] = field(default_factory=list)

    @classmethod
    def of(cls, emulator: Emulator) -> Staleness:
        """Take what the emulator has recorded until now."""
        return cls(emulator=emulator, passages=passages(emulator))

    @cached_property
    def based(self) -> dict[int, Based]:
        """The clients' writes that replace, by their sequence numbers, each with its read."""
        found = {}
        for write in self.emulator.writes():
            if write.who == "client" and write.method == "PATCH":
                read = self._read_before(write)
                assert read is not None, f"a write that rests on no read: {write.to_json()}"
                found[write.sequence] = Based(write=write, read=read)
        return found

    def stale(self) -> list[Based]:
        """The writes that left too late."""
        return [based for based in self.based.values() if based.is_stale]

    def lost_saves(self) -> list[Destroyed]:
        """The saves that a client's write destroyed, wherever they were; values that went along don't count."""
        return [one for one in self.emulator.destroyed() if one.meant and one.client.sequence in self.based]

    def lost_outside(self) -> list[str]:
        """The saves that were lost outside the window, for people."""
        return [self._described(one) for one in self.lost_saves() if not self._is_inside(one)]

    def _is_inside(self, lost: Destroyed) -> bool:
        based = self.based[lost.client.sequence]
        return not based.is_stale and lost.portal.committed >= (based.read.handled or 0.0)

    def _described(self, lost: Destroyed) -> str:
        based = self.based[lost.client.sequence]
        after = lost.portal.committed - (based.read.answered or 0.0)
        saved, left = lost.theirs.after, lost.ours.to_json().get("to", "absent")
        return (
            f"{lost.client.target} {lost.place.pointer}: {saved!r} was saved {after:+.3f} s after the read's answer;"
            f" the write came {based.age:.3f} s after it and left {left!r}"
        )

    def _read_before(self, write: Write) -> Passage | None:
        """The last read of the values that a write replaces which was answered before the write was received."""
        path = "/sdk/me" if write.credential is None else "/sdk/credentials"
        reads = self._reads.get((write.user, path), [])
        place = bisect_left(reads, write.received, key=lambda read: read.answered or 0.0)
        return reads[place - 1] if place else None

    @cached_property
    def _reads(self) -> dict[tuple[str, str], list[Passage]]:
        found = defaultdict(list)
        for read in self.passages:
            if read.method == "GET" and read.status == 200 and read.answered is not None and read.user is not None:
                found[read.user, "/sdk" + read.path.partition("/sdk")[2]].append(read)
        return {key: sorted(reads, key=lambda read: read.answered or 0.0) for key, reads in found.items()}


def passages(emulator: Emulator) -> list[Passage]:
    """Return the requests that the emulator has recorded, in their order."""
    return [scope[PASSAGE] for scope, _ in list(emulator.site.recorder._requests)]


def pauses(found: list[Passage], seconds: float) -> Iterator[tuple[float, float]]:
    """The pauses that refusals asked for: from the answer on."""
    for one in found:
        if one.status == 429 and one.answered is not None:
            yield one.answered, one.answered + seconds
