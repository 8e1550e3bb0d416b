"""Rosters from databases: SQLite here, PostgreSQL in a server of its own."""

from __future__ import annotations

import datetime as dt
import signal
import sqlite3
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, Number, equal
from paragon_sync.manifest.roster import Row, read
from paragon_sync.manifest.roster.sql_values import NotJson, json_value
from paragon_sync.model.declared import Declared, Place, SqlRoster
from tests import postgres

PLACE = Place(file="rollout.yaml", pointer=("users",))


def roster(query: str, url: str, folder: Path | str = "", **options: object) -> SqlRoster:
    declared = Declared(value=url, place=PLACE, secret=True)
    return SqlRoster(place=PLACE, query=query, url=declared, folder=str(folder), **options)


def problem(found: SqlRoster) -> Problem:
    (told,) = (item for item in read(found) if isinstance(item, Problem))
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    database = sqlite3.connect(tmp_path / "users.db")
    database.execute("CREATE TABLE users (id TEXT, plan TEXT, seats INTEGER, price REAL, photo BLOB)")
    many = [("acme", "pro", 5, 9.5, None), ("globex", None, 0, 1.0, b"\xff"), ("", "free", 1, 1.0, None)]
    database.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?)", many)
    database.commit()
    database.close()
    return tmp_path


def test_rows_of_sqlite_have_its_types(folder: Path) -> None:
    query = (
        "SELECT id AS user, plan, seats, price, seats % 2 AS \"50%\", ':x' AS c FROM users WHERE id <> '' ORDER BY id"
    )
    acme: dict[str, Json] = {"user": "acme", "plan": "pro", "seats": 5, "price": 9.5, "50%": 1, "c": ":x"}
    globex: dict[str, Json] = {"user": "globex", "plan": None, "seats": 0, "price": 1.0, "50%": 0, "c": ":x"}
    assert [Row("acme", 1, acme), Row("globex", 2, globex)] == list(read(roster(query, "sqlite:///users.db", folder)))


@pytest.mark.parametrize(
    "query",
    [
        "VACUUM INTO 'made.db'",
        "ATTACH 'made.db' AS made",
        "PRAGMA writable_schema = 1",
        "CREATE TEMP TABLE t (x)",
        "UPDATE users SET plan = 'x'",
        "DELETE FROM users",
        "DELETE FROM users RETURNING id AS user",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(folder: Path, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    before = (folder / "users.db").read_bytes()

    told = problem(roster(query, "sqlite:///users.db", folder))

    assert (told.message, told.hint) == ("the query of a roster may only read", "write a single SELECT")
    assert [path.name for path in folder.iterdir()] == ["users.db"]
    assert (folder / "users.db").read_bytes() == before


class Told(BaseException):
    """What a signal's handler raises."""


@pytest.mark.parametrize("column", ["max(x)", "x"])
def test_a_signal_ends_a_query_that_takes_long(folder: Path, column: str) -> None:
    counted = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000000) SELECT "
    query = counted + column + " AS user FROM c WHERE x > 200000000"

    def tell(*_: object) -> None:
        raise Told

    before = signal.signal(signal.SIGALRM, tell)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Told):
            list(read(roster(query, "sqlite:///users.db", folder)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_whole_number_is_an_id(folder: Path) -> None:
    query = "SELECT rowid AS user FROM users"
    assert ["1", "2", "3"] == [
        row.user for row in read(roster(query, "sqlite:///users.db", folder)) if isinstance(row, Row)
    ]


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("SELECT plan FROM users", {}, 'gives no column "user" its columns: plan'),
        ("SELECT id FROM users", {"id_column": "ids"}, 'gives no column "ids" did you mean "id"?'),
        ("SELECT id AS user FROM users", {"secret": frozenset({"token"})}, 'gives no column "token"'),
        ("SELECT id AS user, plan, plan FROM users", {}, 'gives two columns "plan" give one'),
        (
            "SELECT id AS user, photo FROM users",
            {},
            'row 2 of the query: the column "photo" holds a value of the type bytes',
        ),
        ("SELECT id AS user FROM users", {}, "row 3 of the query: the user's id is empty"),
        ("SELECT price AS user FROM users LIMIT 1", {}, "must be a string"),
        ("SELECT 'a' AS user UNION ALL SELECT 'a'", {}, "stands here again; first in row 1 of the query"),
        ("SELECT id AS user FROM users WHERE 0", {}, "gives no users"),
        ("SELECT missing", {}, "the query can't be answered: no such column: missing"),
        ("PRAGMA user_version = 1", {}, "may only read"),
    ],
)
def test_what_a_query_lacks_is_told(folder: Path, query: str, options: dict[str, object], message: str) -> None:
    if "photo" in query:
        query += " WHERE id <> ''"
    told = problem(roster(query, "sqlite:///users.db", folder, **options))
    assert message in f"{told.message} {told.hint}"
    assert "rollout.yaml" == told.file


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///nothing.db", "there is no SQLite file nothing.db"),
        ("sqlite://", "there is no SQLite file"),
        ("no URL", "the URL of the database can't be understood"),
        ("oracle9://u:s3cret@h/d", "is no database that is known"),
        ("mysql+pymysql://u:s3cret@h/d", "needs a database driver that isn't installed"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", "the query can't be answered"),
        ("postgresql://u:s3cret@127.0.0.1:1/d?nonsense=1", "the query can't be answered"),
    ],
)
def test_a_database_that_cannot_be_asked_is_told_without_its_password(tmp_path: Path, url: str, message: str) -> None:
    told = problem(roster("SELECT 1 AS user", url, tmp_path))
    assert message in told.message
    assert "s3cret" not in f"{told.message} {told.hint}"
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("20.00"), 20),
        (Decimal("1.10"), 1.1),
        (Decimal("-0.5"), -0.5),
        (Decimal("1E+3"), 1000),
        (Decimal("0.1234567890123456789"), Number("0.1234567890123456789")),
        (2**70, 2**70),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC), "2026-01-31T12:30:00+00:00"),
        (dt.time(12, 30), "12:30:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (["a", Decimal("1.0"), None], ["a", 1, None]),
        ({"a": {"b": (True,)}}, {"a": {"b": [True]}}),
    ],
)
def test_values_of_drivers_become_json(value: object, expected: Json) -> None:
    assert equal(expected, json_value(value))


