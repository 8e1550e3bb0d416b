from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paragon_sync.errors import LockLostError, StateError
from paragon_sync.jsonvalue import ABSENT, Number
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    Resumption,
    RunHeader,
    SideEffect,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import ConfigurationSubject, EnableWorkflow, MetadataSubject, Operation, PatchConfig
from paragon_sync.store import location, state
from paragon_sync.store.journal import (
    Attempt,
    Ending,
    Entry,
    Recorded,
    Refused,
    Reread,
    Sending,
    Windows,
    Withdrawn,
    name_of,
    new_run_id,
)
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.state import StateStore

KEY = "k" * 32
RUN = "20260314-101502-4f1c"
SLACK = ConfigurationSubject(integration="slack", credential="c1", account="T0001")
PATCH = PatchConfig(credential="c1", configuration="g", config={"n": Number("1.10"), "s": "\udfff\0"})
OUTCOMES: list[Outcome] = [
    Applied(notes=("moved during write: /a",), resolved=True),
    Unchanged(),
    Conflict(
        paths=(ConflictingPath(pointer=("a", ""), label="A", base=ABSENT, live="\ud800", planned=Number("1.10")),)
    ),
    Blocked(reason="metadata did not end well"),
    Failed(reason="not kept by the server"),
    Unknown(reason="connection lost"),
]


def header(run: str = RUN, digest: str = "d1", started: str = "2026-03-14T10:15:02Z") -> RunHeader:
    return RunHeader(
        run=run,
        plan_digest=digest,
        environment="production",
        project="db06d291",
        actor="ci",
        started=started,
        allowed={"valuesRemoved": "20"},
    )


def operation(user: str = "acme", *, metadata: bool = False) -> Operation:
    return Operation(
        user=user, subject=MetadataSubject() if metadata else SLACK, base={}, requests=(), managed=(), changes=()
    )


def window(opened: float, closed: float | None = None) -> Window:
    """One that was open from and to these seconds; the wall clock is 1,000 s ahead."""

    def moment(seconds: float) -> Moment:
        return Moment(monotonic=seconds, wall=1000 + seconds)

    return Window(opened=moment(opened), closed=None if closed is None else moment(closed))


def sending(number: int, at: str = "t1", opened: float = 0.5, attempt: int = 1, **preimage: str) -> Sending:
    return Sending(
        number=number,
        operation=operation(),
        preimage={**preimage},
        requests=(PATCH,),
        at=at,
        opened=window(opened).opened,
        attempt=attempt,
    )


def ended(number: int, outcome: Outcome, windows: tuple[Window, ...] = ()) -> Recorded:
    return Recorded(number=number, operation=operation(), outcome=outcome, windows=windows)


