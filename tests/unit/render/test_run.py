from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES
from paragon_sync.jsonvalue import ABSENT, loads
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    OutcomeName,
    Resumption,
    SideEffect,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import MetadataSubject
from paragon_sync.render.outcomes import print_record, print_run, print_runs
from paragon_sync.render.plan import View
from paragon_sync.render.run import Part
from paragon_sync.render.run_text import run_lines
from paragon_sync.render.runs_text import run_record_lines
from paragon_sync.store.journal import Attempt, Entry
from tests import nouns
from tests.nouns import StoredRun, run_header

RUN = "20260314-101502-4f1c"
SCHEMA = loads((Path(__file__).parents[3] / "schemas" / "run.schema.json").read_text("utf-8"))
RUNS_SCHEMA = loads((Path(__file__).parents[3] / "schemas" / "runs.schema.json").read_text("utf-8"))
OPEN = Window(opened=Moment(monotonic=7, wall=1773483303.5))
CLOSED = replace(OPEN, closed=Moment(monotonic=7.041015625, wall=1773483303.541015625))
OPENED = "2026-03-14T10:15:03.500000+00:00"
SENT = Attempt(preimage={}, requests=(), sent="t1", window=OPEN)
WHOLE = run_header(
    RUN,
    allowed={"valuesRemoved": "20"},
    finished="2026-03-14T10:16:00+00:00",
    stopped="five failures in a row",
    message="new channel",
    ci_url="https://ci/1",
    rolls_back="r0",
    rolled_back_by="r2",
    operations=7,
    resumed=(Resumption(actor="ada", at="2026-03-14T10:15:40+00:00", message="on", allowed={"findings": "1"}),),
)


def entry(number: int, outcome: Outcome | None, user: str = "acme-corp") -> Entry:
    return Entry(number=number, user=user, subject=nouns.SLACK, outcome=outcome, attempts=(SENT,))


def told(recorded: StoredRun, output_format: str = "text") -> tuple[str, int]:
    stream = io.StringIO()
    code = print_run(recorded, RUN, output_format, stream=stream)
    return stream.getvalue(), code


def test_a_run_that_went_well_is_told_in_a_few_lines() -> None:
    recorded = StoredRun(
        recorded=(
            replace(entry(0, Applied(enabled=1)), attempts=(replace(SENT, window=CLOSED),)),
            entry(1, Applied(resolved=True, enabled=1)),
            entry(2, Unchanged()),
        ),
    )
    assert told(recorded) == (
        """\
production · run 20260314-101502-4f1c · plan 4f1c09ab

3 operations: 2 applied, 1 unchanged.
2 workflows enabled through config: triggers unconfirmed.
Longest read-to-write window 41 ms.
""",
        EXIT_OK,
    )


@pytest.mark.parametrize(
    ("outcome", "enabled"), [(Applied(enabled=1), 1), (Applied(), 0), (Unchanged(), 0), (Failed(reason="x"), 0)]
)
def test_what_was_enabled_by_config_is_unconfirmed(outcome: Outcome, enabled: int) -> None:
    recorded = StoredRun(recorded=(entry(0, outcome),))
    assert document(recorded)["workflowsEnabledThroughConfig"] == enabled
    assert ("unconfirmed" in told(recorded)[0]) == bool(enabled)


