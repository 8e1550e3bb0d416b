from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import PlanFileError
from paragon_sync.jsonvalue import ABSENT, Number
from paragon_sync.model.planned import ConfigurationSubject, Finding, FindingKind, Operation
from paragon_sync.store.layout import FORMAT_VERSION, Table
from paragon_sync.store.planfile import PlanReader, PlanWriter, is_plan, likely_operations, short_digest
from paragon_sync.store.selection import MATCHES, Selection, condition, matches
from tests.limits import files_no_longer_than
from tests.nouns import change, configuration, finding, metadata, outline_of, plan_header

HEADER = plan_header(catalog={"slack": {"id": "95bedc9f", "order": Number("1.10")}})


def of_salesforce(user: str, value: str = "eu") -> Operation:
    subject = ConfigurationSubject(integration="salesforce", credential="c2", account="crm")
    return configuration(user, change("Region", ABSENT, value), subject=subject)


def written(path: Path, operations: list[Operation], findings: list[Finding] | None = None) -> str:
    with PlanWriter(path) as writer:
        for operation in operations:
            writer.add(operation)
        for found in findings or []:
            writer.add_finding(found)
        return writer.finish(HEADER)


def test_a_plan_reads_back_what_was_written(tmp_path: Path) -> None:
    operations = [metadata("acme"), configuration("acme"), of_salesforce("\ud800/globex\0", "\udfff")]
    digest = written(tmp_path / "p.plan", operations, [finding("initech")])

    with PlanReader(tmp_path / "p.plan") as plan:
        assert plan.header == HEADER
        assert (plan.digest, plan.count, plan.finding_count) == (digest, 3, 1)
        assert list(plan.operations()) == operations
        assert [number for number, _ in plan.to_run()] == [0, 1, 2]
        assert [one.base for _, one in plan.to_run()] == [one.base for one in operations]
        assert [number for number, _ in plan.numbered()] == [0, 1, 2]
        assert list(plan.findings()) == [finding("initech")]
    assert short_digest(digest) == digest[:8]


FOUND = [
    metadata("acme-1"),
    configuration("acme-1"),
    of_salesforce("acme-2"),
    configuration("globex"),
    configuration("[x]"),
    of_salesforce("\ud800/initech\0"),
]


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [0, 1, 2, 3, 4, 5]),
        (Selection(users=("acme-*",)), [0, 1, 2]),
        (Selection(users=("acme-1",)), [0, 1]),
        (Selection(users=("*-1", "glob?x")), [0, 1, 3]),
        (Selection(users=("acme-[13-9]", "acme-*")), [0, 1, 2]),
        (Selection(users=("[x]",)), [4]),
        (Selection(users=("\ud800*",)), [5]),
        (Selection(users=("acme",)), []),
        (Selection(integrations=("slack",)), [1, 3, 4]),
        (Selection(integrations=("slack", "salesforce")), [1, 2, 3, 4, 5]),
        (Selection(users=("acme-*", "globex"), integrations=("slack",)), [1, 3]),
        (Selection(users=("acme-*",), kinds=(FindingKind.NOT_CONNECTED,)), []),
    ],
)
def test_operations_are_found_by_user_and_integration(tmp_path: Path, selection: Selection, numbers: list[int]) -> None:
    written(tmp_path / "p.plan", FOUND)
    with PlanReader(tmp_path / "p.plan") as plan:
        assert [outline_of(FOUND[number]) for number in numbers] == list(plan.outlines(selection))
        assert len({FOUND[number].user for number in numbers}) == plan.users(selection)


