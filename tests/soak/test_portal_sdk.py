"""The vendor's own SDK, in a real browser, as the portal user who saves while a run writes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.sdk.browser import Page
from tests.sdk.conftest import AUTHENTICATE, browser
from tests.soak.bench import Soak, outcomes, soaking, started
from tests.soak.population import in_current_shape
from tests.soak.size import AGAIN, SEED, scaled
from tests.soak.test_portal import APPLY, LATENCY, assert_only_windows_destroy

__all__ = ["browser"]

pytestmark = pytest.mark.browser

VISITS = 5
"""Users in one script: the page answers when it is through with them."""

SAVE = (
    "const pause = ms => new Promise(done => setTimeout(done, ms));\n"
    "for (const {token, wait, value} of visits) {\n" + AUTHENTICATE + "await pause(wait);\n"
    '  await paragon.updateIntegrationUserSettings("slack", {note: value});\n'
    "  await pause(wait);\n"
    '  await paragon.updateWorkflowUserSettings("slack", "wf-notify", {prefix: value});\n'
    "}"
)
"""What the SDK holds of a user is as old as the waits are long: it saves whole sections from that."""


@pytest.fixture
def soak(tmp_path: Path, signing_key: Path) -> Iterator[Soak]:
    people = in_current_shape(scaled(300))
    limits = {"rate": 60, "concurrency": 8}
    with soaking(tmp_path / "work", people, signing_key, limits=limits) as soak:
        soak.plan()
        yield soak


def test_what_the_sdk_saves_is_destroyed_inside_a_recorded_window_alone(soak: Soak, browser: Page) -> None:
    soak.emulator.faults(LATENCY | {"when": "before"}, LATENCY | {"when": "after"}, seed=SEED)
    browser.reload()
    chance = random.Random(SEED)
    with started((*APPLY, "--on-conflict", "skip"), soak.bench.folder) as command:
        while command.process.poll() is None:
            users = whose_turn_it_is(soak)
            visits = [visit(soak, chance.choice(users), chance) for _ in range(VISITS)]
            browser.run(SAVE, url=soak.emulator.url, project=soak.emulator.project, visits=visits)
        run = command.end(0, 3)
    soak.emulator.faults()

    assert run["counts"]["applied"] > 0, outcomes(run)
    times = [write.committed for write in soak.emulator.writes() if write.who == "client"]
    during = [
        write for write in soak.emulator.writes() if write.who == "portal" and times[0] < write.committed < times[-1]
    ]
    assert during != [], f"the SDK saved nothing while the run wrote; {outcomes(run)}"
    assert_only_windows_destroy(soak, run["run"], AGAIN)


def whose_turn_it_is(soak: Soak) -> list[str]:
    """The users whom the run is writing now, or soon: it goes through them in their order."""
    names = [person.name for person in soak.people.people]
    latest = [write.user for write in soak.emulator.writes() if write.who == "client"][-1:]
    at = names.index(latest[0]) if latest else 0
    return names[max(0, at - 4) : at + 12]


def visit(soak: Soak, user: str, chance: random.Random) -> dict[str, Any]:
    """The user opens the page, waits, and saves."""
    now = int(time.time())
    claims = {"sub": user, "iat": now - 30, "exp": now + 300, "aud": f"useparagon.com/{soak.emulator.project}"}
    token = jwt.encode(claims, soak.emulator.signing_key.read_text(), "RS256")
    return {"token": token, "wait": chance.uniform(0, 60), "value": f"sdk-{chance.getrandbits(32):08x}"}
