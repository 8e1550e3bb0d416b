"""Migrations, resolved: what all rows share once, and of each row what ``where`` may ask for. Fetches nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial

from paragon_sync.catalog.migrations import fits
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.filling import no_more_rows, row_fault
from paragon_sync.manifest.rollout import is_secret
from paragon_sync.manifest.roster import MOST_TOLD, Row, columns_are_fixed, label_of, read
from paragon_sync.manifest.source import problems
from paragon_sync.manifest.template import Failed, missing_column
from paragon_sync.manifest.template.live import LIVE, LiveCondition, live_condition
from paragon_sync.model.compact import CompactDocument, compact_selector
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.desired import DesiredDocument, DesiredFragment, Enlisted
from paragon_sync.model.migration import DesiredMigration, Enrolment, Migration, Undecided
from paragon_sync.plan.static import refilled


class Migrating:
    """One migration over one catalog (or over none). ``faults`` are what its document has beyond its grammar."""

    def __init__(self, number: int, migration: Migration, resolver: Resolver | None) -> None:
        self.faults: list[Fault] = []
        self.migration = migration
        self._number = number
        self.rows_read = self._meant_for = 0
        self._digest = hashlib.sha256()
        self._resolved: DesiredMigration | None = None
        if resolver is not None:
            self._resolved, self.faults = resolver.migration(migration)
            if self._resolved is not None and not self.faults:
                self.faults = refilled(self._resolved)
        found = None if migration.where is None else live_condition(migration.where.text)
        self._where = found if isinstance(found, LiveCondition) else None
        self._early = self._where is not None and LIVE not in self._where.touched.names
        """Whether rows alone say for whom the steps are meant."""

    @property
    def source(self) -> str:
        return f"migration {self.migration.name}"

    @property
    def digest(self) -> bytes:
        """Over the rows that have been read."""
        return self._digest.digest()

    @property
    def notes(self) -> Iterator[str]:
        """How many of its users a migration is about, where its ``where`` goes by rows alone."""
        if self._early:
            yield f"{self.source}: where is true of {self._meant_for:,} of {self.rows_read:,} users"

    def rows(self, *, sound: bool, about: frozenset[str] | None = None) -> Iterator[Enlisted | Problem]:
        """Each user who may be meant, and every problem of the roster and its rows.

        Where the document isn't ``sound``, only the roster's own problems are found. Only the rows of the users in
        ``about`` are looked at, where that is given.
        """
        told, evaluate = 0, sound
        for index, row in enumerate(read(self.migration.roster)):
            if isinstance(row, Problem):
                yield row
                continue
            if index == 0 and evaluate and columns_are_fixed(self.migration.roster):
                missing = problems(self._column_faults(row.values))
                yield from missing
                evaluate = not missing
            self.rows_read += 1
            self._digest.update(repr(row).encode("utf-8", "surrogatepass"))
            enlisted = self.enlist(row) if evaluate and (about is None or row.user in about) else None
            if isinstance(enlisted, Fault):
                yield from problems([row_fault(self.migration, row, enlisted)])
                told += 1
                if told == MOST_TOLD:
                    yield from problems([no_more_rows(self.migration, row, told)])
                    evaluate = False
            elif enlisted is not None:
                self._meant_for += 1
                yield enlisted

    def enlist(self, row: Row) -> Enlisted | Fault | None:
        """The row's user, who may be meant; None where the row alone tells that they aren't."""
        meant = self._meant(row)
        if isinstance(meant, Fault):
            return meant
        return Enlisted(row.user, self._number, row.number, self._needed(row.values)) if meant else None

    def document(self, enlisted: Enlisted) -> DesiredDocument:
        """What selects the accounts of one user."""
        place = self.migration.place
        blocks = () if self._resolved is None else (self._resolved.block,)
        return DesiredDocument(
            user=enlisted.user,
            place=place,
            layers=(DesiredFragment(source=self.source, blocks=blocks),),
            row=label_of(self.migration.roster, enlisted.number),
            enlisted=enlisted,
        )

    @property
    def selected(self) -> CompactDocument:
        """What selects the accounts of its users, in compact form; it claims nothing."""
        if self._resolved is None:
            return {}, (), ()
        block = self._resolved.block
        account, configuration = compact_selector(block.account), compact_selector(block.configuration)
        return {}, ((block.integration, account, configuration, {}, {}, {}, None),), ()

    def enrolment(self, enlisted: Enlisted) -> Enrolment | None:
        """What is done for one user; None without a catalog."""
        if self._resolved is None:
            return None
        late = None if self._where is None or self._early else partial(self._holds, enlisted.user, enlisted.values)
        return Enrolment(migration=self._resolved, where=late, fits=fits)

    def _holds(self, user: str, row: JsonObject, live: Mapping[str, object]) -> bool | Undecided:
        where = self._where
        answer = True if where is None else where.holds(live, row, user)
        return self._undecided(answer) if isinstance(answer, Failed) else answer

    def _undecided(self, failed: Failed) -> Undecided:
        if self._where is not None and is_secret(self._where.touched, self.migration.roster):
            return Undecided("it fails on a secret, whose value isn't shown")
        return Undecided(failed.message, failed.hint)

    def _meant(self, row: Row) -> bool | Fault:
        """Whether the row's user may be meant, as far as the row alone can tell."""
        if self._where is None or not self._early:
            return True
        answer = self._where.holds({}, row.values, row.user)
        if isinstance(answer, bool):
            return answer
        why = self._undecided(answer)
        return Fault(message=f"where can't tell: {why.message}", place=self._where_place, hint=why.hint)

    def _column_faults(self, columns: Mapping[str, Json]) -> Iterator[Fault]:
        if self._where is None:
            return
        for column in sorted(self._where.touched.columns - columns.keys()):
            failed = missing_column(column, columns)
            yield Fault(message=failed.message, place=self._where_place, hint=failed.hint)

    @property
    def _where_place(self) -> Place:
        where = self.migration.where
        return self.migration.place if where is None else where.place

    def _needed(self, values: JsonObject) -> JsonObject:
        """The columns that are asked for once the user is fetched; the others need not be kept."""
        if self._where is None or self._early:
            return {}
        touched = self._where.touched
        if touched.all_columns:
            return values
        return {name: value for name, value in values.items() if name in touched.columns}
