"""Routes that connect and disconnect accounts: credentials, their completion, resources."""

from __future__ import annotations

import uuid
from dataclasses import replace as changed

from paragon_sync.emulator import codec, views, writing
from paragon_sync.emulator.calls import Answer, Call, Refusal
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.routes_user import new_configuration, now


def create_credential(call: Call) -> Answer:
    """Connect an account, by API keys (``payload``) or after OAuth (``code``); neither is kept."""
    fields = call.fields
    integration = call.world.integration(fields.get("integrationId"))
    if integration is None:
        raise Refusal(404, "Integration not found")
    if "payload" not in fields and "code" not in fields:
        raise Refusal(400, "payload or code is missing")
    options = codec.as_object(fields.get("installOptions")) or codec.as_object(fields.get("integrationOptions")) or {}
    selected = options.get("selectedCredentialId")
    if isinstance(selected, str):
        return _reconnect(call, selected)
    external = options.get("externalId")
    if external is not None and any(one.get("externalId") == external for one in call.state.credentials):
        raise Refusal(400, "externalId is already in use")
    created = _new_credential(call, integration, external)
    call.keep(writing.put_credential(call.state, created))
    return Answer(created, status=201)


def _reconnect(call: Call, identity: str) -> Answer:
    credential = call.state.credential(identity)
    if credential is None:
        raise Refusal(404, "Credential not found")
    valid: JsonObject = {**credential, "status": "VALID"}
    call.keep(writing.put_credential(call.state, valid))
    return Answer(valid, status=201)


def _new_credential(call: Call, integration: JsonObject, external: Json) -> JsonObject:
    moment = now()
    identity = str(uuid.uuid4())
    sdk = codec.as_object(integration.get("sdkIntegrationConfig")) or {}
    payload = codec.as_object(call.fields.get("payload")) or {}
    # What is still to be asked after the account is connected keeps the credential pending.
    pending = bool(sdk.get("postOauthInputs")) and payload.get("skipPostOAuthInputs") is not True
    credential: JsonObject = {
        "id": identity,
        "dateCreated": moment,
        "dateUpdated": moment,
        "dateDeleted": None,
        "projectId": call.world.id,
        "integrationId": integration["id"],
        "personaId": views.persona(call.user, call.world),
        "isPreviewCredential": False,
        "providerId": None,
        "providerData": {},
        "status": "PENDING" if pending else "VALID",
        "configurations": [new_configuration(identity, None, default=True)],
    }
    return credential if external is None else {**credential, "externalId": external}


def complete_setup(call: Call) -> Answer:
    """Finish a pending credential."""
    credential = call.state.credential(call.path["credential"])
    if credential is None:
        raise Refusal(404, "Credential not found")
    valid: JsonObject = {**credential, "status": "VALID"}
    call.keep(writing.put_credential(call.state, valid))
    return Answer(valid)


def disconnect(call: Call) -> Answer:
    """Remove the credential that the header names, or all of the integration; its settings go with it."""
    integration = call.world.integration(call.path["integration"])
    if integration is None:
        raise Refusal(404, "Integration not found")
    only = call.credential_header
    gone = {
        str(one["id"])
        for one in call.state.credentials
        if one["integrationId"] == integration["id"] and only in (None, one["id"])
    }
    if not gone:
        raise Refusal(404, "Credential not found")
    call.keep(writing.remove_credentials(call.state, gone))
    return Answer({})


def connect_resource(call: Call) -> Answer:
    """Keep that the user has given a resource of the app its values; the values are not kept."""
    call.fields  # noqa: B018 - refuses what is no object
    resource = next((one for one in call.world.resources if one.get("id") == call.path["resource"]), None)
    if resource is None:
        raise Refusal(404, "Resource not found")
    moment = now()
    created: JsonObject = {
        "id": str(uuid.uuid4()),
        "dateCreated": moment,
        "dateUpdated": moment,
        "dateDeleted": None,
        "projectId": call.world.id,
        "integrationId": None,
        "resourceId": resource["id"],
        "personaId": views.persona(call.user, call.world),
        "isPreviewCredential": False,
        "providerId": None,
        "status": "VALID",
    }
    state = call.state
    call.keep(changed(state, resources=[*state.resources, created]))
    return Answer(created)