@pytest.fixture(params=["folder", "sqlite", "postgresql", "sealed folder", "sealed postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StateStore]:
    """Opens the same store as often as it is called: of each kind, in plain text and encrypted."""
    kind, key = request.param, KEY if "sealed" in request.param else None
    where: str | Path = tmp_path / "state"
    if kind == "sqlite":
        where = f"sqlite:///{tmp_path}/state.db"
    elif "postgresql" in kind:
        where = request.getfixturevalue("postgres_url")
    return lambda: StateStore.open(where, key=key)


@pytest.fixture
def store(opening: Callable[[], StateStore]) -> Iterator[StateStore]:
    with opening() as opened:
        opened.begin(header())
        yield opened


def test_a_run_is_recorded_from_begin_to_finish(store: StateStore) -> None:
    assert store.run(RUN) == header()
    store.stop(RUN, "five failures in a row")
    assert store.run(RUN) == replace(header(), stopped="five failures in a row")
    again = Resumption(actor="ada", at="2026-03-14T10:15:30Z", allowed={"workflowsDisabled": "9"}, message="on")
    store.resume(RUN, again)
    assert store.run(RUN) == replace(header(), resumed=(again,))
    store.resume(RUN, again)
    store.finish(RUN, "2026-03-14T10:16:00Z")
    store.begin(replace(header("other"), rolls_back=RUN))
    assert [run.run for run in store.rollbacks_of(RUN)] == ["other"]
    expected = replace(header(), finished="2026-03-14T10:16:00Z", rolled_back_by="other", resumed=(again, again))
    assert store.run(RUN) == expected


def test_what_a_run_begins_with_is_kept(store: StateStore) -> None:
    begun = replace(header("other"), message="on \ud800", ci_url="https://ci/1", rolls_back=RUN, operations=4)
    store.begin(begun)
    assert store.run("other") == begun


def test_runs_are_listed_latest_first_and_found_by_their_plan(store: StateStore) -> None:
    store.begin(header("20260314-120000-0001", "d2", "2026-03-14T12:00:00Z"))
    store.begin(header("20260315-120000-0001", "d1", "2026-03-15T12:00:00Z"))
    assert [run.run[:8] + run.plan_digest for run in store.runs()] == ["20260315d1", "20260314d2", "20260314d1"]
    assert [run.run for run in store.runs_of("d1")] == ["20260315-120000-0001", RUN]
    assert store.runs_of("d3") == []


def test_an_unknown_run_is_an_error(store: StateStore) -> None:
    with pytest.raises(StateError, match="there is no run nobody in "):
        store.run("nobody")


def test_a_run_id_is_taken_once(store: StateStore) -> None:
    with pytest.raises(StateError, match="can't be read or written"):
        store.begin(header())


def test_what_is_sent_is_recorded_before_with_its_pre_image(store: StateStore) -> None:
    store.sending(RUN, [sending(0, channel="C1"), sending(3)])
    first, second = store.entries(RUN)
    assert first == Entry(
        number=0,
        user="acme",
        subject=SLACK,
        outcome=None,
        attempts=(Attempt(preimage={"channel": "C1"}, requests=(PATCH,), sent="t1", window=window(0.5)),),
    )
    assert second.number == 3
    assert store.counts(RUN) == {"sending": 2}
    assert list(store.entries(RUN, sending=True)) == [first, second]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=name_of)
def test_an_outcome_takes_the_place_of_sending(store: StateStore, outcome: Outcome) -> None:
    store.sending(RUN, [sending(0), sending(1)])
    store.record(RUN, [ended(1, outcome, (window(0.5, 0.75),))])

    (entry,) = store.entries(RUN, name_of(outcome))
    assert (entry.number, entry.outcome) == (1, outcome)
    assert [attempt.window for attempt in entry.attempts] == [window(0.5, 0.75)]
    assert store.counts(RUN) == {"sending": 1, name_of(outcome): 1}
    assert store.windows(RUN) == Windows(number=1, longest=250, usual=250)


def test_what_was_never_sent_has_an_outcome_and_no_attempt(store: StateStore) -> None:
    blocked = Recorded(number=5, operation=operation("\ud800", metadata=True), outcome=Unchanged())
    store.record(RUN, [blocked])
    expected = Entry(number=5, user="\ud800", subject=MetadataSubject(), outcome=Unchanged())
    assert list(store.entries(RUN)) == [expected]
    assert store.windows(RUN) is None


def test_each_attempt_keeps_its_own_pre_image(store: StateStore) -> None:
    store.sending(RUN, [sending(0, "t1", channel="C1")])
    store.record(RUN, [ended(0, Unknown(reason="lost"), (window(0.5, 1),))])
    store.sending(RUN, [sending(0, "t3", 2, attempt=2, channel="C2"), sending(1, "t3")])
    assert store.counts(RUN) == {"sending": 2}
    store.record(RUN, [ended(0, Applied(), (window(2, 3),))])

    first, _ = store.entries(RUN)
    tries = [(a.preimage, a.sent, a.window) for a in first.attempts]
    assert tries == [({"channel": "C1"}, "t1", window(0.5, 1)), ({"channel": "C2"}, "t3", window(2, 3))]


def test_each_attempt_has_its_own_window_whichever_was_answered(store: StateStore) -> None:
    store.sending(RUN, [sending(0, opened=1)])
    store.sending(RUN, [sending(0, opened=2, attempt=2)])
    store.sending(RUN, [sending(0, opened=3, attempt=3)])
    store.record(RUN, [ended(0, Applied(), windows=(window(3), window(2, 2.5), window(1, 1.25)))])

    (entry,) = store.entries(RUN)
    assert [attempt.window for attempt in entry.attempts] == [window(1, 1.25), window(2, 2.5), window(3)]
    assert store.windows(RUN) == Windows(number=1, longest=500, usual=500)


def test_an_ending_tells_what_its_entry_does(store: StateStore) -> None:
    store.sending(RUN, [sending(0, opened=1), sending(1, opened=1), sending(2, opened=1)])
    store.record(RUN, [ended(1, Failed(reason="no"), windows=(window(1, 1.25),))])
    store.sending(RUN, [sending(1, opened=2, attempt=2)])
    store.record(RUN, [ended(1, Applied(notes=("n",)), windows=(window(2, 2.5),)), ended(0, Unknown(reason="lost"))])
    store.record(RUN, [Recorded(number=9, operation=operation("\ud800", metadata=True), outcome=Unchanged())])

    def told(of: Entry | Ending) -> tuple[object, ...]:
        return (of.number, of.user, of.subject, of.outcome)

    endings = list(map(told, store.endings(RUN, {"applied", "unknown", "sending", "unchanged"})))
    assert endings == list(map(told, store.entries(RUN)))
    assert [ending.number for ending in store.endings(RUN, {"unchanged", "sending"})] == [2, 9]


def test_of_many_windows_the_longest_and_the_usual_are_told(store: StateStore) -> None:
    store.sending(RUN, [sending(number, opened=1) for number in range(4)])
    closed = {0: 1.25, 1: 3.0, 2: 1.5}
    store.record(RUN, [ended(number, Applied(), windows=(window(1, end),)) for number, end in closed.items()])
    store.record(RUN, [ended(3, Unknown(reason="lost"), windows=(window(1),))])
    assert store.windows(RUN) == Windows(number=3, longest=2000, usual=500)
    store.sending(RUN, [sending(3, opened=4, attempt=2)])
    store.record(RUN, [ended(3, Applied(), windows=(window(4, 4.125),))])
    assert store.windows(RUN) == Windows(number=4, longest=2000, usual=250)


def test_what_was_sent_more_than_once_is_counted(store: StateStore) -> None:
    store.sending(RUN, [sending(0, opened=1), sending(1, opened=1), sending(2, opened=1)])
    assert store.sent_again(RUN) == 0
    store.sending(RUN, [sending(1, opened=2, attempt=2), sending(2, opened=2, attempt=2)])
    store.sending(RUN, [sending(1, opened=3, attempt=3)])
    assert store.sent_again(RUN) == 2


def test_outcomes_that_are_alike_are_counted_together(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_MANY", 4)
    store.sending(RUN, [sending(number) for number in range(11)])
    outcomes: list[Outcome] = [Applied(enabled=1), Failed(reason="no"), Applied(enabled=1), Unchanged(), Applied()]
    store.record(RUN, [ended(2 * number, outcome) for number, outcome in enumerate(outcomes)])

    pages = list(store.outcomes(RUN))
    counted: Counter[tuple[str, Outcome | None]] = Counter()
    for name, outcome, times in pages:
        counted[name, outcome] += times
    assert counted == {
        ("applied", Applied(enabled=1)): 2,
        ("applied", Applied()): 1,
        ("failed", None): 1,
        ("unchanged", Unchanged()): 1,
        ("sending", None): 6,
    }
    assert len(pages) < 11


def test_what_a_change_of_metadata_may_switch_off_is_kept(store: StateStore) -> None:
    on = (
        SideEffect(credential="c1", configuration=None, workflow="w"),
        SideEffect(credential="\ud800", configuration="g", workflow="v"),
    )
    store.sending(RUN, [replace(sending(0), enabled=on)])
    (entry,) = store.entries(RUN)
    assert entry.attempts[0].enabled == on


def test_an_outcome_without_a_new_attempt_leaves_the_old_ones_alone(store: StateStore) -> None:
    store.sending(RUN, [sending(0)])
    store.record(RUN, [ended(0, Unknown(reason="lost"), (window(0.5, 1),))])
    store.record(RUN, [ended(0, Applied(resolved=True))])
    (entry,) = store.entries(RUN)
    assert entry.outcome == Applied(resolved=True)
    assert [attempt.window for attempt in entry.attempts] == [window(0.5, 1)]


def test_resuming_goes_through_what_is_sent_or_unknown(store: StateStore) -> None:
    store.sending(RUN, [sending(0), sending(1), sending(2)])
    store.record(RUN, [ended(1, Unknown(reason="lost")), ended(2, Failed(reason="not kept"))])
    assert [entry.number for entry in store.entries(RUN) if entry.is_open] == [0, 1]


def test_runs_do_not_see_each_other(store: StateStore) -> None:
    store.begin(header("other"))
    store.sending(RUN, [sending(0)])
    store.record("other", [ended(0, Unchanged())])
    assert store.counts(RUN) == {"sending": 1}
    assert [entry.attempts for entry in store.entries("other")] == [()]


def test_long_journals_come_in_the_order_of_the_plan(store: StateStore) -> None:
    store.sending(RUN, [sending(number) for number in reversed(range(1203))])
    store.record(RUN, [ended(number, Applied()) for number in range(0, 1203, 2)])
    assert [entry.number for entry in store.entries(RUN)] == list(range(1203))
    assert [entry.number for entry in store.entries(RUN, "applied")] == list(range(0, 1203, 2))
    assert all(len(entry.attempts) == 1 for entry in store.entries(RUN))


def test_users_are_found_by_globs_however_far_apart_they_stand(store: StateStore) -> None:
    about = {number: operation(f"user-{number}") for number in range(1203)}
    store.sending(RUN, [replace(sending(number), operation=one) for number, one in about.items()])
    store.record(RUN, [ended(number, Applied()) for number in range(0, 1203, 2)])
    assert [entry.number for entry in store.entries(RUN, users=["user-12?", "user-1202"])] == [*range(120, 130), 1202]
    assert [entry.number for entry in store.entries(RUN, "applied", users=["user-?"])] == [0, 2, 4, 6, 8]
    assert list(store.entries(RUN, users=["USER-1"])) == []


def test_empty_batches_change_nothing(store: StateStore) -> None:
    store.sending(RUN, [])
    store.record(RUN, [])
    assert list(store.entries(RUN)) == []


def test_a_journal_outlives_its_process(opening: Callable[[], StateStore]) -> None:
    with opening() as store:
        store.begin(header())
        store.sending(RUN, [sending(0)])
    with opening() as store:
        assert [entry.number for entry in store.entries(RUN)] == [0]


def test_a_journal_is_read_while_it_is_written(opening: Callable[[], StateStore], store: StateStore) -> None:
    with opening() as reader:
        store.sending(RUN, [sending(0)])
        assert reader.counts(RUN) == {"sending": 1}


def test_a_store_can_be_made_by_several_at_once(opening: Callable[[], StateStore]) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: opening(), range(8)))
    stores[0].begin(header())
    assert [store.runs() for store in stores] == [[header()]] * 8
    for store in stores:
        store.close()


