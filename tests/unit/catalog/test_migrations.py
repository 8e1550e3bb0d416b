"""How a migration's names become ids, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paragon_sync.catalog.migrations import fits, resolve_migration
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.declared import Declared, InlineRoster, Place
from paragon_sync.model.desired import Setting, WorkflowSetting
from paragon_sync.model.migration import (
    DeclaredAction,
    DeclaredStep,
    Entry,
    FillValue,
    MapValues,
    Migration,
    Move,
    RemoveValue,
    SettingName,
    SettingPath,
    SetValue,
    Step,
    Switch,
    SwitchNamed,
    Where,
    WorkflowName,
)

AT = Place(file="m.yaml")
TRUE, FALSE = True, False
DAY = Input(id="day", title="Day", type="ENUM", values=("monday", "friday"))
CATALOG = Catalog(
    project="p",
    pulled="2024-01-01T00:00:00+00:00",
    origin="test",
    integrations={
        "slack": Integration(
            type="slack",
            id="int-slack",
            inputs=(
                Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
                Input(id="size", title="Size", type="NUMBER"),
                Input(id="a", title="Twin", type="TEXT_NO_VARS"),
                Input(id="b", title="Twin", type="TEXT_NO_VARS"),
            ),
            workflows=(
                Workflow(
                    id="w1", description="Digest", inputs=(DAY, Input(id="x", title="Extra", type="TEXT_NO_VARS"))
                ),
                Workflow(id="w2", description="Report", inputs=(replace(DAY, id="day2"),)),
                Workflow(
                    id="w3",
                    description="Plain",
                    inputs=(replace(DAY, id="d1", title="T"), replace(DAY, id="d2", title="T")),
                ),
            ),
        )
    },
)


def named(name: str, workflow: str | None = None, *inside: str) -> SettingName:
    return SettingName(name=name, place=AT, workflow=workflow, every=workflow == "all", inside=inside)


def given(value: Json) -> Declared:
    return Declared(value=value, place=AT)


def table(*pairs: tuple[Json, Json]) -> tuple[Entry, ...]:
    return tuple(Entry(value=value, result=given(result), place=AT) for value, result in pairs)


def resolve(*actions: DeclaredAction, where: Where | None = None) -> tuple[tuple[Step, ...], list[str]]:
    migration = Migration(
        name="m",
        place=AT,
        roster=InlineRoster(place=AT, rows=("acme",)),
        integration="slack",
        where=where,
        steps=tuple(DeclaredStep(verb="set", action=action, place=AT) for action in actions),
    )
    resolved, faults = resolve_migration(migration, CATALOG, "catalog of test")
    assert resolved is not None
    return resolved.steps, [f"{fault.message} | {fault.hint}" for fault in faults]


def path(id_: str, workflow: str | None = None, *inside: str) -> SettingPath:
    return SettingPath(Setting(id_) if workflow is None else WorkflowSetting(workflow, id_), inside)


LEADS: dict[str, tuple[DeclaredAction, tuple[object, ...]]] = {
    "by title": (RemoveValue(setting=named("Channel")), (RemoveValue(setting=path("channel")),)),
    "by id": (RemoveValue(setting=named("a")), (RemoveValue(setting=path("a")),)),
    "unknown to the catalog": (RemoveValue(setting=named("id:gone")), (RemoveValue(setting=path("gone")),)),
    "in a workflow": (RemoveValue(setting=named("Day", "Digest")), (RemoveValue(setting=path("day", "w1")),)),
    "in all workflows": (
        RemoveValue(setting=named("Day", "all")),
        (RemoveValue(setting=path("day", "w1")), RemoveValue(setting=path("day2", "w2"))),
    ),
    "inside": (
        FillValue(setting=named("Channel", None, "x"), value=given(1)),
        (FillValue(setting=path("channel", None, "x"), value=given(1)),),
    ),
    "move": (
        Move(source=named("Channel"), destination=named("Extra", "Digest"), overwrite=True),
        (Move(source=path("channel"), destination=path("x", "w1"), overwrite=True),),
    ),
    "rename in all": (
        Move(source=named("Day", "all"), destination=named("id:new", "all")),
        (
            Move(source=path("day", "w1"), destination=path("new", "w1")),
            Move(source=path("day2", "w2"), destination=path("new", "w2")),
        ),
    ),
    "map": (
        MapValues(setting=named("Day", "Digest"), table=table(("mon", "monday")), otherwise="fail"),
        (MapValues(setting=path("day", "w1"), table=table(("mon", "monday")), otherwise="fail"),),
    ),
    "enable": (
        SwitchNamed(workflow=WorkflowName(name="Digest", place=AT), enabled=True),
        (Switch(workflow="w1", enabled=True),),
    ),
    "disable all": (
        SwitchNamed(workflow=WorkflowName(name="all", place=AT, every=True), enabled=False),
        tuple(Switch(workflow=id_, enabled=False) for id_ in ("w1", "w2", "w3")),
    ),
}


@pytest.mark.parametrize(("action", "expected"), LEADS.values(), ids=LEADS)
def test_names_lead_to_ids(action: DeclaredAction, expected: tuple[object, ...]) -> None:
    ((step,), faults) = resolve(action)

    assert (expected, []) == (step.actions, faults)


def test_only_workflows_with_an_entry_are_meant_by_all() -> None:
    steps, _ = resolve(RemoveValue(setting=named("Day", "all")), RemoveValue(setting=named("Day", "Digest")))

    assert [True, False] == [step.existing for step in steps]


MISSES: dict[str, tuple[DeclaredAction, str]] = {
    "setting": (RemoveValue(setting=named("Chanel")), 'slack has no setting "Chanel" | did you mean "Channel"?'),
    "twins": (RemoveValue(setting=named("Twin")), 'slack has 2 settings "Twin" | name it by its id: a, b'),
    "workflow": (RemoveValue(setting=named("Day", "Digst")), 'slack has no workflow "Digst" | did you mean "Digest"?'),
    "setting of a workflow": (
        RemoveValue(setting=named("Dy", "Digest")),
        'workflow "Digest" of slack has no setting "Dy" | did you mean "Day"?',
    ),
    "setting of an unknown workflow": (
        RemoveValue(setting=named("Day", "id:gone")),
        'workflow "id:gone" of slack has no setting "Day" | the catalog doesn\'t know this workflow',
    ),
    "no workflow has it": (
        RemoveValue(setting=named("Minute", "all")),
        'no workflow of slack has a setting "Minute" | there are: "Day", "Extra", "T"',
    ),
    "no workflow has both": (
        Move(source=named("Day", "all"), destination=named("Dag", "all")),
        'no workflow of slack has a setting "Day" and "Dag" | did you mean "Day"?',
    ),
    "twins in a workflow": (
        RemoveValue(setting=named("T", "all")),
        'workflow "Plain" of slack has 2 settings "T" | name it by its id: d1, d2',
    ),
    "enabled workflow": (
        SwitchNamed(workflow=WorkflowName(name="x", place=AT), enabled=True),
        'slack has no workflow "x" | there are: "Digest", "Plain", "Report"',
    ),
    "to itself": (
        Move(source=named("Channel"), destination=named("channel")),
        "it leads to where the value is already | remove the step",
    ),
    "set to a wrong type": (
        SetValue(setting=named("Channel"), value=given(1)),
        'setting "Channel" of slack must be a string, not a number | put it in quotes',
    ),
    "mapped to a wrong choice": (
        MapValues(setting=named("Day", "Digest"), table=table(("mon", "mondy")), otherwise="keep"),
        'setting "Day" of workflow "Digest" of slack can\'t be "mondy" | did you mean "monday"?',
    ),
}


@pytest.mark.parametrize(("action", "expected"), MISSES.values(), ids=MISSES)
def test_names_that_lead_nowhere_are_told(action: DeclaredAction, expected: str) -> None:
    _, faults = resolve(action)

    assert 1 == len(faults)
    assert faults[0].startswith(expected)


UNTOLD: dict[str, tuple[DeclaredAction, ...]] = {
    "by exact id": (SetValue(setting=named("id:channel"), value=given(1)),),
    "inside": (SetValue(setting=named("Channel", None, "x"), value=given(1)),),
    "moved on": (
        MapValues(setting=named("Channel"), table=table(("a", 1)), otherwise="keep"),
        Move(source=named("Channel"), destination=named("Size")),
    ),
    "what isn't in the catalog": (SetValue(setting=named("id:gone"), value=given(1)),),
}


@pytest.mark.parametrize("actions", UNTOLD.values(), ids=UNTOLD)
def test_types_are_told_only_of_what_stays(actions: tuple[DeclaredAction, ...]) -> None:
    assert [] == resolve(*actions)[1]


def test_an_unknown_integration_ends_it() -> None:
    migration = Migration(name="m", place=AT, roster=InlineRoster(place=AT, rows=()), integration="slak")

    resolved, (fault,) = resolve_migration(migration, CATALOG, "catalog of test")

    assert (None, 'no integration "slak"', 'did you mean "slack"? (catalog of test)') == (
        resolved,
        fault.message,
        fault.hint,
    )


WHERE: dict[tuple[str, ...], list[str]] = {
    ("live", "settings", "Channel"): [],
    ("live", "settings", "id:gone", "inner"): [],
    ("live", "settings", "Chanel"): ['slack has no setting "Chanel" | did you mean "Channel"? (catalog of test)'],
    ("live", "workflows", "Digest", "enabled"): [],
    ("live", "workflows", "Digst", "enabled"): [
        'slack has no workflow "Digst" | did you mean "Digest"? (catalog of test)'
    ],
    ("live", "workflows", "Digest", "settings", "Dy"): [
        'workflow "Digest" of slack has no setting "Dy" | did you mean "Day"? (catalog of test)'
    ],
    ("live", "status"): [],
}


@pytest.mark.parametrize(("names", "expected"), WHERE.items(), ids=[".".join(names) for names in WHERE])
def test_names_in_a_condition_are_checked(names: tuple[str, ...], expected: list[str]) -> None:
    _, faults = resolve(where=Where(text="…", place=AT, paths=(names,)))

    assert expected == faults


def test_a_condition_can_name_what_has_one_meaning() -> None:
    migration = Migration(name="m", place=AT, roster=InlineRoster(place=AT, rows=()), integration="slack")

    resolved, _ = resolve_migration(migration, CATALOG, "")

    assert resolved is not None
    words = resolved.vocabulary
    assert {
        "Channel": "channel",
        "channel": "channel",
        "Size": "size",
        "size": "size",
        "a": "a",
        "b": "b",
    } == words.settings
    assert {"Digest", "w1", "Report", "w2", "Plain", "w3"} == set(words.workflows)
    assert {"Day": "day2", "day2": "day2"} == words.workflow_settings["w2"]


def test_values_are_checked_for_the_planner() -> None:
    assert (None, "must be a string, not a number") == (fits(DAY, "monday", FALSE), fits(DAY, 1, FALSE))
    assert "must be one of its 2 choices" == fits(DAY, "hunter2", TRUE)
