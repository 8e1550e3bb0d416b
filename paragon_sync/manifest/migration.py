"""One parsed document of the kind Migration → its noun, and what is wrong whatever is live. Reads no roster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, JsonObject, Pointer, equal, parse_pointer
from paragon_sync.manifest import schema, secrets
from paragon_sync.manifest.roster import roster_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.template import ROW, Failed, Touched, is_template, touched_by
from paragon_sync.manifest.template.live import LIVE, live_condition
from paragon_sync.model.declared import Declared, Fault, Place, account_of, configuration_of
from paragon_sync.model.migration import (
    EACH,
    DeclaredAction,
    DeclaredStep,
    Entry,
    FillValue,
    MapValues,
    Migration,
    Move,
    RemoveValue,
    SettingName,
    SetValue,
    SwitchNamed,
    Verb,
    Where,
    WorkflowName,
)
from paragon_sync.model.similar_names import did_you_mean

ALL: Final = "all"
_VERBS: Final[tuple[Verb, ...]] = ("rename", "move", "map", "set", "default", "remove", "enable", "disable")
_NAMES: Final = (LIVE, ROW, "user")
_LIVE: Final[dict[str, tuple[str, ...]]] = {
    "settings": (),
    "workflows": (),
    "account": ("credentialId", "externalId", "providerId"),
    "status": (),
    "configuration": ("default", "externalId", "id"),
}
"""What ``live`` has, and what these have where no catalog says it."""
_WORKFLOW: Final = ("enabled", "settings")


def migration_of(document: JsonObject, place: Place, scope: SecretScope) -> tuple[Migration | None, list[Fault]]:
    """The migration, or None where nothing can be said of its users; and what is wrong with the document itself."""
    roster, faults = roster_of(document.get("users"), replace(place, pointer=("users",)), scope)
    builder = _Builder(place, scope)
    where, wrong = _where(document.get("where"), place)
    steps = tuple(builder.steps(document.get("steps")))
    faults += [*schema.check("migration", document, place), *wrong, *builder.faults]
    if roster is None:
        return None, faults
    account = _object(document.get("account"))
    migration = Migration(
        name=_text(document.get("name")),
        place=place,
        roster=roster,
        integration=_text(document.get("integration")),
        account=account_of(account) if account else ALL,
        configuration=configuration_of(document.get("configuration")),
        where=where,
        steps=steps,
    )
    return migration, faults


class _Builder:
    """Builds steps; what the schema has refused is stepped over."""

    def __init__(self, place: Place, scope: SecretScope) -> None:
        self._place = place
        self._scope = scope
        self.faults: list[Fault] = []

    def steps(self, steps: Json) -> Iterator[DeclaredStep]:
        for number, step in enumerate(steps if isinstance(steps, list) else ()):
            verb = next((verb for verb in _VERBS if isinstance(step, dict) and verb in step), None)
            if verb is not None and isinstance(step, dict):
                at: Pointer = ("steps", str(number), verb)
                action = self._action(verb, step[verb], at)
                if action is not None:
                    yield DeclaredStep(verb=verb, action=action, place=self._at(at, of_key=True))

    def _action(self, verb: Verb, content: Json, at: Pointer) -> DeclaredAction | None:
        found = _object(content)
        match verb:
            case "rename":
                return self._rename(found, at)
            case "move":
                return self._move(found, at)
            case "map":
                return MapValues(
                    setting=self._setting(found, at),
                    table=tuple(self._table(found.get("values"), (*at, "values"))),
                    otherwise="fail" if found.get("else") == "fail" else "keep",
                )
            case "set":
                return SetValue(setting=self._setting(found, at), value=self._value(found.get("value"), (*at, "value")))
            case "default":
                blank = found.get("blank")
                return FillValue(
                    setting=self._setting(found, at),
                    value=self._value(found.get("value"), (*at, "value")),
                    blank=tuple(blank) if isinstance(blank, list) else (),
                )
            case "remove":
                return RemoveValue(setting=self._spot(content, at))
            case "enable" | "disable":
                name = WorkflowName(name=_text(content), place=self._at(at), every=content == ALL)
                return SwitchNamed(workflow=name, enabled=verb == "enable")

    def _rename(self, found: JsonObject, at: Pointer) -> Move[SettingName]:
        overwrite = found.get("overwrite") is True
        if "setting" not in found:
            if "inside" in found:
                self._fault((*at, "inside"), "inside needs setting, whose value it leads into", of_key=True)
            source, destination = (self._setting(found, at, named=key) for key in ("from", "to"))
            return Move(source=source, destination=destination, overwrite=overwrite)
        setting = self._setting(found, at)
        keys = [_text(found.get(key)) for key in ("from", "to")]
        for key, name in zip(("from", "to"), keys, strict=True):
            if name == EACH:
                self._fault((*at, key), f"{EACH} stands for every member, and one key is to get another name")
        if keys[0] == keys[1]:
            self._fault((*at, "to"), "it has this name already", "remove the step, or correct the name")
        source, destination = (replace(setting, inside=(*setting.inside, key)) for key in keys)
        return Move(source=source, destination=destination, overwrite=overwrite)

    def _move(self, found: JsonObject, at: Pointer) -> Move[SettingName]:
        spots = [self._spot(found.get(key), (*at, key)) for key in ("from", "to")]
        for key, spot in zip(("from", "to"), spots, strict=True):
            if spot.every:
                self._fault((*at, key, "workflow"), "a move is from one place to one place: all are many")
            if EACH in spot.inside:
                self._fault((*at, key, "inside"), f"a move is from one place to one place: {EACH} stands for many")
        return Move(source=spots[0], destination=spots[1], overwrite=found.get("overwrite") is True)

    def _spot(self, content: Json, at: Pointer) -> SettingName:
        if isinstance(content, dict):
            return self._setting(content, at)
        return SettingName(name=_text(content), place=self._at(at))

    def _setting(self, found: JsonObject, at: Pointer, *, named: str = "setting") -> SettingName:
        workflow = found.get("workflow")
        return SettingName(
            name=_text(found.get(named)),
            place=self._at((*at, named)),
            workflow=workflow if isinstance(workflow, str) else None,
            workflow_place=self._at((*at, "workflow")),
            every=workflow == ALL,
            inside=_inside(found.get("inside")),
        )

    def _table(self, values: Json, at: Pointer) -> Iterator[Entry]:
        """The table's lines; a result that is mapped on would be mapped again by a second run."""
        entries: list[Entry] = []
        if isinstance(values, dict):
            pairs: list[tuple[Json, Json, Pointer, Pointer]] = [
                (key, result, (*at, key), (*at, key)) for key, result in values.items()
            ]
        else:
            lines = enumerate(map(_object, values if isinstance(values, list) else ()))
            pairs = [
                (one.get("from"), one.get("to"), (*at, str(number), "from"), (*at, str(number), "to"))
                for number, one in lines
            ]
        for value, result, spot, place in pairs:
            if any(equal(value, entry.value) for entry in entries):
                self._fault(spot, "this value stands in the table twice", "keep one of the two")
            of_key = isinstance(values, dict)
            entries.append(Entry(value=value, result=self._value(result, place), place=self._at(spot, of_key=of_key)))
        for entry in entries:
            again = next((other for other in entries if equal(other.value, entry.result.value)), None)
            if again is not None and not equal(again.result.value, entry.result.value):
                message = "the result is mapped on by another line of the table: a second run would map it again"
                hint = "map it in a migration of its own, once this one is applied"
                self.faults.append(Fault(message=message, place=entry.result.place, hint=hint))
        yield from entries

    def _value(self, value: Json, at: Pointer) -> Declared:
        resolved = secrets.resolve(value, self._scope)
        for refused in resolved.refused:
            self._fault((*at, *refused.pointer), refused.message, refused.hint)
        for pointer in _templates(value):
            hint = "a Rollout takes values from the row; if the text is meant as it is: {$literal: …}"
            self._fault((*at, *pointer), "a migration's values are no templates: this text would be written", hint)
        return Declared(value=resolved.value, place=self._at(at), secret=resolved.secret)

    def _at(self, pointer: Pointer, *, of_key: bool = False) -> Place:
        return replace(self._place, pointer=pointer, of_key=of_key)

    def _fault(self, pointer: Pointer, message: str, hint: str | None = None, *, of_key: bool = False) -> None:
        self.faults.append(Fault(message=message, place=self._at(pointer, of_key=of_key), hint=hint))


