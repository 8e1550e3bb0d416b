from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import ABSENT
from paragon_sync.model.declared import Position
from paragon_sync.model.desired import Setting, WorkflowSetting
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Counts,
    Detail,
    FindingKind,
    Operation,
    Origin,
    Refusal,
    Severity,
)
from paragon_sync.render.lines import print_lines
from paragon_sync.render.text import plan_lines, print_plan, problem, summary
from tests import nouns
from tests.nouns import StoredPlan, change, configuration, finding, metadata, plan_header, switch

MADE = datetime.fromisoformat("2026-03-14T10:15:02+00:00")


def text_of(plan: StoredPlan, *, saved: Path | None = None, now: datetime = MADE) -> str:
    stream = io.StringIO()
    print_plan(plan, saved=saved, now=now, stream=stream)
    return stream.getvalue()


def body_of(*operations: Operation) -> str:
    """What the plan says of its operations."""
    return text_of(StoredPlan(made=operations)).split("\n\n", 1)[1].rsplit("\n\n", 1)[0]


DRAWN = StoredPlan(
    header=plan_header(
        counts=Counts(
            considered=214,
            files=3,
            changed=1,
            unchanged=212,
            operations=2,
            values_added=1,
            values_changed=3,
            values_removed=1,
        )
    ),
    made=(
        metadata("acme-corp"),
        configuration(
            "acme-corp",
            change("Channel", "C001", "C0123"),
            change("Frequency", ABSENT, "daily", origin=Origin.DEFAULTS),
            change("Legacy token", "xoxb", ABSENT, origin=Origin.UNSET),
            switch("Send Slack Notification", before=False, after=True),
            kept=14,
        ),
    ),
    found=(
        finding("globex", severity=Severity.WARNING, position=Position(file="users/globex.yaml", line=7, column=3)),
    ),
)


def test_a_plan_looks_as_it_is_drawn() -> None:
    assert (
        text_of(DRAWN, saved=Path("p.plan"))
        == """\
production · 214 users considered in 3 files

acme-corp
  metadata
    ~ plan                       "pro" → "enterprise"
  slack · T0001
    ~ Channel                    "C001" → "C0123"
    + Frequency                  "daily"                      default
    - Legacy token               (secret)
    ~ Send Slack Notification    disabled → enabled
    = 14 unmanaged values kept

Findings
  globex · salesforce   not connected           users/globex.yaml:7:3

1 user to update, 5 changes: 1 added, 3 changed, 1 removed. 212 users as
declared.
Plan saved: p.plan   digest 4f1c09ab   valid for 24 h
  paragon-sync apply p.plan -e production
"""
    )


def test_the_next_command_names_another_project_file() -> None:
    stream = io.StringIO()
    print_plan(DRAWN, saved=Path("p.plan"), config=Path("our other.yaml"), now=MADE, stream=stream)
    assert stream.getvalue().splitlines()[-1] == "  paragon-sync apply p.plan -e production -c 'our other.yaml'"


def test_an_empty_plan_says_that_there_is_nothing_to_do() -> None:
    header = plan_header(counts=Counts(considered=214, unchanged=213, left_out=1, files=1))
    assert (
        text_of(StoredPlan(header=header), saved=Path("p.plan"))
        == """\
production · 214 users considered in 1 file

Nothing to do: 213 users as declared. 1 user left out.
Plan saved: p.plan   digest 4f1c09ab   valid for 24 h
"""
    )


def test_filters_and_notes_stand_below_the_title() -> None:
    header = plan_header(filters={"user": "acme-*", "integration": "slack"}, notes=("no lock file: as pulled",))
    assert text_of(StoredPlan(header=header)).startswith("""\
production · 214 users considered in 3 files · user acme-* · integration slack
  no lock file: as pulled

""")


def test_a_workflows_settings_stand_under_it() -> None:
    def day(workflow: str, value: str) -> Operation:
        return change("Day", ABSENT, value, target=WorkflowSetting("w", "day"), workflow=workflow)

    changes = [
        switch("Digest", before=True, after=False),
        day("Report", "friday"),
        day("Digest", "monday"),
        change("Channel", "a", "b"),
    ]
    assert (
        body_of(configuration("acme", *changes))
        == """\
acme
  slack · T0001
    ~ Channel                    "a" → "b"
    ~ Digest                     enabled → disabled
      + Day                      "monday"
    Report
      + Day                      "friday\""""
    )


