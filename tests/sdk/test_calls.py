"""The vendor's own SDK, unmodified, in a real browser: each call changes exactly what it should, and nothing beside.

The expected paths are written by hand. What the SDK sends is compared with ``expected_requests.jsonl``, facts about
version 2.4.0 that were observed independently of this emulator.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sdk.changes import GONE, changed_paths
from tests.sdk.conftest import HERE, Visit

pytestmark = pytest.mark.browser

SLACK = "11111111-1111-4111-8111-111111111111"
SEND = "33333333-3333-4333-8333-333333333333"
DIGEST = "44444444-4444-4444-8444-444444444444"
ACCOUNT = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
SECOND = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
DEFAULT = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
TEAM_B = "dddddddd-dddd-4ddd-8ddd-dddddddddddd"

IN_DEFAULT = f"/credentials/{ACCOUNT}/configurations/{DEFAULT}"
IN_TEAM_B = f"/credentials/{ACCOUNT}/configurations/{TEAM_B}"
OF_TEAM_B = f'{{selectedCredentialId: "{ACCOUNT}", selectedConfigurationId: "{TEAM_B}"}}'

ANY = object()
"""A value that is new each time."""

INSTALL_FLOW = """
paragon.setHeadless(true);
const event = await new Promise((done, fail) => paragon.installFlow.start("custom.acme", {
  externalId: "ext-1",
  onNext: stage => stage.stage === "preOptions" && paragon.installFlow.setPreOptions({apiKey: "k"}),
  onComplete: done,
  onError: error => fail(new Error(error.message)),
}));
return {created: event.credentialId, status: event.credential.status, externalId: event.credential.externalId};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call of the SDK. ``{created}`` in a path is the id that the call answered under that name."""

    name: str
    script: str
    changes: dict[str, object] = field(default_factory=dict)
    returns: object = ANY
    sent: bool = True
    """Whether it sends anything: some calls answer from what the SDK knows."""


CASES = [
    Case(
        name="getUser",
        script="""
            const {authenticated, userId, meta, integrations} = paragon.getUser();
            const {enabled, credentialId, credentialConfigId, credentialStatus} = integrations.slack;
            const accounts = integrations.slack.allCredentials.length;
            return {authenticated, userId, plan: meta.plan, acme: integrations["custom.acme"].enabled,
                    enabled, credentialId, credentialConfigId, credentialStatus, accounts};
        """,
        sent=False,
        returns={
            "authenticated": True,
            "userId": "u/1 ~.ü",
            "plan": "pro",
            "acme": False,
            "enabled": True,
            "credentialId": ACCOUNT,
            "credentialConfigId": DEFAULT,
            "credentialStatus": "VALID",
            "accounts": 2,
        },
    ),
    Case(
        name="getIntegrationMetadata",
        script="return paragon.getIntegrationMetadata().map(({type, name}) => ({type, name}))",
        sent=False,
        returns=[
            {"type": "slack", "name": "Slack"},
            {"type": "custom.acme", "name": "Acme"},
            {"type": "zendesk", "name": "Zendesk"},
        ],
    ),
    Case(
        name="getIntegrationConfig",
        script="""
            const config = paragon.getIntegrationConfig("slack");
            return {short: config.shortDescription, settings: config.availableUserSettings.map(input => input.title),
                    workflows: config.availableWorkflows.map(one => one.description), hidden: config.hiddenWorkflows};
        """,
        sent=False,
        returns={
            "short": "Send notifications to Slack",
            "settings": ["Channel", "Notify"],
            "workflows": ["Send Slack Notification", "Weekly digest"],
            "hidden": [],
        },
    ),
    Case(
        name="updateWorkflowState on",
        script=f'await paragon.updateWorkflowState({{"{DIGEST}": true}})',
        changes={
            f"{IN_DEFAULT}/workflowSettings/{DIGEST}": {"settings": {}, "enabled": True},
            f"/subscriptions/{ACCOUNT}/{DEFAULT}/{DIGEST}": True,
        },
    ),
    Case(
        name="updateWorkflowState off",
        script=f'await paragon.updateWorkflowState({{"{SEND}": false}})',
        changes={
            f"{IN_DEFAULT}/workflowSettings/{SEND}/enabled": False,
            f"/subscriptions/{ACCOUNT}/{DEFAULT}": GONE,
        },
    ),
    Case(
        name="updateWorkflowState both ways",
        script=f'await paragon.updateWorkflowState({{"{SEND}": false, "{DIGEST}": true}})',
        changes={
            f"{IN_DEFAULT}/workflowSettings/{SEND}/enabled": False,
            f"{IN_DEFAULT}/workflowSettings/{DIGEST}": {"settings": {}, "enabled": True},
            f"/subscriptions/{ACCOUNT}/{DEFAULT}/{SEND}": GONE,
            f"/subscriptions/{ACCOUNT}/{DEFAULT}/{DIGEST}": True,
        },
    ),
    Case(
        name="updateWorkflowState of another configuration",
        script=f'await paragon.updateWorkflowState({{"{DIGEST}": true}}, {OF_TEAM_B})',
        changes={
            f"{IN_TEAM_B}/workflowSettings/{DIGEST}": {"settings": {}, "enabled": True},
            f"/subscriptions/{ACCOUNT}/{TEAM_B}/{DIGEST}": True,
        },
    ),
    Case(
        name="updateIntegrationUserSettings",
        script='return (await paragon.updateIntegrationUserSettings("slack", {channel: "C999"})).errors',
        changes={f"{IN_DEFAULT}/sharedSettings/channel": "C999"},
        returns=[],
    ),
    Case(
        name="updateIntegrationUserSettings of another configuration",
        script=f'return (await paragon.updateIntegrationUserSettings("slack", {{channel: "B1"}}, {OF_TEAM_B})).errors',
        changes={f"{IN_TEAM_B}/sharedSettings/channel": "B1"},
        returns=[],
    ),
    Case(
        name="updateWorkflowUserSettings",
        script=f'return (await paragon.updateWorkflowUserSettings("slack", "{SEND}", {{prefix: "new"}})).errors',
        changes={f"{IN_DEFAULT}/workflowSettings/{SEND}/settings/prefix": "new"},
        returns=[],
    ),
    Case(
        name="updateWorkflowUserSettings of another configuration",
        script=f"""
            const done = await paragon.updateWorkflowUserSettings("slack", "{SEND}", {{prefix: "teamB"}}, {OF_TEAM_B});
            return done.errors;
        """,
        changes={f"{IN_TEAM_B}/workflowSettings/{SEND}/settings/prefix": "teamB"},
        returns=[],
    ),
    Case(
        name="setUserMetadata",
        script='return (await paragon.setUserMetadata({Name: " Ada L ", Email: "a@b.c", team: "x"})).meta.plan',
        changes={"/meta/Name": " Ada L ", "/meta/Email": "a@b.c", "/meta/team": "x"},
        returns="pro",
    ),
    Case(
        name="createConfiguration",
        script=f"""
            const made = await paragon.createConfiguration({{credentialId: "{ACCOUNT}", externalId: "team-c"}});
            return {{created: made.id, externalId: made.externalId, isDefault: made.isDefault}};
        """,
        changes={f"/credentials/{ACCOUNT}/configurations/{{created}}": ANY},
        returns={"created": ANY, "externalId": "team-c", "isDefault": False},
    ),
    Case(
        name="updateConfiguration",
        script=f"""
            const options = {{credentialId: "{ACCOUNT}", id: "{TEAM_B}", meta: {{a: 1}}}};
            return (await paragon.updateConfiguration(options)).configMeta;
        """,
        changes={f"{IN_TEAM_B}/configMeta/a": 1},
        returns={"kept": 1, "a": 1},
    ),
    Case(
        name="destroyConfiguration",
        script=f'await paragon.destroyConfiguration({{credentialId: "{ACCOUNT}", id: "{TEAM_B}"}})',
        changes={IN_TEAM_B: GONE, f"/subscriptions/{ACCOUNT}/{TEAM_B}": GONE},
    ),
    Case(
        name="getFieldOptions with search",
        script='return paragon.getFieldOptions({integration: "slack", action: "channels", search: "gen"})',
        returns={
            "data": [{"value": "C1", "label": "general"}, {"value": "C3", "label": "generators"}],
            "nestedData": [],
            "nextPageCursor": "2",
        },
    ),
    Case(
        name="getFieldOptions with cursor",
        script=f"""
            const options = {{integration: "slack", action: "channels", cursor: "2"}};
            return paragon.getFieldOptions({{...options, selectedCredentialId: "{ACCOUNT}"}});
        """,
        returns={
            "data": [{"value": "C3", "label": "generators"}, {"value": "C4", "label": "genetics"}],
            "nestedData": [],
            "nextPageCursor": None,
        },
    ),
    Case(
        name="getIntegrationAccount",
        script="""
            const accounts = await paragon.getIntegrationAccount("slack", {includeAccountAuth: true});
            return accounts.map(one => one.providerId);
        """,
        returns=["T0001", "T0002"],
    ),
    Case(
        name="getTriggers",
        script='return paragon.getTriggers("slack")',
        returns={"slack": [{"type": "NEW_MESSAGE"}]},
    ),
    Case(
        name="installFlow",
        script=INSTALL_FLOW,
        changes={"/credentials/{created}": ANY},
        returns={"created": ANY, "status": "VALID", "externalId": "ext-1"},
    ),
    Case(
        name="completeInstall",
        script="""
            await paragon.completeInstall("custom.acme", {authorizationCode: "code1", showPortalAfterInstall: false});
            return {created: paragon.getUser().integrations["custom.acme"].credentialId};
        """,
        changes={"/credentials/{created}": ANY},
        returns={"created": ANY},
    ),
    Case(
        name="connectAction",
        script='return {created: (await paragon.connectAction("warehouse", {apiKey: "k"})).id}',
        changes={"/resources/{created}": ANY},
        returns={"created": ANY},
    ),
    Case(
        name="uninstallIntegration",
        script="""
            await paragon.uninstallIntegration("slack");
            return paragon.getUser().integrations.slack.allCredentials.map(one => one.id);
        """,
        changes={f"/credentials/{ACCOUNT}": GONE, f"/subscriptions/{ACCOUNT}": GONE},
        returns=[SECOND],
    ),
    Case(
        name="workflow",
        script=f'return paragon.workflow("{DIGEST}", {{body: {{hello: 1}}, query: {{q: "z"}}}})',
        returns={"ran": True},
    ),
    Case(name="event", script=f'await paragon.event("Task Created", {{a: 1}}, {OF_TEAM_B})', returns=None),
    Case(
        name="request",
        script='return paragon.request("slack", "chat.postMessage", {method: "POST", body: {t: 1}})',
        returns={"ok": True},
    ),
]


def expected_requests() -> dict[str, list[dict[str, object]]]:
    """Call → the requests that the SDK sends for it."""
    requests: dict[str, list[dict[str, object]]] = {}
    for line in (HERE / "expected_requests.jsonl").read_text("utf-8").splitlines():
        fact = json.loads(line)
        requests.setdefault(fact.pop("call"), []).append(fact)
    return requests


EXPECTED = expected_requests()


def matches(expected: object, actual: object) -> bool:
    """Whether two JSON values agree in every type and value; ``ANY`` agrees with everything."""
    if expected is ANY:
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(matches(expected[key], actual[key]) for key in expected)
    return json.dumps(expected, sort_keys=True) == json.dumps(actual, sort_keys=True)


def lines(requests: Sequence[object]) -> list[str]:
    """Requests as texts that can be compared, whatever the order of their keys."""
    return [json.dumps(request, sort_keys=True) for request in requests]


def changes_of(visit: Visit, script: str) -> tuple[dict[str, Any], Any]:
    """What a script changes in the user's state, and what it returns; other users must stay as they are."""
    before, others = visit.state, visit.emulator.user_text("other")
    returned = visit.page.run(script)
    assert visit.emulator.user_text("other") == others
    changed = changed_paths(before, visit.state)
    return {path: after if after == GONE else json.loads(after) for path, after in changed.items()}, returned


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_call_changes_exactly_what_it_should_and_sends_what_is_known(case: Case, visit: Visit) -> None:
    visit.authenticate()
    already = len(visit.sent())

    changed, returned = changes_of(visit, case.script)

    created = returned.get("created", "") if isinstance(returned, dict) else ""
    expected = {path.replace("{created}", str(created)): value for path, value in case.changes.items()}
    assert changed.keys() == expected.keys()
    assert matches(expected, changed), changed
    assert matches(case.returns, returned), returned
    assert lines(visit.sent()[already:]) == lines(EXPECTED[case.name] if case.sent else [])


