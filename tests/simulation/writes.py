"""Judges each write by what it changed on the server, and by when it left."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.case import ROUNDING, TOLERANCE_SECONDS, WINDOW_SECONDS, Case, Violation, since
from tests.simulation.history import Exchange, Version
from tests.simulation.values import GONE, Path, resource_of, shown


class Writes:
    """All writes of a schedule."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def writes(self) -> Iterator[Violation]:
        """Look at what each write has changed: its own values, or somebody else's."""
        for exchange in self.case.world.server.exchanges:
            if exchange.made is not None:
                yield from self._write(exchange)

    def _write(self, exchange: Exchange) -> Iterator[Violation]:
        read = self.case.read_before(exchange)
        replaces = exchange.method == "PATCH"
        if read is None:
            yield self.case.violation("unread", exchange, "nothing was read before")
            return
        waited = self.case.idle(read, exchange.left)
        if replaces and waited > WINDOW_SECONDS + ROUNDING:
            yield self.case.violation(
                "stale write", exchange, f"it left {waited:.3f} s after the answer to #{read.number}"
            )
        for path, (before, after) in self.case.changes(exchange):
            if resource_of(path) != exchange.resource:
                continue  # the server's own doing
            if self._is_meant(exchange, path, before, after):
                continue
            yield from self._unmeant(exchange, read, path, before, after)

    def _unmeant(self, exchange: Exchange, read: Exchange, path: Path, before: str, after: str) -> Iterator[Violation]:
        """Judge a change of what wasn't to be changed: a save is destroyed, which may happen within the window."""
        history = self.case.history(exchange.user)
        assert exchange.made is not None
        assert read.seen is not None
        number = since(history, path, exchange.made - 1)
        version = history.versions[number]
        what = f"{shown(path)}: {_by(version)} had made it {before} at {version.at:.3f} s, and it became {after}"
        seen = self.case.value(history.versions[read.seen], path)
        is_halfway = (seen, after) == (GONE, "false") and self._is_created(exchange.user, path)
        if after != seen and not is_halfway and not self._is_target(exchange, path, after):
            yield self.case.violation("invented value", exchange, what)
        elif number <= read.seen:
            yield self.case.violation("destroyed", exchange, f"{what}, although #{read.number} had shown it")
        elif exchange.method == "PATCH":
            opened = read.shown_at + self.case.idle(read, exchange.left) - WINDOW_SECONDS
            if version.at < opened - ROUNDING:
                yield self.case.violation(
                    "destroyed", exchange, f"{what}, {opened - version.at:.3f} s before its window"
                )

    def _is_meant(self, exchange: Exchange, path: Path, before: str, after: str) -> bool:
        """Whether a write may make this change, however old what it rests on is."""
        if exchange.process in self.case.rolling:
            return self._is_taken_back(exchange, path, before, after)
        want = self.case.wants[exchange.user].get(path)
        if (before, after) == (GONE, "false") and self._is_created(exchange.user, path):
            return True  # a request of its own enables it next
        if want is None:
            return self._is_created(exchange.user, path) and before == GONE
        if not self._is_target(exchange, path, after):
            return False
        if self._is_own(exchange, path):
            return True
        if path[-1] == "enabled" and (self._is_halfway(exchange, path, before) or self._is_switched(exchange, path)):
            return True
        return before == GONE if want.is_default else before == self.case.base(exchange.user, path)

    def _is_taken_back(self, exchange: Exchange, path: Path, before: str, after: str) -> bool:
        """Whether a rollback gives back what was there before the run."""
        left, first = self.case.left_by_run(exchange.user, path)
        if path[-1] != "enabled":
            return before in left and after in first
        if (before, after) == ("true", "false") and before in left and GONE in first:
            return True  # a request of its own removes the entry next
        if before == "false" and after in first and self._is_switched(exchange, path):
            return True
        if self.case.is_hidden(exchange.user):
            return True  # the run took what its change of metadata had left for what was there before
        return (before in left and after in first) or (
            after == "true" and self.case.seems_switched(exchange, path, ever=True)
        )

    def _is_halfway(self, exchange: Exchange, path: Path, before: str) -> bool:
        """Whether an entry that wasn't there when the plan was made is off: a run may have left it so."""
        return exchange.method == "POST" and before == "false" and self.case.base(exchange.user, path) == GONE

    def _is_switched(self, exchange: Exchange, path: Path) -> bool:
        """Whether a change of metadata, as far as can be told, had switched a workflow that a write switches back.

        Since a workflow is on or off, it looks the same if another writer has switched it on and off again since.
        """
        assert exchange.made is not None
        if self.case.seems_switched(exchange, path, ever=True):
            return True
        history = self.case.history(exchange.user)
        by = [history.versions[since(history, path, number)].by for number in range(exchange.made)]
        return any(isinstance(hand, Exchange) and hand.resource == ("meta",) for hand in by)

    def _is_own(self, exchange: Exchange, path: Path) -> bool:
        """Whether a write changes what the same run has written."""
        assert exchange.made is not None
        history = self.case.history(exchange.user)
        by = history.versions[since(history, path, exchange.made - 1)].by
        rolling = exchange.process in self.case.rolling
        return (
            isinstance(by, Exchange)
            and by.resource == exchange.resource
            and (by.process in self.case.rolling) == rolling
        )

    def _is_target(self, exchange: Exchange, path: Path, after: str) -> bool:
        want = self.case.wants[exchange.user].get(path)
        if exchange.process in self.case.rolling:
            return after in self.case.left_by_run(exchange.user, path)[1]
        if want is None:
            return False
        return after == GONE if want.value == GONE else after == self.case.stored(want.value)

    def _is_created(self, user: str, path: Path) -> bool:
        """Whether it is the enablement of a workflow's entry that the settings in it need."""
        entry = path[:-1]
        return path[-1] == "enabled" and any(known[: len(entry)] == entry for known in self.case.wants[user])

    def fences(self) -> Iterator[Violation]:
        """Look for requests that left after their process had lost the lock."""
        for exchange in self.case.world.server.exchanges:
            lost = self.case.world.storage.superseded.get(exchange.process)
            if exchange.is_write and lost is not None and exchange.left > lost + TOLERANCE_SECONDS + ROUNDING:
                late = exchange.left - lost
                yield self.case.violation(
                    "fence", exchange, f"it left {late:.3f} s after its process had lost the lock"
                )


def _by(version: Version) -> str:
    return version.by if isinstance(version.by, str) else f"#{version.by.number}"
