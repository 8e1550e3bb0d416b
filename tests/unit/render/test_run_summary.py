"""Runs of very many operations: as text, and as JSON."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from paragon_sync.jsonvalue import JsonObject, loads
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
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import MetadataSubject
from paragon_sync.render.outcomes import print_record, print_run
from paragon_sync.render.plan import WHOLE, View
from paragon_sync.render.run_summary import Held, rate_of
from paragon_sync.store.journal import Attempt, Entry
from tests import nouns
from tests.nouns import StoredRun, run_header
from tests.unit.render.test_run import RUN

HEADER = run_header(
    RUN, started="2026-03-14T10:15:02.500+00:00", finished="2026-03-14T10:16:42+00:00", operations=5_000
)


def sent(ms: float) -> Attempt:
    opened = Moment(monotonic=7.0, wall=1773483303.5)
    closed = Moment(monotonic=7.0 + ms / 1000, wall=1773483303.5 + ms / 1000)
    return Attempt(preimage={}, requests=(), sent="t", window=Window(opened=opened, closed=closed))


def outcome_of(number: int) -> Outcome:
    path = ConflictingPath(pointer=("a",), label="Sync interval", base=15, live=20, planned=30)
    if number % 100 == 1:
        return Conflict(paths=(replace(path, live=number),))
    if number % 250 == 2:
        return Failed(reason="not kept by the server")
    if number % 500 == 3:
        return Unknown(reason=f"sent, but not read back: PATCH /sdk/credentials/c{number}: timed out")
    if number % 1000 == 4:
        return Applied(notes=(f'moved during write: /sharedSettings/"x{number}"',))
    return Unchanged() if number % 10 == 5 else Applied()


def bulk() -> StoredRun:
    recorded = []
    for number in range(5_000):
        outcome = outcome_of(number)
        attempts = () if isinstance(outcome, Unchanged | Conflict) else (sent(20.0 + number % 50),)
        attempts *= 2 if number % 700 == 6 else 1
        entry = Entry(
            number=number, user=f"customer-{number:05}", subject=nouns.SLACK, outcome=outcome, attempts=attempts
        )
        recorded.append(entry)
    blocked = replace(recorded[7], outcome=Blocked(reason="the user's metadata did not end well"), attempts=())
    lost = Applied(alarms=("lost? /sharedSettings/x",))
    recorded[7], recorded[8] = blocked, replace(recorded[8], subject=MetadataSubject(), outcome=lost)
    return StoredRun(recorded=tuple(recorded), header=HEADER)


def text_of(recorded: StoredRun, view: View = WHOLE, held: Held | None = None) -> str:
    stream = io.StringIO()
    print_run(recorded, RUN, "text", view=view, held=held, stream=stream)
    return stream.getvalue()


def test_what_happened_to_many_is_grouped_by_what_and_why() -> None:
    assert (
        text_of(bulk(), held=Held(refusals=3, paused=12.2))
        == """\
production · run 20260314-101502-4f1c · plan 4f1c09ab

Lost?
  customer-00008 · metadata     lost? /sharedSettings/x

Not applied
  50 operations · slack         conflict: live has moved away from the plan
      Sync interval: was 15, is …, planned 30
    customer-00001, customer-00101, customer-00201, …
  20 operations · slack         failed: not kept by the server
    customer-00002, customer-00252, customer-00502, …
  10 operations · slack
      unknown: sent, but not read back: PATCH …: timed out
    customer-00003, customer-00503, customer-01003, …
  1 operation · slack           blocked: the user's metadata did not end well
    customer-00007

Notes
  customer-00004 · slack · T0001  moved during write: /sharedSettings/"x4"
  customer-01004 · slack · T0001  moved during write: /sharedSettings/"x1004"
  customer-02004 · slack · T0001  moved during write: /sharedSettings/"x2004"
  customer-03004 · slack · T0001  moved during write: /sharedSettings/"x3004"
  customer-04004 · slack · T0001  moved during write: /sharedSettings/"x4004"

