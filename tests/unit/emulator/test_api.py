"""The endpoints, as a client sees them over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import codec, running
from tests.unit.emulator.client import Client, Reply, request, token

WORKFLOW_META = {
    "w1": {"id": "w1", "infoText": "First", "defaultEnabled": False, "inputs": []},
    "w2": {"id": "w2", "infoText": "Second", "defaultEnabled": True, "inputs": [], "hidden": True},
}
SLACK: dict[str, Any] = {
    "id": "i1",
    "type": "slack",
    "name": "Slack",
    "brandColor": "#fff",
    "icon": "slack.svg",
    "isActive": True,
    "configs": [
        {
            "values": {
                "description": "short",
                "overview": "long",
                "sharedMeta": {"inputs": [{"id": "channel", "title": "Channel"}]},
                "workflowMeta": WORKFLOW_META,
            }
        }
    ],
    "workflows": [{"id": "w1", "description": "Send"}, {"id": "w2", "description": "Digest"}],
}
ACME: dict[str, Any] = {"id": "i2", "type": "custom", "customIntegration": {"name": "Acme Inc."}, "configs": []}
ASKING: dict[str, Any] = {"id": "i3", "type": "jira", "sdkIntegrationConfig": {"postOauthInputs": [{"id": "site"}]}}
CURRENT: dict[str, Any] = {
    "id": "c1",
    "integrationId": "i1",
    "status": "VALID",
    "providerId": "T1",
    "accountAuth": {"token": "secret"},
    "configurations": [
        {
            "id": "d1",
            "isDefault": True,
            "connectCredentialId": "c1",
            "sharedSettings": {"channel": "C1"},
            "workflowSettings": {"w1": {"enabled": True, "settings": {"k": "v"}}},
            "configMeta": {"m": 1},
        },
        {"id": "d2", "isDefault": False, "connectCredentialId": "c1", "externalId": "team-b"},
    ],
}
DOCUMENTED: dict[str, Any] = {
    "id": "c2",
    "integrationId": "i1",
    "config": {"configuredWorkflows": {"w1": {"enabled": False, "settings": {}}}},
}
DELETED: dict[str, Any] = {"id": "c3", "integrationId": "i2", "dateDeleted": "2021-03-24T12:19:21.511Z"}
FIXTURE: dict[str, Any] = {
    "project": {"id": "p1", "accessibleFeatures": ["headless-cp"]},
    "integrations": [SLACK, ACME, ASKING],
    "resources": [{"id": "r1", "slug": "warehouse"}],
    "permissions": {"w1": {"plan": ["pro"]}},
    "hidden": {"guest": ["jira", "custom.acmeinc"]},
    "refusals": {"barred": {"status": 403, "code": "7210", "message": "No permission"}, "odd": {}},
    "options": {
        "slack": {
            "channels": [{"value": "1", "label": "General"}, {"value": "2", "label": "Random"}],
            "threads": {"dependsOn": "channels", "choices": {"1": [{"value": "t", "label": "Topic"}]}},
            "paged": {"pageSize": 1, "records": [{"value": "1", "label": "A"}, {"value": "2", "label": "B"}]},
        }
    },
    "answers": {
        "workflows": {"w1": {"ran": 1.0}},
        "requests": {"slack": {"chat.postMessage": {"ok": True}}},
        "triggers": {"slack": [{"type": "NEW"}]},
    },
    "users": {"acme": {"meta": {"plan": "pro", "one": 1.0}, "credentials": [CURRENT, DOCUMENTED, DELETED]}},
}

Start = Callable[..., Client]


@pytest.fixture
def start(signing_key: Path) -> Iterator[Start]:
    """Start an emulator with other readings or another fixture than the usual."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def starting(user: str = "acme", fixture: dict[str, Any] = FIXTURE, **readings: Any) -> Client:
            return Client(stack.enter_context(running(fixture, signing_key=signing_key, **readings)), user)

        yield starting


@pytest.fixture
def acme(start: Start) -> Client:
    return start()