OWNER = Owner(project="p", environment="production", actor="ada", host="a", pid=1, since="2026-03-14T10:15:02+00:00")
NEXT = replace(OWNER, actor="ci", host="b", pid=2)


class TestFence:
    """What is written under a fencing token is written by its holder alone."""

    def test_each_holder_has_a_higher_token(self, opening: Callable[[], StateStore], store: StateStore) -> None:
        store.hold_fence(OWNER)
        store.check_fence()
        with opening() as other:
            other.hold_fence(NEXT)
            other.check_fence()
        with pytest.raises(LockLostError, match=r"ci on b \(process 2\) has taken it, at 20"):
            store.check_fence()
        store.hold_fence(OWNER)
        store.check_fence()

    def test_another_environment_is_another_fence(self, opening: Callable[[], StateStore], store: StateStore) -> None:
        store.hold_fence(OWNER)
        with opening() as other:
            other.hold_fence(replace(NEXT, environment="staging"))
            other.hold_fence(replace(NEXT, project="q"))
        store.check_fence()

    def test_nothing_is_recorded_with_an_earlier_token(
        self, opening: Callable[[], StateStore], store: StateStore
    ) -> None:
        store.hold_fence(OWNER)
        store.sending(RUN, [sending(0), sending(1)])
        store.record(RUN, [ended(0, Applied())])
        with opening() as other:
            other.hold_fence(NEXT)
            before = list(other.entries(RUN))
            writes: list[Callable[[], None]] = [
                lambda: store.sending(RUN, [sending(2)]),
                lambda: store.record(RUN, [ended(0, Unchanged())]),
                lambda: store.keep(RUN, [sending(2), ended(1, Applied())]),
                lambda: store.keep(RUN, [Withdrawn(number=1, attempt=1)]),
                lambda: store.keep(RUN, [Reread(number=1, attempt=1, at="now", opened=Moment(1.0, 2.0))]),
                lambda: store.begin(header("20260314-101503-aaaa")),
                lambda: store.finish(RUN, "now"),
                lambda: store.stop(RUN, "why"),
                lambda: store.resume(RUN, Resumption(actor="ada", at="now")),
            ]
            for write in writes:
                with pytest.raises(LockLostError):
                    write()
            assert before == list(other.entries(RUN))
            assert [header()] == other.runs()

    def test_who_broke_the_lock_is_named(self, opening: Callable[[], StateStore], store: StateStore) -> None:
        store.hold_fence(OWNER)
        with opening() as other:
            other.break_fence(NEXT)
            other.check_fence()  # it holds none
        with pytest.raises(LockLostError, match=r"ci on b \(process 2\) broke it with 'runs unlock', at 20"):
            store.check_fence()

    def test_a_token_stays_until_the_record_is_on_disk(
        self, opening: Callable[[], StateStore], store: StateStore
    ) -> None:
        """The next holder waits for a transaction that has checked the token."""
        store.hold_fence(OWNER)
        order: list[str] = []

        def take() -> None:
            with opening() as other:
                other.hold_fence(NEXT)
                order.append("taken")

        with ThreadPoolExecutor(1) as threads:
            with store._writing():
                taking = threads.submit(take)
                time.sleep(0.2)
                order.append("recorded")
            taking.result(30)
        assert ["recorded", "taken"] == order


