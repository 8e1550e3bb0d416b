"""Routes that read and write a user and its credentials' configurations."""

from __future__ import annotations

import uuid
from dataclasses import replace as changed
from datetime import UTC, datetime

from paragon_sync.emulator import codec, views, writing
from paragon_sync.emulator.calls import Answer, Call, Refusal
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.state import configurations, is_enabled


def now() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def get_me(call: Call) -> Answer:
    header = call.headers.get("x-paragon-user-metadata")
    if header:  # clients before 2.2.5 set metadata this way
        try:
            sent = codec.as_object(codec.loads(header))
        except codec.Unreadable:
            sent = None
        if sent is not None:
            call.keep(writing.patch_meta(call.state, sent, call.readings.metadata, call.world.permissions))
    return Answer(views.me(call.user, call.seen, call.world))


def patch_me(call: Call) -> Answer:
    sent = codec.as_object(call.fields.get("meta"))
    if sent is None:
        raise Refusal(400, "meta must be an object")
    shown = call.keep(writing.patch_meta(call.state, sent, call.readings.metadata, call.world.permissions))
    return Answer({} if call.passage.shown == "none" else views.me(call.user, shown, call.world))


def list_credentials(call: Call) -> Answer:
    only = call.credential_header
    if only is not None:
        _credential(call, only)
    listed = views.credentials(call.seen, call.world, call.query.get("integration"), only)
    if call.query.get("includeAccountAuth") == "true":
        for shown in listed:
            kept = call.state.credential(str(shown["id"])) if isinstance(shown, dict) else None
            if isinstance(shown, dict) and kept is not None and "accountAuth" in kept:
                shown["accountAuth"] = kept["accountAuth"]
    return Answer(listed)


def get_credential(call: Call) -> Answer:
    found = views.credentials(call.seen, call.world, None, str(_named(call)["id"]))
    if not found:
        raise Refusal(404, "Credential not found")  # created since, and reads lag
    return Answer(found[0])


def patch_credential(call: Call) -> Answer:
    credential = _named(call)
    sent = codec.as_object(call.fields.get("config"))
    if sent is None:
        raise Refusal(400, "config must be an object")
    wanted = _configuration(call, credential)
    written = writing.patch_config(credential, sent, wanted, call.readings)
    state = writing.put_credential(call.state, written)
    if call.readings.patch_subscribes:
        switches = {key: is_enabled(entry) for key, entry in writing.workflows_of(written, wanted).items()}
        gone = dict.fromkeys(writing.workflows_of(credential, wanted), False)
        place = writing.place_of(credential, wanted)
        state = writing.subscribe(state, str(credential["id"]), place, {**gone, **switches})
    shown = call.keep(state).credential(str(credential["id"]))
    return Answer({}) if call.passage.shown == "none" else _whole(shown or written)


def switch_workflow(call: Call) -> Answer:
    """POST enables and subscribes, DELETE disables and unsubscribes; the settings stay."""
    workflow = call.path["workflow"]
    identity = call.credential_header
    if identity is None:
        raise Refusal(400, "the header X-Paragon-Credential is missing")
    credential = _credential(call, identity)
    wanted = _configuration(call, credential)
    enabled = call.method == "POST"
    if not enabled and workflow not in writing.workflows_of(credential, wanted):
        raise Refusal(404, "Workflow not found")
    written = writing.set_enabled(credential, workflow, wanted, enabled=enabled)
    state = writing.put_credential(call.state, written)
    call.keep(writing.subscribe(state, identity, writing.place_of(credential, wanted), {workflow: enabled}))
    return _whole(written)


def create_configuration(call: Call) -> Answer:
    credential = _named(call)
    external = (codec.as_object(call.body) or {}).get("externalId")
    entries = configurations(credential)
    if not entries:
        raise Refusal(400, "this credential is in the documented shape, which has no configurations")
    if external is not None and any(entry.get("externalId") == external for entry in entries):
        raise Refusal(400, "externalId is already in use")
    created = new_configuration(str(credential["id"]), external, default=False)
    written: JsonObject = {**credential, "configurations": [*entries, created]}
    call.keep(writing.put_credential(call.state, written))
    return Answer(written, status=201)


def new_configuration(credential: str, external: Json, *, default: bool) -> JsonObject:
    """A configuration without settings."""
    moment = now()
    entry: JsonObject = {"id": str(uuid.uuid4()), "dateCreated": moment, "dateUpdated": moment}
    entry["connectCredentialId"] = credential
    entry.update({"workflowSettings": {}, "sharedSettings": {}, "configMeta": {}, "isDefault": default})
    return entry if external is None else {**entry, "externalId": external}


def patch_configuration(call: Call) -> Answer:
    credential = _named(call)
    target = _explicit_configuration(call, credential)
    meta = codec.as_object(call.fields.get("meta"))
    if meta is None:
        raise Refusal(400, "meta must be an object")
    old = codec.as_object(target.get("configMeta")) or {}
    written = writing.replace_configuration(credential, {**target, "configMeta": {**old, **meta}})
    call.keep(writing.put_credential(call.state, written))
    return _whole(written)


def delete_configuration(call: Call) -> Answer:
    credential = _named(call)
    target = _explicit_configuration(call, credential)
    if target is writing.find_configuration(credential, None):
        raise Refusal(400, "the default configuration can't be deleted")
    entries: list[Json] = [entry for entry in configurations(credential) if entry is not target]
    written: JsonObject = {**credential, "configurations": entries}
    state = writing.put_credential(call.state, written)
    identity = str(credential["id"])
    places = codec.as_object(state.subscriptions.get(identity)) or {}
    kept = {key: value for key, value in places.items() if key != target["id"]}
    others = {key: value for key, value in state.subscriptions.items() if key != identity}
    call.keep(changed(state, subscriptions={**others, identity: kept} if kept else others))
    return _whole(written)


def _whole(credential: JsonObject) -> Answer:
    # Some versions of the API answer the credential, some {credential, errors}: this satisfies clients of both.
    return Answer({**credential, "credential": credential, "errors": []})


def _named(call: Call) -> JsonObject:
    """The credential that the path names; a header that names another one is refused."""
    identity = call.path["credential"]
    if call.credential_header not in (None, identity):
        raise Refusal(400, "X-Paragon-Credential names another credential than the path")
    return _credential(call, identity)


def _credential(call: Call, identity: str) -> JsonObject:
    credential = call.state.credential(identity)
    if credential is None:
        raise Refusal(404, "Credential not found")
    return credential


def _configuration(call: Call, credential: JsonObject) -> str | None:
    wanted = call.configuration_header
    if wanted is not None and writing.find_configuration(credential, wanted) is None:
        raise Refusal(404, "Configuration not found")
    return wanted


def _explicit_configuration(call: Call, credential: JsonObject) -> JsonObject:
    wanted = call.configuration_header
    target = None if wanted is None else writing.find_configuration(credential, wanted)
    if target is None:
        raise Refusal(404, "Configuration not found")
    return target
