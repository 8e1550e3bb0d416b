"""One parsed document of the kind Rollout → its noun, and all that is wrong whatever the rows are. Reads no roster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema
from paragon_sync.manifest.document import Builder
from paragon_sync.manifest.expand import templates_in
from paragon_sync.manifest.roster import roster_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.template import ROW, Failed, Names, Touched, condition, missing_column, touched_by
from paragon_sync.model.declared import Fault, Place, Rollout, Roster
from paragon_sync.model.secrecy import names_secret
from paragon_sync.model.similar_names import did_you_mean

USER: Final = "user"
_NAMES: Final = frozenset({ROW, USER})


def rollout_of(document: JsonObject, place: Place, scope: SecretScope) -> tuple[Rollout | None, list[Fault]]:
    """The rollout, or None where nothing can be said of its rows; and what is wrong with the document itself."""
    users = replace(place, pointer=("users",))
    roster, roster_faults = roster_of(document.get("users"), users, scope)
    texts = templates_in(document)
    touched, template_faults = _touched(texts, place)
    where, where_faults = _where(document.get("where"), place)
    secret = frozenset(at for at, found in touched.items() if roster is not None and is_secret(found, roster))
    builder = Builder(place, scope, secret, templates=frozenset(texts))
    fragment = builder.fragment(document)
    profiles = builder.profiles(document)
    covered = {(*slot.pointer, *inner) for slot in builder.slots for inner in slot.templates}
    plain = covered >= texts.keys() and not any(found.all_columns for found in touched.values())
    values = {(*slot.pointer, *inner) for slot in builder.slots if slot.kind == "value" for inner in slot.templates}
    as_written = [*schema.check("rollout", document, place), *builder.faults]
    faults = [
        *roster_faults,
        *where_faults,
        *template_faults,
        *_misplaced(secret - values, place),
        # What a template stands for isn't known yet; the key that it has is.
        *(fault for fault in as_written if fault.place.of_key or fault.place.pointer not in texts),
    ]
    if roster is None:
        return None, faults
    rollout = Rollout(
        name=_text(document.get("name")),
        place=place,
        roster=roster,
        fragment=fragment,
        written=document,
        slots=tuple(builder.slots) if plain else None,
        where=where,
        profiles=profiles,
    )
    return rollout, faults


def is_secret(touched: Touched, roster: Roster) -> bool:
    """Whether a template makes a secret: it names a column that is declared secret, or that speaks of one."""
    by_name = frozenset(filter(names_secret, touched.columns))
    return touched.secret(Names(secret_columns=roster.secret | by_name))


def column_faults(rollout: Rollout, columns: Mapping[str, Json]) -> Iterator[Fault]:
    """Templates, and ``where``, that name a column which no row of the roster has; for rosters with fixed columns."""
    texts = dict(templates_in(rollout.written))
    if rollout.where is not None:
        texts[("where",)] = rollout.where
    for at, text in texts.items():
        touched = touched_by(text)
        for column in () if isinstance(touched, Failed) else sorted(touched.columns - columns.keys()):
            failed = missing_column(column, columns)
            yield Fault(message=failed.message, place=replace(rollout.place, pointer=at), hint=failed.hint)


def _touched(texts: Mapping[Pointer, str], place: Place) -> tuple[dict[Pointer, Touched], list[Fault]]:
    found: dict[Pointer, Touched] = {}
    faults: list[Fault] = []
    for at, text in texts.items():
        touched = touched_by(text)
        if isinstance(touched, Failed):
            faults.append(Fault(message=touched.message, place=replace(place, pointer=at), hint=touched.hint))
        else:
            found[at] = touched
            faults.extend(_unknown_names(touched, replace(place, pointer=at)))
    return found, faults


def _where(where: Json, place: Place) -> tuple[str | None, list[Fault]]:
    """The condition as a template, and what is wrong with it."""
    if not isinstance(where, str) or not where:
        return None, []
    at = replace(place, pointer=("where",))
    template = condition(where)
    if isinstance(template, Failed):
        return None, [Fault(message=template.message, place=at, hint=template.hint)]
    touched = touched_by(template)
    return template, [] if isinstance(touched, Failed) else list(_unknown_names(touched, at))


def _unknown_names(touched: Touched, at: Place) -> Iterator[Fault]:
    for name in sorted(touched.names - _NAMES):
        hint = did_you_mean(name, _NAMES) or f"there are {ROW}, whose members are the columns, and {USER}"
        yield Fault(message=f'there is no "{name}" for a template to use', place=at, hint=hint)


def _misplaced(pointers: frozenset[Pointer], place: Place) -> Iterator[Fault]:
    for at in sorted(pointers):
        message = "a secret column can only make values of settings and metadata"
        yield Fault(message=message, place=replace(place, pointer=at), hint="names and selectors are shown to people")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
