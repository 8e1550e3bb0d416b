"""What a write makes of a user's state under each reading of the API: pure functions, states in, states out.

Knows nothing of HTTP. What Paragon itself does is unknown in places; each reading is as harsh as it may be.
"""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Final

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.options import Metadata, Readings
from paragon_sync.emulator.state import WORKFLOW_MAPS, UserState, configurations, is_enabled

IDENTITY: Final = (
    "id",
    "externalId",
    "isDefault",
    "connectCredentialId",
    "dateCreated",
    "dateUpdated",
    "dateDeleted",
)
"""What a configuration has beside its settings: no PATCH of ``config`` touches it."""

_SETTINGS: Final = "sharedSettings"
_CURRENT, _DOCUMENTED = WORKFLOW_MAPS


def find_configuration(credential: JsonObject, wanted: str | None) -> JsonObject | None:
    """The configuration with this id, or ``ext:`` and its external id; without ``wanted`` the default one."""
    entries = configurations(credential)
    if wanted is None:
        return next((entry for entry in entries if entry.get("isDefault") is True), entries[0] if entries else None)
    if wanted.startswith("ext:"):
        return next((entry for entry in entries if entry.get("externalId") == wanted[4:]), None)
    return next((entry for entry in entries if entry["id"] == wanted), None)


def patch_config(credential: JsonObject, sent: JsonObject, wanted: str | None, readings: Readings) -> JsonObject:
    """The credential after PATCH with ``config: sent``; ``wanted`` is the configuration that the header names.

    A credential in the documented shape takes what is sent as it is. In the current shape it is the
    configuration's settings; ``config`` follows the default configuration if it did so before.
    """
    whole = readings.replace == "whole" or (readings.replace == "by-header" and wanted is None)
    target = find_configuration(credential, wanted)
    if target is None:
        old = codec.as_object(credential.get("config")) or {}
        return {**credential, "config": dict(sent) if whole else {**old, **sent}}
    mirror = codec.as_object(credential.get("config")) or {}
    mirrored = bool(mirror) and target is find_configuration(credential, None)
    own = {key: value for key, value in target.items() if key not in IDENTITY}
    taken = _for_entry(own, mirror if mirrored else {}, sent, documented=wanted is None)
    kept = {key: value for key, value in target.items() if whole is False or key in IDENTITY}
    result = replace_configuration(credential, {**kept, **taken})
    if mirrored:
        followed = _for_mirror(own, mirror, sent)
        result["config"] = followed if whole else {**mirror, **followed}
    return result


def _for_entry(own: JsonObject, mirror: JsonObject, sent: JsonObject, *, documented: bool) -> JsonObject:
    """Of what was sent, what goes into the configuration: not what ``config`` alone has had until now."""
    taken = {
        key: value
        for key, value in sent.items()
        if key not in IDENTITY and (key in own or key not in mirror or key in (_CURRENT, _SETTINGS))
    }
    # A client of the documented API knows one name of the workflow map, and no header.
    if documented and _DOCUMENTED in sent and _DOCUMENTED not in own and _CURRENT not in sent:
        taken.pop(_DOCUMENTED, None)
        taken[_CURRENT] = sent[_DOCUMENTED]
    return taken


def _for_mirror(own: JsonObject, mirror: JsonObject, sent: JsonObject) -> JsonObject:
    """Of what was sent, what goes into ``config``, with the workflow map under the names that it has there."""
    taken = {
        key: value
        for key, value in sent.items()
        if key not in WORKFLOW_MAPS and (key in mirror or key not in own or key == _SETTINGS) and key not in IDENTITY
    }
    maps = [sent[name] for name in WORKFLOW_MAPS if name in sent]
    if maps:
        for name in [name for name in WORKFLOW_MAPS if name in mirror] or [_DOCUMENTED]:
            taken[name] = sent.get(name, maps[0])
    return taken


def replace_configuration(credential: JsonObject, entry: JsonObject) -> JsonObject:
    """The credential with this configuration in the place of the one with the same id."""
    entries: list[Json] = [entry if one["id"] == entry["id"] else one for one in configurations(credential)]
    return {**credential, "configurations": entries}


