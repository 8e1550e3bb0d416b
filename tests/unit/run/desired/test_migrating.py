"""Migrations over a catalog: whom their rosters enlist, what is told of them, and what the planner is handed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError
from paragon_sync.jsonvalue import Json, Number
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog, Input, Integration
from paragon_sync.model.migration import Undecided
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import Desired, load

NOW = datetime(2026, 3, 14, tzinfo=UTC)
SLACK = Integration(type="slack", id="int-slack", inputs=(Input(id="note", title="Note", type="TEXT_NO_VARS"),))
CRM = Integration(type="crm", id="int-crm", inputs=(Input(id="note", title="Note", type="TEXT_NO_VARS"),))
CATALOG = Catalog(
    project="p", pulled="2026-03-14T00:00:00+00:00", origin="test", integrations={"slack": SLACK, "crm": CRM}
)
HEAD = "apiVersion: paragon-sync/v1\nkind: Migration\nname: m\nintegration: slack\nsteps: [remove: Note]\n"
CSV = "user,plan,secret_word\nacme,pro,x\nglobex,free,y\n"


@contextmanager
def loaded(
    folder: Path, *texts: str, catalog: Catalog | None = CATALOG, filters: Filters | None = None, csv: str = CSV
) -> Iterator[Desired]:
    (folder / "eu.csv").write_text(csv)
    files = [folder / f"{number}.yaml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    resolver = None if catalog is None else Resolver(catalog, now=NOW)
    desired = load(files, SecretScope(folder=folder), resolver, filters or Filters())
    try:
        yield desired
    finally:
        desired.staging.close()


def told(folder: Path, *texts: str, csv: str = CSV) -> list[str]:
    with pytest.raises(ManifestError) as caught, loaded(folder, *texts, csv=csv):
        pass
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


class Live(dict[str, object]):
    """Settings by subscript."""


def decided(desired: Desired, user: str, **settings: Json) -> object:
    """What ``where`` of the user's only migration says."""
    documents = desired.documents_of(user)
    (enrolment,) = desired.reading.enrolments(documents)
    live: Mapping[str, object] = {"settings": Live(settings)}
    return True if enrolment.where is None else enrolment.where(live)


def test_every_user_of_the_roster_is_enlisted(tmp_path: Path) -> None:
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n") as desired:
        assert ["acme", "globex"] == list(desired.users())
        (document,) = desired.documents_of("acme")
        assert (f"{tmp_path}/eu.csv:2", ("integration",)) == (document.row, document.layers[0].blocks[0].place.pointer)
        assert "all" == document.layers[0].blocks[0].account
        assert {"slack"} == desired.used
        assert decided(desired, "acme") is True


def test_rows_alone_can_tell_who_is_meant(tmp_path: Path) -> None:
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\nwhere: row.plan == 'pro'\n") as desired:
        assert ["acme"] == list(desired.users())
        assert ("migration m: where is true of 1 of 2 users",) == desired.notes
        assert decided(desired, "acme") is True


def test_what_is_live_is_asked_later(tmp_path: Path) -> None:
    where = "where: live.settings.Note == row.plan and user == 'acme'\n"
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n{where}") as desired:
        assert ["acme", "globex"] == list(desired.users())
        assert [True, False, False] == [
            decided(desired, "acme", Note="pro"),
            decided(desired, "acme", Note="free"),
            decided(desired, "globex", Note="free"),
        ]
        assert () == desired.notes


def test_rows_keep_what_is_asked_of_them(tmp_path: Path) -> None:
    users = "users: [{user: acme, n: 5, other: 1}]\n"
    with loaded(tmp_path, f"{HEAD}{users}where: live.settings.Note == row.n\n") as desired:
        (document,) = desired.documents_of("acme")
        assert document.enlisted is not None
        assert {"n": 5} == document.enlisted.values
    with loaded(tmp_path, f"{HEAD}{users}where: live.settings.Note == row[live.settings.Note]\n") as desired:
        (document,) = desired.documents_of("acme")
        assert document.enlisted is not None
        assert {"user": "acme", "n": 5, "other": 1} == document.enlisted.values