5,000 operations: 4,419 applied, 500 unchanged, 50 in conflict, 1 blocked, 20
failed, 10 unknown.
In 100 s, 50.3 operations a second; 8 operations sent more than once; the server
held the run up 3 times, 12 s in all.
Longest read-to-write window 69 ms, usual 44 ms.
Grouped by what is alike; one by one: paragon-sync runs show
20260314-101502-4f1c --full
"""
    )


def test_each_is_told_when_asked_for() -> None:
    text = text_of(bulk(), View(full=True))
    assert text.count("live has moved away from the plan") == 50
    assert "Grouped" not in text


@pytest.mark.parametrize("number", [20, 21])
def test_twenty_are_told_one_by_one(number: int) -> None:
    recorded = tuple(
        Entry(number=n, user=f"u{n}", subject=nouns.SLACK, outcome=Failed(reason="no")) for n in range(number)
    )
    assert ("21 operations · slack" in text_of(StoredRun(recorded=recorded))) is (number == 21)


def record_of(recorded: StoredRun, view: View = WHOLE) -> str:
    stream = io.StringIO()
    print_record(recorded, RUN, "text", view=view, stream=stream)
    return stream.getvalue()


def test_a_record_of_many_is_grouped_too() -> None:
    assert record_of(bulk()).split("\n\n")[1].splitlines()[:6] == [
        "  4,413 operations · slack      applied",
        "    customer-00000, customer-00006, customer-00009, …",
        "  500 operations · slack        unchanged",
        "    customer-00005, customer-00015, customer-00025, …",
        "  50 operations · slack         conflict: live has moved away from the plan",
        "      Sync interval: was 15, is …, planned 30",
    ]
    assert record_of(bulk(), View(full=True)).count("applied · 21 ms · 1 attempt") == 50


def test_a_further_kind_of_outcome_is_counted() -> None:
    recorded = tuple(
        Entry(number=n, user="u", subject=replace(nouns.SLACK, integration=f"custom.{n}"), outcome=Failed(reason="no"))
        for n in range(1003)
    )
    assert "  … and 3 operations of further kinds\n" in text_of(StoredRun(recorded=recorded))


def test_the_json_counts_what_did_not_end_well() -> None:
    stream = io.StringIO()
    print_run(bulk(), RUN, "json", held=Held(refusals=3, paused=12.5, concurrency_limit=16), stream=stream)
    read = loads(stream.getvalue())
    assert isinstance(read, dict)
    assert (read["sentAgain"], read["refusals"], read["pausedSeconds"]) == (8, 3, 12.5)
    assert read["concurrencyLimit"] == 16
    summary = read["summary"]
    assert isinstance(summary, list)
    first: JsonObject = {
        "outcome": "conflict",
        "about": "slack",
        "reason": "conflict: live has moved away from the plan\nSync interval: was 15, is …, planned 30",
        "operations": 50,
        "users": 50,
        "samples": ["customer-00001", "customer-00101", "customer-00201"],
    }
    assert summary[0] == first
    assert [one["outcome"] for one in summary if isinstance(one, dict)] == ["conflict", "failed", "unknown", "blocked"]


@pytest.mark.parametrize(
    ("header", "rate"),
    [
        (HEADER, (99.5, 5_000 / 99.5)),
        (replace(HEADER, finished="2026-03-14T10:15:11+00:00"), None),
        (replace(HEADER, finished=None), None),
        (replace(HEADER, resumed=(Resumption(actor="ada", at="t"),)), None),
    ],
    ids=["long", "short", "unfinished", "resumed"],
)
def test_a_rate_is_that_of_a_whole_run(header: RunHeader, rate: tuple[float, float] | None) -> None:
    assert rate_of(header, {}) == rate


def test_the_summary_names_the_limit_of_requests_at_once() -> None:
    held = Held(refusals=0, paused=0, concurrency_limit=16)
    assert "limits.concurrency: 16 was the limit" in text_of(bulk(), held=held)
    assert "limits.concurrency" not in text_of(bulk(), held=Held(refusals=0, paused=0))