@pytest.mark.parametrize(
    ("selection", "users"),
    [
        (Selection(), ["acme-1", "acme-2", "globex", "globex"]),
        (Selection(users=("acme-*",)), ["acme-1", "acme-2"]),
        (Selection(integrations=("slack",)), ["acme-2"]),
        (Selection(kinds=(FindingKind.NOT_CONNECTED,)), ["acme-1", "globex"]),
        (Selection(integrations=("salesforce",), kinds=(FindingKind.NOT_VALID,)), ["globex"]),
        (Selection(users=("glob*",), integrations=("salesforce",), kinds=(FindingKind.NOT_VALID,)), ["globex"]),
        (Selection(users=("acme-*",), kinds=(FindingKind.NOT_VALID,)), []),
    ],
)
def test_findings_are_found_by_user_integration_and_kind(
    tmp_path: Path, selection: Selection, users: list[str]
) -> None:
    findings = [
        finding("acme-1"),
        finding("acme-2", kind=FindingKind.AMBIGUOUS_ACCOUNT, integration="slack"),
        finding("globex"),
        finding("globex", kind=FindingKind.NOT_VALID),
    ]
    written(tmp_path / "p.plan", [], findings)
    with PlanReader(tmp_path / "p.plan") as plan:
        assert users == [found.user for found in plan.findings(selection)]


@given(
    st.lists(st.text("ab[]*?-é", min_size=1, max_size=4), max_size=8),
    st.lists(st.text("ab[]*?-é", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_an_index_finds_what_a_look_at_every_row_would(users: list[str], globs: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder) / "p.plan", list(map(configuration, users)))
        with PlanReader(Path(folder) / "p.plan") as plan:
            found = [outline.user for outline in plan.outlines(Selection(users=tuple(globs)))]
    assert found == [u for u in users if any(u == glob or fnmatchcase(u, glob) for glob in globs)]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(users=("acme-1",)),
        Selection(users=("acme-*", "*x"), integrations=("slack",)),
        Selection(integrations=("slack",)),
        Selection(kinds=(FindingKind.NOT_CONNECTED,)),
        Selection(users=("a?",), kinds=(FindingKind.NOT_CONNECTED,)),
    ],
)
def test_no_row_is_read_that_an_index_rules_out(tmp_path: Path, selection: Selection) -> None:
    written(tmp_path / "p.plan", FOUND)
    table: Table = "findings" if selection.kinds else "operations"
    where, parameters = condition(table, selection) or ("", ())
    database = sqlite3.connect(tmp_path / "p.plan")
    database.create_function(MATCHES, 2, matches, deterministic=True)
    plan = database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {where} ORDER BY number", parameters)  # noqa: S608
    steps = [detail for *_, detail in plan if table in detail]
    database.close()
    assert steps[0] == f"SEARCH {table} USING INTEGER PRIMARY KEY (rowid=?)"
    assert all(f"USING COVERING INDEX {table}_by_" in step for step in steps[1:])


def test_an_index_that_leaves_a_row_out_is_noticed_before_it_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "p.plan"
    written(file, [configuration("acme"), configuration("globex")])
    database = sqlite3.connect(file)
    database.executescript(
        """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = sql || ' WHERE number > 0' WHERE name = 'operations_by_user';
        """
    )
    database.close()
    edit(file, "REINDEX operations_by_user")
    database = sqlite3.connect(file)
    database.executescript(
        """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, ' WHERE number > 0', '') WHERE name = 'operations_by_user';
        """
    )
    database.close()
    with PlanReader(file) as plan:
        assert [operation.user for operation in plan.operations()] == ["acme", "globex"]
        with pytest.raises(PlanFileError, match="was changed or damaged"):
            list(plan.outlines(Selection(users=("acme",))))


def test_an_empty_plan_is_a_plan(tmp_path: Path) -> None:
    written(tmp_path / "p.plan", [])
    with PlanReader(tmp_path / "p.plan") as plan:
        assert (plan.count, list(plan.operations()), list(plan.findings())) == (0, [], [])


def test_many_operations_go_out_in_batches(tmp_path: Path) -> None:
    with PlanWriter(tmp_path / "p.plan") as writer:
        numbers = [writer.add(configuration(f"u{index}")) for index in range(1203)]
        assert writer.count == 1203
        writer.finish(HEADER)
    with PlanReader(tmp_path / "p.plan") as plan:
        assert [n for n, _ in plan.numbered()] == numbers == list(range(1203))


def test_the_digest_depends_on_content_and_order_alone(tmp_path: Path) -> None:
    one, other = metadata("acme"), configuration("acme")
    first = written(tmp_path / "1.plan", [one, other])
    assert first == written(tmp_path / "2.plan", [one, other])
    assert first != written(tmp_path / "3.plan", [other, one])
    assert first != written(tmp_path / "4.plan", [one, other], [finding("x")])