def test_everything_that_did_not_end_well_is_told_with_its_reason() -> None:
    paths = (
        ConflictingPath(pointer=("a",), label="Channel", base="C001", live="C777", planned="C0123"),
        ConflictingPath(pointer=("b",), label="API key", base="x", live="y", planned="x"),
        ConflictingPath(pointer=("c",), label="Day", base=ABSENT, live=None, planned={"token": "x"}),
    )
    recorded = StoredRun(
        recorded=(
            entry(0, Conflict(paths=paths)),
            replace(entry(1, Failed(reason="not kept by the server")), subject=MetadataSubject()),
            entry(2, Blocked(reason="the user's metadata did not end well, so nothing else is sent")),
            entry(3, Unknown(reason="lost"), "globex"),
            entry(4, None),
            entry(5, Conflict(paths=(), after_write=True)),
            entry(6, Applied(notes=("moved during write: /x",), alarms=("lost? /y", "lost? /z"))),
            entry(7, Applied(overwritten=paths[:2])),
        ),
        header=run_header(RUN, operations=9, stopped="Five failures in a row."),
    )
    text, code = told(recorded)
    assert code == EXIT_OUTCOMES
    assert (
        text
        == """\
production · run 20260314-101502-4f1c · plan 4f1c09ab

Lost?
  acme-corp · slack · T0001     lost? /y
      lost? /z

Not applied
  acme-corp · slack · T0001     conflict: live has moved away from the plan
      Channel: was "C001", is "C777", planned "C0123"
      API key: was (secret), is (secret, changed), planned (secret)
      Day: was (absent), is null, planned {"token": "(secret)"}
  acme-corp · metadata          failed: not kept by the server
  acme-corp · slack · T0001
      blocked: the user's metadata did not end well, so nothing else is sent
  globex · slack · T0001        unknown: lost
  acme-corp · slack · T0001     sent, and no answer was recorded
  acme-corp · slack · T0001     conflict: changed after our write

Notes
  acme-corp · slack · T0001     moved during write: /x
  acme-corp · slack · T0001
      overwritten: Channel: was "C001", is "C777", planned "C0123"
      overwritten: API key: was (secret), is (secret, changed), planned (secret)

9 operations: 2 applied, 2 in conflict, 1 blocked, 1 failed, 1 unknown, 1 sent
without an answer, 1 not reached.
Five failures in a row.
"""
    )


@pytest.mark.parametrize(
    ("recorded", "code"),
    [
        (StoredRun(recorded=()), EXIT_OK),
        (StoredRun(recorded=(entry(0, Unchanged()),)), EXIT_OK),
        (StoredRun(recorded=(entry(0, Failed(reason="x")),)), EXIT_OUTCOMES),
        (StoredRun(recorded=(entry(0, None),)), EXIT_OUTCOMES),
        (StoredRun(recorded=(), header=run_header(RUN, operations=1)), EXIT_OUTCOMES),
    ],
    ids=["empty", "unchanged", "failed", "sending", "not reached"],
)
def test_the_exit_code_tells_whether_all_is_well(recorded: StoredRun, code: int) -> None:
    assert [told(recorded, output_format)[1] for output_format in ("text", "json")] == [code, code]


def test_a_run_of_nothing_says_so() -> None:
    assert told(StoredRun(recorded=()))[0].endswith("\nNo operations.\n")


def document(recorded: StoredRun) -> dict[str, object]:
    read = loads(told(recorded, "json")[0])
    assert isinstance(read, dict)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(read)] == []
    return dict(read)


