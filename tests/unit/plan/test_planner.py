"""The first step of planning compares compact documents; the full ones are read only where something differs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import LiveUser
from paragon_sync.model.migration import Enrolment
from paragon_sync.model.project import Policy
from paragon_sync.plan.user import Planner, UserPlan
from tests.unit.plan.build import CATALOG, BlockSpec, credential, document, lines, user

DOCUMENT = document(BlockSpec(settings={"note": "x"}, workflows={"notify": True}))
COMPACT: CompactDocument = (
    {},
    (("slack", "only", "default", {"note": "x"}, {}, {"notify": (True, {}, {})}, None),),
    (),
)
ENTRIES = {"notify": {"enabled": True, "settings": {}}}
SAME = user(credential({"sharedSettings": {"note": "x"}, "configuredWorkflows": ENTRIES}))
DIFFERENT = user(credential({"sharedSettings": {"note": "y"}, "configuredWorkflows": ENTRIES}))


def planned(live: LiveUser, *, in_full: bool = False) -> tuple[UserPlan, int]:
    """The plan, and how many times the documents were read in full."""
    reads = 0

    def read() -> tuple[Sequence[DesiredDocument], Sequence[Enrolment]]:
        nonlocal reads
        reads += 1
        return [DOCUMENT], []

    return Planner(CATALOG, Policy()).plan([COMPACT], live, read, in_full=in_full), reads


def test_documents_of_an_unchanged_user_are_not_read_in_full() -> None:
    assert planned(SAME) == (UserPlan(user="acme", enabled_live=1), 0)


def test_documents_of_a_changed_user_are_read_and_planned() -> None:
    plan, reads = planned(DIFFERENT)
    assert (['~ /sharedSettings/note "y" → "x"'], 1) == (lines(plan), reads)


@pytest.mark.parametrize("live", [SAME, DIFFERENT])
def test_in_full_every_value_is_decided(live: LiveUser) -> None:
    plan, reads = planned(live, in_full=True)
    assert (2, 1) == (len(plan.decisions), reads)