def test_a_new_workflow_entry_is_added() -> None:
    changes = [
        switch("Digest", before=ABSENT, after=True),
        switch("Report", before=ABSENT, after=False, origin=Origin.CREATED),
    ]
    assert (
        body_of(configuration("acme", *changes))
        == """\
acme
  slack · T0001
    + Digest                     enabled
    + Report                     disabled                     created"""
    )


def test_another_configuration_has_its_name() -> None:
    subject = ConfigurationSubject(integration="crm", credential="c", account="main", configuration="x", name="team-b")
    assert "  crm · main · team-b\n" in body_of(configuration("acme", subject=subject))


def test_compound_values_show_what_differs_inside() -> None:
    details = (
        Detail(pointer=("fields", "a/b"), before="x", after="y"),
        Detail(pointer=("fields", "new"), before=ABSENT, after=1),
        Detail(pointer=("old",), before=None, after=ABSENT),
        Detail(pointer=("auth", "token"), before="hunter2", after="hunter3"),
    )
    assert (
        body_of(configuration("acme", change("Mapping", {"a": 1}, {"a": 2}, details=details)))
        == """\
acme
  slack · T0001
    ~ Mapping                    1 added, 2 changed, 1 removed inside
        ~ /fields/a~1b           "x" → "y"
        + /fields/new            1
        - /old                   null
        ~ /auth/token            (secret) → (secret, changed)"""
    )


def test_many_differences_inside_are_counted() -> None:
    details = tuple(Detail(pointer=(f"k{number:02}",), before=1, after=2) for number in range(33))
    text = body_of(configuration("acme", change("Mapping", {"a": 1}, {"a": 2}, details=details)))
    assert text.count(" → ") == 20
    assert text.endswith("        … and 13 more")


def test_long_values_and_names_stay_within_their_columns() -> None:
    changes = [
        change("Same start", "x" * 100 + "old", "x" * 100 + "new"),
        change("Long", ABSENT, "y" * 100, origin=Origin.DEFAULTS),
        change("日本語の" * 8, "a\nb", ABSENT),
        change("A name that is much too long for its column and goes on for more than one line of text", 1, 2),
    ]
    assert (
        body_of(configuration("acme", *changes))
        == """\
acme
  slack · T0001
    ~ Same start                 …xxxxxxxxold" → …xxxxxxxxnew"
    + Long                       "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…  default
    - 日本語の日本語の日本語の日本語の日本語の日本語の日本語の日本語の
                                 "a\\nb"
    ~ A name that is much too long for its column and goes on for more than one
      line of text
                                 1 → 2"""
    )


def test_what_a_customer_wrote_makes_no_line_and_no_colour_of_its_own() -> None:
    label = "Channel\n    - Everything\x1b[2J"
    text = body_of(configuration("acme\r\ud800", change(label, "\x1b]0;title\x07", "\u202e")))
    assert (
        text
        == """\
acme\\r\\ud800
  slack · T0001
    ~ Channel\\n    - Everything\\u001b[2J
                                 "\\u001b]0;title\\u0007" → "\\u202e\""""
    )


def test_findings_are_told_by_what_they_mean() -> None:
    at = Position(file="users/initech.yaml", line=3, column=1)
    found = (
        finding("a", severity=Severity.WARNING, position=at, hint="connect it\nor leave it out"),
        finding("b", severity=Severity.IGNORED),
        finding("c", "a PENDING account beside it", severity=Severity.INFO),
        finding(
            "initech",
            "has 3 accounts and the document has no selector to choose between them",
            kind=FindingKind.AMBIGUOUS_ACCOUNT,
            position=at,
            hint="account: {externalId: …}",
        ),
        finding("d" * 70, "unknown", integration=None, position=at),
    )
    text = text_of(StoredPlan(found=found))
    assert (
        text.split("\n\n", 1)[1]
        == f"""\
Findings that leave their user out
  initech · salesforce                            users/initech.yaml:3:1
    has 3 accounts and the document has no selector to choose between them
      account: {{externalId: …}}
  {"d" * 70}
    users/initech.yaml:3:1
    unknown

Findings
  a · salesforce        not connected           users/initech.yaml:3:1
      connect it
      or leave it out

For information
  c · salesforce        a PENDING account beside it

Nothing to do: 0 users as declared.
"""
    )