def _templates(value: Json) -> Iterator[Pointer]:
    """Where text asks for a row, or for what is live."""
    if isinstance(value, str):
        touched = touched_by(value) if is_template(value) else None
        if isinstance(touched, Touched) and not touched.names.isdisjoint((LIVE, ROW)):
            yield ()
    elif isinstance(value, list):
        yield from ((str(place), *inner) for place, one in enumerate(value) for inner in _templates(one))
    elif isinstance(value, dict) and not secrets.is_reference(value):
        yield from ((key, *inner) for key, one in value.items() for inner in _templates(one))


def _inside(inside: Json) -> Pointer:
    try:
        return parse_pointer(inside) if isinstance(inside, str) else ()
    except JsonError:
        return ()  # the schema has told


def _where(where: Json, place: Place) -> tuple[Where | None, list[Fault]]:
    if not isinstance(where, str) or not where:
        return None, []
    at = replace(place, pointer=("where",))
    condition = live_condition(where)
    if isinstance(condition, Failed):
        return None, [Fault(message=condition.message, place=at, hint=condition.hint)]
    told = [*_unknown_names(condition.touched.names), *_unknown_members(condition.paths)]
    faults = [Fault(message=message, place=at, hint=hint) for message, hint in told[:1]]  # one at each place
    return Where(text=where, place=at, paths=condition.paths), faults


def _unknown_names(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names - set(_NAMES)):
        yield f'there is no "{name}" for an expression to use', _known(name, _NAMES)


def _unknown_members(paths: tuple[Pointer, ...]) -> Iterator[tuple[str, str]]:
    """What ``live`` never has, whatever the catalog says."""
    for _, *path in paths:
        if not path:
            yield "live is no value by itself", f"it has {', '.join(_LIVE)}"
            continue
        member, *inner = path
        if member not in _LIVE:
            yield f'live has no "{member}"', _known(member, tuple(_LIVE))
        elif inner and _LIVE[member] and inner[0] not in _LIVE[member]:
            yield f'live.{member} has no "{inner[0]}"', _known(inner[0], _LIVE[member])
        elif member == "workflows" and len(inner) > 1 and inner[1] not in _WORKFLOW:
            yield f'a workflow has no "{inner[1]}"', _known(inner[1], _WORKFLOW)


def _known(name: str, names: tuple[str, ...]) -> str:
    return did_you_mean(name, names) or f"there are {', '.join(names)}"


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