def test_the_json_holds_the_run_and_every_operation() -> None:
    path = ConflictingPath(pointer=("a", "b/"), label="Channel", base=ABSENT, live=1.0, planned={"token": "x"})
    secret = replace(path, label="Token")
    effects = (
        SideEffect(credential="c1", configuration=None, workflow="w1"),
        SideEffect(credential="c1", configuration="g", workflow="w2"),
    )
    recorded = StoredRun(
        recorded=(
            entry(0, Applied(notes=("n",), alarms=("a",))),
            replace(entry(1, Unchanged()), subject=MetadataSubject(), attempts=()),
            entry(2, Conflict(paths=(path, secret), after_write=True)),
            replace(entry(3, Blocked(reason="r")), attempts=(SENT, replace(SENT, window=CLOSED))),
            entry(4, None),
            entry(5, Applied(side_effects=effects, overwritten=(secret,))),
            entry(6, Failed(reason="r", alarms=("a",))),
        ),
        header=WHOLE,
    )
    read = document(recorded)
    operations, summary = read.pop("operations"), read.pop("summary")
    assert read == {
        "formatVersion": 1,
        "run": RUN,
        "plan": "4f1c09ab" * 8,
        "environment": "production",
        "project": "db06d291",
        "actor": "ci",
        "started": "2026-03-14T10:15:02+00:00",
        "finished": "2026-03-14T10:16:00+00:00",
        "stopped": "five failures in a row",
        "message": "new channel",
        "ciUrl": "https://ci/1",
        "rollsBack": "r0",
        "rolledBackBy": "r2",
        "allowed": {"valuesRemoved": "20"},
        "resumed": [{"actor": "ada", "at": "2026-03-14T10:15:40+00:00", "message": "on", "allowed": {"findings": "1"}}],
        "counts": {
            "operations": 7,
            "applied": 2,
            "unchanged": 1,
            "conflict": 1,
            "blocked": 1,
            "failed": 1,
            "unknown": 0,
            "sending": 1,
            "notReached": 0,
        },
        "sentAgain": 1,
        "workflowsEnabledThroughConfig": 0,
        "longestWindowMs": 41.015625,
    }
    assert isinstance(summary, list)
    assert [(one["outcome"], one["operations"], one["reason"]) for one in summary if isinstance(one, dict)] == [
        (
            "conflict",
            1,
            (
                "conflict: changed after our write\n"
                'Channel: was (absent), is 1.0, planned {"token": "(secret)"}\n'
                "Token: was (absent), is (secret), planned (secret)"
            ),
        ),
        ("blocked", 1, "blocked: r"),
        ("sending", 1, "sent, and no answer was recorded"),
        ("failed", 1, "failed: r"),
    ]
    slack = {"kind": "configuration", "integration": "slack", "credential": "c1", "account": "T0001", "attempts": 1}
    on_slack = {"user": "acme-corp", **slack, "windows": [{"opened": OPENED}]}
    paths = [
        {
            "pointer": "/a/b~1",
            "label": "Channel",
            "secret": False,
            "live": 1.0,
            "planned": {"token": "(secret)"},
        },
        {"pointer": "/a/b~1", "label": "Token", "secret": True},
    ]
    applied = {"outcome": "applied", "resolved": False}
    windows = [{"opened": OPENED}, {"opened": OPENED, "closed": "2026-03-14T10:15:03.541016+00:00"}]
    shown = [{"credential": "c1", "workflow": "w1"}, {"credential": "c1", "configuration": "g", "workflow": "w2"}]
    assert operations == [
        {"number": 0, **on_slack, **applied, "notes": ["n"], "alarms": ["a"]},
        {"number": 1, "user": "acme-corp", "kind": "metadata", "outcome": "unchanged", "attempts": 0},
        {"number": 2, **on_slack, "outcome": "conflict", "afterWrite": True, "paths": paths},
        {
            "number": 3,
            **on_slack,
            "outcome": "blocked",
            "reason": "r",
            "attempts": 2,
            "windowMs": 41.015625,
            "windows": windows,
        },
        {"number": 4, **on_slack, "outcome": "sending"},
        {
            "number": 5,
            **on_slack,
            **applied,
            "notes": [],
            "alarms": [],
            "sideEffects": shown,
            "overwritten": paths[1:],
        },
        {"number": 6, **on_slack, "outcome": "failed", "reason": "r", "alarms": ["a"]},
    ]


RECORDED = st.builds(
    lambda outcomes, users: StoredRun(
        recorded=tuple(
            Entry(number=number, user=user, subject=nouns.SLACK, outcome=outcome)
            for number, (outcome, user) in enumerate(zip(outcomes, users, strict=False))
        )
    ),
    st.lists(st.none() | nouns.OUTCOMES, max_size=4),
    st.lists(nouns.TEXTS, min_size=4, max_size=4),
)


@given(RECORDED)
def test_no_run_is_wider_than_80_columns_or_holds_what_cannot_be_printed(recorded: StoredRun) -> None:
    grouped = [*run_lines(recorded, RUN, View(full=False)), *run_record_lines(recorded, RUN, None, View(full=False))]
    for text in [*run_lines(recorded, RUN), *run_record_lines(recorded, RUN), *grouped]:
        assert cell_len(text.plain) <= 80
        assert text.plain.isprintable()


@given(RECORDED)
def test_every_run_is_json_of_ascii(recorded: StoredRun) -> None:
    text, _ = told(recorded, "json")
    assert text.isascii()
    assert isinstance(loads(text), dict)


def record(recorded: StoredRun, output_format: str = "text", outcome: OutcomeName | None = None) -> str:
    stream = io.StringIO()
    chosen = None if outcome is None else Part(recorded.entries(RUN, outcome), {"outcome": (outcome,)})
    print_record(recorded, RUN, output_format, chosen, stream=stream)
    return stream.getvalue()