@pytest.mark.parametrize(
    "value", [float("nan"), Decimal("Infinity"), dt.timedelta(1), b"", memoryview(b""), [b""], {"a": b""}]
)
def test_what_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(NotJson) as caught:
        json_value(value)
    assert value is caught.value.value


def name_in(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def test_what_the_database_says_of_columns_that_hold_secrets_is_not_shown(postgres_server: postgres.Server) -> None:
    query = "SELECT n::text AS user, ('s3cret' || n) AS code, (CASE n WHEN 2500 THEN 's3cret' ELSE '1' END)::int AS x"
    query += " FROM generate_series(1, 5000) AS n"
    told = problem(roster(query, postgres_server.url(), secret=frozenset({"code"})))
    assert "after row 2000: its columns hold secrets" in told.message
    assert "s3cret" not in told.message


def test_rows_of_postgresql_have_its_types(postgres_server: postgres.Server) -> None:
    query = """
        SELECT 7::bigint AS user, 'x' AS text, 1.50::numeric AS price, true AS on, now()::date = current_date AS today,
            '2026-01-31'::date AS day, '2026-01-31 12:30+00'::timestamptz AT TIME ZONE 'UTC' AS at,
            '00000000-0000-0000-0000-000000000007'::uuid AS uuid, ARRAY[1, 2] AS list, '{"a": [1.5]}'::jsonb AS json,
            NULL AS nothing, '100%' LIKE '%0%%' AS percent
    """
    expected: dict[str, Json] = {
        "user": 7,
        "text": "x",
        "price": 1.5,
        "on": True,
        "today": True,
        "day": "2026-01-31",
        "at": "2026-01-31T12:30:00",
        "uuid": "00000000-0000-0000-0000-000000000007",
        "list": [1, 2],
        "json": {"a": [1.5]},
        "nothing": None,
        "percent": True,
    }
    assert [Row("7", 1, expected)] == list(read(roster(query, postgres_server.url())))


def test_rows_of_postgresql_are_streamed(postgres_server: postgres.Server) -> None:
    url = postgres_server.new_database()
    database = name_in(url)
    postgres_server.execute(
        "CREATE TABLE many AS SELECT 'user-' || n AS user, n FROM generate_series(1, 50000) AS n", database
    )
    found = read(roster("SELECT * FROM many ORDER BY n", url))
    assert Row("user-1", 1, {"user": "user-1", "n": 1}) == next(found)
    cursors = postgres_server.execute("SELECT query FROM pg_stat_activity WHERE query LIKE 'FETCH FORWARD%'", database)
    assert ["FETCH FORWARD"] == [str(query)[:13] for (query,) in cursors]
    assert 49_999 == sum(isinstance(row, Row) for row in found)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT missing", 'column "missing" does not exist'),
        ("INSERT INTO written VALUES (1) RETURNING 'a' AS user", "can't be answered"),
        ("SELECT nextval('numbers')::text AS user", "read-only transaction"),
        (
            "SELECT n::text AS user, 10 / (n - 3000) AS x FROM generate_series(1, 5000) AS n",
            "after row 2000: division by zero",
        ),
        ("SELECT 'a' AS user, interval '1 day' AS x", 'row 1 of the query: the column "x" holds'),
    ],
)
def test_what_postgresql_refuses_is_told(postgres_server: postgres.Server, query: str, message: str) -> None:
    url = postgres_server.new_database()
    database = name_in(url)
    postgres_server.execute("CREATE TABLE written (n int)", database)
    postgres_server.execute("CREATE SEQUENCE numbers", database)
    told = problem(roster(query, url))
    assert message in told.message
    assert [(0,)] == postgres_server.execute("SELECT count(*) FROM written", database)