class TestUnsent:
    """An attempt that was recorded and never sent."""

    def test_a_newer_read_gives_it_a_newer_time(self, store: StateStore) -> None:
        store.sending(RUN, [sending(0)])
        store.keep(RUN, [Reread(number=0, attempt=1, at="2026-03-14T10:15:09+00:00", opened=Moment(70.0, 80.0))])
        store.record(RUN, [ended(0, Applied(), (Window(opened=Moment(70.0, 80.0), closed=Moment(71.0, 81.0)),))])
        (entry,) = store.entries(RUN)
        assert (1000.0, "2026-03-14T10:15:09+00:00") == (entry.window, entry.attempts[0].sent)

    def test_withdrawn_it_leaves_no_entry(self, store: StateStore) -> None:
        store.sending(RUN, [sending(0), sending(1)])
        store.keep(RUN, [Withdrawn(number=0, attempt=1)])
        assert [1] == [entry.number for entry in store.entries(RUN)]

    def test_withdrawn_with_an_outcome_it_leaves_that(self, store: StateStore) -> None:
        store.sending(RUN, [sending(0)])
        store.keep(RUN, [ended(0, Failed(reason="no")), Withdrawn(number=0, attempt=1)])
        (entry,) = store.entries(RUN)
        assert (Failed(reason="no"), 0) == (entry.outcome, entry.tries)

    def test_withdrawn_after_one_that_was_sent_it_leaves_that(self, store: StateStore) -> None:
        store.sending(RUN, [sending(0)])
        store.sending(RUN, [sending(0, attempt=2)])
        store.keep(RUN, [Withdrawn(number=0, attempt=2)])
        (entry,) = store.entries(RUN)
        assert (None, 1) == (entry.outcome, entry.tries)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE paragon_sync_attempts SET preimage = '7'", "UPDATE paragon_sync_attempts SET requests = '7'"],
)
def test_a_damaged_record_is_an_error(tmp_path: Path, statement: str) -> None:
    with StateStore.open(tmp_path) as store:
        store.begin(header())
        store.sending(RUN, [sending(0)])
        edit(tmp_path, statement)
        with pytest.raises(StateError, match="holds a record that can't be read"):
            list(store.entries(RUN))


