from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES
from paragon_sync.jsonvalue import ABSENT, loads
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    OutcomeName,
    RunHeader,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import Counts, MetadataSubject, Operation, PlanHeader
from paragon_sync.render.outcomes import print_run
from paragon_sync.render.run_text import run_lines
from paragon_sync.store.journal import SENDING, Attempt, Entry, name_of
from tests import nouns
from tests.nouns import change, configuration, plan_header, run_header, switch

RUN = "20260314-101502-4f1c"
SCHEMA = loads((Path(__file__).parents[3] / "schemas" / "run.schema.json").read_text("utf-8"))
SENT = Attempt(preimage={}, requests=(), sent="t1")


@dataclass(frozen=True)
class Recorded:
    """A journal and its plan, without their files."""

    recorded: tuple[Entry, ...]
    made: tuple[Operation, ...] = ()
    window: float | None = None
    stopped: str | None = None
    finished: str | None = None
    header: PlanHeader = field(default_factory=plan_header)

    @property
    def count(self) -> int:
        return max(len(self.made), len(self.recorded))

    def numbered(self) -> Iterator[tuple[int, Operation]]:
        return enumerate(self.made)

    def run(self, run: str) -> RunHeader:
        return run_header(run, finished=self.finished, allowed={"valuesRemoved": "20"})

    def message(self, _run: str) -> str | None:
        return self.stopped

    def entries(self, _run: str, outcome: OutcomeName | None = None) -> list[Entry]:
        return [entry for entry in self.recorded if outcome is None or state(entry) == outcome]

    def counts(self, _run: str) -> Mapping[str, int]:
        states = [state(entry) for entry in self.recorded]
        return {name: states.count(name) for name in states}

    def longest_window(self, _run: str) -> float | None:
        return self.window


def state(entry: Entry) -> str:
    return SENDING if entry.outcome is None else name_of(entry.outcome)


def entry(number: int, outcome: Outcome | None, user: str = "acme-corp") -> Entry:
    return Entry(number=number, user=user, subject=nouns.SLACK, outcome=outcome, attempts=(SENT,))


def told(recorded: Recorded, output_format: str = "text") -> tuple[str, int]:
    stream = io.StringIO()
    code = print_run(recorded, RUN, recorded, output_format, stream)
    return stream.getvalue(), code


