"""Plans of very many users, as text."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from paragon_sync.jsonvalue import ABSENT
from paragon_sync.model.planned import ConfigurationSubject, Counts, Detail, FindingKind, Operation, Origin, Severity
from paragon_sync.render.alike import MOST_KINDS
from paragon_sync.render.plan import MOST_IN_FULL, WHOLE, View
from paragon_sync.render.summary import MOST_GROUPS
from paragon_sync.render.text import plan_lines, print_plan
from paragon_sync.store.selection import Selection
from tests import nouns
from tests.nouns import StoredPlan, change, configuration, finding, metadata, plan_header, switch
from tests.unit.render.test_text import MADE

HUBSPOT = ConfigurationSubject(integration="hubspot", credential="c2", account="4711")


def text_of(plan: StoredPlan, view: View = WHOLE, saved: Path | None = None) -> str:
    stream = io.StringIO()
    print_plan(plan, view, saved=saved, now=MADE, stream=stream)
    return stream.getvalue()


def of(*operations: Operation) -> StoredPlan:
    """A plan of these operations, whose counts are right about users."""
    users = len({operation.user for operation in operations})
    counts = Counts(considered=users, changed=users, operations=len(operations), values_changed=len(operations))
    return StoredPlan(header=plan_header(counts=counts), made=operations)


def many(number: int, start: int = 0) -> list[Operation]:
    return [configuration(f"customer-{n:05}", change("Sync interval", 15, 30)) for n in range(start, start + number)]


def rollout() -> StoredPlan:
    """40 users of a rollout, 4 of whom had something else before; each has a channel; two have HubSpot."""
    made: list[Operation] = []
    for n in range(40):
        user = f"customer-{n:05}"
        if n < 30:
            made.append(metadata(user))
        changes = [
            change("Sync interval", 15 if n % 10 else n, 30),
            change("Frequency", ABSENT, "daily", origin=Origin.DEFAULTS),
            change("Day", "monday", "friday", workflow="Weekly digest"),
            switch("Weekly digest", before=False, after=True),
            change("Legacy token", f"xoxb-{n}", ABSENT, origin=Origin.UNSET),
        ]
        if n % 3 == 0:
            changes.append(change("Channel", f"C{n:04}", f"D{n:04}"))
        made.append(configuration(user, *changes, kept=3))
        if n < 2:
            detail = Detail(pointer=("email",), before="Email", after="Work email")
            mapping = change("Mapping", {"email": "Email"}, {"email": "Work email"}, details=(detail,))
            made.append(configuration(user, mapping, subject=HUBSPOT))
    found = [
        finding(f"missing-{n}", severity=Severity.WARNING, hint="the user connects the account first")
        for n in range(1500)
    ] + [
        finding(
            f"double-{n:02}",
            f'2 accounts: "T{n}", "U{n}"',
            kind=FindingKind.AMBIGUOUS_ACCOUNT,
            integration="slack",
            severity=Severity.WARNING,
            hint=f"choose T{n} or U{n}",
        )
        for n in range(6)
    ]
    counts = Counts(
        considered=1600, files=1, changed=40, unchanged=54, left_out=0, operations=72, values_added=40,
        values_changed=245, values_removed=40,
    )  # fmt: skip
    return StoredPlan(
        header=plan_header(counts=counts, seconds_to_apply=194.0), made=tuple(made), found=(*found, finding("broken"))
    )


def test_changes_of_many_are_grouped_by_what_they_do() -> None:
    assert (
        text_of(rollout(), saved=Path("p.plan"))
        == """\
production · 1,600 users considered in 1 file

40 users
  customer-00000, customer-00001, customer-00002, …
  slack
    + Frequency                  "daily"                      default
    - Legacy token               (secret)
    ~ Weekly digest              disabled → enabled
      ~ Day                      "monday" → "friday"

36 users
  customer-00001, customer-00002, customer-00003, …
  slack
    ~ Sync interval              15 → 30

30 users
  customer-00000, customer-00001, customer-00002, …
  metadata
    ~ plan                       "pro" → "enterprise"

14 users
  customer-00000, customer-00003, customer-00006, …
  slack
    ~ Channel                    (14 values) → (14 values)

2 users
  customer-00000, customer-00001
  hubspot
    ~ Mapping /email             "Email" → "Work email"

customer-00000
  slack
    ~ Sync interval              0 → 30

customer-00010
  slack
    ~ Sync interval              10 → 30

customer-00020
  slack
    ~ Sync interval              20 → 30

customer-00030
  slack
    ~ Sync interval              30 → 30

Findings that leave their user out
  broken · salesforce   not connected

Findings
  1,500 users · salesforce      not connected
    missing-0, missing-1, missing-2, …
      the user connects the account first
  6 users · slack               2 accounts: …, …
    double-00, double-01, double-02, …