def test_authenticate_reads_and_changes_nothing(visit: Visit) -> None:
    before = visit.emulator.user_text("u/1 ~.ü")
    visit.authenticate()
    assert visit.emulator.user_text("u/1 ~.ü") == before
    assert sorted(lines(visit.sent())) == sorted(lines(EXPECTED["authenticate"]))


def test_calls_one_after_another_build_on_what_the_sdk_remembers(visit: Visit) -> None:
    visit.authenticate()
    already = len(visit.sent())
    script = f"""
        await paragon.updateWorkflowState({{"{SEND}": false, "{DIGEST}": true}});
        await paragon.updateIntegrationUserSettings("slack", {{channel: "C999"}});
        await paragon.updateWorkflowUserSettings("slack", "{SEND}", {{prefix: "new"}});
        await paragon.updateWorkflowUserSettings("slack", "{DIGEST}", {{count: 7}});
    """
    changed, _ = changes_of(visit, script)
    assert changed == {
        f"{IN_DEFAULT}/sharedSettings/channel": "C999",
        f"{IN_DEFAULT}/workflowSettings/{SEND}/enabled": False,
        f"{IN_DEFAULT}/workflowSettings/{SEND}/settings/prefix": "new",
        f"{IN_DEFAULT}/workflowSettings/{DIGEST}": {"settings": {"count": 7}, "enabled": True},
        f"/subscriptions/{ACCOUNT}/{DEFAULT}/{SEND}": GONE,
        f"/subscriptions/{ACCOUNT}/{DEFAULT}/{DIGEST}": True,
    }
    assert lines(visit.sent()[already:]) == lines(EXPECTED["one after another"])


