"""The answers of GET /sdk/integrations become one catalog."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.catalog.pull import merge_views
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow


def integration(kind="slack", id_="i-1", inputs=(), meta=None, workflows=()):
    values = {"sharedMeta": {"inputs": list(inputs)}, "workflowMeta": meta or {}}
    return {"id": id_, "type": kind, "isActive": True, "configs": [{"values": values}], "workflows": list(workflows)}


def an_input(id_="in1", title="Channel", kind="TEXT_NO_VARS", **more):
    return {"id": id_, "title": title, "type": kind, **more}


def merged(*views):
    return merge_views("p-1", "2026-03-01T00:00:00Z", "production", views).integrations


def test_one_view_gives_integrations_workflows_and_inputs():
    choices = [{"value": "daily", "label": "Daily"}, {"value": "weekly"}, "monthly", {"label": "none"}, 7]
    payload = integration(
        inputs=[an_input(required=False), an_input("in0", "Frequency", "ENUM", values=choices)],
        meta={"w-2": {"id": "w-2", "inputs": [an_input("in7", "Day")], "defaultEnabled": True}, "w-1": {"inputs": []}},
        workflows=[{"id": "w-1", "description": "Send"}, {"id": "w-2", "description": "Digest"}],
    )
    assert merge_views("p-1", "2026-03-01T00:00:00Z", "production", [[payload]]) == Catalog(
        project="p-1",
        pulled="2026-03-01T00:00:00Z",
        origin="production",
        integrations={
            "slack": Integration(
                type="slack",
                id="i-1",
                inputs=(
                    Input(id="in0", title="Frequency", type="ENUM", values=("daily", "weekly", "monthly")),
                    Input(id="in1", title="Channel", type="TEXT_NO_VARS", required=False),
                ),
                workflows=(
                    Workflow(id="w-1", description="Send"),
                    Workflow(
                        id="w-2",
                        description="Digest",
                        default_enabled=True,
                        inputs=(Input(id="in7", title="Day", type="TEXT_NO_VARS"),),
                    ),
                ),
            )
        },
    )


def test_a_workflow_without_a_description_is_called_by_its_id():
    found = merged([integration(meta={"w-1": {"infoText": "Sends"}}, workflows=[{"id": "w-2", "description": ""}])])
    assert [w.description for w in found["slack"].workflows] == ["w-1", "w-2"]


def test_an_input_without_a_title_is_called_by_its_id():
    assert merged([integration(inputs=[{"id": "in1", "type": "URL"}])])["slack"].inputs[0].title == "in1"


def test_views_are_united():
    first = integration(inputs=[an_input("in1")], meta={"w-1": {"inputs": [an_input("a")]}})
    second = integration(
        inputs=[an_input("in2", "Other")],
        meta={"w-1": {"inputs": [an_input("b")]}, "w-2": {}},
        workflows=[{"id": "w-1", "description": "Send"}, {"id": "w-2", "description": "Digest"}],
    )
    slack = merged([first], [second, integration("jira", "i-2")])["slack"]
    assert [i.id for i in slack.inputs] == ["in1", "in2"]
    assert [(w.description, [i.id for i in w.inputs]) for w in slack.workflows] == [
        ("Send", ["a", "b"]),
        ("Digest", []),
    ]


def test_where_views_differ_the_first_asker_counts():
    first = integration(inputs=[an_input("in1", "Channel")], workflows=[{"id": "w-1", "description": "Send"}])
    second = integration(inputs=[an_input("in1", "Room")], workflows=[{"id": "w-1", "description": "Post"}])
    slack = merged([first], [second])["slack"]
    assert (slack.inputs[0].title, slack.workflows[0].description) == ("Channel", "Send")


def test_a_workflow_that_only_the_first_asker_sees_stays():
    slack = merged([integration(meta={"w-1": {}})], [integration()])["slack"]
    assert [w.id for w in slack.workflows] == ["w-1"]


def test_two_integrations_of_one_type_are_not_mixed():
    found = merged([integration(id_="i-1"), integration(id_="i-2", inputs=[an_input()])])
    assert (found["slack"].id, found["slack"].inputs) == ("i-1", ())


@pytest.mark.parametrize(
    ("custom", "name"),
    [
        ({"slug": "custom.acme", "name": "Another"}, "custom.acme"),
        ({"slug": "acme"}, "custom.acme"),
        ({"name": "Acme & Co_2"}, "custom.acmeco2"),
    ],
)
def test_a_custom_integration_is_named_by_its_slug_or_name(custom, name):
    payload = integration("custom", "i-9") | {"customIntegration": custom}
    assert list(merged([payload, integration("custom.other", "i-8")])) == [name, "custom.other"]


def test_a_custom_integration_without_a_name_is_left_out():
    assert merged([integration("custom", "i-9")]) == {}


def test_what_has_no_name_or_another_shape_is_left_out():
    odd = [{}, {"type": 7}, {"type": "jira", "id": "i-2", "configs": []}, {"type": "a", "configs": "?", "workflows": 1}]
    odd.append(integration(inputs=["x", {"title": "no id"}], meta={"w": 1}, workflows=[{"description": "no id"}, None]))
    found = merged(odd)
    assert list(found) == ["a", "jira", "slack"]
    assert (found["slack"].inputs, [w.id for w in found["slack"].workflows]) == ((), ["w"])


@given(st.permutations(["slack", "jira", "asana", "custom.acme"]), st.permutations(["a", "b", "c"]))
def test_the_order_of_the_answer_does_not_matter(kinds, ids):
    views = [
        [integration(kind, f"i-{kind}", inputs=[an_input(i) for i in ids], meta={i: {} for i in ids})] for kind in kinds
    ]
    found = merged(*views)
    assert list(found) == sorted(kinds)
    assert [i.id for i in found["slack"].inputs] == [w.id for w in found["slack"].workflows] == ["a", "b", "c"]