def state(client: Client) -> dict[str, Any]:
    return client.emulator.user(client.user)


def shown(credential: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in credential.items() if key != "accountAuth"}


def test_a_user_is_shown_with_metadata_integrations_and_project(acme: Client) -> None:
    assert acme.get("/sdk/me") == {
        "authenticated": True,
        "userId": "acme",
        "meta": {"plan": "pro", "one": codec.Number("1.0")},
        "integrations": {
            "slack": {
                "enabled": True,
                "credentialId": "c1",
                "credentialConfigId": "d1",
                "credentialStatus": "VALID",
                "providerId": "T1",
                "providerData": {},
                "allCredentials": [shown(CURRENT), {**DOCUMENTED, "configurations": []}],
                "configuredWorkflows": {"w1": {"enabled": True, "settings": {"k": "v"}}},
                "sharedSettings": {"channel": "C1"},
            },
            "custom.acmeinc": {"enabled": False, "allCredentials": [], "configuredWorkflows": {}},
            "jira": {"enabled": False, "allCredentials": [], "configuredWorkflows": {}},
        },
        "resources": [{"id": "r1", "slug": "warehouse"}],
        "project": {"id": "p1", "accessibleFeatures": ["headless-cp"]},
    }


def test_an_unknown_user_is_an_empty_one_and_exists_from_its_first_write_on(start: Start) -> None:
    client = start("new user/ü")
    assert client.get("/sdk/credentials") == []
    assert client.get("/sdk/me")["meta"] == {}
    assert client.emulator.users() == ["acme"]
    client.ask("PATCH", "/sdk/me", {"meta": {"a": 1}})
    assert client.emulator.users() == ["acme", "new user/ü"]
    admin = request(client.emulator, "GET", "/__emulator/users/new%20user/%C3%BC", None, {})
    assert admin.json == {"id": "new user/ü", "meta": {"a": 1}, "credentials": [], "subscriptions": {}, "resources": []}


def test_credentials_are_listed_as_the_fixture_has_them_but_without_tokens(acme: Client) -> None:
    assert acme.get("/sdk/credentials") == [shown(CURRENT), DOCUMENTED, DELETED]
    assert acme.get("/sdk/credentials", C="c2") == [DOCUMENTED]
    assert acme.get("/sdk/credentials?integration=slack") == [shown(CURRENT), DOCUMENTED]
    assert acme.get("/sdk/credentials?integration=nothing") == []
    assert acme.get("/sdk/credentials/c1") == shown(CURRENT)


def test_tokens_are_listed_for_who_asks_for_them(acme: Client) -> None:
    assert acme.get("/sdk/credentials?integration=slack&includeAccountAuth=true") == [CURRENT, DOCUMENTED]


@pytest.mark.parametrize(("listed", "ids"), [("all", ["d1", "d2"]), ("default", ["d1"]), ("none", None)])
def test_a_list_may_show_fewer_configurations_than_there_are(start: Start, listed: str, ids: list[str] | None) -> None:
    client = start(fixture={**FIXTURE, "listConfigurations": listed})
    first = client.get("/sdk/credentials")[0].get("configurations")
    assert (None if first is None else [entry["id"] for entry in first]) == ids
    assert len(client.get("/sdk/me")["integrations"]["slack"]["allCredentials"][0]["configurations"]) == 2


