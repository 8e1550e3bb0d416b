"""Judges how a schedule ends: the run is finished, and its rollback has restored what it wrote."""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.model.outcome import Applied, Unchanged
from tests.simulation.case import Case, Violation, resource_of_note
from tests.simulation.history import Exchange, UserHistory, Version
from tests.simulation.storage import Note
from tests.simulation.values import GONE, Path, Resource, resource_of, shown


class Ending:
    """The end of a schedule."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def resume(self) -> Iterator[Violation]:
        """Look whether the run has come to its end in good weather."""
        if not self.case.world.finished:
            errors = [one.error for one in self.case.world.applied[-1:]]
            yield Violation(kind="resume", text=f"the run does not end: {errors}", at=self.case.world.loop.now)
        elif not self.case.world.taken_back:
            errors = [one.error for one in self.case.world.rolled_back[-1:]]
            yield Violation(kind="resume", text=f"the rollback does not end: {errors}", at=self.case.world.loop.now)

    def rollback(self) -> Iterator[Violation]:
        """Look whether what the run wrote, and nobody else since, is as it was before."""
        if not self.case.world.taken_back:
            return
        unsure = set(self._unsure())
        for user in self.case.personas:
            history = self.case.history(user)
            for path in self.case.wants[user]:
                if (user, resource_of(path)) in unsure or self.case.is_done_late(user, resource_of(path)):
                    continue
                if path[-1] == "enabled" and self._is_hidden(user):
                    continue
                yield from self._restored(user, history, path)

    def _unsure(self) -> Iterator[tuple[str, Resource]]:
        """Return what a rollback doesn't restore for a good reason.

        The run could not tell the server's own form of a value from another writer's, an operation of a rollback in
        bad weather did not end well, or a replica answered the last read with a state from before the last write.
        """
        world = self.case.world
        for note in world.storage.notes:
            outcome = note.recorded.outcome
            normalized = self.case.may_be_normalized(note)
            failed = note.process in self.case.rolling and not isinstance(outcome, Applied | Unchanged)
            if normalized or (failed and world.climate.rolls_back_badly) or self._is_judged_by_older_read(note):
                yield note.recorded.operation.user, resource_of_note(note)

    def _is_judged_by_older_read(self, note: Note) -> bool:
        """Whether the outcome rests on a read that shows a state from before the newest write to the same resource."""
        user, resource = note.recorded.operation.user, resource_of_note(note)
        read = self.case.last_read(note.process, user, resource, until=note.at)
        writes = [
            one.acted
            for one in self.case.world.server.exchanges
            if one.user == user and one.resource == resource and one.made is not None and one.acted is not None
        ]
        done = max((at for at in writes if at <= note.at), default=None)
        return read is not None and done is not None and read.shown_at < done

    def _restored(self, user: str, history: UserHistory, path: Path) -> Iterator[Violation]:
        left, first = self.case.left_by_run(user, path)
        last = max(
            (
                one.made
                for one in self.case.world.server.exchanges
                if one.user == user
                and one.made is not None
                and one.process not in self.case.rolling
                and any(changed == path for changed, _ in self.case.changes(one))
            ),
            default=None,
        )
        if last is None or (path[0] == "meta" and GONE in first):
            return
        start = history.at(self.case.world.rolled_from)
        values = {self.case.value(one, path) for one in history.versions[last : start + 1]}
        if values != {self.case.value(history.versions[last], path)} or not values <= left:
            return  # somebody else has changed it since
        if any(self._is_changed_by_others(history, path, number) for number in range(start + 1, len(history.versions))):
            return
        if self._was_created(path, history.versions[start]) and GONE in first:
            return
        now = self.case.value(history.now, path)
        if now == self._last_saved(history, path) or (now == "true" and self.case.may_seem_switched(user, path)):
            return
        if now not in first:
            words = f"{user} {shown(path)}: {now} after the rollback, {' or '.join(sorted(first))} before the run"
            yield Violation(kind="rollback", text=words, user=user, at=self.case.world.loop.now)

    def _is_hidden(self, user: str) -> bool:
        """Whether a replica hid what the run's change of metadata, or that of its rollback, did to workflows."""
        return self.case.is_hidden(user) or self.case.is_hidden(user, rolling=True)

    def _last_saved(self, history: UserHistory, path: Path) -> str | None:
        """Return what anybody but the run and its rollback has given a path last; None where nobody has."""
        for number in range(len(history.versions) - 1, 0, -1):
            before, version = history.versions[number - 1], history.versions[number]
            changed = self.case.value(before, path) != self.case.value(version, path)
            if changed and not isinstance(version.by, Exchange):
                return self.case.value(version, path)
        return None

    def _is_changed_by_others(self, history: UserHistory, path: Path, number: int) -> bool:
        """Whether a version has changed a value, and is no rollback's."""
        by = history.versions[number].by
        changed = self.case.value(history.versions[number], path) != self.case.value(history.versions[number - 1], path)
        return changed and not (isinstance(by, Exchange) and by.process in self.case.rolling)

    @staticmethod
    def _was_created(path: Path, version: Version) -> bool:
        """Whether it is in a workflow's entry in which there are other values: such an entry stays."""
        if path[2:3] != ("workflow",):
            return False
        entry = path[:4]
        return any(other[:4] == entry and other != path for other in version.leaves)
