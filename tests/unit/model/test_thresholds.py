"""One entry in the table of thresholds is all that a threshold takes: a made-up one reaches everything."""

from __future__ import annotations

import json
from functools import partial

import click
import pytest

from docs.generate_json_schemas import PROJECT, project_schema
from docs.generate_manifest_reference import rows
from paragon_sync.cli.options import allow_option
from paragon_sync.manifest.project import _policy
from paragon_sync.model.planned import Counts
from paragon_sync.model.project import Policy
from paragon_sync.model.thresholds import KNOBS, THRESHOLDS, Threshold, ThresholdRule, knobs_of
from paragon_sync.plan.policy import check
from paragon_sync.run.planning import _policy_text

MADE_UP = ThresholdRule(
    name="workflowsEnabled",
    title="Workflows enabled",
    description="At most so many workflows are enabled.",
    note="Created ones count.",
    default=Threshold(number=3),
    count=lambda counts: counts.workflows_enabled,
    population=lambda counts: counts.considered,
    what="workflows would be enabled",
    of="considered",
)
RULES = (*THRESHOLDS, MADE_UP)
FOUR = Counts(considered=20, workflows_enabled=4)


def test_the_schema_is_as_the_table_says() -> None:
    text = PROJECT.read_text(encoding="utf-8")

    assert text == project_schema(text)
    properties = json.loads(text)["$defs"]["policy"]["properties"]
    assert [rule.name for rule in THRESHOLDS] == list(properties)[: len(THRESHOLDS)]


def test_the_schema_and_the_reference_take_a_new_one() -> None:
    policy = json.loads(project_schema(PROJECT.read_text(encoding="utf-8"), RULES))["$defs"]["policy"]

    assert policy["properties"]["workflowsEnabled"] == {
        "title": "Workflows enabled",
        "description": "At most so many workflows are enabled. 3 by default. Created ones count.",
        "$ref": "#/$defs/threshold",
    }
    assert (
        "| `workflowsEnabled` | whole number or text |"
        " At most so many workflows are enabled. 3 by default. Created ones count. |"
    ) in list(rows("project", policy))


def test_the_project_file_takes_a_new_one() -> None:
    assert {"workflowsEnabled": Threshold(number=7)} == _policy({"workflowsEnabled": 7}, RULES).thresholds
    assert {"workflowsEnabled": Threshold(share=0.2)} == _policy({"workflowsEnabled": "20%"}, RULES).thresholds
    assert {} == _policy({}, RULES).thresholds


@pytest.mark.parametrize(
    ("threshold", "allowed", "knobs"),
    [
        (None, 0, ["workflowsEnabled=4"]),
        (Threshold(number=4), 0, []),
        (Threshold(share=0.1), 0, ["workflowsEnabled=4"]),
        (None, 4, []),
    ],
)
def test_plans_are_checked_by_a_new_one(threshold: Threshold | None, allowed: int, knobs: list[str]) -> None:
    policy = Policy(thresholds={} if threshold is None else {"workflowsEnabled": threshold})

    refusals = check(FOUR, policy, {"workflowsEnabled": allowed}, rules=RULES)

    assert knobs == [refusal.knob for refusal in refusals]
    assert all("workflows would be enabled; policy workflowsEnabled allows" in one.message for one in refusals)


def test_a_new_one_can_be_allowed() -> None:
    given: dict[str, int] = {}

    @click.command()
    @partial(allow_option, knobs=knobs_of(RULES))
    def command(allowed: dict[str, int]) -> None:
        given.update(allowed)

    command.main(["--allow", "workflowsEnabled=4"], standalone_mode=False)

    assert given == {"workflowsEnabled": 4}
    assert set(knobs_of(RULES)) == {*KNOBS, "workflowsEnabled"}
    assert "usersNotConnected, workflowsEnabled, protected" in str(command.params[0].help)  # type: ignore[attr-defined]


def test_the_header_of_a_plan_has_a_new_one() -> None:
    assert _policy_text(Policy(), RULES)["workflowsEnabled"] == "3"
    assert "usersNotConnected" not in _policy_text(Policy(), RULES)
