"""One module is all that a format of rosters takes: a made-up one reaches everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docs.generate_json_schemas import ROSTER, roster_schema
from docs.generate_manifest_reference import rows
from paragon_sync.errors import Problem
from paragon_sync.manifest.roster import Row, columns_are_fixed, label_of, place_of, read, roster_of
from paragon_sync.manifest.roster.format import Declaration, Declared, RosterFormat, RosterFormats
from paragon_sync.manifest.roster.formats import FORMATS
from paragon_sync.manifest.roster.rows import Found, Item, Trouble
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import FileRoster, Place
from paragon_sync.model.registry import find_entries

PLACE = Place(file="rollout.yaml", pointer=("users",))


def declare(declaration: Declaration) -> Declared:
    roster, faults = declaration.file("ids")
    return None if roster is None else replace(roster, delimiter=declaration.text("comment", "#")), faults


def read_ids(roster: FileRoster) -> Iterator[Found]:
    for number, line in enumerate(Path(roster.path).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("!"):
            yield Trouble("an id doesn't start so", number)
        elif not line.startswith(roster.delimiter):
            yield Item(number, {roster.id_column: line})


IDS = RosterFormat(
    name="ids",
    title="List of ids",
    description="A file with one id on each line.",
    keys={"comment": {"title": "Comment", "description": "How comments start. Required.", "type": "string"}},
    required={"comment": 'write comment: "#"'},
    endings=(".ids", ".txt"),
    fixed_columns=True,
    declare=declare,
    read=read_ids,
)
WITH_IDS = RosterFormats([*FORMATS, IDS])


def test_the_schema_is_as_the_registry_says() -> None:
    text = ROSTER.read_text(encoding="utf-8")

    assert text == roster_schema(text)
    keys = json.loads(text)["$defs"]["roster"]["properties"]
    assert ["csv", "delimiter", "ndjson", "sql", "url", "id", "secret"] == list(keys)


def test_the_schema_and_the_reference_take_a_new_one() -> None:
    roster = json.loads(roster_schema(ROSTER.read_text(encoding="utf-8"), WITH_IDS))["$defs"]["roster"]

    assert roster["description"].endswith("Exactly one of `csv`, `ndjson`, `sql` and `ids`.")
    assert {"ids", "comment"} <= roster["properties"].keys()
    assert "| `ids` | text | A file with one id on each line. |" in list(rows("roster", roster))


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ({}, '"users" must have exactly one of csv, ndjson, sql, ids'),
        ({"ids": "a", "csv": "b"}, '"users" must have exactly one of csv, ndjson, sql, ids'),
        ({"csv": "a", "comment": "#"}, '"comment" belongs to ids, and not to csv'),
        ({"ids": "a", "comment": "#", "delimiter": ";"}, '"delimiter" belongs to csv, and not to ids'),
        ({"ids": "a"}, '"comment" is missing in "users"'),
    ],
)
def test_a_document_that_uses_a_new_one_wrongly_is_refused(users: dict[str, str], message: str) -> None:
    roster, faults = roster_of(dict(users), PLACE, SecretScope(folder=Path()), WITH_IDS)

    assert roster is None
    assert [message] == [fault.message for fault in faults]


def test_a_roster_of_a_new_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "eu.txt").write_text("acme\n; who left\n!\nglobex\n")
    users = {"ids": "eu.txt", "comment": ";", "id": "who"}

    roster, faults = roster_of(users, PLACE, SecretScope(folder=tmp_path), WITH_IDS)

    assert faults == []
    assert roster is not None
    items = list(read(roster, WITH_IDS))
    assert [Row("acme", 1, {"who": "acme"}), Row("globex", 4, {"who": "globex"})] == [
        item for item in items if isinstance(item, Row)
    ]
    assert ["an id doesn't start so"] == [item.message for item in items if isinstance(item, Problem)]
    assert columns_are_fixed(roster, WITH_IDS)
    assert (label_of(roster, 4), place_of(roster, None).pointer) == (f"{tmp_path}/eu.txt:4", ("users", "ids"))


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("eu.csv", "csv"),
        ("rosters/eu.csv.gz", "csv"),
        ("eu.jsonl.zst", "ndjson"),
        ("eu.ids", "ids"),
        ("eu.yaml", None),
        ("csv", None),
    ],
)
def test_a_file_has_a_format_by_its_ending(name: str, format_: str | None) -> None:
    found = WITH_IDS.of_file(name)

    assert format_ == (found and found.name)


def test_a_module_in_the_package_is_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "made_up_formats"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("FORMAT = 7\n")
    for name in ("b", "a"):
        (package / f"{name}.py").write_text(f"FORMAT = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert ["a", "b"] == find_entries("made_up_formats", [str(package)], str)
    assert ("csv", "ndjson", "sql") == FORMATS.names
