"""``explain``: for each way in which a value is decided, who decides it and why there is or isn't a change."""

from __future__ import annotations

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, requests, user, writes

SETTINGS = {"channel": "C1", "note": "n", "frequency": "weekly", "token": "t0p", "mentions": True}
WORKFLOWS = {"wf-notify": {"enabled": True, "settings": {}}}
LIVE = user(
    account(config={"sharedSettings": SETTINGS, "configuredWorkflows": WORKFLOWS}),
    account("c2", externalId="two", config={}),
    plan="pro",
)
MANIFEST = """\
apiVersion: paragon-sync/v1
kind: Profile
name: standard
integrations:
  slack:
    - account: {all: true}
      settings: {Channel: C7, Mentions: true}
      defaults: {Frequency: daily}
---
apiVersion: paragon-sync/v1
kind: User
user: acme
metadata: {plan: enterprise}
profiles: [standard]
integrations:
  slack:
    - account: {providerId: T-c1}
      settings: {Channel: C2, Token: n3w}
      defaults: {Frequency: hourly}
      unset: [Legacy token, Combo]
      exact: true
      workflows:
        Weekly digest: {settings: {Day: monday}}
        Escalate: false
        Alerts: false
"""


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({"acme": LIVE})
    workbench.write("users.yaml", MANIFEST)
    return workbench, emulator


def told(workbench: Workbench, *arguments: str) -> str:
    """What ``explain`` says, each run of white space as one space."""
    ended = workbench.run("explain", "acme", *arguments)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    return " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        (
            "/plan",
            'live "pro" desired "enterprise" verdict changed decided users.yaml:13:18 says "enterprise": decides',
        ),
        (
            "/sharedSettings/channel",
            'verdict changed decided users.yaml:18:27 says "C2": decides beside users.yaml:7:27 (profile standard)',
        ),
        (
            "Mentions",
            "verdict no change: already so decided users.yaml:7:41 (profile standard) says true: decides",
        ),
        (
            "Frequency",
            'desired "weekly" verdict left: a default, and the user has a value decided users.yaml:19:29 gives the',
        ),
        (
            "Frequency",
            'beside users.yaml:8:29 (profile standard) gives the default "daily": users.yaml stands above it',
        ),
        ("Combo", "verdict no change: nothing to unset decided users.yaml:20:29 unsets it: decides"),
        ("Note", "verdict removed decided users.yaml:17:7 unsets it: exact, and no document names it"),
        ("Token", "live (secret) desired (secret) verdict changed decided users.yaml:18:38 says (secret): decides"),
        ("Alerts", "live (absent) desired false verdict added decided users.yaml:25:17 says false: decides"),
        ("Escalate", "desired (absent) verdict no change: a workflow without an entry is off"),
        (
            "Send Slack Notification",
            "live true desired false verdict disabled decided users.yaml:17:7 says false: exact",
        ),
        (
            "/configuredWorkflows/wf-digest/enabled",
            "verdict added decided users.yaml says false: the entry has to be created, and no document declares it",
        ),
        ("Day", 'verdict added decided users.yaml:23:41 says "monday": decides'),
    ],
)
def test_each_value_is_told_with_who_decides_it_and_why(
    bench: tuple[Workbench, Emulator], pointer: str, expected: str
) -> None:
    assert expected in told(bench[0], pointer)


def test_without_a_pointer_every_value_is_told_and_no_secret(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench

    text = told(workbench)

    assert text.startswith("acme · 16 managed values metadata plan /plan")
    assert "slack · two Channel" in text
    assert "t0p" not in text
    assert "n3w" not in text
    assert writes(emulator) == []


def test_a_workflow_is_told_with_its_settings(bench: tuple[Workbench, Emulator]) -> None:
    text = told(bench[0], "Weekly digest")

    assert "2 managed values" in text
    assert "Weekly digest › Day" in text


def test_findings_are_told_with_their_place(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.users(acme={"integrations": {"slack": {"settings": {"Channel": "C2"}}}})

    text = told(workbench)

    assert "2 accounts, and nothing says which" in text
    assert "users.yaml:6:" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "error: no document is about user nobody"),
        (["acme", "Signature"], "error: no document has a word on Signature of acme: what is live there stays"),
        (["acme", "/sharedSettings/x"], "error: no document has a word on /sharedSettings/x of acme"),
    ],
)
def test_what_nobody_manages_is_told(bench: tuple[Workbench, Emulator], arguments: list[str], message: str) -> None:
    ended = bench[0].run("explain", *arguments)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(message)


def test_the_lock_may_serve_as_the_catalog(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    workbench.run("catalog", "pull")
    asked = len(requests(emulator))

    assert workbench.run("explain", "acme", "Channel", "--catalog", "lock").code == 0
    assert {one["user"] for one in requests(emulator)[asked:]} == {"acme"}


def test_an_error_about_another_user_is_none_of_this_one(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.write("users.yaml", MANIFEST + "---\napiVersion: paragon-sync/v1\nkind: User\nuser: globex\nwrong: 1\n")

    assert 'says "C2": decides' in told(workbench, "/sharedSettings/channel")
    planned = workbench.run("plan", "--user", "acme")
    assert (planned.code, planned.out) == (1, "")
    assert 'unknown key "wrong"' in planned.err
