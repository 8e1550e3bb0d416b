"""The lock file: written for people, read back as it was, compared with what the project is now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.catalog.lock import differences, lock_path, read_lock, write_lock
from paragon_sync.errors import CatalogError
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow

CHANNEL = Input(id="in1", title="Channel", type="TEXT_NO_VARS")
FREQUENCY = Input(id="in2", title="Frequency", type="ENUM", required=False, values=("daily", "weekly"))
SEND = Workflow(id="w-1", description="Send", inputs=(CHANNEL,))
DIGEST = Workflow(id="w-2", description="Digest", default_enabled=True)
SLACK = Integration(type="slack", id="i-1", inputs=(CHANNEL, FREQUENCY), workflows=(SEND, DIGEST))
CATALOG = Catalog(project="p-1", pulled="2026-03-01T00:00:00Z", origin="production", integrations={"slack": SLACK})

texts = st.text(st.characters(codec=None))
inputs = st.lists(
    st.builds(Input, id=texts, title=texts, type=texts, required=st.booleans(), values=st.none() | st.tuples(texts)),
    unique_by=lambda i: i.id,
    max_size=3,
).map(lambda items: tuple(sorted(items, key=lambda i: i.id)))
workflows = st.lists(
    st.builds(Workflow, id=texts, description=texts, default_enabled=st.booleans(), inputs=inputs),
    unique_by=lambda w: w.id,
    max_size=3,
).map(lambda items: tuple(sorted(items, key=lambda w: w.id)))
catalogs = st.builds(
    Catalog,
    project=texts,
    pulled=texts,
    origin=texts,
    integrations=st.dictionaries(texts, st.tuples(texts, inputs, workflows), max_size=3).map(
        lambda d: {k: Integration(type=k, id=i, inputs=ins, workflows=ws) for k, (i, ins, ws) in d.items()}
    ),
)


def with_slack(**more):
    return replace(CATALOG, integrations={"slack": replace(SLACK, **more)})


@pytest.mark.parametrize(
    ("environment", "name"),
    [("production", "catalog.production.lock.json"), ("eu/west 1", "catalog.eu_west_1.lock.json")],
)
def test_the_lock_stands_beside_the_project_file(environment, name):
    assert lock_path(Path("folder"), environment) == Path("folder") / name


@given(catalogs)
def test_what_was_written_is_read_back(tmp_path_factory, catalog):
    path = tmp_path_factory.mktemp("lock") / "catalog.json"
    write_lock(path, catalog)
    assert read_lock(path) == catalog


def test_the_file_is_for_people_to_compare(tmp_path):
    path = tmp_path / "catalog.json"
    write_lock(path, with_slack(inputs=(FREQUENCY, CHANNEL), workflows=(DIGEST,)))
    assert (
        path.read_text()
        == """\
{
  "format": 1,
  "project": "p-1",
  "origin": "production",
  "pulled": "2026-03-01T00:00:00Z",
  "integrations": {
    "slack": {
      "id": "i-1",
      "inputs": [
        {
          "id": "in1",
          "title": "Channel",
          "type": "TEXT_NO_VARS",
          "required": true
        },
        {
          "id": "in2",
          "title": "Frequency",
          "type": "ENUM",
          "required": false,
          "values": [
            "daily",
            "weekly"
          ]
        }
      ],
      "workflows": [
        {
          "id": "w-2",
          "description": "Digest",
          "defaultEnabled": true,
          "inputs": []
        }
      ]
    }
  }
}
"""
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_replaced_whole(tmp_path):
    path = tmp_path / "catalog.json"
    write_lock(path, CATALOG)
    write_lock(path, replace(CATALOG, integrations={}))
    assert read_lock(path) == replace(CATALOG, integrations={})


def test_no_lock_file_is_no_catalog(tmp_path):
    assert read_lock(tmp_path / "missing.json") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "it is not an object"),
        ("{}", "has the format null"),
        ('{"format": 2}', "has the format 2, and this version reads 1"),
        ('{"format": "1"}', 'has the format "1"'),
        ('{"format": 1}', "something is missing or of a wrong type ('integrations')"),
        ('{"format": 1, "integrations": []}', '"integrations"'),
        ('{"format": 1, "integrations": {"a": 1}, "project": "", "origin": "", "pulled": ""}', "not an object"),
        (
            '{"format":1,"integrations":{"a":{"id":"","inputs":[7],"workflows":[]}},"project":"","origin":"","pulled":""}',
            "not an object",
        ),
    ],
)
def test_a_broken_lock_is_told(tmp_path, text, message):
    path = tmp_path / "catalog.json"
    path.write_text(text)
    with pytest.raises(CatalogError) as caught:
        read_lock(path)
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert "catalog pull" in (caught.value.hint or "")


def test_a_lock_that_is_a_folder_is_told(tmp_path):
    with pytest.raises(CatalogError, match="can't be read"):
        read_lock(tmp_path)


@pytest.mark.parametrize("name", ["missing/catalog.json", "folder"])
def test_a_lock_that_can_not_be_written_leaves_nothing_behind(tmp_path, name):
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(CatalogError, match="can't be written"):
        write_lock(tmp_path / name, CATALOG)
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize(
    ("pulled", "lines"),
    [
        (CATALOG, []),
        (replace(CATALOG, pulled="later", origin="elsewhere"), []),
        (replace(CATALOG, project="p-2"), ["project: p-1 in the lock, p-2 now"]),
        (
            replace(CATALOG, integrations={}),
            ["slack: in the lock, and not in the project (or not for those who were asked)"],
        ),
        (with_slack(id="i-9"), ["slack: its id is i-1 in the lock, i-9 now"]),
        (with_slack(inputs=(CHANNEL,)), ['slack: setting "Frequency" (in2): in the lock, and gone now']),
        (
            with_slack(inputs=(CHANNEL, FREQUENCY, replace(CHANNEL, id="in3"))),
            ['slack: setting "Channel" (in3): new, and not in the lock'],
        ),
        (
            with_slack(inputs=(replace(CHANNEL, title="Room", required=False), FREQUENCY)),
            [
                'slack: setting "Channel" (in1): title is "Channel" in the lock, "Room" now',
                'slack: setting "Channel" (in1): required is true in the lock, false now',
            ],
        ),
        (
            with_slack(inputs=(replace(CHANNEL, type="ENUM", values=("a",)), FREQUENCY)),
            [
                'slack: setting "Channel" (in1): type is "TEXT_NO_VARS" in the lock, "ENUM" now',
                'slack: setting "Channel" (in1): values is absent in the lock, ["a"] now',
            ],
        ),
        (with_slack(workflows=(SEND,)), ['slack: workflow "Digest" (w-2): in the lock, and gone now']),
        (
            with_slack(workflows=(SEND, DIGEST, Workflow(id="w-3", description="New"))),
            ['slack: workflow "New" (w-3): new, and not in the lock'],
        ),
        (
            with_slack(workflows=(replace(SEND, inputs=(), default_enabled=True), replace(DIGEST, description="D"))),
            [
                'slack: workflow "Send" (w-1): defaultEnabled is false in the lock, true now',
                'slack: workflow "Send" (w-1), setting "Channel" (in1): in the lock, and gone now',
                'slack: workflow "Digest" (w-2): its description is now "D"',
            ],
        ),
    ],
)
def test_what_differs_is_told_entry_by_entry(pulled, lines):
    assert differences(CATALOG, pulled, {"slack", "unheard-of"}) == lines


def test_an_integration_that_is_new_is_told():
    assert differences(replace(CATALOG, integrations={}), CATALOG, ["slack"]) == [
        "slack: new in the project, and not in the lock"
    ]


def test_what_is_not_used_may_differ():
    assert differences(CATALOG, with_slack(id="i-9"), set()) == []
