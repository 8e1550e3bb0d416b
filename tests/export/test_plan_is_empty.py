"""What export writes of any live state, read back as a manifest and planned, changes nothing: also with ``exact``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paragon_sync.catalog.pull import merge_views
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.jsonvalue import Json, loads, lookup
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.writer import write_user
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import Finding, FindingKind
from paragon_sync.model.project import Policy
from paragon_sync.plan.user import UserPlan, plan_user
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import load
from paragon_sync.run.exporting import Exported, document_of
from tests.nouns import VALUES as ANY

CATALOG_FILE = Path(__file__).parents[1] / "cases" / "catalog.json"
SECRET = "s3cr3t-v4lu3"


def read_catalog() -> Catalog:
    content = loads(CATALOG_FILE.read_text("utf-8"))
    integrations = lookup(content, ("integrations",))
    assert isinstance(integrations, list)
    return merge_views(
        "p", "2026-03-14T10:15:02+00:00", "test", [[one for one in integrations if isinstance(one, dict)]]
    )


CATALOG = read_catalog()
SLACK = CATALOG.integrations["slack"]
ODD = ["", "id:x", "a/b~c.d", "{$env}", "yes", "007", "sig-1", "ümläut", "\ud800", "Channel", "x" * 1100, "a: b", "- c"]
REFERENCES: list[Json] = [
    {"$env": "HOME"},
    {"$literal": 1},
    [{"$file": "x"}],
    {"$envv": "A"},
    "{{ row.x }}",
    "{$env: A}",
]
VALUES = st.one_of(
    ANY,
    st.sampled_from(REFERENCES),
    st.sampled_from(["line\nline\n", " lead\n trail ", "\tx", "null", "~", "1.10", "0x1f", "2026-03-14", "é\u2028"]),
)
PLAIN_IDS = [one.id for one in SLACK.inputs if one.type != "PASSWORD"]
SECRET_IDS = [one.id for one in SLACK.inputs if one.type == "PASSWORD"] + ["id:api_key", "apiToken"]
SETTINGS = st.dictionaries(st.sampled_from([*PLAIN_IDS, *ODD]), VALUES, max_size=6).flatmap(
    lambda plain: st.sets(st.sampled_from(SECRET_IDS), max_size=2).map(
        lambda hidden: plain | dict.fromkeys(hidden, SECRET)
    )
)
ENTRY = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"enabled": st.one_of(st.booleans(), VALUES), "settings": SETTINGS, "more": VALUES}
    ),
    st.fixed_dictionaries({"enabled": st.booleans(), "settings": SETTINGS}),
    VALUES,
)
WORKFLOWS = st.dictionaries(
    st.sampled_from([*(one.id for one in SLACK.workflows), "wf-gone", "", "id:wf"]), ENTRY, max_size=4
)


def section(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={"sharedSettings": st.one_of(SETTINGS, SETTINGS, VALUES), name: WORKFLOWS, "configMeta": VALUES}
    )


CONFIG = st.one_of(section("configuredWorkflows"), section("workflowSettings"))
CONFIGURATION = st.tuples(
    section("workflowSettings"),
    st.fixed_dictionaries(
        {},
        optional={
            "isDefault": st.booleans(),
            "externalId": st.sampled_from(["", "all", "team-b", "team-c", "{{ x }}", "007"]),
            "dateDeleted": st.just("2026-01-01T00:00:00Z"),
        },
    ),
).map(lambda parts: parts[0] | parts[1])
CREDENTIAL = st.fixed_dictionaries(
    {"integrationId": st.sampled_from([*(one.id for one in CATALOG.integrations.values()), "int-gone"])},
    optional={
        "config": CONFIG,
        "configurations": st.lists(CONFIGURATION, max_size=3),
        "status": st.sampled_from(["VALID", "VALID", "VALID", "PENDING", "INVALID"]),
        "providerId": st.sampled_from(["T1", "T2", "007"]),
        "externalId": st.sampled_from(["crm", "crm-2", "null"]),
    },
)


@st.composite
def users(draw: st.DrawFn) -> LiveUser:
    found = draw(st.lists(CREDENTIAL, min_size=1, max_size=4))
    for number, credential in enumerate(found):
        credential["id"] = f"c{number}"
        for place, entry in enumerate(credential.get("configurations", [])):
            entry["id"] = 7 if draw(st.integers(0, 9)) == 9 else f"k{number}-{place}"
        entries = credential.get("configurations")
        if entries and "config" in credential and draw(st.booleans()):  # so that the two agree
            named = {key: value for key, value in entries[0].items() if key in ("sharedSettings", "workflowSettings")}
            credential["config"] = {{"workflowSettings": "configuredWorkflows"}.get(k, k): v for k, v in named.items()}
    meta = draw(st.dictionaries(st.sampled_from(["plan", "Name", "token", "a/b", "$env", "id:x", "\ud800"]), VALUES))
    if "token" in meta:
        meta["token"] = SECRET
    return LiveUser(user="acme", credentials=tuple(Credential(raw) for raw in found), meta=meta)


def plan_of(exported: Exported, live: LiveUser) -> UserPlan:
    """Write the document, read it as any manifest is read, and plan it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "acme.yaml"
        file.write_text(write_user(exported.document), "utf-8")
        scope = SecretScope(folder=Path(folder), environ={"HOME": SECRET, "A": SECRET})
        desired = load([file], scope, Resolver(CATALOG), Filters())
        with desired.staging:
            return plan_user(desired.documents_of("acme"), live, CATALOG, Policy())


def standing(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.kind is not FindingKind.PENDING_ACCOUNT]


@pytest.mark.parametrize("exact", [False, True])
@settings(max_examples=300)
@given(live=users())
def test_planning_what_was_exported_changes_nothing(exact: bool, live: LiveUser) -> None:
    exported = document_of(live, CATALOG, exact=exact)

    plan = plan_of(exported, live)

    assert standing(plan.findings) == []
    assert [operation.changes for operation in plan.operations] == []


@given(live=users())
def test_no_secret_stands_in_what_was_exported(live: LiveUser) -> None:
    exported = document_of(live, CATALOG, exact=True)

    assert SECRET not in write_user(exported.document)
    assert SECRET not in "".join(exported.left_out)