def test_the_file_is_for_its_owner_alone_from_the_start(tmp_path: Path) -> None:
    with PlanWriter(tmp_path / "p.plan") as writer:
        (part,) = tmp_path.iterdir()
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        writer.finish(HEADER)
    assert [path.name for path in tmp_path.iterdir()] == ["p.plan"]
    assert stat.S_IMODE((tmp_path / "p.plan").stat().st_mode) == 0o600


def test_an_abandoned_plan_leaves_nothing_and_an_older_one_stays(tmp_path: Path) -> None:
    digest = written(tmp_path / "p.plan", [metadata("acme")])
    with PlanWriter(tmp_path / "p.plan") as writer:
        writer.add(metadata("globex"))
    assert [path.name for path in tmp_path.iterdir()] == ["p.plan"]
    with PlanReader(tmp_path / "p.plan") as plan:
        assert plan.digest == digest


def test_a_plan_may_replace_a_plan(tmp_path: Path) -> None:
    written(tmp_path / "p.plan", [metadata("acme")])
    digest = written(tmp_path / "p.plan", [metadata("globex")])
    with PlanReader(tmp_path / "p.plan") as plan:
        assert plan.digest == digest


def test_a_plan_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text("precious")
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE t (x)").connection.close()
    (tmp_path / "loose").symlink_to(tmp_path / "nowhere")

    for name in ("users.yaml", "other.db", "loose"):
        with pytest.raises(PlanFileError, match="exists and is not a plan file"):
            PlanWriter(tmp_path / name)
    with pytest.raises(PlanFileError, match="is a folder"):
        PlanWriter(tmp_path)
    assert (tmp_path / "users.yaml").read_text() == "precious"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"there is no folder .*missing"):
        PlanWriter(tmp_path / "missing" / "p.plan")


def test_a_folder_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlanFileError, match=r"can't write .*: Not a directory"):
        PlanWriter(tmp_path / "file" / "p.plan")


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with files_no_longer_than(100_000), pytest.raises(PlanFileError, match="can't write"):
        written(tmp_path / "p.plan", [of_salesforce(f"u{index}", "x" * 2000) for index in range(1000)])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_from_the_start_is_an_error(tmp_path: Path) -> None:
    with files_no_longer_than(100), pytest.raises(PlanFileError, match="can't write"):
        PlanWriter(tmp_path / "p.plan")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text("kind: User")
    with pytest.raises(PlanFileError, match="is not a plan file") as caught:
        PlanReader(tmp_path / "users.yaml")
    assert caught.value.hint == "plan files are made by: paragon-sync plan --out FILE"
    with pytest.raises(PlanFileError, match="there is no plan file"):
        PlanReader(tmp_path / "missing.plan")
    with pytest.raises(PlanFileError, match="Is a directory"):
        PlanReader(tmp_path)


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        (1, "make the plan again: paragon-sync plan"),
        (FORMAT_VERSION + 1, "use the version that made it, or make the plan again"),
    ],
)
def test_a_plan_of_another_format_is_refused(tmp_path: Path, version: int, hint: str) -> None:
    written(tmp_path / "p.plan", [])
    edit(tmp_path / "p.plan", f"PRAGMA user_version = {version}")
    with pytest.raises(
        PlanFileError, match=f"has plan format {version}, and this paragon-sync reads format {FORMAT_VERSION}"
    ) as caught:
        PlanReader(tmp_path / "p.plan")
    assert caught.value.hint == hint