@pytest.mark.parametrize("reading", [StateStore.outcomes, lambda store, run: store.endings(run, {"applied"})])
def test_so_is_a_damaged_outcome(tmp_path: Path, reading: Callable[[StateStore, str], Iterator[object]]) -> None:
    with StateStore.open(tmp_path) as store:
        store.begin(header())
        store.record(RUN, [ended(0, Applied())])
        edit(tmp_path, "UPDATE paragon_sync_states SET outcome = '7'")
        with pytest.raises(StateError, match="holds a record that can't be read"):
            list(reading(store, RUN))


FIRST_FORMAT = """
CREATE TABLE paragon_sync_format (version VARCHAR(16) NOT NULL PRIMARY KEY, sealing TEXT);
INSERT INTO paragon_sync_format VALUES ('1', NULL);
CREATE TABLE paragon_sync_entries (
    run VARCHAR(64) NOT NULL, number INTEGER NOT NULL, user_id TEXT NOT NULL, subject TEXT NOT NULL,
    managed TEXT NOT NULL, state VARCHAR(16) NOT NULL, outcome TEXT, PRIMARY KEY (run, number));
CREATE INDEX paragon_sync_entries_by_state ON paragon_sync_entries (run, state);
CREATE TABLE paragon_sync_attempts (
    run VARCHAR(64) NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL, preimage TEXT NOT NULL,
    requests TEXT NOT NULL, sent VARCHAR(40) NOT NULL, enabled TEXT, opened DOUBLE PRECISION NOT NULL,
    opened_monotonic DOUBLE PRECISION NOT NULL, closed DOUBLE PRECISION, closed_monotonic DOUBLE PRECISION,
    PRIMARY KEY (run, number, attempt));
INSERT INTO paragon_sync_entries VALUES
    ('r', 0, '"acme"', '{"type":"MetadataSubject"}', '[]', 'failed', '{"type":"Failed","reason":"not kept"}'),
    ('r', 1, '"zeta"', '{"type":"MetadataSubject"}', '[]', 'sending', NULL);
INSERT INTO paragon_sync_attempts VALUES
    ('r', 0, 1, '{"a":1}', '[]', 't1', NULL, 1000.1, 0.1, 1000.3, 0.3),
    ('r', 0, 2, '{"a":2}', '[]', 't2', NULL, 1007.1, 7.1, NULL, NULL),
    ('r', 1, 1, '{}', '[]', 't3', NULL, 1008.0, 8.0, NULL, NULL);
"""


