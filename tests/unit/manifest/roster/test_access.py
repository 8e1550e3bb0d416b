"""Rosters are read below the Project's folder, or where the Project lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.roster import Row, read, roster_of
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Place

PLACE = Place(file="rollout.yaml", pointer=("users",))
SECRET = "s3cret-" + "x" * 80


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a Project's folder with a roster; another roster is beside the folder."""
    folder = tmp_path / "project"
    (folder / "rosters").mkdir(parents=True)
    (folder / "rosters" / "in.csv").write_text("user\nacme\n")
    (tmp_path / "out.csv").write_text("user\nacme\n")
    return folder


def users_of(declared: JsonObject, scope: SecretScope) -> list[str] | str:
    """Return the ids of a roster, or the message and the hint of why it is refused."""
    roster, faults = roster_of(declared, PLACE, scope)
    if faults:
        return f"{faults[0].message}: {faults[0].hint}"
    assert roster is not None
    return [one.user if isinstance(one, Row) else one.message for one in read(roster)]


@pytest.mark.parametrize("path", ["rosters/in.csv", "./rosters/../rosters/in.csv"])
def test_files_in_the_folder_are_read(folder: Path, path: str) -> None:
    assert users_of({"csv": path}, SecretScope(folder=folder)) == ["acme"]


@pytest.mark.parametrize("path", ["../out.csv", "/proc/self/environ", "rosters/link.csv", "linked/out.csv"])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_files_elsewhere_are_refused(folder: Path, form: str, path: str) -> None:
    (folder / "rosters" / "link.csv").symlink_to(folder.parent / "out.csv")
    (folder / "linked").symlink_to(folder.parent)

    told = users_of({form: path}, SecretScope(folder=folder))

    assert told == (
        f"the file {path} is outside of the Project's folder: list it in the Project file: rosters: {{files: [{path}]}}"
    )


@pytest.mark.parametrize("listed", ["../out.csv", "..", "../*.csv", "{parent}/out.csv", "{parent}/o?t.csv"])
def test_files_that_the_project_lists_are_read(folder: Path, listed: str) -> None:
    scope = SecretScope(folder=folder, roster_files=(listed.format(parent=folder.parent),))
    assert users_of({"csv": "../out.csv"}, scope) == ["acme"]


@pytest.mark.parametrize("listed", ["../out", "../other*.csv", "rosters"])
def test_another_file_than_the_listed_ones_is_refused(folder: Path, listed: str) -> None:
    scope = SecretScope(folder=folder, roster_files=(listed,))
    assert "is outside of the Project's folder" in users_of({"csv": "../out.csv"}, scope)


@pytest.mark.parametrize("url", ["sqlite:////etc/users.db", "sqlite:///../users.db"])
def test_a_sqlite_file_counts_as_a_file(folder: Path, url: str) -> None:
    told = users_of({"sql": "SELECT 1", "url": url}, SecretScope(folder=folder))
    assert "is outside of the Project's folder" in told


@pytest.mark.parametrize(
    ("url", "listed", "read"),
    [
        ("postgresql://u@h/d", "postgresql://h/d", True),
        ("postgresql+psycopg://u@h:5432/d?sslmode=require", "postgres://h/d", True),
        ("postgresql://u@h:5433/d", "postgresql://h:5433/d", True),
        ("postgresql://u@h:5433/d", "postgresql://h:5432/d", False),
        ("postgresql://u@h/d", "postgresql://h/e", False),
        ("postgresql://u@h/d", "mysql://h/d", False),
        ("postgresql://u@h/d", "URL", False),
        ({"$env": "URL"}, "URL", True),
        ({"$env": "URL"}, "postgresql://host/base", True),
        ({"$env": "URL"}, "OTHER", False),
    ],
)
def test_databases_are_asked_where_the_project_lists_them(folder: Path, url: Json, listed: str, read: bool) -> None:
    environ = {"URL": "postgresql://u:pass-word@host/base?sslpassword=abc"}
    scope = SecretScope(folder=folder, env=frozenset(environ), environ=environ, roster_urls=(listed,))

    roster, faults = roster_of({"sql": "SELECT 1", "url": url}, PLACE, scope)

    assert (roster is not None, not faults) == (read, read)
    for fault in faults:
        assert "is not listed in the Project file" in fault.message
        assert "pass-word" not in f"{fault.message} {fault.hint}"


@pytest.mark.parametrize(
    "text", [f"user2\n{SECRET}\n", f"{SECRET}\n", f"{SECRET},b,b\n", f"a\x1b[2J,b,b\x00{SECRET}\n"]
)
def test_no_message_quotes_what_is_long_or_not_printable(folder: Path, text: str) -> None:
    (folder / "environ").write_text(text)
    roster, _ = roster_of({"csv": "environ"}, PLACE, SecretScope(folder=folder))
    assert roster is not None

    problems = [one for one in read(roster) if isinstance(one, Problem)]

    assert problems
    assert SECRET not in str(problems)
    assert all(f"{one.message}{one.hint}".isprintable() for one in problems), problems


def test_a_repeated_id_that_is_long_is_not_quoted(folder: Path) -> None:
    os.truncate(folder / "rosters" / "in.csv", 0)
    (folder / "rosters" / "in.csv").write_text(f"user\n{SECRET}\n{SECRET}\n")
    roster, _ = roster_of({"csv": "rosters/in.csv"}, PLACE, SecretScope(folder=folder))
    assert roster is not None

    (problem,) = (one for one in read(roster) if isinstance(one, Problem))

    assert problem.message.startswith("user (a text of 87 characters) stands here again")
