"""Rows into a rollout: whether a row is wanted, and what its templates come to. Knows no catalog and reads no roster.

:meth:`Filling.fill` gives the values of the slots for the rows that are as they should be, which nearly all are. Any
other goes to :meth:`Filling.carefully`, which makes of the row what a User document would say; its word is the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.manifest import schema
from paragon_sync.manifest.content import content_of, exclusion_faults, well_typed
from paragon_sync.manifest.expand import expand
from paragon_sync.manifest.rollout import USER
from paragon_sync.manifest.roster import Row, label_of, place_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.template import ROW, Evaluated, Failed, Names, evaluate, quick
from paragon_sync.model.declared import Content, Fault, FileRoster, Rollout, Slot, SqlRoster
from paragon_sync.model.migration import Migration
from paragon_sync.model.secrecy import names_secret

_Compute: TypeAlias = "Callable[[Row], Json]"


class _Unusual(Exception):
    """Something that only the careful way can tell of."""


class Filling:
    """One rollout, ready for any number of rows."""

    def __init__(self, rollout: Rollout, scope: SecretScope) -> None:
        self._rollout = rollout
        self._scope = scope
        self._slots = None if rollout.slots is None else [_slot(slot) for slot in rollout.slots]

    def wanted(self, row: Row) -> bool | Fault:
        """Whether ``where`` is true of the row; whatever isn't true or false is a fault."""
        where = self._rollout.where
        if where is None:
            return True
        answer = evaluate(where, _names(row, self._rollout))
        if isinstance(answer, Evaluated) and isinstance(answer.value, bool):
            return answer.value
        at = replace(self._rollout.place, pointer=("where",))
        if isinstance(answer, Failed):
            message = answer.message.replace("the template", "where", 1)
            return row_fault(self._rollout, row, Fault(message=message, place=at, hint=answer.hint))
        kind, example = _kind(answer.value)
        message = f"where must give true or false, and gives {kind}"
        hint = f"compare it with something: row.active == {example}"
        return row_fault(self._rollout, row, Fault(message=message, place=at, hint=hint))

    def fill(self, row: Row) -> tuple[Json, ...] | None:
        """The values of the slots in their order; None where only the careful way can tell."""
        if self._slots is None:
            return None
        try:
            return tuple([compute(row) for compute in self._slots])
        except _Unusual:
            return None

    def carefully(self, row: Row) -> tuple[Content, list[Fault]]:
        """Return the content for this row alone, and all that is wrong with it, by its places in the document."""
        rollout = self._rollout
        expanded = expand(rollout.written, _names(row, rollout), rollout.place)
        wrong = schema.check("rollout", expanded.document, rollout.place)
        content, refused = content_of(expanded.document, rollout.place, self._scope, expanded.secret)
        excluded = exclusion_faults(expanded.document, rollout.place)
        return well_typed(content), [*expanded.faults, *wrong, *refused, *excluded]


def row_fault(document: Rollout | Migration, row: Row, fault: Fault) -> Fault:
    """The fault at its row, naming the place in the document; a query's row has no place, but a number."""
    roster = document.roster
    if isinstance(roster, FileRoster) and roster.format == "csv" and fault.hint and "true" in fault.hint:
        fault = replace(fault, hint='in CSV all is text; compare it: {{ row.active == "yes" }}')
    if isinstance(roster, SqlRoster):
        return replace(fault, place=replace(fault.place, row=label_of(roster, row.number)))
    return replace(fault, place=place_of(roster, row.number), other=fault.place)


def no_more_rows(document: Rollout | Migration, row: Row, told: int) -> Fault:
    """That what follows this row wasn't looked at, after so many problems."""
    message = f"after {told} problems no more rows were looked at"
    return row_fault(document, row, Fault(message=message, place=document.place))


def _names(row: Row, rollout: Rollout) -> Names:
    return Names(values={ROW: row.values, USER: row.user}, secret_columns=_secret(rollout, row.values))


def _secret(rollout: Rollout, columns: Mapping[str, Json]) -> frozenset[str]:
    return rollout.roster.secret | frozenset(filter(names_secret, columns))


def _slot(slot: Slot) -> _Compute:
    compute = _value(slot.value, slot.templates)
    match slot.kind:
        case "text":
            return partial(_text, compute, may_be_all=slot.pointer[-1] != "configuration")
        case "switch":
            return partial(_switch, compute)
        case _:
            return compute


def _text(compute: _Compute, row: Row, *, may_be_all: bool) -> Json:
    value = compute(row)
    if not isinstance(value, str) or not value or (value == "all" and not may_be_all):
        raise _Unusual
    return value


def _switch(compute: _Compute, row: Row) -> Json:
    value = compute(row)
    if not isinstance(value, bool):
        raise _Unusual
    return value


def _value(value: Json, templates: frozenset[Pointer]) -> _Compute:
    """How the value is made of a row; ``templates`` are where in it templates stand."""
    if isinstance(value, str):
        return _scalar(value)
    inside = {at[0]: frozenset(other[1:] for other in templates if other[0] == at[0]) for at in templates}
    if isinstance(value, dict):
        members = {key: _value(value[key], inner) for key, inner in inside.items()}
        return lambda row: {**value, **{key: compute(row) for key, compute in members.items()}}
    if isinstance(value, list):
        items = {int(index): _value(value[int(index)], inner) for index, inner in inside.items()}
        return lambda row: [items[i](row) if i in items else item for i, item in enumerate(value)]
    raise TypeError(type(value))


def _scalar(text: str) -> _Compute:
    simple = quick(text)

    def compute(row: Row) -> Json:
        if simple is not None:
            try:
                return simple(row.values, row.user)
            except LookupError:
                pass
        answer = evaluate(text, Names(values={ROW: row.values, USER: row.user}))
        if isinstance(answer, Failed):
            raise _Unusual
        return answer.value

    return compute


def _kind(value: object) -> tuple[str, str]:
    """What a value is called, and one to compare it with."""
    match value:
        case None:
            return "null", "true"
        case str():
            return "text", '"yes"'
        case int() | float():
            return "a number", "1"
        case _:
            return "another value", '"yes"'