def test_each_observed_request_belongs_to_a_call_that_is_tested() -> None:
    others = {"authenticate", "portal install", "portal completion", "one after another"}
    assert {case.name for case in CASES if case.sent} | others == set(EXPECTED)


def test_the_portal_connects_an_account_by_its_keys_and_completes_it(visit: Visit) -> None:
    visit.authenticate()
    already = len(visit.sent())

    connect = """
        const oauth = {integrationId: "77777777-7777-4777-8777-777777777777", payload: {apiKey: "k"}};
        await paragon._oauthCallback(oauth, undefined, {installOptions: {externalId: "ext-1"}});
        const {credentialId, credentialStatus} = paragon.getUser().integrations.zendesk;
        return {created: credentialId, status: credentialStatus};
    """
    changed, pending = changes_of(visit, connect)
    assert pending["status"] == "PENDING"
    assert list(changed) == [f"/credentials/{pending['created']}"]

    complete = """
        const setup = {integrationId: "77777777-7777-4777-8777-777777777777", payload: {site: "x"}};
        await paragon._oauthCallback(setup, "%s", {installOptions: {}});
    """
    changed, _ = changes_of(visit, complete % pending["created"])
    assert changed == {f"/credentials/{pending['created']}/status": "VALID"}

    expected = lines(EXPECTED["portal install"] + EXPECTED["portal completion"])
    assert lines(visit.sent()[already:]) == [line.replace("{created}", pending["created"]) for line in expected]


