"""``show``: a saved plan whole, grouped where it is long, or what of it is about some users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paragon_sync.model.planned import Counts, FindingKind, Severity
from paragon_sync.store.planfile import PlanWriter
from tests.cases.command import Ended, entry_point
from tests.nouns import change, configuration, finding, plan_header
from tests.workbench import as_json

Show = Callable[..., Ended]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """A plan of 50 users with one change each, and of 3 findings, and ``show`` of it."""
    with PlanWriter(tmp_path / "p.plan") as writer:
        for number in range(50):
            writer.add(configuration(f"u{number:02}", change("Interval", 15, 30)))
        writer.add_finding(finding("globex", severity=Severity.WARNING))
        writer.add_finding(finding("u07", "2 accounts", kind=FindingKind.AMBIGUOUS_ACCOUNT, integration="slack"))
        writer.add_finding(finding("hooli", severity=Severity.WARNING))
        counts = Counts(considered=60, changed=50, unchanged=10, operations=50, values_changed=50)
        writer.finish(plan_header(counts=counts))
    command = entry_point(monkeypatch, capsys)

    def run(*arguments: str) -> Ended:
        return command(["show", "p.plan", *arguments], tmp_path, {})

    return run


def test_a_long_plan_is_grouped_unless_told_otherwise(show: Show) -> None:
    assert "50 users\n  u00, u01, u02, …\n" in show().out
    assert "user by user: paragon-sync show p.plan --full, or" in show().out
    assert "u49\n  slack · T0001\n" in show("--full").out
    assert "u07\n  slack" not in show("--summary").out


def test_filters_narrow_it(show: Show) -> None:
    ended = show("--user", "u07", "--user", "hool*")
    assert ended.code == 0
    assert ended.out == (
        """\
production · 60 users considered

u07
  slack · T0001
    ~ Interval                   15 → 30

Findings that leave their user out
  u07 · slack           2 accounts

Findings
  hooli · salesforce    not connected

Shown: 1 user with changes, 2 findings (user u07, hool*). The whole plan:
50 users to update, 50 changes: 50 changed. 10 users as declared.
"""
    )


def test_filters_narrow_the_json(show: Show) -> None:
    told = as_json(show("--format", "json", "--integration", "slack", "--user", "u0[6-8]").out)
    assert [operation["user"] for operation in told["operations"]] == ["u06", "u07", "u08"]
    assert [found["user"] for found in told["findings"]] == ["u07"]
    assert [group["users"] for group in told["summary"]["changes"]] == [3]
    assert told["selection"] == {"user": "u0[6-8]", "integration": "slack"}
    assert told["counts"]["changed"] == 50


def test_a_kind_of_finding_shows_findings_alone(show: Show) -> None:
    told = as_json(show("--format", "json", "--finding", "notConnected").out)
    assert (told["operations"], [found["user"] for found in told["findings"]]) == ([], ["globex", "hooli"])


def test_what_is_not_in_the_plan_shows_nothing_and_is_no_error(show: Show) -> None:
    ended = show("--user", "initech")
    assert ended.code == 0
    assert "Shown: 0 users with changes, 0 findings (user initech). The whole plan:\n" in ended.out