def test_numbers_keep_their_text_when_staged(tmp_path: Path) -> None:
    (tmp_path / "eu.ndjson").write_text('{"user": "acme", "n": 1.10}\n')
    with loaded(tmp_path, f"{HEAD}users: {{ndjson: eu.ndjson}}\nwhere: live.settings.Note == row.n\n") as desired:
        (document,) = desired.documents_of("acme")
        assert document.enlisted is not None
        assert {"n": Number("1.10")} == document.enlisted.values


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("live.settings.Note", "it gives text, not true or false"),
        ("live.settings.Note > 1", "'>' not supported between instances of 'str' and 'int'"),
        ("live.settings.Note > row.secret_word | int", "it fails on a secret, whose value isn't shown"),
    ],
)
def test_what_can_not_be_told_says_why(tmp_path: Path, where: str, message: str) -> None:
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\nwhere: {where}\n") as desired:
        answer = decided(desired, "acme", Note="x")
        assert isinstance(answer, Undecided)
        assert message == answer.message


def test_a_filter_on_users_chooses_among_them(tmp_path: Path) -> None:
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n", filters=Filters(users=("glob*",))) as desired:
        assert ["globex"] == list(desired.users())


def test_a_filter_on_integrations_leaves_out_other_migrations(tmp_path: Path) -> None:
    texts = [f"{HEAD}users: [acme]\n", HEAD.replace("slack", "crm").replace("name: m", "name: n") + "users: [globex]\n"]
    with loaded(tmp_path, *texts, filters=Filters(integrations=("crm",))) as desired:
        assert ["globex"] == list(desired.users())


def test_without_a_catalog_names_are_not_resolved(tmp_path: Path) -> None:
    with loaded(tmp_path, HEAD.replace("Note", "Nothing") + "users: [acme]\n", catalog=None) as desired:
        assert [] == desired.reading.enrolments(desired.documents_of("acme"))


def test_the_digest_is_over_rows_too(tmp_path: Path) -> None:
    with (
        loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n") as one,
        loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n") as same,
    ):
        digests = {one.digest, same.digest}
    with loaded(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\n", csv=CSV.replace("free", "pro")) as other:
        digests.add(other.digest)
    assert 2 == len(digests)


PROBLEMS = {
    "a broken row": ("users: {csv: eu.csv}\n", "user,plan\nacme\n", "eu.csv:2:"),
    "an unknown column": (
        "users: {csv: eu.csv}\nwhere: row.plam == 'x'\n",
        CSV,
        '0.yaml:7:8: there is no column "plam"',
    ),
    "a column that a row lacks": (
        "users: [{user: acme, plan: x}, {user: globex}]\nwhere: row.plan == 'x'\n",
        CSV,
        '0.yaml:6:32: where can\'t tell: there is no column "plan" in the row: ',
    ),
    "an answer that is none": (
        "users: {csv: eu.csv}\nwhere: row.plan\n",
        CSV,
        "eu.csv:2:1: where can't tell: it gives text, not true or false",
    ),
    "a step that a second run would do again": (
        "users: [acme]\n",
        CSV,
        "this fills a setting that step 1 has taken the value of",
    ),
    "an unknown name": ("users: [acme]\n", CSV, 'slack has no setting "Nte"'),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, name: str) -> None:
    more, csv, message = PROBLEMS[name]
    head = HEAD.replace("remove: Note", "remove: Nte") if name == "an unknown name" else HEAD
    if name.startswith("a step"):
        head = HEAD.replace("[remove: Note]", '[rename: {from: Note, to: "id:x"}, set: {setting: Note, value: a}]')
        head = head.replace("[rename: ", "[{rename: ").replace('"id:x"}, set', '"id:x"}}, {set').replace("a}]", "a}}]")

    problems = told(tmp_path, f"{head}{more}", csv=csv)

    assert any(message in problem for problem in problems), problems


def test_of_one_roster_no_more_than_some_problems_are_told(tmp_path: Path) -> None:
    rows = "user,plan\n" + "".join(f"u{number},x\n" for number in range(100))

    found = told(tmp_path, f"{HEAD}users: {{csv: eu.csv}}\nwhere: row.plan\n", csv=rows)

    assert 21 == len(found)
    assert any("after 20 problems no more rows were looked at" in problem for problem in found)


def test_names_are_unique(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, f"{HEAD}users: [acme]\n", f"{HEAD}users: [globex]\n")

    assert 'migration "m" is declared twice' in problem