def test_a_patch_answers_what_every_client_understands(acme: Client) -> None:
    sent = {"config": {"sharedSettings": {"channel": "C2"}}}
    answer = acme.ask("PATCH", "/sdk/credentials/c1", sent, C="c1", G="d1").json
    written = state(acme)["credentials"][0]
    assert written["configurations"][0]["sharedSettings"] == {"channel": "C2"}
    assert answer == {**written, "credential": written, "errors": []}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/sdk/credentials/c9", {"config": {}}, {}, 404),
        ("/sdk/credentials/c1", {"config": {}}, {"C": "c2"}, 400),
        ("/sdk/credentials/c1", {"config": {}}, {"G": "d9"}, 404),
        ("/sdk/credentials/c2", {"config": {}}, {"G": "d1"}, 404),
        ("/sdk/credentials/c1", {"config": []}, {}, 400),
        ("/sdk/credentials/c1", {}, {}, 400),
        ("/sdk/credentials/c1", [], {}, 400),
        ("/sdk/credentials/c1", None, {}, 400),
        ("/sdk/me", {"meta": []}, {}, 400),
        ("/sdk/credentials/c1/configurations", {"meta": {}}, {"G": "d9"}, 404),
        ("/sdk/credentials/c1/configurations", {"meta": {}}, {}, 404),
        ("/sdk/credentials/c1/configurations", {"meta": 1}, {"G": "d2"}, 400),
    ],
)
def test_a_patch_that_makes_no_sense_changes_nothing(
    acme: Client, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    before = acme.emulator.user_text("acme")
    assert acme.ask("PATCH", path, body, **headers).status == status
    assert acme.emulator.user_text("acme") == before


def test_a_patch_may_subscribe_what_it_enables(start: Start) -> None:
    client = start(patch_subscribes=True)
    workflows = {"w1": {"enabled": False, "settings": {}}, "w2": {"enabled": True, "settings": {}}}
    client.ask("PATCH", "/sdk/credentials/c1", {"config": {"workflowSettings": workflows}}, G="d1")
    assert state(client)["subscriptions"] == {"c1": {"d1": {"w2": True}}}
    client.ask("PATCH", "/sdk/credentials/c1", {"config": {"workflowSettings": {}}}, G="d1")
    assert state(client)["subscriptions"] == {}


def test_a_patch_usually_subscribes_nothing(acme: Client) -> None:
    workflows = {"w1": {"enabled": False}, "w2": {"enabled": True}}
    acme.ask("PATCH", "/sdk/credentials/c1", {"config": {"workflowSettings": workflows}}, G="d1")
    assert state(acme)["subscriptions"] == {"c1": {"d1": {"w1": True}}}


def test_workflows_are_enabled_and_disabled_with_their_subscriptions(acme: Client) -> None:
    assert acme.ask("DELETE", "/sdk/workflows/w1", C="c1", G="d1").status == 200
    assert acme.ask("POST", "/sdk/workflows/w2", C="c1", G="d2").status == 200
    assert acme.ask("POST", "/sdk/workflows/w1", C="c2").status == 200
    after = state(acme)
    first, second = after["credentials"][0]["configurations"]
    assert first["workflowSettings"] == {"w1": {"enabled": False, "settings": {"k": "v"}}}
    assert second["workflowSettings"] == {"w2": {"settings": {}, "enabled": True}}
    assert after["credentials"][1]["config"]["configuredWorkflows"] == {"w1": {"enabled": True, "settings": {}}}
    assert after["subscriptions"] == {"c1": {"d2": {"w2": True}}, "c2": {"default": {"w1": True}}}


@pytest.mark.parametrize(
    ("method", "workflow", "headers", "status"),
    [("POST", "w1", {}, 400), ("POST", "w1", {"C": "c9"}, 404), ("DELETE", "w2", {"C": "c1"}, 404)],
)
def test_a_workflow_of_nobody_is_not_switched(
    acme: Client, method: str, workflow: str, headers: dict[str, str], status: int
) -> None:
    assert acme.ask(method, f"/sdk/workflows/{workflow}", **headers).status == status


def test_configurations_come_and_go_but_the_default_one(acme: Client) -> None:
    reply = acme.ask("POST", "/sdk/credentials/c1/configurations", {"externalId": "team-c"})
    made = reply.json["configurations"][2]
    assert reply.status == 201
    assert {key: made[key] for key in ("connectCredentialId", "isDefault", "externalId", "sharedSettings")} == {
        "connectCredentialId": "c1",
        "isDefault": False,
        "externalId": "team-c",
        "sharedSettings": {},
    }
    acme.ask("POST", "/sdk/workflows/w1", C="c1", G=made["id"])
    patched = acme.ask("PATCH", "/sdk/credentials/c1/configurations", {"meta": {"a": 1}}, C="c1", G="d1")
    assert patched.json["configurations"][0]["configMeta"] == {"m": 1, "a": 1}
    assert acme.ask("DELETE", "/sdk/credentials/c1/configurations", C="c1", G=made["id"]).status == 200
    assert [one["id"] for one in state(acme)["credentials"][0]["configurations"]] == ["d1", "d2"]
    assert state(acme)["subscriptions"] == {"c1": {"d1": {"w1": True}}}
    assert acme.ask("DELETE", "/sdk/credentials/c1/configurations", C="c1", G="d1").status == 400


def test_a_deleted_configuration_takes_the_last_subscriptions_of_its_credential_along(acme: Client) -> None:
    acme.ask("DELETE", "/sdk/workflows/w1", C="c1", G="d1")
    acme.ask("POST", "/sdk/workflows/w1", C="c1", G="d2")
    acme.ask("DELETE", "/sdk/credentials/c1/configurations", C="c1", G="d2")
    assert state(acme)["subscriptions"] == {}


def test_configurations_without_external_ids_are_many(acme: Client) -> None:
    for _ in range(2):
        assert acme.ask("POST", "/sdk/credentials/c1/configurations", {}).status == 201
    assert len(state(acme)["credentials"][0]["configurations"]) == 4


@pytest.mark.parametrize(("credential", "external"), [("c1", "team-b"), ("c2", "x")])
def test_a_configuration_that_cannot_be_is_not_made(acme: Client, credential: str, external: str) -> None:
    path = f"/sdk/credentials/{credential}/configurations"
    assert acme.ask("POST", path, {"externalId": external}).status == 400


def test_accounts_are_connected_by_keys_and_completed(acme: Client) -> None:
    body = {"integrationId": "i3", "config": {}, "payload": {"apiKey": "k"}, "installOptions": {"externalId": "x"}}
    made = acme.ask("POST", "/sdk/credentials", body)
    assert made.status == 201
    assert {key: made.json[key] for key in ("status", "externalId", "projectId", "integrationId")} == {
        "status": "PENDING",
        "externalId": "x",
        "projectId": "p1",
        "integrationId": "i3",
    }
    assert acme.get("/sdk/me")["integrations"]["jira"]["enabled"] is False
    acme.ask("POST", f"/sdk/credentials/{made.json['id']}/complete-setup", {"integrationId": "i3", "payload": {}})
    assert acme.get("/sdk/me")["integrations"]["jira"]["enabled"] is True
    assert "apiKey" not in acme.emulator.user_text("acme")


def test_who_skips_the_questions_is_valid_at_once(acme: Client) -> None:
    body = {"integrationId": "i3", "payload": {"skipPostOAuthInputs": True}}
    assert acme.ask("POST", "/sdk/credentials", body).json["status"] == "VALID"


def test_an_account_is_connected_after_oauth_and_may_take_anothers_place(acme: Client) -> None:
    made = acme.ask("POST", "/sdk/credentials", {"code": "c", "integrationId": "i2", "integrationOptions": {}})
    assert made.json["status"] == "VALID"
    again = {"code": "c", "integrationId": "i2", "integrationOptions": {"selectedCredentialId": made.json["id"]}}
    assert acme.ask("POST", "/sdk/credentials", again).json["id"] == made.json["id"]
    assert [one["id"] for one in state(acme)["credentials"]] == ["c1", "c2", "c3", made.json["id"]]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sdk/credentials", {"integrationId": "i9", "payload": {}}, 404),
        ("/sdk/credentials", {"integrationId": "i1"}, 400),
        (
            "/sdk/credentials",
            {"integrationId": "i1", "code": "c", "installOptions": {"selectedCredentialId": "c9"}},
            404,
        ),
        ("/sdk/credentials/c9/complete-setup", {}, 404),
        ("/sdk/resources/r9/connect", {}, 404),
        ("/sdk/resources/r1/connect", [], 400),
    ],
)
def test_what_cannot_be_connected_is_not(acme: Client, path: str, body: Any, status: int) -> None:
    before = acme.emulator.user_text("acme")
    assert acme.ask("POST", path, body).status == status
    assert acme.emulator.user_text("acme") == before


