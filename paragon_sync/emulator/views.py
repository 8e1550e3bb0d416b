"""What the API shows of a user's state and of the project: derived from both, written nowhere."""

from __future__ import annotations

import uuid

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.state import UserState, configurations
from paragon_sync.emulator.world import World, type_name
from paragon_sync.emulator.writing import find_configuration, is_permitted, workflows_of


def me(user: str, state: UserState, world: World) -> JsonObject:
    """GET ``/sdk/me``."""
    integrations: JsonObject = {type_name(one): _connection(one, state) for one in _visible(user, world)}
    return {
        "authenticated": True,
        "userId": user,
        "meta": state.meta,
        "integrations": integrations,
        "resources": [*world.resources],
        "project": world.project,
    }


def _connection(integration: JsonObject, state: UserState) -> JsonObject:
    of_integration = [
        one for one in state.credentials if one["integrationId"] == integration["id"] and one.get("dateDeleted") is None
    ]
    # The SDK reads `configurations` of every credential.
    shown: list[Json] = [{"configurations": [], **_without_tokens(one)} for one in of_integration]
    if not of_integration:
        return {"enabled": False, "allCredentials": shown, "configuredWorkflows": {}}
    chosen = next((one for one in of_integration if _status(one) == "VALID"), of_integration[0])
    holder = find_configuration(chosen, None)
    return {
        "enabled": _status(chosen) == "VALID",
        "credentialId": chosen["id"],
        "credentialConfigId": None if holder is None else holder["id"],
        "credentialStatus": _status(chosen),
        "providerId": chosen.get("providerId"),
        "providerData": chosen.get("providerData", {}),
        "allCredentials": shown,
        "configuredWorkflows": workflows_of(chosen, None),
        "sharedSettings": (holder or codec.as_object(chosen.get("config")) or {}).get("sharedSettings", {}),
    }


def _status(credential: JsonObject) -> Json:
    return credential.get("status", "VALID")


def credentials(state: UserState, world: World, integration: str | None, only: str | None) -> list[Json]:
    """GET ``/sdk/credentials``: all of them, those of an integration, or one."""
    listed: list[Json] = []
    wanted = None if integration is None else world.integration_of_type(integration)
    for credential in state.credentials:
        if integration is not None and (wanted is None or credential["integrationId"] != wanted["id"]):
            continue
        if only is None or credential["id"] == only:
            listed.append(_listed(credential, world))
    return listed


def _listed(credential: JsonObject, world: World) -> JsonObject:
    shown = _without_tokens(credential)
    if world.list_configurations == "none":
        return {key: value for key, value in shown.items() if key != "configurations"}
    if world.list_configurations == "default" and configurations(credential):
        return {**shown, "configurations": [find_configuration(credential, None)]}
    return shown


def _without_tokens(credential: JsonObject) -> JsonObject:
    return {key: value for key, value in credential.items() if key != "accountAuth"}


def integrations(user: str, state: UserState, world: World) -> list[Json]:
    """GET ``/sdk/integrations``, as this user may see them."""
    return [_integration(one, state, world) for one in _visible(user, world)]


def _visible(user: str, world: World) -> list[JsonObject]:
    hidden = world.hidden.get(user, [])
    return [one for one in world.integrations if not isinstance(hidden, list) or type_name(one) not in hidden]


def _integration(integration: JsonObject, state: UserState, world: World) -> JsonObject:
    shown = {
        "hasCredential": any(one["integrationId"] == integration["id"] for one in state.credentials),
        **integration,
    }
    forbidden = [
        workflow
        for workflow in _workflow_meta(integration)
        if workflow in world.permissions and not is_permitted(state.meta, world.permissions[workflow])
    ]
    return {**shown, "noPermissionWorkflows": [*forbidden]} if forbidden else shown


def _values(integration: JsonObject) -> JsonObject:
    configs = integration.get("configs")
    first = configs[0] if isinstance(configs, list) and configs else None
    return codec.as_object((codec.as_object(first) or {}).get("values")) or {}


def _workflow_meta(integration: JsonObject) -> JsonObject:
    return codec.as_object(_values(integration).get("workflowMeta")) or {}


def integration_detail(integration: JsonObject) -> JsonObject:
    """GET ``/sdk/integrations/{type}``."""
    values = _values(integration)
    described: dict[Json, Json] = {}
    workflows = integration.get("workflows")
    for workflow in workflows if isinstance(workflows, list) else []:
        if isinstance(workflow, dict) and isinstance(workflow.get("id"), str):
            described[str(workflow["id"])] = workflow.get("description")
    shown: list[Json] = []
    hidden: list[Json] = []
    for workflow, entry in _workflow_meta(integration).items():
        meta = codec.as_object(entry) or {}
        detail: JsonObject = {"id": workflow, **meta}
        if workflow in described:
            detail["description"] = described[workflow]
        (hidden if meta.get("hidden") is True else shown).append(detail)
    return {
        "shortDescription": values.get("description"),
        "longDescription": values.get("overview"),
        "availableUserSettings": (codec.as_object(values.get("sharedMeta")) or {}).get("inputs", []),
        "availableWorkflows": shown,
        "hiddenWorkflows": hidden,
    }


def metadata(user: str, world: World) -> list[Json]:
    """GET ``/sdk/metadata``."""
    listed: list[Json] = []
    for one in _visible(user, world):
        custom = codec.as_object(one.get("customIntegration")) or {}
        entry: JsonObject = {"type": type_name(one), "name": one.get("name", custom.get("name", type_name(one)))}
        entry["brandColor"] = one.get("brandColor", "#000000")
        entry["icon"] = one.get("icon", custom.get("icon", ""))
        listed.append(entry)
    return listed


def persona(user: str, world: World) -> str:
    """Paragon's own id of a user: the same for the same user of the same project."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.id}/{user}"))
