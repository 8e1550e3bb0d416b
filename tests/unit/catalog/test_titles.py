"""Ids lead back to names that a manifest can use."""

from __future__ import annotations

import pytest

from paragon_sync.catalog.titles import Titles
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow


def text(id_, title, kind="TEXT_NO_VARS"):
    return Input(id=id_, title=title, type=kind)


SLACK = Integration(
    type="slack",
    id="i-1",
    inputs=(text("in1", "Channel"), text("in2", "Token"), text("in3", "Token")),
    workflows=(
        Workflow(id="w-1", description="Send", inputs=(text("in1", "Day"),)),
        Workflow(id="w-2", description="Twice"),
        Workflow(id="w-3", description="Twice"),
    ),
)
TITLES = Titles(Catalog(project="p", pulled="", origin="", integrations={"slack": SLACK}))


@pytest.mark.parametrize(
    ("kind", "id_", "name"),
    [("slack", "in1", "Channel"), ("slack", "in2", "id:in2"), ("slack", "gone", "id:gone"), ("jira", "in1", "id:in1")],
)
def test_settings(kind, id_, name):
    assert TITLES.setting(kind, id_) == name


@pytest.mark.parametrize(("value", "name"), [("C1", "Channel"), (None, "Channel"), (7, "id:in1")])
def test_a_value_that_does_not_fit_is_named_by_id(value, name):
    assert TITLES.setting("slack", "in1", value) == name


@pytest.mark.parametrize(
    ("kind", "id_", "name"),
    [("slack", "w-1", "Send"), ("slack", "w-2", "id:w-2"), ("slack", "w-9", "id:w-9"), ("jira", "w-1", "id:w-1")],
)
def test_workflows(kind, id_, name):
    assert TITLES.workflow(kind, id_) == name


@pytest.mark.parametrize(
    ("workflow", "id_", "value", "name"),
    [
        ("w-1", "in1", "monday", "Day"),
        ("w-1", "in1", 7, "id:in1"),
        ("w-1", "in2", "", "id:in2"),
        ("w-9", "in1", "", "id:in1"),
    ],
)
def test_settings_of_workflows(workflow, id_, value, name):
    assert TITLES.workflow_setting("slack", workflow, id_, value) == name
