from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import PlanFileError, PlanKeyError, StateError
from paragon_sync.model.moment import Moment
from paragon_sync.model.outcome import Applied, Failed
from paragon_sync.store import layout
from paragon_sync.store.journal import Recorded, Sending
from paragon_sync.store.planfile import PlanReader, PlanWriter
from paragon_sync.store.sealing import Plain, Sealed, seal_line, unseal_line
from paragon_sync.store.selection import Selection
from paragon_sync.store.state import StateStore
from tests.nouns import change, configuration, finding, plan_header, run_header

KEY, OTHER = "k" * 32, "o" * 32
VALUE = "C0123-the-customers-own"
OPERATION = configuration("acme-corp", change("Channel", "C001", VALUE))
SEALED = Sealed(KEY, b"0" * 16)


def written(path: Path, key: str | None = KEY) -> str:
    with PlanWriter(path, key) as writer:
        for user in ("acme-corp", "globex"):
            writer.add(configuration(user, change("Channel", "C001", VALUE)))
        writer.add_finding(finding("globex", VALUE))
        return writer.finish(plan_header(notes=(VALUE,)))


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_comes_back(text: str, place: str) -> None:
    kept = SEALED.seal(text, place)
    assert text == SEALED.unseal(kept, place)
    assert text == unseal_line(SEALED, seal_line(SEALED, text, (place, 1)), (place, 1))
    assert kept != SEALED.seal(text, place)


@given(st.integers(0, 40), st.integers(1, 255))
def test_nothing_else_comes_back(at: int, flipped: int) -> None:
    kept = bytearray(SEALED.seal("0123456789abc", "operations 1"))
    kept[at] ^= flipped
    with pytest.raises(ValueError, match="not what was sealed here"):
        SEALED.unseal(bytes(kept), "operations 1")


@pytest.mark.parametrize(
    "kept",
    [b"", b"short", SEALED.seal("x", "operations 2"), Sealed.new(KEY).seal("x", "operations 1")],
    ids=["nothing", "too short", "from another place", "by another key"],
)
def test_what_was_sealed_elsewhere_does_not_come_back(kept: bytes) -> None:
    with pytest.raises(ValueError, match="not what was sealed here"):
        SEALED.unseal(kept, "operations 1")


def test_lines_without_a_key_stay_as_they_are() -> None:
    assert seal_line(Plain(), '{"a":1}', ("x",)) == '{"a":1}'
    assert unseal_line(SEALED, '{"a":1}', ("x",)) == '{"a":1}'


def test_a_short_key_is_refused_with_a_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PlanKeyError, match="is too short: it needs 32 characters or more") as caught:
        PlanWriter(tmp_path / "p.plan", "k" * 31)
    assert caught.value.hint == "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes a key"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PlanKeyError, match="too short"):
        StateStore.open(tmp_path, key="")


def test_an_encrypted_plan_reads_back_with_its_key_alone(tmp_path: Path) -> None:
    file = tmp_path / "p.plan"
    digest = written(file)
    with PlanReader(file, KEY) as plan:
        assert plan.digest == digest
        assert plan.header.notes == (VALUE,)
        assert [o.changes[0].after for o in plan.outlines(Selection(users=("glo*",), integrations=("slack",)))] == [
            VALUE
        ]
        assert [f.message for f in plan.findings()] == [VALUE]
    for key, message in [
        (None, f"{file} is encrypted, and PARAGON_SYNC_PLAN_KEY is not set"),
        (OTHER, f"{file} is encrypted with another key than the one in PARAGON_SYNC_PLAN_KEY"),
    ]:
        with pytest.raises(PlanKeyError) as caught:
            PlanReader(file, key)
        assert str(caught.value) == message


def test_an_encrypted_plan_shows_ids_and_nothing_else(tmp_path: Path) -> None:
    written(tmp_path / "p.plan")
    kept = (tmp_path / "p.plan").read_bytes()
    assert {name: name in kept for name in (b"acme-corp", b"slack", VALUE.encode(), b"Channel", b"T0001")} == {
        b"acme-corp": True,
        b"slack": True,
        VALUE.encode(): False,
        b"Channel": False,
        b"T0001": False,
    }