def test_an_external_id_is_taken_once(acme: Client) -> None:
    body = {"integrationId": "i2", "payload": {}, "installOptions": {"externalId": "x"}}
    assert [acme.ask("POST", "/sdk/credentials", body).status for _ in range(2)] == [201, 400]


def test_a_resource_is_connected(acme: Client) -> None:
    made = acme.ask("POST", "/sdk/resources/r1/connect", {"apiKey": "k"}).json
    assert (made["resourceId"], made["status"]) == ("r1", "VALID")
    assert state(acme)["resources"] == [made]


def test_disconnecting_clears_the_account_and_its_subscriptions(acme: Client) -> None:
    assert acme.ask("DELETE", "/sdk/integrations/i1", C="c1").status == 200
    assert [one["id"] for one in state(acme)["credentials"]] == ["c2", "c3"]
    assert state(acme)["subscriptions"] == {}
    assert acme.ask("DELETE", "/sdk/integrations/i1").status == 200
    assert [one["id"] for one in state(acme)["credentials"]] == ["c3"]
    assert acme.ask("DELETE", "/sdk/integrations/i1").status == 404
    assert acme.ask("DELETE", "/sdk/integrations/i9").status == 404


def test_metadata_may_disable_workflows(acme: Client) -> None:
    acme.ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}})
    after = state(acme)
    assert after["meta"] == {"plan": "free", "one": codec.Number("1.0")}
    assert after["credentials"][0]["configurations"][0]["workflowSettings"]["w1"]["enabled"] is False
    assert acme.get("/sdk/integrations")[0]["noPermissionWorkflows"] == ["w1"]