@pytest.mark.parametrize("visit", [{"replace": "whole"}], indirect=True, ids=["whole"])
def test_if_the_whole_config_is_replaced_the_sdk_wipes_its_own_other_section(visit: Visit) -> None:
    visit.authenticate()
    changed, _ = changes_of(visit, 'await paragon.updateIntegrationUserSettings("slack", {channel: "C999"})')
    assert changed == {
        f"{IN_DEFAULT}/sharedSettings/channel": "C999",
        f"{IN_DEFAULT}/workflowSettings": GONE,
        f"{IN_DEFAULT}/configMeta": GONE,
        f"{IN_DEFAULT}/later": GONE,
    }


@pytest.mark.parametrize("visit", [{"replace": "whole"}], indirect=True, ids=["whole"])
def test_if_the_whole_config_is_replaced_the_sdk_wipes_the_settings_with_a_workflow(visit: Visit) -> None:
    visit.authenticate()
    script = f'await paragon.updateWorkflowUserSettings("slack", "{SEND}", {{prefix: "teamB"}}, {OF_TEAM_B})'
    changed, _ = changes_of(visit, script)
    assert changed == {
        f"{IN_TEAM_B}/workflowSettings/{SEND}/settings/prefix": "teamB",
        f"{IN_TEAM_B}/sharedSettings": GONE,
        f"{IN_TEAM_B}/configMeta": GONE,
        f"{IN_TEAM_B}/later": GONE,
    }


