"""From ``users`` of a document to its roster."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json
from paragon_sync.manifest.roster import Row, label_of, place_of, read, roster_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Declared, FileRoster, InlineRoster, Place, SqlRoster

PLACE = Place(file="rollout.yaml", pointer=("users",))
SCOPE = SecretScope(
    folder=Path("project"),
    env=frozenset({"URL"}),
    files=("secrets/",),
    roster_urls=("URL",),
    environ={"URL": "postgresql://u:pw@h/d"},
)


def test_a_list_is_a_roster() -> None:
    roster, faults = roster_of(["acme", {"user": "globex", "plan": "pro", "n": 1}], PLACE, SCOPE)
    assert isinstance(roster, InlineRoster)
    assert faults == []
    assert [Row("acme", 1, {"user": "acme"}), Row("globex", 2, {"user": "globex", "plan": "pro", "n": 1})] == list(
        read(roster)
    )
    assert ("row 2 of users", ("users", "1")) == (label_of(roster, 2), place_of(roster, 2).pointer)


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (["acme", "acme"], 'user "acme" stands here again; first in row 1 of users'),
        ([{"plan": "pro"}], 'the row has no column "user"'),
        ([{"user": 7}], "must be a string"),
    ],
)
def test_rows_in_the_manifest_are_looked_at(users: list[Json], message: str) -> None:
    roster, _ = roster_of(users, PLACE, SCOPE)
    assert roster is not None
    (problem,) = (item for item in read(roster) if isinstance(item, Problem))
    assert message in problem.message


def test_files_are_relative_to_the_project() -> None:
    users: Json = {"csv": "rosters/eu.csv", "delimiter": "tab", "id": "id", "secret": ["token"]}
    assert roster_of(users, PLACE, SCOPE) == (
        FileRoster(
            place=PLACE,
            format="csv",
            path="project/rosters/eu.csv",
            delimiter="\t",
            id_column="id",
            secret=frozenset({"token"}),
        ),
        [],
    )
    assert roster_of({"ndjson": "-"}, PLACE, SCOPE) == (FileRoster(place=PLACE, format="ndjson", path="-"), [])


def test_the_url_of_a_database_can_be_a_secret() -> None:
    roster, faults = roster_of({"sql": "SELECT 1", "url": {"$env": "URL"}}, PLACE, SCOPE)
    url = Declared(
        value="postgresql://u:pw@h/d", place=Place(file="rollout.yaml", pointer=("users", "url")), secret=True
    )
    assert (roster, faults) == (SqlRoster(place=PLACE, query="SELECT 1", url=url, folder="project"), [])


@pytest.mark.parametrize(
    ("users", "pointer", "message"),
    [
        ({}, ("users",), "exactly one of csv, ndjson, sql"),
        ({"csv": "a", "ndjson": "b"}, ("users",), "exactly one of csv, ndjson, sql"),
        ({"csv": "a", "url": "sqlite:///x"}, ("users", "url"), '"url" belongs to sql'),
        ({"ndjson": "a", "delimiter": ";"}, ("users", "delimiter"), '"delimiter" belongs to csv'),
        ({"sql": "SELECT 1"}, ("users",), '"url" is missing'),
        ({"sql": "SELECT 1", "url": {"$env": "OTHER"}}, ("users", "url"), "OTHER isn't listed"),
        ({"sql": "SELECT 1", "url": {"host": "x"}}, ("users", "url"), '"url" must be text'),
        ({"sql": "SELECT 1", "url": {"$literal": "x"}}, ("users", "url"), '"url" must be text'),
        ({"sql": "SELECT 1", "url": "postgresql://u:pw@h/d"}, ("users", "url"), "a password never belongs"),
        ({"sql": "SELECT 1", "url": "postgresql://h/d?password=pw"}, ("users", "url"), "a password never belongs"),
        ({"csv": "a", "secret": ["user"]}, ("users", "secret"), "the column of the ids can't be secret"),
        ({"csv": "secrets/token"}, ("users", "csv"), "is a secret, and no roster"),
        ({"csv": "x/../secrets/token"}, ("users", "csv"), "is a secret, and no roster"),
    ],
)
def test_what_makes_no_roster_is_told(users: Json, pointer: tuple[str, ...], message: str) -> None:
    _, faults = roster_of(users, PLACE, SCOPE)
    assert [pointer] == [fault.place.pointer for fault in faults]
    assert message in faults[0].message


@pytest.mark.parametrize(
    "users", ["acme", 7, None, [], ["acme", 7], {"csv": 7}, {"csv": "a", "delimiter": "::"}, {"sql": "", "url": "x"}]
)
def test_what_the_schema_refuses_is_no_roster(users: Json) -> None:
    assert roster_of(users, PLACE, SCOPE) == (None, [])
