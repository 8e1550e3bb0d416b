from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Number, dumps, loads
from paragon_sync.model.declared import Position
from paragon_sync.model.desired import MetadataKey
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Counts,
    Detail,
    FindingKind,
    Origin,
    Outline,
    Refusal,
    Severity,
)
from paragon_sync.render.plan_json import plan_json
from paragon_sync.store.selection import EVERYTHING, Selection
from tests import nouns
from tests.nouns import StoredPlan, change, configuration, finding, metadata, plan_header, switch

SCHEMA = loads((Path(__file__).parents[3] / "schemas" / "plan.schema.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)


def document(plan: StoredPlan) -> JsonObject:
    """The plan's JSON, read, and checked against the published schema."""
    text = "".join(plan_json(plan))
    read = loads(text)
    assert isinstance(read, dict)
    assert [error.message for error in VALID.iter_errors(plain(read))] == []
    return read


def plain(value: Json) -> object:
    """The value as any JSON library reads it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value.text) if isinstance(value, Number) else value


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_header_says_what_the_plan_is_based_on() -> None:
    header = plan_header(
        counts=Counts(considered=3, changed=1, values_removed=11),
        filters={"user": "acme-*"},
        policy={"valuesRemoved": "10"},
        allowed={"usersChanged": "3"},
        refusals=(Refusal(rule="valuesRemoved", message="11 values", knob="valuesRemoved=11"),),
        incomplete=True,
        notes=("no lock file",),
        seconds_to_apply=2.5,
    )
    read = document(StoredPlan(header=header))
    counts = read.pop("counts")
    assert read == {
        "formatVersion": 1,
        "environment": "production",
        "project": "db06d291",
        "host": "https://api.useparagon.com",
        "created": "2026-03-14T10:15:02+00:00",
        "expires": "2026-03-15T10:15:02+00:00",
        "tool": "0.1.0",
        "digest": "4f1c09ab" * 8,
        "complete": False,
        "filters": {"user": "acme-*"},
        "policy": {"valuesRemoved": "10"},
        "allowed": {"usersChanged": "3"},
        "refusals": [{"rule": "valuesRemoved", "message": "11 values", "knob": "valuesRemoved=11"}],
        "notes": ["no lock file"],
        "secondsToApply": 2.5,
        "operations": [],
        "findings": [],
        "summary": {"changes": [], "findings": [], "furtherChanges": 0, "furtherFindings": 0},
    }
    assert isinstance(counts, dict)
    assert (counts["considered"], counts["leftOut"], counts["valuesRemoved"]) == (3, 0, 11)


def test_an_operation_holds_its_changes() -> None:
    subject = ConfigurationSubject(integration="crm", credential="c9", account="main", configuration="g", name="team-b")
    changes = (
        change("Channel", Number("1.10"), "\ud800"),
        change("Frequency", ABSENT, None, origin=Origin.DEFAULTS, pointer=("sharedSettings", "a/b~")),
        change("Legacy", 1.0, ABSENT, origin=Origin.UNSET),
        switch("Digest", before=False, after=True),
    )
    (operation,) = items(document(StoredPlan(made=(configuration("acme", *changes, subject=subject, kept=4),))))
    told = operation.pop("changes")
    assert operation == {
        "user": "acme",
        "kind": "configuration",
        "integration": "crm",
        "credential": "c9",
        "account": "main",
        "configuration": "g",
        "configurationName": "team-b",
        "kept": 4,
    }
    shared = '"source":"users/acme.yaml:11:7","secret":false'
    assert dumps(told) == (
        '[{"effect":"change","pointer":"/sharedSettings/channel","label":"Channel","before":1.10,"after":"\\ud800",'
        f'"origin":"settings",{shared}}},'
        '{"effect":"add","pointer":"/sharedSettings/a~1b~0","label":"Frequency","after":null,'
        f'"origin":"defaults",{shared}}},'
        '{"effect":"remove","pointer":"/sharedSettings/legacy","label":"Legacy","before":1.0,'
        f'"origin":"unset",{shared}}},'
        '{"effect":"change","pointer":"/configuredWorkflows/digest/enabled","label":"Digest","workflow":"Digest",'
        f'"before":false,"after":true,"origin":"workflows",{shared}}}]'
    )


def test_metadata_is_a_kind_of_its_own() -> None:
    (operation,) = items(document(StoredPlan(made=(metadata("acme"),))))
    assert {key: operation[key] for key in ("user", "kind", "kept")} == {"user": "acme", "kind": "metadata", "kept": 0}
    assert "integration" not in operation


def test_a_secret_has_no_values_and_keys_inside_are_masked() -> None:
    details = (Detail(pointer=("token",), before="a", after="b"), Detail(pointer=("n",), before=1, after=ABSENT))
    changes = (
        change("API key", "a", "b", target=MetadataKey("API key")),
        change("Login", {"token": "a", "n": 1}, {"token": "b"}, details=details),
    )
    (operation,) = items(document(StoredPlan(made=(metadata("acme", *changes),))))
    one, other = items(operation, "changes")
    assert one["secret"] is True
    assert {"before", "after", "details"}.isdisjoint(one)
    assert other["before"] == {"token": "(secret)", "n": 1}
    assert other["after"] == {"token": "(secret, changed)"}
    assert other["details"] == [
        {"pointer": "/token", "before": "(secret)", "after": "(secret, changed)"},
        {"pointer": "/n", "before": 1},
    ]


def test_a_finding_has_its_position_where_it_is_known() -> None:
    found = (
        finding(
            "globex", severity=Severity.WARNING, position=Position(file="a.yaml", line=7, column=3), hint="connect"
        ),
        finding("b", kind=FindingKind.UNKNOWN_USER, integration=None),
    )
    assert document(StoredPlan(found=found))["findings"] == [
        {
            "kind": "notConnected",
            "severity": "warn",
            "user": "globex",
            "integration": "salesforce",
            "message": "not connected",
            "hint": "connect",
            "file": "a.yaml",
            "line": 7,
            "column": 3,
        },
        {"kind": "unknownUser", "severity": "error", "user": "b", "message": "not connected"},
    ]


def test_a_plan_is_written_as_it_is_read() -> None:
    asked = []

    class Counting(StoredPlan):
        def outlines(self, selection: Selection = EVERYTHING) -> Iterator[Outline]:
            assert selection is EVERYTHING
            for number in range(1000):
                asked.append(number)
                yield nouns.outline_of(metadata(f"u{number}"))

    pieces = plan_json(Counting())
    for _ in range(10):
        next(pieces)
    assert len(asked) < 12


def items(holder: JsonObject, name: str = "operations") -> list[JsonObject]:
    found = holder[name]
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, dict)]


@given(
    st.builds(
        StoredPlan,
        header=nouns.HEADERS,
        made=st.lists(nouns.OPERATIONS.filter(lambda operation: operation.changes), max_size=2).map(tuple),
        found=st.lists(nouns.FINDINGS, max_size=2).map(tuple),
    )
)
def test_every_plan_is_valid_by_the_schema(plan: StoredPlan) -> None:
    read = document(plan)
    assert (len(items(read)), len(items(read, "findings"))) == (len(plan.made), len(plan.found))


@pytest.mark.parametrize(
    ("noun", "enum"),
    [(FindingKind, ("finding", "kind")), (Severity, ("finding", "severity")), (Origin, ("change", "origin"))],
    ids=["kinds", "severities", "origins"],
)
def test_the_schema_knows_every_word(noun: type[FindingKind | Severity | Origin], enum: tuple[str, str]) -> None:
    assert isinstance(SCHEMA, dict)
    definition, name = enum
    words = VALID.schema["$defs"][definition]["properties"][name]["enum"]
    assert sorted(words) == sorted(member.value for member in noun)


def test_the_summary_groups_what_is_alike() -> None:
    made = [
        *(configuration(f"u{n}", change("Interval", 15, 30), change("Channel", f"C{n}", f"D{n}")) for n in range(7)),
        configuration("v", change("Token", "old", "new"), switch("Digest", before=ABSENT, after=True)),
        metadata("w"),
    ]
    found = [finding(f"f{n}", hint="connect it", severity=Severity.WARNING) for n in range(4)]
    read = document(StoredPlan(made=tuple(made), found=tuple(found)))
    summary = read["summary"]
    assert isinstance(summary, dict)
    slack: JsonObject = {"integration": "slack", "secret": False, "counted": True, "origin": "settings"}
    seven: JsonObject = {"users": 7, "samples": ["u0", "u1", "u2"]}
    assert items(summary, "changes") == [
        slack
        | seven
        | {"label": "Interval", "effect": "change", "before": 15, "after": 30, "valuesBefore": 1, "valuesAfter": 1},
        slack | seven | {"label": "Channel", "effect": "change", "valuesBefore": 7, "valuesAfter": 7},
        slack
        | {"users": 1, "samples": ["v"], "label": "Token", "effect": "change", "secret": True}
        | {"valuesBefore": 1, "valuesAfter": 1},
        slack
        | {"users": 1, "samples": ["v"], "label": "Digest", "workflow": "Digest", "effect": "add", "after": True}
        | {"valuesAfter": 1, "origin": "workflows"},
        {
            "users": 1,
            "samples": ["w"],
            "label": "plan",
            "effect": "change",
            "origin": "settings",
            "secret": False,
            "before": "pro",
            "after": "enterprise",
            "valuesBefore": 1,
            "valuesAfter": 1,
            "counted": True,
        },
    ]
    assert items(summary, "findings") == [
        {
            "users": 4,
            "samples": ["f0", "f1", "f2"],
            "findings": 4,
            "kind": "notConnected",
            "severity": "warn",
            "integration": "salesforce",
            "hint": "connect it",
            "message": "not connected",
        }
    ]


def test_a_selection_is_told_and_kept_to() -> None:
    plan = StoredPlan(made=(metadata("acme"), metadata("globex")), found=(finding("acme"), finding("initech")))
    text = "".join(plan_json(plan, Selection(users=("glob*", "ini*"))))
    read = loads(text)
    assert isinstance(read, dict)
    assert read["selection"] == {"user": "glob*, ini*"}
    assert [one["user"] for one in (*items(read), *items(read, "findings"))] == ["globex", "initech"]