def test_a_run_that_went_well_is_told_in_a_few_lines() -> None:
    made = (
        configuration("a", switch("Digest", before=False, after=True), switch("Report", before=True, after=False)),
        configuration("b", switch("Digest", before=ABSENT, after=True)),
        configuration("c", switch("Digest", before=False, after=True)),
    )
    recorded = Recorded(
        recorded=(entry(0, Applied()), entry(1, Applied(resolved=True)), entry(2, Unchanged())),
        made=made,
        window=41.4,
        header=plan_header(counts=Counts(workflows_enabled=3)),
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


def test_everything_that_did_not_end_well_is_told_with_its_reason() -> None:
    paths = (
        ConflictingPath(pointer=("a",), label="Channel", base="C001", live="C777", planned="C0123"),
        ConflictingPath(pointer=("b",), label="API key", base="x", live="y", planned="x"),
        ConflictingPath(pointer=("c",), label="Day", base=ABSENT, live=None, planned={"token": "x"}),
    )
    recorded = Recorded(
        recorded=(
            entry(0, Conflict(paths=paths)),
            replace(entry(1, Failed(reason="not kept by the server")), subject=MetadataSubject()),
            entry(2, Blocked(reason="the user's metadata did not end well, so nothing else is sent")),
            entry(3, Unknown(reason="lost"), "globex"),
            entry(4, None),
            entry(5, Conflict(paths=(), after_write=True)),
            entry(6, Applied(notes=("moved during write: /x",), alarms=("lost? /y", "lost? /z"))),
        ),
        made=tuple(configuration("acme-corp") for _ in range(9)),
        stopped="Stopped by the user.",
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

9 operations: 1 applied, 2 in conflict, 1 blocked, 1 failed, 1 unknown, 1 sent
without an answer, 2 not reached.
Stopped by the user.
"""
    )


@pytest.mark.parametrize(
    ("recorded", "code"),
    [
        (Recorded(recorded=()), EXIT_OK),
        (Recorded(recorded=(entry(0, Unchanged()),)), EXIT_OK),
        (Recorded(recorded=(entry(0, Failed(reason="x")),)), EXIT_OUTCOMES),
        (Recorded(recorded=(entry(0, None),)), EXIT_OUTCOMES),
        (Recorded(recorded=(), made=(configuration("acme"),)), EXIT_OUTCOMES),
    ],
    ids=["empty", "unchanged", "failed", "sending", "not reached"],
)
def test_the_exit_code_tells_whether_all_is_well(recorded: Recorded, code: int) -> None:
    assert [told(recorded, output_format)[1] for output_format in ("text", "json")] == [code, code]


def test_a_run_of_nothing_says_so() -> None:
    assert told(Recorded(recorded=()))[0].endswith("\nNo operations.\n")


def document(recorded: Recorded) -> dict[str, object]:
    read = loads(told(recorded, "json")[0])
    assert isinstance(read, dict)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(read)] == []
    return dict(read)


def test_the_json_holds_the_run_and_every_operation() -> None:
    path = ConflictingPath(pointer=("a", "b/"), label="Channel", base=ABSENT, live=1.0, planned={"token": "x"})
    secret = replace(path, label="Token")
    recorded = Recorded(
        recorded=(
            entry(0, Applied(notes=("n",), alarms=("a",))),
            replace(entry(1, Unchanged()), subject=MetadataSubject(), attempts=()),
            entry(2, Conflict(paths=(path, secret), after_write=True)),
            entry(3, Blocked(reason="r")),
            entry(4, None),
        ),
        window=41.5,
        stopped="stopped",
        finished="2026-03-14T10:16:00+00:00",
    )
    read = document(recorded)
    operations = read.pop("operations")
    assert read == {
        "formatVersion": 1,
        "run": RUN,
        "plan": "4f1c09ab" * 8,
        "environment": "production",
        "project": "db06d291",
        "actor": "ci",
        "started": "2026-03-14T10:15:02+00:00",
        "finished": "2026-03-14T10:16:00+00:00",
        "allowed": {"valuesRemoved": "20"},
        "message": "stopped",
        "counts": {
            "operations": 5,
            "applied": 1,
            "unchanged": 1,
            "conflict": 1,
            "blocked": 1,
            "failed": 0,
            "unknown": 0,
            "sending": 1,
            "notReached": 0,
        },
        "workflowsEnabledThroughConfig": 0,
        "longestWindowMs": 41.5,
    }
    slack = {"kind": "configuration", "integration": "slack", "credential": "c1", "account": "T0001", "attempts": 1}
    on_slack = {"user": "acme-corp", **slack}
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
    assert operations == [
        {"number": 0, **on_slack, "outcome": "applied", "resolved": False, "notes": ["n"], "alarms": ["a"]},
        {"number": 1, "user": "acme-corp", "kind": "metadata", "outcome": "unchanged", "attempts": 0},
        {"number": 2, **on_slack, "outcome": "conflict", "afterWrite": True, "paths": paths},
        {"number": 3, **on_slack, "outcome": "blocked", "reason": "r"},
        {"number": 4, **on_slack, "outcome": "sending"},
    ]


RECORDED = st.builds(
    lambda outcomes, users: Recorded(
        recorded=tuple(
            Entry(number=number, user=user, subject=nouns.SLACK, outcome=outcome)
            for number, (outcome, user) in enumerate(zip(outcomes, users, strict=False))
        )
    ),
    st.lists(st.none() | nouns.OUTCOMES, max_size=4),
    st.lists(nouns.TEXTS, min_size=4, max_size=4),
)


@given(RECORDED)
def test_no_run_is_wider_than_80_columns_or_holds_what_cannot_be_printed(recorded: Recorded) -> None:
    for text in run_lines(recorded, recorded, RUN):
        assert cell_len(text.plain) <= 80
        assert text.plain.isprintable()


@given(RECORDED)
def test_every_run_is_json_of_ascii(recorded: Recorded) -> None:
    text, _ = told(recorded, "json")
    assert text.isascii()
    assert isinstance(loads(text), dict)


def test_only_what_was_written_through_config_is_counted_as_unconfirmed() -> None:
    on = switch("Digest", before=False, after=True)
    made = (replace(configuration("a", on), enablement="endpoint"), configuration("b", change("Channel", 1, 2)))
    recorded = Recorded(
        recorded=(entry(0, Applied()), entry(1, Applied())),
        made=made,
        header=plan_header(counts=Counts(workflows_enabled=1)),
    )
    assert "unconfirmed" not in told(recorded)[0]
