from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pytest

from paragon_sync.errors import EXIT_OK, ParagonSyncError
from paragon_sync.jsonvalue import ABSENT, Json
from paragon_sync.model.decision import Contender, Decision
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import Default, Intent, MetadataKey, Release, Set, Setting, Unset, WorkflowEnabled
from paragon_sync.model.planned import Finding, MetadataSubject, Origin
from paragon_sync.render.explain import print_explained
from tests import nouns

USER = Place(file="users/acme.yaml", pointer=("a",))
PROFILE = Place(file="profiles/standard.yaml", pointer=("b",))
POSITIONS = {
    USER: Position(file="users/acme.yaml", line=11, column=7),
    PROFILE: Position(file="profiles/standard.yaml", line=4, column=5),
}


@dataclass(frozen=True)
class Explained:
    """What one user's explanation is made of."""

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...] = ()
    user: str = "acme-corp"
    positions: dict[Place, Position] = field(default_factory=lambda: POSITIONS)


def decided(intent: Intent, why: str = "decides") -> Contender:
    return Contender(intent=intent, source="users/acme.yaml", place=USER, why=why)


def beside(intent: Intent, why: str) -> Contender:
    return Contender(intent=intent, source="profile standard", place=PROFILE, why=why)


def decision(label: str, live: Json, desired: Json, winner: Contender, *losers: Contender, **more: Any) -> Decision:
    filled: dict[str, Any] = {
        "subject": nouns.SLACK,
        "target": Setting(label.lower()),
        "pointer": ("sharedSettings", label.lower()),
        "workflow": None,
        "origin": Origin.SETTINGS,
        "verdict": "changed",
    }
    return Decision(
        user="acme-corp", label=label, live=live, desired=desired, winner=winner, losers=losers, **(filled | more)
    )


def told(explained: Explained, pointer: str | None = None) -> str:
    stream = io.StringIO()
    assert print_explained(explained, pointer, stream) == EXIT_OK
    return stream.getvalue()


PLAN = decision(
    "plan",
    "pro",
    "enterprise",
    decided(Set("enterprise")),
    subject=MetadataSubject(),
    target=MetadataKey("plan"),
    pointer=("plan",),
)
CHANNEL = decision(
    "Channel", "C001", "C0123", decided(Set("C0123")), beside(Set("C009"), "a document wins over its profiles")
)
LEGACY = decision(
    "Legacy token", "xoxb", ABSENT, decided(Unset()), beside(Default("other"), "weaker"), verdict="removed"
)
DIGEST = decision(
    "Digest",
    live=ABSENT,
    desired=False,
    winner=Contender(intent=Set(value=False), source="the catalog", place=None, why="a new entry needs it"),
    target=WorkflowEnabled("w1"),
    pointer=("configuredWorkflows", "w1", "enabled"),
    workflow="Digest",
    verdict="added",
)
DAY = decision("Day", "friday", "friday", decided(Default("monday")), workflow="Digest", verdict="left: the user chose")


def test_every_value_says_who_decided_it_and_what_stood_beside() -> None:
    assert (
        told(Explained((PLAN, CHANNEL, LEGACY, DIGEST, DAY)))
        == """\
acme-corp · 5 managed values

metadata
  plan   /plan
    live      "pro"
    desired   "enterprise"
    verdict   changed
    decided   users/acme.yaml:11:7 says "enterprise": decides

slack · T0001
  Channel   /sharedSettings/channel
    live      "C001"
    desired   "C0123"
    verdict   changed
    decided   users/acme.yaml:11:7 says "C0123": decides
    beside    profiles/standard.yaml:4:5 (profile standard) says "C009": a
              document wins over its profiles
  Legacy token   /sharedSettings/legacy token
    live      (secret)
    desired   (absent)
    verdict   removed
    decided   users/acme.yaml:11:7 unsets it: decides
    beside    profiles/standard.yaml:4:5 (profile standard) gives the default
              (secret): weaker
  Digest   /configuredWorkflows/w1/enabled
    live      (absent)
    desired   false
    verdict   added
    decided   the catalog says false: a new entry needs it
  Digest › Day   /sharedSettings/day
    live      "friday"
    desired   "friday"
    verdict   left: the user chose
    decided   users/acme.yaml:11:7 gives the default "monday": decides
"""
    )


@pytest.mark.parametrize(
    ("pointer", "labels"),
    [
        ("/sharedSettings", ["Channel", "Legacy token", "Day"]),
        ("/sharedSettings/channel", ["Channel"]),
        ("/plan", ["plan"]),
        ("Channel", ["Channel"]),
        ("channel", ["Channel"]),
        ("Digest", ["Digest", "Day"]),
    ],
)
def test_a_pointer_or_a_name_narrows_it(pointer: str, labels: list[str]) -> None:
    text = told(Explained((PLAN, CHANNEL, LEGACY, DIGEST, DAY), (nouns.finding("acme-corp"),)), pointer)
    assert text.startswith(f"acme-corp · {len(labels)} managed value")
    heads = [line for line in text.splitlines() if line.startswith("  ") and "   /" in line]
    assert [head.split("   /")[0].split(" › ")[-1].strip() for head in heads] == labels
    assert "Findings" not in text


def test_a_pointer_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(ParagonSyncError, match="no document has a word on /channel of acme-corp"):
        told(Explained((CHANNEL,)), "/channel")


def test_findings_follow() -> None:
    text = told(Explained((), (nouns.finding("acme-corp"),)))
    assert text == "acme-corp · 0 managed values\n\nFindings\n  acme-corp · salesforce  not connected\n"


def test_a_long_pointer_stands_on_a_line_of_its_own() -> None:
    long = decision("Day", 1, 1, decided(Set(1)), pointer=("x" * 74,))
    assert f"\n  Day\n    /{'x' * 74}\n" in told(Explained((long,)))


def test_a_released_value_says_by_whom() -> None:
    given_back = decision(
        "Channel", "C1", "C1", decided(Release(), "x"), beside(Set("C2"), "y"), verdict="no change: released"
    )
    overruled = decision("Note", 1, 2, decided(Set(2)), beside(Release(), "z"))
    assert (
        told(Explained((given_back, overruled)))
        == """\
acme-corp · 1 managed value, 1 released

slack · T0001
  Channel   /sharedSettings/channel
    live      "C1"
    verdict   no change: released
    decided   released by users/acme.yaml:11:7: x
    beside    profiles/standard.yaml:4:5 (profile standard) says "C2": y
  Note   /sharedSettings/note
    live      1
    desired   2
    verdict   changed
    decided   users/acme.yaml:11:7 says 2: decides
    beside    released by profiles/standard.yaml:4:5 (profile standard): z
"""
    )


def test_a_flagged_secret_is_hidden_with_what_its_contenders_say() -> None:
    text = told(Explained((decision("Channel", "a1", "a2", decided(Set("a2")), beside(Set("a3"), "x"), secret=True),)))
    assert "a1" not in text
    assert '"a' not in text
    assert text.count("(secret)") == 4