@pytest.fixture(params=["folder", "postgresql"])
def first_format(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where there is a store of the first format."""
    where: str | Path = tmp_path
    if request.param == "postgresql":
        where = request.getfixturevalue("postgres_url")
    engine = location.connect(location.locate(where))
    with engine.begin() as connection:
        for statement in FIRST_FORMAT.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    return where


def test_a_store_of_the_first_format_goes_on(first_format: str | Path) -> None:
    with StateStore.open(first_format) as store:
        assert store.counts("r") == {"failed": 1, "sending": 1}
        failed, open_ = store.entries("r")
        assert (failed.user, failed.outcome) == ("acme", Failed(reason="not kept"))
        first, second = failed.attempts
        assert (first.preimage, first.window) == ({"a": 1}, window(0.1, 0.3))
        assert (second.preimage, second.window) == ({"a": 2}, window(7.1))
        assert open_.outcome is None
        store.sending("r", [sending(1, "t4", 9, attempt=2)])
        store.record("r", [ended(1, Applied(), (window(9, 9.5),))])
    with StateStore.open(first_format) as store:
        assert store.counts("r") == {"failed": 1, "applied": 1}
        (applied,) = store.entries("r", "applied")
        assert [attempt.window for attempt in applied.attempts] == [window(8), window(9, 9.5)]


def test_a_store_of_the_second_format_gets_fences(opening: Callable[[], StateStore], store: StateStore) -> None:
    store.sending(RUN, [sending(0)])
    with store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE paragon_sync_fences")
        connection.exec_driver_sql("ALTER TABLE paragon_sync_attempts DROP COLUMN refused")
        connection.exec_driver_sql("UPDATE paragon_sync_format SET version = '2'")

    with opening() as upgraded:
        upgraded.hold_fence(OWNER)
        upgraded.keep(RUN, [Refused(number=0, attempt=1)])
        (entry,) = upgraded.entries(RUN)
        assert [True] == [attempt.refused for attempt in entry.attempts]


def test_an_attempt_that_was_refused_halfway_keeps_what_it_did(store: StateStore) -> None:
    enable = EnableWorkflow(credential="c1", configuration=None, workflow="wf")
    store.sending(RUN, [replace(sending(0), requests=(PATCH, enable))])

    store.keep(RUN, [Refused(number=0, attempt=1, done=(PATCH,))])

    (entry,) = store.entries(RUN)
    assert [((PATCH,), False)] == [(attempt.requests, attempt.refused) for attempt in entry.attempts]


def test_an_attempt_that_is_recorded_again_is_replaced(store: StateStore) -> None:
    store.sending(RUN, [sending(0, channel="C1")])
    store.sending(RUN, [sending(0, channel="C2")])
    (entry,) = store.entries(RUN)
    assert [{"channel": "C2"}] == [attempt.preimage for attempt in entry.attempts]


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    StateStore.open(tmp_path).close()
    edit(tmp_path, "UPDATE paragon_sync_format SET version = '4'")
    with pytest.raises(StateError, match="has format 4, and this paragon-sync knows format 3"):
        StateStore.open(tmp_path)


def edit(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "state.sqlite")
    database.execute(statement)
    database.commit()
    database.close()


def test_run_ids_sort_by_time() -> None:
    one = new_run_id(datetime(2026, 3, 14, 10, 15, 2, tzinfo=UTC))
    assert re.fullmatch(r"20260314-101502-[0-9a-f]{4}", one)
    assert one < new_run_id(datetime(2026, 3, 14, 10, 15, 3, tzinfo=UTC))