def test_metadata_may_come_in_a_header(acme: Client) -> None:
    assert acme.get("/sdk/me", **{"X-Paragon-User-Metadata": '{"team":"x"}'})["meta"]["team"] == "x"
    assert acme.get("/sdk/me", **{"X-Paragon-User-Metadata": "nonsense"})["meta"]["team"] == "x"
    assert acme.get("/sdk/me", **{"X-Paragon-User-Metadata": "[]"})["meta"]["team"] == "x"


def test_integrations_are_shown_as_they_are_to_who_may_see_them(start: Start) -> None:
    client = start()
    assert client.get("/sdk/integrations") == [
        {"hasCredential": True, **SLACK},
        {"hasCredential": True, **ACME},
        {"hasCredential": False, **ASKING},
    ]
    guest = Client(client.emulator, "guest")
    assert [one["id"] for one in guest.get("/sdk/integrations")] == ["i1"]
    assert list(guest.get("/sdk/me")["integrations"]) == ["slack"]


def test_an_integration_is_described(acme: Client) -> None:
    assert acme.get("/sdk/integrations/slack") == {
        "shortDescription": "short",
        "longDescription": "long",
        "availableUserSettings": [{"id": "channel", "title": "Channel"}],
        "availableWorkflows": [{**WORKFLOW_META["w1"], "description": "Send"}],
        "hiddenWorkflows": [{**WORKFLOW_META["w2"], "description": "Digest"}],
    }
    assert acme.get("/sdk/integrations/jira")["availableUserSettings"] == []
    assert acme.ask("GET", "/sdk/integrations/nothing").status == 404


def test_metadata_of_integrations(acme: Client) -> None:
    assert acme.get("/sdk/metadata") == [
        {"type": "slack", "name": "Slack", "brandColor": "#fff", "icon": "slack.svg"},
        {"type": "custom.acmeinc", "name": "Acme Inc.", "brandColor": "#000000", "icon": ""},
        {"type": "jira", "name": "jira", "brandColor": "#000000", "icon": ""},
    ]