def edit(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE operations SET run = replace(run, 'enterprise', 'free') WHERE number = 0",
        "UPDATE operations SET user = CAST('globex' AS BLOB)",
        "UPDATE operations SET integration = x'00' WHERE number = 0",
        "UPDATE operations SET number = 7 WHERE number = 1",
        "UPDATE operations SET review = 7",
        "UPDATE operations SET review = replace(review, 'C0123', 'C4711')",
        "UPDATE findings SET kind = CAST('notValid' AS BLOB)",
        "DELETE FROM operations WHERE number = 1",
        "DELETE FROM findings",
        "INSERT INTO operations SELECT number + 2, user, integration, review, run FROM operations",
        "UPDATE meta SET value = CAST(replace(value, 'production', 'staging') AS BLOB) WHERE name = 'header'",
        "UPDATE meta SET value = 7 WHERE name = 'header'",
        "UPDATE meta SET value = x'00' WHERE name = 'digest'",
        "DELETE FROM meta WHERE name = 'digest'",
        "DELETE FROM meta",
        "INSERT INTO meta VALUES ('more', x'00')",
        "CREATE TABLE more (x)",
        "DROP TABLE findings",
        "DROP INDEX findings_by_kind",
        "CREATE INDEX more ON operations (number)",
        "ALTER TABLE operations RENAME COLUMN run TO row",
    ],
)
def test_an_edited_plan_is_noticed(tmp_path: Path, statement: str) -> None:
    written(tmp_path / "p.plan", [metadata("acme"), configuration("acme")], [finding("globex")])
    edit(tmp_path / "p.plan", statement)
    with pytest.raises(PlanFileError, match="was changed or damaged") as caught:
        PlanReader(tmp_path / "p.plan")
    assert caught.value.hint == "make the plan again: paragon-sync plan"


SLACK, SALESFORCE = Selection(users=("a*",), integrations=("slack",)), Selection(integrations=("salesforce",))


def test_a_changed_byte_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.plan"
    written(path, [metadata("acme"), configuration("acme")], [finding("globex")])
    with PlanReader(path) as plan:
        whole = plan.header, plan.digest, list(plan.operations()), list(plan.findings())
        chosen = list(plan.outlines(SLACK)), list(plan.findings(SALESFORCE))
    intact = path.read_bytes()
    filled = [at for at, byte in enumerate(intact) if byte]
    harmless = []

    for at in filled[::5]:
        path.write_bytes(intact[:at] + bytes([intact[at] ^ 0x15]) + intact[at + 1 :])
        try:
            with PlanReader(path) as plan:
                assert (plan.header, plan.digest, list(plan.operations()), list(plan.findings())) == whole
                assert (list(plan.outlines(SLACK)), list(plan.findings(SALESFORCE))) == chosen
                harmless.append(at)
        except PlanFileError:
            pass

    for text in (b"enterprise", b"production", b"globex", b"slack", b"sharedSettings"):
        assert not {*range(intact.index(text), intact.index(text) + len(text))} & {*harmless}
    assert len(harmless) < 60


def test_a_truncated_plan_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "p.plan"
    written(path, [configuration(f"u{index}") for index in range(50)])
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(PlanFileError, match="was changed or damaged"):
        PlanReader(path)


def test_how_many_operations_there_are_is_told_before_any_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "p.plan"
    written(path, [])
    assert likely_operations(path) == 0
    written(path, [configuration(f"u{index}") for index in range(50)])
    assert likely_operations(path) == 50


def test_of_what_is_no_plan_it_tells_nothing_and_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text("kind: User")
    endless = tmp_path / "endless.plan"
    written(endless, [configuration("u1")])
    with sqlite3.connect(endless) as database:
        database.execute("DROP TABLE operations")
        counting = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        database.execute(f"CREATE VIEW operations (number) AS {counting}")
    database.close()
    for path in (tmp_path, tmp_path / "missing.plan", tmp_path / "users.yaml", endless):
        assert likely_operations(path) == 0


def test_a_plan_is_read_where_nothing_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "p.plan"
    written(path, [metadata("acme")])
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with PlanReader(path) as plan:
            assert plan.count == 1
        assert [p.name for p in tmp_path.iterdir()] == ["p.plan"]
    finally:
        tmp_path.chmod(0o700)


def test_a_plan_is_told_from_other_files_by_its_first_bytes(tmp_path: Path) -> None:
    written(tmp_path / "p.plan", [])
    (tmp_path / "users.yaml").write_text("kind: User")
    found = {name: is_plan(tmp_path / name) for name in ("p.plan", "users.yaml", "missing", ".")}
    assert found == {"p.plan": True, "users.yaml": False, "missing": False, ".": False}
