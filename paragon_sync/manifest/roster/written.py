"""``users`` of a document → its roster, ready to be read: which form it has, and where its rows are. Reads no row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.roster.format import Declaration, Declared, RosterFormats
from paragon_sync.manifest.roster.formats import FORMATS
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Fault, InlineRoster, Place


def roster_of(users: Json, place: Place, scope: SecretScope, formats: RosterFormats = FORMATS) -> Declared:
    """The roster that ``users`` declares, and what is wrong beyond its schema; None where it can't be read so.

    ``place`` is that of ``users``.
    """
    if isinstance(users, list):
        readable = bool(users) and all(isinstance(row, str | dict) for row in users)
        return InlineRoster(place=place, rows=tuple(users)) if readable else None, []
    if not isinstance(users, dict):
        return None, []
    faults = list(_misfits(users, place, formats))
    if faults:
        return None, faults
    declaration = Declaration(users=users, place=place, scope=scope, id_column="", secret=_names(users.get("secret")))
    declaration = replace(declaration, id_column=declaration.text("id", "user"))
    if declaration.id_column in declaration.secret:
        hint = "ids are shown everywhere; if an id is a secret, find another one"
        at = declaration.place_of("secret")
        return None, [Fault(message="the column of the ids can't be secret", place=at, hint=hint)]
    (named,) = (one for one in formats if one.name in users)
    return named.declare(declaration)


def _misfits(users: JsonObject, place: Place, formats: RosterFormats) -> Iterator[Fault]:
    named = [one for one in formats if one.name in users]
    if len(named) != 1:
        message = f'"users" must have exactly one of {", ".join(formats.names)}'
        yield Fault(message=message, place=place, hint="or be a list of users")
        return
    (chosen,) = named
    for other in formats:
        for key in other.keys if other is not chosen else ():
            if key in users:
                at = replace(place, pointer=(*place.pointer, key), of_key=True)
                message = f'"{key}" belongs to {other.name}, and not to {chosen.name}'
                yield Fault(message=message, place=at, hint="remove it")
    for key, hint in chosen.required.items():
        if key not in users:
            yield Fault(message=f'"{key}" is missing in "users"', place=place, hint=hint)


def _names(names: Json) -> frozenset[str]:
    items = names if isinstance(names, list) else []
    return frozenset(name for name in items if isinstance(name, str))