def options(client: Client, source: Any, **fields: Any) -> Reply:
    body = {"action": "slack", "sourceKey": source, "parameters": [], "paginationParameters": {"pageCursor": 0}}
    return client.ask("POST", "/sdk/actions", {**body, **fields})


def labels(reply: Reply) -> tuple[list[str], Any]:
    output = reply.json["output"]
    return [one["label"] for one in output["records"]], output["nextPageCursor"]


def test_options_are_searched_and_paged(acme: Client) -> None:
    assert labels(options(acme, "channels")) == (["General", "Random"], None)
    assert labels(options(acme, "channels", paginationParameters={"search": "GEN"})) == (["General"], None)
    assert labels(options(acme, "paged")) == (["A"], "1")
    assert labels(options(acme, "paged", paginationParameters={"pageCursor": "1"})) == (["B"], None)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ([{"key": "channels", "source": {"type": "VALUE", "value": "1"}}], ["Topic"]),
        ([{"key": "channels", "value": "1"}], ["Topic"]),
        ([{"key": "channels", "value": "2"}], []),
        ([{"key": "other", "value": "1"}], []),
        (None, []),
    ],
)
def test_options_may_depend_on_another_choice(acme: Client, parameters: Any, found: list[str]) -> None:
    assert labels(options(acme, "threads", parameters=parameters))[0] == found


@pytest.mark.parametrize(
    ("source", "fields", "status"),
    [
        (None, {}, 400),
        ("channels", {"action": None}, 400),
        ("nothing", {}, 404),
        ("channels", {"paginationParameters": {"pageCursor": "x"}}, 400),
    ],
)
def test_options_of_nothing_are_refused(acme: Client, source: Any, fields: dict[str, Any], status: int) -> None:
    assert options(acme, source, **fields).status == status


def test_workflows_events_requests_and_triggers_answer_what_the_fixture_says(acme: Client) -> None:
    assert acme.ask("POST", "/sdk/triggers/w1?q=z", {"hello": 1}).text == '{"ran":1.0}'
    assert acme.ask("POST", "/sdk/triggers/w2").json == {}
    assert acme.ask("POST", "/sdk/events/trigger", {"name": "Task", "payload": {}}).status == 200
    assert acme.ask("POST", "/sdk/events/trigger", {"payload": {}}).status == 400
    assert acme.ask("POST", "/sdk/proxy/slack/chat.postMessage", {"t": 1}).json == {"output": {"ok": True}}
    assert acme.ask("DELETE", "/sdk/proxy/slack/a/b").json == {"output": {}}
    assert acme.ask("GET", "/sdk/proxy/jira/x").status == 400
    assert acme.ask("GET", "/sdk/proxy/nothing/x").status == 404
    assert acme.get("/triggers?integrations=slack,jira") == {"slack": [{"type": "NEW"}], "jira": []}
    assert acme.get("/sdk/projects/p1") == FIXTURE["project"]


def test_events_are_taken_at_the_second_version_too(acme: Client) -> None:
    headers = {"Authorization": f"Bearer {token(acme.emulator.signing_key, 'acme')}"}
    reply = request(acme.emulator, "POST", "/v2/projects/p1/sdk/events/trigger", b'{"name":"Task"}', headers)
    assert reply.status == 200


def test_there_is_no_third_party_to_authorize_with(acme: Client) -> None:
    assert acme.ask("GET", "/sdk/actions/oauth-nonce").status == 501
    assert acme.get("/sdk/actions/session-id/key") == {"key": "key", "connectCredentialId": None}


def test_without_a_good_token_nobody_is_authenticated(acme: Client) -> None:
    bad = {"Authorization": f"Bearer {token(acme.emulator.signing_key, 'acme', exp=1_000, iat=900)}"}
    assert acme.ask("GET", "/sdk/me", **bad).json == {"authenticated": False}
    for method, path in (("PATCH", "/sdk/me"), ("GET", "/sdk/credentials"), ("POST", "/sdk/actions")):
        reply = acme.ask(method, path, {}, **bad)
        assert reply.status == 401
        assert reply.json == {
            "message": "Unauthorized: Signature has expired",
            "code": "401",
            "status": 401,
            "meta": {},
        }


