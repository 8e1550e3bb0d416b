"""What a policy protects, and which changes touch it."""

import pytest

from paragon_sync.jsonvalue import Json
from paragon_sync.model.project import Policy, Protected
from paragon_sync.plan.protection import unknown_names
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import UserPlan
from tests.unit.plan.build import CATALOG, BlockSpec, WorkflowSpec, credential, document, plan, user

LIVE = user(
    credential({"sharedSettings": {"channel": "b"}, "configuredWorkflows": {"notify": {"enabled": False}}}),
    meta={"plan": "pro"},
)


def planned(protected: Protected, *, integration: str = "slack") -> UserPlan:
    """Two settings, one of a workflow, an enablement and a key of metadata, all of which change."""
    notify = WorkflowSpec(enabled=True, settings={"day": 1})
    block = BlockSpec(settings={"channel": "d", "note": 1}, workflows={"notify": notify}, integration=integration)
    return plan(LIVE, document(block, metadata={"plan": "basic"}), policy=Policy(protected=protected))


ROWS: dict[str, tuple[Protected, list[str]]] = {
    "nothing": (Protected(), []),
    "other users": (Protected(users=("globex", "acme-*")), []),
    "the user": (Protected(users=("acme",)), ["users acme"] * 5),
    "users like this one": (Protected(users=("other", "ac*")), ["users ac*"] * 5),
    "another integration": (Protected(integrations=("salesforce",)), []),
    "the integration": (Protected(integrations=("slack",)), ["slack"] * 4),
    "a setting by title": (Protected(settings={"slack": ("Channel",)}), ['slack "Channel"']),
    "a setting by id": (Protected(settings={"slack": ("channel",)}), ['slack "channel"']),
    "a setting by id alone": (Protected(settings={"slack": ("id:note",)}), ['slack "id:note"']),
    "a workflow's setting": (Protected(settings={"slack": ("Day",)}), ['slack "Day"']),
    "settings that don't change": (Protected(settings={"slack": ("Webhook",)}), []),
    "the same setting elsewhere": (Protected(settings={"salesforce": ("Channel",)}), []),
    "the user before anything else": (
        Protected(users=("acme",), integrations=("slack",), settings={"slack": ("Channel",)}),
        ["users acme"] * 5,
    ),
}


@pytest.mark.parametrize(("protected", "expected"), ROWS.values(), ids=ROWS)
def test_protected_changes(protected: Protected, expected: list[str]) -> None:
    assert expected == list(planned(protected).protected)


def test_an_id_is_no_way_round() -> None:
    by_id = planned(Protected(integrations=("slack",)), integration="id:int-slack")

    assert ["slack"] * 4 == list(by_id.protected)


def test_an_integration_that_no_catalog_knows_is_protected_as_it_is_named() -> None:
    live = user(credential({}, integrationId="int-new"))
    block = BlockSpec(settings={"a": 1}, integration="id:int-new")

    found = plan(live, document(block), policy=Policy(protected=Protected(integrations=("id:int-new",))))

    assert ("id:int-new",) == found.protected


def test_what_is_not_planned_is_not_counted() -> None:
    broken: Json = {"sharedSettings": 1}

    found = plan(
        user(credential(broken)),
        document(BlockSpec(settings={"channel": 1})),
        policy=Policy(protected=Protected(integrations=("slack",))),
    )

    assert () == found.protected


def test_they_are_counted_with_the_first_users() -> None:
    tally = Tally()
    for _ in range(5):
        tally.add(planned(Protected(settings={"slack": ("Channel", "Note")})))

    assert 10 == tally.counts.protected
    assert {'slack "Channel"': (5, 4), 'slack "Note"': (5, 4)} == {
        protection: (hit.changes, len(hit.users)) for protection, hit in tally.hits.items()
    }


def test_names_that_protect_nothing_are_told() -> None:
    protected = Protected(
        users=("anybody",),
        integrations=("slack", "slak", "id:anything"),
        settings={"slack": ("Channel", "channel", "Day", "Chanel", "id:gone"), "teams": ("Channel",)},
    )

    assert [
        'the policy protects integration "slak", which the catalog doesn\'t know',
        'the policy protects integration "teams", which the catalog doesn\'t know',
        'the policy protects slack "Chanel", which the catalog doesn\'t know',
    ] == list(unknown_names(protected, CATALOG))