40 users to update, 325 changes: 40 added, 245 changed, 40 removed. 54 users as
declared.
Grouped by what is alike; user by user: paragon-sync show p.plan --full, or
--user ID
Plan saved: p.plan   digest 4f1c09ab   valid for 24 h, about 3 min to apply
  paragon-sync apply p.plan -e production
"""
    )


def test_twenty_users_are_shown_one_by_one() -> None:
    assert "Grouped" not in text_of(of(*many(MOST_IN_FULL)))
    assert "customer-00019\n  slack · T0001\n" in text_of(of(*many(MOST_IN_FULL)))
    assert "21 users\n" in text_of(of(*many(MOST_IN_FULL + 1)))


@pytest.mark.parametrize(("full", "grouped"), [(True, False), (False, True)])
def test_either_can_be_asked_for(*, full: bool, grouped: bool) -> None:
    for number in (2, 50):
        assert (f"{number} users\n" in text_of(of(*many(number)), View(full=full))) is grouped


def test_a_plan_that_is_not_saved_tells_the_option_and_a_long_time_to_apply() -> None:
    plan = rollout()
    assert text_of(plan).splitlines()[-2:] == [
        "Grouped by what is alike; user by user: --full, or --user ID",
        "About 3 min to apply.",
    ]


def test_the_same_happens_to_the_same_users_in_several_integrations() -> None:
    made = [
        operation
        for n in range(30)
        for operation in (
            configuration(f"u{n}", change("A", 1, 2)),
            configuration(f"u{n}", change("B", 1, 2), subject=HUBSPOT),
        )
    ]
    assert text_of(of(*made)).split("\n\n")[1].splitlines() == [
        "30 users",
        "  u0, u1, u2, …",
        "  slack",
        "    ~ A                          1 → 2",
        "  hubspot",
        "    ~ B                          1 → 2",
    ]


def test_values_that_are_too_many_or_too_long_are_not_counted() -> None:
    made = [
        configuration(f"u{n}", change("Channel", ABSENT, f"C{n}"), change("Mapping", "x" * 5000 + str(n), ABSENT))
        for n in range(2200)
    ]
    assert text_of(of(*made)).split("\n\n")[1].splitlines()[-2:] == [
        "    + Channel                    (over 2,000 values)",
        "    - Mapping                    (many values)",
    ]


def test_kinds_beyond_the_longest_list_are_counted() -> None:
    made = [configuration(f"u{n}", change(f"S{n}", 1, 2)) for n in range(MOST_KINDS + 5)]
    assert f"""\

… and {MOST_KINDS - MOST_GROUPS:,} other kinds of change
… and 5 changes of further kinds
""" in text_of(of(*made))


def test_findings_beyond_the_longest_list_are_counted() -> None:
    found = [finding(f"u{n}", f"wrong in {chr(97 + n // 26)}{chr(97 + n % 26)}") for n in range(MOST_GROUPS + 7)]
    assert "  … and 7 others that say something else\n" in text_of(StoredPlan(found=tuple(found)))
    more = tuple(finding(f"u{n}", "no", integration=f"custom.{n}") for n in range(MOST_KINDS + 2))
    assert "  … and 2 findings of further kinds\n" in text_of(StoredPlan(found=more))


def test_a_long_finding_stands_below_its_users() -> None:
    found = tuple(finding(f"u{n}", "not connected: " + "why " * 20 + "\nand more") for n in range(21))
    assert text_of(StoredPlan(found=found)).split("\n\n")[1].splitlines() == [
        "Findings that leave their user out",
        "  21 users · salesforce",
        "      not connected: why why why why why why why why why why why why why why why",
        "        why why why why why",
        "      and more",
        "    u0, u1, u2, …",
    ]


def test_what_is_selected_is_counted_beside_the_whole() -> None:
    plan = of(*many(50))
    assert text_of(plan, View(selection=Selection(users=("customer-00007",))), Path("p.plan")) == (
        """\
production · 50 users considered

customer-00007
  slack · T0001
    ~ Sync interval              15 → 30

Shown: 1 user with changes, 0 findings (user customer-00007). The whole plan:
50 users to update, 50 changes: 50 changed. 0 users as declared.
"""
    )


@given(
    st.builds(
        StoredPlan,
        header=nouns.HEADERS,
        made=st.lists(nouns.OPERATIONS, max_size=4).map(tuple),
        found=st.lists(nouns.FINDINGS, max_size=4).map(tuple),
    )
)
def test_no_plan_is_too_wide_when_grouped(plan: StoredPlan) -> None:
    lines = [text.plain for text in plan_lines(plan, View(full=False), now=MADE)]
    assert max(map(cell_len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