def test_a_user_may_be_refused_everything(acme: Client) -> None:
    refused = Client(acme.emulator, "barred").ask("GET", "/sdk/credentials")
    assert refused.status == 403
    assert refused.json == {"message": "No permission", "code": "7210", "status": 403, "meta": {}}
    assert Client(acme.emulator, "odd").ask("GET", "/sdk/me").json["message"] == "Forbidden"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/projects/other/sdk/me", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/projects/p1/sdk/me", 405),
        ("GET", "/ui?projectId=p1", 200),
        ("HEAD", "/projects/p1/sdk/credentials", 200),
    ],
)
def test_what_other_paths_answer(acme: Client, method: str, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token(acme.emulator.signing_key, 'acme')}"}
    reply = request(acme.emulator, method, path, None, headers)
    assert reply.status == status
    if status > 400:
        assert reply.json["status"] == status


def test_a_large_body_is_taken_whole(acme: Client) -> None:
    large = {"text": "x" * 300_000}
    acme.ask("PATCH", "/sdk/me", {"meta": large})
    assert state(acme)["meta"]["text"] == large["text"]
    assert acme.emulator.requests()[-1]["body"] == {"meta": large}


def test_a_bad_body_is_refused_in_paragons_form(acme: Client) -> None:
    headers = {"Authorization": f"Bearer {token(acme.emulator.signing_key, 'acme')}"}
    reply = request(acme.emulator, "PATCH", "/projects/p1/sdk/me", b"{", headers)
    assert reply.status == 400
    assert reply.json["message"][0]["children"] == []
    assert "not JSON" in reply.json["message"][0]["constraints"]["invalid"]


def test_pages_of_other_origins_may_ask(acme: Client) -> None:
    names = "authorization,content-type,x-paragon-configuration-id,x-paragon-credential,x-paragon-sdk-version"
    headers = {"Origin": "http://app.test", "Access-Control-Request-Headers": names}
    headers["Access-Control-Request-Method"] = "PATCH"
    reply = request(acme.emulator, "OPTIONS", "/projects/p1/sdk/me", None, headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert names in reply.headers["access-control-allow-headers"].replace(", ", ",")
    assert "PATCH" in reply.headers["access-control-allow-methods"]
    answered = acme.ask("GET", "/sdk/me", Origin="http://app.test")
    assert answered.headers["access-control-allow-origin"] == "*"


def test_what_was_served_is_recorded_without_tokens(acme: Client) -> None:
    acme.ask("PATCH", "/sdk/credentials/c1?x=1", {"config": {"odd": [1, True]}}, C="c1", G="d1")
    acme.ask("POST", "/sdk/triggers/w1", Authorization="Bearer x")
    request(acme.emulator, "POST", "/nothing", b"\xff", {})
    listed = request(acme.emulator, "GET", "/__emulator/requests", None, {}).json
    assert listed == acme.emulator.requests()
    assert [(one["number"], one["method"], one["user"], one["status"], one["body"]) for one in listed] == [
        (1, "PATCH", "acme", 200, {"config": {"odd": [1, True]}}),
        (2, "POST", None, 401, None),
        (3, "POST", None, 404, "\ufffd"),
    ]
    assert (listed[0]["path"], listed[0]["query"]) == ("/projects/p1/sdk/credentials/c1", "x=1")
    assert listed[0]["headers"] == {"x-paragon-credential": "c1", "x-paragon-configuration-id": "d1"}


def test_the_emulator_says_what_it_is(start: Start) -> None:
    client = start(replace="whole", metadata="replace", patch_subscribes=True)
    assert request(client.emulator, "GET", "/__emulator", None, {}).json == {
        "project": "p1",
        "replace": "whole",
        "metadata": "replace",
        "patchSubscribes": True,
    }
    assert request(client.emulator, "GET", "/__emulator/users", None, {}).json == ["acme"]
