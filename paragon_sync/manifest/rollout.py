"""One parsed document of the kind Rollout → its noun, and all that is wrong whatever the rows are. Reads no roster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Final

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema
from paragon_sync.manifest.content import Kind, content_of, exclusion_faults, names_in, part_at, well_typed
from paragon_sync.manifest.expand import templates_in
from paragon_sync.manifest.roster import roster_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.template import ROW, Failed, Names, Touched, condition, missing_column, touched_by
from paragon_sync.model.declared import Content, Fault, Place, Rollout, Roster, Slot, SlotMarker
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
    content, refused = content_of(deepcopy(document), place, scope, secret)
    slots = _slots(content.sections, texts)
    covered = {(*slot.pointer, *inner) for slot in slots for inner in slot.templates}
    plain = covered >= texts.keys() and not any(found.all_columns for found in touched.values())
    values = {(*slot.pointer, *inner) for slot in slots if slot.kind == "value" for inner in slot.templates}
    as_written = [*schema.check("rollout", document, place), *refused, *exclusion_faults(document, place)]
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
        content=well_typed(_with_markers(content, slots)),
        written=document,
        slots=slots if plain else None,
        where=where,
        profiles=names_in(document, "profiles"),
    )
    return rollout, faults


def _slots(sections: JsonObject, texts: Iterable[Pointer]) -> tuple[Slot, ...]:
    """Return the parts of the document that templates fill; ``texts`` are where these are."""
    kinds: dict[Pointer, Kind] = {}
    templates: dict[Pointer, set[Pointer]] = {}
    for at in texts:
        if (part := part_at(sections, at)) is not None:
            pointer, kinds[pointer] = part
            templates.setdefault(pointer, set()).add(at[len(pointer) :])
    return tuple(
        Slot(pointer=at, value=_holder(sections, at)[at[-1]], templates=frozenset(inside), kind=kinds[at])
        for at, inside in sorted(templates.items())
    )


def _with_markers(content: Content, slots: Iterable[Slot]) -> Content:
    """Put markers where the slots are, in the sections themselves."""
    for number, slot in enumerate(slots):
        _holder(content.sections, slot.pointer)[slot.pointer[-1]] = SlotMarker(number)
    return content


def _holder(sections: JsonObject, pointer: Pointer) -> JsonObject:
    """Return the object that has the last key of the pointer."""
    found: Json = sections
    for part in pointer[:-1]:
        found = found[int(part)] if isinstance(found, list) else _object(found)[part]
    return _object(found)


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


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