def test_a_refused_plan_says_how_to_go_on() -> None:
    refusal = Refusal(
        rule="valuesRemoved",
        message="12 values would be removed; policy valuesRemoved allows 10. To go on: --allow valuesRemoved=12",
        knob="valuesRemoved=12",
    )
    header = replace(DRAWN.header, refusals=(refusal,), incomplete=True)
    assert (
        text_of(replace(DRAWN, header=header), saved=Path("p.plan")).split("declared.\n")[1]
        == """\

Refused by policy
  12 values would be removed; policy valuesRemoved allows 10. To go on: --allow
    valuesRemoved=12
Plan saved: p.plan   digest 4f1c09ab   valid for 24 h
"""
    )


def test_an_incomplete_plan_that_was_allowed_says_so() -> None:
    header = plan_header(incomplete=True, counts=Counts(findings=2))
    assert "Incomplete, as allowed: 2 errors among the findings.\n" in text_of(StoredPlan(header=header))


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(), "valid for 24 h"),
        (timedelta(hours=23, minutes=20), "valid for 40 min"),
        (timedelta(hours=27), "expired 3 h ago"),
    ],
)
def test_a_saved_plan_tells_how_long_it_is_valid(age: timedelta, told: str) -> None:
    assert told in text_of(DRAWN, saved=Path("p.plan"), now=MADE + age)


def test_a_long_file_name_has_a_line_of_its_own_and_is_quoted_for_the_shell() -> None:
    assert (
        text_of(DRAWN, saved=Path("plans of this year/" + "p" * 40)).split("declared.\n")[1]
        == f"""\
Plan saved: plans of this year/{"p" * 40}
  digest 4f1c09ab   valid for 24 h
  paragon-sync apply 'plans of this year/{"p" * 40}' -e production
"""
    )


def test_large_numbers_are_grouped() -> None:
    counts = Counts(changed=200_000, unchanged=1, operations=1, values_changed=1_200_000)
    assert summary(counts) == "200,000 users to update, 1,200,000 changes: 1,200,000 changed. 1 user as declared."


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (Counts(considered=2, unchanged=2), "Nothing to take back."),
        (Counts(changed=1, operations=1, values_changed=1), "1 user to update, 1 change: 1 changed."),
        (
            Counts(changed=1, unchanged=2, left_out=1, operations=1, values_removed=1),
            "1 user to update, 1 change: 1 removed. 2 users with nothing to take back. 1 user left out.",
        ),
    ],
)
def test_a_rollback_says_nothing_of_what_is_declared(counts: Counts, told: str) -> None:
    assert summary(counts, is_rollback=True) == told


def test_a_problem_says_where_and_what_to_do() -> None:
    found = Problem(message='slack has no setting "Chan\nel"', file="users/acme.yaml", line=11, column=7)
    assert problem(found) == 'users/acme.yaml:11:7: slack has no setting "Chan\\nel"'
    hinted = replace(found, message="no", hint="did you mean\nthis?")
    assert problem(hinted) == "users/acme.yaml:11:7: no\n    did you mean\n    this?"


def test_a_terminal_gets_colour_and_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    coloured = Terminal()
    print_lines(plan_lines(DRAWN), coloured)
    assert "\x1b[32m+\x1b[0m Frequency" in coloured.getvalue()

    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    print_lines(plan_lines(DRAWN), plain)
    assert "\x1b[32m" not in plain.getvalue()


PLANS = st.builds(
    StoredPlan,
    header=nouns.HEADERS,
    made=st.lists(nouns.OPERATIONS, max_size=3).map(tuple),
    found=st.lists(nouns.FINDINGS, max_size=3).map(tuple),
)


@given(PLANS)
def test_no_plan_is_wider_than_80_columns_or_holds_what_cannot_be_printed(plan: StoredPlan) -> None:
    for text in plan_lines(plan, now=MADE):
        assert cell_len(text.plain) <= 80
        assert text.plain.isprintable()


@given(st.integers(1, 90), st.sampled_from(["x", "日", "x日"]))
def test_no_name_is_too_long_for_80_columns(length: int, pattern: str) -> None:
    name = pattern * length
    change_ = change(name, name, name[1:], workflow=name, target=Setting(name))
    subject = ConfigurationSubject(integration=name, credential=name, account=name, name=name)
    found = finding(name, name, position=Position(file=name, line=1, column=1), hint=name)
    plan = StoredPlan(made=(configuration(name, change_, subject=subject),), found=(found,))
    assert max(cell_len(text.plain) for text in plan_lines(plan, saved=Path("p"), now=MADE)) <= 80
