"""Routes that read the project and run its parts: integrations, input options, workflows, events, requests."""

from __future__ import annotations

from paragon_sync.emulator import codec, views
from paragon_sync.emulator.calls import Answer, Call, Refusal
from paragon_sync.emulator.codec import Json, JsonObject

_PAGE = 50


def list_integrations(call: Call) -> Answer:
    return Answer(views.integrations(call.user, call.state, call.world))


def get_integration(call: Call) -> Answer:
    integration = call.world.integration_of_type(call.path["type"])
    if integration is None:
        raise Refusal(404, "Integration not found")
    return Answer(views.integration_detail(integration))


def get_metadata(call: Call) -> Answer:
    return Answer(views.metadata(call.user, call.world))


def get_project(call: Call) -> Answer:
    """What clients before 1.0.30 ask for on start."""
    return Answer(call.world.project)


def field_options(call: Call) -> Answer:
    """The options of a dynamic input: searched by label, a page at a time."""
    fields = call.fields
    source = fields.get("sourceKey")
    if not isinstance(fields.get("action"), str) or not isinstance(source, str):
        raise Refusal(400, "action and sourceKey must be given")
    known = codec.as_object(call.world.options.get(str(fields["action"]))) or {}
    if source not in known:
        raise Refusal(404, f"no options for {source}")
    found = known[source]
    spec = codec.as_object(found) or {"records": found}
    records = _records(spec, fields.get("parameters"))
    paging = codec.as_object(fields.get("paginationParameters")) or {}
    search = paging.get("search")
    if isinstance(search, str):
        records = [
            one for one in records if search.lower() in str((codec.as_object(one) or {}).get("label", "")).lower()
        ]
    size = spec.get("pageSize", _PAGE)
    size = size if isinstance(size, int) and size > 0 else _PAGE
    start = _cursor(paging.get("pageCursor"))
    following = str(start + size) if start + size < len(records) else None
    page: list[Json] = records[start : start + size]
    return Answer({"output": {"records": page, "nextPageCursor": following}})


def _records(spec: JsonObject, parameters: Json) -> list[Json]:
    """The records, or those that go with the choice made in the main input."""
    records = spec.get("records")
    depends = spec.get("dependsOn")
    if depends is not None:
        choice: Json = None
        for parameter in parameters if isinstance(parameters, list) else []:
            given = codec.as_object(parameter) or {}
            if given.get("key") == depends:
                choice = (codec.as_object(given.get("source")) or given).get("value")
        records = (codec.as_object(spec.get("choices")) or {}).get(str(choice))
    return records if isinstance(records, list) else []


def _cursor(given: Json) -> int:
    if given is None or given is False:
        return 0
    if isinstance(given, int) or (isinstance(given, str) and given.isdigit()):
        return int(given)
    raise Refusal(400, "pageCursor is none that was answered")


def trigger_types(call: Call) -> Answer:
    kinds = _answers(call, "triggers")
    wanted = call.query.get("integrations", "")
    return Answer({name: kinds.get(name, []) for name in wanted.split(",") if name})


def run_workflow(call: Call) -> Answer:
    """Run a Request-triggered workflow; it answers what the fixture says."""
    return Answer(_answers(call, "workflows").get(call.path["workflow"], {}))


def send_event(call: Call) -> Answer:
    if not isinstance(call.fields.get("name"), str):
        raise Refusal(400, "name must be a string")
    return Answer({})


def request_third_party(call: Call) -> Answer:
    """A request to the third party; it answers what the fixture says for the integration and the path."""
    integration = call.world.integration_of_type(call.path["type"])
    if integration is None:
        raise Refusal(404, "Integration not found")
    if not any(one["integrationId"] == integration["id"] for one in call.state.credentials):
        raise Refusal(400, "the user has not connected this integration")
    of_integration = codec.as_object(_answers(call, "requests").get(call.path["type"])) or {}
    return Answer({"output": of_integration.get(call.path["rest"], {})})


def _answers(call: Call, kind: str) -> JsonObject:
    return codec.as_object(call.world.answers.get(kind)) or {}


def no_oauth(_call: Call) -> Answer:
    """The OAuth popup needs the third party."""
    raise Refusal(501, "the emulator has no third parties to authorize with")


def session(call: Call) -> Answer:
    """Clients poll for the credential that an OAuth popup made: there is none."""
    return Answer({"key": call.path["key"], "connectCredentialId": None})
