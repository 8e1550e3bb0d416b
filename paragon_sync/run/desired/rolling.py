"""Rollouts, resolved: what all rows share once, and of each row no more than what it decides. Fetches nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from paragon_sync.catalog.naming import ESCAPE
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.catalog.types import check_value
from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json
from paragon_sync.manifest.expand import templates_in
from paragon_sync.manifest.filling import Filling, no_more_rows, row_fault
from paragon_sync.manifest.rollout import column_faults
from paragon_sync.manifest.roster import MOST_TOLD, Row, columns_are_fixed, label_of, read
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import problems
from paragon_sync.model.catalog import Input
from paragon_sync.model.compact import NOTHING, CompactDocument
from paragon_sync.model.declared import Content, Fault, Rollout
from paragon_sync.model.desired import DesiredDocument, DesiredFragment, Filled
from paragon_sync.run.desired.slots import Slots
from paragon_sync.store.staging import CHECK_ALONE, CHECK_CLAIMS


class Rolling:
    """One rollout over one catalog (or over none). ``faults`` are what its document has beyond its grammar."""

    def __init__(self, number: int, rollout: Rollout, scope: SecretScope, resolver: Resolver | None) -> None:
        self.faults: list[Fault] = []
        self.rollout = rollout
        self._number = number
        self.rows_read = self._wanted = 0
        self.sample: Filled | None = None
        """The first row of those that are as usual: what contradicts itself in all rows does so in this one."""
        self._digest = hashlib.sha256()
        self._resolver = resolver
        self._filling = Filling(rollout, scope)
        self.settled = True
        """Whether no part of it can contradict another one, whatever the row is."""
        self._definitions: dict[int, Input] = {}
        layer, compact = DesiredFragment(source=self.source), NOTHING
        if resolver is not None:
            templates = templates_in(rollout.written)
            layer, faults = resolver.fragment(rollout.content, self.source)
            self.faults = [fault for fault in faults if fault.place.of_key or fault.place.pointer not in templates]
            compact, _, self.settled = resolver.compact(rollout.content)
        self._slots = Slots(layer, compact, (slot.pointer for slot in rollout.slots or ()))
        if resolver is not None:
            self._definitions = _definitions(self._slots, resolver)

    @property
    def source(self) -> str:
        return f"rollout {self.rollout.name}"

    @property
    def digest(self) -> bytes:
        """Over the rows that have been read."""
        return self._digest.digest()

    @property
    def notes(self) -> Iterator[str]:
        """How many of its users a rollout with ``where`` is about: it may be a mistake that there are none."""
        if self.rollout.where is not None:
            yield f"{self.source}: where is true of {self._wanted:,} of {self.rows_read:,} users"

    def rows(self, *, sound: bool, about: frozenset[str] | None = None) -> Iterator[Filled | Problem]:
        """What each row comes to, and every problem of the roster and its rows, of which no more than some are told.

        Where the document isn't ``sound``, only the roster's own problems are found. Only the rows of the users in
        ``about`` are looked at, where that is given.
        """
        faults: list[Fault] = []
        evaluate = sound
        for row in read(self.rollout.roster):
            if isinstance(row, Problem):
                yield row
                continue
            if self.rows_read == 0 and evaluate and columns_are_fixed(self.rollout.roster):
                faults += column_faults(self.rollout, row.values)
                evaluate = not faults
            self.rows_read += 1
            self._digest.update(repr(row).encode("utf-8", "surrogatepass"))
            made = self._row(row) if evaluate and (about is None or row.user in about) else None
            if isinstance(made, Filled):
                yield made
            elif made is not None:
                faults += made
                if len(faults) >= MOST_TOLD:
                    faults.append(no_more_rows(self.rollout, row, len(faults)))
                    evaluate = False
        yield from problems(faults)

    def _row(self, row: Row) -> Filled | list[Fault] | None:
        wanted = self._filling.wanted(row)
        if isinstance(wanted, Fault):
            return [wanted]
        if not wanted:
            return None
        self._wanted += 1
        values = self._filling.fill(row)
        if values is not None and self._fit(values):
            filled = Filled(row.user, self._number, row.number, values)
            self.sample = self.sample or filled
            return filled
        return self._carefully(row)

    def _fit(self, values: tuple[Json, ...]) -> bool:
        return all(check_value(definition, values[slot]) is None for slot, definition in self._definitions.items())

    def _carefully(self, row: Row) -> Filled | list[Fault]:
        content, faults = self._filling.carefully(row)
        if self._resolver is not None:
            faults = [*faults, *self._resolver.compact(content)[1]]
        if faults:
            return [row_fault(self.rollout, row, fault) for fault in faults]
        return Filled(row.user, self._number, row.number, content)

    def compact(self, filled: Filled) -> CompactDocument:
        """Return what the row asks for in compact form, without its profiles."""
        if isinstance(filled.values, Content):
            return NOTHING if self._resolver is None else self._resolver.compact(filled.values)[0]
        return self._slots.compact(filled.values)

    def document(self, filled: Filled) -> DesiredDocument:
        """What the row says, in full; profiles are still to be put in."""
        layer = DesiredFragment(source=self.source)
        if not isinstance(filled.values, Content):
            layer = self._slots.filled(filled.values)
        elif self._resolver is not None:
            layer, _ = self._resolver.fragment(filled.values, self.source)
        rollout, row = self.rollout, label_of(self.rollout.roster, filled.number)
        return DesiredDocument(
            user=filled.user, place=rollout.place, layers=(layer,), profiles=rollout.profiles, row=row
        )

    def check(self, filled: Filled) -> int:
        """Return how the row is checked for contradictions: most do like the first one of them, see ``sample``."""
        if isinstance(filled.values, Content):
            return CHECK_ALONE | CHECK_CLAIMS
        return 0 if self.settled else CHECK_CLAIMS


def _definitions(slots: Slots, resolver: Resolver) -> dict[int, Input]:
    """By the numbers of slots, what the catalog says of the values in them; ``id:…`` takes them as they stand."""
    found = {
        slot: resolver.definition(integration, claim.target)
        for slot, integration, claim in slots.claims()
        if not claim.place.pointer[-1].startswith(ESCAPE)
    }
    return {slot: definition for slot, definition in found.items() if definition is not None}
