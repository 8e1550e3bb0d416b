"""Everything at once: the log still tells the whole truth, and nothing else than the faults goes wrong."""

from __future__ import annotations

import http.client
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, running
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Absent, Place, values
from tests.unit.emulator.client import Client
from tests.unit.emulator.test_faults import CREDENTIAL

USERS = [f"user-{number}" for number in range(8)]
FIXTURE: dict[str, Any] = {
    "project": {"id": "p"},
    "integrations": [{"id": "i", "type": "slack"}],
    "users": {name: {"meta": {"plan": "pro"}, "credentials": [CREDENTIAL]} for name in USERS},
}
STORM = [
    {"fault": "latency", "seconds": 0.001, "tail": 1.5, "longest": 0.02, "probability": 0.1},
    {"fault": "hang", "seconds": 0.01, "probability": 0.03},
    {"fault": "hang", "seconds": 0.01, "when": "before", "probability": 0.03},
    {"fault": "too-many-requests", "retryAfter": 1, "form": "date", "probability": 0.03},
    {"fault": "rate-limit", "rate": 500},
    {"fault": "firewall", "probability": 0.03},
    {"fault": "server-error", "status": 502, "body": "html", "when": "after", "probability": 0.03},
    {"fault": "drop", "probability": 0.03},
    {"fault": "drop", "when": "after", "reset": True, "probability": 0.03},
    {"fault": "truncated", "probability": 0.03},
    {"fault": "truncated", "length": "wrong", "probability": 0.03},
    {"fault": "html", "probability": 0.03},
    {"fault": "errors", "probability": 0.03},
    {"fault": "ignore", "probability": 0.05},
    {"fault": "ignore", "values": "/sharedSettings/channel", "probability": 0.05},
    {"fault": "lose", "probability": 0.05},
    {"fault": "unauthorized", "probability": 0.03},
]


def write_and_read(emulator: Emulator, user: str) -> int:
    """How many requests of this user were answered as they should be."""
    chance, client, well = random.Random(user), Client(emulator, user), 0
    for number in range(40):
        sent: Any = {"sharedSettings": {"channel": f"C{number}", "note": "mine"}, "workflowSettings": {}}
        request: tuple[str, str, Any] = chance.choice(
            [
                ("GET", "/sdk/credentials", None),
                ("PATCH", "/sdk/credentials/c", {"config": sent}),
                ("PATCH", "/sdk/me", {"meta": {"plan": f"plan {number}"}}),
                ("POST", "/sdk/workflows/w", None),
            ]
        )
        try:
            well += client.ask(*request, C="c").status == 200
        except (http.client.HTTPException, ConnectionError):
            continue
    return well


@pytest.mark.parametrize("replace", ["section", "whole"])
def test_the_log_leads_from_the_first_state_to_the_last(
    signing_key: Path, replace: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(FIXTURE, signing_key=signing_key, replace=replace, faults={"seed": 3, "faults": STORM}) as emulator:
        first = {user: values(UserState.from_json(emulator.user(user))) for user in USERS}
        with emulator.portal(rate=200, values=["/sharedSettings/*", "/meta/plan"]), ThreadPoolExecutor(4) as clients:
            well = sum(clients.map(lambda user: write_and_read(emulator, user), USERS))
        writes = emulator.writes()
        last = {user: values(UserState.from_json(emulator.user(user))) for user in USERS}
    assert 0 < well < 40 * len(USERS)
    assert [write.sequence for write in writes] == [*range(1, len(writes) + 1)]
    assert [write.committed for write in writes] == sorted(write.committed for write in writes)
    assert {"client", "portal"} == {write.who for write in writes}
    replayed: dict[str, dict[Place, Any]] = first
    for write in writes:
        for change in write.changes:
            assert replayed[write.user].pop(change.place, ABSENT) == change.before
            if not isinstance(change.after, Absent):
                replayed[write.user][change.place] = change.after
    assert replayed == last
    assert capfd.readouterr().err == ""