@pytest.mark.parametrize("visit", [{"replace": "by-header"}], indirect=True, ids=["by-header"])
def test_by_header_the_sdk_replaces_sections_for_it_always_names_the_configuration(visit: Visit) -> None:
    visit.authenticate()
    changed, _ = changes_of(visit, 'await paragon.updateIntegrationUserSettings("slack", {channel: "C999"})')
    assert changed == {f"{IN_DEFAULT}/sharedSettings/channel": "C999"}


@pytest.mark.parametrize("visit", [{"metadata": "replace"}], indirect=True, ids=["replace"])
def test_if_metadata_are_replaced_the_sdk_removes_every_other_key(visit: Visit) -> None:
    visit.authenticate()
    changed, _ = changes_of(visit, 'await paragon.setUserMetadata({Name: "Ada"})')
    assert changed == {"/meta/plan": GONE, "/meta/big": GONE, "/meta/one": GONE, "/meta/": GONE}


@pytest.mark.parametrize("visit", [{"patch_subscribes": True}], indirect=True, ids=["subscribes"])
def test_if_a_patch_subscribes_the_sdks_settings_keep_the_subscriptions(visit: Visit) -> None:
    visit.authenticate()
    script = f'await paragon.updateWorkflowUserSettings("slack", "{SEND}", {{prefix: "new"}})'
    changed, _ = changes_of(visit, script)
    assert changed == {f"{IN_DEFAULT}/workflowSettings/{SEND}/settings/prefix": "new"}


def test_a_token_of_another_key_leaves_the_user_unauthenticated(visit: Visit) -> None:
    script = """
        const urls = {ZEUS_PUBLIC_URL: url, CONNECT_PUBLIC_URL: url};
        paragon.configureGlobal({host: "emulator.invalid"}, urls);
        await paragon.authenticate(project, "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA")
          .catch(() => null);
        return paragon.getUser().authenticated;
    """
    assert visit.page.run(script, url=visit.emulator.url, project=visit.emulator.project) is False