def set_enabled(credential: JsonObject, workflow: str, wanted: str | None, *, enabled: bool) -> JsonObject:
    """The credential with the workflow enabled or disabled; its settings stay as they are."""
    target = find_configuration(credential, wanted)
    if target is None:
        config = codec.as_object(credential.get("config")) or {}
        return {**credential, "config": _switched(config, workflow, _DOCUMENTED, enabled=enabled)}
    result = replace_configuration(credential, _switched(target, workflow, _CURRENT, enabled=enabled))
    mirror = codec.as_object(credential.get("config")) or {}
    if mirror and target is find_configuration(credential, None):
        result["config"] = _switched(mirror, workflow, _DOCUMENTED, enabled=enabled)
    return result


def _switched(holder: JsonObject, workflow: str, missing: str, *, enabled: bool) -> JsonObject:
    names = [name for name in WORKFLOW_MAPS if name in holder] or [missing]
    result = dict(holder)
    for name in names:
        workflows = codec.as_object(holder.get(name)) or {}
        entry = codec.as_object(workflows.get(workflow)) or {"settings": {}}
        result[name] = {**workflows, workflow: {**entry, "enabled": enabled}}
    return result


def workflows_of(credential: JsonObject, wanted: str | None) -> JsonObject:
    """The workflow map of a configuration; where both names stand, the current one's entries win."""
    holder = find_configuration(credential, wanted) or codec.as_object(credential.get("config")) or {}
    merged: JsonObject = {}
    for name in reversed(WORKFLOW_MAPS):
        merged.update(codec.as_object(holder.get(name)) or {})
    return merged


def put_credential(state: UserState, credential: JsonObject) -> UserState:
    """The state with this credential in the place of the one with the same id, or at the end."""
    if state.credential(str(credential["id"])) is None:
        return changed(state, credentials=[*state.credentials, credential])
    return changed(
        state, credentials=[credential if one["id"] == credential["id"] else one for one in state.credentials]
    )


def remove_credentials(state: UserState, gone: set[str]) -> UserState:
    """The state without these credentials and their subscriptions."""
    return changed(
        state,
        credentials=[one for one in state.credentials if one["id"] not in gone],
        subscriptions={key: value for key, value in state.subscriptions.items() if key not in gone},
    )


def subscribe(state: UserState, credential: str, place: str, workflows: dict[str, bool]) -> UserState:
    """The state with the triggers of these workflows subscribed (true) or not (false)."""
    places = codec.as_object(state.subscriptions.get(credential)) or {}
    old = codec.as_object(places.get(place)) or {}
    new: JsonObject = {key: value for key, value in old.items() if workflows.get(key, True)}
    new.update({key: True for key, value in workflows.items() if value})
    places = {key: value for key, value in {**places, place: new}.items() if value}
    subscriptions: JsonObject = {**state.subscriptions, credential: places}
    if not places:
        del subscriptions[credential]
    return changed(state, subscriptions=subscriptions)


def place_of(credential: JsonObject, wanted: str | None) -> str:
    """The name under which a configuration's subscriptions are kept."""
    target = find_configuration(credential, wanted)
    return "default" if target is None else str(target["id"])


def patch_meta(state: UserState, sent: JsonObject, metadata: Metadata, permissions: JsonObject) -> UserState:
    """The state after PATCH with ``meta: sent``; workflows that the new metadata forbid are disabled at once."""
    meta = {**state.meta, **sent} if metadata == "merge" else dict(sent)
    state = changed(state, meta=meta)
    forbidden = [workflow for workflow in permissions if not is_permitted(meta, permissions[workflow])]
    for credential in state.credentials:
        places: list[str | None] = [str(entry["id"]) for entry in configurations(credential)]
        for place in places or [None]:
            for workflow in forbidden:
                current = state.credential(str(credential["id"]))
                if current is not None and is_enabled(workflows_of(current, place).get(workflow)):
                    state = put_credential(state, set_enabled(current, workflow, place, enabled=False))
                    state = subscribe(state, str(credential["id"]), place or "default", {workflow: False})
    return state


def is_permitted(meta: JsonObject, rule: Json) -> bool:
    """Whether the metadata have, for every key of the rule, its value or one of its values."""
    for key, wanted in (codec.as_object(rule) or {}).items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if key not in meta or codec.dumps(meta[key]) not in [codec.dumps(value) for value in values]:
            return False
    return True
