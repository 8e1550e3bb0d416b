"""A portal user who saves while a run writes: what the run destroys lies inside its recorded windows, and nothing else.

The emulator's log decides which values of the portal user were destroyed; of our records the windows alone are read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Write
from paragon_sync.emulator.values import Change, same
from paragon_sync.emulator.writes import Destroyed
from paragon_sync.model.moment import Window
from tests.soak.bench import Soak, outcomes, soaking, started
from tests.soak.population import Target, population, value_at
from tests.soak.records import entries_of, in_pre_image
from tests.soak.size import AGAIN, SEED, scaled

APPLY = ("apply", "p.plan", "--format", "json")
SETTINGS = ("/sharedSettings/*", "/workflowSettings/*/settings/*", "/configuredWorkflows/*/settings/*")
MANAGED_OR_NOT = (*SETTINGS, "/sharedSettings/frequency", "/workflowSettings/wf-alerts/enabled", "/meta/*")
LATENCY = {"fault": "latency", "seconds": 0.01, "tail": 1.5, "longest": 0.2}
HABITS: dict[str, dict[str, Any]] = {
    "at random moments": {"rate": 150, "values": MANAGED_OR_NOT},
    "after our reads": {"rate": 20, "follow": 0.5, "within": 0.06, "values": MANAGED_OR_NOT},
    "from very old memory": {"rate": 60, "follow": 0.5, "within": 0.06, "authenticate": 0, "values": MANAGED_OR_NOT},
}
PlaceOf = tuple[str, Any]


@pytest.fixture
def soak(tmp_path: Path, signing_key: Path, request: pytest.FixtureRequest) -> Iterator[Soak]:
    more: dict[str, Any] = getattr(request, "param", {})
    with soaking(tmp_path / "work", population(scaled(300)), signing_key, **more) as soak:
        soak.plan()
        yield soak


@pytest.mark.parametrize("habits", HABITS)
def test_what_is_destroyed_lies_inside_a_recorded_window(soak: Soak, habits: str) -> None:
    run = applied_beside(soak, HABITS[habits])

    assert run["counts"]["applied"] > 0, outcomes(run)
    assert run["counts"]["conflict"] > 0, outcomes(run)
    assert soak.emulator.destroyed() != [], f"nothing was put to the test; {outcomes(run)}"
    assert_only_windows_destroy(soak, run["run"], f"{habits}: {AGAIN}")


@pytest.mark.parametrize("soak", [{"replace": "whole", "metadata": "replace"}, {"replace": "by-header"}], indirect=True)
def test_the_same_holds_however_the_api_is_read(soak: Soak) -> None:
    run = applied_beside(soak, HABITS["after our reads"])

    assert_only_windows_destroy(soak, run["run"], AGAIN)


def test_overwriting_destroys_managed_values_alone_and_records_them(soak: Soak) -> None:
    run = applied_beside(soak, HABITS["at random moments"], "--on-conflict", "overwrite")

    assert [one for one in run["operations"] if one.get("overwritten")], outcomes(run)
    journal = entries_of(soak.bench.folder / ".paragon-sync", run["run"])

    def meant_to(one: Destroyed) -> bool:
        """A managed value, which stands in the journal."""
        pre_images = [attempt.preimage for attempt in journal[one.client.target].attempts]
        kept = [in_pre_image(pre_image, one.place) for pre_image in pre_images]
        return one.place in soak.people.shall[one.client.target] and one.theirs.after in kept

    assert_only_windows_destroy(soak, run["run"], AGAIN, meant_to)


def applied_beside(soak: Soak, habits: dict[str, Any], *options: str) -> dict[str, Any]:
    """The record of a run beside a portal user who writes from before it begins until after it has ended."""
    soak.emulator.faults(LATENCY | {"when": "before"}, LATENCY | {"when": "after"}, seed=SEED)
    with soak.emulator.portal(seed=SEED, **habits):
        time.sleep(0.2)
        with started((*APPLY, *options), soak.bench.folder) as command:
            run = command.end(0, 3)
        time.sleep(0.2)
    soak.emulator.faults()
    return run


def assert_only_windows_destroy(
    soak: Soak, run: str, where: str, meant_to: Callable[[Destroyed], bool] = lambda _: False
) -> None:
    """Judge by the emulator's log: which values of the portal user our writes changed, and when those were written.

    ``meant_to`` tells of a destroyed value whether that was asked for.
    """
    journal = entries_of(soak.bench.folder / ".paragon-sync", run)
    windows = {target: [attempt.window for attempt in entry.attempts] for target, entry in journal.items()}
    destroyed = [one for one in soak.emulator.destroyed() if not _as_planned_from(soak, one.portal, one.theirs)]
    outside = [
        f"{one.place}: {one.client.target}: {one.theirs.after!r}, written at {one.portal.committed:.6f},"
        f" became {one.ours.after!r} at {one.client.committed:.6f}; windows {windows.get(one.client.target)}"
        for one in destroyed
        if not _inside(one.portal, windows.get(one.client.target, [])) and not meant_to(one)
    ]
    assert outside == [], f"destroyed outside every window; {where}"
    gone = {(one.portal.sequence, one.place) for one in destroyed}
    lost = [
        f"{change.place.pointer} of {write.target}: {change.after!r}, the portal's write {write.sequence}"
        for write, change in last_portal_changes(soak)
        if (write.sequence, change.place) not in gone
        and not _as_planned_from(soak, write, change)
        and not same(value_at(soak.emulator.site.users.read(write.user), change.place), change.after)
    ]
    assert lost == [], f"did not survive, though no write of ours is known to have destroyed it; {where}"


def last_portal_changes(soak: Soak) -> Iterator[tuple[Write, Change]]:
    """For each value that the portal user wrote, its last write of it."""
    last: dict[PlaceOf, tuple[Write, Change]] = {}
    for write in soak.emulator.writes():
        if write.who == "portal":
            last.update({(write.user, change.place): (write, change) for change in write.changes})
    yield from last.values()


def _inside(write: Write, windows: Iterable[Window]) -> bool:
    return any(
        window.closed is not None and window.opened.monotonic <= write.committed <= window.closed.monotonic
        for window in windows
    )


def _as_planned_from(soak: Soak, write: Write, change: Change) -> bool:
    """Whether the portal user gave a managed value back what it was when the plan was made: that is what is changed."""
    targets: list[Target] = [(write.user, change.place.credential, change.place.configuration)]
    managed = any(change.place in soak.people.shall.get(target, {}) for target in targets)
    return managed and same(change.after, value_at(soak.before[write.user], change.place))