def test_a_plain_plan_needs_no_key_and_takes_one(tmp_path: Path) -> None:
    written(tmp_path / "p.plan", None)
    with PlanReader(tmp_path / "p.plan", KEY) as plan:
        assert plan.count == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE operations SET run = (SELECT o.run FROM operations o WHERE o.number = 1 - operations.number)",
        "UPDATE operations SET review = (SELECT o.review FROM operations o WHERE o.number = 1 - operations.number)",
        "UPDATE operations SET review = (SELECT row FROM findings) WHERE number = 1",
        "UPDATE operations SET run = review, review = run",
        "UPDATE operations SET run = substr(run, 2)",
    ],
)
def test_rows_that_trade_places_are_noticed_even_with_the_digest_put_right(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "p.plan"
    written(file)
    edit(file, statement)
    put_digest_right(file)
    with PlanReader(file, KEY) as plan, pytest.raises(PlanFileError, match="was changed or damaged"):
        list(plan.operations())


@pytest.mark.parametrize("sealing", ["x'00'", "'text'", "CAST('one two three' AS BLOB)", "CAST('! !' AS BLOB)"])
def test_a_damaged_salt_is_damage_and_no_other_key(tmp_path: Path, sealing: str) -> None:
    file = tmp_path / "p.plan"
    written(file)
    edit(file, f"UPDATE meta SET value = {sealing} WHERE name = 'sealing'")  # noqa: S608
    with pytest.raises(PlanFileError, match="was changed or damaged"):
        PlanReader(file, KEY)
    if not sealing.startswith("'"):
        put_digest_right(file)
        with pytest.raises(PlanFileError, match="was changed or damaged"):
            PlanReader(file, KEY)


def put_digest_right(file: Path) -> None:
    """As somebody does who may write the file."""
    database = sqlite3.connect(file)
    meta = dict(database.execute("SELECT name, value FROM meta"))
    sections: dict[layout.Table, layout.Section] = {"operations": layout.Section(), "findings": layout.Section()}
    for table, section in sections.items():
        section.take(database.execute(layout.SELECT[table]).fetchall())
    digest = layout.digest(meta["header"], meta["sealing"], sections)
    database.execute("UPDATE meta SET value = ? WHERE name = 'digest'", [digest.encode()])
    database.commit()
    database.close()


def edit(file: Path, statement: str) -> None:
    database = sqlite3.connect(file)
    database.execute(statement)
    database.commit()
    database.close()


def journal(store: StateStore, run: str) -> None:
    store.begin(run_header(run))
    opened = Moment(monotonic=0, wall=0)
    store.sending(
        run,
        [
            Sending(
                number=0,
                operation=OPERATION,
                preimage={"channel": VALUE},
                requests=OPERATION.requests,
                at="t1",
                opened=opened,
            )
        ],
    )
    store.record(run, [Recorded(number=0, operation=OPERATION, outcome=Failed(reason=VALUE))])


def test_an_encrypted_journal_holds_no_value_in_plain_text(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, key=KEY) as store:
        journal(store, "r1")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert VALUE.encode() not in kept
    with StateStore.open(tmp_path, key=KEY) as store:
        (entry,) = store.entries("r1")
        assert entry.outcome == Failed(reason=VALUE)
        assert entry.attempts[0].preimage == {"channel": VALUE}


def test_without_its_key_a_journal_tells_who_and_when_and_no_more(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, key=KEY) as store:
        journal(store, "r1")
    with StateStore.open(tmp_path) as store:
        assert [run.actor for run in store.runs()] == ["ci"]
        assert store.counts("r1") == {"failed": 1}
        refused = f"the state in {tmp_path} is encrypted, and PARAGON_SYNC_PLAN_KEY is not set"
        with pytest.raises(PlanKeyError, match=refused):
            list(store.entries("r1"))
        with pytest.raises(PlanKeyError, match=refused):
            store.begin(run_header("r2"))
        with pytest.raises(PlanKeyError, match=refused):
            store.record("r1", [Recorded(number=1, operation=OPERATION, outcome=Applied())])


def test_another_key_opens_no_journal(tmp_path: Path) -> None:
    StateStore.open(tmp_path, key=KEY).close()
    with pytest.raises(PlanKeyError, match="is encrypted with another key than the one in PARAGON_SYNC_PLAN_KEY"):
        StateStore.open(tmp_path, key=OTHER)


def test_what_was_recorded_before_there_was_a_key_is_read_with_it(tmp_path: Path) -> None:
    with StateStore.open(tmp_path) as store:
        journal(store, "r1")
    with StateStore.open(tmp_path, key=KEY) as store:
        journal(store, "r2")
        assert [[entry.outcome for entry in store.entries(run)] for run in ("r1", "r2")] == [[Failed(reason=VALUE)]] * 2


def test_records_that_trade_places_are_noticed(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, key=KEY) as store:
        journal(store, "r1")
        journal(store, "r2")
    edit(
        tmp_path / "state.sqlite",
        "UPDATE paragon_sync_attempts SET preimage ="
        " (SELECT preimage FROM paragon_sync_attempts WHERE run = 'r2') WHERE run = 'r1'",
    )
    with StateStore.open(tmp_path, key=KEY) as store:
        assert len(list(store.entries("r2"))) == 1
        with pytest.raises(StateError, match="holds a record that can't be read: not what was sealed here"):
            list(store.entries("r1"))


def test_a_journal_whose_salt_is_damaged_says_so(tmp_path: Path) -> None:
    StateStore.open(tmp_path, key=KEY).close()
    edit(tmp_path / "state.sqlite", "UPDATE paragon_sync_format SET sealing = 'x'")
    with pytest.raises(StateError, match="holds a record that can't be read: how it is encrypted"):
        StateStore.open(tmp_path, key=KEY)