def test_the_record_of_a_run_has_every_operation_with_window_and_attempts() -> None:
    path = ConflictingPath(pointer=("b",), label="API key", base="x", live="y", planned="x")
    recorded = StoredRun(
        recorded=(
            entry(0, Unchanged()),
            replace(entry(1, Applied(resolved=True, enabled=1)), attempts=(SENT, replace(SENT, window=CLOSED))),
            replace(entry(2, Conflict(paths=(path,))), attempts=()),
            entry(3, None),
            entry(4, Applied(notes=("moved during write: /x",), alarms=("lost? /y",))),
        ),
        header=WHOLE,
    )
    assert (
        record(recorded)
        == """\
production · run 20260314-101502-4f1c · plan 4f1c09ab
  by ci, started 2026-03-14 10:15:02 UTC
  finished 2026-03-14 10:16:00 UTC
  five failures in a row
  new channel
  https://ci/1
  allowed valuesRemoved=20
  resumed by ada, 2026-03-14 10:15:40 UTC · on · allowed findings=1
  takes back run r0
  taken back by run r2

  acme-corp · slack · T0001     unchanged · 1 attempt
  acme-corp · slack · T0001     applied (resolved) · 41 ms · 2 attempts
  acme-corp · slack · T0001     conflict
      conflict: live has moved away from the plan
      API key: was (secret), is (secret, changed), planned (secret)
  acme-corp · slack · T0001     sending · 1 attempt
      sent, and no answer was recorded
  acme-corp · slack · T0001     applied · 1 attempt
      lost? /y
      moved during write: /x

7 operations: 2 applied, 1 unchanged, 1 in conflict, 1 sent without an answer, 2
not reached.
1 operation sent more than once.
1 workflow enabled through config: triggers unconfirmed.
Longest read-to-write window 41 ms.
"""
    )


def test_the_record_of_one_outcome_has_only_that_and_the_counts_of_all() -> None:
    recorded = StoredRun(recorded=(entry(0, Unchanged()), entry(1, Failed(reason="not kept"))))
    assert (
        record(recorded, outcome="failed")
        == """\
production · run 20260314-101502-4f1c · plan 4f1c09ab
  by ci, started 2026-03-14 10:15:02 UTC
  not finished: applying the same plan again goes on
  allowed valuesRemoved=20

  acme-corp · slack · T0001     failed · 1 attempt
      failed: not kept

Shown: 1 operation (outcome failed). The whole run:
2 operations: 1 unchanged, 1 failed.
"""
    )
    assert record(recorded, outcome="applied").endswith(
        "=20\n\nShown: 0 operations (outcome applied). The whole run:\n2 operations: 1 unchanged, 1 failed.\n"
    )
    read = loads(record(recorded, "json", "failed"))
    assert isinstance(read, dict)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(read)] == []
    assert len(read["operations"]) == 1


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, " Not finished."),
        ({"stopped": "five failures in a row"}, " Five failures in a row."),
        ({"finished": "2026-03-14T10:16:00+00:00"}, ""),
        ({"finished": "2026-03-14T10:16:00+00:00", "rolls_back": "r0"}, " Takes back run r0."),
        ({"finished": "2026-03-14T10:16:00+00:00", "rolled_back_by": "r2"}, " Taken back by run r2."),
    ],
)
def test_runs_are_listed_with_how_they_ended(more: dict[str, str], state: str) -> None:
    header = run_header(RUN, operations=3, message="new channel", ci_url="https://ci/1", started="some day", **more)
    stream = io.StringIO()
    print_runs([(header, {"applied": 2})], "text", stream)
    assert stream.getvalue() == (
        f"{RUN}\n  production · plan 4f1c09ab · ci · some day\n"
        f"  3 operations: 2 applied, 1 not reached.{state}\n  new channel\n  https://ci/1\n"
    )


def test_a_list_of_no_runs_says_so() -> None:
    stream = io.StringIO()
    print_runs([], "text", stream)
    assert stream.getvalue() == "No runs.\n"


def test_the_list_of_runs_is_json_too() -> None:
    stream = io.StringIO()
    print_runs([(WHOLE, {"applied": 7}), (run_header("r1"), {})], "json", stream)
    read = loads(stream.getvalue())
    assert isinstance(read, dict)
    assert [error.message for error in Draft202012Validator(RUNS_SCHEMA).iter_errors(read)] == []
    assert [(run["run"], run["counts"]["notReached"]) for run in read["runs"]] == [(RUN, 0), ("r1", 0)]
